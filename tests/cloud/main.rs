//! The stack's functions over an AWS in memory: what its guards, its timers and its secrets do when something is wrong.

mod calls;
mod crowd;
mod doctor;
mod faults;
mod jobs;
mod lists;
mod maps;
mod poison;
mod redrives;
mod rollback;
mod security;
mod timers;

use baton_tests::cloud::{Stack, Terms, Value};
use serde_json::json;

/// A stack whose invocations get up to ten messages.
async fn stack() -> Stack {
    Stack::new(Terms { batch: 10, call_secs: 0.0 }).await
}

/// How an execution stands.
async fn describe(stack: &mut Stack, execution: &str) -> Value {
    stack.ask("DescribeExecution", &json!({"executionArn": execution})).await.expect("it is there")
}

/// States that follow each other.
fn chain(states: &[Value]) -> Value {
    let mut named = serde_json::Map::new();
    for (at, state) in states.iter().enumerate() {
        let mut state = state.clone();
        if at + 1 == states.len() {
            state["End"] = json!(true);
        } else {
            state["Next"] = json!(format!("S{}", at + 1));
        }
        named.insert(format!("S{at}"), state);
    }
    json!({"StartAt": "S0", "States": named})
}

fn task(name: &str) -> Value {
    json!({"Type": "Task", "Resource": format!("arn:aws:lambda:us-east-1:123456789012:function:{name}")})
}

fn ask(payload: &Value) -> Value {
    json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": {"FunctionName": "ask", "Payload": payload},
    })
}
