//! Cues that can never be taken.

use crate::{chain, describe, stack};
use baton_tests::cloud::{CUE_QUEUE, DEAD_QUEUE, Fault, KEPT_QUEUE};
use serde_json::json;

#[tokio::test]
async fn a_poison_cue_ends_its_execution_and_is_kept() {
    let mut stack = stack().await;
    let machine =
        stack.create("m", &chain(&[json!({"Type": "Pass"}), json!({"Type": "Pass"})])).await;
    let execution = stack.start(&machine, "sick", &json!({})).await;
    let healthy = stack.start(&machine, "well", &json!({})).await;
    // Every second record of the sick one is refused, by the transition function alone.
    stack.cloud.disturb(|request| {
        let is_it = request.function == "transition"
            && request.operation == "PutItem"
            && request.body.contains(":sick");
        is_it.then_some(Fault::Throttled)
    });
    stack.run().await;
    let described = describe(&mut stack, &execution).await;
    assert_eq!(described["status"], "FAILED");
    assert_eq!(described["error"], "States.Runtime");
    let cause = described["cause"].as_str().unwrap();
    assert!(cause.contains("delivered over and over"), "{cause}");
    assert_eq!(describe(&mut stack, &healthy).await["status"], "SUCCEEDED");
    let kept = stack.cloud.messages(KEPT_QUEUE);
    assert!(!kept.is_empty() && kept.iter().all(|message| message.body.contains(":sick")));
    assert!(
        stack.cloud.messages(CUE_QUEUE).is_empty() && stack.cloud.messages(DEAD_QUEUE).is_empty()
    );
    let history =
        stack.ask("GetExecutionHistory", &json!({"executionArn": execution})).await.unwrap();
    let events = history["events"].as_array().unwrap();
    assert_eq!(events.last().unwrap()["type"], "ExecutionFailed");
}

#[tokio::test]
async fn a_message_that_is_no_cue_is_kept_and_harms_nobody() {
    let mut stack = stack().await;
    let machine = stack.create("m", &chain(&[json!({"Type": "Pass"})])).await;
    stack.cloud.send(CUE_QUEUE, "not a cue");
    stack.cloud.send(CUE_QUEUE, r#"{"v":9,"d":{}}"#);
    let execution = stack.start(&machine, "n", &json!({})).await;
    stack.run().await;
    assert_eq!(describe(&mut stack, &execution).await["status"], "SUCCEEDED");
    let kept: Vec<String> =
        stack.cloud.messages(KEPT_QUEUE).into_iter().map(|message| message.body).collect();
    assert_eq!(kept, ["not a cue", r#"{"v":9,"d":{}}"#]);
}

#[tokio::test]
async fn an_execution_that_cannot_be_ended_yet_is_ended_later() {
    let mut stack = stack().await;
    let machine = stack.create("m", &chain(&[json!({"Type": "Pass"})])).await;
    let execution = stack.start(&machine, "n", &json!({})).await;
    let mut refusals = 0;
    stack.cloud.disturb(move |request| {
        let is_burial = request.function == "dead-letter" && request.operation == "PutItem";
        refusals += u32::from(is_burial);
        let is_refused = request.operation == "PutItem"
            && (request.function == "transition" || is_burial && refusals < 3);
        is_refused.then_some(Fault::Throttled)
    });
    stack.run().await;
    assert_eq!(describe(&mut stack, &execution).await["status"], "FAILED");
    assert!(!stack.cloud.messages(KEPT_QUEUE).is_empty());
}
