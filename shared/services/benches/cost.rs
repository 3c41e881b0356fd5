//! What a call costs: `cargo bench -p baton-services --features aws-sdk`.
//!
//! Prints the time and memory of the first use of the table and of a service, then the time to write and sign a request and
//! to read its answer. Goals: first use under 10 ms and 4 MB, a small request written and signed in under 200 µs.
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and stops at what it does not expect"
)]

use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use baton_services::{Context, Request, Response, action};
use serde_json::{Value, json};
use std::time::{Duration, Instant, SystemTime};

const ROUNDS: u32 = 5_000;
const CONTEXT: Context<'_> = Context { region: "eu-west-1", token: "t" };

fn main() {
    let before = resident_kib();
    let took = timed(1, || {
        let _ = baton_services::table();
    });
    println!("first use of the table: {took:?}, {} KiB", resident_kib() - before);
    if baton_services::table().is_none() {
        println!("there is no table: build with --features aws-sdk");
        return;
    }
    for (service, name) in
        [("dynamodb", "putItem"), ("ec2", "describeInstances"), ("s3", "getObject")]
    {
        let took = timed(1, || drop(action(service, name)));
        println!("first use of {service}: {took:?}, {} KiB more so far", resident_kib() - before);
    }
    let item = json!({"TableName": "t", "Item": {"id": {"S": "1"}, "data": {"S": "HelloWorld"}}});
    measure("dynamodb", "putItem", &item, "{}");
    let found = "<DescribeInstancesResponse><reservationSet><item><reservationId>r</reservationId></item></reservationSet></DescribeInstancesResponse>";
    measure("ec2", "describeInstances", &json!({"InstanceIds": ["i-1"]}), found);
    measure("s3", "putObject", &json!({"Bucket": "bucket", "Key": "k", "Body": {"a": 1}}), "");
    measure(
        "lambda",
        "getFunction",
        &json!({"FunctionName": "f"}),
        r#"{"Configuration":{"FunctionName":"f"}}"#,
    );
    measure(
        "sns",
        "publish",
        &json!({"TopicArn": "t", "Message": "m"}),
        "<PublishResponse><PublishResult><MessageId>m</MessageId></PublishResult></PublishResponse>",
    );
}

fn measure(service: &str, name: &str, arguments: &Value, answer: &str) {
    let arguments = arguments.as_object().expect("an object");
    let request =
        || action(service, name).expect("is there").request(arguments, &CONTEXT).expect("fits");
    let written = timed(ROUNDS, || drop(request()));
    let signed = timed(ROUNDS, || sign_request(&request()));
    let response = Response { status: 200, headers: Vec::new(), body: answer.into() };
    let action = action(service, name).expect("is there");
    let read = timed(ROUNDS, || drop(action.outcome(&response).expect("reads")));
    println!(
        "{service}:{name}: found and written {written:?}, and signed {signed:?}, answer read {read:?}"
    );
}

fn timed(rounds: u32, mut work: impl FnMut()) -> Duration {
    #[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
    let start = Instant::now();
    for _ in 0..rounds {
        work();
    }
    start.elapsed() / rounds
}

fn sign_request(request: &Request) {
    let identity = aws_credential_types::Credentials::new("A", "S", None, None, "bench").into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(&request.destination.signing.region)
        .name(request.destination.signing.name.as_deref().unwrap_or_default())
        .time(SystemTime::UNIX_EPOCH)
        .settings(SigningSettings::default())
        .build()
        .expect("complete");
    let uri = format!("https://{}{}", request.destination.host, request.path);
    let headers = request.headers.iter().map(|(name, value)| (name.as_ref(), value.as_str()));
    let body = SignableBody::Bytes(&request.body);
    let signable =
        SignableRequest::new(request.method.as_str(), uri, headers, body).expect("is one");
    drop(sign(signable, &params.into()).expect("signs"));
}

fn resident_kib() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
}
