//! Pass.

use crate::inspect::Stage;
use crate::record::Record;
use crate::step::{Step, Visited};
use crate::{Misfit, Payload, flow, handlers};
use baton_asl::states::Pass;

pub(crate) fn finish<'a>(
    mut step: Step<'a>,
    at: Visited<'a>,
    pass: &Pass,
) -> Result<Record, Misfit> {
    let result = match &pass.result {
        Some(result) => {
            let result = Payload::new(result.clone());
            step.note(Stage::Result, &result);
            Ok(result)
        }
        None => flow::arguments(&mut step, at, None),
    };
    match result {
        Ok(result) => super::finish(step, at, result, &pass.transition, crate::Link::Previous),
        Err(fault) => {
            let failure = step.blame(at, fault);
            handlers::handle(step, at, failure, None)
        }
    }
}
