//! The stack on an AWS emulator: the real template, the real functions, the order example, asked by boto3.
//!
//! The scenarios are in `stack.py`, and those of bad weather in `faults.py`. Here is what goes before: the functions are built with
//! the profile of this test, and what `tests/requirements.txt` names is installed, once for each content of that file, into the
//! target folder, where `tests/run` finds it too. Where there is no Python the tests show as ignored; where `CI` is `true` they fail.

use baton_tests::{binaries, python};
use libtest_mimic::{Arguments, Failed, Trial};
use std::path::Path;
use std::process::Command;

/// The packages of the stack's functions.
const FUNCTIONS: [&str; 8] = [
    "baton-function-transition",
    "baton-function-task",
    "baton-function-express",
    "baton-function-map",
    "baton-function-timer",
    "baton-function-event",
    "baton-function-api",
    "baton-function-dead-letter",
];

#[expect(clippy::disallowed_methods, reason = "a test reads whether CI runs it")]
fn main() {
    let arguments = Arguments::from_args();
    let is_ci = std::env::var("CI").is_ok_and(|value| value == "true");
    let trials =
        [("the_order_runs_in_aws", "stack.py"), ("executions_survive_faults", "faults.py")];
    let trials = trials.map(|(name, script)| match python::is_there() {
        true => Trial::test(name, move || run(script)),
        false => Trial::test(format!("{name} (needs Python 3.10 with venv)"), || {
            Err(Failed::from("there is no Python 3.10 with venv on this machine"))
        })
        .with_ignored_flag(!is_ci),
    });
    // One emulator at a time: each would take both cores.
    let arguments = Arguments { test_threads: Some(1), ..arguments };
    libtest_mimic::run(&arguments, trials.into()).exit();
}

fn run(script: &str) -> Result<(), Failed> {
    let functions = binaries::folder(&FUNCTIONS);
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let target = binaries::target();
    let mut command = Command::new(python::with_requirements()?);
    command
        .arg(root.join("tests/stack").join(script))
        .arg("--template")
        .arg(root.join("template.yaml"))
        .arg("--functions")
        .arg(functions)
        .arg("--order")
        .arg(root.join("infra/examples/order"))
        .arg("--folder")
        .arg(target.join("stack"))
        .env("PYTHONDONTWRITEBYTECODE", "1");
    succeed(&mut command)
}

fn succeed(command: &mut Command) -> Result<(), Failed> {
    let status = command.status()?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} ended with {status}").into()) }
}
