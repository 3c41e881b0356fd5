//! Fail.

use crate::record::{End, Record};
use crate::step::{Step, Visited};
use crate::{Failure, FailureKind, StateType, flow};
use baton_asl::states::Fail;

pub(crate) fn finish(mut step: Step<'_>, at: Visited<'_>, fail: &Fail) -> Record {
    let error = flow::optional_text(&mut step, at, fail.error.as_ref(), "Error");
    let cause = error.and_then(|error| {
        let cause = flow::optional_text(&mut step, at, fail.cause.as_ref(), "Cause")?;
        Ok(Failure { error, cause, kind: FailureKind::Ordinary })
    });
    let failure = cause.unwrap_or_else(|fault| step.blame(at, fault));
    step.end(at, End::Failed { failure, state_type: StateType::Fail })
}
