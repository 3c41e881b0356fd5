//! (d) Executions that wait: what each costs in memory, and how late its timer fires.

use crate::home::{Home, nap};
use crate::measure::{Table, quantile, resident_bytes};
use baton_engine::{Pending, ScopePath, Sequence};
use baton_store::{Clock, ExecutionArn, Journal};
use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

const WAITING: usize = 10_000;
/// Executions that end before the memory is first looked at: what they leave is there once, however many wait.
const WARM_UP: u32 = 500;
/// When the first timer fires, counted from the start of the first execution: all have been started by then.
const AHEAD: SignedDuration = SignedDuration::from_secs(20);
/// The timers are spread evenly over this time.
const SPREAD: Duration = Duration::from_secs(5);
/// What is still on its way is done after this long.
const SETTLE: Duration = Duration::from_secs(1);

pub fn waiting(folder: &Path, table: &mut Table) {
    let home = Home::open(folder, &definition());
    let past = home.embedded.now();
    home.wait_until_ended(home.start_all(vec![until(past); WARM_UP as usize]));
    nap(SETTLE);
    let before = resident_bytes();
    let first = home.embedded.now() + AHEAD;
    let gap = SPREAD / u32::try_from(WAITING).expect("a number of executions");
    let inputs = (0_u32..).take(WAITING).map(|number| until(first + gap * number)).collect();
    home.start_all(inputs).join();
    home.block_on(home.embedded.flush()).expect("the file is written");
    nap(SETTLE);
    assert!(home.embedded.now() < first, "the executions were started too slowly to wait");
    let after = resident_bytes();
    let cues = home.embedded.cues_waiting();
    let each = before.zip(after).map(|(before, after)| {
        format!("{:.2} KiB", after.saturating_sub(before) as f64 / WAITING as f64 / 1024.0)
    });
    let what = format!("(d) memory of one that waits, of {WAITING}, {cues} cues");
    let each = each.unwrap_or_else(|| "unknown".to_owned());
    table.add(&what, each, String::new(), String::new(), "4 KiB");

    let left = first + SPREAD - home.embedded.now();
    nap(left.try_into().expect("a time to come"));
    nap(SETTLE);
    let late = lateness(&home);
    let millis = |share| format!("{:.0} ms", quantile(&late, share));
    for (name, share) in [("median", 0.5), ("p99", 0.99), ("max", 1.0)] {
        let what = format!("    lateness of a timer, 2,000 due a second: {name}");
        table.add(&what, millis(share), String::new(), String::new(), "");
    }
    home.close();
}

/// How many milliseconds after its time each wait ended.
fn lateness(home: &Home) -> Vec<f64> {
    let file = Connection::open(&home.path).expect("the data file");
    let mut arns = file.prepare("SELECT arn FROM executions WHERE id > ?1").expect("the tables");
    let arns = arns.query_map([WARM_UP], |row| row.get::<_, String>(0)).expect("the executions");
    let arns: Vec<String> = arns.collect::<rusqlite::Result<_>>().expect("the executions");
    assert_eq!(arns.len(), WAITING, "all executions are there");
    arns.iter().map(|arn| home.block_on(lateness_of(home, arn))).collect()
}

async fn lateness_of(home: &Home, arn: &str) -> f64 {
    let arn = ExecutionArn::parse(arn).expect("an ARN");
    let record = async |number| {
        let loaded = home.embedded.load(&arn, &ScopePath::top(), Sequence(number)).await;
        let loaded = loaded.expect("the data file").expect("the execution");
        loaded.record.expect("the wait has begun and ended").record
    };
    let mut number = 0;
    loop {
        let waits = record(number).await;
        number += 1;
        if let Pending::Until(due) = waits.pending {
            let ended = record(number).await.time();
            return (ended - due).total(jiff::Unit::Millisecond).expect("a time");
        }
    }
}

fn definition() -> Value {
    json!({
        "StartAt": "Wait",
        "States": { "Wait": { "Type": "Wait", "TimestampPath": "$.until", "End": true } },
    })
}

fn until(time: Timestamp) -> String {
    // AWS reads times to the millisecond.
    let time = Timestamp::from_millisecond(time.as_millisecond()).expect("a time of this age");
    json!({ "until": time.to_string(), "order": "2026-000417", "customer": 90_211 }).to_string()
}
