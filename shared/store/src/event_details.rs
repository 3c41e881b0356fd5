//! The details of a history event, as answers of the API and log lines spell them.

use crate::Header;
use crate::limits::LOGGED_DATA_BYTES_MAX;
use baton_engine::{ErrorDetail, EventDetail, Payload, TaskResource};
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::sync::Arc;

/// An event's details. Writes straight from the records: no copies.
#[derive(Debug, Clone, Copy)]
pub struct EventDetails<'a> {
    /// The event.
    pub event: &'a EventDetail,
    /// The execution's header, which has what its first event says.
    pub header: &'a Header,
    /// `includeExecutionData`.
    pub has_data: bool,
    /// Who reads them.
    pub reader: EventReader,
}

/// Who reads an event's details.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventReader {
    /// Whoever asked the API.
    Caller,
    /// A log: numbers are texts, and large data is truncated.
    Log,
}

/// The member that holds an event's details, for the types that have any.
#[must_use]
pub fn details_key(detail: &EventDetail) -> Option<&'static str> {
    Some(match detail {
        EventDetail::ExecutionStarted => "executionStartedEventDetails",
        EventDetail::ExecutionSucceeded { .. } => "executionSucceededEventDetails",
        EventDetail::ExecutionFailed(_) => "executionFailedEventDetails",
        EventDetail::ExecutionAborted(_) => "executionAbortedEventDetails",
        EventDetail::ExecutionTimedOut(_) => "executionTimedOutEventDetails",
        EventDetail::ExecutionRedriven { .. } => "executionRedrivenEventDetails",
        EventDetail::StateEntered { .. } => "stateEnteredEventDetails",
        EventDetail::StateExited { .. } => "stateExitedEventDetails",
        EventDetail::EvaluationFailed { .. } => "evaluationFailedEventDetails",
        EventDetail::TaskScheduled { resource, .. } => match resource {
            TaskResource::Lambda { .. } => "lambdaFunctionScheduledEventDetails",
            TaskResource::Activity { .. } => "activityScheduledEventDetails",
            TaskResource::Service { .. } => "taskScheduledEventDetails",
        },
        EventDetail::TaskStarted { resource, .. } => match resource {
            TaskResource::Lambda { .. } => return None,
            TaskResource::Activity { .. } => "activityStartedEventDetails",
            TaskResource::Service { .. } => "taskStartedEventDetails",
        },
        EventDetail::TaskSubmitted { .. } => "taskSubmittedEventDetails",
        EventDetail::TaskSucceeded { resource, .. } => match resource {
            TaskResource::Lambda { .. } => "lambdaFunctionSucceededEventDetails",
            TaskResource::Activity { .. } => "activitySucceededEventDetails",
            TaskResource::Service { .. } => "taskSucceededEventDetails",
        },
        EventDetail::TaskFailed { resource, .. } => match resource {
            TaskResource::Lambda { .. } => "lambdaFunctionFailedEventDetails",
            TaskResource::Activity { .. } => "activityFailedEventDetails",
            TaskResource::Service { .. } => "taskFailedEventDetails",
        },
        EventDetail::TaskTimedOut { resource, .. } => match resource {
            TaskResource::Lambda { .. } => "lambdaFunctionTimedOutEventDetails",
            TaskResource::Activity { .. } => "activityTimedOutEventDetails",
            TaskResource::Service { .. } => "taskTimedOutEventDetails",
        },
        EventDetail::MapStateStarted { .. } => "mapStateStartedEventDetails",
        EventDetail::MapIterationStarted { .. } => "mapIterationStartedEventDetails",
        EventDetail::MapIterationSucceeded { .. } => "mapIterationSucceededEventDetails",
        EventDetail::MapIterationFailed { .. } => "mapIterationFailedEventDetails",
        EventDetail::MapIterationAborted { .. } => "mapIterationAbortedEventDetails",
        EventDetail::MapRunStarted { .. } => "mapRunStartedEventDetails",
        EventDetail::MapRunFailed(_) => "mapRunFailedEventDetails",
        EventDetail::MapRunRedriven { .. } => "mapRunRedrivenEventDetails",
        EventDetail::StateAborted { .. }
        | EventDetail::ParallelStateStarted
        | EventDetail::ParallelStateSucceeded
        | EventDetail::ParallelStateFailed
        | EventDetail::MapStateSucceeded
        | EventDetail::MapStateFailed
        | EventDetail::MapRunSucceeded
        | EventDetail::MapRunAborted => return None,
    })
}

impl Serialize for EventDetails<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let EventDetails { event, header, has_data, reader } = *self;
        let mut members = Members { map: serializer.serialize_map(None)?, has_data, reader };
        members.write(event, header)?;
        members.map.end()
    }
}

struct Members<M> {
    map: M,
    has_data: bool,
    reader: EventReader,
}

impl<M: SerializeMap> Members<M> {
    fn write(&mut self, detail: &EventDetail, header: &Header) -> Result<(), M::Error> {
        match detail {
            EventDetail::ExecutionStarted => {
                self.input(&header.execution.input)?;
                self.map.serialize_entry("roleArn", &*header.execution.role_arn)?;
                self.optional("stateMachineAliasArn", header.alias_arn.as_deref())?;
                self.optional("stateMachineVersionArn", header.version_arn.as_deref())
            }
            EventDetail::ExecutionSucceeded { output } => self.output(output),
            EventDetail::ExecutionFailed(detail)
            | EventDetail::ExecutionAborted(detail)
            | EventDetail::ExecutionTimedOut(detail) => self.error(detail),
            EventDetail::ExecutionRedriven { count, .. } => self.number("redriveCount", *count),
            EventDetail::StateEntered { name, input, .. } => {
                self.map.serialize_entry("name", &**name)?;
                self.input(input)
            }
            EventDetail::StateExited { name, output, assigned, .. } => {
                self.map.serialize_entry("name", &**name)?;
                self.output(output)?;
                self.assigned(assigned)
            }
            EventDetail::EvaluationFailed { state, detail, location } => {
                self.error(detail)?;
                self.optional("location", location.as_deref())?;
                self.map.serialize_entry("state", &**state)
            }
            EventDetail::TaskScheduled { .. } => self.scheduled(detail),
            EventDetail::TaskStarted { resource, worker } => {
                self.resource(resource)?;
                self.optional("workerName", worker.as_deref())
            }
            EventDetail::TaskSubmitted { resource, output }
            | EventDetail::TaskSucceeded { resource, output } => {
                self.resource(resource)?;
                self.output(output)
            }
            EventDetail::TaskFailed { resource, detail }
            | EventDetail::TaskTimedOut { resource, detail } => {
                self.resource(resource)?;
                self.error(detail)
            }
            EventDetail::MapStateStarted { length } => self.number("length", *length),
            EventDetail::MapIterationStarted { name, index }
            | EventDetail::MapIterationSucceeded { name, index }
            | EventDetail::MapIterationFailed { name, index }
            | EventDetail::MapIterationAborted { name, index } => {
                self.map.serialize_entry("name", &**name)?;
                self.number("index", *index)
            }
            EventDetail::MapRunStarted { arn } => self.map.serialize_entry("mapRunArn", &**arn),
            EventDetail::MapRunFailed(detail) => self.error(detail),
            EventDetail::MapRunRedriven { arn, redrives } => {
                self.map.serialize_entry("mapRunArn", &**arn)?;
                self.map.serialize_entry("redriveCount", redrives)
            }
            EventDetail::StateAborted { .. }
            | EventDetail::ParallelStateStarted
            | EventDetail::ParallelStateSucceeded
            | EventDetail::ParallelStateFailed
            | EventDetail::MapStateSucceeded
            | EventDetail::MapStateFailed
            | EventDetail::MapRunSucceeded
            | EventDetail::MapRunAborted => Ok(()),
        }
    }

    fn scheduled(&mut self, detail: &EventDetail) -> Result<(), M::Error> {
        let EventDetail::TaskScheduled {
            resource,
            region,
            parameters,
            timeout_secs,
            heartbeat_secs,
            credentials_role_arn,
        } = detail
        else {
            return Ok(());
        };
        let mut heartbeat = *heartbeat_secs;
        match resource {
            TaskResource::Lambda { arn } => {
                self.map.serialize_entry("resource", &**arn)?;
                self.input(parameters)?;
                // A function's own events have no heartbeat.
                heartbeat = None;
            }
            TaskResource::Activity { arn } => {
                self.map.serialize_entry("resource", &**arn)?;
                self.input(parameters)?;
            }
            TaskResource::Service { .. } => {
                self.resource(resource)?;
                self.map.serialize_entry("region", &**region)?;
                if self.has_data {
                    self.map.serialize_entry("parameters", self.kept(parameters.text()).0)?;
                }
            }
        }
        if let Some(secs) = timeout_secs {
            self.number("timeoutInSeconds", *secs)?;
        }
        if let Some(secs) = heartbeat {
            self.number("heartbeatInSeconds", secs)?;
        }
        match credentials_role_arn {
            Some(role_arn) if !matches!(resource, TaskResource::Activity { .. }) => {
                self.map.serialize_entry("taskCredentials", &One("roleArn", &**role_arn))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Only services repeat their names in every event.
    fn resource(&mut self, resource: &TaskResource) -> Result<(), M::Error> {
        match resource {
            TaskResource::Lambda { .. } | TaskResource::Activity { .. } => Ok(()),
            TaskResource::Service { resource_type, resource } => {
                self.map.serialize_entry("resourceType", &**resource_type)?;
                self.map.serialize_entry("resource", &**resource)
            }
        }
    }

    fn input(&mut self, input: &Payload) -> Result<(), M::Error> {
        self.data("input", "inputDetails", input.text())
    }

    fn output(&mut self, output: &Payload) -> Result<(), M::Error> {
        self.data("output", "outputDetails", output.text())
    }

    fn assigned(&mut self, assigned: &[(Arc<str>, Payload)]) -> Result<(), M::Error> {
        if assigned.is_empty() || !self.has_data {
            return Ok(());
        }
        let texts: Vec<(&str, (&str, bool))> =
            assigned.iter().map(|(name, value)| (&**name, self.kept(value.text()))).collect();
        let is_truncated = texts.iter().any(|(_, (_, is_truncated))| *is_truncated);
        self.map.serialize_entry("assignedVariables", &Texts(&texts))?;
        self.map.serialize_entry("assignedVariablesDetails", &One("truncated", &is_truncated))
    }

    /// A data member, which `includeExecutionData: false` leaves out.
    fn data(
        &mut self,
        name: &'static str,
        details: &'static str,
        data: &str,
    ) -> Result<(), M::Error> {
        if !self.has_data {
            return Ok(());
        }
        let (data, is_truncated) = self.kept(data);
        self.map.serialize_entry(name, data)?;
        self.map.serialize_entry(details, &One("truncated", &is_truncated))
    }

    /// What of a text is shown, and whether something is cut off. Answers of the API are never truncated.
    fn kept<'t>(&self, text: &'t str) -> (&'t str, bool) {
        match self.reader {
            EventReader::Caller => (text, false),
            EventReader::Log => truncated(text),
        }
    }

    fn number(&mut self, name: &'static str, number: u32) -> Result<(), M::Error> {
        match self.reader {
            EventReader::Caller => self.map.serialize_entry(name, &number),
            EventReader::Log => self.map.serialize_entry(name, &number.to_string()),
        }
    }

    fn error(&mut self, detail: &ErrorDetail) -> Result<(), M::Error> {
        self.optional("error", detail.error.as_deref())?;
        self.optional("cause", detail.cause.as_deref())
    }

    fn optional(
        &mut self,
        name: &'static str,
        value: Option<&(impl Serialize + ?Sized)>,
    ) -> Result<(), M::Error> {
        value.map_or(Ok(()), |value| self.map.serialize_entry(name, value))
    }
}

/// An object with one member.
struct One<'a, T: ?Sized>(&'static str, &'a T);

impl<T: Serialize + ?Sized> Serialize for One<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([(self.0, self.1)])
    }
}

/// Variables with their values as texts.
struct Texts<'a>(&'a [(&'a str, (&'a str, bool))]);

impl Serialize for Texts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, (text, _))| (name, text)))
    }
}

/// As much of a text as a log has room for once its characters are escaped.
fn truncated(text: &str) -> (&str, bool) {
    // Nothing grows more than sixfold: `\u0000`.
    if text.len() <= LOGGED_DATA_BYTES_MAX / 6 {
        return (text, false);
    }
    let mut escaped = 0_usize;
    for (at, character) in text.char_indices() {
        escaped = escaped.saturating_add(match character {
            '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
            '\0'..='\u{1f}' => 6,
            other => other.len_utf8(),
        });
        if escaped > LOGGED_DATA_BYTES_MAX {
            return (text.get(..at).unwrap_or_default(), true);
        }
    }
    (text, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_large_for_a_log_is_cut_where_its_escaped_form_is() {
        let check = |text: &str, kept: usize| {
            let (shown, is_truncated) = truncated(text);
            assert_eq!((shown.len(), is_truncated), (kept, kept < text.len()));
            let escaped = serde_json::to_string(shown).unwrap().len() - 2;
            assert!(escaped <= LOGGED_DATA_BYTES_MAX);
        };
        check(&"x".repeat(LOGGED_DATA_BYTES_MAX), LOGGED_DATA_BYTES_MAX);
        check(&"x".repeat(LOGGED_DATA_BYTES_MAX + 1), LOGGED_DATA_BYTES_MAX);
        check(&"\"".repeat(200_000), LOGGED_DATA_BYTES_MAX / 2);
        check(&"\u{1}".repeat(100_000), LOGGED_DATA_BYTES_MAX / 6);
        check(&"ä".repeat(200_000), LOGGED_DATA_BYTES_MAX);
        check("", 0);
    }
}
