//! What a record waits for.
//!
//! `"continue"`, `{"until": time}`, `{"call": {…}}` and so on. A call's resource is kept as its ARN and parsed when it is read.

use super::Unreadable;
use super::event::TypeForm;
use super::header::{fork_from_text, fork_text};
use super::table::{Payloads, Table};
use super::value::{ErrorForm, FailureForm, Time, borrowed, is_default};
use baton_asl::Resource;
use baton_engine::{
    Batch, Call, Callback, End, Fork, Hop, ItemSource, MapRun, Nonce, Pending, Sequence,
};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::Arc;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum PendingForm<'a> {
    Continue,
    #[serde(borrow)]
    Failing(FailureForm<'a>),
    Until(Time),
    /// The time, and the failed child as `[fork, child]`.
    Retry(Time, Option<(u32, u32)>),
    Call(CallForm<'a>),
    /// The call, the record that made it, and when it was started.
    Callback(CallForm<'a>, u32, Time),
    /// Width, concurrency, input.
    Fork(u32, u32, u32),
    /// As a fork, and the fork that it resumes after a redrive.
    Resumed(u32, u32, u32, String),
    MapRun(MapRunForm<'a>),
    Succeeded(u32),
    Failed(FailureForm<'a>, TypeForm),
    Aborted(ErrorForm<'a>),
    TimedOut,
}

/// Payloads are `i` (the items given) or `a` and `f` (arguments and `ReaderConfig`), `b` (batch input), `x` (export).
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct MapRunForm<'a> {
    #[serde(borrow)]
    r: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    i: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    a: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    f: Option<u32>,
    /// `MaxItems`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    m: Option<i64>,
    /// `MaxConcurrency`.
    c: u32,
    /// The tolerated count and percentage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    t: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    p: Option<f64>,
    /// A batch's items and bytes at most, and its input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    b: Option<(Option<u64>, Option<u64>, Option<u32>)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    x: Option<u32>,
    /// Redrives.
    #[serde(default, skip_serializing_if = "is_default")]
    d: u32,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct CallForm<'a> {
    #[serde(borrow)]
    r: Cow<'a, str>,
    a: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    t: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    h: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    c: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    n: Option<u64>,
}

pub(super) fn pending_form<'a>(pending: &'a Pending, table: &mut Table<'a>) -> PendingForm<'a> {
    match pending {
        Pending::Continue => PendingForm::Continue,
        Pending::Failing(failure) => PendingForm::Failing(failure.into()),
        Pending::Until(at) => PendingForm::Until(Time(*at)),
        Pending::Retry { at, failed } => {
            PendingForm::Retry(Time(*at), failed.map(|hop| (hop.fork.0, hop.child)))
        }
        Pending::Call(call) => PendingForm::Call(call_form(call, table)),
        Pending::Callback(callback) => PendingForm::Callback(
            call_form(&callback.call, table),
            callback.called_by.0,
            Time(callback.started),
        ),
        Pending::Fork(fork) => {
            let input = table.put(&fork.input);
            match &fork.resumes {
                None => PendingForm::Fork(fork.width, fork.concurrency, input),
                Some(resumes) => {
                    let resumes = fork_text(resumes);
                    PendingForm::Resumed(fork.width, fork.concurrency, input, resumes)
                }
            }
        }
        Pending::MapRun(run) => PendingForm::MapRun(map_run_form(run, table)),
        Pending::Ended(End::Succeeded(output)) => PendingForm::Succeeded(table.put(output)),
        Pending::Ended(End::Failed { failure, state_type }) => {
            PendingForm::Failed(failure.into(), (*state_type).into())
        }
        Pending::Ended(End::Aborted(detail)) => PendingForm::Aborted(detail.into()),
        Pending::Ended(End::TimedOut) => PendingForm::TimedOut,
    }
}

pub(super) fn pending(form: PendingForm<'_>, table: &Payloads) -> Result<Pending, Unreadable> {
    Ok(match form {
        PendingForm::Continue => Pending::Continue,
        PendingForm::Failing(failure) => Pending::Failing(failure.into()),
        PendingForm::Until(at) => Pending::Until(at.0),
        PendingForm::Retry(at, failed) => {
            let failed = failed.map(|(fork, child)| Hop { fork: Sequence(fork), child });
            Pending::Retry { at: at.0, failed }
        }
        PendingForm::Call(form) => Pending::Call(call(form, table)?),
        PendingForm::Callback(form, called_by, started) => Pending::Callback(Callback {
            call: call(form, table)?,
            called_by: Sequence(called_by),
            started: started.0,
        }),
        PendingForm::Fork(width, concurrency, input) => {
            Pending::Fork(Fork { width, concurrency, input: table.get(input)?, resumes: None })
        }
        PendingForm::Resumed(width, concurrency, input, resumes) => Pending::Fork(Fork {
            width,
            concurrency,
            input: table.get(input)?,
            resumes: Some(fork_from_text(&resumes)?),
        }),
        PendingForm::MapRun(form) => Pending::MapRun(Box::new(map_run(form, table)?)),
        PendingForm::Succeeded(output) => Pending::Ended(End::Succeeded(table.get(output)?)),
        PendingForm::Failed(failure, state_type) => {
            Pending::Ended(End::Failed { failure: failure.into(), state_type: state_type.into() })
        }
        PendingForm::Aborted(detail) => Pending::Ended(End::Aborted(detail.into())),
        PendingForm::TimedOut => Pending::Ended(End::TimedOut),
    })
}

fn map_run_form<'a>(run: &'a MapRun, table: &mut Table<'a>) -> MapRunForm<'a> {
    let (i, a, f, m) = match &run.source {
        ItemSource::Given(items) => (Some(table.put(items)), None, None, None),
        ItemSource::Read { arguments, config, items_max } => {
            (None, Some(table.put(arguments)), Some(table.put(config)), *items_max)
        }
    };
    MapRunForm {
        r: Cow::Borrowed(&run.arn),
        i,
        a,
        f,
        m,
        c: run.concurrency_max,
        t: run.tolerated_count,
        p: run.tolerated_percentage,
        b: run.batch.as_ref().map(|batch| {
            let input = batch.input.as_ref().map(|input| table.put(input));
            (batch.items_max, batch.bytes_max, input)
        }),
        x: run.export.as_ref().map(|export| table.put(export)),
        d: run.redrives,
    }
}

fn map_run(form: MapRunForm<'_>, table: &Payloads) -> Result<MapRun, Unreadable> {
    let source = match (form.i, form.a, form.f) {
        (Some(items), None, None) => ItemSource::Given(table.get(items)?),
        (None, Some(arguments), Some(config)) => ItemSource::Read {
            arguments: table.get(arguments)?,
            config: table.get(config)?,
            items_max: form.m,
        },
        (_, _, _) => return Err(Unreadable::Value("item source")),
    };
    let payload = |place: Option<u32>| place.map(|place| table.get(place)).transpose();
    let batch = match form.b {
        Some((items_max, bytes_max, input)) => {
            Some(Batch { items_max, bytes_max, input: payload(input)? })
        }
        None => None,
    };
    Ok(MapRun {
        arn: form.r.into(),
        source,
        concurrency_max: form.c,
        tolerated_count: form.t,
        tolerated_percentage: form.p,
        batch,
        export: payload(form.x)?,
        redrives: form.d,
    })
}

fn call_form<'a>(call: &'a Call, table: &mut Table<'a>) -> CallForm<'a> {
    CallForm {
        r: Cow::Borrowed(call.resource.arn()),
        a: table.put(&call.arguments),
        t: call.timeout_secs,
        h: call.heartbeat_secs,
        c: borrowed(call.credentials_role_arn.as_ref()),
        n: call.nonce.map(|nonce| nonce.0),
    }
}

fn call(form: CallForm<'_>, table: &Payloads) -> Result<Call, Unreadable> {
    Ok(Call {
        resource: Resource::parse(&form.r).map_err(|_| Unreadable::Value("resource"))?,
        arguments: table.get(form.a)?,
        timeout_secs: form.t,
        heartbeat_secs: form.h,
        credentials_role_arn: form.c.map(Arc::from),
        nonce: form.n.map(Nonce),
    })
}
