//! The shop around the order: its table, queue and topic answered by `baton.toml`, its order a nested execution in one server.

use crate::example::{self, Folder};
use baton_tests::history;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Runs one order as the shop does.
pub fn serve(name: &str, expected: &Value) {
    let folder = Folder::new();
    let config = example::file("baton.toml");
    let server = folder.server_with(&["--config", &config.display().to_string()]);
    let mut client = server.client();
    let role = "arn:aws:iam::123456789012:role/order";
    let mut create = |machine: &str| {
        let definition = example::text(&example::file(&format!("{machine}.asl.json")));
        client.ask(
            "CreateStateMachine",
            &json!({ "name": machine, "definition": definition, "roleArn": role }),
        )["stateMachineArn"]
            .clone()
    };
    let (order, shop) = (create("order"), create("shop"));
    let input = example::text(&example::order_path(name));
    let started = client.ask("StartExecution", &json!({ "stateMachineArn": shop, "input": input }));
    let arn = &started["executionArn"];
    let end = server.wait_for(&format!("the end of {name}"), || {
        let execution = client.ask("DescribeExecution", &json!({ "executionArn": arn }));
        (execution["status"] != "RUNNING").then_some(execution)
    });
    assert_eq!(end["status"], expected["status"], "{name}: {end}");
    assert_eq!(end["error"], expected["error"], "{name}: {end}");
    let output = end["output"].as_str().map(|text| serde_json::from_str::<Value>(text).unwrap());
    assert_eq!(output.unwrap_or_default(), expected["output"], "{name}");

    let question = json!({ "executionArn": arn, "maxResults": 20 });
    let events = client.ask_all("GetExecutionHistory", &question, "events");
    history::check(&events);
    let own: BTreeSet<&str> = ["Tell the warehouse", "Tell the customer"].into();
    let path: Vec<&str> =
        history::entered(&events).into_iter().filter(|state| !own.contains(*state)).collect();
    assert_eq!(json!(path), expected["path"]);
    let mut calls: Vec<String> = events.iter().filter_map(call).collect();
    let mut wanted: Vec<String> = serde_json::from_value(expected["calls"].clone()).unwrap();
    // The branches go side by side.
    calls.sort();
    wanted.sort();
    assert_eq!(calls, wanted);

    let nested = client.ask("ListExecutions", &json!({ "stateMachineArn": order }));
    let [nested] = nested["executions"].as_array().unwrap().as_slice() else {
        panic!("one order: {nested}")
    };
    assert_eq!(nested["status"], expected["status"]);
    assert!(server.stop().success());
}

/// What a task was scheduled to call.
fn call(event: &Value) -> Option<String> {
    let details = event.get("taskScheduledEventDetails")?;
    let text = |name: &str| details[name].as_str();
    Some(format!("{}:{}", text("resourceType")?, text("resource")?))
}
