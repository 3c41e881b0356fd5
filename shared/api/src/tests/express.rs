//! Express executions through the API.

use super::{ROLE, World, only, pass};
use expect_test::{Expect, expect};
use serde_json::{Value, json};

const EXPRESS: &str = "arn:aws:states:us-east-1:111111111111:stateMachine:x";

async fn create(world: &World, definition: &Value) {
    let request = json!({
        "name": "x", "definition": definition.to_string(), "roleArn": ROLE, "type": "EXPRESS",
    });
    world.call("CreateStateMachine", request).await;
}

async fn run(world: &World, change: Value) -> Value {
    let mut request = json!({"stateMachineArn": EXPRESS, "name": "n"});
    for (name, value) in change.as_object().unwrap() {
        request[name] = value.clone();
    }
    world.call("StartSyncExecution", request).await
}

#[tokio::test]
async fn the_end_of_an_execution_is_its_start_s_answer() {
    let world = World::new();
    create(&world, &pass()).await;
    check(
        run(&world, json!({"input": "{ \"n\": 1 }", "traceHeader": "Root=1"})).await,
        expect![[r#"
            {
              "executionArn": "arn:aws:states:us-east-1:111111111111:express:x:n:ID",
              "stateMachineArn": "arn:aws:states:us-east-1:111111111111:stateMachine:x",
              "name": "n",
              "startDate": 1763648113.123,
              "stopDate": 1763648113.123,
              "status": "SUCCEEDED",
              "input": "{ \"n\": 1 }",
              "inputDetails": {
                "included": true
              },
              "output": "{\"a\":1}",
              "outputDetails": {
                "included": true
              },
              "traceHeader": "Root=1",
              "billingDetails": {
                "billedMemoryUsedInMB": 64,
                "billedDurationInMilliseconds": 100
              }
            }"#]],
    );
    let hidden = run(&world, json!({"includedData": "METADATA_ONLY"})).await;
    assert_eq!(hidden["inputDetails"], json!({"included": false}));
    assert_eq!(hidden["outputDetails"], json!({"included": false}));
    assert!(hidden.get("input").is_none() && hidden.get("output").is_none(), "{hidden}");
}

#[tokio::test]
async fn an_execution_that_fails_is_no_error_of_its_start() {
    let world = World::new();
    create(&world, &only(json!({"Type": "Fail", "Error": "E", "Cause": "c"}))).await;
    let answer = run(&world, json!({})).await;
    assert_eq!((&answer["status"], &answer["error"]), (&json!("FAILED"), &json!("E")));
    assert_eq!((&answer["cause"], answer.get("output")), (&json!("c"), None));
    assert_eq!(answer["input"], json!("{}"));
}

#[tokio::test(start_paused = true)]
async fn an_execution_out_of_time_says_so() {
    let world = World::new();
    create(&world, &only(json!({"Type": "Wait", "Seconds": 1_000, "End": true}))).await;
    let answer = run(&world, json!({})).await;
    assert_eq!(
        (&answer["status"], &answer["error"]),
        (&json!("TIMED_OUT"), &json!("States.Timeout"))
    );
    let started = answer["startDate"].as_f64().unwrap();
    assert!((answer["stopDate"].as_f64().unwrap() - started - 300.0).abs() < 0.01, "{answer}");
    assert_eq!(answer["billingDetails"]["billedDurationInMilliseconds"], json!(300_000));
}

#[tokio::test]
async fn what_cannot_be_run_while_its_caller_waits_is_refused() {
    let world = World::new();
    let standard = world.create("m", &pass()).await;
    create(&world, &pass()).await;
    for (change, expected) in [
        (
            json!({"stateMachineArn": standard}),
            "StateMachineTypeNotSupported: This operation is not supported by this type of state machine",
        ),
        (
            json!({"stateMachineArn": format!("{EXPRESS}y")}),
            "StateMachineDoesNotExist: State Machine Does Not Exist: 'arn:aws:states:us-east-1:111111111111:stateMachine:xy'",
        ),
        (json!({"stateMachineArn": "x"}), "InvalidArn: Invalid Arn: 'Invalid ARN prefix: x'"),
        (json!({"name": "a b"}), "InvalidName: Invalid Name: 'a b'"),
        (
            json!({"input": ""}),
            "InvalidExecutionInput: Invalid State Machine Execution Input: 'Invalid execution input.'",
        ),
        (
            json!({"includedData": "SOME"}),
            "ValidationException: 1 validation error detected: Value 'SOME' at 'includedData' failed to satisfy constraint: Member must satisfy enum value set: [ALL_DATA, METADATA_ONLY]",
        ),
    ] {
        let mut request = json!({"stateMachineArn": EXPRESS});
        for (name, value) in change.as_object().unwrap() {
            request[name] = value.clone();
        }
        assert_eq!(world.refusal("StartSyncExecution", request).await, expected);
    }
}

#[tokio::test]
async fn a_start_s_name_may_repeat_and_each_is_run() {
    let world = World::new();
    create(&world, &only(json!({
        "Type": "Task", "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f", "End": true,
    })))
    .await;
    let request = json!({"stateMachineArn": EXPRESS, "name": "n", "input": "{\"a\":1}"});
    let mut arns = Vec::new();
    for input in ["{\"a\":1}", "{\"a\":1}", "{\"a\":2}"] {
        let mut request = request.clone();
        request["input"] = input.into();
        let started = world.call("StartExecution", request).await;
        let arn = started["executionArn"].as_str().unwrap().to_owned();
        assert!(arn.starts_with("arn:aws:states:us-east-1:111111111111:express:x:n:"), "{arn}");
        arns.push(arn);
    }
    arns.sort();
    arns.dedup();
    assert_eq!(arns.len(), 3);
    world.drain().await;
    assert_eq!(world.calls(), 3);
    for operation in ["DescribeExecution", "GetExecutionHistory", "StopExecution"] {
        assert_eq!(
            world.refusal(operation, json!({"executionArn": arns[0]})).await,
            "InvalidArn: Invalid Arn: 'Resource type not valid in this context: express'"
        );
    }
    assert_eq!(
        world.refusal("ListExecutions", json!({"stateMachineArn": EXPRESS})).await,
        "StateMachineTypeNotSupported: This operation is not supported by this type of state machine"
    );
}

fn logging(level: &str) -> Value {
    let group = json!({"logGroupArn": "arn:aws:logs:us-east-1:111111111111:log-group:/g:*"});
    json!({"level": level, "includeExecutionData": true,
        "destinations": [{"cloudWatchLogsLogGroup": group}]})
}

async fn filter(world: &World, request: Value) -> Value {
    let body = request.to_string();
    let answer = world.api.handle("Logs_20140328.FilterLogEvents", body.as_bytes()).await;
    serde_json::from_slice(&answer.body).unwrap()
}

#[tokio::test]
async fn what_is_logged_is_read_by_group_machine_and_page() {
    let world = World::new();
    for (name, kind) in [("x", "EXPRESS"), ("m", "STANDARD")] {
        let request = json!({
            "name": name, "definition": pass().to_string(), "roleArn": ROLE, "type": kind,
            "loggingConfiguration": logging("ALL"),
        });
        world.call("CreateStateMachine", request).await;
    }
    run(&world, json!({})).await;
    world.start(super::MACHINE, "n").await;
    world.drain().await;
    let all = filter(&world, json!({"logGroupName": "/g"})).await;
    assert_eq!(all["events"].as_array().unwrap().len(), 8);
    let of = |machine: &str| json!({"logGroupName": "/g", "logStreamNamePrefix": format!("states/{machine}/")});
    for machine in ["x", "m"] {
        let page = filter(&world, of(machine)).await;
        let events = page["events"].as_array().unwrap();
        let types: Vec<Value> = events
            .iter()
            .map(|event| {
                let message = event["message"].as_str().unwrap();
                serde_json::from_str::<Value>(message).unwrap()["type"].clone()
            })
            .collect();
        assert_eq!(
            types,
            ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]
        );
        assert!(
            events[0]["logStreamName"].as_str().unwrap().starts_with(&format!("states/{machine}/"))
        );
    }
    let mut request = of("x");
    request["limit"] = json!(3);
    let first = filter(&world, request.clone()).await;
    request["nextToken"] = first["nextToken"].clone();
    let second = filter(&world, request).await;
    assert_eq!(second["events"].as_array().unwrap().len(), 1);
    assert!(second.get("nextToken").is_none());
    assert_eq!(filter(&world, json!({"logGroupName": "/h"})).await["events"], json!([]));
    for (request, expected) in [
        (json!({"filterPattern": "ERROR"}), "ValidationException"),
        (json!({"logStreamNamePrefix": "other"}), "ValidationException"),
        (json!({"nextToken": "x"}), "ValidationException"),
        (json!({"limit": "x"}), "SerializationException"),
    ] {
        assert_eq!(filter(&world, request).await["__type"], expected);
    }
}

#[tokio::test]
async fn a_log_group_that_is_known_not_to_be_there_is_refused() {
    let world = World::new();
    let request = |level: &str| {
        json!({"name": "m", "definition": pass().to_string(), "roleArn": ROLE,
            "loggingConfiguration": logging(level)})
    };
    world.backend().set_log_groups(["/other".to_owned()]);
    let expected =
        "InvalidLoggingConfiguration: Invalid Logging Configuration: Log Destination not found.";
    assert_eq!(world.refusal("CreateStateMachine", request("ALL")).await, expected);
    world.call("CreateStateMachine", request("OFF")).await;
    let update =
        json!({"stateMachineArn": super::MACHINE, "loggingConfiguration": logging("FATAL")});
    assert_eq!(world.refusal("UpdateStateMachine", update.clone()).await, expected);
    world.backend().set_log_groups(["/g".to_owned()]);
    world.call("UpdateStateMachine", update).await;
}

/// Ids are drawn at random.
fn check(mut answer: Value, expected: Expect) {
    let arn = answer["executionArn"].as_str().unwrap();
    let (head, id) = arn.rsplit_once(':').unwrap();
    assert_eq!(id.len(), 36);
    answer["executionArn"] = format!("{head}:ID").into();
    expected.assert_eq(&serde_json::to_string_pretty(&answer).unwrap());
}

#[tokio::test]
async fn an_express_child_of_a_map_run_is_described_once_it_has_ended() {
    let world = World::new();
    let map = json!({
        "Type": "Map", "Label": "l", "End": true, "ToleratedFailureCount": 1,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
            "StartAt": "Pick",
            "States": {
                "Pick": {"Type": "Choice", "Default": "Good", "Choices": [{"Variable": "$", "NumericEquals": 2, "Next": "Bad"}]},
                "Good": {"Type": "Pass", "Result": "done", "End": true},
                "Bad": {"Type": "Fail", "Error": "Two"},
            },
        },
    });
    let machine = world.create("m", &only(map)).await;
    let request = json!({"stateMachineArn": machine, "name": "x", "input": "[1, 2]"});
    let execution = world.call("StartExecution", request).await["executionArn"].clone();
    world.drain().await;
    let runs = world.call("ListMapRuns", json!({"executionArn": execution})).await;
    let map_run = runs["mapRuns"][0]["mapRunArn"].clone();
    let listed = world.call("ListExecutions", json!({"mapRunArn": map_run})).await;
    let child = |at: usize| listed["executions"][at].clone();
    assert_eq!((&child(0)["status"], &child(1)["status"]), (&json!("SUCCEEDED"), &json!("FAILED")));
    assert_eq!(child(0)["itemCount"], 1);
    let arn = child(0)["executionArn"].as_str().unwrap().to_owned();
    assert!(arn.starts_with("arn:aws:states:us-east-1:111111111111:express:m/l:"), "{arn}");
    let described = world.call("DescribeExecution", json!({"executionArn": arn})).await;
    assert_eq!(
        (&described["input"], &described["output"], &described["mapRunArn"]),
        (&json!("1"), &json!("\"done\""), &map_run)
    );
    assert_eq!(described["stateMachineArn"], format!("{machine}/l"));
    let failed = json!({"executionArn": child(1)["executionArn"]});
    assert_eq!(world.call("DescribeExecution", failed).await["error"], "Two");
    for operation in ["GetExecutionHistory", "StopExecution"] {
        assert_eq!(
            world.refusal(operation, json!({"executionArn": arn})).await,
            "InvalidArn: Invalid Arn: 'Resource type not valid in this context: express'"
        );
    }
    let other = "arn:aws:states:us-east-1:111111111111:express:m/l:n:u";
    let refused = world.refusal("DescribeExecution", json!({"executionArn": other})).await;
    assert!(refused.starts_with("ExecutionDoesNotExist"), "{refused}");
    let run = world.call("DescribeMapRun", json!({"mapRunArn": map_run})).await;
    assert_eq!(
        (&run["itemCounts"]["succeeded"], &run["itemCounts"]["failed"]),
        (&json!(1), &json!(1))
    );
}
