//! Executions that an earlier version began, and that this one ends.
//!
//! `before.sql` is the data file of version 0.1.0 as of 27 November 2026, killed while six executions were under way, dumped by `sqlite3`.
//! `tokens.jsonl` is what their tasks were told. Neither is ever made anew: they are what a user's file looks like.

use baton_tests::server::Server;
use rusqlite::Connection;
use serde_json::{Value, json};
use std::path::Path;

const DUMP: &str = include_str!("before.sql");
const TOKENS: &str = include_str!("tokens.jsonl");
/// What a dump does not say: whose file it is, and of which version.
const PRAGMAS: &str =
    "PRAGMA application_id = 1114926958; PRAGMA user_version = 1; PRAGMA journal_mode = WAL;";

/// The file as the earlier version left it.
fn file(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("before.baton");
    let connection = Connection::open(&path).expect("a new file");
    connection.execute_batch(DUMP).expect("the dump is sound");
    connection.execute_batch(PRAGMAS).expect("the pragmas are sound");
    path
}

fn execution(machine: &str) -> Value {
    json!({ "executionArn": format!("arn:aws:states:us-east-1:123456789012:execution:{machine}:before") })
}

#[test]
fn executions_of_the_version_before_run_to_their_end() {
    let folder = tempfile::tempdir().expect("a folder");
    // What was asked before the upgrade is answered after it; the third item is asked for by this version.
    let asked = folder.path().join("asked");
    let ask = format!("ask=sh -c 'tee -a {0}; echo >> {0}'", asked.display());
    let server = Server::start(&file(folder.path()), &["--task", &ask, "--task", "slow=cat"], &[]);
    let mut client = server.client();
    for line in TOKENS.lines().filter(|line| !line.is_empty()) {
        let told: Value = serde_json::from_str(line).expect("JSON");
        let output = json!({"answered": told["state"]}).to_string();
        client.ask("SendTaskSuccess", &json!({"taskToken": told["token"], "output": output}));
    }
    let last = server.wait_for("the last item's question", || {
        let text = std::fs::read_to_string(&asked).unwrap_or_default();
        let line = text.lines().find(|line| line.ends_with('}'))?.to_owned();
        serde_json::from_str::<Value>(&line).ok()
    });
    client.ask("SendTaskSuccess", &json!({"taskToken": last["token"], "output": "3"}));

    let order = json!({"order": 7, "text": "x".repeat(200)});
    let expected = [
        ("callback", json!({"done": true, "was": {"answered": "Ask"}})),
        ("wait", json!({"done": true, "was": order})),
        // Its worker died with the earlier version, so the attempt failed, and was retried.
        ("lost", json!({"done": true, "was": order})),
        (
            "parallel",
            json!({"done": true, "was": [{"answered": "AskLeft"}, {"answered": "AskRight"}]}),
        ),
        (
            "map",
            json!({"done": true, "was": [{"answered": "AskItem"}, {"answered": "AskItem"}, 3]}),
        ),
        ("variables", json!({"n": 42, "answer": {"answered": "Ask"}})),
    ];
    for (machine, output) in expected {
        let end = server.wait_for(machine, || {
            let described = client.ask("DescribeExecution", &execution(machine));
            (described["status"] != "RUNNING").then_some(described)
        });
        assert_eq!(end["status"], "SUCCEEDED", "{machine}: {end}");
        let found: Value =
            serde_json::from_str(end["output"].as_str().expect("an output")).expect("JSON");
        assert_eq!(found, output, "{machine}");
        let events = client.ask_all("GetExecutionHistory", &execution(machine), "events");
        let ids: Vec<u64> = events.iter().filter_map(|event| event["id"].as_u64()).collect();
        assert_eq!(ids, (1..=events.len() as u64).collect::<Vec<_>>(), "{machine}");
        assert_eq!(events[0]["type"], "ExecutionStarted");
        assert_eq!(events.last().expect("events")["type"], "ExecutionSucceeded");
    }
    assert!(server.stop().success());
}

#[test]
fn a_file_with_records_of_a_newer_version_is_left_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = file(folder.path());
    let connection = Connection::open(&path).expect("the file");
    let newer = "UPDATE executions SET facts = replace(facts, '{\"v\":1', '{\"v\":2') WHERE id = 1";
    assert_eq!(connection.execute(newer, []).expect("an update"), 1);
    drop(connection);
    let before = std::fs::read(&path).expect("the file");
    let output = std::process::Command::new(baton_tests::binaries::binary("baton"))
        .args(["serve", "--port", "0", "--data"])
        .arg(&path)
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("version 2"), "{said}");
    assert_eq!(std::fs::read(&path).expect("the file"), before);
}
