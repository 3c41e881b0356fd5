//! Activities: workers fetch tasks, each once, and answer them.

use super::{World, only};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

const ACTIVITY: &str = "arn:aws:states:us-east-1:111111111111:activity:a";

/// A machine whose only state is the activity, with more fields.
async fn machine(world: &World, fields: Value) -> String {
    let created = world.call("CreateActivity", json!({"name": "a"})).await;
    assert_eq!(created["activityArn"], ACTIVITY);
    let mut state = json!({"Type": "Task", "Resource": ACTIVITY, "End": true});
    state.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    world.create("m", &only(state)).await
}

async fn poll(world: &World) -> Value {
    world.call("GetActivityTask", json!({"activityArn": ACTIVITY, "workerName": "w"})).await
}

async fn events(world: &World, execution: &str) -> Vec<Value> {
    let request = json!({"executionArn": execution});
    let history = world.call("GetExecutionHistory", request).await;
    history["events"].as_array().unwrap().clone()
}

async fn types(world: &World, execution: &str) -> String {
    let events = events(world, execution).await;
    let types: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    types[2..].join(" ")
}

#[tokio::test(start_paused = true)]
async fn activities_are_created_described_listed_and_deleted() {
    let world = World::new();
    let first = world.call("CreateActivity", json!({"name": "a"})).await;
    world.pass(1);
    let tags = json!([{"key": "k", "value": "v"}]);
    let again = world.call("CreateActivity", json!({"name": "a", "tags": tags})).await;
    assert_eq!(again, first, "the name decides");
    let tags = world.call("ListTagsForResource", json!({"resourceArn": ACTIVITY})).await;
    assert_eq!(tags, json!({"tags": []}));
    let described = world.call("DescribeActivity", json!({"activityArn": ACTIVITY})).await;
    assert_eq!(described["name"], "a");
    assert_eq!(described["encryptionConfiguration"], json!({"type": "AWS_OWNED_KEY"}));
    for name in ["b", "c"] {
        world.call("CreateActivity", json!({"name": name})).await;
    }
    let page = world.call("ListActivities", json!({"maxResults": 2})).await;
    assert_eq!(page["activities"].as_array().unwrap().len(), 2);
    let request = json!({"maxResults": 2, "nextToken": page["nextToken"]});
    let rest = world.call("ListActivities", request).await;
    assert_eq!((&rest["activities"][0]["name"], rest.get("nextToken")), (&json!("c"), None));
    for _ in 0..2 {
        let deleted = world.call("DeleteActivity", json!({"activityArn": ACTIVITY})).await;
        assert_eq!(deleted, json!({}));
    }
    for operation in ["DescribeActivity", "GetActivityTask"] {
        assert_eq!(
            world.refusal(operation, json!({"activityArn": ACTIVITY})).await,
            format!("ActivityDoesNotExist: Activity Does Not Exist: '{ACTIVITY}'")
        );
    }
}

#[tokio::test]
async fn what_does_not_fit_is_refused() {
    let world = World::new();
    for (request, expected) in [
        (json!({"name": "a b"}), "InvalidName: Invalid Name: 'a b'"),
        (
            json!({"name": "a", "encryptionConfiguration": {"type": "AWS_OWNED_KEY", "kmsKeyId": "k"}}),
            "InvalidEncryptionConfiguration: ",
        ),
        (
            json!({"name": "a", "encryptionConfiguration": {"type": "CUSTOMER_MANAGED_KMS_KEY"}}),
            "InvalidEncryptionConfiguration: ",
        ),
        (json!({}), "ValidationException: 1 validation error detected: Value null at 'name'"),
    ] {
        let refusal = world.refusal("CreateActivity", request).await;
        assert!(refusal.starts_with(expected), "{refusal}");
    }
    let tags: Vec<Value> = (0..51).map(|n| json!({"key": n.to_string(), "value": ""})).collect();
    let refusal = world.refusal("CreateActivity", json!({"name": "a", "tags": tags})).await;
    assert!(refusal.starts_with("TooManyTags: "), "{refusal}");
    let long = json!({"activityArn": ACTIVITY, "workerName": "w".repeat(81)});
    let refusal = world.refusal("GetActivityTask", long).await;
    assert!(refusal.contains("at 'workerName' failed to satisfy constraint"), "{refusal}");
}

#[tokio::test(start_paused = true)]
async fn a_worker_gets_a_task_and_answers_it() {
    let world = World::new();
    let machine = machine(&world, json!({"HeartbeatSeconds": 10})).await;
    assert_eq!(poll(&world).await, json!({}), "nothing to do");
    let execution = world.start(&machine, "x").await;
    world.drain().await;
    let task = poll(&world).await;
    assert_eq!(task["input"], "{}");
    assert_eq!(poll(&world).await, json!({}), "it is handed out once");
    for _ in 0..3 {
        world.pass(8);
        world.drain().await;
        world.call("SendTaskHeartbeat", json!({"taskToken": task["taskToken"]})).await;
    }
    let answer = json!({"taskToken": task["taskToken"], "output": "[1]"});
    world.call("SendTaskSuccess", answer.clone()).await;
    world.drain().await;
    assert!(world.refusal("SendTaskSuccess", answer).await.starts_with("TaskTimedOut"));
    let events = events(&world, &execution).await;
    assert_eq!(events[2]["activityScheduledEventDetails"]["heartbeatInSeconds"], 10);
    assert_eq!(events[3]["activityStartedEventDetails"], json!({"workerName": "w"}));
    assert_eq!(
        types(&world, &execution).await,
        "ActivityScheduled ActivityStarted ActivitySucceeded TaskStateExited ExecutionSucceeded"
    );
}

#[tokio::test(start_paused = true)]
async fn a_task_times_out_with_or_without_a_worker() {
    let world = World::new();
    let fields = json!({"TimeoutSeconds": 60, "HeartbeatSeconds": 5});
    let machine = machine(&world, fields).await;
    let nobody = world.start(&machine, "nobody").await;
    world.drain().await;
    for _ in 0..11 {
        // Without a worker no heart beats, and none is missed.
        world.pass(5);
        world.drain().await;
    }
    assert_eq!(types(&world, &nobody).await, "ActivityScheduled");
    world.pass(5);
    world.drain().await;
    assert_eq!(types(&world, &nobody).await, "ActivityScheduled ActivityTimedOut ExecutionFailed");
    let silent = world.start(&machine, "silent").await;
    world.drain().await;
    let task = poll(&world).await;
    for _ in 0..2 {
        world.pass(5);
        world.drain().await;
    }
    let answer = json!({"taskToken": task["taskToken"], "output": "1"});
    assert!(world.refusal("SendTaskSuccess", answer).await.starts_with("TaskTimedOut"));
    assert_eq!(
        types(&world, &silent).await,
        "ActivityScheduled ActivityStarted ActivityTimedOut ExecutionFailed"
    );
    assert_eq!(poll(&world).await, json!({}), "what timed out is not handed out");
}

#[tokio::test(start_paused = true)]
async fn the_task_of_a_deleted_activity_fails_before_it_is_scheduled() {
    let world = World::new();
    let catch = json!([{"ErrorEquals": ["States.ALL"], "Next": "S"}]);
    let machine = machine(&world, json!({"Catch": catch})).await;
    let waiting = world.start(&machine, "waiting").await;
    world.drain().await;
    world.call("DeleteActivity", json!({"activityArn": ACTIVITY})).await;
    let late = world.start(&machine, "late").await;
    world.drain().await;
    let events = events(&world, &late).await;
    assert_eq!(
        events[2]["executionFailedEventDetails"],
        json!({"error": "States.Runtime", "cause": format!(
            "An error occurred while executing the state 'S' (entered at the event id #2). The activity {ACTIVITY} does not exist."
        )})
    );
    assert_eq!((events.len(), &events[2]["previousEventId"]), (3, &json!(2)));
    world.call("CreateActivity", json!({"name": "a"})).await;
    assert_eq!(poll(&world).await, json!({}), "deleting took what waited off the list");
    assert_eq!(types(&world, &waiting).await, "ActivityScheduled");
}

#[tokio::test(start_paused = true)]
async fn many_workers_get_each_task_once_and_in_order() {
    let world = World::new();
    let machine = machine(&world, json!({})).await;
    for number in 0..30 {
        let request = json!({"stateMachineArn": machine, "input": number.to_string()});
        world.call("StartExecution", request).await;
        world.pass(1);
        world.drain().await;
    }
    let first: Vec<Value> =
        vec![poll(&world).await["input"].clone(), poll(&world).await["input"].clone()];
    assert_eq!(first, ["0", "1"]);
    let polls = futures_util::future::join_all((0..40).map(|_| poll(&world))).await;
    let inputs: Vec<u32> = polls
        .iter()
        .filter_map(|task| task.get("input"))
        .map(|input| input.as_str().unwrap().parse().unwrap())
        .collect();
    assert_eq!(inputs.len(), 28);
    assert_eq!(inputs.into_iter().collect::<BTreeSet<_>>(), (2..30).collect());
}

#[tokio::test(start_paused = true)]
async fn a_waiting_worker_is_woken_by_the_task_itself() {
    let world = World::new();
    let machine = machine(&world, json!({})).await;
    let begun = tokio::time::Instant::now();
    let start = async {
        tokio::time::advance(Duration::from_millis(500)).await;
        world.start(&machine, "x").await;
        world.drain().await;
    };
    let (task, ()) = tokio::join!(poll(&world), start);
    assert!(task.get("taskToken").is_some());
    assert!(begun.elapsed() < Duration::from_millis(600), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_thousand_workers_may_wait() {
    let world = World::new();
    machine(&world, json!({})).await;
    let waiting = futures_util::future::join_all((0..1_000).map(|_| poll(&world)));
    let one_more = async {
        tokio::task::yield_now().await;
        let refusal = world.refusal("GetActivityTask", json!({"activityArn": ACTIVITY})).await;
        assert!(refusal.starts_with("ActivityWorkerLimitExceeded: "), "{refusal}");
        let begun = tokio::time::Instant::now();
        world.api.dismiss();
        begun
    };
    let (answers, begun) = tokio::join!(waiting, one_more);
    assert!(answers.iter().all(|answer| *answer == json!({})));
    assert!(begun.elapsed() < Duration::from_millis(10), "a shutdown waits for no poll");
}
