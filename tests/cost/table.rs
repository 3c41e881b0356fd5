//! The table, and the goals.

use crate::measure::Row;
use baton_cost::rivals;
use libtest_mimic::Failed;

/// A goal: the workflow and the larger one beside it, at which batch, and the most that a million further transitions may cost.
const GOALS: [(&str, &str, usize, f64); 10] = [
    ("10 Pass, 1 KiB", "20 Pass, 1 KiB", 10, 1.00),
    ("10 Pass, 1 KiB", "20 Pass, 1 KiB", 1, 2.75),
    ("10 Choice, 1 KiB", "20 Choice, 1 KiB", 10, 1.00),
    ("10 Choice, 1 KiB", "20 Choice, 1 KiB", 1, 2.75),
    ("5 Lambda of 10 ms, 1 KiB", "10 Lambda of 10 ms, 1 KiB", 10, 1.75),
    ("5 Lambda of 10 ms, 1 KiB", "10 Lambda of 10 ms, 1 KiB", 1, 3.50),
    ("5 Lambda of 10 s, 1 KiB", "10 Lambda of 10 s, 1 KiB", 10, 5.50),
    ("a Wait of a day", "", 10, 10.0),
    ("a Wait of a year", "", 10, 10.0),
    ("a callback of a month", "", 10, 15.0),
];

/// How far what is told from the records may be from what is counted.
const TOLD_WRONG_MAX: f64 = 0.15;

pub fn print(rows: &[Row]) {
    println!(
        "\nA million executions in us-east-1, in dollars; a transition is a state that is entered.\n"
    );
    println!(
        "{:<28} {:>5} {:>9} {:>9} {:>7} {:>6} {:>7} {:>6} {:>6} {:>9} {:>6} {:>9} {:>9}",
        "workflow",
        "batch",
        "all",
        "transit.",
        "WRU",
        "RRU",
        "SQS",
        "invoc",
        "GB-s",
        "S3 p/g",
        "log B",
        "Standard",
        "Express"
    );
    for row in rows {
        let usage = &row.usage;
        println!(
            "{:<28} {:>5} {:>9.2} {:>9.2} {:>7.2} {:>6.2} {:>7.2} {:>6.2} {:>6.3} {:>9} {:>6.0} {:>9.2} {:>9}",
            row.workflow.name,
            row.batch,
            row.million(),
            row.million_transitions(),
            usage.write_units,
            usage.read_units,
            usage.sqs_requests,
            usage.invocations,
            usage.gb_seconds,
            format!("{:.1}/{:.1}", usage.s3_puts, usage.s3_gets),
            usage.log_bytes,
            rivals::standard(row.workflow.transitions),
            express(row),
        );
    }
    println!("\nRequests of one execution (number, items, bytes):\n");
    for row in rows.iter().filter(|row| row.batch == 10) {
        println!("{}", row.workflow.name);
        for ((service, operation), (count, items, bytes)) in &row.requests {
            println!("  {service:<10} {operation:<24} {count:>7.2} {items:>7.2} {bytes:>9.0}");
        }
    }
    println!("\nWhat `baton cost` tells from the records, beside what was counted:\n");
    for row in rows {
        let (told, counted) = (row.told.dollars() * 1e6, row.million());
        println!(
            "{:<28} {:>5} {told:>9.2} {counted:>9.2}  {:+.1} %",
            row.workflow.name,
            row.batch,
            (told / counted - 1.0) * 100.0
        );
    }
    println!("\nGoals, for a million transitions:\n");
    for (name, larger, batch, most) in GOALS {
        let (further, all) = prices(rows, name, larger, batch);
        println!(
            "{name:<28} {batch:>3} a batch: {further:>6.2} each further one, {all:>6.2} with start and end; at most {most:.2}"
        );
    }
}

/// The price of an Express execution that lasts as long as its calls, where Express can run it at all.
fn express(row: &Row) -> String {
    let workflow = &row.workflow;
    let secs = workflow.call_secs * workflow.transitions;
    if workflow.callback_secs.is_some() || workflow.name.contains("Wait") {
        return "-".to_owned();
    }
    format!("{:.2}", rivals::express(secs + 0.01 * workflow.transitions, 64.0))
}

/// The price of a million further transitions, and of a million with their share of start and end.
fn prices(rows: &[Row], name: &str, larger: &str, batch: usize) -> (f64, f64) {
    let find = |name: &str| rows.iter().find(|row| row.workflow.name == name && row.batch == batch);
    let small = find(name).unwrap_or_else(|| panic!("no row {name}"));
    let further = find(larger).map_or(small.million(), |large| {
        (large.million() - small.million())
            / (large.workflow.transitions - small.workflow.transitions)
    });
    (further, small.million_transitions())
}

pub fn check(rows: &[Row]) -> Result<(), Failed> {
    for (name, larger, batch, most) in GOALS {
        let (further, _) = prices(rows, name, larger, batch);
        if further > most {
            return Err(format!("{name}, {batch} a batch: {further:.2} > {most:.2}").into());
        }
    }
    for row in rows {
        let (told, counted) = (row.told.dollars() * 1e6, row.million());
        if (told / counted - 1.0).abs() > TOLD_WRONG_MAX {
            return Err(format!(
                "{}, {} a batch: {told:.2} told, {counted:.2} counted",
                row.workflow.name, row.batch
            )
            .into());
        }
    }
    Ok(())
}
