//! How fast the interpreter and the query languages are by themselves: no store, no queue, no call, one thread.
//!
//! `cargo bench -p baton-tests --bench engine [-- transitions jsonpath jsonata copies]` prints a table. Nothing here fails
//! on a slow machine. Each line has a floor measured in the same round: the library that does as much, or nothing where there
//! is none. Times are those that the thread spent on a core, where the system tells, and medians of several rounds.

mod clock;
mod copies;
mod jsonata;
mod jsonpath;
#[path = "../durable/measure.rs"]
mod measure;
mod run;
mod transitions;

use measure::Table;

/// Counts what is allocated, for `copies`.
#[global_allocator]
static ALLOCATOR: copies::Counting = copies::Counting;

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|it| !it.starts_with("--")).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|it| it == name);
    let mut table = Table::default();
    if is_wanted("transitions") {
        transitions::transitions(&mut table);
    }
    if is_wanted("jsonpath") {
        jsonpath::paths(&mut table);
    }
    if is_wanted("jsonata") {
        jsonata::expressions(&mut table);
    }
    if is_wanted("copies") {
        copies::copies(&mut table);
    }
    table.print();
}
