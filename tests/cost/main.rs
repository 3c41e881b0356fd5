//! The price of an execution, counted: every request that the real functions make for the reference workflows, over an AWS in
//! memory, with the units that AWS bills for it.
//!
//!     cargo test -p baton-tests --test cost -- --nocapture
//!
//! prints the table. What each goal asks is in [`goals`].

mod idle;
mod map;
mod measure;
mod table;
mod workflows;

use libtest_mimic::{Arguments, Failed, Trial};

fn main() {
    let arguments = Arguments::from_args();
    let trials = vec![
        Trial::test("the_reference_workflows_cost_what_is_promised", || {
            within(async {
                let rows = measure::all().await;
                table::print(&rows);
                table::check(&rows)
            })
        }),
        Trial::test("the_items_of_a_map_run_cost_a_tenth", || within(map::check())),
        Trial::test("an_idle_stack_costs_little", || within(async { idle::check().await })),
    ];
    libtest_mimic::run(&arguments, trials).exit();
}

fn within(work: impl Future<Output = Result<(), Failed>>) -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(work)
}
