//! A record's events.
//!
//! An event is `[link, what happened]`:
//!
//! | link | form |
//! |---|---|
//! | previous, root, sibling, before entered, map run started | `""`, `"r"`, `"s"`, `"b"`, `"m"` |
//! | last of the children of fork 3 | `"c3"` |
//! | inside child 2 of fork 3 | `"i3.2"` |
//!
//! What happened is `{"entered":["Pass","A",0]}` and so on, numbers being payloads.

use super::Unreadable;
use super::table::{Payloads, Table};
use super::value::{ErrorForm, borrowed};
use baton_engine::{Event, EventDetail, Hop, Link, Sequence, StateType, TaskResource};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::Arc;

pub(super) type EventForm<'a> = (Cow<'a, str>, DetailForm<'a>);

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum DetailForm<'a> {
    Started,
    Succeeded(u32),
    #[serde(borrow)]
    Failed(ErrorForm<'a>),
    Aborted(ErrorForm<'a>),
    TimedOut(ErrorForm<'a>),
    Redriven(u32, Option<Cow<'a, str>>),
    Entered(TypeForm, Cow<'a, str>, u32),
    Exited(TypeForm, Cow<'a, str>, u32, Vec<(Cow<'a, str>, u32)>),
    StateAborted(TypeForm),
    EvaluationFailed {
        s: Cow<'a, str>,
        d: ErrorForm<'a>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        l: Option<Cow<'a, str>>,
    },
    Scheduled(ScheduledForm<'a>),
    /// Derived from the claim when a history is read; written all the same, should a record have it.
    TaskStarted(ResourceForm<'a>, Option<Cow<'a, str>>),
    Submitted(ResourceForm<'a>, u32),
    TaskSucceeded(ResourceForm<'a>, u32),
    TaskFailed(ResourceForm<'a>, ErrorForm<'a>),
    TaskTimedOut(ResourceForm<'a>, ErrorForm<'a>),
    ParallelStarted,
    ParallelSucceeded,
    ParallelFailed,
    MapStarted(u32),
    MapSucceeded,
    MapFailed,
    IterationStarted(Cow<'a, str>, u32),
    IterationSucceeded(Cow<'a, str>, u32),
    IterationFailed(Cow<'a, str>, u32),
    IterationAborted(Cow<'a, str>, u32),
    RunStarted(Cow<'a, str>),
    RunSucceeded,
    RunFailed(ErrorForm<'a>),
    RunAborted,
    RunRedriven(Cow<'a, str>, u32),
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ScheduledForm<'a> {
    #[serde(borrow)]
    r: ResourceForm<'a>,
    g: Cow<'a, str>,
    p: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    t: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    h: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    c: Option<Cow<'a, str>>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ResourceForm<'a> {
    Lambda(Cow<'a, str>),
    Activity(Cow<'a, str>),
    Service(Cow<'a, str>, Cow<'a, str>),
}

/// State types, as ASL spells them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum TypeForm {
    Task,
    Pass,
    Choice,
    Wait,
    Succeed,
    Fail,
    Parallel,
    Map,
}

pub(super) fn event_form<'a>(event: &'a Event, table: &mut Table<'a>) -> EventForm<'a> {
    (link_form(event.link), detail_form(&event.detail, table))
}

pub(super) fn event((link, detail): EventForm<'_>, table: &Payloads) -> Result<Event, Unreadable> {
    let link = read_link(&link).ok_or(Unreadable::Value("link"))?;
    Ok(Event { link, detail: read_detail(detail, table)? })
}

fn link_form(link: Link) -> Cow<'static, str> {
    match link {
        Link::Previous => "".into(),
        Link::Root => "r".into(),
        Link::Sibling => "s".into(),
        Link::BeforeEntered => "b".into(),
        Link::MapRunStarted => "m".into(),
        Link::LastOfChildren(fork) => format!("c{fork}").into(),
        Link::InsideChild(hop) => format!("i{}.{}", hop.fork, hop.child).into(),
    }
}

fn read_link(form: &str) -> Option<Link> {
    let mut rest = form.chars();
    Some(match (rest.next(), rest.as_str()) {
        (None, _) => Link::Previous,
        (Some('r'), "") => Link::Root,
        (Some('s'), "") => Link::Sibling,
        (Some('b'), "") => Link::BeforeEntered,
        (Some('m'), "") => Link::MapRunStarted,
        (Some('c'), fork) => Link::LastOfChildren(Sequence(fork.parse().ok()?)),
        (Some('i'), hop) => {
            let (fork, child) = hop.split_once('.')?;
            let fork = Sequence(fork.parse().ok()?);
            Link::InsideChild(Hop { fork, child: child.parse().ok()? })
        }
        _ => return None,
    })
}

fn detail_form<'a>(detail: &'a EventDetail, table: &mut Table<'a>) -> DetailForm<'a> {
    use DetailForm as F;
    use EventDetail as D;
    match detail {
        D::ExecutionStarted => F::Started,
        D::ExecutionSucceeded { output } => F::Succeeded(table.put(output)),
        D::ExecutionFailed(detail) => F::Failed(detail.into()),
        D::ExecutionAborted(detail) => F::Aborted(detail.into()),
        D::ExecutionTimedOut(detail) => F::TimedOut(detail.into()),
        D::ExecutionRedriven { count, token } => F::Redriven(*count, borrowed(token.as_ref())),
        D::StateEntered { state_type, name, input } => {
            F::Entered((*state_type).into(), Cow::Borrowed(name), table.put(input))
        }
        D::StateExited { state_type, name, output, assigned } => {
            let output = table.put(output);
            let assigned = assigned
                .iter()
                .map(|(name, value)| (Cow::Borrowed(&**name), table.put(value)))
                .collect();
            F::Exited((*state_type).into(), Cow::Borrowed(name), output, assigned)
        }
        D::StateAborted { state_type } => F::StateAborted((*state_type).into()),
        D::EvaluationFailed { state, detail, location } => F::EvaluationFailed {
            s: Cow::Borrowed(state),
            d: detail.into(),
            l: borrowed(location.as_ref()),
        },
        D::ParallelStateStarted => F::ParallelStarted,
        D::ParallelStateSucceeded => F::ParallelSucceeded,
        D::ParallelStateFailed => F::ParallelFailed,
        D::MapStateStarted { length } => F::MapStarted(*length),
        D::MapStateSucceeded => F::MapSucceeded,
        D::MapStateFailed => F::MapFailed,
        D::MapIterationStarted { name, index } => F::IterationStarted(Cow::Borrowed(name), *index),
        D::MapIterationSucceeded { name, index } => {
            F::IterationSucceeded(Cow::Borrowed(name), *index)
        }
        D::MapIterationFailed { name, index } => F::IterationFailed(Cow::Borrowed(name), *index),
        D::MapIterationAborted { name, index } => F::IterationAborted(Cow::Borrowed(name), *index),
        D::MapRunStarted { arn } => F::RunStarted(Cow::Borrowed(arn)),
        D::MapRunSucceeded => F::RunSucceeded,
        D::MapRunFailed(detail) => F::RunFailed(detail.into()),
        D::MapRunAborted => F::RunAborted,
        D::MapRunRedriven { arn, redrives } => F::RunRedriven(Cow::Borrowed(arn), *redrives),
        D::TaskScheduled {
            resource,
            region,
            parameters,
            timeout_secs,
            heartbeat_secs,
            credentials_role_arn,
        } => F::Scheduled(ScheduledForm {
            r: resource.into(),
            g: Cow::Borrowed(region),
            p: table.put(parameters),
            t: *timeout_secs,
            h: *heartbeat_secs,
            c: borrowed(credentials_role_arn.as_ref()),
        }),
        D::TaskSubmitted { resource, output } => F::Submitted(resource.into(), table.put(output)),
        D::TaskSucceeded { resource, output } => {
            F::TaskSucceeded(resource.into(), table.put(output))
        }
        D::TaskFailed { resource, detail } => F::TaskFailed(resource.into(), detail.into()),
        D::TaskTimedOut { resource, detail } => F::TaskTimedOut(resource.into(), detail.into()),
        D::TaskStarted { resource, worker } => {
            F::TaskStarted(resource.into(), borrowed(worker.as_ref()))
        }
    }
}

fn read_detail(form: DetailForm<'_>, table: &Payloads) -> Result<EventDetail, Unreadable> {
    use DetailForm as F;
    use EventDetail as D;
    Ok(match form {
        F::Started => D::ExecutionStarted,
        F::Succeeded(output) => D::ExecutionSucceeded { output: table.get(output)? },
        F::Failed(detail) => D::ExecutionFailed(detail.into()),
        F::Aborted(detail) => D::ExecutionAborted(detail.into()),
        F::TimedOut(detail) => D::ExecutionTimedOut(detail.into()),
        F::Redriven(count, token) => D::ExecutionRedriven { count, token: token.map(Arc::from) },
        F::Entered(state_type, name, input) => D::StateEntered {
            state_type: state_type.into(),
            name: name.into(),
            input: table.get(input)?,
        },
        F::Exited(state_type, name, output, assigned) => D::StateExited {
            state_type: state_type.into(),
            name: name.into(),
            output: table.get(output)?,
            assigned: assigned
                .into_iter()
                .map(|(name, value)| Ok((Arc::from(name), table.get(value)?)))
                .collect::<Result<_, Unreadable>>()?,
        },
        F::StateAborted(state_type) => D::StateAborted { state_type: state_type.into() },
        F::EvaluationFailed { s, d, l } => {
            D::EvaluationFailed { state: s.into(), detail: d.into(), location: l.map(Arc::from) }
        }
        F::Scheduled(form) => D::TaskScheduled {
            resource: form.r.into(),
            region: form.g.into(),
            parameters: table.get(form.p)?,
            timeout_secs: form.t,
            heartbeat_secs: form.h,
            credentials_role_arn: form.c.map(Arc::from),
        },
        F::TaskStarted(resource, worker) => {
            D::TaskStarted { resource: resource.into(), worker: worker.map(Arc::from) }
        }
        F::Submitted(resource, output) => {
            D::TaskSubmitted { resource: resource.into(), output: table.get(output)? }
        }
        F::TaskSucceeded(resource, output) => {
            D::TaskSucceeded { resource: resource.into(), output: table.get(output)? }
        }
        F::TaskFailed(resource, detail) => {
            D::TaskFailed { resource: resource.into(), detail: detail.into() }
        }
        F::TaskTimedOut(resource, detail) => {
            D::TaskTimedOut { resource: resource.into(), detail: detail.into() }
        }
        F::ParallelStarted => D::ParallelStateStarted,
        F::ParallelSucceeded => D::ParallelStateSucceeded,
        F::ParallelFailed => D::ParallelStateFailed,
        F::MapStarted(length) => D::MapStateStarted { length },
        F::MapSucceeded => D::MapStateSucceeded,
        F::MapFailed => D::MapStateFailed,
        F::IterationStarted(name, index) => D::MapIterationStarted { name: name.into(), index },
        F::IterationSucceeded(name, index) => D::MapIterationSucceeded { name: name.into(), index },
        F::IterationFailed(name, index) => D::MapIterationFailed { name: name.into(), index },
        F::IterationAborted(name, index) => D::MapIterationAborted { name: name.into(), index },
        F::RunStarted(arn) => D::MapRunStarted { arn: arn.into() },
        F::RunSucceeded => D::MapRunSucceeded,
        F::RunFailed(detail) => D::MapRunFailed(detail.into()),
        F::RunAborted => D::MapRunAborted,
        F::RunRedriven(arn, redrives) => D::MapRunRedriven { arn: arn.into(), redrives },
    })
}

impl<'a> From<&'a TaskResource> for ResourceForm<'a> {
    fn from(resource: &'a TaskResource) -> Self {
        match resource {
            TaskResource::Lambda { arn } => ResourceForm::Lambda(Cow::Borrowed(arn)),
            TaskResource::Activity { arn } => ResourceForm::Activity(Cow::Borrowed(arn)),
            TaskResource::Service { resource_type, resource } => {
                ResourceForm::Service(Cow::Borrowed(resource_type), Cow::Borrowed(resource))
            }
        }
    }
}

impl From<ResourceForm<'_>> for TaskResource {
    fn from(form: ResourceForm<'_>) -> Self {
        match form {
            ResourceForm::Lambda(arn) => TaskResource::Lambda { arn: arn.into() },
            ResourceForm::Activity(arn) => TaskResource::Activity { arn: arn.into() },
            ResourceForm::Service(resource_type, resource) => TaskResource::Service {
                resource_type: resource_type.into(),
                resource: resource.into(),
            },
        }
    }
}

impl From<StateType> for TypeForm {
    fn from(state_type: StateType) -> Self {
        match state_type {
            StateType::Task => TypeForm::Task,
            StateType::Pass => TypeForm::Pass,
            StateType::Choice => TypeForm::Choice,
            StateType::Wait => TypeForm::Wait,
            StateType::Succeed => TypeForm::Succeed,
            StateType::Fail => TypeForm::Fail,
            StateType::Parallel => TypeForm::Parallel,
            StateType::Map => TypeForm::Map,
        }
    }
}

impl From<TypeForm> for StateType {
    fn from(form: TypeForm) -> Self {
        match form {
            TypeForm::Task => StateType::Task,
            TypeForm::Pass => StateType::Pass,
            TypeForm::Choice => StateType::Choice,
            TypeForm::Wait => StateType::Wait,
            TypeForm::Succeed => StateType::Succeed,
            TypeForm::Fail => StateType::Fail,
            TypeForm::Parallel => StateType::Parallel,
            TypeForm::Map => StateType::Map,
        }
    }
}
