//! How data enters and leaves a state, in the state's query language.

mod jsonata;
mod jsonpath;

use crate::fault::Fault;
use crate::step::{Completed, Step, Visited};
use crate::{FailureKind, Payload};
use baton_asl::states::{Condition, Map};
use baton_asl::{AnyTemplate, Catcher, Flow, NumberField, TextField};
use jiff::Timestamp;
use serde_json::Value;
use std::sync::Arc;

pub(crate) use jsonata::unexpected_type;

/// What the state's work begins with: the effective input (`InputPath`, `Parameters`) or `Arguments`.
pub(crate) fn arguments(
    step: &mut Step<'_>,
    at: Visited<'_>,
    token: Option<&str>,
) -> Result<Payload, Fault> {
    match &at.state.flow {
        Flow::JsonPath(flow) => jsonpath::arguments(step, at, flow, token),
        Flow::Jsonata(flow) => jsonata::arguments(step, at, flow, token),
    }
}

/// What a state with a result hands on.
pub(crate) fn completed(
    step: &mut Step<'_>,
    at: Visited<'_>,
    result: Payload,
) -> Result<Completed, Fault> {
    let completed = match &at.state.flow {
        Flow::JsonPath(flow) => jsonpath::completed(step, at, flow, result),
        Flow::Jsonata(flow) => jsonata::completed(step, at, flow, result),
    }?;
    checked(step, at, completed)
}

/// What a state hands on that adds nothing to its input: Succeed and Wait.
pub(crate) fn passed_on(step: &mut Step<'_>, at: Visited<'_>) -> Result<Completed, Fault> {
    let completed = match &at.state.flow {
        Flow::JsonPath(flow) => jsonpath::passed_on(step, at, flow, None),
        Flow::Jsonata(flow) => {
            jsonata::passed_on(step, at, flow.output.as_ref(), flow.assign.as_ref())
        }
    }?;
    checked(step, at, completed)
}

/// What a Choice hands on: with the rule's own `Assign` and `Output` if one holds, else the state's.
pub(crate) fn chosen(
    step: &mut Step<'_>,
    at: Visited<'_>,
    rule: Option<&baton_asl::states::Rule>,
) -> Result<Completed, Fault> {
    let completed = match (&at.state.flow, rule) {
        (Flow::JsonPath(flow), rule) => {
            let assign = rule.map(|rule| match &rule.assign {
                Some(AnyTemplate::JsonPath(template)) => Some(template),
                Some(AnyTemplate::Jsonata(_)) | None => None,
            });
            jsonpath::passed_on(step, at, flow, assign)
        }
        (Flow::Jsonata(flow), None) => {
            jsonata::passed_on(step, at, flow.output.as_ref(), flow.assign.as_ref())
        }
        (Flow::Jsonata(_), Some(rule)) => {
            let assign = match &rule.assign {
                Some(AnyTemplate::Jsonata(template)) => Some(template),
                Some(AnyTemplate::JsonPath(_)) | None => None,
            };
            jsonata::passed_on(step, at, rule.output.as_ref(), assign)
        }
    }?;
    checked(step, at, completed)
}

/// What a state hands on whose failure is caught.
pub(crate) fn caught(
    step: &mut Step<'_>,
    at: Visited<'_>,
    catcher: &Catcher,
    error_output: &Value,
) -> Result<Completed, Fault> {
    let completed = match &at.state.flow {
        Flow::JsonPath(_) => jsonpath::caught(step, at, catcher, error_output),
        Flow::Jsonata(_) => jsonata::caught(step, at, catcher, error_output),
    }?;
    checked(step, at, completed)
}

fn checked(step: &Step<'_>, at: Visited<'_>, completed: Completed) -> Result<Completed, Fault> {
    step.check_size(&completed.output, step.shown_name(at), FailureKind::Terminal)?;
    step.check_assigned(at, &completed.assigned)?;
    Ok(completed)
}

/// A Map's items: an array or an object.
pub(crate) fn items(step: &mut Step<'_>, at: Visited<'_>, map: &Map) -> Result<Payload, Fault> {
    match &at.state.flow {
        Flow::JsonPath(flow) => jsonpath::items(step, at, flow, &map.items),
        Flow::Jsonata(_) => jsonata::items(step, at, &map.items),
    }
}

/// `ItemSelector` over the item that the step is for.
pub(crate) fn selected_item(
    step: &mut Step<'_>,
    at: Visited<'_>,
    selector: &AnyTemplate,
) -> Result<Payload, Fault> {
    match (selector, &at.state.flow) {
        (AnyTemplate::JsonPath(template), Flow::JsonPath(flow)) => {
            jsonpath::selected_item(step, at, flow, template)
        }
        (AnyTemplate::Jsonata(template), _) => {
            jsonata::template(step, at, template, "ItemSelector")
        }
        (AnyTemplate::JsonPath(_), Flow::Jsonata(_)) => {
            Err(Fault::runtime("ItemSelector is not a JSONata template."))
        }
    }
}

/// A template of a field that a Map has beside those of all states: `ItemReader`, `ItemBatcher`, `ResultWriter`.
pub(crate) fn map_template(
    step: &mut Step<'_>,
    at: Visited<'_>,
    template: &AnyTemplate,
    name: &'static str,
) -> Result<Payload, Fault> {
    match (template, &at.state.flow) {
        (AnyTemplate::JsonPath(template), Flow::JsonPath(flow)) => {
            jsonpath::selected_item(step, at, flow, template)
        }
        (AnyTemplate::Jsonata(template), _) => jsonata::template(step, at, template, name),
        (AnyTemplate::JsonPath(_), Flow::Jsonata(_)) => {
            Err(Fault::runtime(format!("{name} is not a JSONata template.")))
        }
    }
}

/// Whether a rule's condition holds.
pub(crate) fn holds(
    step: &mut Step<'_>,
    at: Visited<'_>,
    index: usize,
    condition: &Condition,
) -> Result<bool, Fault> {
    match (condition, &at.state.flow) {
        (Condition::Literal(holds), _) => Ok(*holds),
        (Condition::Jsonata(expression), _) => jsonata::holds(step, at, index, expression),
        (Condition::JsonPath(test), Flow::JsonPath(flow)) => jsonpath::holds(step, at, flow, test),
        (Condition::JsonPath(_), Flow::Jsonata(_)) => {
            Err(Fault::runtime("Condition is not a JSONata expression."))
        }
    }
}

/// The value of a field that should hold a number; whether it does is the caller's to check.
pub(crate) fn number_value(
    step: &mut Step<'_>,
    at: Visited<'_>,
    field: &NumberField,
    name: &str,
) -> Result<Value, Fault> {
    match field {
        NumberField::Literal(number) => Ok(number_literal(*number)),
        NumberField::Path(path) => jsonpath::field(step, at, path),
        NumberField::Expression(expression) => jsonata::expression(step, at, expression, name),
    }
}

/// An integer without a fraction, so that it is read as one.
fn number_literal(number: f64) -> Value {
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() <= EXACT_MAX {
        format!("{number:.0}").parse::<i64>().map_or(Value::Null, Value::from)
    } else {
        Value::from(number)
    }
}

/// The value of a field that should hold a text.
pub(crate) fn text_value(
    step: &mut Step<'_>,
    at: Visited<'_>,
    field: &TextField,
    name: &str,
) -> Result<Value, Fault> {
    match field {
        TextField::Literal(text) => Ok(Value::from(text.as_str())),
        TextField::Path(path) => jsonpath::text(step, at, path, name),
        TextField::Expression(expression) => jsonata::expression(step, at, expression, name),
    }
}

/// A field that holds a text, if the state has it.
pub(crate) fn optional_text(
    step: &mut Step<'_>,
    at: Visited<'_>,
    field: Option<&TextField>,
    name: &str,
) -> Result<Option<Arc<str>>, Fault> {
    let Some(field) = field else { return Ok(None) };
    let path_name = format!("{name}Path");
    let name = if matches!(field, TextField::Path(_)) { &path_name } else { name };
    match (text_value(step, at, field, name)?, field) {
        (Value::String(text), _) => Ok(Some(text.into())),
        (value, TextField::Expression(expression)) => {
            Err(unexpected_type(expression, name, "string", &value))
        }
        (value, TextField::Path(path)) => Err(Fault::runtime(format!(
            "The {name} field refers to value \"{}\" which is not a valid string: {}",
            shown(&value),
            path.text()
        ))),
        (_, TextField::Literal(_)) => Ok(None),
    }
}

/// A value as AWS's causes quote it: a string without its quotes, anything else as JSON.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            value.to_string()
        }
    }
}

/// RFC 3339 as Step Functions has it: an upper-case `T`, and an upper-case `Z` or an offset.
pub(crate) fn parse_timestamp(text: &str) -> Option<Timestamp> {
    let is_strict = text.as_bytes().get(10) == Some(&b'T') && !text.contains(['z', '[', '_', ',']);
    let has_seconds = text.as_bytes().get(16) == Some(&b':');
    if is_strict && has_seconds { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_strict_rfc_3339() {
        for text in
            ["2016-03-14T01:59:00Z", "2016-03-14T01:59:00.123Z", "2016-03-14T01:59:00+01:00"]
        {
            assert!(parse_timestamp(text).is_some(), "{text}");
        }
        for text in [
            "2016-03-14t01:59:00Z",
            "2016-03-14T01:59:00z",
            "2016-03-14 01:59:00Z",
            "2016-03-14T01:59:00",
            "2016-13-05T21:29:29Z",
            "2016-12-05T25:29:29Z",
            "05-12-2016T21:29:29Z",
            "2016-03-14",
            "",
        ] {
            assert!(parse_timestamp(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_literal_without_fraction_is_an_integer() {
        assert_eq!(number_literal(3.0), Value::from(3));
        assert_eq!(number_literal(3.5), Value::from(3.5));
    }
}
