//! Data flow of a JSONata state: `Arguments`, `Output`, `Assign`, and fields that hold one expression.

use crate::context::ContextObject;
use crate::fault::Fault;
use crate::step::{Completed, Step, Visited};
use crate::{Ids, Payload, Variables};
use baton_asl::states::Items;
use baton_asl::{AnyTemplate, Catcher, JsonataFlow};
use baton_jsonata::{
    Bindings, Chance, Environment, EvalError, Expression, Limits, Member, Template,
};
use baton_jsonpath::Context as _;
use serde_json::Value;
use std::sync::Arc;

/// The interpreter's time and chance, for `$now`, `$uuid` and `$random`.
struct ChanceOf<'a> {
    ids: &'a mut dyn Ids,
    millis: i64,
}

impl Chance for ChanceOf<'_> {
    fn uuid(&mut self) -> String {
        self.ids.uuid()
    }

    fn unit(&mut self) -> f64 {
        self.ids.unit()
    }

    fn now_millis(&mut self) -> i64 {
        self.millis
    }
}

/// `$states` and the variables, for the expressions of one state.
struct InSight<'a> {
    input: &'a Payload,
    result: Option<&'a Payload>,
    error_output: Option<&'a Value>,
    context: ContextObject<'a>,
    variables: Variables,
}

impl Bindings for InSight<'_> {
    fn member(&self, member: Member) -> Option<&Value> {
        match member {
            Member::Input => Some(self.input.value()),
            Member::Result => self.result.map(Payload::value),
            Member::ErrorOutput => self.error_output,
            Member::Context => Some(self.context.value()),
        }
    }

    fn variable(&self, name: &str) -> Option<&Value> {
        self.variables.get(name).map(Payload::value)
    }

    fn context_without_input(&self) -> Option<&Value> {
        Some(self.context.without_input())
    }
}

impl<'a> InSight<'a> {
    fn of<'b: 'a>(step: &Step<'b>, at: Visited<'a>) -> Self {
        InSight {
            input: &at.visit.input,
            result: None,
            error_output: None,
            context: step.context(at, None),
            variables: step.variables.clone(),
        }
    }

    /// What a template passes on as it is, if that is all it does.
    fn passed_by(&self, template: &Template) -> Option<Payload> {
        match template.as_expression()?.as_member()? {
            Member::Input => Some(self.input.clone()),
            Member::Result => self.result.cloned(),
            Member::ErrorOutput | Member::Context => None,
        }
    }
}

pub(super) fn arguments(
    step: &mut Step<'_>,
    at: Visited<'_>,
    flow: &JsonataFlow,
    token: Option<&str>,
) -> Result<Payload, Fault> {
    let Some(template) = &flow.arguments else { return Ok(at.visit.input.clone()) };
    let mut in_sight = InSight::of(step, at);
    in_sight.context = step.context(at, token);
    match in_sight.passed_by(template) {
        Some(arguments) => Ok(arguments),
        None => eval_template(step, &Environment::new(&in_sight), template, "Arguments"),
    }
}

/// A state with a result: only a state that can be retried shows it as `$states.result`.
pub(super) fn completed(
    step: &mut Step<'_>,
    at: Visited<'_>,
    flow: &JsonataFlow,
    result: Payload,
) -> Result<Completed, Fault> {
    let mut in_sight = InSight::of(step, at);
    in_sight.result = at.handlers().is_some().then_some(&result);
    hand_on(step, &in_sight, flow.output.as_ref(), flow.assign.as_ref(), &result)
}

pub(super) fn passed_on(
    step: &mut Step<'_>,
    at: Visited<'_>,
    output: Option<&Template>,
    assign: Option<&Template>,
) -> Result<Completed, Fault> {
    let in_sight = InSight::of(step, at);
    hand_on(step, &in_sight, output, assign, &at.visit.input)
}

pub(super) fn caught(
    step: &mut Step<'_>,
    at: Visited<'_>,
    catcher: &Catcher,
    error_output: &Value,
) -> Result<Completed, Fault> {
    let mut in_sight = InSight::of(step, at);
    in_sight.error_output = Some(error_output);
    let assign = match &catcher.assign {
        Some(AnyTemplate::Jsonata(template)) => Some(template),
        Some(AnyTemplate::JsonPath(_)) | None => None,
    };
    let default = Payload::new(error_output.clone());
    hand_on(step, &in_sight, catcher.output.as_ref(), assign, &default)
}

/// `Assign` and `Output` see the values as at the state's entry, not each other (EXPR-VAR-02).
fn hand_on(
    step: &mut Step<'_>,
    in_sight: &InSight<'_>,
    output: Option<&Template>,
    assign: Option<&Template>,
    default: &Payload,
) -> Result<Completed, Fault> {
    let environment = &Environment::new(in_sight);
    let assigned = match assign
        .map(|assign| eval_template(step, environment, assign, "Assign"))
        .transpose()?
    {
        None => Vec::new(),
        Some(assigned) => match assigned.into_value() {
            Value::Object(members) => members
                .into_iter()
                .map(|(name, value)| (Arc::from(name), Payload::new(value)))
                .collect(),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => Vec::new(),
        },
    };
    let output = match output {
        Some(output) => match in_sight.passed_by(output) {
            Some(output) => output,
            None => eval_template(step, environment, output, "Output")?,
        },
        None => default.clone(),
    };
    Ok(Completed { output, assigned })
}

/// A Map's items: an array, or an object (which AWS refused when this was recorded in 2024, and accepts since).
pub(super) fn items(step: &mut Step<'_>, at: Visited<'_>, items: &Items) -> Result<Payload, Fault> {
    let not_an_array = |fault: Fault, payload: Payload| match payload.value() {
        Value::Array(_) | Value::Object(_) => Ok(payload),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Err(fault),
    };
    match items {
        Items::Input | Items::Path(_) => {
            let input = at.visit.input.clone();
            let detail = format!("Map state input must be an array but was: {}", input.value());
            not_an_array(Fault::Evaluation { detail, location: None }, input)
        }
        Items::Literal(value) => Ok(Payload::new(value.clone())),
        Items::Template(items) => template(step, at, items, "Items"),
        Items::Expression(items) => {
            let value = expression(step, at, items, "Items")?;
            let fault = unexpected_type(items, "Items", "array", &value);
            not_an_array(fault, Payload::new(value))
        }
    }
}

/// A template whose expressions see the input only.
pub(super) fn template(
    step: &mut Step<'_>,
    at: Visited<'_>,
    template: &Template,
    field: &str,
) -> Result<Payload, Fault> {
    let in_sight = InSight::of(step, at);
    eval_template(step, &Environment::new(&in_sight), template, field)
}

/// One expression's value.
pub(super) fn expression(
    step: &mut Step<'_>,
    at: Visited<'_>,
    expression: &Expression,
    field: &str,
) -> Result<Value, Fault> {
    let in_sight = InSight::of(step, at);
    let environment = Environment::new(&in_sight);
    let mut chance = ChanceOf { millis: step.moment.millis, ids: step.ids };
    expression
        .eval(&environment, &mut chance, &Limits::default())
        .map_err(|error| failed(expression, field, &error))
}

/// Whether a rule's `Condition` holds.
pub(super) fn holds(
    step: &mut Step<'_>,
    at: Visited<'_>,
    index: usize,
    condition: &Expression,
) -> Result<bool, Fault> {
    let field = format!("Choices[{index}]/Condition");
    let value = expression(step, at, condition, &field)?;
    value.as_bool().ok_or_else(|| unexpected_type(condition, &field, "boolean", &value))
}

fn eval_template(
    step: &mut Step<'_>,
    environment: &Environment<'_>,
    template: &Template,
    field: &str,
) -> Result<Payload, Fault> {
    let mut chance = ChanceOf { millis: step.moment.millis, ids: step.ids };
    template.eval(environment, &mut chance, &Limits::default()).map(Payload::new).map_err(|error| {
        failed(&error.expression, &format!("{field}{}", error.location), &error.error)
    })
}

fn failed(expression: &Expression, field: &str, error: &EvalError) -> Fault {
    Fault::Evaluation {
        detail: baton_jsonata::failed(expression, field, error),
        location: Some(field.to_owned()),
    }
}

/// An expression whose value has the wrong type for its field.
pub(crate) fn unexpected_type(
    expression: &Expression,
    field: &str,
    wanted: &str,
    value: &Value,
) -> Fault {
    Fault::Evaluation {
        detail: baton_jsonata::unexpected_type(expression, field, wanted, value),
        location: Some(field.to_owned()),
    }
}
