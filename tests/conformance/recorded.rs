//! Cases recorded on AWS, as data: what each kind does and compares.

use crate::compare::Comparison;
use crate::outside::{Outside, python};
use crate::world::World;
use serde_json::{Map, Value, json};

/// How a case ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Passed,
    /// It uses something that Baton does not have yet: what.
    NotYet(String),
    Failed(String),
}

/// Runs one case of any kind.
pub fn run(case: &Value) -> Verdict {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime");
    let result = runtime.block_on(async {
        match case["kind"].as_str().unwrap_or_default() {
            "execution" => executions(case).await,
            "definition_error" => definition_error(case).await,
            "choice_table" => choice_table(case).await,
            "api" => api(case).await,
            "test_state" | "validate" => calls(case).await,
            "" if case.get("expression").is_some() => intrinsic(case).await,
            other => Err(format!("unknown kind `{other}`")),
        }
    });
    match result {
        Ok(()) => Verdict::Passed,
        Err(reason) => not_yet(&reason).map_or(Verdict::Failed(reason), Verdict::NotYet),
    }
}

/// Refusals by which Baton itself says that it lacks something.
fn not_yet(reason: &str) -> Option<String> {
    ["NOT_SUPPORTED", "NotSupportedException"]
        .iter()
        .find(|mark| reason.contains(**mark))
        .map(|_| reason.lines().next().unwrap_or_default().to_owned())
}

fn outside(case: &Value) -> Outside {
    Outside::new(case.get("lambdas")).with_objects(case.get("s3_objects"))
}

async fn executions(case: &Value) -> Result<(), String> {
    let mut world = World::new(outside(case));
    for machine in case["other_state_machines"].as_array().into_iter().flatten() {
        create(&world, machine).await?;
    }
    for (index, execution) in case["executions"].as_array().into_iter().flatten().enumerate() {
        let mut comparison = Comparison::default();
        comparison.add_placeholders(execution.get("wildcards"));
        one_execution(&mut world, &mut comparison, execution, index).await?;
    }
    Ok(())
}

async fn create(world: &World, machine: &Value) -> Result<String, String> {
    let definition = match machine.get("definition_text") {
        Some(text) => text.as_str().unwrap_or_default().to_owned(),
        None => python(&machine["definition"]),
    };
    let mut params = json!({
        "name": machine["name"],
        "roleArn": machine.get("roleArn").cloned().unwrap_or_else(|| json!("arn:aws:iam::111111111111:role/r")),
        "definition": definition,
    });
    for member in ["type", "loggingConfiguration", "publish", "versionDescription"] {
        if let Some(value) = machine.get(member) {
            params[member] = value.clone();
        }
    }
    let created = world.request("CreateStateMachine", &params).await;
    let created = created.map_err(|error| format!("CreateStateMachine: {error}"))?;
    Ok(created["stateMachineArn"].as_str().unwrap_or_default().to_owned())
}

async fn one_execution(
    world: &mut World,
    comparison: &mut Comparison,
    execution: &Value,
    index: usize,
) -> Result<(), String> {
    // Later executions of a case may use a machine of the same name with another definition.
    let mut machine = execution["state_machine"].clone();
    if index > 0 && world.request("DescribeStateMachine", &described(&machine)).await.is_ok() {
        world
            .request("DeleteStateMachine", &described(&machine))
            .await
            .map_err(|error| error.to_string())?;
    }
    let arn = create(world, &machine.take()).await?;
    world.outside().add_results(execution.get("task_results"));
    let mut params = Map::new();
    params.insert("stateMachineArn".to_owned(), arn.into());
    match (execution.get("input_text"), execution.get("input")) {
        (Some(text), _) => drop(params.insert("input".to_owned(), text.clone())),
        (None, Some(input)) => drop(params.insert("input".to_owned(), python(input).into())),
        (None, None) => {}
    }
    let name =
        execution.get("name").cloned().unwrap_or_else(|| json!(format!("execution-{index}")));
    params.insert("name".to_owned(), name);
    let started = world.request("StartExecution", &Value::Object(params)).await;
    let started = started.map_err(|error| format!("StartExecution: {error}"))?;
    let arn = started["executionArn"].as_str().unwrap_or_default().to_owned();
    if arn.contains(":express:") {
        world.run_until(async |_: &World| false).await;
    } else {
        world.run_until(async |world: &World| world.status(&arn).await != "RUNNING").await;
        compare(world, comparison, execution, &arn).await?;
    }
    compare_logged(world, comparison, execution, &arn).await
}

fn described(machine: &Value) -> Value {
    let name = machine["name"].as_str().unwrap_or_default();
    json!({ "stateMachineArn": format!("arn:aws:states:us-east-1:111111111111:stateMachine:{name}") })
}

async fn compare(
    world: &World,
    comparison: &mut Comparison,
    execution: &Value,
    arn: &str,
) -> Result<(), String> {
    let expected = &execution["expected"];
    let answer = world.request("DescribeExecution", &json!({ "executionArn": arn })).await;
    let answer = answer.map_err(|error| format!("DescribeExecution: {error}"))?;
    let history = world.history(arn).await?;
    for member in ["status", "output", "error", "cause"] {
        match (expected.get(member), answer.get(member)) {
            (Some(expected), Some(actual)) => {
                comparison
                    .check(member, expected, actual)
                    .map_err(|reason| format!("{reason}\n{}", shown(&history)))?;
            }
            (Some(expected), None) => {
                return Err(format!("{member}: missing, expected {expected}\n{}", shown(&history)));
            }
            (None, Some(actual)) if member != "error" && member != "cause" => {
                return Err(format!("{member}: unexpected {actual}"));
            }
            (None, _) => {}
        }
    }
    if let Some(expected) = expected["history"].as_array() {
        comparison.check_history(expected, &history)?;
    }
    if let Some(expected) = expected.get("describe_execution") {
        comparison.check("describe_execution", expected, &answer)?;
    }
    Ok(())
}

/// What went to the log group. Where a level below ALL is recorded without events, there were none.
async fn compare_logged(
    world: &World,
    comparison: &mut Comparison,
    execution: &Value,
    arn: &str,
) -> Result<(), String> {
    let level = execution["state_machine"]["loggingConfiguration"]["level"].as_str();
    let none = json!([]);
    let expected = match (execution["expected"].get("logged_events"), level) {
        (Some(expected), _) => expected,
        (None, Some("ERROR" | "FATAL" | "OFF")) => &none,
        (None, _) => return Ok(()),
    };
    let mut logged = world.logged(arn).await;
    for (event, expected) in logged.iter_mut().zip(expected.as_array().into_iter().flatten()) {
        let millis = event["event_timestamp"].as_str().and_then(|text| text.parse::<i64>().ok());
        if millis.is_none() {
            return Err(format!("`event_timestamp` is no time: {event}"));
        }
        event["event_timestamp"] = expected["event_timestamp"].clone();
    }
    comparison.check("logged_events", expected, &Value::Array(logged))
}

fn shown(history: &[Value]) -> String {
    history.iter().map(|event| format!("  {event}\n")).collect()
}

async fn definition_error(case: &Value) -> Result<(), String> {
    let world = World::new(Outside::default());
    // What is refused was recorded where none was left.
    world.remove_log_groups();
    let mut comparison = Comparison::default();
    comparison.add_placeholders(case.get("wildcards"));
    match create(&world, &case["state_machine"]).await {
        Ok(arn) => Err(format!("was accepted as {arn}")),
        Err(text) => {
            let error: Value =
                serde_json::from_str(text.trim_start_matches("CreateStateMachine: "))
                    .map_err(|_| text.clone())?;
            compare_error(&mut comparison, &case["error"], &error)
        }
    }
}

fn compare_error(
    comparison: &mut Comparison,
    expected: &Value,
    actual: &Value,
) -> Result<(), String> {
    for member in ["code", "message"] {
        if let Some(expected) = expected.get(member) {
            comparison.check(member, expected, &actual[member])?;
        }
    }
    Ok(())
}

async fn choice_table(case: &Value) -> Result<(), String> {
    for (index, row) in case["rows"].as_array().into_iter().flatten().enumerate() {
        let mut definition = case["definition"].clone();
        let start = definition["StartAt"].as_str().unwrap_or_default().to_owned();
        definition["States"][&start]["Choices"] = json!([row["rule"]]);
        let output = output_of(&definition, &row["input"]).await;
        let output = output.map_err(|reason| format!("row {index}: {reason}"))?;
        Comparison::default().check(&format!("row {index}"), &row["output"], &output)?;
    }
    Ok(())
}

async fn intrinsic(case: &Value) -> Result<(), String> {
    let state = match case["query_language"].as_str() {
        Some("JSONata") => {
            json!({ "Type": "Pass", "QueryLanguage": "JSONata", "Output": case["expression"], "End": true })
        }
        _ => {
            json!({ "Type": "Pass", "Parameters": { "value.$": case["expression"] }, "OutputPath": "$.value", "End": true })
        }
    };
    let definition = json!({ "StartAt": "S", "States": { "S": state } });
    let output = output_of(&definition, &case["input"]).await?;
    let mut comparison = Comparison::default();
    // What is drawn by chance was recorded by these names.
    comparison.add_placeholders(Some(
        &json!({ "RandomNumberGenerated": "any", "generated-uuid": "any" }),
    ));
    comparison.check("result", &case["result"], &output)
}

async fn output_of(definition: &Value, input: &Value) -> Result<Value, String> {
    let mut world = World::new(Outside::default());
    let arn = create(&world, &json!({ "name": "ArnPart_0idx", "definition": definition })).await?;
    let params = json!({ "stateMachineArn": arn, "input": input.to_string() });
    let started =
        world.request("StartExecution", &params).await.map_err(|error| error.to_string())?;
    let arn = started["executionArn"].as_str().unwrap_or_default().to_owned();
    world.run_until(async |world: &World| world.status(&arn).await != "RUNNING").await;
    let answer = world.request("DescribeExecution", &json!({ "executionArn": arn })).await;
    let answer = answer.map_err(|error| error.to_string())?;
    let output = answer["output"].as_str().ok_or_else(|| answer.to_string())?;
    serde_json::from_str(output).map_err(|error| error.to_string())
}

async fn api(case: &Value) -> Result<(), String> {
    let mut world = World::new(outside(case));
    let mut comparison = Comparison::default();
    let mut answers: Vec<Value> = Vec::new();
    for (index, step) in case["steps"].as_array().into_iter().flatten().enumerate() {
        let operation = step["op"].as_str().unwrap_or_default();
        let place = format!("step {index} {operation}");
        let params = fill_in(&step["params"], &answers);
        comparison.add_placeholders(step.get("wildcards"));
        if let Some(awaited) = step.get("await") {
            world
                .run_until(async |world: &World| has_come(world, operation, &params, awaited).await)
                .await;
        } else {
            world.run_until(async |_: &World| true).await;
        }
        let answer = world.request(operation, &params).await;
        let checked = check_answer(&mut comparison, &place, step, &answer);
        checked.map_err(|reason| format!("{place}: {reason}"))?;
        answers.push(answer.unwrap_or(Value::Null));
    }
    Ok(())
}

fn check_answer(
    comparison: &mut Comparison,
    place: &str,
    step: &Value,
    answer: &Result<Value, Value>,
) -> Result<(), String> {
    match (step.get("response"), step.get("error"), answer) {
        (Some(expected), _, Ok(answer)) => {
            match (expected["events"].as_array(), answer["events"].as_array()) {
                (Some(expected), Some(actual)) => comparison.check_history(expected, actual),
                _ => comparison.check(place, expected, answer),
            }
        }
        (None, Some(expected), Err(error)) => compare_error(comparison, expected, error),
        (None, None, Ok(_)) if step["fails"] == true => {
            Err("succeeded, expected an error".to_owned())
        }
        (None, None, Err(error)) if step["fails"] == true => refuse_unsupported(error),
        (None, None, Ok(_)) => Ok(()),
        (_, None, Err(error)) => Err(format!("failed with {error}")),
        (_, Some(expected), Ok(answer)) => Err(format!("answered {answer}, expected {expected}")),
        (Some(_), Some(_), Err(error)) => Err(format!("failed with {error}")),
    }
}

/// An operation that does not exist fails too, but that is not what was recorded.
fn refuse_unsupported(error: &Value) -> Result<(), String> {
    match error["code"].as_str() {
        Some(code) if code.contains("NotSupportedException") => Err(error.to_string()),
        _ => Ok(()),
    }
}

async fn has_come(world: &World, operation: &str, params: &Value, awaited: &Value) -> bool {
    let Ok(answer) = world.request(operation, params).await else { return true };
    if let Some(status) = awaited.get("status") {
        return answer["status"] == *status;
    }
    let events = answer["events"].as_array().cloned().unwrap_or_default();
    let wanted = awaited["event_types"].as_array().into_iter().flatten();
    wanted.into_iter().any(|wanted| events.iter().any(|event| event["type"] == *wanted))
}

/// `${3.stateMachineArn}` stands for that member of step 3's answer.
fn fill_in(value: &Value, answers: &[Value]) -> Value {
    match value {
        Value::String(text) => fill_in_text(text, answers),
        Value::Array(items) => items.iter().map(|item| fill_in(item, answers)).collect(),
        Value::Object(members) => {
            members.iter().map(|(key, item)| (key.clone(), fill_in(item, answers))).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

fn fill_in_text(text: &str, answers: &[Value]) -> Value {
    let Some((before, rest)) = text.split_once("${") else { return text.into() };
    let Some((reference, after)) = rest.split_once('}') else { return text.into() };
    let (step, path) = reference.split_once('.').unwrap_or((reference, ""));
    let pointer: String =
        path.replace('[', ".").replace(']', "").split('.').map(|part| format!("/{part}")).collect();
    let found =
        step.parse::<usize>().ok().and_then(|step| answers.get(step)?.pointer(&pointer)).cloned();
    let found = found.unwrap_or(Value::Null);
    if before.is_empty() && after.is_empty() {
        return found;
    }
    let found = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
    fill_in_text(&format!("{before}{found}{after}"), answers)
}

/// TestState and ValidateStateMachineDefinition.
async fn calls(case: &Value) -> Result<(), String> {
    let world = World::new(outside(case));
    let mut comparison = Comparison::default();
    for (index, call) in case["calls"].as_array().into_iter().flatten().enumerate() {
        let operation = call["op"].as_str().unwrap_or_default();
        comparison.add_placeholders(call.get("wildcards"));
        let answer = world.request(operation, &call["params"]).await;
        let place = format!("call {index} {operation}");
        check_answer(&mut comparison, &place, call, &answer)
            .map_err(|reason| format!("{place}: {reason}"))?;
    }
    Ok(())
}
