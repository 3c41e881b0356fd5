//! History events, as records keep them.

use crate::{Hop, Payload};
use std::sync::Arc;

/// One event of the history. Its time is its record's; its number is found when a history is read.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Which event `previousEventId` names.
    pub link: Link,
    /// What happened.
    pub detail: EventDetail,
}

/// Which event caused another, without knowing its number: histories of several scopes are merged when
/// they are read (`history-events`, "Linking rules").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// None: the first entered state, an abort.
    Root,
    /// The scope's event before this one; for a child's first event its iteration's start, or the start of the Parallel state.
    Previous,
    /// The one that the scope's event before this one links to.
    Sibling,
    /// The one that the scope's last `…StateEntered` links to.
    BeforeEntered,
    /// The scope's last `MapRunStarted`.
    MapRunStarted,
    /// The last event recorded in any child of the fork of this scope's record `Hop::fork`.
    LastOfChildren(crate::Sequence),
    /// The last event inside a child, not counting `MapIterationSucceeded` and `MapIterationFailed`. For a child's own
    /// first event the hop is a sibling's, from their parent's point of view.
    InsideChild(Hop),
}

/// The type that an event's name begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the ASL state types")]
pub enum StateType {
    Task,
    Pass,
    Choice,
    Wait,
    Succeed,
    Fail,
    Parallel,
    Map,
}

impl StateType {
    /// As in `Type` and in event names.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            StateType::Task => "Task",
            StateType::Pass => "Pass",
            StateType::Choice => "Choice",
            StateType::Wait => "Wait",
            StateType::Succeed => "Succeed",
            StateType::Fail => "Fail",
            StateType::Parallel => "Parallel",
            StateType::Map => "Map",
        }
    }
}

/// How a task's events are called: by Lambda ARN, activity, or service integration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskResource {
    /// `LambdaFunction…` events.
    Lambda {
        /// `resource`, the function's ARN.
        arn: Arc<str>,
    },
    /// `Activity…` events.
    Activity {
        /// `resource`, the activity's ARN.
        arn: Arc<str>,
    },
    /// `Task…` events.
    Service {
        /// `resourceType`: `lambda`, `aws-sdk:dynamodb` …
        resource_type: Arc<str>,
        /// `resource`: `invoke`, `sendMessage.waitForTaskToken` …
        resource: Arc<str>,
    },
}

/// An error and a cause, either of which may be absent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the API's members")]
pub struct ErrorDetail {
    pub error: Option<Arc<str>>,
    pub cause: Option<Arc<str>>,
}

impl From<&crate::Failure> for ErrorDetail {
    fn from(failure: &crate::Failure) -> Self {
        ErrorDetail { error: failure.error.clone(), cause: failure.cause.clone() }
    }
}

/// What happened: the API's event types with their members. State names are the states' own.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the API's event types and members")]
pub enum EventDetail {
    /// Input, role, version and alias are the execution header's.
    ExecutionStarted,
    ExecutionSucceeded {
        output: Payload,
    },
    ExecutionFailed(ErrorDetail),
    ExecutionAborted(ErrorDetail),
    ExecutionTimedOut(ErrorDetail),
    ExecutionRedriven {
        count: u32,
        /// `clientToken`, which the history does not show.
        token: Option<Arc<str>>,
    },
    StateEntered {
        state_type: StateType,
        name: Arc<str>,
        input: Payload,
    },
    StateExited {
        state_type: StateType,
        name: Arc<str>,
        output: Payload,
        assigned: Vec<(Arc<str>, Payload)>,
    },
    StateAborted {
        state_type: StateType,
    },
    EvaluationFailed {
        state: Arc<str>,
        detail: ErrorDetail,
        location: Option<Arc<str>>,
    },
    TaskScheduled {
        resource: TaskResource,
        region: Arc<str>,
        parameters: Payload,
        timeout_secs: Option<u32>,
        heartbeat_secs: Option<u32>,
        credentials_role_arn: Option<Arc<str>>,
    },
    /// Never kept: read from the claim of the record whose call it is.
    TaskStarted {
        resource: TaskResource,
        worker: Option<Arc<str>>,
    },
    TaskSubmitted {
        resource: TaskResource,
        output: Payload,
    },
    TaskSucceeded {
        resource: TaskResource,
        output: Payload,
    },
    TaskFailed {
        resource: TaskResource,
        detail: ErrorDetail,
    },
    TaskTimedOut {
        resource: TaskResource,
        detail: ErrorDetail,
    },
    ParallelStateStarted,
    ParallelStateSucceeded,
    ParallelStateFailed,
    MapStateStarted {
        length: u32,
    },
    MapStateSucceeded,
    MapStateFailed,
    MapIterationStarted {
        name: Arc<str>,
        index: u32,
    },
    MapIterationSucceeded {
        name: Arc<str>,
        index: u32,
    },
    MapIterationFailed {
        name: Arc<str>,
        index: u32,
    },
    MapIterationAborted {
        name: Arc<str>,
        index: u32,
    },
    MapRunStarted {
        arn: Arc<str>,
    },
    MapRunSucceeded,
    MapRunFailed(ErrorDetail),
    MapRunAborted,
    MapRunRedriven {
        arn: Arc<str>,
        redrives: u32,
    },
}
