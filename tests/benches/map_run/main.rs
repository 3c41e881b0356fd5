//! How fast one machine works through a Distributed Map, durably, and how much memory that takes.
//!
//! `cargo bench -p baton-tests --bench map_run [-- express standard lanes] [N]` prints a table; `N` is the number of items of
//! `express`, of which `standard` gets a tenth and `lanes` a hundredth. Nothing here fails on a slow machine.
//!
//! Each run goes through the whole of one machine, as in `durable`: items are read from an object of JSON Lines, 64 bytes
//! each, become children of two Pass states, and the children's outputs are exported to objects. The data file and the exported objects
//! are on the build's own disk. The floor of a run, measured right after it, is a bare SQLite connection that inserts the rows that the
//! run left behind, in as many transactions as the run took, and the bare writing of the exported bytes.
//!
//! Each run has a process of its own, so that its peak of memory is its own. It includes the API and its client.

#[path = "../durable/client.rs"]
mod client;
#[path = "../durable/floor.rs"]
mod floor;
#[path = "../durable/home.rs"]
#[allow(dead_code, reason = "the other benchmark asks for the rest")]
mod home;
#[path = "../durable/measure.rs"]
#[allow(dead_code, reason = "the other benchmarks ask for the rest")]
mod measure;
mod objects;
mod run;

use measure::Table;
use run::{Children, Job, Measured};
use std::process::Command;

/// How many items there are unless the arguments say so.
const ITEMS: usize = 1_000_000;
/// The first argument of a process that makes one run.
const ONE: &str = "one-run";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [first, rest @ ..] = arguments.as_slice()
        && first == ONE
    {
        println!("{}", Job::parse(rest).expect("a job").run().line());
        return;
    }
    let wanted: Vec<&String> = arguments
        .iter()
        .filter(|it| !it.starts_with("--") && it.parse::<usize>().is_err())
        .collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|it| *it == name);
    let items = arguments.iter().find_map(|it| it.parse().ok()).unwrap_or(ITEMS);
    let mut table = Table::default();
    if is_wanted("express") {
        let job = Job { children: Children::Express, items, per_child: 1, concurrency: 1_000 };
        add(&mut table, job, "20,000/s, 256 MiB");
        add(&mut table, Job { per_child: 10, ..job }, "");
    }
    if is_wanted("standard") {
        let items = items.div_ceil(10);
        let job = Job { children: Children::Standard, items, per_child: 1, concurrency: 1_000 };
        add(&mut table, job, "");
    }
    if is_wanted("lanes") {
        for children in [Children::Express, Children::Standard] {
            for concurrency in [1, 10, 100, 1_000] {
                let items = items.div_ceil(100);
                add(&mut table, Job { children, items, per_child: 1, concurrency }, "");
            }
        }
    }
    table.print();
}

/// Makes a run in another process.
fn add(table: &mut Table, job: Job, goal: &str) {
    let this = std::env::current_exe().expect("this program");
    let ran = Command::new(this).arg(ONE).args(job.arguments()).output().expect("another process");
    let text = String::from_utf8_lossy(&ran.stdout);
    let measured = text.lines().last().and_then(Measured::parse);
    let Some(measured) = measured else {
        panic!("{job:?}: {text}{}", String::from_utf8_lossy(&ran.stderr));
    };
    let rate = |secs: f64| job.items as f64 / secs;
    let memory = measured.peak_bytes / 1024.0 / 1024.0;
    table.add(
        &format!("{job}, {:.0} a sync", job.items as f64 / measured.groups),
        format!("{:.0} items/s, {memory:.0} MiB", rate(measured.secs)),
        format!("{:.0}/s", rate(measured.floor_secs)),
        format!("{:.2}", measured.floor_secs / measured.secs),
        goal,
    );
}
