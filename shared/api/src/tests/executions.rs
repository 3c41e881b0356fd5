//! Executions: started, described, listed, answered and stopped.

use super::{MACHINE, World, only, pass};
use expect_test::{Expect, expect};
use serde_json::{Value, json};

const EXECUTION: &str = "arn:aws:states:us-east-1:111111111111:execution:m:e";

#[tokio::test]
async fn an_execution_is_started_and_described() {
    let world = World::new();
    world.create("m", &pass()).await;
    let request = json!({"stateMachineArn": MACHINE, "name": "e", "input": "{ \"x\": 1 }", "traceHeader": "Root=1"});
    let started = world.call("StartExecution", request).await;
    assert_eq!(started, json!({"executionArn": EXECUTION, "startDate": 1_763_648_113.123}));
    let running = world.call("DescribeExecution", json!({"executionArn": EXECUTION})).await;
    assert_eq!(running["redriveStatusReason"], "Execution is RUNNING and cannot be redriven");
    world.pass(2);
    world.drain().await;
    check(
        &world,
        expect![[r#"
            {
              "executionArn": "arn:aws:states:us-east-1:111111111111:execution:m:e",
              "stateMachineArn": "arn:aws:states:us-east-1:111111111111:stateMachine:m",
              "name": "e",
              "status": "SUCCEEDED",
              "startDate": 1763648113.123,
              "stopDate": 1763648115.123,
              "input": "{ \"x\": 1 }",
              "inputDetails": {
                "included": true
              },
              "output": "{\"a\":1}",
              "outputDetails": {
                "included": true
              },
              "traceHeader": "Root=1",
              "redriveCount": 0,
              "redriveStatus": "NOT_REDRIVABLE",
              "redriveStatusReason": "Execution is SUCCEEDED and cannot be redriven"
            }"#]],
    )
    .await;
    let request = json!({"executionArn": EXECUTION, "includedData": "METADATA_ONLY"});
    let metadata = world.call("DescribeExecution", request).await;
    assert_eq!((metadata.get("input"), metadata.get("output")), (None, None));
    assert_eq!(metadata["inputDetails"], json!({"included": false}));
}

#[tokio::test]
async fn a_failed_execution_has_its_error_and_can_be_redriven() {
    let world = World::new();
    world.create("m", &only(json!({"Type": "Fail", "Error": "E", "Cause": "why"}))).await;
    world.start(MACHINE, "e").await;
    world.drain().await;
    let described = world.call("DescribeExecution", json!({"executionArn": EXECUTION})).await;
    assert_eq!(
        ["status", "error", "cause", "redriveStatus"].map(|member| &described[member]),
        ["FAILED", "E", "why", "REDRIVABLE"]
    );
    assert_eq!((described.get("output"), described.get("redriveStatusReason")), (None, None));
}

#[tokio::test]
async fn a_timeout_has_neither_error_nor_cause() {
    let world = World::new();
    let mut definition = only(json!({"Type": "Wait", "Seconds": 60, "End": true}));
    definition["TimeoutSeconds"] = json!(5);
    world.create("m", &definition).await;
    world.start(MACHINE, "e").await;
    world.drain().await;
    world.pass(6);
    world.drain().await;
    let described = world.call("DescribeExecution", json!({"executionArn": EXECUTION})).await;
    assert_eq!(described["status"], "TIMED_OUT");
    assert_eq!((described.get("error"), described.get("cause")), (None, None));
}

#[tokio::test]
async fn starting_again_is_the_same_while_the_execution_runs_with_that_input() {
    let world = World::new();
    world.create("m", &only(json!({"Type": "Wait", "Seconds": 60, "End": true}))).await;
    let start = |input: &str| json!({"stateMachineArn": MACHINE, "name": "e", "input": input});
    let exists = format!("ExecutionAlreadyExists: Execution Already Exists: '{EXECUTION}'");
    let first = world.call("StartExecution", start("{}")).await;
    world.pass(10);
    assert_eq!(world.call("StartExecution", start("{}")).await, first);
    let unnamed = json!({"stateMachineArn": MACHINE, "name": "e"});
    assert_eq!(world.call("StartExecution", unnamed).await, first, "no input is an empty object");
    assert_eq!(world.refusal("StartExecution", start("{ }")).await, exists);
    world.call("StopExecution", json!({"executionArn": EXECUTION})).await;
    assert_eq!(world.refusal("StartExecution", start("{}")).await, exists);
}

#[tokio::test]
async fn executions_without_a_name_get_one() {
    let world = World::new();
    world.create("m", &pass()).await;
    let start = async || world.call("StartExecution", json!({"stateMachineArn": MACHINE})).await;
    let (first, second) = (start().await, start().await);
    assert_ne!(first["executionArn"], second["executionArn"]);
    let name = first["executionArn"].as_str().unwrap().rsplit(':').next().unwrap();
    assert_eq!(uuid::Uuid::parse_str(name).unwrap().get_version_num(), 4);
}

#[tokio::test]
async fn what_cannot_be_started_is_refused() {
    let world = World::new();
    world.create("m", &pass()).await;
    let alias = format!("{MACHINE}:prod");
    let large = format!("\"{}\"", "é".repeat(131_072));
    let deep = "[".repeat(200) + &"]".repeat(200);
    let invalid = |detail: &str| {
        format!("InvalidExecutionInput: Invalid State Machine Execution Input: '{detail}'")
    };
    for (change, expected) in [
        (json!({"input": ""}), invalid("Invalid execution input.")),
        (json!({"input": "not some json"}), invalid("Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')")),
        (json!({"input": "{'not': 'json'"}), invalid("Unexpected character (''' (code 39)): was expecting double-quote to start field name")),
        (json!({"input": large}), invalid("Input is larger than the maximum of 262144 bytes.")),
        (json!({"input": deep}), invalid("recursion limit exceeded at line 1 column 128")),
        (json!({"input": {}}), "SerializationException: Start of structure or map found where not expected.".to_owned()),
        (json!({"name": "a/b"}), "InvalidName: Invalid Name: 'a/b'".to_owned()),
        (json!({"stateMachineArn": alias}), format!("StateMachineDoesNotExist: State Machine Does Not Exist: '{alias}'")),
        (json!({"stateMachineArn": "m"}), "InvalidArn: Invalid Arn: 'Invalid ARN prefix: m'".to_owned()),
        (json!({"traceHeader": "ü"}), "ValidationException: 1 validation error detected: Value 'ü' at 'traceHeader' failed to satisfy constraint: Member must satisfy regular expression pattern: \\p{ASCII}*".to_owned()),
    ] {
        let mut request = json!({"stateMachineArn": MACHINE});
        for (name, value) in change.as_object().unwrap() {
            request[name] = value.clone();
        }
        assert_eq!(world.refusal("StartExecution", request).await, expected);
    }
}

#[tokio::test]
async fn the_request_s_own_trace_header_goes_before_the_body_s() {
    let world = World::new();
    world.create("m", &pass()).await;
    let body = json!({"stateMachineArn": MACHINE, "name": "e", "traceHeader": "body"}).to_string();
    let target = "AWSStepFunctions.StartExecution";
    world.api.handle_traced(target, body.as_bytes(), Some("Root=1-2-3")).await;
    let described = world.call("DescribeExecution", json!({"executionArn": EXECUTION})).await;
    assert_eq!(described["traceHeader"], "Root=1-2-3");
}

#[tokio::test]
async fn an_execution_keeps_its_revision() {
    let world = World::new();
    world.create("m", &only(json!({"Type": "Wait", "Seconds": 60, "End": true}))).await;
    world.start(MACHINE, "e").await;
    world.pass(5);
    let update =
        json!({"stateMachineArn": MACHINE, "definition": pass().to_string(), "roleArn": "new"});
    let revision = &world.call("UpdateStateMachine", update).await["revisionId"];
    let second = world.start(MACHINE, "f").await;
    let of = async |arn: &str| {
        world.call("DescribeStateMachineForExecution", json!({"executionArn": arn})).await
    };
    let first = of(EXECUTION).await;
    assert!(first["definition"].as_str().unwrap().contains("Wait"));
    assert_eq!(first["updateDate"], 1_763_648_113.123);
    assert_eq!((first.get("revisionId"), &first["name"]), (None, &json!("m")));
    let second = of(&second).await;
    assert_eq!((&second["revisionId"], &second["roleArn"]), (revision, &json!("new")));
    assert_eq!(second["updateDate"], 1_763_648_118.123);
    world.pass(60);
    world.drain().await;
    let ended = world.call("DescribeExecution", json!({"executionArn": EXECUTION})).await;
    assert_eq!(ended["status"], "SUCCEEDED");
    world.call("DeleteStateMachine", json!({"stateMachineArn": MACHINE})).await;
    assert_eq!(of(EXECUTION).await["loggingConfiguration"]["level"], "OFF");
}

#[tokio::test]
async fn executions_are_listed_newest_first() {
    let world = World::new();
    world.create("m", &pass()).await;
    for name in ["a", "b", "c"] {
        world.start(MACHINE, name).await;
        world.pass(1);
    }
    world.drain().await;
    world.start(MACHINE, "d").await;
    let list = async |change: Value| {
        let mut request = json!({"stateMachineArn": MACHINE});
        request.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        world.call("ListExecutions", request).await
    };
    let first = list(json!({"maxResults": 2})).await;
    assert_eq!(names(&first), "d c");
    let token = &first["nextToken"];
    assert_eq!(names(&list(json!({"nextToken": token, "maxResults": 5})).await), "b a");
    assert_eq!(names(&list(json!({"statusFilter": "SUCCEEDED"})).await), "c b a");
    assert_eq!(names(&list(json!({"statusFilter": "RUNNING"})).await), "d");
    assert_eq!(list(json!({"statusFilter": "FAILED"})).await, json!({"executions": []}));
    expect![[r#"{"executionArn":"arn:aws:states:us-east-1:111111111111:execution:m:a","stateMachineArn":"arn:aws:states:us-east-1:111111111111:stateMachine:m","name":"a","status":"SUCCEEDED","startDate":1763648113.123,"stopDate":1763648116.123,"redriveCount":0}"#]]
        .assert_eq(&list(json!({"statusFilter": "SUCCEEDED"})).await["executions"][2].to_string());
    let other = json!({"stateMachineArn": MACHINE, "statusFilter": "RUNNING", "nextToken": token});
    assert_eq!(
        world.refusal("ListExecutions", other).await,
        "InvalidToken: Invalid Token: 'Invalid token'",
        "a token belongs to its list"
    );
}

#[tokio::test]
async fn executions_of_a_deleted_machine_are_not_those_of_its_namesake() {
    let world = World::new();
    world.create("m", &pass()).await;
    world.start(MACHINE, "old").await;
    world.drain().await;
    world.call("DeleteStateMachine", json!({"stateMachineArn": MACHINE})).await;
    world.pass(1);
    world.create("m", &pass()).await;
    world.start(MACHINE, "new").await;
    for items_max in [1, 2] {
        let request = json!({"stateMachineArn": MACHINE, "maxResults": items_max});
        let mut page = world.call("ListExecutions", request.clone()).await;
        assert_eq!(names(&page), "new");
        if let Some(token) = page.get("nextToken").cloned() {
            let mut request = request;
            request["nextToken"] = token;
            page = world.call("ListExecutions", request).await;
            assert_eq!(page, json!({"executions": []}));
        }
    }
}

#[tokio::test]
async fn what_cannot_be_listed_is_refused() {
    let world = World::new();
    world.create("m", &pass()).await;
    let long = "t".repeat(3097);
    for (request, expected) in [
        (json!({"stateMachineArn": "invalid"}), "InvalidArn: Invalid Arn: 'Invalid ARN prefix: invalid'".to_owned()),
        (json!({"stateMachineArn": MACHINE, "statusFilter": "succeeded"}), "ValidationException: 1 validation error detected: Value 'succeeded' at 'statusFilter' failed to satisfy constraint: Member must satisfy enum value set: [SUCCEEDED, TIMED_OUT, PENDING_REDRIVE, ABORTED, FAILED, RUNNING]".to_owned()),
        (json!({"stateMachineArn": MACHINE, "nextToken": long}), format!("ValidationException: 1 validation error detected: Value '{long}' at 'nextToken' failed to satisfy constraint: Member must have length less than or equal to 3096")),
        (json!({"stateMachineArn": MACHINE, "redriveFilter": "REDRIVEN"}), "ValidationException: The redrive filter can only be used with a Map Run ARN".to_owned()),
        (json!({"stateMachineArn": MACHINE, "statusFilter": "PENDING_REDRIVE"}), "ValidationException: The status PENDING_REDRIVE can only be used with a Map Run ARN".to_owned()),
        (json!({}), "ValidationException: Must provide a State Machine ARN or Map Run ARN".to_owned()),
        (json!({"mapRunArn": "x"}), "InvalidArn: Invalid Arn: 'Invalid ARN prefix: x'".to_owned()),
    ] {
        assert_eq!(world.refusal("ListExecutions", request).await, expected);
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let world = World::new();
    for operation in [
        "DescribeExecution",
        "DescribeStateMachineForExecution",
        "GetExecutionHistory",
        "StopExecution",
    ] {
        for (arn, expected) in [
            (EXECUTION, format!("ExecutionDoesNotExist: Execution Does Not Exist: '{EXECUTION}'")),
            ("x", "InvalidArn: Invalid Arn: 'Invalid ARN prefix: x'".to_owned()),
            (
                "arn:aws:states:r:1:express:m:e:u",
                "InvalidArn: Invalid Arn: 'Resource type not valid in this context: express'"
                    .to_owned(),
            ),
        ] {
            assert_eq!(world.refusal(operation, json!({"executionArn": arn})).await, expected);
        }
        let missing = world.refusal(operation, json!({})).await;
        assert!(missing.contains("Value null at 'executionArn'"), "{missing}");
    }
}

#[tokio::test]
async fn a_stopped_execution_is_aborted_once() {
    let world = World::new();
    world.create("m", &only(json!({"Type": "Wait", "Seconds": 60, "End": true}))).await;
    world.start(MACHINE, "e").await;
    world.pass(1);
    let stop = json!({"executionArn": EXECUTION, "error": "E", "cause": "c"});
    let stopped = world.call("StopExecution", stop.clone()).await;
    assert_eq!(stopped, json!({"stopDate": 1_763_648_114.123}));
    world.pass(1);
    assert_eq!(world.call("StopExecution", stop).await, stopped);
    let described = world.call("DescribeExecution", json!({"executionArn": EXECUTION})).await;
    assert_eq!(
        ["status", "error", "cause"].map(|member| &described[member]),
        ["ABORTED", "E", "c"]
    );
    let long = json!({"executionArn": EXECUTION, "error": "e".repeat(257)});
    assert_eq!(
        world.refusal("StopExecution", long).await,
        "ValidationException: 1 validation error detected: Value at 'error' failed to satisfy constraint: Member must have length less than or equal to 256"
    );
}

/// A machine that waits for an answer to its token, and an execution of it that does.
async fn asked() -> World {
    let world = World::new();
    let ask = json!({
        "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"QueueUrl": "q", "MessageBody.$": "$$.Task.Token"}, "End": true});
    world.create("m", &only(ask)).await;
    world.start(MACHINE, "e").await;
    world.drain().await;
    world
}

#[tokio::test]
async fn a_token_is_answered_with_success() {
    let world = asked().await;
    let token = world.token();
    let heartbeat = world.call("SendTaskHeartbeat", json!({"taskToken": token})).await;
    assert_eq!(heartbeat, json!({}));
    let success = json!({"taskToken": token, "output": "{\"ok\": true}"});
    assert_eq!(world.call("SendTaskSuccess", success.clone()).await, json!({}));
    world.drain().await;
    let described = world.call("DescribeExecution", json!({"executionArn": EXECUTION})).await;
    assert_eq!(described["output"], "{\"ok\": true}");
    assert_eq!(
        world.refusal("SendTaskSuccess", success).await,
        "TaskTimedOut: Task Timed Out: 'Provided task does not exist anymore'"
    );
}

#[tokio::test]
async fn a_token_is_answered_with_failure() {
    let world = asked().await;
    let failure = json!({"taskToken": world.token(), "error": "E"});
    assert_eq!(world.call("SendTaskFailure", failure).await, json!({}));
    world.drain().await;
    let described = world.call("DescribeExecution", json!({"executionArn": EXECUTION})).await;
    assert_eq!((&described["error"], described.get("cause")), (&json!("E"), None));
}

#[tokio::test]
async fn answers_that_are_none_are_refused() {
    let world = asked().await;
    let invalid = "InvalidToken: Invalid Token: 'Invalid token'";
    for (operation, change, expected) in [
        ("SendTaskSuccess", json!({"taskToken": "x", "output": "1"}), invalid),
        ("SendTaskFailure", json!({"taskToken": "x"}), invalid),
        ("SendTaskHeartbeat", json!({"taskToken": "x"}), invalid),
        (
            "SendTaskSuccess",
            json!({}),
            "ValidationException: 1 validation error detected: Value null at 'output' failed to satisfy constraint: Member must not be null",
        ),
        (
            "SendTaskSuccess",
            json!({"output": "{"}),
            "InvalidOutput: Invalid Output: 'Unexpected end-of-input: expected close marker for Object (start marker at [Source: (String)\"{\"; line: 1, column: 1])'",
        ),
    ] {
        let mut request = json!({"taskToken": world.token()});
        request.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        assert_eq!(world.refusal(operation, request).await, expected);
    }
    let long = "t".repeat(2049);
    let refusal = world.refusal("SendTaskHeartbeat", json!({"taskToken": long})).await;
    assert!(refusal.ends_with("Member must have length less than or equal to 2048"));
}

async fn check(world: &World, expected: Expect) {
    let body = world.call("DescribeExecution", json!({"executionArn": EXECUTION})).await;
    expected.assert_eq(&serde_json::to_string_pretty(&body).unwrap());
}

fn names(page: &Value) -> String {
    let executions = page["executions"].as_array().unwrap().iter();
    executions.map(|item| item["name"].as_str().unwrap()).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn an_execution_that_waits_for_an_answer_ends_after_a_year_all_the_same() {
    let world = World::new();
    let callback = "arn:aws:states:::sqs:sendMessage.waitForTaskToken";
    let parameters = json!({"QueueUrl": "q", "MessageBody": {"token.$": "$$.Task.Token"}});
    let state =
        json!({"Type": "Task", "Resource": callback, "Parameters": parameters, "End": true});
    let machine = world.create("m", &super::only(state)).await;
    let execution = world.start(&machine, "x").await;
    world.drain().await;
    world.pass(366 * 24 * 3_600);
    let late = json!({"taskToken": world.token(), "output": "1"});
    assert!(world.refusal("SendTaskSuccess", late).await.starts_with("TaskTimedOut"));
    let described = world.call("DescribeExecution", json!({"executionArn": execution})).await;
    assert_eq!(described["status"], "TIMED_OUT");
    assert_eq!(described["redriveStatusReason"], "Execution has exceeded the max execution time");
}
