//! `baton serve`, over the network and across restarts.

use crate::place::{Place, Running, request};
use serde_json::{Value, json};
use std::io::Write as _;
use std::net::TcpStream;

pub(crate) fn serve(place: &Place, arguments: &[&str]) -> (Running, String) {
    let all: Vec<&str> =
        ["serve", "--port", "0"].into_iter().chain(arguments.iter().copied()).collect();
    let mut running = place.start(&all);
    let line = running.line_with("Step Functions API at");
    let endpoint = line.split(' ').find(|word| word.starts_with("http://")).unwrap().to_owned();
    (running, endpoint)
}

fn ok(endpoint: &str, action: &str, body: Value) -> Value {
    let (status, answer) = request(endpoint, action, &body);
    assert_eq!(status, 200, "{answer}");
    answer
}

fn create(endpoint: &str, definition: &Value) -> String {
    let role = "arn:aws:iam::123456789012:role/r";
    let body = json!({"name": "machine", "definition": definition.to_string(), "roleArn": role});
    ok(endpoint, "CreateStateMachine", body)["stateMachineArn"].as_str().unwrap().to_owned()
}

/// Asks until the execution has ended.
fn wait(endpoint: &str, arn: &str) -> Value {
    loop {
        let execution = ok(endpoint, "DescribeExecution", json!({ "executionArn": arn }));
        if execution["status"] != "RUNNING" {
            return execution;
        }
    }
}

fn waiting() -> Value {
    json!({"StartAt": "Work", "States": {
        "Work": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:work", "Next": "Rest"},
        "Rest": {"Type": "Wait", "Seconds": 1, "End": true},
    }})
}

#[test]
fn what_was_started_goes_on_after_a_restart() {
    let place = Place::new();
    let kept = ["--data", "kept.db", "--task", "work=cat"];
    let (running, endpoint) = serve(&place, &kept);
    let machine = create(&endpoint, &waiting());
    let started = ok(
        &endpoint,
        "StartExecution",
        json!({"stateMachineArn": machine, "name": "e", "input": "[1]"}),
    );
    let arn = started["executionArn"].as_str().unwrap().to_owned();
    running.signal("TERM");
    let (status, _, stderr) = running.end();
    assert_eq!(status.code(), Some(0), "{stderr}");

    let (_running, endpoint) = serve(&place, &kept);
    let ended = wait(&endpoint, &arn);
    assert_eq!((&ended["status"], &ended["output"]), (&json!("SUCCEEDED"), &json!("[1]")));
}

#[test]
fn a_second_process_does_not_get_the_file() {
    let place = Place::new();
    let (_running, _) = serve(&place, &["--data", "kept.db"]);
    place.baton(&["serve", "--port", "0", "--data", "kept.db"]).check(2, "", &["is in use"]);
}

#[test]
fn a_port_that_is_taken_is_named() {
    let place = Place::new();
    let (_running, endpoint) = serve(&place, &[]);
    let port = endpoint.rsplit(':').next().unwrap();
    let help = "(choose another with --port)";
    place.baton(&["serve", "--port", port]).check(2, "", &[port, help]);
}

#[test]
fn many_executions_run_at_once() {
    let place = Place::new();
    let (_running, endpoint) = serve(&place, &[]);
    let definition = json!({"StartAt": "Rest", "States": {
        "Rest": {"Type": "Wait", "Seconds": 1, "End": true},
    }});
    let machine = create(&endpoint, &definition);
    let arns: Vec<String> = (0..300)
        .map(|number| {
            let input = number.to_string();
            let body = json!({"stateMachineArn": machine, "input": input});
            ok(&endpoint, "StartExecution", body)["executionArn"].as_str().unwrap().to_owned()
        })
        .collect();
    for (number, arn) in arns.iter().enumerate() {
        assert_eq!(wait(&endpoint, arn)["output"], json!(number.to_string()));
    }
}

/// Clients that go away in the middle of everything.
fn vanish(endpoint: &str, machine: &str, clients: usize) {
    let address = endpoint.strip_prefix("http://").unwrap();
    let body = json!({"stateMachineArn": machine, "input": "1".repeat(50_000)}).to_string();
    let head = format!(
        "POST / HTTP/1.1\r\nhost: x\r\nx-amz-target: AWSStepFunctions.StartSyncExecution\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    for client in 0..clients {
        let mut stream = TcpStream::connect(address).unwrap();
        // At nothing, within the head, within the body, before the answer.
        let (head, body) = match client % 4 {
            0 => ("", ""),
            1 => (&head[..head.len() / 2], ""),
            2 => (&*head, &body[..body.len() / 2]),
            _ => (&*head, &*body),
        };
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
    }
}

#[test]
fn clients_that_vanish_leave_neither_connections_nor_memory_behind() {
    let place = Place::new();
    let (running, endpoint) = serve(&place, &[]);
    let definition =
        json!({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}).to_string();
    let role = "arn:aws:iam::123456789012:role/r";
    let body = json!({"name": "e", "type": "EXPRESS", "definition": definition, "roleArn": role});
    let created = ok(&endpoint, "CreateStateMachine", body);
    let machine = created["stateMachineArn"].as_str().unwrap();
    let look = || ok(&endpoint, "ListStateMachines", json!({}));
    let settle = |files: usize| {
        // Each look is a connection of its own; those that are gone go meanwhile.
        (0..10_000).any(|_| {
            look();
            running.open_files() <= files + 8
        })
    };
    look();
    let files = running.open_files();
    vanish(&endpoint, machine, 800);
    assert!(settle(files), "{} files are open, and {files} were", running.open_files());
    let memory = running.resident_kib();
    vanish(&endpoint, machine, 1_600);
    assert!(settle(files), "{} files are open, and {files} were", running.open_files());
    let grown = running.resident_kib().saturating_sub(memory);
    assert!(grown < 8 * 1024, "{grown} KiB more after 1,600 clients");
}
