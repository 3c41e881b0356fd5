//! Succeed.

use crate::event::Link;
use crate::record::Record;
use crate::step::{Step, Visited};
use crate::{Misfit, flow, handlers};
use baton_asl::Transition;

pub(crate) fn finish<'a>(mut step: Step<'a>, at: Visited<'a>) -> Result<Record, Misfit> {
    match flow::passed_on(&mut step, at) {
        Ok(completed) => step.leave(at, completed, &Transition::End, Link::Previous),
        Err(fault) => {
            let failure = step.blame(at, fault);
            handlers::handle(step, at, failure, None)
        }
    }
}
