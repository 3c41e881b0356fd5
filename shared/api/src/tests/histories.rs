//! Histories: their events' form, and their pages.

use super::{MACHINE, World, only};
use expect_test::{Expect, expect};
use serde_json::{Value, json};

#[tokio::test]
async fn events_look_as_aws_writes_them() {
    let world = World::new();
    let definition = json!({"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Assign": {"v": {"b": 1}}, "Next": "B"},
        "B": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "TimeoutSeconds": 9,
            "Parameters": {"FunctionName": "f"}, "Next": "C"},
        "C": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f", "End": true}}});
    world.create("m", &definition).await;
    let arn = world.start(MACHINE, "e").await;
    world.drain().await;
    check(&world, json!({"executionArn": arn}), expect![[r#"
        {"timestamp":1763648113.123,"type":"ExecutionStarted","id":1,"previousEventId":0,"executionStartedEventDetails":{"input":"{}","inputDetails":{"truncated":false},"roleArn":"arn:aws:iam::111111111111:role/r"}}
        {"timestamp":1763648113.123,"type":"PassStateEntered","id":2,"previousEventId":0,"stateEnteredEventDetails":{"name":"A","input":"{}","inputDetails":{"truncated":false}}}
        {"timestamp":1763648113.123,"type":"PassStateExited","id":3,"previousEventId":2,"stateExitedEventDetails":{"name":"A","output":"{}","outputDetails":{"truncated":false},"assignedVariables":{"v":"{\"b\":1}"},"assignedVariablesDetails":{"truncated":false}}}
        {"timestamp":1763648113.123,"type":"TaskStateEntered","id":4,"previousEventId":3,"stateEnteredEventDetails":{"name":"B","input":"{}","inputDetails":{"truncated":false}}}
        {"timestamp":1763648113.123,"type":"TaskScheduled","id":5,"previousEventId":4,"taskScheduledEventDetails":{"resourceType":"lambda","resource":"invoke","region":"us-east-1","parameters":"{\"FunctionName\":\"f\"}","timeoutInSeconds":9}}
        {"timestamp":1763648113.123,"type":"TaskStarted","id":6,"previousEventId":5,"taskStartedEventDetails":{"resourceType":"lambda","resource":"invoke"}}
        {"timestamp":1763648113.123,"type":"TaskSucceeded","id":7,"previousEventId":6,"taskSucceededEventDetails":{"resourceType":"lambda","resource":"invoke","output":"{\"FunctionName\":\"f\"}","outputDetails":{"truncated":false}}}
        {"timestamp":1763648113.123,"type":"TaskStateExited","id":8,"previousEventId":7,"stateExitedEventDetails":{"name":"B","output":"{\"FunctionName\":\"f\"}","outputDetails":{"truncated":false}}}
        {"timestamp":1763648113.123,"type":"TaskStateEntered","id":9,"previousEventId":8,"stateEnteredEventDetails":{"name":"C","input":"{\"FunctionName\":\"f\"}","inputDetails":{"truncated":false}}}
        {"timestamp":1763648113.123,"type":"LambdaFunctionScheduled","id":10,"previousEventId":9,"lambdaFunctionScheduledEventDetails":{"resource":"arn:aws:lambda:us-east-1:111111111111:function:f","input":"{\"FunctionName\":\"f\"}","inputDetails":{"truncated":false}}}
        {"timestamp":1763648113.123,"type":"LambdaFunctionStarted","id":11,"previousEventId":10}
        {"timestamp":1763648113.123,"type":"LambdaFunctionSucceeded","id":12,"previousEventId":11,"lambdaFunctionSucceededEventDetails":{"output":"{\"FunctionName\":\"f\"}","outputDetails":{"truncated":false}}}
        {"timestamp":1763648113.123,"type":"TaskStateExited","id":13,"previousEventId":12,"stateExitedEventDetails":{"name":"C","output":"{\"FunctionName\":\"f\"}","outputDetails":{"truncated":false}}}
        {"timestamp":1763648113.123,"type":"ExecutionSucceeded","id":14,"previousEventId":13,"executionSucceededEventDetails":{"output":"{\"FunctionName\":\"f\"}","outputDetails":{"truncated":false}}}"#]]).await;
    let request = json!({"executionArn": arn, "includeExecutionData": false});
    let text = world.call("GetExecutionHistory", request).await.to_string();
    for data in ["\"input\"", "\"output\"", "\"parameters\"", "Details\":{\"truncated"] {
        assert!(!text.contains(data), "{data}");
    }
}

#[tokio::test]
async fn failures_keep_what_they_have_and_no_more() {
    let world = World::new();
    world.create("m", &only(json!({"Type": "Fail"}))).await;
    let arn = world.start(MACHINE, "e").await;
    world.drain().await;
    let history = world.call("GetExecutionHistory", json!({"executionArn": arn})).await;
    assert_eq!(history["events"][2]["executionFailedEventDetails"], json!({}));
}

#[tokio::test]
async fn the_history_of_one_scope_pages_both_ways() {
    let world = World::new();
    let mut states = serde_json::Map::new();
    for number in 0..20 {
        let next = format!("S{}", number + 1);
        states.insert(format!("S{number}"), json!({"Type": "Pass", "Next": next}));
    }
    states.insert("S20".to_owned(), json!({"Type": "Succeed"}));
    world.create("m", &json!({"StartAt": "S0", "States": states})).await;
    let arn = world.start(MACHINE, "e").await;
    world.drain().await;
    check_pages(&world, &arn, 44).await;
}

#[tokio::test]
async fn the_history_of_many_scopes_pages_both_ways() {
    let world = World::new();
    let wait = |name: &str, secs| {
        let state = json!({"Type": "Wait", "Seconds": secs, "End": true});
        json!({"StartAt": name, "States": {name: state}})
    };
    let definition = json!({"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Next": "P"},
        "P": {"Type": "Parallel", "Branches": [wait("W0", 2), wait("W1", 1)], "Next": "M"},
        "M": {"Type": "Map", "ItemProcessor": wait("W2", 1), "End": true}}});
    world.create("m", &definition).await;
    let arn = world.start(MACHINE, "e").await;
    for _ in 0..4 {
        world.drain().await;
        world.pass(1);
    }
    check_pages(&world, &arn, 24).await;
}

#[tokio::test]
async fn a_page_is_cut_short_rather_than_grow_without_bound() {
    let world = World::new();
    let large = "x".repeat(200_000);
    let mut states = serde_json::Map::new();
    for number in 0..10 {
        let next = format!("S{}", number + 1);
        states.insert(format!("S{number}"), json!({"Type": "Pass", "Next": next}));
    }
    states.insert("S10".to_owned(), json!({"Type": "Succeed"}));
    world.create("m", &json!({"StartAt": "S0", "States": states})).await;
    let request = json!({"stateMachineArn": MACHINE, "name": "e", "input": format!("\"{large}\"")});
    let arn = world.call("StartExecution", request).await["executionArn"].clone();
    world.drain().await;
    for is_reversed in [false, true] {
        let request = json!({"executionArn": arn, "reverseOrder": is_reversed});
        let answer = world.answer("GetExecutionHistory", request).await;
        assert!(answer.body.len() < 4_000_000, "{}", answer.body.len());
    }
    check_pages(&world, arn.as_str().unwrap(), 24).await;
}

#[tokio::test]
async fn a_running_execution_has_a_history_without_a_next_page() {
    let world = World::new();
    world.create("m", &only(json!({"Type": "Wait", "Seconds": 60, "End": true}))).await;
    let arn = world.start(MACHINE, "e").await;
    world.drain().await;
    let history =
        world.call("GetExecutionHistory", json!({"executionArn": arn, "maxResults": 2})).await;
    assert_eq!((history["events"].as_array().unwrap().len(), history.get("nextToken")), (2, None));
}

#[tokio::test]
async fn tokens_of_other_histories_are_refused() {
    let world = World::new();
    world.create("m", &only(json!({"Type": "Pass", "End": true}))).await;
    let (first, second) = (world.start(MACHINE, "a").await, world.start(MACHINE, "b").await);
    world.drain().await;
    let page =
        world.call("GetExecutionHistory", json!({"executionArn": first, "maxResults": 1})).await;
    let token = &page["nextToken"];
    for request in [
        json!({"executionArn": second, "nextToken": token}),
        json!({"executionArn": first, "nextToken": token, "reverseOrder": true}),
        json!({"executionArn": first, "nextToken": "AAAA"}),
    ] {
        assert_eq!(
            world.refusal("GetExecutionHistory", request).await,
            "InvalidToken: Invalid Token: 'Invalid token'"
        );
    }
    world.pass(86_401);
    let late = json!({"executionArn": first, "nextToken": token});
    assert_eq!(
        world.refusal("GetExecutionHistory", late).await,
        "InvalidToken: Invalid Token: 'Invalid token'"
    );
}

/// Whatever the size of its pages and the direction, the history is the same.
async fn check_pages(world: &World, arn: &str, events: usize) {
    let whole = pages(world, arn, 1000, false).await;
    assert_eq!(whole.len(), events);
    for (index, event) in whole.iter().enumerate() {
        assert_eq!(event["id"], index as u64 + 1);
    }
    for items_max in [1, 2, 3, 7, 1000] {
        assert_eq!(pages(world, arn, items_max, false).await, whole, "{items_max} at a time");
        let mut reversed = pages(world, arn, items_max, true).await;
        reversed.reverse();
        assert_eq!(reversed, whole, "{items_max} at a time, backwards");
    }
}

async fn pages(world: &World, arn: &str, items_max: u32, is_reversed: bool) -> Vec<Value> {
    let mut request =
        json!({"executionArn": arn, "maxResults": items_max, "reverseOrder": is_reversed});
    let mut events = Vec::new();
    for _ in 0..200 {
        let page = world.call("GetExecutionHistory", request.clone()).await;
        let new = page["events"].as_array().unwrap();
        assert!(!new.is_empty() && new.len() <= items_max as usize);
        events.extend(new.clone());
        match page.get("nextToken") {
            Some(token) => request["nextToken"] = token.clone(),
            None => return events,
        }
    }
    panic!("the pages do not end");
}

async fn check(world: &World, request: Value, expected: Expect) {
    let history = world.call("GetExecutionHistory", request).await;
    let lines: Vec<String> =
        history["events"].as_array().unwrap().iter().map(Value::to_string).collect();
    expected.assert_eq(&lines.join("\n"));
}
