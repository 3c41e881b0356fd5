//! Redrive: an execution that ended badly goes on from where it failed.
//!
//! The top scope gets a record after its last. A Parallel or Map forks anew there, and each child of the new fork is the
//! old one over again: with the same output if it had ended well, else from the state that it was in. So a redrive moves the scopes
//! themselves, and joins, claims and tokens are those of new records: what still runs of the old ones changes nothing.
//! A Map Run keeps its ARN, and what it has read and done.
//!
//! [`resume`] is the one place that says what each kind of waiting becomes.

use crate::event::{EventDetail, Link};
use crate::limits::MAP_RUN_REDRIVES_MAX;
use crate::record::{End, Fork, MapRun, Pending, Record, Visit};
use crate::step::Step;
use crate::{
    Execution, Failure, ForkId, Hop, Ids, Misfit, Moment, Redrives, Sequence, begin_child,
};
use baton_asl::{Definition, State};
use jiff::Timestamp;
use std::sync::Arc;

/// A scope that is to go on: its newest record, and the one before that.
#[derive(Debug, Clone, Copy)]
pub struct Halted<'a> {
    /// The newest.
    pub last: &'a Record,
    /// The one before it, if there is one.
    pub before: Option<&'a Record>,
}

impl Halted<'_> {
    /// The record that says what the scope waited for when it ended or was given up.
    #[must_use]
    pub fn standing(&self) -> &Record {
        match (&self.last.pending, self.before) {
            (Pending::Ended(_), Some(before)) => before,
            (_, _) => self.last,
        }
    }
}

/// The record by which an execution that ended badly goes on. `token` is the request's.
///
/// # Errors
///
/// [`Misfit`] if the definition does not have the state.
pub fn redrive(
    definition: &Definition,
    execution: &Execution,
    halted: Halted<'_>,
    token: Option<Arc<str>>,
    now: Timestamp,
    ids: &mut dyn Ids,
) -> Result<Record, Misfit> {
    let last = halted.last;
    let moment = Moment::after(now.as_millisecond(), [last.moment]);
    let count = execution.redrives.count.saturating_add(1);
    let latest = Some(Timestamp::from_millisecond(moment.millis).unwrap_or(now));
    let redriven = Execution { redrives: Redrives { count, latest }, ..execution.clone() };
    let mut step = Step {
        definition,
        execution: &redriven,
        ids,
        scope: last.scope.clone(),
        sequence: last.sequence.next(),
        moment,
        block: last.block,
        variables: last.variables.clone(),
        item: last.item.clone(),
        event_count: last.event_count,
        events_before: last.events_before,
        events: Vec::with_capacity(2),
        inspection: None,
    };
    step.push(EventDetail::ExecutionRedriven { count, token });
    resume(step, halted)
}

/// The first record of a child of `fork`, which [resumes](Fork::resumes) another: the child of the same index there goes on.
///
/// # Errors
///
/// [`Misfit`] if the definition does not have the state.
pub fn redrive_child(
    definition: &Definition,
    execution: &Execution,
    fork: &Record,
    child: u32,
    halted: Halted<'_>,
    now: Timestamp,
    ids: &mut dyn Ids,
) -> Result<Record, Misfit> {
    let last = halted.last;
    let has_not_begun = last.sequence == Sequence::FIRST
        && matches!(last.pending, Pending::Ended(End::Failed { .. }));
    if has_not_begun {
        return begin_child(definition, execution, fork, child, None, now, ids);
    }
    let step = Step {
        definition,
        execution,
        ids,
        scope: fork.scope.child(Hop { fork: fork.sequence, child }),
        sequence: Sequence::FIRST,
        moment: Moment::after(now.as_millisecond(), [fork.moment, last.moment]),
        block: last.block,
        variables: last.variables.clone(),
        item: last.item.clone(),
        event_count: fork.event_count,
        events_before: fork.event_count,
        events: Vec::with_capacity(1),
        inspection: None,
    };
    match &last.pending {
        Pending::Ended(end @ End::Succeeded(_)) => {
            let state = step.state(&last.state)?;
            Ok(step.wait_for(state, last.visit.clone(), Pending::Ended(end.clone())))
        }
        Pending::Ended(End::Failed { .. } | End::Aborted(_) | End::TimedOut)
        | Pending::Continue
        | Pending::Failing(_)
        | Pending::Until(_)
        | Pending::Retry { .. }
        | Pending::Call(_)
        | Pending::Callback(_)
        | Pending::Fork(_)
        | Pending::MapRun(_) => resume(step, halted),
    }
}

/// What a scope does that goes on: the state's work begins again, but for what of it is done.
fn resume(step: Step<'_>, halted: Halted<'_>) -> Result<Record, Misfit> {
    let state = step.state(&halted.last.state)?;
    let visit = &halted.last.visit;
    let visit = Visit { retries: vec![0; visit.retries.len()], ..visit.clone() };
    let standing = halted.standing();
    match &standing.pending {
        // A time that has come is a time that has come.
        Pending::Until(at) => Ok(step.wait_for(state, visit, Pending::Until(*at))),
        Pending::Fork(fork) if !is_too_large(&halted.last.pending) => {
            let resumes = ForkId { scope: standing.scope.clone(), fork: standing.sequence };
            let fork = Fork { resumes: Some(resumes), ..fork.clone() };
            Ok(step.wait_for(state, visit, Pending::Fork(fork)))
        }
        Pending::MapRun(run) if !is_of_no_use(&halted.last.pending) => {
            Ok(redrive_map_run(step, state, visit, run))
        }
        Pending::Fork(_)
        | Pending::Continue
        | Pending::Failing(_)
        | Pending::Retry { .. }
        | Pending::Call(_)
        | Pending::Callback(_)
        | Pending::MapRun(_)
        | Pending::Ended(_) => step.begin_attempt(state, visit, Link::Previous),
    }
}

/// The same run goes on, with the children that had not succeeded (RED-06).
fn redrive_map_run(mut step: Step<'_>, state: &State, visit: Visit, run: &MapRun) -> Record {
    let redrives = run.redrives.saturating_add(1);
    if redrives > MAP_RUN_REDRIVES_MAX {
        let cause = format!("The Map Run has been redriven {MAP_RUN_REDRIVES_MAX} times.");
        return step.wait_for(state, visit, Pending::Failing(Failure::runtime(&cause)));
    }
    step.push(EventDetail::MapRunRedriven { arn: run.arn.clone(), redrives });
    let run = MapRun { redrives, ..run.clone() };
    step.wait_for(state, visit, Pending::MapRun(Box::new(run)))
}

/// Whether another map run is to begin over all items: what the children made was too large together, or could not be made
/// use of (RED-06).
fn is_of_no_use(pending: &Pending) -> bool {
    let Pending::Ended(End::Failed { failure, .. }) = pending else { return false };
    is_too_large(pending) || failure.error.as_deref() == Some(Failure::RUNTIME)
}

/// Outputs that were too large together are of no use: all children run again (RED-05).
fn is_too_large(pending: &Pending) -> bool {
    let Pending::Ended(End::Failed { failure, .. }) = pending else { return false };
    failure.error.as_deref() == Some(Failure::DATA_LIMIT_EXCEEDED)
}

impl Record {
    /// The redrive that this record begins, if it does: its number, and the token of its request.
    #[must_use]
    pub fn redrive(&self) -> Option<(u32, Option<&Arc<str>>)> {
        self.events.iter().find_map(|event| {
            let EventDetail::ExecutionRedriven { count, token } = &event.detail else {
                return None;
            };
            Some((*count, token.as_ref()))
        })
    }
}
