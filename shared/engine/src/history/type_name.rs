//! How the API names event types.

use crate::event::{EventDetail, TaskResource};
use std::fmt;

/// An event's `type`: `PassStateEntered`, `LambdaFunctionScheduled` …
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventTypeName {
    prefix: &'static str,
    rest: &'static str,
}

impl fmt::Display for EventTypeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.prefix)?;
        f.write_str(self.rest)
    }
}

impl PartialEq<str> for EventTypeName {
    fn eq(&self, other: &str) -> bool {
        other.strip_prefix(self.prefix) == Some(self.rest)
    }
}

impl EventDetail {
    /// The event's `type`.
    #[must_use]
    pub fn type_name(&self) -> EventTypeName {
        let (prefix, rest) = match self {
            EventDetail::ExecutionStarted => ("Execution", "Started"),
            EventDetail::ExecutionSucceeded { .. } => ("Execution", "Succeeded"),
            EventDetail::ExecutionFailed(_) => ("Execution", "Failed"),
            EventDetail::ExecutionAborted(_) => ("Execution", "Aborted"),
            EventDetail::ExecutionTimedOut(_) => ("Execution", "TimedOut"),
            EventDetail::ExecutionRedriven { .. } => ("Execution", "Redriven"),
            EventDetail::StateEntered { state_type, .. } => (state_type.as_str(), "StateEntered"),
            EventDetail::StateExited { state_type, .. } => (state_type.as_str(), "StateExited"),
            EventDetail::StateAborted { state_type } => (state_type.as_str(), "StateAborted"),
            EventDetail::EvaluationFailed { .. } => ("Evaluation", "Failed"),
            EventDetail::TaskScheduled { resource, .. } => (family(resource), "Scheduled"),
            EventDetail::TaskStarted { resource, .. } => (family(resource), "Started"),
            EventDetail::TaskSubmitted { resource, .. } => (family(resource), "Submitted"),
            EventDetail::TaskSucceeded { resource, .. } => (family(resource), "Succeeded"),
            EventDetail::TaskFailed { resource, .. } => (family(resource), "Failed"),
            EventDetail::TaskTimedOut { resource, .. } => (family(resource), "TimedOut"),
            EventDetail::ParallelStateStarted => ("Parallel", "StateStarted"),
            EventDetail::ParallelStateSucceeded => ("Parallel", "StateSucceeded"),
            EventDetail::ParallelStateFailed => ("Parallel", "StateFailed"),
            EventDetail::MapStateStarted { .. } => ("Map", "StateStarted"),
            EventDetail::MapStateSucceeded => ("Map", "StateSucceeded"),
            EventDetail::MapStateFailed => ("Map", "StateFailed"),
            EventDetail::MapIterationStarted { .. } => ("Map", "IterationStarted"),
            EventDetail::MapIterationSucceeded { .. } => ("Map", "IterationSucceeded"),
            EventDetail::MapIterationFailed { .. } => ("Map", "IterationFailed"),
            EventDetail::MapIterationAborted { .. } => ("Map", "IterationAborted"),
            EventDetail::MapRunStarted { .. } => ("Map", "RunStarted"),
            EventDetail::MapRunSucceeded => ("Map", "RunSucceeded"),
            EventDetail::MapRunFailed(_) => ("Map", "RunFailed"),
            EventDetail::MapRunAborted => ("Map", "RunAborted"),
            EventDetail::MapRunRedriven { .. } => ("Map", "RunRedriven"),
        };
        EventTypeName { prefix, rest }
    }
}

fn family(resource: &TaskResource) -> &'static str {
    match resource {
        TaskResource::Lambda { .. } => "LambdaFunction",
        TaskResource::Activity { .. } => "Activity",
        TaskResource::Service { .. } => "Task",
    }
}
