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

use crate::compare::Comparison;
use crate::outside::Outside;
use crate::world::World;
use crate::{Tally, files, folder};
use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

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
    own.collect()
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
    let mut world = World::new(Outside::by_state(case.get("tasks")));
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
    world.run_until(async |world: &World| world.status(&arn).await != "RUNNING").await;
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
    Ok(outcome)
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
