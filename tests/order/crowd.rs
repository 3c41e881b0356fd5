//! Thousands of executions at once, and a server that is told to stop in the middle of them.

use crate::example::Folder;
use baton_tests::client::Client;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::thread;

const EXECUTIONS: usize = 3_000;
const CLIENTS: usize = 12;
/// What a client has started when the server is told to stop.
const STARTED_BEFORE_STOP: usize = 100;
/// How long each execution waits: longer than it takes to start them all.
const WAIT_SECS: u64 = 8;

/// Every start that was answered ends, though the server stops while clients still start.
pub fn thousands_wait_and_all_end() {
    let folder = Folder::new();
    let first = folder.server();
    let machine = create(&mut first.client());
    let host = first.host.clone();
    let (sender, ready) = std::sync::mpsc::channel();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (host, machine, sender) = (host.clone(), machine.clone(), sender.clone());
            thread::spawn(move || start_until_stopped(&host, &machine, client, &sender))
        })
        .collect();
    for _ in 0..CLIENTS {
        ready.recv().expect("every client starts some executions");
    }
    assert!(first.stop().success(), "asked to stop, a server ends well");
    let answered: BTreeSet<String> =
        clients.into_iter().flat_map(|client| client.join().expect("no client fails")).collect();
    assert!(answered.len() >= CLIENTS * STARTED_BEFORE_STOP);

    let second = folder.server();
    let mut client = second.client();
    let by_status = |client: &mut Client, status: &str| -> BTreeSet<String> {
        let question =
            json!({ "stateMachineArn": machine, "statusFilter": status, "maxResults": 1000 });
        let executions = client.ask_all("ListExecutions", &question, "executions");
        executions.iter().map(|execution| text(&execution["name"])).collect()
    };
    start_the_rest(&second.host, &machine);
    let all: BTreeSet<String> = (0..EXECUTIONS).map(name).collect();
    assert!(answered.is_subset(&all));
    second.wait_for("the end of every execution", || {
        by_status(&mut client, "RUNNING").is_empty().then_some(())
    });
    let succeeded = by_status(&mut client, "SUCCEEDED");
    assert_eq!(succeeded, all, "{} ended well", succeeded.len());
    assert!(second.stop().success());
}

fn create(client: &mut Client) -> String {
    let states = json!({
        "Wait": { "Type": "Wait", "Seconds": WAIT_SECS, "Next": "Done" },
        "Done": { "Type": "Pass", "End": true },
    });
    let definition = json!({ "StartAt": "Wait", "States": states }).to_string();
    let role = "arn:aws:iam::123456789012:role/crowd";
    let machine = client.ask(
        "CreateStateMachine",
        &json!({ "name": "crowd", "definition": definition, "roleArn": role }),
    );
    text(&machine["stateMachineArn"])
}

/// Starts this client's executions one after the other; answers the names of those that the server has answered.
fn start_until_stopped(
    host: &str,
    machine: &str,
    number: usize,
    ready: &std::sync::mpsc::Sender<()>,
) -> Vec<String> {
    let mut client = Client::connect(host).expect("a server listens");
    let mut answered = Vec::new();
    for name in (number..EXECUTIONS).step_by(CLIENTS).map(name) {
        match client.request("StartExecution", &start(machine, &name)) {
            Ok(answer) => {
                answer.expect("a start is accepted");
                answered.push(name);
            }
            // The server has stopped.
            Err(_) => break,
        }
        if answered.len() == STARTED_BEFORE_STOP {
            ready.send(()).expect("the test waits for this");
        }
    }
    answered
}

/// Starts all of them, which answers for those that there are already.
fn start_the_rest(host: &str, machine: &str) {
    thread::scope(|scope| {
        for number in 0..CLIENTS {
            scope.spawn(move || {
                let mut client = Client::connect(host).expect("a server listens");
                for name in (number..EXECUTIONS).step_by(CLIENTS).map(name) {
                    // One that has ended since is refused, as it is on AWS.
                    let answer = client.request("StartExecution", &start(machine, &name));
                    if let Err(refused) = answer.expect("an answer") {
                        assert_eq!(refused.code, "ExecutionAlreadyExists", "{name}");
                    }
                }
            });
        }
    });
}

fn start(machine: &str, name: &str) -> Value {
    json!({ "stateMachineArn": machine, "name": name, "input": "{\"a\":1}" })
}

fn name(number: usize) -> String {
    format!("execution-{number:04}")
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}
