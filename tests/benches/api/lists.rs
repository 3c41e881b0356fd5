//! ListExecutions by status, of few executions and of many.

use crate::client::{Client, request};
use crate::home::{Home, nap};
use crate::load::{CLIENTS, ask};
use crate::measure::{Stopwatch, Table, median};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

/// How many executions there are when the pages are measured.
const COUNTS: [usize; 2] = [1_000, 100_000];
/// One in so many fails.
const FAILING: usize = 100;
/// How many times a page is read, in how many rounds.
const READS: usize = 100;
const ROUNDS: usize = 7;
const PAGE: u32 = 100;

/// The microseconds that each kind of page takes on a core.
struct Pages {
    of_all: f64,
    succeeded: f64,
    failed: f64,
    deep: f64,
    bare: f64,
}

/// Picks one of them.
type Of = fn(&Pages) -> f64;

/// Pages of 100: all, by a status of many and of few, and one far down the list.
pub fn lists(folder: &Path, table: &mut Table) {
    let home = Home::open(folder, &fails_if_told());
    let (mut there, mut measured) = (0, Vec::new());
    for count in COUNTS {
        fill(&home, there..count);
        there = count;
        measured.push(pages(&home));
    }
    let [few, many] = measured.try_into().unwrap_or_else(|_| panic!("two counts"));
    let kinds: [(&str, Of); 4] = [
        ("all", |it| it.of_all),
        ("SUCCEEDED", |it| it.succeeded),
        ("FAILED, one in a hundred", |it| it.failed),
        ("SUCCEEDED, the last full page", |it| it.deep),
    ];
    for (kind, of) in kinds {
        let what = format!("ListExecutions, a page of {PAGE}: {kind}");
        let times = format!("{:.0} µs of 1,000, {:.0} µs of 100,000", of(&few), of(&many));
        let floor = format!("{:.0} µs of bare reads", many.bare);
        let growth = format!("{:.2} times", of(&many) / of(&few));
        table.add(&what, times, floor, growth, "1 times");
    }
    home.close();
}

fn fill(home: &Home, numbers: std::ops::Range<usize>) {
    let (machine, first) = (home.machine().to_owned(), numbers.start);
    ask(home.address(), CLIENTS, numbers.len(), move |number| {
        let number = first + number;
        let input = json!({ "fails": number % FAILING == 0 }).to_string();
        let params =
            json!({ "stateMachineArn": machine, "name": format!("{number:06}"), "input": input });
        request("StartExecution", &params)
    });
    let running = json!({
        "stateMachineArn": home.machine(), "statusFilter": "RUNNING", "maxResults": 1,
    });
    let is_running = async || {
        let mut client = Client::connect(home.address()).await;
        let page = client.call("ListExecutions", &running).await;
        page["executions"].as_array().is_some_and(|some| !some.is_empty())
    };
    while home.block_on(is_running()) {
        nap(Duration::from_millis(20));
    }
}

fn pages(home: &Home) -> Pages {
    let list = |status: Option<&str>, token: Option<&Value>| {
        let mut params = json!({ "stateMachineArn": home.machine(), "maxResults": PAGE });
        if let Some(status) = status {
            params["statusFilter"] = status.into();
        }
        if let Some(token) = token {
            params["nextToken"] = token.clone();
        }
        params
    };
    let deep = home.block_on(last_full(home, list(Some("SUCCEEDED"), None)));
    let timed = |params: Value| time(home, &params);
    Pages {
        of_all: timed(list(None, None)),
        succeeded: timed(list(Some("SUCCEEDED"), None)),
        failed: timed(list(Some("FAILED"), None)),
        deep: timed(list(Some("SUCCEEDED"), Some(&deep))),
        bare: bare(&home.path, home.machine()),
    }
}

/// The token of the last page that is full.
async fn last_full(home: &Home, mut params: Value) -> Value {
    let mut client = Client::connect(home.address()).await;
    let mut tokens: Vec<Value> = Vec::new();
    loop {
        let page = client.call("ListExecutions", &params).await;
        if page["nextToken"].is_null() {
            return tokens[tokens.len() - 2].clone();
        }
        params["nextToken"] = page["nextToken"].clone();
        tokens.push(page["nextToken"].clone());
    }
}

/// The server's time on a core for a page, in microseconds.
fn time(home: &Home, params: &Value) -> f64 {
    let request = request("ListExecutions", params);
    let mut rounds: Vec<f64> = Vec::new();
    for _ in 0..ROUNDS {
        let request = request.clone();
        rounds.push(ask(home.address(), 1, READS, move |_| request.clone()).micros());
    }
    median(&rounds)
}

/// The same rows, read by a bare connection.
fn bare(path: &Path, machine: &str) -> f64 {
    let file = Connection::open(path).expect("the data file");
    let mut page = file
        .prepare(
            "SELECT facts, outcome FROM executions WHERE machine = ?1 AND status = 'SUCCEEDED'
             ORDER BY started DESC, id DESC LIMIT 100",
        )
        .expect("the tables");
    let mut times = Vec::new();
    for _ in 0..READS {
        let watch = Stopwatch::start();
        let rows = page.query_map([machine], |row| Ok(row.get_ref(0)?.as_bytes()?.len()));
        let bytes: usize = rows.expect("executions").map(|it| it.expect("an execution")).sum();
        assert!(bytes > 0);
        times.push(watch.elapsed().as_secs_f64() * 1e6);
    }
    median(&times)
}

fn fails_if_told() -> Value {
    json!({
        "StartAt": "Told",
        "States": {
            "Told": {
                "Type": "Choice",
                "Choices": [{ "Variable": "$.fails", "BooleanEquals": true, "Next": "Lose" }],
                "Default": "Win",
            },
            "Lose": { "Type": "Fail", "Error": "Told" },
            "Win": { "Type": "Succeed" },
        },
    })
}
