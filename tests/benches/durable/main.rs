//! How fast one machine drives executions, durably, beside what its disk allows.
//!
//! `cargo bench -p baton-tests --bench durable [-- a b c d]` prints a table. Nothing here fails on a slow machine.
//!
//! Each run goes through the whole of one machine: the HTTP API, the driver, the embedded backend and its file. Its floor,
//! measured in the same round, is a bare SQLite connection that inserts the rows that the run left behind, with the same
//! keys and bytes, into the same tables, in as many transactions as the run took.
//!
//! Times are medians of several rounds; each round opens a fresh file.

mod client;
mod floor;
mod home;
mod measure;
mod waiting;
mod workloads;

use measure::Table;

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|it| !it.starts_with("--")).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|it| it == name);
    // On the build's own disk: a folder for temporary files may lie in memory.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let folder = folder.path();
    let mut table = Table::default();
    if is_wanted("a") {
        workloads::passes(folder, &mut table);
    }
    if is_wanted("b") {
        workloads::clients(folder, &mut table);
    }
    if is_wanted("c") {
        workloads::maps(folder, &mut table);
    }
    if is_wanted("d") {
        waiting::waiting(folder, &mut table);
    }
    table.print();
}
