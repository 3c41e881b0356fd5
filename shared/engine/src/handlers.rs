//! Retry and Catch.

use crate::event::{EventDetail, Link};
use crate::fault::Fault;
use crate::flow;
use crate::record::{End, Pending, Record};
use crate::step::{AnyState, Completed, Step, Visited};
use crate::{Failure, FailureKind, Hop, Misfit, limits};
use baton_asl::{Catcher, ErrorNames, Handlers, Jitter, Retrier, StateKind, Transition};
use jiff::{SignedDuration, Timestamp};

/// What becomes of a state that failed: its retriers in order, then its catchers, else the scope ends.
/// `child` is the child whose failure it is, for a Parallel or Map.
pub(crate) fn handle(
    mut step: Step<'_>,
    at: Visited<'_>,
    failure: Failure,
    child: Option<Hop>,
) -> Result<Record, Misfit> {
    let handlers = at.handlers();
    let retrier = handlers.and_then(|handlers| first_retrier(handlers, &failure));
    let is_left = |(index, retrier): &(usize, &Retrier)| {
        at.visit.retries.get(*index).copied().unwrap_or(0) < retrier.attempts_max
    };
    note_failure(&mut step, &failure, retrier.map(|(index, _)| index));
    if let Some((index, retrier)) = retrier.filter(is_left) {
        return Ok(retry(step, at, index, retrier, child));
    }
    let catcher = handlers.and_then(|handlers| {
        let mut catchers = handlers.catchers.iter().enumerate();
        catchers.find(|(_, catcher)| matches(&catcher.errors, &failure))
    });
    match catcher {
        Some((index, catcher)) => {
            if let Some(inspection) = step.inspection.as_deref_mut() {
                inspection.catcher = Some(index);
            }
            catch(step, at, catcher, &failure, child)
        }
        None => Ok(give_up(step, at, failure, child)),
    }
}

fn matches(errors: &ErrorNames, failure: &Failure) -> bool {
    errors.0.iter().any(|name| failure.is_matched_by(name))
}

/// The first retrier that matches decides, and only while it has attempts left (ERR-RETRY-07, 08).
fn first_retrier<'a>(handlers: &'a Handlers, failure: &Failure) -> Option<(usize, &'a Retrier)> {
    let mut retriers = handlers.retriers.iter().enumerate();
    retriers.find(|(_, retrier)| matches(&retrier.errors, failure))
}

/// Notes a failure and the retrier that matches it, if anybody watches.
fn note_failure(step: &mut Step<'_>, failure: &Failure, retrier: Option<usize>) {
    if let Some(inspection) = step.inspection.as_deref_mut() {
        inspection.failure = Some(failure.clone());
        inspection.retrier = retrier;
    }
}

fn retry(
    mut step: Step<'_>,
    at: Visited<'_>,
    index: usize,
    retrier: &Retrier,
    child: Option<Hop>,
) -> Record {
    let mut visit = at.visit.clone();
    let retries_before = visit.retries.get(index).copied().unwrap_or(0);
    if let Some(retries) = visit.retries.get_mut(index) {
        *retries = retries.saturating_add(1);
    }
    let delay = delay(retrier, retries_before, step.ids);
    if let Some(inspection) = step.inspection.as_deref_mut() {
        inspection.backoff = Some(delay);
    }
    let at_time = step.time().saturating_add(delay).unwrap_or(Timestamp::MAX);
    step.wait_for(at.state, visit, Pending::Retry { at: at_time, failed: child })
}

/// `IntervalSeconds × BackoffRate^retries`, capped by `MaxDelaySeconds`, with full jitter if asked for.
fn delay(retrier: &Retrier, retries_before: u32, ids: &mut dyn crate::Ids) -> SignedDuration {
    let exponent = i32::try_from(retries_before).unwrap_or(i32::MAX);
    let backoff = f64::from(retrier.interval_secs) * retrier.backoff_rate.powi(exponent);
    let cap = f64::from(retrier.delay_max_secs.unwrap_or(limits::SECS_MAX).min(limits::SECS_MAX));
    let secs = match retrier.jitter {
        Jitter::None => backoff.min(cap),
        Jitter::Full => backoff.min(cap) * ids.unit(),
    };
    SignedDuration::try_from_secs_f64(secs)
        .unwrap_or_else(|_| SignedDuration::from_secs(limits::SECS_MAX.into()))
}

fn catch(
    mut step: Step<'_>,
    at: Visited<'_>,
    catcher: &Catcher,
    failure: &Failure,
    child: Option<Hop>,
) -> Result<Record, Misfit> {
    note_failed(&mut step, at, failure, child);
    match caught(&mut step, at, catcher, failure) {
        Ok(completed) => {
            step.leave(at, completed, &Transition::Next(catcher.next.clone()), Link::Previous)
        }
        Err(fault) => {
            let failure = step.blame(at, fault);
            Ok(end(step, at, failure))
        }
    }
}

fn caught(
    step: &mut Step<'_>,
    at: Visited<'_>,
    catcher: &Catcher,
    failure: &Failure,
) -> Result<Completed, Fault> {
    let completed = flow::caught(step, at, catcher, &error_output(failure))?;
    step.check_size(&completed.output, step.shown_name(at), FailureKind::Terminal)?;
    step.check_assigned(at, &completed.assigned)?;
    Ok(completed)
}

/// `{Error, Cause}` as catchers receive it: an absent part is null, but a timeout's cause is the empty text.
fn error_output(failure: &Failure) -> serde_json::Value {
    let no_cause = match failure.kind {
        FailureKind::Timeout | FailureKind::HeartbeatTimeout => Some(""),
        FailureKind::Ordinary | FailureKind::Terminal => None,
    };
    serde_json::json!({ "Error": failure.error.as_deref(), "Cause": failure.cause.as_deref().or(no_cause) })
}

fn give_up(mut step: Step<'_>, at: Visited<'_>, failure: Failure, child: Option<Hop>) -> Record {
    note_failed(&mut step, at, &failure, child);
    end(step, at, failure)
}

fn end(step: Step<'_>, at: Visited<'_>, failure: Failure) -> Record {
    let state_type = at.state.state_type();
    step.end(at, End::Failed { failure, state_type })
}

/// `ParallelStateFailed` and `MapStateFailed`: written once no retrier helps, but not where the state itself
/// fails with `States.Runtime` (recorded: `MaxConcurrencyPath`, `ToleratedFailureCountPath`).
fn note_failed(step: &mut Step<'_>, at: Visited<'_>, failure: &Failure, child: Option<Hop>) {
    if child.is_none() && failure.kind == FailureKind::Terminal {
        return;
    }
    let link = child.map_or(Link::Previous, Link::InsideChild);
    match at.state.kind {
        StateKind::Parallel(_) => step.push_linked(link, EventDetail::ParallelStateFailed),
        StateKind::Map(_) => step.push_linked(link, EventDetail::MapStateFailed),
        StateKind::Task(_)
        | StateKind::Pass(_)
        | StateKind::Choice(_)
        | StateKind::Wait(_)
        | StateKind::Succeed(_)
        | StateKind::Fail(_) => {}
    }
}
