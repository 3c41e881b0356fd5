//! Actions by the names of Step Functions: what is sent, what answers mean, and what neither can do to us.
#![cfg(feature = "aws-sdk")]

use baton_services::{Context, Response, Unknown, action, table};
use expect_test::{Expect, expect};
use serde_json::{Value, json};

/// The request for these arguments, or what does not fit.
fn check_request(service: &str, name: &str, arguments: &Value, expected: &Expect) {
    let context = Context { region: "eu-west-1", token: "t-1" };
    let request = action(service, name).unwrap().request(arguments.as_object().unwrap(), &context);
    expected.assert_eq(&match request {
        Err(unfit) => unfit.to_string(),
        Ok(request) => format!(
            "{} {} {} at endpoints {:?}; {:?}; {}",
            request.method.as_str(),
            request.destination.host,
            request.path,
            request.destination.path_at_endpoint,
            request.headers,
            String::from_utf8_lossy(&request.body)
        ),
    });
}

/// What an answer means.
fn check_answer(
    service: &str,
    name: &str,
    status: u16,
    body: impl Into<Vec<u8>>,
    expected: &Expect,
) {
    let headers = vec![("x-amz-request-id".to_owned(), "id".to_owned())];
    let response = Response { status, headers, body: body.into() };
    let outcome = action(service, name).unwrap().outcome(&response);
    expected.assert_eq(&match outcome {
        Ok(result) => result.to_string(),
        Err(error) => format!("{}: {}", error.error(), error.cause()),
    });
}

#[test]
fn members_go_by_the_names_of_the_sdk_for_java() {
    let instance = json!({"DbInstanceIdentifier": "d", "SkipFinalSnapshot": true});
    check_request("rds", "deleteDBInstance", &instance, &expect![[r#""#]]);
    let unknown = json!({"stateMachineArn": "a", "Colour": "red"});
    check_request("sfn", "startExecution", &unknown, &expect![[r#""#]]);
    let item = json!({"TableName": "t", "Item": {"a": {"Bool": true}, "b": {"BOOL": false}, "c": {"Nul": true}}});
    check_request("dynamodb", "putItem", &item, &expect![[r#""#]]);
}

#[test]
fn what_is_no_text_is_given_as_json() {
    let object = json!({"StateMachineArn": "a", "Input": {"key": "value"}, "Name": null});
    check_request("sfn", "startExecution", &object, &expect![[r#""#]]);
    let body = json!({"Bucket": "bucket-name", "Key": "a b/c", "Body": {"Dict": "Value"}});
    check_request("s3", "putObject", &body, &expect![[r#""#]]);
}

#[test]
fn a_bucket_is_part_of_the_host_where_it_can_be() {
    for (bucket, expected) in [
        ("b-1", expect![[r#""#]]),
        ("with.dots", expect![[r#""#]]),
        ("Upper", expect![[r#""#]]),
        ("arn:aws:s3:eu-west-1:1234:accesspoint/point", expect![[r#""#]]),
        ("arn:aws:s3:eu-west-1:1234:accesspoint/p@evil.com", expect![[r#""#]]),
        ("", expect![[r#""#]]),
    ] {
        check_request("s3", "getObject", &json!({"Bucket": bucket, "Key": "k"}), &expected);
    }
}

#[test]
fn values_of_another_form_do_not_fit() {
    let limit =
        json!({"TableName": "t", "Limit": "5", "ConsistentRead": "yes", "ExclusiveStartKey": []});
    check_request("dynamodb", "scan", &limit, &expect![[r#""#]]);
    check_request("lambda", "getFunction", &json!({}), &expect![[r#""#]]);
    check_request("s3control", "listJobs", &json!({"AccountId": "a.evil.com/"}), &expect![[r#""#]]);
    check_request("kinesis", "subscribeToShard", &json!({}), &expect![[r#""#]]);
    let mut deep = json!({});
    for _ in 0..200 {
        deep = json!({"M": {"a": deep}});
    }
    check_request(
        "dynamodb",
        "putItem",
        &json!({"TableName": "t", "Item": {"a": deep}}),
        &expect![[r#""#]],
    );
}

#[test]
fn errors_go_by_the_names_of_the_sdk_for_java() {
    let missing = "<Error><Code>NoSuchBucket</Code><Message>The specified bucket does not exist</Message></Error>";
    check_answer("s3", "listObjects", 404, missing, &expect![[r#""#]]);
    check_answer(
        "s3",
        "copyObject",
        200,
        "<Error><Code>SlowDown</Code><Message>m</Message></Error>",
        &expect![[r#""#]],
    );
    check_answer("s3", "headObject", 404, "", &expect![[r#""#]]);
    let secret = r#"{"__type":"ValidationException","message":"Invalid name."}"#;
    check_answer("secretsmanager", "createSecret", 400, secret, &expect![[r#""#]]);
    let token =
        r#"{"__type":"com.amazonaws.x#InvalidToken","message":"Invalid Token: 'Invalid token'"}"#;
    check_answer("sfn", "sendTaskSuccess", 400, token, &expect![[r#""#]]);
    let instance = "<ErrorResponse><Error><Code>DBInstanceNotFound</Code><Message>none</Message></Error><RequestId>r</RequestId></ErrorResponse>";
    check_answer("rds", "describeDBInstances", 404, instance, &expect![[r#""#]]);
}

#[test]
fn answers_that_are_none_fail_the_call() {
    let html = "<html><body>502 Bad Gateway</body></html>";
    for (service, name) in [
        ("dynamodb", "getItem"),
        ("s3", "listBuckets"),
        ("rds", "describeDBInstances"),
        ("arcregionswitch", "listPlans"),
    ] {
        let outcome = |status, body: &[u8]| {
            let response = Response { status, headers: Vec::new(), body: body.to_vec() };
            action(service, name).unwrap().outcome(&response).unwrap_err().error()
        };
        assert!(outcome(502, html.as_bytes()).ends_with("Exception"), "{service}");
        assert!(outcome(200, html[..20].as_bytes()).ends_with(".SdkClientException"), "{service}");
        assert!(outcome(200, b"\xFF\xFE\x00").ends_with(".SdkClientException"), "{service}");
    }
    check_answer("dynamodb", "getItem", 502, html, &expect![[r#""#]]);
    check_answer("dynamodb", "getItem", 200, "[1]", &expect![[r#""#]]);
    check_answer("dynamodb", "getItem", 200, r#"{"Item":"text"}"#, &expect![[r#""#]]);
    check_answer("rds", "describeDBInstances", 200, "<a/>", &expect![[r#""#]]);
}

#[test]
fn no_answer_is_too_deep_or_too_clever() {
    let (open, close) = (r#"{"L":["#.repeat(5_000), "]}".repeat(5_000));
    check_answer(
        "dynamodb",
        "getItem",
        200,
        format!(r#"{{"Item":{{"a":{open}{close}}}}}"#),
        &expect![[r#""#]],
    );
    let bomb = r#"<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>"#;
    check_answer("s3", "listBuckets", 200, bomb, &expect![[r#""#]]);
    let nodes = format!("<x>{}</x>", "<a/>".repeat(500_000));
    check_answer("s3", "listBuckets", 200, nodes, &expect![[r#""#]]);
    let deep = format!("{}{}", "<a>".repeat(50_000), "</a>".repeat(50_000));
    check_answer("ec2", "describeInstances", 200, deep, &expect![[r#""#]]);
    let lists = vec![0x9F; 100_000];
    check_answer("arcregionswitch", "listPlans", 200, lists, &expect![[r#""#]]);
    let promised = [0x9B, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];
    check_answer("arcregionswitch", "listPlans", 200, promised, &expect![[r#""#]]);
}

#[test]
fn every_service_and_action_has_a_name_of_its_own() {
    let table = table().unwrap();
    let mut count = 0;
    for name in table.services() {
        let service = table.service(name).unwrap();
        for name in service.actions() {
            assert!(service.action(&name).is_some(), "{name}");
            count += 1;
        }
    }
    assert!(table.services().count() > 430 && count > 19_000, "{count}");
    assert!(
        matches!(action("dynamodb", "PutItem"), Err(Unknown::Action { nearest: Some(near), .. }) if near == "putItem")
    );
}
