//! What the log says, and what it must not say.

use crate::{ask, chain, describe, stack, task};
use baton_tests::cloud::{Fault, Log};
use serde_json::json;

/// A text that is in every payload and nowhere else.
const SECRET: &str = "Zx9QsecretQx9Z";

#[tokio::test]
async fn no_payload_and_no_token_is_in_the_log_at_any_level() {
    let log = Log::default();
    log.collect_all("trace");
    let mut stack = stack().await;
    let states = [
        json!({"Type": "Pass", "Parameters": {"copy.$": "$"}}),
        task("f"),
        ask(&json!({"token.$": "$$.Task.Token", "value.$": "$"})),
        json!({"Type": "Fail", "ErrorPath": "$.copy.error", "CausePath": "$.copy.error"}),
    ];
    let mut definition = chain(&states);
    definition["States"]["S3"].as_object_mut().unwrap().remove("End");
    definition["States"]["S2"]["ResultPath"] = json!("$.answer");
    let machine = stack.create("m", &definition).await;
    let mut draws = 0;
    stack.cloud.disturb(move |_| {
        draws += 1;
        (draws % 11 == 0).then_some(Fault::Throttled)
    });
    let input = json!({"error": SECRET, "text": SECRET.repeat(3)});
    let Ok(started) = stack
        .ask(
            "StartExecution",
            &json!({"stateMachineArn": machine, "name": "n", "input": input.to_string()}),
        )
        .await
    else {
        panic!("the start was refused");
    };
    let execution = started["executionArn"].as_str().unwrap().to_owned();
    let until = stack.cloud.now().as_millisecond() + 100_000;
    stack.run_until(until).await;
    let token = {
        let invoked = stack.invoked.lock().unwrap();
        let payload: serde_json::Value = serde_json::from_str(invoked.last().unwrap()).unwrap();
        payload["token"].as_str().unwrap().to_owned()
    };
    stack.cloud.calm();
    for refused in ["SendTaskFailure", "SendTaskHeartbeat"] {
        let _ =
            stack.ask(refused, &json!({"taskToken": format!("{token}x"), "cause": SECRET})).await;
    }
    let answer = json!({"taskToken": token, "output": json!({"is": SECRET}).to_string()});
    stack.ask("SendTaskSuccess", &answer).await.unwrap();
    stack.run().await;
    let described = describe(&mut stack, &execution).await;
    assert_eq!((&described["status"], &described["error"]), (&json!("FAILED"), &json!(SECRET)));
    let said = log.take();
    assert!(said.contains("cue taken"), "nothing was collected");
    for hidden in [SECRET, token.as_str(), &token[..40], &"s".repeat(64)] {
        let line = said.lines().find(|line| line.contains(hidden));
        assert!(line.is_none(), "{}", line.unwrap());
    }
}
