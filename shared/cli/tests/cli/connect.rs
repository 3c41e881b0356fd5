//! `baton connect`: requests go on to a stack, signed as it wants them.

use crate::place::{Place, Running, request};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;

/// A stack that reads one request, and answers; what it read, head and body.
fn stack(answer: &'static str) -> (String, JoinHandle<(String, Value)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let peer = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let (mut read, mut byte) = (Vec::new(), [0; 1]);
        while !read.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte).unwrap();
            read.push(byte[0]);
        }
        let head = String::from_utf8(read).unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        let mut body = vec![0; length.parse().unwrap()];
        stream.read_exact(&mut body).unwrap();
        let length = answer.len();
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nx-amzn-requestid: r1\r\ncontent-length: {length}\r\n\r\n{answer}"
        )
        .unwrap();
        (head, serde_json::from_slice(&body).unwrap())
    });
    (address, peer)
}

fn connect(place: &Place, to: &str, endpoint: &str) -> (Running, String) {
    let mut command = place.start_with(
        &["connect", to, "--port", "0", "--region", "eu-west-1"],
        &[
            ("AWS_ENDPOINT_URL_LAMBDA", endpoint),
            ("AWS_ACCESS_KEY_ID", "AKID"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
        ],
    );
    let line = command.line_with("Step Functions API at");
    let port = line.split(' ').find(|word| word.starts_with("http://")).unwrap();
    (command, port.trim_end_matches(',').to_owned())
}

const SIGNED: &str = "AWS4-HMAC-SHA256 Credential=AKID/";

#[test]
fn a_function_url_gets_requests_signed_for_lambda() {
    let (address, peer) = stack(r#"{"stateMachines": []}"#);
    let place = Place::new();
    let (_running, port) = connect(&place, &address, &address);
    let (status, answer) = request(&port, "ListStateMachines", &json!({"maxResults": 7}));
    assert_eq!((status, answer), (200, json!({"stateMachines": []})));
    let (head, body) = peer.join().unwrap();
    assert!(head.starts_with("POST / HTTP/1.1"), "{head}");
    assert!(head.contains("x-amz-target: AWSStepFunctions.ListStateMachines"), "{head}");
    assert!(head.contains(SIGNED) && head.contains("/eu-west-1/lambda/aws4_request"), "{head}");
    assert_eq!(body, json!({"maxResults": 7}));
}

#[test]
fn a_functions_name_is_invoked() {
    let answer = r#"{"statusCode": 400, "headers": {"x-amzn-requestid": "r2"}, "body": "{\"__type\": \"InvalidArn\"}"}"#;
    let (address, peer) = stack(answer);
    let place = Place::new();
    let (_running, port) = connect(&place, "baton-api", &address);
    let (status, answer) = request(&port, "DescribeExecution", &json!({}));
    assert_eq!((status, answer), (400, json!({"__type": "InvalidArn"})));
    let (head, body) = peer.join().unwrap();
    assert!(head.starts_with("POST /2015-03-31/functions/baton-api/invocations"), "{head}");
    assert!(head.contains(SIGNED) && head.contains("/eu-west-1/lambda/aws4_request"), "{head}");
    assert_eq!(body["headers"]["x-amz-target"], "AWSStepFunctions.DescribeExecution");
    assert_eq!(body["body"], "{}");
}

#[test]
fn a_stack_that_is_not_there_is_told() {
    let place = Place::new();
    let (_running, port) = connect(&place, "http://127.0.0.1:9", "http://127.0.0.1:9");
    let (status, answer) = request(&port, "ListStateMachines", &json!({}));
    assert_eq!((status, &answer["__type"]), (503, &json!("ServiceUnavailableException")));
}
