//! TestState.

use super::{ROLE, World, only};
use expect_test::{Expect, expect};
use serde_json::{Value, json};

#[tokio::test]
async fn each_field_of_a_json_path_task_is_shown() {
    let state = json!({
        "Type": "Task", "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f",
        "InputPath": "$.a", "Parameters": {"b.$": "$.b"}, "ResultSelector": {"c.$": "$.b"},
        "ResultPath": "$.r", "OutputPath": "$.r.c", "Next": "After",
    });
    let input = json!({"a": {"b": 7}});
    check(
        json!({"definition": state, "input": input, "roleArn": ROLE, "inspectionLevel": "DEBUG"}),
        expect![[r#"
            SUCCEEDED
            nextState After
            output 7
            afterInputPath {"b":7}
            afterParameters {"b":7}
            afterResultPath {"a":{"b":7},"r":{"c":7}}
            afterResultSelector {"c":7}
            input {"a":{"b":7}}
            result {"b":7}"#]],
    )
    .await;
    check(
        json!({"definition": state, "input": input, "roleArn": ROLE}),
        expect![[r#"
            SUCCEEDED
            nextState After
            output 7"#]],
    )
    .await;
}

#[tokio::test]
async fn a_jsonata_task_shows_its_arguments_and_variables() {
    let state = json!({
        "Type": "Task", "QueryLanguage": "JSONata", "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": "{% $name %}"}, "Assign": {"n": "{% $states.result.Payload %}"},
        "Output": "{% $states.context.State.RetryCount %}", "End": true,
    });
    check(
        json!({"definition": state, "variables": {"name": "f"}, "inspectionLevel": "TRACE",
            "mock": {"result": {"Payload": 5}}, "stateConfiguration": {"retrierRetryCount": 2}}),
        expect![[r#"
            SUCCEEDED
            output 2
            afterArguments {"FunctionName":"f"}
            input {}
            result {"Payload":5}
            variables {"n":5,"name":"f"}"#]],
    )
    .await;
}

#[tokio::test]
async fn a_failure_names_no_state_of_the_definition() {
    let state = json!({"Type": "Pass", "InputPath": "$.nope", "End": true});
    let expected = || {
        expect![[r#"
            FAILED
            cause An error occurred while executing the state 'StateName' (entered at the event id #2). Invalid path '$.nope' : No results for path: $['nope']
            error States.Runtime"#]]
    };
    check(json!({"definition": state}), expected()).await;
    check(json!({"definition": only(state), "stateName": "S"}), expected()).await;
}

#[tokio::test]
async fn retriers_come_before_catchers_until_they_are_used_up() {
    let state = json!({
        "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Parameters": {},
        "Retry": [{"ErrorEquals": ["Other"]},
            {"ErrorEquals": ["E"], "IntervalSeconds": 3, "BackoffRate": 2, "MaxAttempts": 2}],
        "Catch": [{"ErrorEquals": ["Other"], "Next": "A"},
            {"ErrorEquals": ["States.ALL"], "ResultPath": "$.e", "Next": "B"}],
        "End": true,
    });
    let request = |retries: u32| {
        json!({"definition": state, "inspectionLevel": "DEBUG", "input": {"i": 1},
            "mock": {"errorOutput": {"error": "E", "cause": "c"}},
            "stateConfiguration": {"retrierRetryCount": retries}})
    };
    check(
        request(1),
        expect![[r#"
            RETRIABLE
            cause c
            error E
            afterInputPath {"i":1}
            afterParameters {}
            errorDetails {"retryBackoffIntervalSeconds":6,"retryIndex":1}
            input {"i":1}"#]],
    )
    .await;
    check(
        request(2),
        expect![[r#"
            CAUGHT_ERROR
            cause c
            error E
            nextState B
            output {"i":1,"e":{"Error":"E","Cause":"c"}}
            afterInputPath {"i":1}
            afterParameters {}
            errorDetails {"catchIndex":1,"retryIndex":1}
            input {"i":1}"#]],
    )
    .await;
}

#[tokio::test]
async fn a_map_shows_what_its_iterations_would_get() {
    check(
        json!({"definition": map(json!({"ItemsPath": "$.items", "ToleratedFailurePercentage": 50,
                "ItemSelector": {"v.$": "$$.Map.Item.Value", "i.$": "$$.Map.Item.Index"}})),
            "input": {"items": ["a", "b"]}, "inspectionLevel": "DEBUG", "mock": {"result": [1, 2]},
            "stateConfiguration": {"mapIterationFailureCount": 1}}),
        expect![[r#"
            SUCCEEDED
            output [1,2]
            afterInputPath {"items":["a","b"]}
            afterItemSelector [{"v":"a","i":0},{"v":"b","i":1}]
            afterItemsPath ["a", "b"]
            afterResultPath [1,2]
            afterResultSelector [1,2]
            input {"items":["a","b"]}
            maxConcurrency 0
            toleratedFailurePercentage 50.0"#]],
    )
    .await;
}

#[tokio::test]
async fn iterations_fail_a_map_beyond_what_it_tolerates() {
    let request = |fields: Value, failed: u32| {
        json!({"definition": map(fields), "input": [1, 2, 3, 4], "mock": {"result": []},
            "stateConfiguration": {"mapIterationFailureCount": failed}})
    };
    let failed = || {
        expect![[r#"
            FAILED
            cause The specified tolerated failure threshold was exceeded
            error States.ExceedToleratedFailureThreshold"#]]
    };
    let succeeded = || expect!["SUCCEEDED\noutput []"];
    check(request(json!({}), 4), succeeded()).await;
    check(request(json!({"ToleratedFailureCount": 1}), 1), succeeded()).await;
    check(request(json!({"ToleratedFailureCount": 1}), 2), failed()).await;
    check(request(json!({"ToleratedFailurePercentage": 25}), 1), succeeded()).await;
    check(request(json!({"ToleratedFailurePercentage": 25}), 2), failed()).await;
    check(
        request(json!({}), 5),
        expect!["ValidationException: Map iteration failure count must be less than or equal to the number of Map iterations"],
    )
    .await;
}

#[tokio::test]
async fn what_an_item_reader_reads_can_be_given() {
    let reader = json!({"Resource": "arn:aws:states:::s3:getObject", "Parameters": {}});
    let fields = json!({"ItemReader": reader, "ItemSelector": {"v.$": "$$.Map.Item.Value"}});
    check(
        json!({"definition": map(fields), "inspectionLevel": "DEBUG", "mock": {"result": []},
            "stateConfiguration": {"mapItemReaderData": "[8]"}}),
        expect![[r#"
            SUCCEEDED
            output []
            afterInputPath {}
            afterItemSelector [{"v":8}]
            afterResultPath []
            afterResultSelector []
            input {}
            maxConcurrency 0"#]],
    )
    .await;
}

#[tokio::test]
async fn a_wait_is_not_waited_for_but_may_take_too_long() {
    let wait = |secs: u32| json!({"Type": "Wait", "Seconds": secs, "Next": "N"});
    check(json!({"definition": wait(300)}), expect!["SUCCEEDED\nnextState N\noutput {}"]).await;
    check(json!({"definition": wait(301)}), expect!["FAILED\nerror States.Timeout"]).await;
}

#[tokio::test]
async fn a_state_is_found_by_name_however_deep() {
    let inner = only(json!({"Type": "Succeed"}));
    let machine = json!({"StartAt": "P", "States": {
        "P": {"Type": "Parallel", "Branches": [inner], "End": true}}});
    let request = |name: &str| json!({"definition": machine, "stateName": name, "input": 3});
    check(request("S"), expect!["SUCCEEDED\noutput 3"]).await;
    check(request("T"), expect!["ValidationException: State not found in definition"]).await;
    let mut mocked = request("P");
    mocked["mock"] = json!({"errorOutput": {"error": "E"}});
    mocked["stateConfiguration"] = json!({"errorCausedByState": "S"});
    check(mocked.clone(), expect!["FAILED\nerror E"]).await;
    mocked["stateConfiguration"] = json!({"errorCausedByState": "P"});
    check(mocked, expect!["ValidationException: State not found in definition"]).await;
}

#[tokio::test]
async fn what_needs_a_mock_or_a_role_says_so() {
    let parallel =
        json!({"Type": "Parallel", "Branches": [only(json!({"Type": "Fail"}))], "End": true});
    check(
        json!({"definition": parallel}),
        expect!["InvalidDefinition: TestState API does not support Map or Parallel states. Supported state types include: [Task, Wait, Pass, Succeed, Fail, Choice]"],
    )
    .await;
    check(
        json!({"definition": task("sqs:sendMessage")}),
        expect!["ValidationException: RoleArn must be specified when testing a Task state"],
    )
    .await;
    check(
        json!({"definition": task("sqs:sendMessage.waitForTaskToken"), "roleArn": ROLE}),
        expect!["InvalidDefinition: TestState API does not support '.sync' and '.waitForTaskToken' service integrations when a mock is not specified."],
    )
    .await;
    check(
        json!({"definition": {"Type": "Pass", "End": true}, "context": {}}),
        expect![
            "ValidationException: TestState does not support Context when a mock is not specified."
        ],
    )
    .await;
}

#[tokio::test]
async fn a_mock_fits_the_state() {
    let start = task("states:startExecution");
    let parallel =
        json!({"Type": "Parallel", "Branches": [only(json!({"Type": "Fail"}))], "End": true});
    for (state, mock, expected) in [
        (
            json!({"Type": "Succeed"}),
            json!({"result": 1}),
            "State type 'Succeed' is not supported when a mock is specified",
        ),
        (
            start.clone(),
            json!({}),
            "A test mock should have only one of the following fields: [result, errorOutput].",
        ),
        (
            start.clone(),
            json!({"result": 1, "errorOutput": {"error": "E"}}),
            "A test mock should have only one of the following fields: [result, errorOutput].",
        ),
        (
            start.clone(),
            json!({"errorOutput": {}}),
            "A mocked errorOutput must have the field 'error'.",
        ),
        (start.clone(), json!({"result": "{"}), "Mocked result must be valid JSON"),
        (
            start.clone(),
            json!({"result": {}}),
            "Mock result schema validation error: Required field 'ExecutionArn' is missing",
        ),
        (
            start,
            json!({"result": {"StartDate": 1}, "fieldValidationMode": "PRESENT"}),
            "Mock result schema validation error: Field 'StartDate' must be a string",
        ),
        (parallel.clone(), json!({"result": {}}), "Mocked result must be an array."),
        (
            parallel,
            json!({"result": [1, 2]}),
            "Mocked result must contain the same number of items as number of Parallel branches.",
        ),
    ] {
        let answer = answer(json!({"definition": state, "mock": mock})).await;
        assert_eq!(answer, format!("ValidationException: {expected}"), "{mock}");
    }
    let unchecked = json!({"result": {}, "fieldValidationMode": "NONE"});
    check(
        json!({"definition": task("states:startExecution"), "mock": unchecked}),
        expect!["SUCCEEDED\noutput {}"],
    )
    .await;
    check(
        json!({"definition": task("sqs:sendMessage"), "mock": {"result": {}}, "revealSecrets": true}),
        expect!["ValidationException: TestState does not support RevealSecrets when a mock is specified."],
    )
    .await;
}

#[tokio::test]
async fn a_context_object_is_held_to_its_form() {
    for (context, expected) in [
        (json!([]), "Context object must be a JSON object"),
        (json!({"Map": {}}), "'Map' field is not supported when mocking a Context object"),
        (json!({"Other": {}}), "Field 'Other' is not allowed"),
        (json!({"State": {"Other": 1}}), "Field 'Other' is not allowed"),
        (json!({"State": 1}), "State must be an object"),
        (json!({"StateMachine": {"Id": 1}}), "StateMachine.Id must be a string"),
        (json!({"State": {"RetryCount": "1"}}), "State.RetryCount must be a number"),
        (
            json!({"Task": {"Token": "t"}}),
            "Context object contains 'Task' when state is not a Task state with a '.sync' or '.waitForTaskToken' service integration pattern",
        ),
    ] {
        let mock = json!({"result": {}});
        let request =
            json!({"definition": task("sqs:sendMessage"), "context": context, "mock": mock});
        let expected = format!("ValidationException: Invalid Context object provided: {expected}");
        assert_eq!(answer(request).await, expected, "{context}");
    }
}

#[tokio::test]
async fn a_context_object_goes_over_the_one_made_up() {
    let mut state = task("sqs:sendMessage.waitForTaskToken");
    state["ResultSelector"] = json!({"token.$": "$$.Task.Token", "name.$": "$$.State.Name", "retries.$": "$$.State.RetryCount"});
    check(
        json!({"definition": state, "mock": {"result": {}},
            "context": {"Task": {"Token": "t"}, "State": {"RetryCount": 9}}}),
        expect![[r#"
            SUCCEEDED
            output {"token":"t","name":"StateName","retries":9}"#]],
    )
    .await;
}

#[tokio::test]
async fn requests_that_make_no_sense_are_refused() {
    check(
        json!({"definition": {"Type": "Nope"}}),
        expect!["InvalidDefinition: Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: The field 'Type' should have one of these values: [Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map] at /Type'"],
    )
    .await;
    let pass = json!({"Type": "Pass", "End": true});
    check(
        json!({"definition": pass, "variables": [1]}),
        expect!["ValidationException: Variables must be a JSON object."],
    )
    .await;
    check(
        json!({"definition": pass, "input": "{"}),
        expect![[r#"InvalidExecutionInput: Invalid State Machine Execution Input: 'Unexpected end-of-input: expected close marker for Object (start marker at [Source: (String)"{"; line: 1, column: 1])'"#]],
    )
    .await;
    check(
        json!({"definition": pass, "inspectionLevel": "ALL",
            "stateConfiguration": {"retrierRetryCount": -1}}),
        expect!["ValidationException: 2 validation errors detected: Value 'ALL' at 'inspectionLevel' failed to satisfy constraint: Member must satisfy enum value set: [INFO, DEBUG, TRACE]; Value '-1' at 'stateConfiguration.retrierRetryCount' failed to satisfy constraint: Member must have value greater than or equal to 0"],
    )
    .await;
}

fn task(resource: &str) -> Value {
    let resource = format!("arn:aws:states:::{resource}");
    json!({"Type": "Task", "Resource": resource, "Parameters": {}, "End": true})
}

/// A Distributed Map with more fields.
fn map(fields: Value) -> Value {
    let mut processor = only(json!({"Type": "Pass", "End": true}));
    processor["ProcessorConfig"] = json!({"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"});
    let mut map = json!({"Type": "Map", "ItemProcessor": processor, "End": true});
    for (name, value) in fields.as_object().unwrap() {
        map[name] = value.clone();
    }
    map
}

async fn check(request: Value, expected: Expect) {
    expected.assert_eq(&answer(request).await);
}

/// The answer, one line a member. JSON in the request stands for its text.
async fn answer(mut request: Value) -> String {
    for pointer in ["/definition", "/input", "/variables", "/context", "/mock/result"] {
        if let Some(value) = request.pointer_mut(pointer).filter(|value| !value.is_string()) {
            *value = value.to_string().into();
        }
    }
    let answer = World::new().call("TestState", request).await;
    if let Some(code) = answer.get("__type") {
        return format!("{}: {}", code.as_str().unwrap(), answer["message"].as_str().unwrap());
    }
    let shown = |(name, value): (&String, &Value)| {
        let text = value.as_str().map_or_else(|| sorted(value).to_string(), str::to_owned);
        format!("\n{name} {text}")
    };
    let own = answer.as_object().unwrap().iter();
    let own = own.filter(|(name, _)| *name != "status" && *name != "inspectionData");
    let data = answer["inspectionData"].as_object();
    let lines = |members: Vec<(&String, &Value)>| {
        let mut lines: Vec<String> = members.into_iter().map(shown).collect();
        lines.sort();
        lines.concat()
    };
    let status = answer["status"].as_str().unwrap();
    let data = lines(data.into_iter().flatten().collect());
    format!("{status}{}{data}", lines(own.collect()))
}

fn sorted(value: &Value) -> Value {
    let Value::Object(members) = value else { return value.clone() };
    let members: std::collections::BTreeMap<_, _> = members.clone().into_iter().collect();
    members.into_iter().collect()
}
