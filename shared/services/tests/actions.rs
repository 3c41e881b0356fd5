//! Actions by the names of Step Functions: what is sent, what answers mean, and what neither can do to us.
#![cfg(feature = "aws-sdk")]
#![cfg(test)]

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
    check_request(
        "rds",
        "deleteDBInstance",
        &instance,
        &expect![[
            r#"POST rds.eu-west-1.amazonaws.com / at endpoints None; [("content-type", "application/x-www-form-urlencoded; charset=utf-8")]; Action=DeleteDBInstance&Version=2014-10-31&DBInstanceIdentifier=d&SkipFinalSnapshot=true"#
        ]],
    );
    let unknown = json!({"stateMachineArn": "a", "Colour": "red"});
    check_request(
        "sfn",
        "startExecution",
        &unknown,
        &expect![[
            r#"The field "stateMachineArn" is not supported by Step Functions, The field "Colour" is not supported by Step Functions"#
        ]],
    );
    let item = json!({"TableName": "t", "Item": {"a": {"Bool": true}, "b": {"BOOL": false}, "c": {"Nul": true}}});
    check_request(
        "dynamodb",
        "putItem",
        &item,
        &expect![[
            r#"POST dynamodb.eu-west-1.amazonaws.com / at endpoints None; [("content-type", "application/x-amz-json-1.0"), ("x-amz-target", "DynamoDB_20120810.PutItem")]; {"TableName":"t","Item":{"a":{"BOOL":true},"b":{"BOOL":false},"c":{"NULL":true}}}"#
        ]],
    );
}

#[test]
fn what_is_no_text_is_given_as_json() {
    let object = json!({"StateMachineArn": "a", "Input": {"key": "value"}, "Name": null});
    check_request(
        "sfn",
        "startExecution",
        &object,
        &expect![[
            r#"POST states.eu-west-1.amazonaws.com / at endpoints None; [("content-type", "application/x-amz-json-1.0"), ("x-amz-target", "AWSStepFunctions.StartExecution")]; {"stateMachineArn":"a","input":"{\"key\":\"value\"}"}"#
        ]],
    );
    let body = json!({"Bucket": "bucket-name", "Key": "a b/c", "Body": {"Dict": "Value"}});
    check_request(
        "s3",
        "putObject",
        &body,
        &expect![[
            r#"PUT bucket-name.s3.eu-west-1.amazonaws.com /a%20b/c at endpoints Some("/bucket-name/a%20b/c"); [("x-amz-checksum-crc32", "hnEfWw=="), ("x-amz-sdk-checksum-algorithm", "CRC32")]; {"Dict":"Value"}"#
        ]],
    );
}

#[test]
fn a_bucket_is_part_of_the_host_where_it_can_be() {
    for (bucket, expected) in [
        (
            "b-1",
            expect![[r#"GET b-1.s3.eu-west-1.amazonaws.com /k at endpoints Some("/b-1/k"); []; "#]],
        ),
        (
            "with.dots",
            expect!["GET s3.eu-west-1.amazonaws.com /with.dots/k at endpoints None; []; "],
        ),
        ("Upper", expect!["GET s3.eu-west-1.amazonaws.com /Upper/k at endpoints None; []; "]),
        (
            "arn:aws:s3:eu-west-1:1234:accesspoint/point",
            expect![[
                r#"GET point-1234.s3-accesspoint.eu-west-1.amazonaws.com /k at endpoints Some("/arn%3Aaws%3As3%3Aeu-west-1%3A1234%3Aaccesspoint%2Fpoint/k"); []; "#
            ]],
        ),
        (
            "arn:aws:s3:eu-west-1:1234:accesspoint/p@evil.com",
            expect!["The value of the field 'Bucket' has an invalid format"],
        ),
        ("", expect![[r#"The field "Bucket" is required but was missing"#]]),
    ] {
        check_request("s3", "getObject", &json!({"Bucket": bucket, "Key": "k"}), &expected);
    }
}

#[test]
fn values_of_another_form_do_not_fit() {
    let limit =
        json!({"TableName": "t", "Limit": "5", "ConsistentRead": "yes", "ExclusiveStartKey": []});
    check_request(
        "dynamodb",
        "scan",
        &limit,
        &expect![
            "The value of the field 'Limit' has an invalid format, The value of the field 'ConsistentRead' has an invalid format, The value of the field 'ExclusiveStartKey' has an invalid format"
        ],
    );
    check_request(
        "lambda",
        "getFunction",
        &json!({}),
        &expect![[r#"The field "FunctionName" is required but was missing"#]],
    );
    check_request(
        "s3control",
        "listJobs",
        &json!({"AccountId": "a.evil.com/"}),
        &expect!["The value of the field 'AccountId' has an invalid format"],
    );
    check_request(
        "kinesis",
        "subscribeToShard",
        &json!({}),
        &expect![
            "The action SubscribeToShard streams events, which Step Functions does not support"
        ],
    );
    let mut deep = json!({});
    for _ in 0..200 {
        deep = json!({"M": {"a": deep}});
    }
    check_request(
        "dynamodb",
        "putItem",
        &json!({"TableName": "t", "Item": {"a": deep}}),
        &expect!["The value of the field 'M' has an invalid format"],
    );
}

#[test]
fn errors_go_by_the_names_of_the_sdk_for_java() {
    let missing = "<Error><Code>NoSuchBucket</Code><Message>The specified bucket does not exist</Message></Error>";
    check_answer(
        "s3",
        "listObjects",
        404,
        missing,
        &expect![
            "S3.NoSuchBucketException: The specified bucket does not exist (Service: S3, Status Code: 404, Request ID: id) (SDK Attempt Count: 1)"
        ],
    );
    check_answer(
        "s3",
        "copyObject",
        200,
        "<Error><Code>SlowDown</Code><Message>m</Message></Error>",
        &expect![
            "S3.S3Exception: m (Service: S3, Status Code: 200, Request ID: id) (SDK Attempt Count: 1)"
        ],
    );
    check_answer(
        "s3",
        "headObject",
        404,
        "",
        &expect![
            "S3.NoSuchKeyException: null (Service: S3, Status Code: 404, Request ID: id) (SDK Attempt Count: 1)"
        ],
    );
    let secret = r#"{"__type":"ValidationException","message":"Invalid name."}"#;
    check_answer(
        "secretsmanager",
        "createSecret",
        400,
        secret,
        &expect![
            "SecretsManager.SecretsManagerException: Invalid name. (Service: SecretsManager, Status Code: 400, Request ID: id) (SDK Attempt Count: 1)"
        ],
    );
    let token =
        r#"{"__type":"com.amazonaws.x#InvalidToken","message":"Invalid Token: 'Invalid token'"}"#;
    check_answer(
        "sfn",
        "sendTaskSuccess",
        400,
        token,
        &expect![
            "Sfn.InvalidTokenException: Invalid Token: 'Invalid token' (Service: Sfn, Status Code: 400, Request ID: id) (SDK Attempt Count: 1)"
        ],
    );
    let instance = "<ErrorResponse><Error><Code>DBInstanceNotFound</Code><Message>none</Message></Error><RequestId>r</RequestId></ErrorResponse>";
    check_answer(
        "rds",
        "describeDBInstances",
        404,
        instance,
        &expect![
            "Rds.DbInstanceNotFoundException: none (Service: Rds, Status Code: 404, Request ID: id) (SDK Attempt Count: 1)"
        ],
    );
}

#[test]
fn answers_that_are_none_fail_the_call() {
    let html = "<html><body>502 Bad Gateway</body></html>";
    for (service, name) in [
        ("dynamodb", "getItem"),
        ("s3", "listBuckets"),
        ("rds", "describeDBInstances"),
        ("eventbridgev2", "listEventSources"),
    ] {
        let outcome = |status, body: &[u8]| {
            let response = Response { status, headers: Vec::new(), body: body.to_vec() };
            action(service, name).unwrap().outcome(&response).unwrap_err().error()
        };
        assert!(outcome(502, html.as_bytes()).ends_with("Exception"), "{service}");
        assert!(outcome(200, &html.as_bytes()[..20]).ends_with(".SdkClientException"), "{service}");
        assert!(outcome(200, b"\xFF\xFE\x00").ends_with(".SdkClientException"), "{service}");
    }
    check_answer(
        "dynamodb",
        "getItem",
        502,
        html,
        &expect![
            "DynamoDb.DynamoDbException: null (Service: DynamoDb, Status Code: 502, Request ID: id) (SDK Attempt Count: 1)"
        ],
    );
    check_answer(
        "dynamodb",
        "getItem",
        200,
        "[1]",
        &expect![
            "DynamoDb.SdkClientException: Unable to unmarshall response (the body has no object where the model has one). Response Code: 200 (SDK Attempt Count: 1)"
        ],
    );
    check_answer(
        "dynamodb",
        "getItem",
        200,
        r#"{"Item":"text"}"#,
        &expect![
            "DynamoDb.SdkClientException: Unable to unmarshall response (`Item` has another form than in the model). Response Code: 200 (SDK Attempt Count: 1)"
        ],
    );
    check_answer(
        "rds",
        "describeDBInstances",
        200,
        "<a/>",
        &expect![
            "Rds.SdkClientException: Unable to unmarshall response (the body has no element `DescribeDBInstancesResult`). Response Code: 200 (SDK Attempt Count: 1)"
        ],
    );
}

#[test]
fn no_answer_is_too_deep_or_too_clever() {
    let (open, close) = (r#"{"L":["#.repeat(5_000), "]}".repeat(5_000));
    check_answer(
        "dynamodb",
        "getItem",
        200,
        format!(r#"{{"Item":{{"a":{open}{close}}}}}"#),
        &expect![
            "DynamoDb.SdkClientException: Unable to unmarshall response (the body is not JSON: recursion limit exceeded at line 1 column 391). Response Code: 200 (SDK Attempt Count: 1)"
        ],
    );
    let bomb = r#"<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>"#;
    check_answer(
        "s3",
        "listBuckets",
        200,
        bomb,
        &expect![
            "S3.SdkClientException: Unable to unmarshall response (the body is not XML: XML with DTD detected). Response Code: 200 (SDK Attempt Count: 1)"
        ],
    );
    let nodes = format!("<x>{}</x>", "<a/>".repeat(500_000));
    check_answer(
        "s3",
        "listBuckets",
        200,
        nodes,
        &expect![
            "S3.SdkClientException: Unable to unmarshall response (the body is not XML: nodes limit reached). Response Code: 200 (SDK Attempt Count: 1)"
        ],
    );
    let deep = format!("{}{}", "<a>".repeat(50_000), "</a>".repeat(50_000));
    check_answer("ec2", "describeInstances", 200, deep, &expect!["{}"]);
    let lists = vec![0x9F; 100_000];
    check_answer(
        "eventbridgev2",
        "listEventSources",
        200,
        lists,
        &expect![
            "EventBridgeV2.SdkClientException: Unable to unmarshall response (the body is not CBOR: it has more than 100 levels). Response Code: 200 (SDK Attempt Count: 1)"
        ],
    );
    let promised = [0x9B, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];
    check_answer(
        "eventbridgev2",
        "listEventSources",
        200,
        promised,
        &expect![
            "EventBridgeV2.SdkClientException: Unable to unmarshall response (the body is not CBOR: it ends too early). Response Code: 200 (SDK Attempt Count: 1)"
        ],
    );
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
