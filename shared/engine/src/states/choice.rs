//! Choice.

use crate::event::Link;
use crate::fault::Fault;
use crate::record::Record;
use crate::step::{Completed, Step, Visited};
use crate::{Misfit, flow, handlers};
use baton_asl::states::Choice;
use baton_asl::{StateName, Transition};

pub(crate) fn finish<'a>(
    mut step: Step<'a>,
    at: Visited<'a>,
    choice: &'a Choice,
) -> Result<Record, Misfit> {
    match choose(&mut step, at, choice) {
        Ok((next, completed)) => step.leave(at, completed, &Transition::Next(next), Link::Previous),
        Err(fault) => {
            let failure = step.blame(at, fault);
            handlers::handle(step, at, failure, None)
        }
    }
}

/// The first rule that holds decides, else `Default`.
fn choose(
    step: &mut Step<'_>,
    at: Visited<'_>,
    choice: &Choice,
) -> Result<(StateName, Completed), Fault> {
    for (index, rule) in choice.rules.iter().enumerate() {
        if flow::holds(step, at, index, &rule.condition)? {
            return Ok((rule.next.clone(), flow::chosen(step, at, Some(rule))?));
        }
    }
    match &choice.default {
        Some(default) => Ok((default.clone(), flow::chosen(step, at, None)?)),
        // The specification says States.NoChoiceMatched; AWS reports States.Runtime (ASL-CHOICE-03).
        None => Err(Fault::runtime(
            "Failed to transition out of the state. The state does not point to a next state.",
        )),
    }
}
