//! `baton serve` with a thousand executions that call.

use crate::handler::Handler;
use crate::{CALLS_EACH, IN_FLIGHT, Run, peak_bytes};
use baton_tests::server::Server;
use serde_json::{Map, Value, json};
use std::path::Path;
use std::thread;

/// How many clients start executions.
const CLIENTS: usize = 8;

/// Runs the executions on a fresh data file.
pub fn run(handler: &Handler, file: &Path) -> Run {
    let task = format!("charge=http://{}/", handler.address);
    let server = Server::start(file, &["--task", &task], &[]);
    let created = server.client().ask("CreateStateMachine", &machine());
    let machine = created["stateMachineArn"].as_str().expect("an ARN").to_owned();
    let before = peak_bytes(server.id());
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (mut connection, machine) = (server.client(), &machine);
            scope.spawn(move || {
                for number in (client..IN_FLIGHT).step_by(CLIENTS) {
                    let input = json!({ "order": number }).to_string();
                    let params = json!({ "stateMachineArn": machine, "input": input });
                    connection.ask("StartExecution", &params);
                }
            });
        }
    });
    let seen = handler.seen();
    let after = peak_bytes(server.id());
    let bytes = before.zip(after).map(|(before, after)| after.saturating_sub(before));
    assert!(server.stop().success(), "what was accepted is written");
    Run { seen, bytes }
}

fn machine() -> Value {
    let name = |number: usize| format!("Charge {number}");
    let states = (1..=CALLS_EACH).map(|number| {
        let function = "arn:aws:lambda:us-east-1:123456789012:function:charge";
        let mut state = json!({ "Type": "Task", "Resource": function, "ResultPath": "$.charge" });
        if number == CALLS_EACH {
            state["End"] = true.into();
        } else {
            state["Next"] = name(number + 1).into();
        }
        (name(number), state)
    });
    let states: Map<String, Value> = states.collect();
    json!({
        "name": "bench",
        "roleArn": "arn:aws:iam::123456789012:role/bench",
        "definition": json!({ "StartAt": name(1), "States": states }).to_string(),
    })
}
