//! Transitions a second of the interpreter alone.

use crate::clock::CoreTime;
use crate::measure::{Table, median};
use crate::run::Machine;
use serde_json::{Value, json};

const ROUNDS: usize = 5;
const TRANSITIONS: u32 = 100_000;
/// How many pairs of states the machine has that is all Pass and Choice.
const PAIRS: u32 = 500;

pub fn transitions(table: &mut Table) {
    add(table, "Pass and Choice by paths", &plain(), "500,000");
    add(table, "Pass with Parameters and an intrinsic, Choice", &jsonpath(), "");
    add(table, "the same in JSONata", &jsonata(), "");
}

fn add(table: &mut Table, what: &str, definition: &Value, goal: &str) {
    let input = json!({"order": {"id": 7, "customer": "c-1"}, "n": 0, "max": TRANSITIONS});
    let machine = Machine::new(definition, input.into());
    let rounds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let watch = CoreTime::start();
            machine.run(TRANSITIONS);
            f64::from(TRANSITIONS) / watch.secs()
        })
        .collect();
    let rate = format!("{:.0} transitions/s", median(&rounds));
    table.add(what, rate, String::new(), String::new(), goal);
}

/// Pairs of a Pass and a Choice that reads the payload, in a circle.
fn plain() -> Value {
    let mut states = serde_json::Map::new();
    for index in 0..PAIRS {
        states.insert(format!("P{index}"), json!({
            "Type": "Pass", "Result": "ok", "ResultPath": "$.state", "Next": format!("C{index}"),
        }));
        states.insert(
            format!("C{index}"),
            json!({
                "Type": "Choice", "Default": "End",
                "Choices": [
                    {"Variable": "$.order.customer", "StringEquals": "c-2", "Next": "End"},
                    {"And": [{"Variable": "$.n", "NumericLessThanPath": "$.max"},
                             {"Variable": "$.order.id", "IsPresent": true}],
                     "Next": format!("P{}", (index + 1) % PAIRS)},
                ],
            }),
        );
    }
    states.insert("End".to_owned(), json!({"Type": "Succeed"}));
    json!({"StartAt": "P0", "States": states})
}

/// Counts on and on.
fn jsonpath() -> Value {
    json!({"StartAt": "Add", "States": {
        "Add": {"Type": "Pass", "Next": "Check", "Parameters": {
            "n.$": "States.MathAdd($.n, 1)", "order.$": "$.order", "max.$": "$.max"}},
        "Check": {"Type": "Choice", "Default": "End", "Choices": [
            {"Variable": "$.n", "NumericLessThanPath": "$.max", "Next": "Add"}]},
        "End": {"Type": "Succeed"},
    }})
}

fn jsonata() -> Value {
    json!({"StartAt": "Add", "QueryLanguage": "JSONata", "States": {
        "Add": {"Type": "Pass", "Next": "Check", "Output": {
            "n": "{% $states.input.n + 1 %}", "order": "{% $states.input.order %}",
            "max": "{% $states.input.max %}"}},
        "Check": {"Type": "Choice", "Default": "End", "Choices": [
            {"Condition": "{% $states.input.n < $states.input.max %}", "Next": "Add"}]},
        "End": {"Type": "Succeed"},
    }})
}
