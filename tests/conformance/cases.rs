//! Baton's own cases: one file each under `tests/cases`, as another implementation could run it.
//!
//! ```json
//! { "about": "…", "covers": ["ASL-CHOICE-01"], "definition": {…}, "input": {…},
//!   "tasks": { "State": [ { "result": … } | { "error": "…", "cause": "…" } | { "silent": true }, … ] },
//!   "expect": { "status": "SUCCEEDED", "output": {…}, "events": ["2<0 PassStateEntered A", …] }
//!           | { "refused": "InvalidDefinition", "message": "…" } }
//! ```
//!
//! `tasks` answers a state's attempts in order, the last one for all that follow. `events` is the history in short:
//! id, cause, type, and the state it names.
//!
//! In place of `tasks` a case may have `services`: what is answered to its requests, in order (`status`, `headers`, `body`, or
//! `silence`), and `callbacks`, what becomes of its task tokens. `expect.requests` then are the requests that were made. Further
//! `machines` exist besides, by name, and `stop_after_secs` stops the execution.
//!
//! With a Distributed Map a case may have `s3_objects` (see [`crate::outside::Objects`]) and `steps`: API calls `{ "op": "…",
//! "params": {…} }`, each made once the execution has ended, or `after_secs` after the one before; `${execution}` and
//! `${map_run}` in them are the ARNs. `expect` tells the steps' `answers`, the `map_runs` (counts of 0 left out), their
//! `children` with their inputs, and the objects `s3_written`; each UUID in them is `<uuid>`, each time `<date>`.

use crate::compare::Comparison;
use crate::map_runs;
use crate::outside::{Outside, Services};
use crate::world::World;
use crate::{Tally, files, folder};
use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub fn trials(root: &Path, tally: &Tally) -> Vec<Trial> {
    let own = files(root).into_iter().map(|file| {
        let folder = format!("cases/{}", folder(root, &file));
        let name = format!("{folder}/{}", file.file_stem().unwrap_or_default().to_string_lossy());
        let tally = tally.clone();
        Trial::test(name, move || {
            let result = run(&file);
            let column = if result.is_ok() { 0 } else { 3 };
            tally.lock().expect("no panic while counting").entry(folder).or_default()[column] += 1;
            result
        })
    });
    let folder = root.join("integrations");
    let complete = Trial::test("cases/integrations", move || have_cases(&folder));
    own.chain([complete]).collect()
}

/// Whether each optimised integration with each of its patterns has a case, by the name of its file.
fn have_cases(folder: &Path) -> Result<(), Failed> {
    let lacks_case = |resource: &String| {
        let file = format!("{}.json", resource.replacen(':', "/", 1).replace(':', ""));
        let text = std::fs::read_to_string(folder.join(file)).unwrap_or_default();
        !text.contains(&format!("\"arn:aws:states:::{resource}\""))
    };
    let all = baton_integrations::optimised_integrations();
    let lacking: Vec<&String> = all.iter().filter(|resource| lacks_case(resource)).collect();
    if lacking.is_empty() { Ok(()) } else { Err(format!("no case for {lacking:?}").into()) }
}

fn run(file: &PathBuf) -> Result<(), Failed> {
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
    let mut case: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let actual = runtime.map_err(|error| error.to_string())?.block_on(outcome(&case))?;
    if std::env::var_os("UPDATE_CASES").is_some() {
        case["expect"] = actual;
        let text = serde_json::to_string_pretty(&case).map_err(|error| error.to_string())?;
        return std::fs::write(file, text + "\n").map_err(|error| error.to_string().into());
    }
    Comparison::default().check("expect", &case["expect"], &actual).map_err(Failed::from)
}

async fn outcome(case: &Value) -> Result<Value, String> {
    let outside = Outside::by_state(case.get("tasks"))
        .with_services(Services::of(case))
        .with_objects(case.get("s3_objects"));
    let mut world = World::new(outside);
    for (name, definition) in case.get("machines").and_then(Value::as_object).into_iter().flatten()
    {
        let params = json!({
            "name": name, "roleArn": "arn:aws:iam::111111111111:role/case",
            "definition": definition.to_string(),
        });
        world.request("CreateStateMachine", &params).await.map_err(|error| error.to_string())?;
    }
    let definition = match &case["definition"] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let params = json!({
        "name": "case", "roleArn": "arn:aws:iam::111111111111:role/case", "definition": definition,
    });
    let created = match world.request("CreateStateMachine", &params).await {
        Ok(created) => created,
        Err(error) => return Ok(json!({ "refused": error["code"], "message": error["message"] })),
    };
    let input = case.get("input").map_or_else(|| "{}".to_owned(), Value::to_string);
    let params =
        json!({ "stateMachineArn": created["stateMachineArn"], "name": "run", "input": input });
    let started =
        world.request("StartExecution", &params).await.map_err(|error| error.to_string())?;
    let arn = started["executionArn"].as_str().unwrap_or_default().to_owned();
    if let Some(secs) = case.get("stop_after_secs").and_then(Value::as_u64) {
        let until = Duration::from_secs(secs);
        world.run_until(async |world: &World| world.elapsed() >= until).await;
        let stopped = world.request("StopExecution", &json!({ "executionArn": arn })).await;
        stopped.map_err(|error| error.to_string())?;
        world.run_until(async |_: &World| false).await;
    }
    let mut answers = Vec::new();
    for step in case["steps"].as_array().into_iter().flatten() {
        answers.push(made(&mut world, &arn, step).await);
    }
    run_to_end(&mut world, &arn).await;
    let answer = world.request("DescribeExecution", &json!({ "executionArn": arn })).await;
    let answer = answer.map_err(|error| error.to_string())?;
    let mut outcome = json!({ "status": answer["status"] });
    for member in ["output", "error", "cause"] {
        if let Some(value) = answer.get(member) {
            let text = value.as_str().unwrap_or_default();
            outcome[member] = serde_json::from_str(text).unwrap_or_else(|_| value.clone());
        }
    }
    outcome["events"] =
        world.history(&arn).await?.iter().map(|event| Value::from(short(event))).collect();
    let account = world.outside().account();
    for (name, value) in account.as_ref().and_then(Value::as_object).into_iter().flatten() {
        outcome[name] = value.clone();
    }
    if !answers.is_empty() {
        outcome["answers"] = Value::Array(answers);
    }
    map_runs::tell(&world, &arn, &mut outcome).await?;
    Ok(if outcome.get("map_runs").is_some() { map_runs::fixed(&outcome) } else { outcome })
}

/// The execution ends, and so does what it leaves behind: children that are stopped, results that are written.
async fn run_to_end(world: &mut World, arn: &str) {
    world.run_until(async |world: &World| world.status(arn).await != "RUNNING").await;
    if !map_runs::arns(world, arn).await.is_empty() {
        world.run_for(Duration::from_secs(1)).await;
    }
}

/// Makes a step, and tells its answer without what differs from run to run.
async fn made(world: &mut World, arn: &str, step: &Value) -> Value {
    match step["after_secs"].as_u64() {
        Some(secs) => world.run_for(Duration::from_secs(secs)).await,
        None => run_to_end(world, arn).await,
    }
    let run = map_runs::arns(world, arn).await.pop().unwrap_or_default();
    let params =
        step["params"].to_string().replace("${execution}", arn).replace("${map_run}", &run);
    let params = serde_json::from_str(&params).unwrap_or_default();
    let answer = world.request(step["op"].as_str().unwrap_or_default(), &params).await;
    let mut answer = answer.unwrap_or_else(|error| error);
    without_dates(&mut answer);
    if let Some(members) = answer.as_object_mut() {
        for counts in ["itemCounts", "executionCounts"] {
            if let Some(counts) = members.get_mut(counts).and_then(Value::as_object_mut) {
                counts.retain(|_, count| *count != json!(0));
            }
        }
    }
    answer
}

fn without_dates(answer: &mut Value) {
    match answer {
        Value::Object(members) => {
            members.retain(|name, _| !name.ends_with("Date") && name != "nextToken");
            members.values_mut().for_each(without_dates);
        }
        Value::Array(items) => items.iter_mut().for_each(without_dates),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn short(event: &Value) -> String {
    let text = format!(
        "{}<{} {}",
        event["id"],
        event["previousEventId"],
        event["type"].as_str().unwrap_or("?")
    );
    let details =
        event.as_object().into_iter().flatten().find(|(key, _)| key.ends_with("EventDetails"));
    match details.and_then(|(_, details)| details.get("name")).and_then(Value::as_str) {
        Some(name) => format!("{text} {name}"),
        None => text,
    }
}
