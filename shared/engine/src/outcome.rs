//! What happened to what a record waits for.

use crate::{End, ErrorDetail, Event, Failure, Hop, Moment, Payload, StateType};
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
    /// StopExecution (top scope only).
    Stopped(ErrorDetail),
    /// The execution's own time is over (top scope only).
    ExecutionTimedOut,
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

/// The children's ends as the journal has them, put together for [`Outcome::Joined`].
#[derive(Debug, Clone, PartialEq)]
pub struct ChildEnd {
    /// How it ended.
    pub end: End,
    /// Its last moment.
    pub moment: Moment,
    /// The number of its last event.
    pub event_count: u64,
    /// The number of the last event before its first.
    pub events_before: u64,
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

/// One history event with its number and its cause's number, as GetExecutionHistory gives it.
#[derive(Debug, Clone, PartialEq)]
pub struct Numbered {
    /// `id`, from 1.
    pub id: u64,
    /// `previousEventId`.
    pub previous: u64,
    /// `timestamp`, in milliseconds since 1970.
    pub millis: i64,
    /// What happened.
    pub event: Event,
}
