//! How fast one machine makes calls, durably, beside a bare HTTP client.
//!
//! `cargo bench -p baton-tests --bench tasks` prints a table. Nothing here fails on a slow machine.
//!
//! A thousand executions run through a chain of Lambda tasks each, so that a thousand calls are in flight. A local handler
//! serves them, each after [`LATENCY`], and counts. Baton is `baton serve` with a data file on the disk, in a process of its
//! own; so is the bare client, which makes the same calls with the same number in flight and keeps nothing. What is compared
//! is the rate that the handler sees while the middle of the calls comes in.

mod bare;
mod baton;
mod handler;
#[path = "../durable/measure.rs"]
mod measure;

use handler::{Handler, Seen};
use measure::{Table, median};

/// How many calls are in flight.
pub const IN_FLIGHT: usize = 1_000;
/// How many calls each of them makes, one after the other.
pub const CALLS_EACH: usize = 20;
/// How often it is measured.
const ROUNDS: usize = 3;

/// What one run came to.
pub struct Run {
    seen: Seen,
    /// What the process that calls had in memory at most, beside what it had before.
    bytes: Option<u64>,
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some(bare::WORD) {
        return bare::client(&arguments.next().expect("an address"));
    }
    // On the build's own disk: a folder for temporary files may lie in memory.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let rounds: Vec<(Run, Run)> = (0..ROUNDS)
        .map(|round| {
            let bare = bare::run(&Handler::start());
            let file = folder.path().join(format!("{round}.db"));
            (baton::run(&Handler::start(), &file), bare)
        })
        .collect();
    let mut table = Table::default();
    let rate =
        |run: &dyn Fn(&(Run, Run)) -> f64| median(&rounds.iter().map(run).collect::<Vec<_>>());
    let (baton, bare) = (rate(&|(run, _)| run.seen.rate()), rate(&|(_, run)| run.seen.rate()));
    let share = rate(&|(baton, bare)| baton.seen.rate() / bare.seen.rate());
    table.add(
        "Lambda tasks, 1,000 in flight",
        format!("{baton:.0} calls/s"),
        format!("{bare:.0} calls/s"),
        format!("{share:.2}"),
        "0.60",
    );
    let most = |of: fn(&(Run, Run)) -> usize| rounds.iter().map(of).max().unwrap_or_default();
    table.add(
        "most calls at the handler at a time",
        most(|(run, _)| run.seen.at_once).to_string(),
        most(|(_, run)| run.seen.at_once).to_string(),
        String::new(),
        "",
    );
    let memory = |of: fn(&(Run, Run)) -> Option<u64>| {
        let most = rounds.iter().filter_map(of).max();
        most.map_or_else(
            || "unknown".to_owned(),
            |bytes| format!("{:.1} KiB", bytes as f64 / IN_FLIGHT as f64 / 1024.0),
        )
    };
    let each = memory(|(run, _)| run.bytes);
    table.add("memory of each", each, memory(|(_, run)| run.bytes), String::new(), "");
    table.print();
}

/// The most memory that a process has had in RAM, in bytes. Nothing where the system does not tell.
pub fn peak_bytes(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1024)
}
