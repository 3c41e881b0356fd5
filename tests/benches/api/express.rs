//! StartSyncExecution of an Express workflow of five states.

use crate::client::request;
use crate::home::Home;
use crate::load::{CLIENTS, Seen, ask, bare_server};
use crate::measure::{Table, median, resident_bytes};
use serde_json::{Value, json};
use std::path::Path;

/// How often it is measured, and with how many runs each.
const ROUNDS: usize = 5;
const RUNS: usize = 10_000;
/// Runs over which memory is watched.
const WATCHED_RUNS: usize = 100_000;

/// Executions a second, their latencies, and the memory that many of them leave behind.
pub fn synchronous(folder: &Path, table: &mut Table) {
    let home = Home::open(folder, &five_states());
    let machine = home.create("express", "EXPRESS", &five_states());
    let request = start(&machine);
    let address = home.address();
    let again = move |request: &[u8]| {
        let request = request.to_vec();
        move |_| request.clone()
    };
    let warm = ask(address, CLIENTS, RUNS, again(&request));
    let bare = home.block_on(bare_server(warm.answer_bytes));
    let (mut batons, mut floors) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        batons.push(ask(address, CLIENTS, RUNS, again(&request)));
        floors.push(ask(bare, CLIENTS, RUNS, again(&request)));
    }
    let shares: Vec<f64> =
        batons.iter().zip(&floors).map(|(one, floor)| one.rate() / floor.rate()).collect();
    let share = format!("{:.2}", median(&shares));
    let what = "StartSyncExecution, 5 states, 16 clients";
    table.add(what, Seen::cell(&batons), Seen::cell(&floors), share, "5,000/s");
    let what = "    its latency: median, 99 %, 99.9 %";
    let [baton, floor] = [&batons, &floors].map(|rounds| Seen::latency_cell(rounds));
    table.add(what, baton, floor, String::new(), "");
    let alone = ask(address, 1, RUNS / 2, again(&request));
    let bare_alone = ask(bare, 1, RUNS / 2, again(&request));
    let cells = [[alone], [bare_alone]].map(|rounds| Seen::latency_cell(&rounds));
    let [baton, floor] = cells;
    table.add("    the same with one client", baton, floor, String::new(), "");
    drop(ask(address, CLIENTS, WATCHED_RUNS, again(&request)));
    let before = resident_bytes().unwrap_or_default();
    drop(ask(address, CLIENTS, WATCHED_RUNS, again(&request)));
    let after = resident_bytes().unwrap_or_default();
    let each = after.saturating_sub(before) as f64 / WATCHED_RUNS as f64;
    let what = "    memory grown by, over 100,000 runs";
    table.add(what, format!("{each:.1} bytes a run"), String::new(), String::new(), "none");
    home.close();
}

fn start(machine: &str) -> Vec<u8> {
    let input = json!({ "order": 7, "customer": "Ada", "items": [3, 4, 5] }).to_string();
    request("StartSyncExecution", &json!({ "stateMachineArn": machine, "input": input }))
}

fn five_states() -> Value {
    json!({
        "StartAt": "Take",
        "States": {
            "Take": { "Type": "Pass", "Result": { "currency": "EUR" }, "ResultPath": "$.terms", "Next": "Large" },
            "Large": {
                "Type": "Choice",
                "Choices": [{ "Variable": "$.order", "NumericGreaterThan": 1_000, "Next": "Refuse" }],
                "Default": "Label",
            },
            "Label": {
                "Type": "Pass",
                "Parameters": { "label.$": "States.Format('{} for {}', $.order, $.customer)", "items.$": "$.items" },
                "Next": "Count",
            },
            "Count": {
                "Type": "Pass",
                "Parameters": { "label.$": "$.label", "count.$": "States.ArrayLength($.items)" },
                "Next": "Done",
            },
            "Done": { "Type": "Succeed" },
            "Refuse": { "Type": "Fail", "Error": "TooLarge" },
        },
    })
}
