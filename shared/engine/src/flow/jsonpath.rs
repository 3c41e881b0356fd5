//! Data flow of a JSONPath state: `InputPath`, `Parameters`, `ResultSelector`, `ResultPath`, `OutputPath`, `Assign`.

use crate::context::{ContextObject, InSight};
use crate::fault::Fault;
use crate::inspect::Stage;
use crate::states::compare;
use crate::step::{Completed, Step, Visited};
use crate::{Ids, Payload};
use baton_asl::states::{Items, Test};
use baton_asl::{AnyTemplate, Catcher, JsonPathFlow, ResultPath};
use baton_jsonpath::{Chance, Path, PathOrIntrinsic, Scope, Template};
use serde_json::{Map, Value};
use std::sync::Arc;

/// The interpreter's chance, for `States.UUID` and `States.MathRandom`.
struct ChanceOf<'a>(&'a mut dyn Ids);

impl Chance for ChanceOf<'_> {
    fn uuid(&mut self) -> String {
        self.0.uuid()
    }

    fn unit(&mut self) -> f64 {
        self.0.unit()
    }
}

pub(super) fn arguments(
    step: &mut Step<'_>,
    at: Visited<'_>,
    flow: &JsonPathFlow,
    token: Option<&str>,
) -> Result<Payload, Fault> {
    let context = step.context(at, token);
    let input = effective_input(step, flow, &at.visit.input, &context)?;
    let arguments = match &flow.parameters {
        None => input,
        Some(template) => eval(step, template, &input, &context)?,
    };
    step.note(Stage::AfterParameters, &arguments);
    Ok(arguments)
}

/// `InputPath` over the raw input. `$` passes the very same payload on.
fn effective_input(
    step: &mut Step<'_>,
    flow: &JsonPathFlow,
    raw: &Payload,
    context: &ContextObject<'_>,
) -> Result<Payload, Fault> {
    let input = select_or_empty(step, flow.input_path.as_ref(), raw, context)?;
    step.note(Stage::AfterInputPath, &input);
    Ok(input)
}

fn select_or_empty(
    step: &Step<'_>,
    path: Option<&Path>,
    payload: &Payload,
    context: &ContextObject<'_>,
) -> Result<Payload, Fault> {
    match path {
        None => Ok(Payload::new(Value::Object(Map::new()))),
        Some(path) if path.is_root() => Ok(payload.clone()),
        Some(path) => select(step, path, payload, context).map(Payload::new),
    }
}

/// One path's value, with Jayway's text where it has none.
fn select(
    step: &Step<'_>,
    path: &Path,
    payload: &Payload,
    context: &ContextObject<'_>,
) -> Result<Value, Fault> {
    let variables = InSight(&step.variables);
    let scope = Scope { input: payload.value(), context, variables: &variables };
    match path.select(&scope) {
        Ok(selected) => Ok(selected.into_value()),
        Err(reason) => Err(Fault::runtime(format!("Invalid path '{}' : {reason}", path.text()))),
    }
}

fn eval(
    step: &mut Step<'_>,
    template: &Template,
    input: &Payload,
    context: &ContextObject<'_>,
) -> Result<Payload, Fault> {
    let variables = InSight(&step.variables);
    let scope = Scope { input: input.value(), context, variables: &variables };
    Ok(Payload::new(template.eval(&scope, &mut ChanceOf(step.ids))?))
}

pub(super) fn completed(
    step: &mut Step<'_>,
    at: Visited<'_>,
    flow: &JsonPathFlow,
    result: Payload,
) -> Result<Completed, Fault> {
    let context = step.context(at, None);
    let selected = match &flow.result_selector {
        None => result.clone(),
        Some(template) => eval(step, template, &result, &context)?,
    };
    step.note(Stage::AfterResultSelector, &selected);
    let assigned = assigned(step, flow.assign.as_ref(), &result, &context)?;
    let combined = combine(&flow.result_path, &at.visit.input, selected)?;
    step.note(Stage::AfterResultPath, &combined);
    let output = select_or_empty(step, flow.output_path.as_ref(), &combined, &context)?;
    Ok(Completed { output, assigned })
}

/// Succeed, Wait and Choice. `assign` replaces the state's own template where a rule decides.
pub(super) fn passed_on(
    step: &mut Step<'_>,
    at: Visited<'_>,
    flow: &JsonPathFlow,
    assign: Option<Option<&Template>>,
) -> Result<Completed, Fault> {
    let context = step.context(at, None);
    let input = effective_input(step, flow, &at.visit.input, &context)?;
    let assigned = assigned(step, assign.unwrap_or(flow.assign.as_ref()), &input, &context)?;
    let output = select_or_empty(step, flow.output_path.as_ref(), &input, &context)?;
    Ok(Completed { output, assigned })
}

/// The catcher's `ResultPath` over the raw input. `OutputPath` does not apply (recorded).
pub(super) fn caught(
    step: &mut Step<'_>,
    at: Visited<'_>,
    catcher: &Catcher,
    error_output: &Value,
) -> Result<Completed, Fault> {
    let context = step.context(at, None);
    let error_output = Payload::new(error_output.clone());
    let assign = match &catcher.assign {
        Some(AnyTemplate::JsonPath(template)) => Some(template),
        Some(AnyTemplate::Jsonata(_)) | None => None,
    };
    let assigned = assigned(step, assign, &error_output, &context)?;
    let output = combine(&catcher.result_path, &at.visit.input, error_output)?;
    Ok(Completed { output, assigned })
}

fn assigned(
    step: &mut Step<'_>,
    assign: Option<&Template>,
    input: &Payload,
    context: &ContextObject<'_>,
) -> Result<Vec<(Arc<str>, Payload)>, Fault> {
    let Some(template) = assign else { return Ok(Vec::new()) };
    match eval(step, template, input, context)?.into_value() {
        Value::Object(members) => Ok(members
            .into_iter()
            .map(|(name, value)| (name.into(), Payload::new(value)))
            .collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Ok(Vec::new())
        }
    }
}

/// `ResultPath`: `$` and null share the payload that they keep; a longer path copies the input once.
fn combine(path: &ResultPath, raw: &Payload, result: Payload) -> Result<Payload, Fault> {
    match path {
        ResultPath::Discard => Ok(raw.clone()),
        ResultPath::At(path) if path.is_root() => Ok(result),
        ResultPath::At(path) => match path.insert(raw.value().clone(), result.into_value()) {
            Ok(combined) => Ok(Payload::new(combined)),
            Err(error) => {
                Err(Fault::Runtime { error: RESULT_PATH_MATCH_FAILURE, detail: error.to_string() })
            }
        },
    }
}

const RESULT_PATH_MATCH_FAILURE: &str = "States.ResultPathMatchFailure";

pub(super) fn items(
    step: &mut Step<'_>,
    at: Visited<'_>,
    flow: &JsonPathFlow,
    items: &Items,
) -> Result<Payload, Fault> {
    let context = step.context(at, None);
    let input = effective_input(step, flow, &at.visit.input, &context)?;
    let (path, items) = match items {
        Items::Path(path) if path.is_root() => (path.text(), input),
        Items::Path(path) => (path.text(), Payload::new(select(step, path, &input, &context)?)),
        Items::Input | Items::Template(_) | Items::Expression(_) | Items::Literal(_) => {
            ("$", input)
        }
    };
    step.note(Stage::AfterItemsPath, &items);
    match items.value() {
        Value::Array(_) | Value::Object(_) => Ok(items),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            Err(Fault::runtime(format!("Reference path \"{path}\" must point to array.")))
        }
    }
}

/// `ItemSelector`: `$` is the Map state's effective input, `$$.Map.Item` the item.
pub(super) fn selected_item(
    step: &mut Step<'_>,
    at: Visited<'_>,
    flow: &JsonPathFlow,
    template: &Template,
) -> Result<Payload, Fault> {
    let context = step.context(at, None);
    let input = effective_input(step, flow, &at.visit.input, &context)?;
    eval(step, template, &input, &context)
}

/// The value that a `…Path` field points to in the effective input.
pub(super) fn field(step: &mut Step<'_>, at: Visited<'_>, path: &Path) -> Result<Value, Fault> {
    let context = step.context(at, None);
    let input = match &at.state.flow {
        baton_asl::Flow::JsonPath(flow) => effective_input(step, flow, &at.visit.input, &context)?,
        baton_asl::Flow::Jsonata(_) => at.visit.input.clone(),
    };
    select(step, path, &input, &context)
}

/// The value of a path or intrinsic that a text field holds.
pub(super) fn text(
    step: &mut Step<'_>,
    at: Visited<'_>,
    text: &PathOrIntrinsic,
    name: &str,
) -> Result<Value, Fault> {
    let context = step.context(at, None);
    let input = match &at.state.flow {
        baton_asl::Flow::JsonPath(flow) => effective_input(step, flow, &at.visit.input, &context)?,
        baton_asl::Flow::Jsonata(_) => at.visit.input.clone(),
    };
    let variables = InSight(&step.variables);
    let scope = Scope { input: input.value(), context: &context, variables: &variables };
    Ok(text.eval(name, &scope, &mut ChanceOf(step.ids))?)
}

/// Whether a rule's test holds over the effective input.
pub(super) fn holds(
    step: &mut Step<'_>,
    at: Visited<'_>,
    flow: &JsonPathFlow,
    test: &Test,
) -> Result<bool, Fault> {
    let context = step.context(at, None);
    let input = effective_input(step, flow, &at.visit.input, &context)?;
    let variables = InSight(&step.variables);
    let scope = Scope { input: input.value(), context: &context, variables: &variables };
    compare::holds(test, &scope)
}
