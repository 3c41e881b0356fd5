//! What happened to what a record waits for.

use crate::{ErrorDetail, Failure, Hop, Moment, Payload, StateType};
use std::sync::Arc;

/// Why a scope moves on.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The cue came: a state does its work, a time is reached, a failure is handled.
    Proceed,
    /// The record's call was accepted; its answer comes later.
    Submitted {
        /// The service's response.
        output: Payload,
    },
    /// The record's call, callback or job succeeded.
    Succeeded {
        /// The result.
        output: Payload,
    },
    /// The record's call, callback or job failed.
    Failed(Failure),
    /// The task's time is over.
    TimedOut,
    /// The task's heartbeat was missed.
    HeartbeatTimedOut,
    /// All children ended well.
    Joined {
        /// Their outputs by index.
        outputs: Vec<Payload>,
        /// The latest of their moments.
        moment: Moment,
        /// How many events they recorded in all.
        event_count: u64,
    },
    /// A child failed.
    ChildFailed(ChildFailure),
    /// The map run ended well, with this result.
    MapRunSucceeded {
        /// The children's outputs, or where they are.
        output: Payload,
    },
    /// The map run failed.
    MapRunFailed(Failure),
    /// StopExecution (top scope only).
    Stopped(ErrorDetail),
    /// The execution's own time is over (top scope only).
    ExecutionTimedOut,
}

impl Outcome {
    /// What happened, for people.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Outcome::Proceed => "a cue",
            Outcome::Submitted { .. } => "an accepted call",
            Outcome::Succeeded { .. } => "a task's success",
            Outcome::Failed(_) => "a task's failure",
            Outcome::TimedOut => "a task's timeout",
            Outcome::HeartbeatTimedOut => "a missed heartbeat",
            Outcome::Joined { .. } => "the end of its children",
            Outcome::ChildFailed(_) => "a child's failure",
            Outcome::MapRunSucceeded { .. } => "the success of its map run",
            Outcome::MapRunFailed(_) => "the failure of its map run",
            Outcome::Stopped(_) => "being stopped",
            Outcome::ExecutionTimedOut => "the end of the execution's time",
        }
    }
}

/// A child's failure, with what its siblings were doing.
#[derive(Debug, Clone, PartialEq)]
pub struct ChildFailure {
    /// The child.
    pub hop: Hop,
    /// Its failure.
    pub failure: Failure,
    /// The type of the state that failed in it.
    pub state_type: StateType,
    /// Its last moment.
    pub moment: Moment,
    /// The number of its last event.
    pub event_count: u64,
    /// The children that had begun and not ended: index, and the type of the state each is in.
    pub open: Vec<(u32, StateType)>,
}

/// Time and chance, handed in by whoever calls the interpreter.
pub trait Ids {
    /// A token for the task that the record being made waits for, and what binds it to the attempt.
    fn task_token(
        &mut self,
        scope: &crate::ScopePath,
        sequence: crate::Sequence,
    ) -> (Arc<str>, crate::Nonce);
    /// A version 4 UUID.
    fn uuid(&mut self) -> String;
    /// A number from 0 inclusive to 1 exclusive.
    fn unit(&mut self) -> f64;
}
