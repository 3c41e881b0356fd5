//! Task: the call it waits for, and its answers.

use crate::event::{EventDetail, Link, TaskResource};
use crate::fault::Fault;
use crate::inspect::Stage;
use crate::record::{Call, Callback, Marked, Pending, Record};
use crate::step::{Step, Visited, sentence};
use crate::{ErrorDetail, Failure, FailureKind, Misfit, Payload, flow, handlers, limits};
use baton_asl::states::Task;
use baton_asl::{Flow, NumberField, Pattern, Resource, StateKind};

pub(crate) fn begin(
    step: &mut Step<'_>,
    at: Visited<'_>,
    task: &Task,
    link: Link,
) -> Result<Pending, Fault> {
    let token = has_token(&task.resource).then(|| step.ids.task_token(&step.scope, step.sequence));
    let text = token.as_ref().filter(|_| !matches!(task.resource, Resource::Activity { .. }));
    let arguments = flow::arguments(step, at, text.map(|(text, _)| &**text))?;
    if matches!(at.state.flow, Flow::Jsonata(_)) {
        step.note(Stage::AfterArguments, &arguments);
    }
    step.check_size(&arguments, size_name(&task.resource), FailureKind::Ordinary)?;
    let timeout_secs = seconds(step, at, task.timeout.as_ref(), "TimeoutSeconds")?;
    let heartbeat_secs = seconds(step, at, task.heartbeat.as_ref(), "HeartbeatSeconds")?;
    let role = task.credentials.as_ref().map(|credentials| &credentials.role_arn);
    let credentials_role_arn = flow::optional_text(step, at, role, "Credentials/RoleArn")?;
    let scheduled = EventDetail::TaskScheduled {
        resource: task_resource(&task.resource),
        region: step.execution.region.clone(),
        parameters: arguments.clone(),
        timeout_secs,
        heartbeat_secs,
        credentials_role_arn: credentials_role_arn.clone(),
    };
    step.push_linked(link, scheduled);
    Ok(Pending::Call(Call {
        resource: task.resource.clone(),
        arguments,
        timeout_secs,
        heartbeat_secs,
        credentials_role_arn,
        nonce: token.map(|(_, nonce)| nonce),
    }))
}

impl Record {
    /// This record, had its activity not been there: the task fails before it is scheduled, which no handler sees (ACT-06).
    /// Whoever commits a record that [offers](crate::Effect::Offer) its call asks first.
    #[must_use]
    pub fn without_activity(mut self) -> Self {
        let Pending::Call(call) = &self.pending else { return self };
        let Some(activity) = call.activity() else { return self };
        let detail = format!("The activity {activity} does not exist.");
        let cause = sentence(self.state.as_str(), self.visit.entered_event, &detail);
        let is_scheduled =
            |event: &crate::Event| matches!(event.detail, EventDetail::TaskScheduled { .. });
        if self.events.pop_if(|event| is_scheduled(event)).is_some() {
            self.event_count = self.event_count.saturating_sub(1);
        }
        self.pending = Pending::Failing(Failure::runtime(&cause));
        self
    }
}

/// Whether the task can be answered through the API: by callback, as an activity, or as a job that was given its token.
fn has_token(resource: &Resource) -> bool {
    match resource {
        Resource::Lambda { .. } => false,
        Resource::Activity { .. } => true,
        Resource::Service(service) => service.pattern != Pattern::RequestResponse,
    }
}

/// How the task's events name what is called.
fn task_resource(resource: &Resource) -> TaskResource {
    match resource {
        Resource::Lambda { arn } => TaskResource::Lambda { arn: arn.as_str().into() },
        Resource::Activity { arn } => TaskResource::Activity { arn: arn.as_str().into() },
        Resource::Service(service) => TaskResource::Service {
            resource_type: service.service.as_str().into(),
            resource: service.action_with_pattern().into(),
        },
    }
}

/// What AWS's text on an oversized result names: the function's ARN, or the service.
fn size_name(resource: &Resource) -> &str {
    match resource {
        Resource::Lambda { arn } | Resource::Activity { arn } => arn,
        Resource::Service(service) => &service.service,
    }
}

/// A positive number of seconds.
fn seconds(
    step: &mut Step<'_>,
    at: Visited<'_>,
    field: Option<&NumberField>,
    name: &str,
) -> Result<Option<u32>, Fault> {
    let Some(field) = field else { return Ok(None) };
    let value = flow::number_value(step, at, field, name)?;
    let secs = value.as_u64().and_then(|secs| u32::try_from(secs).ok());
    match (secs.filter(|secs| (1..=limits::SECS_MAX).contains(secs)), field) {
        (Some(secs), _) => Ok(Some(secs)),
        (None, NumberField::Expression(expression)) => {
            Err(flow::unexpected_type(expression, name, "positive integer", &value))
        }
        (None, NumberField::Path(path)) => Err(Fault::runtime(format!(
            "The {name}Path parameter does not reference a positive integer: {} == {}",
            path.text(),
            flow::shown(&value)
        ))),
        (None, NumberField::Literal(_)) => {
            Err(Fault::runtime(format!("{name} must be a positive integer.")))
        }
    }
}

/// The call was accepted; its answer comes through the API, an event or a poll.
pub(crate) fn submitted(
    mut step: Step<'_>,
    at: Visited<'_>,
    call: &Call,
    output: Payload,
    marked: &Marked,
) -> Record {
    step.push(EventDetail::TaskSubmitted { resource: task_resource(&call.resource), output });
    let started = marked.marks.claim.as_ref().map_or(marked.record.moment, |claim| claim.moment);
    let callback = Callback {
        call: call.clone(),
        called_by: marked.record.sequence,
        started: jiff::Timestamp::from_millisecond(started.millis).unwrap_or(jiff::Timestamp::MAX),
    };
    step.wait_for(at.state, at.visit.clone(), Pending::Callback(callback))
}

pub(crate) fn succeeded<'a>(
    mut step: Step<'a>,
    at: Visited<'a>,
    call: &Call,
    output: Payload,
) -> Result<Record, Misfit> {
    let StateKind::Task(task) = &at.state.kind else { return Err(step.misfit("a task's answer")) };
    match step.check_size(&output, size_name(&call.resource), FailureKind::Ordinary) {
        Err(fault) => {
            let failure = step.blame(at, fault);
            failed(step, at, call, failure)
        }
        Ok(()) => {
            step.push(EventDetail::TaskSucceeded {
                resource: task_resource(&call.resource),
                output: output.clone(),
            });
            step.note(Stage::Result, &output);
            super::finish(step, at, output, &task.transition, Link::Previous)
        }
    }
}

pub(crate) fn failed<'a>(
    mut step: Step<'a>,
    at: Visited<'a>,
    call: &Call,
    failure: Failure,
) -> Result<Record, Misfit> {
    let (resource, detail) = (task_resource(&call.resource), ErrorDetail::from(&failure));
    step.push(match failure.kind {
        FailureKind::Timeout | FailureKind::HeartbeatTimeout => {
            EventDetail::TaskTimedOut { resource, detail }
        }
        FailureKind::Ordinary | FailureKind::Terminal => {
            EventDetail::TaskFailed { resource, detail }
        }
    });
    handlers::handle(step, at, failure, None)
}
