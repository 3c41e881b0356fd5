//! Task tokens: bound to one attempt, by a key that can be changed.

use crate::{ask, chain, describe, stack};
use baton_tests::cloud::{Stack, Value};
use serde_json::json;

async fn asked(stack: &mut Stack, machine: &str, name: &str) -> (String, String) {
    let execution = stack.start(machine, name, &json!({})).await;
    let until = stack.cloud.now().as_millisecond();
    stack.run_until(until).await;
    let payload = stack.invoked.lock().unwrap().pop().expect("somebody was asked");
    let payload: Value = serde_json::from_str(&payload).unwrap();
    (execution, payload["token"].as_str().unwrap().to_owned())
}

async fn answer(stack: &mut Stack, token: &str) -> Result<Value, String> {
    stack.ask("SendTaskSuccess", &json!({"taskToken": token, "output": "1"})).await
}

fn asking() -> Value {
    chain(&[ask(&json!({"token.$": "$$.Task.Token"}))])
}

#[tokio::test]
async fn tokens_outlive_one_rotation_of_the_key_and_no_second() {
    let mut stack = stack().await;
    let machine = stack.create("m", &asking()).await;
    let (first, first_token) = asked(&mut stack, &machine, "first").await;
    let (_, lost_token) = asked(&mut stack, &machine, "lost").await;
    stack.cloud.rotate_secret(&"n".repeat(64));
    stack.redeploy().await;
    let (second, second_token) = asked(&mut stack, &machine, "second").await;
    answer(&mut stack, &first_token).await.unwrap();
    answer(&mut stack, &second_token).await.unwrap();
    stack.cloud.rotate_secret(&"o".repeat(64));
    stack.redeploy().await;
    let refused = answer(&mut stack, &lost_token).await.unwrap_err();
    assert!(refused.contains("InvalidToken"), "{refused}");
    stack.run().await;
    for execution in [first, second] {
        assert_eq!(describe(&mut stack, &execution).await["status"], "SUCCEEDED");
    }
}

#[tokio::test]
async fn a_token_counts_for_its_own_attempt_alone() {
    let mut stack = stack().await;
    let mut state = ask(&json!({"token.$": "$$.Task.Token"}));
    state["Retry"] = json!([{"ErrorEquals": ["Again"], "IntervalSeconds": 1, "MaxAttempts": 3}]);
    let machine = stack.create("m", &chain(&[state])).await;
    let (execution, first) = asked(&mut stack, &machine, "n").await;
    let failure = json!({"taskToken": first, "error": "Again"});
    stack.ask("SendTaskFailure", &failure).await.unwrap();
    let until = stack.cloud.now().as_millisecond() + 2_000;
    stack.run_until(until).await;
    let payload = stack.invoked.lock().unwrap().pop().unwrap();
    let payload: Value = serde_json::from_str(&payload).unwrap();
    let second = payload["token"].as_str().unwrap().to_owned();
    assert_ne!(first, second);
    // In its middle, where every bit counts.
    let (head, tail) = second.split_at(50);
    let changed = format!("{head}{}{}", if tail.starts_with('A') { "B" } else { "A" }, &tail[1..]);
    for wrong in [&first, &changed, &"A".repeat(300), &String::from("é")] {
        assert!(answer(&mut stack, wrong).await.is_err(), "{wrong}");
    }
    answer(&mut stack, &second).await.unwrap();
    assert!(answer(&mut stack, &second).await.unwrap_err().contains("TaskTimedOut"));
    stack.run().await;
    assert_eq!(describe(&mut stack, &execution).await["status"], "SUCCEEDED");
}
