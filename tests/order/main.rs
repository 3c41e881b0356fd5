//! The order example, run by the real binaries: each sample order by `baton run` and through `baton serve`.
//!
//! `expected.json` beside the example says how an order ends, which way it goes and what it leaves in the books. Only the
//! order that waits for a day is left to the tests of the definition itself. The history is read from a server in both
//! cases: what `run` did is in the data file when it is gone.

mod crowd;
mod example;
mod shop;

use baton_tests::binaries::binary;
use baton_tests::client::Client;
use baton_tests::history;
use baton_tests::server::Server;
use example::{Expected, Folder, check_books};
use libtest_mimic::{Arguments, Trial};
use serde_json::{Value, json};
use std::process::Command;

/// An order that no test can wait for.
const LONG: &str = "next-day";

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for (name, expected) in example::expected().into_iter().filter(|(name, _)| name != LONG) {
        let again = (name.clone(), expected.clone());
        trials.push(Trial::test(format!("run/{name}"), move || {
            run(&name, &expected);
            Ok(())
        }));
        trials.push(Trial::test(format!("serve/{}", again.0), move || {
            serve(&again.0, &again.1);
            Ok(())
        }));
    }
    for (name, expected) in example::shop_expected() {
        trials.push(Trial::test(format!("shop/{name}"), move || {
            shop::serve(&name, &expected);
            Ok(())
        }));
    }
    trials.push(Trial::test("thousands_wait_and_all_end", || {
        crowd::thousands_wait_and_all_end();
        Ok(())
    }));
    libtest_mimic::run(&arguments, trials).exit();
}

/// One command: its exit code, its answer, and what it kept.
fn run(name: &str, expected: &Expected) {
    let folder = Folder::new();
    let mut command = Command::new(binary("baton"));
    command
        .arg("run")
        .arg(example::definition_path())
        .arg("--input")
        .arg(format!("@{}", example::order_path(name).display()))
        .args(["--name", name, "--json", "--quiet", "--task", &example::task()])
        .arg("--data")
        .arg(folder.data())
        .env("ORDER_DIR", folder.books());
    if let Some(answer) = &expected.answer {
        command.args(["--answer", &format!("Wait for approval={answer}")]);
    }
    let done = command.output().expect("`baton run` runs");
    let said = String::from_utf8_lossy(&done.stderr);
    let is_success = expected.status == "SUCCEEDED";
    assert_eq!(done.status.code(), Some(i32::from(!is_success)), "{said}");
    let end: Value = serde_json::from_slice(&done.stdout).expect("one JSON object");
    check_end(name, &end, expected);
    check_books(name, &folder.books(), expected);

    let server = folder.server();
    let arn = end["executionArn"].as_str().expect("an ARN");
    check_history(&mut server.client(), arn, expected);
    assert!(server.stop().success());
}

/// The same through the API, as a client in any language asks for it.
fn serve(name: &str, expected: &Expected) {
    let folder = Folder::new();
    let server = folder.server();
    let mut client = server.client();
    let definition = example::text(&example::definition_path());
    let role = "arn:aws:iam::123456789012:role/order";
    let machine = client.ask(
        "CreateStateMachine",
        &json!({ "name": "order", "definition": definition, "roleArn": role }),
    );
    let order = example::text(&example::order_path(name));
    let started = client.ask(
        "StartExecution",
        &json!({ "stateMachineArn": machine["stateMachineArn"], "name": name, "input": order }),
    );
    let arn = started["executionArn"].as_str().expect("an ARN");
    if let Some(answer) = &expected.answer {
        approve(&server, &mut client, &folder, name, answer);
    }
    let end = server.wait_for(&format!("the end of {name}"), || {
        let execution = client.ask("DescribeExecution", &json!({ "executionArn": arn }));
        (execution["status"] != "RUNNING").then_some(execution)
    });
    check_end(name, &end, expected);
    check_books(name, &folder.books(), expected);
    check_history(&mut client, arn, expected);
    assert!(server.stop().success());
}

/// A person answers: with the token from the books, once.
fn approve(server: &Server, client: &mut Client, folder: &Folder, name: &str, answer: &Value) {
    let request = folder.books().join(format!("approvals/{name}.json"));
    let request = server.wait_for(&format!("the request to approve {name}"), || {
        std::fs::read_to_string(&request).ok()
    });
    let request: Value = serde_json::from_str(&request).expect("a request is JSON");
    assert_eq!(request["answerTo"], format!("http://{}", server.host));
    let token = &request["taskToken"];
    client.ask("SendTaskHeartbeat", &json!({ "taskToken": token }));
    let success = json!({ "taskToken": token, "output": answer.to_string() });
    client.ask("SendTaskSuccess", &success);
    let again = client.request("SendTaskSuccess", &success).expect("an answer");
    assert_eq!(again.expect_err("a token is good for one answer").code, "TaskTimedOut");
}

fn check_end(name: &str, end: &Value, expected: &Expected) {
    assert_eq!(end["status"], expected.status, "{name}: {end}");
    assert_eq!(end["error"].as_str(), expected.error.as_deref(), "{name}: {end}");
    assert_eq!(end.get("output").is_some(), expected.error.is_none(), "{name}: {end}");
}

fn check_history(client: &mut Client, arn: &str, expected: &Expected) {
    // Pages small enough that every order has several.
    let question = json!({ "executionArn": arn, "maxResults": 20 });
    let events = client.ask_all("GetExecutionHistory", &question, "events");
    history::check(&events);
    let top = example::top_states();
    let entered = history::entered(&events).into_iter().filter(|state| top.contains(*state));
    assert_eq!(entered.collect::<Vec<_>>(), expected.path);
    assert_eq!(history::retries(&events), expected.retries);
}
