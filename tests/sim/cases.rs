//! Baton's own cases and those recorded on AWS, as workflows whose calls are answered as the cases say.

use crate::outside::Answers;
use crate::recorded::Outside;
use crate::storm::Subject;
use crate::workflow::Workflow;
use crate::world::{self, Conditions};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Every case that runs, with what it does in fair weather.
pub fn subjects() -> Vec<Subject> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let own = files(&root.join("cases")).into_iter().filter_map(|file| {
        let case = read(&file);
        // What services are asked one after another is not what they are asked in a storm.
        if case.get("services").is_some() {
            return None;
        }
        let outside = Outside::by_state(case.get("tasks"));
        let definition = text_of(&case["definition"]);
        let input = case.get("input").cloned().unwrap_or_else(|| json!({}));
        subject(file.display().to_string(), &definition, input, outside)
    });
    let recorded = files(&root.join("../../shared/conformance/executions"));
    let recorded = recorded.into_iter().flat_map(|file| {
        let cases = read(&file);
        let cases = cases.as_array().cloned().unwrap_or_default();
        cases.into_iter().flat_map(|case| recorded_subjects(&case)).collect::<Vec<_>>()
    });
    own.chain(recorded).collect()
}

fn recorded_subjects(case: &Value) -> Vec<Subject> {
    let executions = case["executions"].as_array().into_iter().flatten();
    let subjects = executions.filter_map(|execution| {
        let outside = Outside::new(case.get("lambdas"));
        outside.add_results(execution.get("task_results"));
        let machine = &execution["state_machine"];
        let definition = text_of(machine.get("definition_text").unwrap_or(&machine["definition"]));
        let input = match (execution.get("input_text"), execution.get("input")) {
            (Some(text), _) => serde_json::from_str(text.as_str()?).ok()?,
            (None, Some(input)) => input.clone(),
            (None, None) => json!({}),
        };
        subject(case["id"].to_string(), &definition, input, outside)
    });
    subjects.collect()
}

/// A case that can be run to its end; nothing if it is one that is refused.
fn subject(name: String, definition: &str, input: Value, outside: Outside) -> Option<Subject> {
    let parsed = baton_asl::parse(definition, &baton_asl::Options::default());
    parsed.definition?;
    // One execution is followed, and a Map Run's children are executions of their own.
    if definition.contains("DISTRIBUTED") {
        return None;
    }
    let value: Value = serde_json::from_str(definition).ok()?;
    let timeout_secs = value["TimeoutSeconds"].as_u64().and_then(|secs| u32::try_from(secs).ok());
    let mut workflow = Workflow {
        name,
        definition: definition.into(),
        input,
        timeout_secs,
        answers: Arc::new(Answers::Heard(Vec::new())),
    };
    let live = Some(Arc::new(outside));
    let heard = world::run(&workflow, Conditions { live, ..Conditions::fair(1) }).heard;
    workflow.answers = Arc::new(Answers::Heard(heard));
    Some(Subject::new(workflow))
}

fn text_of(definition: &Value) -> String {
    definition.as_str().map_or_else(|| definition.to_string(), str::to_owned)
}

fn read(file: &Path) -> Value {
    let text = std::fs::read_to_string(file).expect("a readable file");
    serde_json::from_str(&text).expect("JSON")
}

/// The JSON files below a folder, in order; none if it is not there.
fn files(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        for path in entries.map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "json") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
