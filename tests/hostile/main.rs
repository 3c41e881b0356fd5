//! Servers that answer slowly, partly, hugely, wrongly, or lead elsewhere, in place of AWS's services: the task fails with the
//! error that AWS names, in time, and nobody else is called.

#![cfg(test)]

mod server;

use baton_asl::Resource;
use baton_calls::{
    Attempted, Caller, Credentials, Endpoint, Endpoints, LocalCredentials, Patience, Terms,
};
use baton_engine::Payload;
use baton_integrations::{Origin, Task};
use serde_json::{Value, json};
use server::{Server, http};
use std::time::{Duration, SystemTime};

const ORIGIN: Origin<'_> = Origin {
    execution_arn: "arn:aws:states:us-east-1:111111111111:execution:m:e",
    machine_arn: "arn:aws:states:us-east-1:111111111111:stateMachine:m",
    attempt: 7,
};
/// One of each protocol and of each kind of integration, with what its errors begin with and its base error.
const TASKS: &[(&str, &str, &str, &str)] = &[
    ("lambda:invoke", r#"{"FunctionName": "f"}"#, "Lambda", "AWSLambdaException"),
    (
        "sqs:sendMessage",
        r#"{"QueueUrl": "https://sqs.us-east-1.amazonaws.com/1/q", "MessageBody": "b"}"#,
        "SQS",
        "AmazonSQSException",
    ),
    (
        "sns:publish",
        r#"{"TopicArn": "arn:aws:sns:us-east-1:1:t", "Message": "m"}"#,
        "SNS",
        "AmazonSNSException",
    ),
    (
        "dynamodb:getItem",
        r#"{"TableName": "t", "Key": {"id": {"S": "1"}}}"#,
        "DynamoDB",
        "AmazonDynamoDBException",
    ),
    ("athena:getQueryResults", r#"{"QueryExecutionId": "q"}"#, "Athena", "AmazonAthenaException"),
    (
        "batch:submitJob",
        r#"{"JobName": "j", "JobQueue": "q", "JobDefinition": "d"}"#,
        "Batch",
        "AWSBatchException",
    ),
    (
        "aws-sdk:dynamodb:getItem",
        r#"{"TableName": "t", "Key": {"id": {"S": "1"}}}"#,
        "DynamoDb",
        "DynamoDbException",
    ),
    ("aws-sdk:iam:getRole", r#"{"RoleName": "r"}"#, "Iam", "IamException"),
    ("aws-sdk:ec2:describeVpcs", "{}", "Ec2", "Ec2Exception"),
    ("aws-sdk:s3:listBuckets", "{}", "S3", "S3Exception"),
    ("aws-sdk:batch:listJobs", "{}", "Batch", "BatchException"),
    ("aws-sdk:cloudwatch:listMetrics", "{}", "CloudWatch", "CloudWatchException"),
];

fn task(resource: &str, arguments: &str) -> Task {
    let resource = Resource::parse(&format!("arn:aws:states:::{resource}")).expect("a resource");
    let arguments = Payload::parse(arguments).expect("JSON");
    Task::new(&resource, &arguments, &ORIGIN).expect("arguments that fit")
}

/// How a call ends: its result, or its error and cause.
async fn end(mut task: Task, server: &Server, limit: Duration, patience: Patience) -> String {
    let endpoint = Endpoint::parse(&server.address).expect("an endpoint");
    let endpoints = Endpoints { common: Some(endpoint), ..Endpoints::default() };
    let credentials = Credentials {
        access_key_id: "id".to_owned(),
        secret_access_key: "secret".to_owned(),
        session_token: None,
    };
    let caller = Caller::new(Default::default(), endpoints, LocalCredentials::Given(credentials));
    let terms = Terms {
        role_arn: "",
        trace_header: None,
        time_limit: limit,
        now: SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000),
    };
    let Attempted { answer, count } =
        caller.call_patiently(&task.request(), &terms, patience).await;
    task.attempted(count);
    let result = match answer {
        Ok(response) => task.result(&response),
        Err(error) => Err(error.failure(&task)),
    };
    match result {
        Ok(result) => format!("ok: {}", result.text()),
        Err(failure) => format!(
            "{}: {}",
            failure.error.as_deref().unwrap_or_default(),
            failure.cause.as_deref().unwrap_or_default()
        ),
    }
}

/// What every task makes of an answer. `expected` has the error's name, in which `*` stands for the service's base error.
async fn check(answer: Vec<u8>, expected: &str) {
    for (resource, arguments, prefix, base) in TASKS {
        let server = Server::start(vec![answer.clone()]).await;
        let limit = Duration::from_millis(300);
        let end = end(task(resource, arguments), &server, limit, Patience::NONE).await;
        let error = if expected.starts_with("States.") {
            expected.to_owned()
        } else {
            format!("{prefix}.{}", expected.replace('*', base))
        };
        let shown = String::from_utf8_lossy(&answer);
        let shown: String = shown.chars().take(80).collect();
        assert!(end.starts_with(&format!("{error}: ")), "{resource}, {shown}: {end}");
        assert!(end.chars().count() < 33_500, "{resource}: a cause of {} bytes", end.len());
    }
}

#[tokio::test]
async fn silence_and_broken_answers_are_the_clients_errors() {
    check(Vec::new(), "SdkClientException").await;
    check(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}".to_vec(), "SdkClientException").await;
    check(b"HTTP/1.1 200 OK\r\n".to_vec(), "SdkClientException").await;
    check(b"SSH-2.0-OpenSSH_9.6\r\n\r\n".to_vec(), "SdkClientException").await;
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}";
    check(chunked.into(), "SdkClientException").await;
}

#[tokio::test]
async fn a_huge_answer_is_too_large_a_result() {
    let announced = b"HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n".to_vec();
    check(announced, "States.DataLimitExceeded").await;
}

#[tokio::test]
async fn pages_and_proxies_in_place_of_the_service_are_its_base_error() {
    let page = "<html><body>502 Bad Gateway</body></html>";
    check(http("502 Bad Gateway", "content-type: text/html\r\n", page), "*").await;
    check(http("403 Forbidden", "", ""), "*").await;
    check(http("500 Oops", "", "[1, 2"), "*").await;
    check(http("500 Oops", "", &"[".repeat(100_000)), "*").await;
    check(http("400 Bad", "", r#"{"__type": {"a": 1}, "message": ["b"]}"#), "*").await;
    check(http("400 Bad", "", &format!(r#"{{"message": "{}"}}"#, "é".repeat(200_000))), "*").await;
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Server::start(vec![http("200 OK", "", "{}")]).await;
    for status in ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"] {
        let location = format!("location: {}/secret\r\n", elsewhere.address);
        check(http(status, &location, ""), "*").await;
    }
    assert_eq!(elsewhere.requests(), 0);
}

#[tokio::test]
async fn answers_of_another_form_fail_and_do_not_pass_for_results() {
    let page = http("200 OK", "content-type: text/html\r\n", "<html><body>Sign in</body></html>");
    for (resource, arguments, prefix, _) in TASKS {
        // A function may answer anything, and XML may be a page that says nothing.
        let is_lenient = resource.starts_with("lambda") || resource.starts_with("sns");
        let is_xml = ["iam", "ec2", "s3"].iter().any(|service| resource.contains(service));
        if is_lenient || is_xml {
            continue;
        }
        for answer in [&page, &http("200 OK", "", "[1]"), &http("200 OK", "", r#"{"Item": "#)] {
            let server = Server::start(vec![answer.clone()]).await;
            let limit = Duration::from_secs(5);
            let end = end(task(resource, arguments), &server, limit, Patience::NONE).await;
            assert!(
                end.starts_with(&format!("{prefix}.SdkClientException: ")),
                "{resource}: {end}"
            );
        }
    }
}

#[tokio::test]
async fn a_slow_answer_holds_up_nobody_else() {
    let server = Server::start(vec![Vec::new(), http("200 OK", "", r#"{"UpdateCount": 1}"#)]).await;
    let athena = || task("athena:getQueryResults", r#"{"QueryExecutionId": "q"}"#);
    let slow = end(athena(), &server, Duration::from_secs(60), Patience::NONE);
    let quick = async {
        while server.requests() < 1 {
            tokio::task::yield_now().await;
        }
        end(athena(), &server, Duration::from_secs(60), Patience::NONE).await
    };
    tokio::select! {
        slow = slow => panic!("{slow}"),
        quick = quick => assert!(quick.starts_with("ok: "), "{quick}"),
    }
}

#[tokio::test]
async fn a_throttle_is_met_as_the_sdk_meets_it() {
    let throttle =
        http("400 Bad", "x-amzn-errortype: ThrottlingException\r\n", r#"{"message": "slow down"}"#);
    let table =
        || task("aws-sdk:dynamodb:getItem", r#"{"TableName": "t", "Key": {"id": {"S": "1"}}}"#);
    let limit = Duration::from_secs(60);
    let patience = Patience::of_task(&table(), false, 0);
    let server =
        Server::start(vec![throttle.clone(), throttle.clone(), http("200 OK", "", "{}")]).await;
    assert_eq!(end(table(), &server, limit, patience).await, "ok: {}");
    assert_eq!(server.requests(), 3);
    let server = Server::start(vec![throttle; 9]).await;
    let end = end(table(), &server, limit, patience).await;
    assert!(end.starts_with("DynamoDb.ThrottlingException: slow down (Service: DynamoDb"), "{end}");
    assert!(end.ends_with("(SDK Attempt Count: 4)"), "{end}");
    assert_eq!(server.requests(), 4);
}

#[tokio::test]
async fn what_may_have_been_carried_out_is_not_repeated_unless_that_is_the_same() {
    let trouble = http("503 Busy", "", "<html>");
    let limit = Duration::from_secs(60);
    for (resource, arguments, requests) in [
        (
            "sqs:sendMessage",
            r#"{"QueueUrl": "https://sqs.us-east-1.amazonaws.com/1/q", "MessageBody": "b"}"#,
            1,
        ),
        ("aws-sdk:dynamodb:getItem", r#"{"TableName": "t", "Key": {"id": {"S": "1"}}}"#, 1),
        (
            "eks:call",
            r#"{"ClusterName": "c", "CertificateAuthority": "LS0=", "Endpoint": "https://a.eks.amazonaws.com", "Method": "GET", "Path": "/"}"#,
            1,
        ),
        ("aws-sdk:s3:listBuckets", "{}", 4),
    ] {
        let server = Server::start(vec![trouble.clone(); 9]).await;
        let task = task(resource, arguments);
        let patience = Patience::of_task(&task, false, 0);
        end(task, &server, limit, patience).await;
        assert_eq!(server.requests(), requests, "{resource}");
    }
}

#[tokio::test]
async fn no_endpoint_of_a_definition_leads_out_of_the_services() {
    let evil = Server::start(vec![http("200 OK", "", "{}")]).await;
    let host = evil.address.trim_start_matches("http://").to_owned();
    let cluster = |endpoint: &str| {
        json!({
            "ClusterName": "c", "CertificateAuthority": "LS0=", "Endpoint": endpoint,
            "Method": "GET", "Path": "/",
        })
    };
    for (resource, arguments) in [
        ("eks:call", cluster(&format!("https://{host}"))),
        ("eks:call", cluster("https://169.254.169.254")),
        ("eks:call", cluster("https://localhost:6443")),
        ("eks:call", cluster("https://a.eks.amazonaws.com.evil.example")),
        ("sqs:sendMessage", json!({"QueueUrl": format!("http://{host}/q"), "MessageBody": "b"})),
        ("apigateway:invoke", json!({"ApiEndpoint": host, "Method": "GET"})),
        ("aws-sdk:s3:getObject", json!({"Bucket": format!("{host}/x"), "Key": "k"})),
        ("aws-sdk:s3:getObject", json!({"Bucket": "169.254.169.254", "Key": "latest/meta-data"})),
    ] {
        let called = reached(resource, &arguments).await;
        assert_eq!(evil.requests(), 0, "{resource} {arguments}");
        if let Some(host) = called {
            assert!(host.ends_with(".amazonaws.com"), "{resource} {arguments} would call {host}");
        }
    }
}

/// The host that a call would be made to, without an endpoint being configured; nothing if there is none.
async fn reached(resource: &str, arguments: &Value) -> Option<String> {
    let resource = Resource::parse(&format!("arn:aws:states:::{resource}")).expect("a resource");
    let task = Task::new(&resource, &Payload::new(arguments.clone()), &ORIGIN).ok()?;
    let credentials = Credentials {
        access_key_id: "id".to_owned(),
        secret_access_key: "secret".to_owned(),
        session_token: None,
    };
    let caller =
        Caller::new(Default::default(), Endpoints::default(), LocalCredentials::Given(credentials));
    let terms = Terms {
        role_arn: "",
        trace_header: None,
        // No time to connect in: nothing leaves this machine.
        time_limit: Duration::ZERO,
        now: SystemTime::UNIX_EPOCH,
    };
    match caller.call(&task.request(), &terms).await {
        Err(baton_calls::CallError::TimedOut(_)) => Some(task.destination().host),
        Err(_) | Ok(_) => None,
    }
}
