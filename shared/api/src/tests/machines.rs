//! State machines.

use super::{MACHINE, ROLE, World, only, pass};
use expect_test::{Expect, expect};
use serde_json::{Value, json};

#[tokio::test]
async fn a_machine_is_described_with_defaults_and_no_revision() {
    let world = World::new();
    world.create("m", &pass()).await;
    check(
        &world,
        "DescribeStateMachine",
        json!({"stateMachineArn": MACHINE}),
        expect![[r#"
            {
              "stateMachineArn": "arn:aws:states:us-east-1:111111111111:stateMachine:m",
              "name": "m",
              "status": "ACTIVE",
              "definition": "{\"StartAt\":\"S\",\"States\":{\"S\":{\"Type\":\"Pass\",\"Result\":{\"a\":1},\"End\":true}}}",
              "roleArn": "arn:aws:iam::111111111111:role/r",
              "type": "STANDARD",
              "creationDate": 1763648113.123,
              "loggingConfiguration": {
                "level": "OFF",
                "includeExecutionData": false
              },
              "tracingConfiguration": {
                "enabled": false
              }
            }"#]],
    )
    .await;
    let request = json!({"stateMachineArn": MACHINE, "includedData": "METADATA_ONLY"});
    assert_eq!(world.call("DescribeStateMachine", request).await["definition"], "{}");
}

#[tokio::test]
async fn the_encryption_is_shown_where_it_was_given_or_is_recorded() {
    let world = World::new();
    let variables = json!({"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Assign": {"x": 1}, "Next": "B"},
        "B": {"Type": "Pass", "Parameters": {"x.$": "$x"}, "End": true},
    }});
    let key = json!({"type": "AWS_OWNED_KEY"});
    for (name, definition, given, expected) in
        [("none", pass(), None, None), ("given", pass(), Some(&key), Some(&key))]
    {
        let mut request =
            json!({"name": name, "definition": definition.to_string(), "roleArn": ROLE});
        if let Some(given) = given {
            request["encryptionConfiguration"] = given.clone();
        }
        let created = world.call("CreateStateMachine", request).await;
        let arn = json!({"stateMachineArn": created["stateMachineArn"]});
        let described = world.call("DescribeStateMachine", arn).await;
        assert_eq!(described.get("encryptionConfiguration"), expected, "{name}");
    }
    let arn = json!({"stateMachineArn": world.create("variables", &variables).await});
    assert_eq!(world.call("DescribeStateMachine", arn).await["encryptionConfiguration"], key);
}

#[tokio::test]
async fn creating_again_is_the_same_only_if_nothing_but_role_and_tags_differs() {
    let world = World::new();
    let definition = pass().to_string();
    let base = json!({"name": "m", "definition": definition, "roleArn": ROLE});
    let first = world.call("CreateStateMachine", base.clone()).await;
    world.pass(60);
    let tags = json!([{"key": "k", "value": "v"}]);
    for same in [
        json!({}),
        json!({"roleArn": "another"}),
        json!({"tags": tags}),
        json!({"type": "STANDARD"}),
        json!({"loggingConfiguration": {}}),
        json!({"loggingConfiguration": {"level": "OFF"}}),
        json!({"tracingConfiguration": {"enabled": false}}),
        json!({"encryptionConfiguration": {"type": "AWS_OWNED_KEY"}}),
    ] {
        let again = world.call("CreateStateMachine", with(&base, &same)).await;
        assert_eq!(again, first, "{same}");
    }
    for other in [
        json!({"definition": format!("{definition} ")}),
        json!({"type": "EXPRESS"}),
        json!({"tracingConfiguration": {"enabled": true}}),
        json!({"loggingConfiguration": {"includeExecutionData": true}}),
    ] {
        assert_eq!(
            world.refusal("CreateStateMachine", with(&base, &other)).await,
            format!("StateMachineAlreadyExists: State Machine Already Exists: '{MACHINE}'"),
            "{other}"
        );
    }
}

#[tokio::test]
async fn what_cannot_be_a_machine_is_refused() {
    let world = World::new();
    let base = json!({"name": "m", "definition": pass().to_string(), "roleArn": ROLE});
    let group = json!({"cloudWatchLogsLogGroup": {"logGroupArn": "arn"}});
    let tag = |number: u32| json!({"key": number.to_string(), "value": ""});
    for (change, expected) in [
        (
            json!({"name": null}),
            "ValidationException: 1 validation error detected: Value null at 'name' failed to satisfy constraint: Member must not be null",
        ),
        (
            json!({"name": ""}),
            "ValidationException: 1 validation error detected: Value '' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 1",
        ),
        (json!({"name": "a b"}), "InvalidName: Invalid Name: 'a b'"),
        (
            json!({"name": 7}),
            "SerializationException: NUMBER_VALUE can not be converted to a String",
        ),
        (
            json!({"type": "FAST"}),
            "ValidationException: 1 validation error detected: Value 'FAST' at 'type' failed to satisfy constraint: Member must satisfy enum value set: [STANDARD, EXPRESS]",
        ),
        (
            json!({"definition": ""}),
            "ValidationException: 1 validation error detected: Value at 'definition' failed to satisfy constraint: Member must have length greater than or equal to 1",
        ),
        (
            json!({"definition": "{}"}),
            "InvalidDefinition: Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: These fields are required: [States, StartAt] at /'",
        ),
        (
            json!({"loggingConfiguration": {"level": "ALL"}}),
            "InvalidLoggingConfiguration: Invalid Logging Configuration: Must specify exactly one Log Destination.",
        ),
        (
            json!({"loggingConfiguration": {"level": "ALL", "destinations": [group, group]}}),
            "InvalidLoggingConfiguration: Invalid Logging Configuration: Must specify exactly one Log Destination.",
        ),
        (
            json!({"loggingConfiguration": {"level": "all"}}),
            "ValidationException: 1 validation error detected: Value 'all' at 'loggingConfiguration.level' failed to satisfy constraint: Member must satisfy enum value set: [ALL, ERROR, FATAL, OFF]",
        ),
        (
            json!({"tags": [{"key": "", "value": "v"}]}),
            "ValidationException: 1 validation error detected: Value '' at 'tags.1.member.key' failed to satisfy constraint: Member must have length greater than or equal to 1",
        ),
        (
            json!({"tags": (0..51).map(tag).collect::<Vec<_>>()}),
            "TooManyTags: Too many tags: 'arn:aws:states:us-east-1:111111111111:stateMachine:m'",
        ),
        (
            json!({"versionDescription": "d"}),
            "ValidationException: Version description can only be set when publish is true",
        ),
        (
            json!({"encryptionConfiguration": {}}),
            "ValidationException: 1 validation error detected: Value null at 'encryptionConfiguration.type' failed to satisfy constraint: Member must not be null",
        ),
        (
            json!({"encryptionConfiguration": {"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "k"}}),
            "NotSupportedException: Baton does not support customer managed KMS keys yet.",
        ),
    ] {
        let refusal = world.refusal("CreateStateMachine", with(&base, &change)).await;
        assert_eq!(refusal, expected, "{change}");
    }
    let listed = world.call("ListStateMachines", json!({})).await;
    assert_eq!(listed, json!({"stateMachines": []}), "what is refused has changed nothing");
}

#[tokio::test]
async fn an_update_makes_a_revision_unless_nothing_changes() {
    let world = World::new();
    world.create("m", &pass()).await;
    world.pass(1);
    let update = async |change: Value| {
        let request = with(&json!({"stateMachineArn": MACHINE}), &change);
        world.call("UpdateStateMachine", request).await
    };
    let describe =
        async || world.call("DescribeStateMachine", json!({"stateMachineArn": MACHINE})).await;
    let same = update(json!({"definition": pass().to_string()})).await;
    assert_eq!(same, json!({"updateDate": 1_763_648_114.123}));
    assert_eq!(describe().await.get("revisionId"), None);
    let first = update(json!({"roleArn": "other"})).await;
    assert_eq!(describe().await["revisionId"], first["revisionId"]);
    assert_eq!(describe().await["roleArn"], "other");
    let second = update(json!({"tracingConfiguration": {"enabled": true}})).await;
    assert_ne!(second["revisionId"], first["revisionId"]);
    assert_eq!(describe().await["tracingConfiguration"], json!({"enabled": true}));
    let succeed = only(json!({"Type": "Succeed"})).to_string();
    let third = update(json!({"definition": succeed})).await;
    let described = describe().await;
    assert_eq!(described["definition"], json!(succeed));
    assert_eq!(described["revisionId"], third["revisionId"]);
    assert_eq!(described["creationDate"], 1_763_648_113.123);
}

#[tokio::test]
async fn what_cannot_be_an_update_is_refused() {
    let world = World::new();
    world.create("m", &pass()).await;
    let version = format!("{MACHINE}:1");
    for (request, expected) in [
        (json!({"stateMachineArn": MACHINE}), "MissingRequiredParameter: Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified".to_owned()),
        (json!({"stateMachineArn": MACHINE, "definition": "[]"}), "InvalidDefinition: Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: Definition must be a valid JSON object at null'".to_owned()),
        (json!({"stateMachineArn": version, "roleArn": "r"}), format!("StateMachineDoesNotExist: State Machine Does Not Exist: '{version}'")),
        (json!({"stateMachineArn": "x", "roleArn": "r"}), "InvalidArn: Invalid Arn: 'Invalid ARN prefix: x'".to_owned()),
        (json!({"stateMachineArn": MACHINE, "roleArn": "r", "versionDescription": ""}), "ValidationException: Version description can only be set when publish is true".to_owned()),
    ] {
        assert_eq!(world.refusal("UpdateStateMachine", request).await, expected);
    }
}

#[tokio::test]
async fn a_deleted_machine_is_gone_and_may_be_deleted_again() {
    let world = World::new();
    world.create("m", &pass()).await;
    for _ in 0..2 {
        let deleted = world.call("DeleteStateMachine", json!({"stateMachineArn": MACHINE})).await;
        assert_eq!(deleted, json!({}));
    }
    for operation in ["DescribeStateMachine", "StartExecution", "ListExecutions"] {
        assert_eq!(
            world.refusal(operation, json!({"stateMachineArn": MACHINE})).await,
            format!("StateMachineDoesNotExist: State Machine Does Not Exist: '{MACHINE}'")
        );
    }
    let execution = "arn:aws:states:us-east-1:111111111111:execution:m:e";
    assert_eq!(
        world.refusal("DeleteStateMachine", json!({"stateMachineArn": execution})).await,
        "InvalidArn: Invalid Arn: 'Resource type not valid in this context: execution'"
    );
}

#[tokio::test]
async fn machines_are_listed_page_by_page() {
    let world = World::new();
    for name in ["c", "a", "b"] {
        world.create(name, &pass()).await;
    }
    let first = world.call("ListStateMachines", json!({"maxResults": 2})).await;
    let token = &first["nextToken"];
    let second = world.call("ListStateMachines", json!({"nextToken": token})).await;
    let names = |page: &Value| -> Vec<String> {
        let machines = page["stateMachines"].as_array().unwrap();
        machines.iter().map(|machine| machine["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!((names(&first), names(&second)), (vec!["a".into(), "b".into()], vec!["c".into()]));
    assert_eq!(second.get("nextToken"), None);
    let long = "t".repeat(1025);
    for (request, expected) in [
        (json!({"nextToken": "InvalidToken"}), "InvalidToken: Invalid Token: 'Invalid token'".to_owned()),
        (json!({"maxResults": 1001}), "ValidationException: 1 validation error detected: Value '1001' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 1000".to_owned()),
        (json!({"nextToken": long}), format!("ValidationException: 1 validation error detected: Value '{long}' at 'nextToken' failed to satisfy constraint: Member must have length less than or equal to 1024")),
    ] {
        assert_eq!(world.refusal("ListStateMachines", request).await, expected);
    }
}

#[tokio::test]
async fn variables_are_listed_by_state() {
    let world = World::new();
    let definition = json!({"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Assign": {"v": 1}, "Next": "B"},
        "B": {"Type": "Pass", "Parameters": {"x.$": "$v"}, "End": true}}});
    world.create("m", &definition).await;
    let described = world.call("DescribeStateMachine", json!({"stateMachineArn": MACHINE})).await;
    assert_eq!(described["variableReferences"], json!({"B": ["v"]}));
}

async fn check(world: &World, operation: &str, request: Value, expected: Expect) {
    let body = world.call(operation, request).await;
    expected.assert_eq(&serde_json::to_string_pretty(&body).unwrap());
}

/// A request with some members replaced.
fn with(base: &Value, change: &Value) -> Value {
    let mut request = base.clone();
    for (name, value) in change.as_object().unwrap() {
        request[name] = value.clone();
    }
    request
}

#[tokio::test]
async fn each_account_and_region_is_a_world_of_its_own() {
    let world = World::new();
    let signed = async |key: &str, region: &str, operation: &str, request: Value| {
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={key}/20260101/{region}/states/aws4_request, SignedHeaders=host, Signature=0"
        );
        let target = format!("AWSStepFunctions.{operation}");
        let body = request.to_string();
        let answer =
            world.api.handle_signed(&target, body.as_bytes(), None, Some(&authorization)).await;
        serde_json::from_slice::<Value>(&answer.body).unwrap()
    };
    let places =
        [("222222222222", "us-east-1"), ("222222222222", "eu-west-1"), ("AKID", "us-east-1")];
    for (key, region) in places {
        let account = if key == "AKID" { "111111111111" } else { key };
        let request = json!({"name": "m", "definition": pass().to_string(), "roleArn": ROLE});
        let created = signed(key, region, "CreateStateMachine", request).await;
        let arn = format!("arn:aws:states:{region}:{account}:stateMachine:m");
        assert_eq!(created["stateMachineArn"], arn);
        let activity = signed(key, region, "CreateActivity", json!({"name": "a"})).await;
        assert_eq!(
            activity["activityArn"],
            format!("arn:aws:states:{region}:{account}:activity:a")
        );
        let started = signed(key, region, "StartExecution", json!({"stateMachineArn": arn})).await;
        let execution = started["executionArn"].as_str().unwrap();
        assert!(execution.starts_with(&format!("arn:aws:states:{region}:{account}:execution:m:")));
    }
    for (key, region) in places {
        let listed = signed(key, region, "ListStateMachines", json!({})).await;
        assert_eq!(listed["stateMachines"].as_array().unwrap().len(), 1, "{key} {region}");
        let listed = signed(key, region, "ListActivities", json!({})).await;
        assert_eq!(listed["activities"].as_array().unwrap().len(), 1, "{key} {region}");
    }
    let request = json!({"stateMachineArn": MACHINE});
    let foreign =
        signed("222222222222", "us-east-1", "DescribeStateMachine", request.clone()).await;
    assert_eq!(foreign["__type"], "StateMachineDoesNotExist");
    let elsewhere = signed("AKID", "eu-west-1", "DescribeStateMachine", request.clone()).await;
    assert_eq!(elsewhere["__type"], "StateMachineDoesNotExist");
    assert_eq!(world.call("DescribeStateMachine", request).await["name"], "m", "unsigned");
}
