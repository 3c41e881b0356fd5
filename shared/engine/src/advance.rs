//! The interpreter's surface: one call, one record.

use crate::event::{EventDetail, Link};
use crate::inspect::Inspection;
use crate::record::{Claim, End, Marked, Marks, Pending, Record};
use crate::step::{AnyState, Step, Visited};
use crate::{
    Execution, Failure, FailureKind, Hop, Ids, MapItem, Moment, Outcome, ScopePath, Sequence,
    handlers, states,
};
use baton_asl::{BlockId, Definition, StateKind, StateName};
use jiff::Timestamp;
use std::sync::Arc;

/// What was handed in does not fit together: the data is damaged, or there is a bug. Trying again does not
/// help; the execution has to be ended from outside.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// The record names a block that the definition does not have.
    #[error("the definition has no block {}", .0.0)]
    NoSuchBlock(BlockId),
    /// The record or a transition names a state that its block does not have.
    #[error("the block has no state `{0}`")]
    NoSuchState(StateName),
    /// The record does not wait for what happened.
    #[error("record {sequence} of scope `{scope}` does not wait for {outcome}")]
    Unexpected {
        /// The scope.
        scope: ScopePath,
        /// The record.
        sequence: Sequence,
        /// What happened.
        outcome: &'static str,
    },
    /// The record did not fork into such a child.
    #[error("record {sequence} of scope `{scope}` has no child {child}")]
    NoSuchChild {
        /// The scope.
        scope: ScopePath,
        /// The record.
        sequence: Sequence,
        /// The index.
        child: u32,
    },
}

/// The first record of an execution: its first state, as far as to what that waits for.
///
/// # Errors
///
/// [`Misfit`] if the definition has no first state.
pub fn begin(
    definition: &Definition,
    execution: &Execution,
    now: Timestamp,
    ids: &mut dyn Ids,
) -> Result<Record, Misfit> {
    let mut step = Step {
        definition,
        execution,
        ids,
        scope: ScopePath::top(),
        sequence: Sequence::FIRST,
        moment: Moment::after(now.as_millisecond(), []),
        block: execution.start,
        variables: Arc::default(),
        item: None,
        event_count: 0,
        events_before: 0,
        events: Vec::with_capacity(2),
        inspection: None,
    };
    let start = execution.start;
    let block = definition.block(start).ok_or(Misfit::NoSuchBlock(start))?;
    step.push_linked(Link::Root, EventDetail::ExecutionStarted);
    step.enter(&block.start_at, execution.input.clone(), Link::Root)
}

/// The first record of a child of `fork`. `predecessor` is the last record of the sibling whose end
/// made room for this child, if it was held back.
///
/// # Errors
///
/// [`Misfit`] if `fork` has no such child.
pub fn begin_child(
    definition: &Definition,
    execution: &Execution,
    fork: &Record,
    child: u32,
    predecessor: Option<&Record>,
    now: Timestamp,
    ids: &mut dyn Ids,
) -> Result<Record, Misfit> {
    let hop = Hop { fork: fork.sequence, child };
    let causes = [Some(fork.moment), predecessor.map(|record| record.moment)];
    let events_before = predecessor.map_or(fork.event_count, |record| record.event_count);
    let mut step = Step {
        definition,
        execution,
        ids,
        scope: fork.scope.child(hop),
        sequence: Sequence::FIRST,
        moment: Moment::after(now.as_millisecond(), causes.into_iter().flatten()),
        block: fork.block,
        variables: fork.variables.clone(),
        item: fork.item.clone(),
        event_count: events_before,
        events_before,
        events: Vec::with_capacity(2),
        inspection: None,
    };
    let state = step.state(&fork.state)?;
    let no_such_child =
        || Misfit::NoSuchChild { scope: fork.scope.clone(), sequence: fork.sequence, child };
    let Pending::Fork(children) = &fork.pending else { return Err(no_such_child()) };
    let at = Visited { state, visit: &fork.visit };
    match &state.kind {
        StateKind::Parallel(parallel) => {
            step.block =
                parallel.branches.get(child as usize).copied().ok_or_else(no_such_child)?;
            step.enter_block(children.input.clone())
        }
        StateKind::Map(map) => {
            step.item = Some(Arc::new(
                states::map::item(&children.input, child).ok_or_else(no_such_child)?,
            ));
            let after = predecessor.and_then(|record| record.scope.parent());
            // The iterations that a Map's beginning starts are in that record's events, but a redrive starts none there.
            let link = match (after, &children.resumes) {
                (Some((_, predecessor)), _) => Some(Link::InsideChild(predecessor)),
                (None, Some(_)) => Some(Link::Previous),
                (None, None) => None,
            };
            if let Some(link) = link {
                let name = state.name.as_str().into();
                step.push_linked(link, EventDetail::MapIterationStarted { name, index: child });
            }
            let input = states::map::iteration_input(&mut step, at, map);
            step.block = map.processor;
            match input {
                Ok(input) => step.enter_block(input),
                Err(fault) => step.fail_block(at, fault),
            }
        }
        StateKind::Task(_)
        | StateKind::Pass(_)
        | StateKind::Choice(_)
        | StateKind::Wait(_)
        | StateKind::Succeed(_)
        | StateKind::Fail(_) => Err(no_such_child()),
    }
}

/// What a child of a map run is to be given for an item: what the Map state's `ItemSelector` makes of it.
/// `record` is the one that waits for the map run.
///
/// # Errors
///
/// [`Misfit`] if the record's state is no Map; within, the failure of the evaluation.
pub fn select_item(
    definition: &Definition,
    execution: &Execution,
    record: &Record,
    item: MapItem,
    now: Timestamp,
    ids: &mut dyn Ids,
) -> Result<Result<crate::Payload, Failure>, Misfit> {
    let marked = Marked { record: Arc::new(record.clone()), marks: Marks::default() };
    let outcome = &Outcome::Proceed;
    let mut step = Step::following(definition, execution, &marked, outcome, now, ids, None);
    let state = step.state(&record.state)?;
    let at = Visited { state, visit: &record.visit };
    let StateKind::Map(map) = &state.kind else { return Err(step.misfit("an item")) };
    step.item = Some(Arc::new(item));
    let input = states::map::iteration_input(&mut step, at, map);
    Ok(input.map_err(|fault| step.blame(at, fault)))
}

/// The next record of a scope.
///
/// # Errors
///
/// [`Misfit`] if the record does not wait for what happened.
pub fn advance(
    definition: &Definition,
    execution: &Execution,
    marked: &Marked,
    outcome: Outcome,
    now: Timestamp,
    ids: &mut dyn Ids,
) -> Result<Record, Misfit> {
    advance_watched(definition, execution, marked, outcome, now, ids, None)
}

/// As [`advance`], with somebody watching.
pub(crate) fn advance_watched(
    definition: &Definition,
    execution: &Execution,
    marked: &Marked,
    outcome: Outcome,
    now: Timestamp,
    ids: &mut dyn Ids,
    inspection: Option<&mut Inspection>,
) -> Result<Record, Misfit> {
    let record = &*marked.record;
    let step = Step::following(definition, execution, marked, &outcome, now, ids, inspection);
    let state = step.state(&record.state)?;
    let at = Visited { state, visit: &record.visit };
    let is_open = !matches!(record.pending, Pending::Ended(_));
    match (outcome, &record.pending) {
        (Outcome::Stopped(detail), pending) if is_open && record.scope.is_top() => {
            Ok(step.abandoning(pending).end(at, End::Aborted(detail)))
        }
        (Outcome::ExecutionTimedOut, pending) if is_open && record.scope.is_top() => {
            Ok(step.abandoning(pending).end(at, End::TimedOut))
        }
        (Outcome::Proceed, Pending::Continue) => states::work(step, at),
        (Outcome::Proceed, Pending::Failing(failure)) => {
            handlers::handle(step, at, failure.clone(), None)
        }
        (Outcome::Proceed, Pending::Until(_)) => states::wait::finish(step, at),
        (Outcome::Proceed, Pending::Retry { failed, .. }) => {
            let link = failed.map_or(Link::Previous, Link::InsideChild);
            step.begin_attempt(state, record.visit.clone(), link)
        }
        (Outcome::Submitted { output }, Pending::Call(call)) => {
            Ok(states::task::submitted(step, at, call, output, marked))
        }
        (Outcome::Succeeded { output }, Pending::Call(call)) => {
            states::task::succeeded(step, at, call, output)
        }
        (Outcome::Succeeded { output }, Pending::Callback(callback)) => {
            states::task::succeeded(step, at, &callback.call, output)
        }
        (outcome, Pending::Call(call)) => match ended_badly(&outcome) {
            Some(failure) => states::task::failed(step, at, call, failure),
            None => Err(unexpected(record, &outcome)),
        },
        (outcome, Pending::Callback(callback)) => match ended_badly(&outcome) {
            Some(failure) => states::task::failed(step, at, &callback.call, failure),
            None => Err(unexpected(record, &outcome)),
        },
        (Outcome::Joined { outputs, .. }, Pending::Fork(_)) => {
            states::joined(step, at, record.sequence, outputs)
        }
        (Outcome::ChildFailed(child), Pending::Fork(_)) => states::child_failed(step, at, child),
        (Outcome::MapRunSucceeded { output }, Pending::MapRun(_)) => {
            states::map_run::succeeded(step, at, output)
        }
        (Outcome::MapRunFailed(failure), Pending::MapRun(_)) => {
            states::map_run::failed(step, at, failure)
        }
        (outcome, _) => Err(unexpected(record, &outcome)),
    }
}

/// The failure that a task's outcome is, if it is one.
fn ended_badly(outcome: &Outcome) -> Option<Failure> {
    match outcome {
        Outcome::Failed(failure) => Some(failure.clone()),
        Outcome::TimedOut => Some(Failure::timeout(FailureKind::Timeout)),
        Outcome::HeartbeatTimedOut => Some(Failure::timeout(FailureKind::HeartbeatTimeout)),
        Outcome::Proceed
        | Outcome::Submitted { .. }
        | Outcome::Succeeded { .. }
        | Outcome::Joined { .. }
        | Outcome::ChildFailed(_)
        | Outcome::MapRunSucceeded { .. }
        | Outcome::MapRunFailed(_)
        | Outcome::Stopped(_)
        | Outcome::ExecutionTimedOut => None,
    }
}

fn unexpected(record: &Record, outcome: &Outcome) -> Misfit {
    Misfit::Unexpected {
        scope: record.scope.clone(),
        sequence: record.sequence,
        outcome: outcome.name(),
    }
}

impl<'a> Step<'a> {
    /// The step that follows a record.
    pub(crate) fn following(
        definition: &'a Definition,
        execution: &'a Execution,
        marked: &Marked,
        outcome: &Outcome,
        now: Timestamp,
        ids: &'a mut dyn Ids,
        inspection: Option<&'a mut Inspection>,
    ) -> Self {
        let Marked { record, marks } = marked;
        let started = started_moment(record, marks);
        let (elsewhere, events_elsewhere) = match outcome {
            Outcome::Joined { moment, event_count, .. } => (Some(*moment), *event_count),
            Outcome::ChildFailed(child) => {
                (Some(child.moment), child.event_count.saturating_sub(record.event_count))
            }
            Outcome::Proceed
            | Outcome::Submitted { .. }
            | Outcome::Succeeded { .. }
            | Outcome::Failed(_)
            | Outcome::TimedOut
            | Outcome::HeartbeatTimedOut
            | Outcome::MapRunSucceeded { .. }
            | Outcome::MapRunFailed(_)
            | Outcome::Stopped(_)
            | Outcome::ExecutionTimedOut => (None, 0),
        };
        let causes = [Some(record.moment), started, elsewhere];
        Step {
            definition,
            execution,
            ids,
            scope: record.scope.clone(),
            sequence: record.sequence.next(),
            moment: Moment::after(now.as_millisecond(), causes.into_iter().flatten()),
            block: record.block,
            variables: record.variables.clone(),
            item: record.item.clone(),
            // The claim is the TaskStarted event.
            event_count: record.event_count + u64::from(started.is_some()) + events_elsewhere,
            events_before: record.events_before,
            events: Vec::with_capacity(2),
            inspection,
        }
    }

    /// Says what becomes of what the scope waited for, which nobody waits for any more.
    fn abandoning(mut self, pending: &Pending) -> Self {
        if matches!(pending, Pending::MapRun(_)) {
            self.push(EventDetail::MapRunAborted);
            self.push(EventDetail::StateAborted { state_type: crate::StateType::Map });
        }
        self
    }

    /// Enters the block's first state.
    fn enter_block(self, input: crate::Payload) -> Result<Record, Misfit> {
        let block = self.definition.block(self.block).ok_or(Misfit::NoSuchBlock(self.block))?;
        self.enter(&block.start_at, input, Link::Previous)
    }

    /// Ends a block that could not be entered, because its input could not be made.
    fn fail_block(mut self, at: Visited<'_>, fault: crate::fault::Fault) -> Result<Record, Misfit> {
        let failure = self.blame_linked(at, fault, Link::Previous);
        let block = self.definition.block(self.block).ok_or(Misfit::NoSuchBlock(self.block))?;
        let first = self.state(&block.start_at)?;
        let at = Visited { state: first, visit: at.visit };
        Ok(self.end(at, End::Failed { failure, state_type: first.state_type() }))
    }
}

/// When the record's call was started, if it was.
fn started_moment(record: &Record, marks: &Marks) -> Option<Moment> {
    let claim: &Claim = marks.claim.as_ref()?;
    matches!(record.pending, Pending::Call(_)).then_some(claim.moment)
}
