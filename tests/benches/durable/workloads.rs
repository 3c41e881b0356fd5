//! Executions that run without waiting: (a) a long one, (b) many from many clients, (c) wide ones.

use crate::floor::Rows;
use crate::home::{Home, chain};
use crate::measure::{Stopwatch, Table, median};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

/// How often each workload is run.
const ROUNDS: usize = 5;

/// One run of a workload and of its floor.
#[derive(Clone, Copy)]
struct Round {
    baton: Duration,
    floor: Duration,
    transitions: f64,
    groups: u64,
}

/// What the rounds of a workload came to.
struct Rounds(Vec<Round>);

impl Rounds {
    fn run(folder: &Path, definition: &Value, inputs: &[String]) -> Self {
        Rounds((0..ROUNDS).map(|_| round(folder, definition, inputs)).collect())
    }

    fn median(&self, of: impl Fn(&Round) -> f64) -> f64 {
        median(&self.0.iter().map(of).collect::<Vec<_>>())
    }

    fn add_rates(&self, table: &mut Table, what: &str, goal: &str) {
        let rate = |of: fn(&Round) -> Duration| {
            per_second(self.median(|round| round.transitions / of(round).as_secs_f64()))
        };
        let share = self.median(|it| it.floor.as_secs_f64() / it.baton.as_secs_f64());
        let (share, groups) = (format!("{share:.2}"), self.groups());
        let what = format!("{what}, {groups}");
        table.add(&what, rate(|round| round.baton), rate(|round| round.floor), share, goal);
    }

    /// How the run's transitions were grouped.
    fn groups(&self) -> String {
        let each = self.median(|round| round.transitions / round.groups as f64);
        format!("{each:.0} a sync")
    }

    /// The microseconds that one of so many items takes.
    fn micros_each(&self, items: usize, of: fn(&Round) -> Duration) -> f64 {
        self.median(|round| of(round).as_secs_f64() * 1e6 / items as f64)
    }

    fn add_costs(&self, table: &mut Table, what: &str, items: usize) {
        let each = |of| format!("{:.1} µs/item", self.micros_each(items, of));
        let share = self.median(|it| it.floor.as_secs_f64() / it.baton.as_secs_f64());
        let (share, groups) = (format!("{share:.2}"), self.groups());
        let what = format!("{what}, {groups}");
        table.add(&what, each(|round| round.baton), each(|round| round.floor), share, "");
    }
}

fn per_second(rate: f64) -> String {
    format!("{rate:.0}/s")
}

fn round(folder: &Path, definition: &Value, inputs: &[String]) -> Round {
    let home = Home::open(folder, definition);
    let before = home.embedded.groups();
    let watch = Stopwatch::start();
    let starting = home.start_all(inputs.to_vec());
    home.wait_until_ended(starting);
    let baton = watch.elapsed();
    let groups = home.embedded.groups() - before;
    let path = home.close();
    let rows = Rows::read(&path, groups);
    std::fs::remove_file(path).expect("the data file");
    let floor = rows.insert(folder);
    Round { baton, floor, transitions: rows.records as f64, groups }
}

/// (a) One execution of 1,000 Pass states.
pub fn passes(folder: &Path, table: &mut Table) {
    let rounds = Rounds::run(folder, &chain(1_000), &[order()]);
    rounds.add_rates(table, "(a) one execution of 1,000 states", "");
}

/// (b) 1,000 executions of 10 states, started by 16 clients.
pub fn clients(folder: &Path, table: &mut Table) {
    let inputs = vec![order(); 1_000];
    let rounds = Rounds::run(folder, &chain(10), &inputs);
    rounds.add_rates(table, "(b) 1,000 of 10 states, 16 clients", "0.50 of it");
}

/// (c) An Inline Map of 1,000 and of 10,000 items.
pub fn maps(folder: &Path, table: &mut Table) {
    let [one, ten] = [1_000, 10_000].map(|items: usize| {
        let rounds = Rounds::run(folder, &map(), &[numbers(items)]);
        rounds.add_costs(table, &format!("(c) an Inline Map of {items} items"), items);
        rounds.micros_each(items, |round| round.baton)
    });
    let growth = format!("{:.2} times", ten / one);
    table.add(
        "    an item at 10,000 against one at 1,000",
        growth,
        String::new(),
        String::new(),
        "1.20",
    );
}

fn map() -> Value {
    json!({
        "StartAt": "Each",
        "States": {
            "Each": {
                "Type": "Map",
                "End": true,
                "ItemProcessor": {
                    "ProcessorConfig": { "Mode": "INLINE" },
                    "StartAt": "One",
                    "States": { "One": { "Type": "Pass", "End": true } },
                },
            },
        },
    })
}

/// An input of some hundred bytes.
fn order() -> String {
    json!({
        "order": "2026-000417",
        "customer": { "id": 90_211, "email": "someone@example.com" },
        "lines": [{ "sku": "A-1", "count": 2 }, { "sku": "B-7", "count": 1 }],
    })
    .to_string()
}

fn numbers(count: usize) -> String {
    Value::from((0..count).collect::<Vec<_>>()).to_string()
}
