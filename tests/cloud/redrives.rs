//! Redrive over DynamoDB and the queues, from the request to the end, whatever is delivered twice or lost.

use super::{chain, describe, stack, task};
use baton_tests::cloud::{CUE_QUEUE, Stack, TASK_QUEUE, Value};
use serde_json::json;

/// A Parallel of a branch that goes well and one that finds its way only after a redrive.
fn branches() -> Value {
    let mut work = task("work");
    work["End"] = json!(true);
    let good = json!({"StartAt": "Work", "States": {"Work": work}});
    let choice = json!({"Type": "Choice", "Choices": [
        {"Variable": "$$.Execution.RedriveCount", "NumericGreaterThan": 0, "Next": "Go on"}]});
    let late = json!({"StartAt": "Ready?", "States": {
        "Ready?": choice, "Go on": {"Type": "Pass", "End": true}}});
    chain(&[json!({"Type": "Pass"}), json!({"Type": "Parallel", "Branches": [good, late]})])
}

async fn history(stack: &mut Stack, execution: &str) -> Vec<String> {
    let request = json!({"executionArn": execution, "maxResults": 1000});
    let page = stack.ask("GetExecutionHistory", &request).await.expect("a history");
    let events = page["events"].as_array().expect("events").iter();
    events.map(|event| event["type"].as_str().expect("a type").to_owned()).collect()
}

async fn listed(stack: &mut Stack, machine: &str, status: &str) -> usize {
    let request = json!({"stateMachineArn": machine, "statusFilter": status});
    let page = stack.ask("ListExecutions", &request).await.expect("a page");
    page["executions"].as_array().expect("a list").len()
}

#[tokio::test]
async fn a_redriven_execution_goes_on_where_it_failed() {
    let mut stack = stack().await;
    let machine = stack.create("m", &branches()).await;
    let execution = stack.start(&machine, "n", &json!({"n": 1})).await;
    stack.run().await;
    let failed = describe(&mut stack, &execution).await;
    assert_eq!(
        (&failed["status"], &failed["redriveStatus"]),
        (&json!("FAILED"), &json!("REDRIVABLE"))
    );
    let before = history(&mut stack, &execution).await;
    let request = json!({"executionArn": execution, "clientToken": "once"});
    let redriven = stack.ask("RedriveExecution", &request).await.expect("redriven");
    let again = stack.ask("RedriveExecution", &request).await.expect("the same");
    assert_eq!(again, redriven, "one token, one redrive");
    assert_eq!(listed(&mut stack, &machine, "RUNNING").await, 1);
    assert_eq!(listed(&mut stack, &machine, "FAILED").await, 0);
    stack.run().await;
    let ended = describe(&mut stack, &execution).await;
    assert_eq!((&ended["status"], &ended["redriveCount"]), (&json!("SUCCEEDED"), &json!(1)));
    assert_eq!(listed(&mut stack, &machine, "SUCCEEDED").await, 1);
    let after = history(&mut stack, &execution).await;
    let count = |types: &[String], wanted: &str| types.iter().filter(|it| *it == wanted).count();
    assert_eq!(count(&after, "ExecutionRedriven"), 1);
    // The branch that had gone well did not run again.
    assert_eq!(count(&before, "LambdaFunctionScheduled"), count(&after, "LambdaFunctionScheduled"));
    let refused = stack.ask("RedriveExecution", &json!({"executionArn": execution})).await;
    assert!(refused.unwrap_err().contains("SUCCEEDED and cannot be redriven"));
}

#[tokio::test]
async fn a_redrive_whose_queues_were_lost_is_found_by_the_doctor() {
    let mut stack = stack().await;
    let machine = stack.create("m", &branches()).await;
    let execution = stack.start(&machine, "n", &json!({"n": 1})).await;
    stack.run().await;
    stack.ask("RedriveExecution", &json!({"executionArn": execution})).await.expect("redriven");
    stack.cloud.lose_messages(&[CUE_QUEUE, TASK_QUEUE]);
    let later = stack.cloud.now().as_millisecond() + 7_200_000;
    stack.cloud.set_now(later);
    stack.run().await;
    assert_eq!(describe(&mut stack, &execution).await["status"], "RUNNING", "nothing moves it");
    stack.invoke(&json!({"doctor": {"repair": true}})).await.expect("it looks");
    stack.run().await;
    assert_eq!(describe(&mut stack, &execution).await["status"], "SUCCEEDED");
}
