//! One module a state type: what it does.

mod choice;
pub(crate) mod compare;
mod fail;
pub(crate) mod map;
pub(crate) mod map_run;
pub(crate) mod parallel;
mod pass;
mod succeed;
pub(crate) mod task;
pub(crate) mod wait;

use crate::event::{EventDetail, Link};
use crate::outcome::ChildFailure;
use crate::record::Record;
use crate::step::{AnyState, Step, Visited};
use crate::{Hop, Misfit, Payload, Sequence, StateType, flow, handlers};
use baton_asl::{StateKind, Transition};
use serde_json::Value;

/// A state that needs nothing from outside does its work.
pub(crate) fn work<'a>(step: Step<'a>, at: Visited<'a>) -> Result<Record, Misfit> {
    match &at.state.kind {
        StateKind::Pass(pass) => pass::finish(step, at, pass),
        StateKind::Choice(choice) => choice::finish(step, at, choice),
        StateKind::Succeed(_) => succeed::finish(step, at),
        StateKind::Fail(fail) => Ok(fail::finish(step, at, fail)),
        StateKind::Task(_) | StateKind::Wait(_) | StateKind::Parallel(_) | StateKind::Map(_) => {
            Err(step.misfit("the state's own work"))
        }
    }
}

/// A Parallel or Map whose children have all ended well.
pub(crate) fn joined<'a>(
    mut step: Step<'a>,
    at: Visited<'a>,
    fork: Sequence,
    outputs: Vec<Payload>,
) -> Result<Record, Misfit> {
    let (succeeded, transition) = match &at.state.kind {
        StateKind::Parallel(parallel) => {
            (EventDetail::ParallelStateSucceeded, &parallel.transition)
        }
        StateKind::Map(map) => (EventDetail::MapStateSucceeded, &map.transition),
        StateKind::Task(_)
        | StateKind::Pass(_)
        | StateKind::Choice(_)
        | StateKind::Wait(_)
        | StateKind::Succeed(_)
        | StateKind::Fail(_) => return Err(step.misfit("a join")),
    };
    let link = if outputs.is_empty() { Link::Previous } else { Link::LastOfChildren(fork) };
    step.push_linked(link, succeeded);
    let result = Payload::new(Value::Array(outputs.into_iter().map(Payload::into_value).collect()));
    finish(step, at, result, transition, Link::Sibling)
}

/// A Parallel or Map of which a child failed: its siblings are given up.
pub(crate) fn child_failed<'a>(
    mut step: Step<'a>,
    at: Visited<'a>,
    child: ChildFailure,
) -> Result<Record, Misfit> {
    let link = Link::InsideChild(child.hop);
    if child.state_type == StateType::Task {
        step.push_linked(link, EventDetail::StateAborted { state_type: StateType::Task });
    }
    for (index, state_type) in child.open {
        if at.state.state_type() == StateType::Map {
            let name = at.state.name.as_str().into();
            step.push_linked(link, EventDetail::MapIterationAborted { name, index });
        }
        step.push_linked(link, EventDetail::StateAborted { state_type });
    }
    handlers::handle(step, at, child.failure, Some(child.hop))
}

/// Leaves a state with a result, or handles why it cannot be left.
pub(crate) fn finish<'a>(
    mut step: Step<'a>,
    at: Visited<'a>,
    result: Payload,
    transition: &Transition,
    link: Link,
) -> Result<Record, Misfit> {
    match flow::completed(&mut step, at, result) {
        Ok(completed) => step.leave(at, completed, transition, link),
        Err(fault) => {
            let failure = step.blame(at, fault);
            handlers::handle(step, at, failure, None::<Hop>)
        }
    }
}

impl Step<'_> {
    pub(crate) fn misfit(&self, outcome: &'static str) -> Misfit {
        Misfit::Unexpected { scope: self.scope.clone(), sequence: self.sequence, outcome }
    }
}
