//! `order-task` as whoever runs it sees it: the contract of a local task, and a person's answer.

#![cfg(test)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};
use std::thread;

use serde_json::{Value, json};

mod folder;

use folder::Folder;

#[test]
fn a_result_goes_to_stdout() {
    let folder = Folder::new();
    let output = run(&folder, &["order-dispatch"], &small(), None);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(json_of(&output.stdout), json!({"trackingNumber": "TRACK-small"}));
    assert!(folder.path().join("dispatches/small.json").exists());
}

#[test]
fn a_failure_is_the_last_line_of_stderr() {
    let folder = Folder::new();
    for (event, error) in [("{", "InvalidEvent"), ("{}", "InvalidOrder")] {
        let output = run(&folder, &["order-dispatch"], event, None);
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(output.stdout, b"");
        let stderr = String::from_utf8(output.stderr).unwrap();
        let failure: Value = serde_json::from_str(stderr.lines().last().unwrap()).unwrap();
        assert_eq!(failure["errorType"], error);
    }
}

#[test]
fn wrong_arguments_are_told_the_right_ones() {
    let folder = Folder::new();
    for arguments in [&[] as &[&str], &["order-pay"], &["answer", "small", "perhaps"]] {
        let output = run(&folder, arguments, "", None);
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8(output.stderr).unwrap().contains("order-validate-payment"));
    }
}

#[test]
fn an_answer_takes_the_task_token_back_to_where_it_came_from() {
    for (word, approved) in [("approve", true), ("reject", false)] {
        let folder = Folder::new();
        let (endpoint, request) = endpoint("200 OK", "{}");
        let output = run(&folder, &["order-request-approval"], &small(), Some(&endpoint));
        assert_eq!(output.status.code(), Some(0));
        let output = run(&folder, &["answer", "small", word], "", None);
        assert_eq!(json_of(&output.stdout), json!({"answered": "small"}));
        let (head, body) = request.join().unwrap();
        assert!(head.contains("X-Amz-Target: AWSStepFunctions.SendTaskSuccess\r\n"), "{head}");
        assert_eq!(body["taskToken"], "the token");
        assert_eq!(body["output"], json!({"approved": approved}).to_string());
    }
}

#[test]
fn an_answer_that_comes_too_late_says_so() {
    let folder = Folder::new();
    let (endpoint, _) = endpoint("400 Bad Request", r#"{"__type": "TaskTimedOut"}"#);
    run(&folder, &["order-request-approval"], &small(), Some(&endpoint));
    let output = run(&folder, &["answer", "small", "approve"], "", None);
    assert_eq!(output.status.code(), Some(1));
    let failure = json_of(&output.stderr);
    assert_eq!(failure["errorType"], "AnswerRefused");
    assert!(failure["errorMessage"].as_str().unwrap().contains("TaskTimedOut"), "{failure}");
}

#[test]
fn nobody_answers_what_nobody_asked() {
    let folder = Folder::new();
    let output = run(&folder, &["answer", "small", "approve"], "", None);
    assert_eq!(json_of(&output.stderr)["errorType"], "NotAsked");
}

fn small() -> String {
    let order: Value = serde_json::from_str(include_str!("../../orders/small.json")).unwrap();
    json!({"order": order, "taskToken": "the token"}).to_string()
}

fn run(folder: &Folder, arguments: &[&str], stdin: &str, endpoint: Option<&str>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_order-task"));
    command.args(arguments).env("ORDER_DIR", folder.path());
    command.env("AWS_ENDPOINT_URL_SFN", endpoint.unwrap_or_default());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // Whoever gets wrong arguments ends without reading.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    child.wait_with_output().unwrap()
}

fn json_of(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

/// Answers one request as told, and hands back what was asked.
fn endpoint(
    status: &'static str,
    reply: &'static str,
) -> (String, thread::JoinHandle<(String, Value)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let request = thread::spawn(move || {
        let mut stream = BufReader::new(listener.accept().unwrap().0);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(stream.read_line(&mut head).unwrap() > 0);
        }
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap();
        let mut body = vec![0; length.parse().unwrap()];
        stream.read_exact(&mut body).unwrap();
        write!(stream.get_mut(), "HTTP/1.1 {status}\r\n\r\n{reply}").unwrap();
        (head, serde_json::from_slice(&body).unwrap())
    });
    (address, request)
}
