//! Kills the real `baton serve` over and over while clients start executions whose tasks are commands.
//!
//! Each task leaves a line that names its attempt. After the last restart every start that was answered has ended as
//! it should, and no attempt has left two lines: what a killed server had begun is never begun again, but fails with
//! `Baton.WorkerLost`, which the definition retries as a new attempt.
//!
//! `BATON_KILLS` says how many times to kill; `BATON_SEED` repeats the choice of moments.

use baton_tests::client::Client;
use baton_tests::history;
use baton_tests::server::Server;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::sync::mpsc::{self, Sender};
use std::thread;
use tempfile::TempDir;

const KILLS: u64 = 25;
const CLIENTS: usize = 4;
/// A server lives until this many starts were answered at most.
const ANSWERS_MAX: u64 = 30;
/// The tasks of each execution: state, and index within the Map.
const TASKS: [(&str, u64); 6] =
    [("First", 0), ("Left", 0), ("Right", 0), ("Item", 0), ("Item", 1), ("Item", 2)];

#[test]
fn no_kill_loses_what_was_answered_or_repeats_what_was_begun() {
    let place = Place(tempfile::tempdir().expect("a temporary folder"));
    let mut moments = Moments(setting("BATON_SEED", 1));
    let mut clients: Vec<Starter> = (0..CLIENTS).map(Starter::new).collect();
    for _ in 0..setting("BATON_KILLS", KILLS) {
        let server = place.serve();
        let machine = create(&mut server.client());
        clients = kill_among(server, &machine, clients, moments.below(ANSWERS_MAX));
    }
    let server = place.serve();
    let mut client = server.client();
    let machine = create(&mut client);
    let running = json!({ "stateMachineArn": machine, "statusFilter": "RUNNING" });
    server.wait_for("the end of every execution", || {
        client.ask("ListExecutions", &running)["executions"].as_array()?.is_empty().then_some(())
    });
    let attempts = place.attempts();
    let answered: Vec<&String> = clients.iter().flat_map(|client| &client.answered).collect();
    assert!(answered.len() > CLIENTS, "some starts were answered");
    for name in answered {
        check_end(&mut client, &machine, name);
        let done = attempts.get(name).unwrap_or_else(|| panic!("{name} made no call"));
        for task in TASKS {
            assert!(done.contains(&task), "{name} never called {task:?}");
        }
    }
    assert!(server.stop().success());
}

/// Where one test keeps its data file and its tasks their lines.
struct Place(TempDir);

impl Place {
    fn lines(&self) -> PathBuf {
        self.0.path().join("lines")
    }

    fn serve(&self) -> Server {
        // One write call a line, which appends as a whole. A server killed before it could say anything leaves none.
        let task = format!(
            "work=sh -c 'read -r line; test -z \"$line\" || printf \"%s\\n\" \"$line\" >> {}; printf \"%s\" \"$line\"'",
            self.lines().display()
        );
        Server::start(&self.0.path().join("data"), &["--task", &task], &[])
    }

    /// The tasks that each execution called. Fails if an attempt was made twice.
    fn attempts(&self) -> BTreeMap<String, BTreeSet<(&'static str, u64)>> {
        let lines = fs::read_to_string(self.lines()).expect("the tasks leave lines");
        let mut seen = BTreeSet::new();
        let mut attempts: BTreeMap<String, BTreeSet<_>> = BTreeMap::new();
        for line in lines.lines() {
            assert!(seen.insert(line), "made twice: {line}");
            let line: Value = serde_json::from_str(line).expect("a line is JSON");
            let task = TASKS
                .iter()
                .find(|(state, index)| line["state"] == *state && line["index"] == *index);
            let execution = line["execution"].as_str().expect("a name").to_owned();
            attempts.entry(execution).or_default().insert(*task.expect("a known task"));
        }
        attempts
    }
}

/// Lets clients start executions, kills the server after so many answers, and gives the clients back.
fn kill_among(server: Server, machine: &str, clients: Vec<Starter>, answers: u64) -> Vec<Starter> {
    let (sender, answered) = mpsc::channel();
    let threads: Vec<_> = clients
        .into_iter()
        .map(|client| {
            let (host, machine) = (server.host.clone(), machine.to_owned());
            let sender = sender.clone();
            thread::spawn(move || client.start_until_killed(&host, &machine, &sender))
        })
        .collect();
    drop(sender);
    for _ in 0..answers {
        answered.recv().expect("a live server answers");
    }
    server.kill();
    threads.into_iter().map(|thread| thread.join().expect("no client fails")).collect()
}

/// A client that starts one execution after the other, and begins with the one whose answer it never got.
struct Starter {
    number: usize,
    next: usize,
    answered: Vec<String>,
}

impl Starter {
    fn new(number: usize) -> Self {
        Starter { number, next: 0, answered: Vec::new() }
    }

    fn start_until_killed(mut self, host: &str, machine: &str, sender: &Sender<()>) -> Self {
        let Ok(mut client) = Client::connect(host) else { return self };
        loop {
            let name = format!("{}-{}", self.number, self.next);
            let input = json!([0, 1, 2]).to_string();
            let body = json!({ "stateMachineArn": machine, "name": name, "input": input });
            match client.request("StartExecution", &body) {
                // Killed: whether it was started is unknown.
                Err(_) => return self,
                Ok(Err(refused)) => assert_eq!(refused.code, "ExecutionAlreadyExists", "{name}"),
                Ok(Ok(_)) => {}
            }
            self.answered.push(name);
            self.next += 1;
            // Once the server is killed nobody counts any more.
            let _ = sender.send(());
        }
    }
}

fn create(client: &mut Client) -> String {
    let role = "arn:aws:iam::123456789012:role/kill";
    let definition = definition().to_string();
    let body = json!({ "name": "kill", "definition": definition, "roleArn": role });
    let created = client.ask("CreateStateMachine", &body);
    created["stateMachineArn"].as_str().expect("an ARN").to_owned()
}

/// A task, branches, items of which one is held back: whatever can be under way when the kill comes.
fn definition() -> Value {
    let task = |name: &str, index: Value, then: Value| {
        let index_name = if index.is_string() { "index.$" } else { "index" };
        let mut state = json!({
            "Type": "Task",
            "Resource": "arn:aws:lambda:us-east-1:123456789012:function:work",
            "Parameters": {
                "execution.$": "$$.Execution.Name", "state": name, index_name: index,
                "attempt.$": "$$.State.RetryCount",
            },
            "ResultSelector": {"state.$": "$.state", "index.$": "$.index"},
            "Retry": [{
                "ErrorEquals": ["Baton.WorkerLost"], "IntervalSeconds": 1, "BackoffRate": 1.0,
                "MaxAttempts": 100_000,
            }],
        });
        state.as_object_mut().expect("an object").extend(then.as_object().expect("one").clone());
        state
    };
    let alone = |name: &str, index: Value| json!({"StartAt": name, "States": {name: task(name, index, json!({"End": true}))}});
    json!({"StartAt": "First", "States": {
        "First": task("First", json!(0), json!({"ResultPath": null, "Next": "Both"})),
        "Both": {
            "Type": "Parallel", "ResultPath": null, "Next": "Each",
            "Branches": [alone("Left", json!(0)), alone("Right", json!(0))],
        },
        "Each": {
            "Type": "Map", "MaxConcurrency": 2, "End": true,
            "ItemProcessor": alone("Item", json!("$$.Map.Item.Index")),
        },
    }})
}

/// The execution succeeded with the output it should have, and its history is whole.
fn check_end(client: &mut Client, machine: &str, name: &str) {
    let arn = format!("{}:{name}", machine.replace(":stateMachine:", ":execution:"));
    let question = json!({ "executionArn": arn });
    let ended = client.ask("DescribeExecution", &question);
    assert_eq!(ended["status"], "SUCCEEDED", "{ended}");
    let output: Value = serde_json::from_str(ended["output"].as_str().expect("an output"))
        .expect("an output is JSON");
    let item = |index: u32| json!({"state": "Item", "index": index});
    assert_eq!(output, json!([item(0), item(1), item(2)]), "{name}");
    history::check(&client.ask_all("GetExecutionHistory", &question, "events"));
}

/// Chance from a seed: Knuth's linear congruential generator, whose upper bits are good enough to choose moments.
struct Moments(u64);

impl Moments {
    fn below(&mut self, end: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

fn setting(name: &str, default: u64) -> u64 {
    let given = std::env::var_os(name).and_then(|value| value.to_str()?.parse().ok());
    given.unwrap_or(default)
}
