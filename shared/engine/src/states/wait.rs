//! Wait.

use crate::event::Link;
use crate::fault::Fault;
use crate::record::{Pending, Record};
use crate::step::{Step, Visited};
use crate::{Misfit, flow, handlers, limits};
use baton_asl::states::{Wait, WaitFor};
use baton_asl::{NumberField, StateKind, TextField};
use jiff::{SignedDuration, Timestamp};

pub(crate) fn begin(step: &mut Step<'_>, at: Visited<'_>, wait: &Wait) -> Result<Pending, Fault> {
    let until = match &wait.duration {
        WaitFor::Seconds(seconds) => after_seconds(step, at, seconds)?,
        WaitFor::Timestamp(timestamp) => timestamp_of(step, at, timestamp)?,
    };
    let secs_ahead = until.duration_since(step.time()).as_secs();
    if secs_ahead > limits::WAIT_SECS_MAX {
        return Err(Fault::runtime("Wait state delay is too long."));
    }
    Ok(Pending::Until(until))
}

fn after_seconds(
    step: &mut Step<'_>,
    at: Visited<'_>,
    seconds: &NumberField,
) -> Result<Timestamp, Fault> {
    let value = flow::number_value(step, at, seconds, "Seconds").map_err(|fault| {
        missing(fault, seconds, |path| {
            format!("The SecondsPath parameter does not reference an input value: {path}")
        })
    })?;
    let secs = match (seconds, value.as_i64()) {
        (_, Some(secs @ 0..)) => secs,
        (NumberField::Path(path), Some(_)) => {
            return Err(Fault::runtime(format!(
                "The SecondsPath parameter references a negative value: {} == {value}",
                path.text()
            )));
        }
        (NumberField::Path(path), None) => {
            let value = flow::shown(&value);
            return Err(Fault::runtime(format!(
                "The SecondsPath parameter cannot be parsed as a long value: {} == {value}",
                path.text()
            )));
        }
        (NumberField::Expression(expression), _) => {
            return Err(flow::unexpected_type(expression, "Seconds", "integer", &value));
        }
        // A literal was checked when the definition was parsed.
        (NumberField::Literal(_), _) => 0,
    };
    Ok(step.time().saturating_add(SignedDuration::from_secs(secs)).unwrap_or(Timestamp::MAX))
}

fn timestamp_of(
    step: &mut Step<'_>,
    at: Visited<'_>,
    timestamp: &TextField,
) -> Result<Timestamp, Fault> {
    let path_fault = |path: &str, shown: &str| {
        Fault::runtime(format!(
            "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string: {path} == {shown}"
        ))
    };
    match timestamp {
        TextField::Literal(text) => Ok(flow::parse_timestamp(text).unwrap_or(Timestamp::MIN)),
        TextField::Path(path) => {
            let value = flow::text_value(step, at, timestamp, "TimestampPath")?;
            let parsed = value.as_str().and_then(flow::parse_timestamp);
            parsed.ok_or_else(|| path_fault(path.text(), &flow::shown(&value)))
        }
        TextField::Expression(_) => {
            let value = flow::text_value(step, at, timestamp, "Timestamp")?;
            let parsed = value.as_str().and_then(flow::parse_timestamp);
            parsed.ok_or_else(|| Fault::Evaluation {
                detail: format!(
                    "The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: {}",
                    flow::shown(&value)
                ),
                location: Some("Timestamp".to_owned()),
            })
        }
    }
}

/// AWS's own text for a path that found nothing.
fn missing(fault: Fault, field: &NumberField, text: impl FnOnce(&str) -> String) -> Fault {
    match (field, fault) {
        (NumberField::Path(path), Fault::Runtime { .. }) => Fault::runtime(text(path.text())),
        (_, fault) => fault,
    }
}

pub(crate) fn finish<'a>(mut step: Step<'a>, at: Visited<'a>) -> Result<Record, Misfit> {
    let StateKind::Wait(wait) = &at.state.kind else {
        return Err(step.misfit("the time of a Wait state"));
    };
    match flow::passed_on(&mut step, at) {
        Ok(completed) => step.leave(at, completed, &wait.transition, Link::Previous),
        Err(fault) => {
            let failure = step.blame(at, fault);
            handlers::handle(step, at, failure, None)
        }
    }
}
