//! Nested executions: started, waited for, and stopped with their parents.

use super::{MACHINE, ROLE, World, only, pass};
use baton_engine::{Claim, Cue, Moment, ScopePath, Sequence, Signal};
use baton_store::documents::{ExpressStart, find};
use baton_store::{ExecutionArn, Journal as _};
use jiff::SignedDuration;
use serde_json::{Value, json};

const PARENT: &str = "arn:aws:states:us-east-1:111111111111:execution:parent:p";

fn nested(pattern: &str, fields: Value) -> Value {
    let mut state = json!({
        "Type": "Task", "Resource": format!("arn:aws:states:::states:startExecution{pattern}"),
        "Parameters": {"StateMachineArn": MACHINE, "Name": "c", "Input": {"x": 1}}, "End": true,
    });
    state.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    state
}

fn waiting() -> Value {
    only(json!({"Type": "Wait", "Seconds": 1000, "End": true}))
}

/// A parent of this state whose child runs this.
async fn started(parent: Value, child: &Value) -> World {
    let world = World::new();
    world.create("m", child).await;
    let machine = world.create("parent", &only(parent)).await;
    world.start(&machine, "p").await;
    world.drain().await;
    world
}

async fn described(world: &World, arn: &str) -> Value {
    world.call("DescribeExecution", json!({"executionArn": arn})).await
}

async fn child_status(world: &World) -> Value {
    let arn = "arn:aws:states:us-east-1:111111111111:execution:m:c";
    described(world, arn).await["status"].clone()
}

/// The parent's output, parsed.
async fn output(world: &World) -> Value {
    let parent = described(world, PARENT).await;
    assert_eq!(parent["status"], "SUCCEEDED", "{parent}");
    serde_json::from_str(parent["output"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn a_child_that_ends_wakes_its_parent_without_any_time_going_by() {
    for (pattern, input, result) in [
        (".sync", json!("{\"x\":1}"), json!("{\"a\":1}")),
        (".sync:2", json!({"x": 1}), json!({"a": 1})),
    ] {
        let world = started(nested(pattern, json!({})), &pass()).await;
        let output = output(&world).await;
        assert_eq!((&output["Input"], &output["Output"]), (&input, &result), "{pattern}");
        assert_eq!(output.get("RedriveCount"), None);
    }
}

#[tokio::test]
async fn a_child_that_is_only_started_is_not_waited_for() {
    let world = started(nested("", json!({})), &waiting()).await;
    assert!(output(&world).await["ExecutionArn"].is_string());
    assert_eq!(child_status(&world).await, "RUNNING");
}

#[tokio::test]
async fn however_a_child_fails_the_task_fails_with_its_description() {
    let fails = only(json!({"Type": "Fail", "Error": "E", "Cause": "why"}));
    let world = started(nested(".sync", json!({})), &fails).await;
    let parent = described(&world, PARENT).await;
    assert_eq!(
        (&parent["status"], &parent["error"]),
        (&json!("FAILED"), &json!("States.TaskFailed"))
    );
    let cause: Value = serde_json::from_str(parent["cause"].as_str().unwrap()).unwrap();
    assert_eq!((&cause["Status"], &cause["Error"]), (&json!("FAILED"), &json!("E")));
}

#[tokio::test]
async fn whoever_stops_the_parent_stops_the_child() {
    let world = started(nested(".sync", json!({})), &waiting()).await;
    assert_eq!(child_status(&world).await, "RUNNING");
    world.call("StopExecution", json!({"executionArn": PARENT})).await;
    world.drain().await;
    assert_eq!(child_status(&world).await, "ABORTED");
}

#[tokio::test]
async fn a_task_whose_time_is_over_stops_its_child() {
    let fields =
        json!({"TimeoutSeconds": 5, "Catch": [{"ErrorEquals": ["States.Timeout"], "Next": "S2"}]});
    let mut parent = only(nested(".sync:2", fields));
    parent["States"]["S2"] = json!({"Type": "Wait", "Seconds": 500, "End": true});
    let world = World::new();
    world.create("m", &waiting()).await;
    let machine = world.create("parent", &parent).await;
    world.start(&machine, "p").await;
    world.drain().await;
    world.pass(5);
    world.drain().await;
    assert_eq!(child_status(&world).await, "ABORTED");
    assert_eq!(described(&world, PARENT).await["status"], "RUNNING");
}

#[tokio::test]
async fn a_branch_that_fails_stops_the_children_of_its_siblings() {
    let inner = json!({"StartAt": "Child", "States": {"Child": nested(".sync", json!({}))}});
    let outer = json!({"StartAt": "Inner", "States": {
        "Inner": {"Type": "Parallel", "Branches": [inner], "End": true},
    }});
    let fails = json!({"StartAt": "Pause", "States": {
        "Pause": {"Type": "Wait", "Seconds": 1, "Next": "Break"},
        "Break": {"Type": "Fail", "Error": "E"},
    }});
    let parent = json!({"Type": "Parallel", "Branches": [outer, fails], "End": true});
    let world = started(parent, &waiting()).await;
    assert_eq!(child_status(&world).await, "RUNNING");
    world.pass(1);
    world.drain().await;
    assert_eq!(described(&world, PARENT).await["error"], "E");
    assert_eq!(child_status(&world).await, "ABORTED");
}

#[tokio::test]
async fn a_child_whose_message_was_lost_is_asked_after_a_while() {
    let child = only(json!({"Type": "Wait", "Seconds": 100, "End": true}));
    let world = started(nested(".sync", json!({})), &child).await;
    world.pass(100);
    // The message that it ended gets lost.
    while let Some(next) = world.api.driver.backend().take_cue() {
        if next.cue.signal != Signal::Poll || next.cue.sequence != Sequence(0) {
            world.api.driver.take(&next.execution, &next.cue).await.unwrap();
        }
    }
    world.pass(1000);
    world.drain().await;
    assert_eq!(output(&world).await["Status"], "SUCCEEDED");
}

#[tokio::test]
async fn a_start_whose_worker_was_lost_is_made_again_and_starts_nothing_twice() {
    let world = World::new();
    world.create("m", &pass()).await;
    let machine = world.create("parent", &only(nested(".sync", json!({})))).await;
    world.start(&machine, "p").await;
    let (driver, arn) = (&world.api.driver, ExecutionArn::parse(PARENT).unwrap());
    // One worker started the child and died before it could say so; the child has ended since.
    let now = baton_store::Clock::now(&**driver.backend());
    let expires = now + SignedDuration::from_secs(1);
    let moment = Moment { millis: now.as_millisecond(), tick: 1 };
    let claim = Claim { moment, worker: "dead".into(), expires };
    let top = ScopePath::top();
    let call = Cue { scope: top.clone(), sequence: Sequence(0), signal: Signal::Perform };
    driver.backend().claim(&arn, &top, Sequence(0), &claim).await.unwrap();
    world.pass(2);
    driver.take(&arn, &call).await.unwrap();
    world.drain().await;
    assert_eq!(output(&world).await["Status"], "SUCCEEDED");
    let listed = world.call("ListExecutions", json!({"stateMachineArn": MACHINE})).await;
    assert_eq!(listed["executions"].as_array().unwrap().len(), 1);
}

const EXPRESS: &str = "arn:aws:states:us-east-1:111111111111:stateMachine:x";

/// A parent that waits for an Express child which runs this.
async fn with_express_child(pattern: &str, child: &Value) -> World {
    let world = World::new();
    let request = json!({
        "name": "x", "definition": child.to_string(), "roleArn": ROLE, "type": "EXPRESS",
    });
    world.call("CreateStateMachine", request).await;
    let mut state = nested(pattern, json!({}));
    state["Parameters"]["StateMachineArn"] = json!(EXPRESS);
    let machine = world.create("parent", &only(state)).await;
    world.start(&machine, "p").await;
    world.drain().await;
    world
}

#[tokio::test]
async fn an_express_child_is_waited_for_and_wakes_its_parent() {
    for (pattern, result) in [(".sync", json!("{\"a\":1}")), (".sync:2", json!({"a": 1}))] {
        let world = with_express_child(pattern, &pass()).await;
        let output = output(&world).await;
        assert_eq!((&output["Output"], &output["Status"]), (&result, &json!("SUCCEEDED")));
        assert!(output["ExecutionArn"].as_str().unwrap().contains(":express:x:c:"), "{output}");
        // What is kept of it until then is not kept for ever.
        assert_eq!(output["StateMachineArn"], EXPRESS);
        world.pass(60);
        world.drain().await;
        let arn = output["ExecutionArn"].as_str().unwrap();
        let start = find::<ExpressStart>(world.backend(), arn, ExpressStart::KEY).await.unwrap();
        assert_eq!(start, None);
    }
}

#[tokio::test]
async fn an_express_child_that_fails_fails_its_task() {
    let fails = only(json!({"Type": "Fail", "Error": "E", "Cause": "why"}));
    let world = with_express_child(".sync:2", &fails).await;
    let parent = described(&world, PARENT).await;
    assert_eq!(
        (&parent["status"], &parent["error"]),
        (&json!("FAILED"), &json!("States.TaskFailed"))
    );
    let cause: Value = serde_json::from_str(parent["cause"].as_str().unwrap()).unwrap();
    assert_eq!((&cause["Status"], &cause["Error"]), (&json!("FAILED"), &json!("E")));
}

#[tokio::test]
async fn an_express_child_is_described_to_nobody_but_its_parent() {
    let world = with_express_child(".sync", &pass()).await;
    let arn = output(&world).await["ExecutionArn"].clone();
    let refused = world.refusal("DescribeExecution", json!({"executionArn": arn})).await;
    assert!(refused.contains("InvalidArn"), "{refused}");
}

#[tokio::test]
async fn an_express_child_whose_message_was_lost_tells_again() {
    let world = World::new();
    let request = json!({
        "name": "x", "definition": pass().to_string(), "roleArn": ROLE, "type": "EXPRESS",
    });
    world.call("CreateStateMachine", request).await;
    let mut state = nested(".sync", json!({}));
    state["Parameters"]["StateMachineArn"] = json!(EXPRESS);
    let machine = world.create("parent", &only(state)).await;
    world.start(&machine, "p").await;
    while let Some(next) = world.api.driver.backend().take_cue() {
        if next.cue.signal != Signal::Poll {
            world.api.driver.take(&next.execution, &next.cue).await.unwrap();
        }
    }
    assert_eq!(described(&world, PARENT).await["status"], "RUNNING");
    world.pass(60);
    world.drain().await;
    assert_eq!(output(&world).await["Status"], "SUCCEEDED");
}
