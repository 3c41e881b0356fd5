//! JSONata's own test suite, where it is present beside the checkout.
//!
//! A case of [`DIFFERENCES`] must differ: one that agrees fails the test, so that the list stays true.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use jsonata_core::value::JValue;
use serde_json::Value;

use crate::convert::{Budget, Digits, enter};
use crate::evaluation::evaluate_on;
use crate::testing::{Counted, Given};
use crate::{Environment, EvalError, Exceeded, Expression, Limits};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/conformance/jsonata");

/// Cases, or groups of them, in which Step Functions or this crate differ from the suite.
const DIFFERENCES: &[(&str, &str)] = &[
    ("function-eval/", "Step Functions has no $eval"),
    ("function-tomillis/parseDateTime/28", "it asks for today, and time is an argument"),
    ("tail-recursion/case002", "it wants a limit of 302 levels, the suite's own"),
    ("tail-recursion/case006", "a tail call takes no stack: the time limit ends it"),
];

#[test]
fn the_suite_agrees_but_for_the_known_differences() {
    let Ok(cases) = fs::read_to_string(Path::new(FOLDER).join("cases.jsonl")) else {
        println!("the JSONata suite is not present: nothing was compared");
        return;
    };
    let datasets = fs::read_to_string(Path::new(FOLDER).join("datasets.json")).unwrap();
    let datasets: BTreeMap<String, Value> = serde_json::from_str(&datasets).unwrap();
    let (mut passed, mut differed, mut wrong) = (0, 0, Vec::new());
    for line in cases.lines() {
        // Two cases hold half a surrogate pair, which no string of Rust can.
        let Ok(case) = serde_json::from_str::<Value>(line) else {
            differed += 1;
            continue;
        };
        let id = case["id"].as_str().unwrap();
        let expected = expectation(&case);
        let found = outcome(&case, &datasets);
        let known = DIFFERENCES.iter().any(|(known, _)| id.starts_with(known));
        match (agree(&expected, &found), known) {
            (true, false) => passed += 1,
            (false, true) => differed += 1,
            (true, true) => wrong.push(format!("{id}: agrees, but is listed as a difference")),
            (false, false) => wrong.push(format!(
                "{id}: {}\n    expected {expected}\n    found    {found}",
                case["expr"]
            )),
        }
    }
    println!("JSONata suite: {passed} passed, {differed} known differences, {} wrong", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn expectation(case: &Value) -> String {
    match (case.get("result"), case.get("code").and_then(Value::as_str)) {
        (Some(result), _) => result.to_string(),
        (None, Some(code)) => code.to_owned(),
        (None, None) => case["error"]["code"].as_str().unwrap_or("undefined").to_owned(),
    }
}

fn outcome(case: &Value, datasets: &BTreeMap<String, Value>) -> String {
    let expression = match Expression::parse(case["expr"].as_str().unwrap()) {
        Ok(expression) => expression,
        Err(error) => return error.to_string(),
    };
    let given = Given(case.get("bindings").cloned().unwrap_or_default());
    let data = match (case.get("data"), &case["dataset"]) {
        (Some(data), _) => Some(data),
        (None, Value::String(name)) => Some(&datasets[name]),
        (None, _) => None,
    };
    let environment = Environment::new(&given);
    let input = data.map_or(JValue::Undefined, |data| enter(data, &Digits::default()).unwrap());
    let millis = case["timelimit"].as_u64().unwrap_or(10_000);
    let limits = Limits {
        time: Duration::from_millis(millis),
        sequence_length: 10_000_000,
        ..Limits::default()
    };
    let mut budget = Budget::new(limits.output_bytes);
    let result = evaluate_on(
        &input,
        &expression.0,
        &environment,
        &mut Counted::default(),
        &limits,
        &mut budget,
    );
    match result {
        Ok(value) => value.to_string(),
        Err(EvalError::Undefined) => "undefined".to_owned(),
        Err(EvalError::Exceeded(Exceeded::Stack)) => "U1001".to_owned(),
        Err(error) => error.to_string(),
    }
}

/// Values by what they say; errors by their code, which comes first.
fn agree(expected: &str, found: &str) -> bool {
    match (serde_json::from_str::<Value>(expected), serde_json::from_str::<Value>(found)) {
        (Ok(expected), Ok(found)) => same(&expected, &found),
        (Err(_), Err(_)) => found.split([':', ' ']).any(|word| word == expected),
        _ => false,
    }
}

fn same(expected: &Value, found: &Value) -> bool {
    match (expected, found) {
        (Value::Number(expected), Value::Number(found)) => expected.as_f64() == found.as_f64(),
        (Value::Array(expected), Value::Array(found)) => {
            expected.len() == found.len()
                && expected.iter().zip(found).all(|(expected, found)| same(expected, found))
        }
        (Value::Object(expected), Value::Object(found)) => {
            expected.len() == found.len()
                && expected.iter().all(|(name, expected)| {
                    found.get(name).is_some_and(|found| same(expected, found))
                })
        }
        (expected, found) => expected == found,
    }
}
