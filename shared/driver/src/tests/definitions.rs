//! Machines for tests.

use serde_json::{Value, json};

pub(super) const FUNCTION: &str = "arn:aws:lambda:us-east-1:111111111111:function:f";
pub(super) const CALLBACK: &str = "arn:aws:states:::sqs:sendMessage.waitForTaskToken";

/// Pass, then end.
pub(super) fn passes(count: u32) -> Value {
    let states: serde_json::Map<String, Value> = (1..=count)
        .map(|number| {
            let state = if number == count {
                json!({"Type": "Pass", "End": true})
            } else {
                json!({"Type": "Pass", "Next": format!("P{}", number + 1)})
            };
            (format!("P{number}"), state)
        })
        .collect();
    json!({"StartAt": "P1", "States": states})
}

/// One state that is the whole machine.
pub(super) fn only(name: &str, state: Value) -> Value {
    json!({"StartAt": name, "States": {name: with(state, json!({"End": true}))}})
}

/// A function's call with more fields.
pub(super) fn task(fields: Value) -> Value {
    with(json!({"Type": "Task", "Resource": FUNCTION}), fields)
}

/// A callback with more fields.
pub(super) fn callback(fields: Value) -> Value {
    let parameters = json!({"MessageBody": {"token.$": "$$.Task.Token"}, "QueueUrl": "q"});
    with(json!({"Type": "Task", "Resource": CALLBACK, "Parameters": parameters}), fields)
}

/// A job with more fields.
pub(super) fn job(fields: Value) -> Value {
    with(
        json!({"Type": "Task", "Resource": "arn:aws:states:::glue:startJobRun.sync", "Parameters": {"JobName": "j"}}),
        fields,
    )
}

/// A Map over `count` numbers, whose iterations call a function.
pub(super) fn map(count: u32, concurrency: u32) -> Value {
    let items: Vec<u32> = (0..count).collect();
    json!({"StartAt": "Items", "States": {
        "Items": {"Type": "Pass", "Result": items, "Next": "Each"},
        "Each": {"Type": "Map", "MaxConcurrency": concurrency, "End": true,
            "ItemProcessor": only("Call", task(json!({})))},
    }})
}

/// Waits, retries, branches, iterations within a branch, and a failure that is caught.
pub(super) fn everything() -> Value {
    let retry = json!([{"ErrorEquals": ["States.ALL"], "MaxAttempts": 20}]);
    let each = json!({"Type": "Map", "MaxConcurrency": 2, "ItemsPath": "$.items", "End": true,
        "ItemProcessor": only("Call", task(json!({"Retry": retry})))});
    let fails = json!({"StartAt": "Pause", "States": {
        "Pause": {"Type": "Wait", "Seconds": 3, "Next": "Break"},
        "Break": {"Type": "Fail", "Error": "Broken"},
    }});
    json!({"StartAt": "Begin", "States": {
        "Begin": {"Type": "Pass", "Result": {"items": [1, 2, 3, 4, 5]}, "Next": "Call first"},
        "Call first": with(task(json!({"Retry": retry})), json!({"Next": "Wait"})),
        "Wait": {"Type": "Wait", "Seconds": 10, "Next": "Both"},
        "Both": {"Type": "Parallel", "Next": "Risky", "Branches": [
            {"StartAt": "Each", "States": {"Each": each}},
            passes(3),
        ]},
        "Risky": {"Type": "Parallel", "Branches": [fails, {"StartAt": "Long", "States": {
                "Long": {"Type": "Wait", "Seconds": 60, "End": true}}}],
            "Catch": [{"ErrorEquals": ["Broken"], "ResultPath": null, "Next": "Done"}], "End": true},
        "Done": {"Type": "Succeed"},
    }})
}

fn with(mut state: Value, more: Value) -> Value {
    let (Value::Object(fields), Value::Object(more)) = (&mut state, more) else {
        panic!("states are objects");
    };
    fields.extend(more);
    state
}
