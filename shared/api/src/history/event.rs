//! How a history event looks in an answer.

use crate::time::Epoch;
use baton_engine::{ErrorDetail, EventDetail, Numbered, Payload, TaskResource};
use baton_store::Header;
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::sync::Arc;

/// One event, with what its form depends on. Writes straight from the records: no copies.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HistoryEvent<'a> {
    pub(crate) event: &'a Numbered,
    pub(crate) header: &'a Header,
    /// `includeExecutionData`.
    pub(crate) has_data: bool,
}

impl Serialize for HistoryEvent<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Numbered { id, previous, millis, event } = self.event;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("timestamp", &Epoch(*millis))?;
        map.serialize_entry("type", &Name(&event.detail))?;
        map.serialize_entry("id", id)?;
        map.serialize_entry("previousEventId", previous)?;
        if let Some(key) = details_key(&event.detail) {
            map.serialize_entry(key, &Details(*self))?;
        }
        map.end()
    }
}

/// `type`.
struct Name<'a>(&'a EventDetail);

impl Serialize for Name<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0.type_name())
    }
}

/// The member that holds an event's details, for the types that have any.
fn details_key(detail: &EventDetail) -> Option<&'static str> {
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

/// The details' members.
struct Details<'a>(HistoryEvent<'a>);

impl Serialize for Details<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members =
            Members { map: serializer.serialize_map(None)?, has_data: self.0.has_data };
        members.write(&self.0.event.event.detail, self.0.header)?;
        members.map.end()
    }
}

struct Members<M> {
    map: M,
    has_data: bool,
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
            EventDetail::ExecutionRedriven { count, .. } => {
                self.map.serialize_entry("redriveCount", count)
            }
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
            EventDetail::MapStateStarted { length } => self.map.serialize_entry("length", length),
            EventDetail::MapIterationStarted { name, index }
            | EventDetail::MapIterationSucceeded { name, index }
            | EventDetail::MapIterationFailed { name, index }
            | EventDetail::MapIterationAborted { name, index } => {
                self.map.serialize_entry("name", &**name)?;
                self.map.serialize_entry("index", index)
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
                    self.map.serialize_entry("parameters", parameters.text())?;
                }
            }
        }
        self.optional("timeoutInSeconds", timeout_secs.as_ref())?;
        self.optional("heartbeatInSeconds", heartbeat.as_ref())?;
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
        if assigned.is_empty() {
            return Ok(());
        }
        self.data("assignedVariables", "assignedVariablesDetails", &Assigned(assigned))
    }

    /// A data member, which `includeExecutionData: false` leaves out. Answers of the API are never truncated.
    fn data(
        &mut self,
        name: &'static str,
        details: &'static str,
        data: &(impl Serialize + ?Sized),
    ) -> Result<(), M::Error> {
        if !self.has_data {
            return Ok(());
        }
        self.map.serialize_entry(name, data)?;
        self.map.serialize_entry(details, &One("truncated", &false))
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
struct Assigned<'a>(&'a [(Arc<str>, Payload)]);

impl Serialize for Assigned<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (&**name, value.text())))
    }
}
