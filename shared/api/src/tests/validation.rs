//! ValidateStateMachineDefinition.

use super::{World, only, pass};
use expect_test::{Expect, expect};
use serde_json::{Value, json};

#[tokio::test]
async fn a_definition_is_judged_as_at_creation() {
    check(json!({"definition": pass().to_string()}), expect!["OK"]).await;
    check(
        json!({"definition": only(json!({"Type": "Pas", "End": true})).to_string()}),
        expect![[r#"
            FAIL
            ERROR SCHEMA_VALIDATION_FAILED: The field 'Type' should have one of these values: [Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map] at /States/S/Type"#]],
    )
    .await;
    check(
        json!({"definition": "{"}),
        expect![[r#"
            FAIL
            ERROR INVALID_JSON_DESCRIPTION: Unexpected end-of-input: expected close marker for Object (start marker at [Source: (String)"{"; line: 1, column: 1])
             at [Source: (String)"{"; line: 1, column: 2] at [Source: (String)"{"; line: 1, column: 2]"#]],
    )
    .await;
    check(
        json!({"definition": " "}),
        expect![[r#"
            FAIL
            ERROR SCHEMA_VALIDATION_FAILED: Definition must be a valid JSON object at null"#]],
    )
    .await;
}

#[tokio::test]
async fn the_type_decides_what_a_machine_can_wait_for() {
    let task = |resource: &str| {
        let resource = format!("arn:aws:states:::{resource}");
        only(json!({"Type": "Task", "Resource": resource, "Parameters": {}, "End": true}))
            .to_string()
    };
    let callback = task("sqs:sendMessage.waitForTaskToken");
    check(json!({"definition": callback, "type": "STANDARD"}), expect!["OK"]).await;
    check(
        json!({"definition": callback, "type": "EXPRESS"}),
        expect![[r#"
            FAIL
            ERROR SCHEMA_VALIDATION_FAILED: Express state machine does not support '.waitForTaskToken' service integration  at /States/S/Resource"#]],
    )
    .await;
    check(
        json!({"definition": task("lambda:invoke.sync")}),
        expect![[r#"
            FAIL
            ERROR SCHEMA_VALIDATION_FAILED: The resource provided arn:aws:states:::lambda:invoke.sync is not recognized. The value is not a valid resource ARN, or the resource is not available in this region. at /States/S/Resource"#]],
    )
    .await;
}

#[tokio::test]
async fn warnings_are_shown_when_asked_for_and_refuse_nothing() {
    let definition = only(json!({"Type": "Pass", "Parameters": {"a": "$.b"}, "End": true}));
    let definition = definition.to_string();
    check(json!({"definition": definition}), expect!["OK"]).await;
    check(json!({"definition": definition, "severity": "ERROR"}), expect!["OK"]).await;
    check(
        json!({"definition": definition, "severity": "WARNING"}),
        expect![[r#"
            OK
            WARNING NO_DOLLAR: The value for the field 'a' looks like a JSONPath or an intrinsic function call, but the field name does not end with '.$' at /States/S/Parameters"#]],
    )
    .await;
}

#[tokio::test]
async fn as_many_findings_are_shown_as_asked_for() {
    let names: Vec<String> = (0..150).map(|number| format!("S{number}")).collect();
    let states: serde_json::Map<String, Value> =
        names.iter().map(|name| (name.clone(), json!({"Type": "Nope"}))).collect();
    let definition = json!({"StartAt": "S0", "States": states}).to_string();
    let world = World::new();
    for (max_results, shown, truncated) in
        [(json!(null), 100, true), (json!(0), 100, true), (json!(7), 7, true)]
    {
        let request = json!({"definition": definition, "maxResults": max_results});
        let answer = world.call("ValidateStateMachineDefinition", request).await;
        let count = answer["diagnostics"].as_array().unwrap().len();
        assert_eq!((count, &answer["truncated"]), (shown, &json!(truncated)), "{max_results}");
    }
    let one = json!({"definition": "{}", "maxResults": 1});
    let answer = world.call("ValidateStateMachineDefinition", one).await;
    assert_eq!((&answer["truncated"], &answer["result"]), (&json!(false), &json!("FAIL")));
}

#[tokio::test]
async fn requests_that_make_no_sense_are_refused() {
    let world = World::new();
    let request = json!({"type": "OTHER", "severity": "INFO", "maxResults": 101});
    let refusal = world.refusal("ValidateStateMachineDefinition", request).await;
    expect!["ValidationException: 4 validation errors detected: Value null at 'definition' failed to satisfy constraint: Member must not be null; Value 'OTHER' at 'type' failed to satisfy constraint: Member must satisfy enum value set: [STANDARD, EXPRESS]; Value 'INFO' at 'severity' failed to satisfy constraint: Member must satisfy enum value set: [ERROR, WARNING]; Value '101' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 100"]
        .assert_eq(&refusal);
}

async fn check(request: Value, expected: Expect) {
    let answer = World::new().call("ValidateStateMachineDefinition", request).await;
    let findings = answer["diagnostics"].as_array().unwrap().iter().map(|finding| {
        let text = |name: &str| finding[name].as_str().unwrap_or("null").to_owned();
        let [severity, code] = ["severity", "code"].map(text);
        format!("\n{severity} {code}: {} at {}", text("message"), text("location"))
    });
    let result = answer["result"].as_str().unwrap();
    expected.assert_eq(&format!("{result}{}", findings.collect::<String>()));
}
