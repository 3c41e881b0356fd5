//! RedriveExecution, and what the other operations tell of it.

use super::{World, only};
use serde_json::{Value, json};

/// A machine whose first state finds its way only after a redrive.
async fn failed(world: &World) -> (String, String) {
    let choice = json!({"StartAt": "C", "States": {
        "C": {"Type": "Choice", "Choices": [{"Variable": "$$.Execution.RedriveCount",
            "NumericGreaterThan": 0, "Next": "Good"}]},
        "Good": {"Type": "Succeed"},
    }});
    let machine = world.create("m", &choice).await;
    let execution = world.start(&machine, "x").await;
    world.drain().await;
    (machine, execution)
}

#[tokio::test]
async fn a_redriven_execution_is_described_listed_and_told() {
    let world = World::new();
    let failing = only(json!({"Type": "Fail", "Error": "E"}));
    let machine = world.create("m", &failing).await;
    let execution = world.start(&machine, "x").await;
    world.drain().await;
    let arn = json!({"executionArn": execution});
    let described = world.call("DescribeExecution", arn.clone()).await;
    assert_eq!(
        (&described["redriveCount"], &described["redriveStatus"]),
        (&json!(0), &json!("REDRIVABLE"))
    );
    assert_eq!(described.get("redriveDate"), None);
    world.pass(3_600);
    let request = json!({"executionArn": execution, "clientToken": "once"});
    let redriven = world.call("RedriveExecution", request.clone()).await;
    let running = world.call("DescribeExecution", arn.clone()).await;
    assert_eq!((&running["status"], running.get("error")), (&json!("RUNNING"), None));
    assert_eq!(
        (&running["redriveCount"], &running["redriveDate"]),
        (&json!(1), &redriven["redriveDate"])
    );
    assert_eq!(running["redriveStatusReason"], "Execution is RUNNING and cannot be redriven");
    assert_eq!(running.get("stopDate"), None);
    assert_eq!(
        world.refusal("RedriveExecution", arn.clone()).await,
        "ExecutionNotRedrivable: Execution is RUNNING and cannot be redriven"
    );
    assert_eq!(world.call("RedriveExecution", request).await, redriven, "the same request again");
    world.drain().await;
    let listed = world
        .call("ListExecutions", json!({"stateMachineArn": machine, "statusFilter": "FAILED"}))
        .await;
    let item = &listed["executions"][0];
    assert_eq!(
        (&item["redriveCount"], &item["redriveDate"]),
        (&json!(1), &redriven["redriveDate"])
    );
    let history = world.call("GetExecutionHistory", arn).await;
    let events = history["events"].as_array().unwrap();
    let types: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(
        types,
        [
            "ExecutionStarted",
            "FailStateEntered",
            "ExecutionFailed",
            "ExecutionRedriven",
            "ExecutionFailed"
        ]
    );
    assert_eq!(events[3]["executionRedrivenEventDetails"], json!({"redriveCount": 1}));
}

#[tokio::test]
async fn a_choice_decides_again_and_the_output_is_the_new_one() {
    let world = World::new();
    let (machine, execution) = failed(&world).await;
    world.call("RedriveExecution", json!({"executionArn": execution})).await;
    world.drain().await;
    let described = world.call("DescribeExecution", json!({"executionArn": execution})).await;
    assert_eq!(described["status"], "SUCCEEDED");
    let none = world
        .call("ListExecutions", json!({"stateMachineArn": machine, "statusFilter": "FAILED"}))
        .await;
    assert_eq!(none["executions"], json!([]));
    assert_eq!(
        world.refusal("RedriveExecution", json!({"executionArn": execution})).await,
        "ExecutionNotRedrivable: Execution is SUCCEEDED and cannot be redriven"
    );
}

#[tokio::test]
async fn what_cannot_be_redriven_says_why() {
    let world = World::new();
    let (machine, execution) = failed(&world).await;
    let refused = async |request: Value| world.refusal("RedriveExecution", request).await;
    assert_eq!(
        refused(json!({"executionArn": format!("{execution}y")})).await,
        format!("ExecutionDoesNotExist: Execution Does Not Exist: '{execution}y'")
    );
    for token in ["", "a b", "ü", &"x".repeat(65)] {
        let refusal = refused(json!({"executionArn": execution, "clientToken": token})).await;
        assert!(refusal.contains("at 'clientToken' failed to satisfy constraint"), "{refusal}");
    }
    let express = "arn:aws:states:us-east-1:111111111111:express:m:x:1";
    assert_eq!(
        refused(json!({"executionArn": express})).await,
        "InvalidArn: Invalid Arn: 'Resource type not valid in this context: express'"
    );
    world.call("DeleteStateMachine", json!({"stateMachineArn": machine})).await;
    let described = world.call("DescribeExecution", json!({"executionArn": execution})).await;
    assert_eq!(described["redriveStatusReason"], "State machine is in DELETING status");
    assert_eq!(
        refused(json!({"executionArn": execution})).await,
        "ExecutionNotRedrivable: State machine is in DELETING status"
    );
}
