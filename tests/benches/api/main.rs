//! How fast one machine answers the Step Functions API, beside what its HTTP stack and its disk allow.
//!
//! `cargo bench -p baton-tests --bench api [-- start describe history list sync]` prints a table. Nothing here fails on a slow machine.
//!
//! Each request goes over loopback HTTP to the whole of one machine as `baton serve` puts it together. Its floor is measured in the same
//! round: an answer of as many bytes from the bare HTTP server, or the rows that the answer is made of, read by a bare SQLite connection.
//! The clients share the machine's cores, so beside the rate stands the server's own time on a core: that of the process without its clients.

#[path = "../durable/client.rs"]
mod client;
mod executions;
mod express;
#[path = "../durable/home.rs"]
#[allow(dead_code, reason = "`durable` asks for more of it")]
mod home;
mod lists;
mod load;
#[path = "../durable/measure.rs"]
mod measure;

use measure::Table;

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|it| !it.starts_with("--")).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|it| it == name);
    // On the build's own disk: a folder for temporary files may lie in memory.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let folder = folder.path();
    let mut table = Table::default();
    if is_wanted("sync") {
        express::synchronous(folder, &mut table);
    }
    if is_wanted("start") || is_wanted("describe") {
        executions::starts(folder, &mut table);
    }
    if is_wanted("history") {
        executions::histories(folder, &mut table);
    }
    if is_wanted("list") {
        lists::lists(folder, &mut table);
    }
    table.print();
}
