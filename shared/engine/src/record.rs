//! Records: what one transition did, and where the scope stands since.

use crate::event::{Event, StateType};
use crate::{Failure, ForkId, Moment, Payload, ScopePath, Sequence};
use baton_asl::{BlockId, Resource, StateName};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A scope's variables by name. Records share the map until one assigns.
pub type Variables = Arc<BTreeMap<Arc<str>, Payload>>;

/// One committed transition. Together with the definition and the execution's facts it is all that the
/// next transition needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The scope it belongs to.
    pub scope: ScopePath,
    /// Its number in the scope's journal.
    pub sequence: Sequence,
    /// When it happened; later than all that it follows from.
    pub moment: Moment,
    /// What it adds to the history.
    pub events: Vec<Event>,
    /// The number of its last event: exact where scopes run one after another, a lower bound where they
    /// run at the same time. Error causes quote such numbers.
    pub event_count: u64,
    /// The number of the last event before the scope's first.
    pub events_before: u64,
    /// The block that the state is in.
    pub block: BlockId,
    /// The state the scope is in.
    pub state: StateName,
    /// What that state has seen so far.
    pub visit: Visit,
    /// The scope's variables, those of the scopes around it included.
    pub variables: Variables,
    /// The innermost Map iteration that the scope is in.
    pub item: Option<Arc<MapItem>>,
    /// What the state waits for.
    pub pending: Pending,
}

/// What belongs to one visit of a state.
#[derive(Debug, Clone, PartialEq)]
pub struct Visit {
    /// The state's raw input.
    pub input: Payload,
    /// `State.EnteredTime`.
    pub entered: Timestamp,
    /// The number of the `…StateEntered` event, which causes quote.
    pub entered_event: u64,
    /// How often each retrier has retried, by its index.
    pub retries: Vec<u32>,
}

/// `$$.Map.Item` of an iteration.
#[derive(Debug, Clone, PartialEq)]
pub struct MapItem {
    /// `Index`.
    pub index: u32,
    /// `Key`, where the items are an object's members.
    pub key: Option<Arc<str>>,
    /// `Value`.
    pub value: Payload,
    /// `Source`, in a Distributed Map.
    pub source: Option<Arc<str>>,
}

/// What a record waits for.
#[derive(Debug, Clone, PartialEq)]
pub enum Pending {
    /// Nothing: the state does its work when the cue comes.
    Continue,
    /// The state failed before its work began, or lost its worker; its handlers are next.
    Failing(Failure),
    /// A Wait state's time.
    Until(Timestamp),
    /// The time of the next attempt of a Task, Parallel or Map.
    Retry {
        /// When.
        at: Timestamp,
        /// The child whose failure is retried, for a Parallel or Map.
        failed: Option<crate::Hop>,
    },
    /// A call to the outside, not yet answered; the record's claim says whether it was begun.
    Call(Call),
    /// An accepted call's callback, or the end of a job.
    Callback(Callback),
    /// Children.
    Fork(Fork),
    /// A Distributed Map's children: executions of their own.
    MapRun(Box<MapRun>),
    /// Nothing more: the scope's last record.
    Ended(End),
}

/// A task's call.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// What is called.
    pub resource: Resource,
    /// With what: the evaluated `Parameters` or `Arguments`.
    pub arguments: Payload,
    /// `TimeoutSeconds`, counted from the start.
    pub timeout_secs: Option<u32>,
    /// `HeartbeatSeconds`.
    pub heartbeat_secs: Option<u32>,
    /// `Credentials.RoleArn`.
    pub credentials_role_arn: Option<Arc<str>>,
    /// The task token's nonce, where the task has a token.
    pub nonce: Option<Nonce>,
}

/// What binds a task token to one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nonce(pub u64);

/// A call that was accepted and is answered later.
#[derive(Debug, Clone, PartialEq)]
pub struct Callback {
    /// The call.
    pub call: Call,
    /// The record that made it: the one that its token names.
    pub called_by: Sequence,
    /// When it was started.
    pub started: Timestamp,
}

/// Children of a Parallel or Map state.
#[derive(Debug, Clone, PartialEq)]
pub struct Fork {
    /// How many children there are in all.
    pub width: u32,
    /// How many run at a time at most.
    pub concurrency: u32,
    /// The input of all branches, or the items: an array, or an object whose members are the items.
    pub input: Payload,
    /// After a redrive: the fork whose children go on as these.
    pub resumes: Option<ForkId>,
}

/// One run of a Distributed Map, with all that its state's fields make of the data.
#[derive(Debug, Clone, PartialEq)]
pub struct MapRun {
    /// `mapRunArn`.
    pub arn: Arc<str>,
    /// What the children work on.
    pub source: ItemSource,
    /// `MaxConcurrency` as set: 0 stands for as many as possible.
    pub concurrency_max: u32,
    /// `ToleratedFailureCount`.
    pub tolerated_count: Option<u64>,
    /// `ToleratedFailurePercentage`.
    pub tolerated_percentage: Option<f64>,
    /// `ItemBatcher`.
    pub batch: Option<Batch>,
    /// Where the results go: the arguments of `ResultWriter`.
    pub export: Option<Payload>,
    /// How often the run was redriven.
    pub redrives: u32,
}

/// Where a map run's items come from.
#[derive(Debug, Clone, PartialEq)]
pub enum ItemSource {
    /// The state's own data: an array, or an object whose members are the items.
    Given(Payload),
    /// An `ItemReader`.
    Read {
        /// `Parameters` or `Arguments`.
        arguments: Payload,
        /// `ReaderConfig`.
        config: Payload,
        /// `MaxItems`, as it is written: a negative number fails the run.
        items_max: Option<i64>,
    },
}

/// How items are put together for one child.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// `MaxItemsPerBatch`.
    pub items_max: Option<u64>,
    /// `MaxInputBytesPerBatch`.
    pub bytes_max: Option<u64>,
    /// `BatchInput`.
    pub input: Option<Payload>,
}

/// How a scope ended.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    /// With this output.
    Succeeded(Payload),
    /// With this failure, in a state of this type.
    Failed {
        /// The failure.
        failure: Failure,
        /// The failing state's type.
        state_type: StateType,
    },
    /// Stopped from outside (top scope only).
    Aborted(crate::ErrorDetail),
    /// Over the execution's time (top scope only).
    TimedOut,
}

impl End {
    /// Whether the scope ended well.
    #[must_use]
    pub fn is_success(&self) -> bool {
        matches!(self, End::Succeeded(_))
    }
}

/// What is noted on a record after its commit. None of it changes what the record says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Marks {
    /// Set when the record's call is started.
    pub claim: Option<Claim>,
    /// The time of the latest SendTaskHeartbeat.
    pub heartbeat: Option<Timestamp>,
}

/// The mark that a record's call has been started: at most one worker gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// When: the `TaskStarted` event's time.
    pub moment: Moment,
    /// The worker that holds it.
    pub worker: Arc<str>,
    /// From then on the worker is taken for dead.
    pub expires: Timestamp,
}

/// A record with what is noted on it.
#[derive(Debug, Clone, PartialEq)]
pub struct Marked {
    /// The record.
    pub record: Arc<Record>,
    /// Its marks.
    pub marks: Marks,
}
