//! Definitions that AWS answered on: those it accepted are accepted, those it refused are refused in its
//! words. The recordings are a folder beside the checkout; where it is absent there is nothing to check.

use crate::{
    Diagnostic, MachineType, Options, Parsed, Severity, StateName, aws_message, parse, parse_state,
};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn what_aws_accepts_is_accepted() {
    let Some(folder) = recordings() else { return };
    let mut checked = 0;
    let mut refused = String::new();
    for (file, case) in
        cases(&folder, &["executions", "api", "test_state", "tables/choice_operators"])
    {
        for (text, machine_type) in accepted_definitions(&case) {
            checked += 1;
            let parsed = parse_any(&text, machine_type);
            let mut errors = errors(&parsed).peekable();
            if errors.peek().is_some() {
                let list = render(&parsed, &text);
                refused += &format!("{} {}\n{list}\n", file.display(), case["id"]);
            }
        }
    }
    assert!(checked > 500, "only {checked} definitions found");
    assert!(refused.is_empty(), "refused:\n{refused}");
}

#[test]
fn what_aws_refuses_is_refused_in_its_words() {
    let Some(folder) = recordings() else { return };
    let mut checked = 0;
    for (file, case) in cases(&folder, &["definitions", "api", "test_state"]) {
        let calls =
            ["calls", "steps"].into_iter().filter_map(|name| case[name].as_array()).flatten();
        let whole =
            case.get("error").map(|error| json!({"params": case["state_machine"], "error": error}));
        for call in calls.cloned().chain(whole) {
            if call["error"]["code"] == "InvalidDefinition" {
                checked += 1;
                let text = text_of(&call["params"]["definition"]);
                let parsed = parse_any(&text, machine_type(&call["params"]));
                assert_eq!(
                    aws_message(&parsed.diagnostics),
                    call["error"]["message"],
                    "{}",
                    file.display()
                );
            }
        }
    }
    assert!(checked >= 3, "only {checked} refusals found");
}

#[test]
fn validation_answers_as_recorded() {
    let Some(folder) = recordings() else { return };
    let mut checked = 0;
    for (_, case) in cases(&folder, &["validation"]) {
        for call in case["calls"].as_array().into_iter().flatten() {
            checked += 1;
            let text = text_of(&call["params"]["definition"]);
            let parsed = parse_any(&text, machine_type(&call["params"]));
            let answer: Vec<Value> = parsed.diagnostics.iter().map(answered).collect();
            assert_eq!(json!(answer), call["response"]["diagnostics"], "{}", case["id"]);
        }
    }
    assert!(checked >= 8, "only {checked} validations found");
}

#[test]
fn variable_references_are_as_recorded() {
    let Some(folder) = recordings() else { return };
    let mut checked = 0;
    for (_, case) in cases(&folder, &["api"]) {
        let steps: Vec<&Value> = case["steps"].as_array().into_iter().flatten().collect();
        for (created, described) in steps.iter().zip(steps.iter().skip(1)) {
            let is_pair =
                created["op"] == "CreateStateMachine" && described["op"] == "DescribeStateMachine";
            let text = text_of(&created["params"]["definition"]);
            if !is_pair || described.get("response").is_none() {
                continue;
            }
            let Some(definition) = parse_any(&text, machine_type(&created["params"])).definition
            else {
                panic!("{text} is refused")
            };
            checked += 1;
            let references = definition.variable_references();
            let recorded = described["response"].get("variableReferences").cloned();
            assert_eq!(json!(references), recorded.unwrap_or(json!({})), "{}", case["id"]);
        }
    }
    assert!(checked > 10, "only {checked} descriptions found");
}

fn recordings() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance");
    if !folder.is_dir() {
        println!("no recordings at {}: nothing is checked", folder.display());
        return None;
    }
    Some(folder)
}

fn cases(folder: &Path, parts: &[&str]) -> Vec<(PathBuf, Value)> {
    let mut cases = Vec::new();
    for part in parts {
        let mut files: Vec<PathBuf> =
            fs::read_dir(folder.join(part)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for file in files {
            let read: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
            let read = read.as_array().cloned().unwrap_or(vec![read]);
            cases.extend(read.into_iter().map(|case| (file.clone(), case)));
        }
    }
    cases
}

/// Every definition in a case, but for those of calls that AWS answered with an error.
fn accepted_definitions(case: &Value) -> Vec<(String, MachineType)> {
    let mut found = Vec::new();
    let mut waiting = vec![case];
    while let Some(value) = waiting.pop() {
        let is_call = value.get("op").is_some();
        let is_create = value["op"] == "CreateStateMachine" || value["op"] == "UpdateStateMachine";
        let has_failed = value.get("error").is_some() || value.get("fails").is_some();
        let is_validation = value["op"] == "ValidateStateMachineDefinition";
        let is_test = value["op"] == "TestState";
        if is_call && (has_failed || is_validation || !(is_create || is_test)) {
            continue;
        }
        for name in ["definition", "definition_text"] {
            if let Some(definition) = value.get(name) {
                found.push((text_of(definition), machine_type(value)));
            }
        }
        waiting.extend(value.as_object().into_iter().flatten().map(|(_, member)| member));
        waiting.extend(value.as_array().into_iter().flatten());
    }
    found
}

/// A definition's text, with what an earlier call answered put in.
fn text_of(definition: &Value) -> String {
    let text = definition.as_str().map_or_else(|| definition.to_string(), str::to_owned);
    let activity = "arn:aws:states:us-east-1:111111111111:activity:a";
    text.replace("${0.activityArn}", activity)
}

fn machine_type(params: &Value) -> MachineType {
    match params["type"].as_str() {
        Some("EXPRESS") => MachineType::Express,
        _ => MachineType::Standard,
    }
}

/// TestState also takes a single state.
fn parse_any(text: &str, machine_type: MachineType) -> Parsed {
    let options = Options { machine_type, ..Options::default() };
    let is_state = serde_json::from_str(text)
        .is_ok_and(|value: Value| value.get("Type").is_some() && value.get("States").is_none());
    if is_state {
        parse_state(text, &StateName::parse("State").unwrap(), &options)
    } else {
        parse(text, &options)
    }
}

fn errors(parsed: &Parsed) -> impl Iterator<Item = &Diagnostic> {
    parsed.diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error)
}

fn render(parsed: &Parsed, text: &str) -> String {
    errors(parsed).map(|error| error.render(text, "definition")).collect()
}

fn answered(diagnostic: &Diagnostic) -> Value {
    let mut answer = json!({
        "code": diagnostic.code.as_str(),
        "message": diagnostic.message,
        "severity": diagnostic.severity.as_str(),
    });
    if let Some(location) = &diagnostic.location {
        answer["location"] = json!(location);
    }
    answer
}
