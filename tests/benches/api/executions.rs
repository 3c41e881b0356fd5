//! StartExecution, DescribeExecution and GetExecutionHistory of Standard executions.

use crate::client::{Client, request};
use crate::home::{Home, chain, nap};
use crate::load::{CLIENTS, Seen, ask, bare_server};
use crate::measure::{Stopwatch, Table, median};
use rusqlite::Connection;
use serde_json::json;
use std::path::Path;
use std::time::Duration;

const ROUNDS: usize = 5;
const STARTS: usize = 2_000;
/// The states of the execution with a history of 10,000 events: each enters and exits, two events are the execution's own.
const STATES: usize = 4_999;
const EVENTS: usize = 10_000;

/// Executions of one state are started, and described.
pub fn starts(folder: &Path, table: &mut Table) {
    let home = Home::open(folder, &chain(1));
    let (mut starts, mut descriptions, mut floors) = (Vec::new(), Vec::new(), Vec::new());
    let bare = home.block_on(bare_server(400));
    for round in 0..ROUNDS {
        let machine = home.machine().to_owned();
        let arn = machine.replace(":stateMachine:", ":execution:");
        starts.push(ask(home.address(), CLIENTS, STARTS, move |number| {
            let name = format!("{round}-{number}");
            request("StartExecution", &json!({ "stateMachineArn": machine, "name": name }))
        }));
        descriptions.push(ask(home.address(), CLIENTS, STARTS, move |number| {
            let arn = format!("{arn}:{round}-{number}");
            request("DescribeExecution", &json!({ "executionArn": arn }))
        }));
        let params = json!({ "executionArn": "x".repeat(100) });
        floors.push(ask(bare, CLIENTS, STARTS, move |_| request("Bare", &params)));
    }
    for (what, rounds) in [
        ("StartExecution, 1 state, durable, 16 clients", &starts),
        ("DescribeExecution, 16 clients", &descriptions),
    ] {
        let share = rounds.iter().zip(&floors).map(|(one, floor)| one.rate() / floor.rate());
        let share = format!("{:.2}", median(&share.collect::<Vec<_>>()));
        table.add(what, Seen::cell(rounds), Seen::cell(&floors), share, "");
        let [baton, floor] = [rounds, &floors].map(|rounds| Seen::latency_cell(rounds));
        table.add("    its latency: median, 99 %, 99.9 %", baton, floor, String::new(), "");
    }
    home.close();
}

/// A history of 10,000 events is read page by page, from either end.
pub fn histories(folder: &Path, table: &mut Table) {
    let home = Home::open(folder, &chain(STATES));
    let arn = home.machine().replace(":stateMachine:", ":execution:") + ":long";
    let start = json!({ "stateMachineArn": home.machine(), "name": "long" });
    home.block_on(async {
        Client::connect(home.address()).await.call("StartExecution", &start).await
    });
    while !home.block_on(is_ended(&home, &arn)) {
        nap(Duration::from_millis(10));
    }
    let (mut rounds, mut floors) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        rounds.push([false, true].map(|reverse| home.block_on(read(&home, &arn, reverse))));
        floors.push(read_bare(&home.path));
    }
    for (way, what) in ["from its beginning", "from its end"].into_iter().enumerate() {
        let whole = median(&rounds.iter().map(|it| it[way].0).collect::<Vec<_>>());
        let floor = median(&floors);
        let share = format!("{:.2}", floor / whole);
        let what = format!("GetExecutionHistory, {EVENTS} events, {what}");
        table.add(&what, millis(whole), format!("{} of bare reads", millis(floor)), share, "");
        let first = median(&rounds.iter().map(|it| it[way].1).collect::<Vec<_>>());
        let last = median(&rounds.iter().map(|it| it[way].2).collect::<Vec<_>>());
        let pages = format!("{}, {}", millis(first), millis(last));
        table.add(
            "    its first and its last page of 1,000",
            pages,
            String::new(),
            String::new(),
            "",
        );
    }
    home.close();
}

async fn is_ended(home: &Home, arn: &str) -> bool {
    let mut client = Client::connect(home.address()).await;
    let description = client.call("DescribeExecution", &json!({ "executionArn": arn })).await;
    description["status"] == "SUCCEEDED"
}

/// The seconds that the whole, its first page and its last page took.
async fn read(home: &Home, arn: &str, reverse: bool) -> (f64, f64, f64) {
    let mut client = Client::connect(home.address()).await;
    let mut params = json!({ "executionArn": arn, "maxResults": 1_000, "reverseOrder": reverse });
    let (mut events, mut pages) = (0, Vec::new());
    loop {
        let watch = Stopwatch::start();
        let page = client.call("GetExecutionHistory", &params).await;
        pages.push(watch.elapsed().as_secs_f64());
        events += page["events"].as_array().expect("events").len();
        if page["nextToken"].is_null() {
            assert_eq!(events, EVENTS);
            return (pages.iter().sum(), pages[0], pages[pages.len() - 1]);
        }
        params["nextToken"] = page["nextToken"].clone();
    }
}

/// The seconds that the rows take which the history is made of.
fn read_bare(path: &Path) -> f64 {
    let file = Connection::open(path).expect("the data file");
    let mut records = file
        .prepare("SELECT scope, document, claim FROM records ORDER BY execution, scope, sequence")
        .expect("the tables");
    let watch = Stopwatch::start();
    let rows = records.query_map([], |row| Ok(row.get_ref(1)?.as_bytes()?.len()));
    let bytes: usize = rows.expect("records").map(|it| it.expect("a record")).sum();
    assert!(bytes > EVENTS);
    watch.elapsed().as_secs_f64()
}

fn millis(secs: f64) -> String {
    format!("{:.1} ms", secs * 1e3)
}
