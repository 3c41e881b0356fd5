//! The stack on an AWS emulator: the real template, the real functions, the order example, asked by boto3.
//!
//! The scenarios are in `stack.py`, and those of bad weather in `faults.py`. Here is what goes before: the functions are built with
//! the profile of this test, and what `tests/requirements.txt` names is installed, once for each content of that file, into the
//! target folder, where `tests/run` finds it too. Where there is no Python the tests show as ignored; where `CI` is `true` they fail.

use baton_tests::binaries;
use libtest_mimic::{Arguments, Failed, Trial};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The packages of the stack's functions.
const FUNCTIONS: [&str; 7] = [
    "baton-function-transition",
    "baton-function-task",
    "baton-function-express",
    "baton-function-timer",
    "baton-function-event",
    "baton-function-api",
    "baton-function-dead-letter",
];

/// The oldest Python that the emulator runs on, as Python itself can tell.
const NEEDED: &str = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))";

#[expect(clippy::disallowed_methods, reason = "a test reads whether CI runs it")]
fn main() {
    let arguments = Arguments::from_args();
    let is_ci = std::env::var("CI").is_ok_and(|value| value == "true");
    let trials =
        [("the_order_runs_in_aws", "stack.py"), ("executions_survive_faults", "faults.py")];
    let trials = trials.map(|(name, script)| match has_python() {
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

fn has_python() -> bool {
    Command::new("python3").args(["-c", NEEDED]).status().is_ok_and(|status| status.success())
}

fn run(script: &str) -> Result<(), Failed> {
    let functions = binaries::folder(&FUNCTIONS);
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let target = target_folder();
    let mut command = Command::new(python(&target)?);
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

/// Where this test was built, and leaves what it makes.
fn target_folder() -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    // A test is at `<target>/<profile>/deps/<name>`.
    test.ancestors().nth(3).expect("a test lies in a folder of its profile").to_owned()
}

/// A Python that has what the scenarios need.
fn python(target: &Path) -> Result<PathBuf, Failed> {
    let requirements = Path::new(env!("CARGO_MANIFEST_DIR")).join("requirements.txt");
    let environment = target.join("python");
    let (python, installed) = (environment.join("bin/python"), environment.join("installed.txt"));
    let wanted = std::fs::read(&requirements)?;
    if std::fs::read(&installed).is_ok_and(|there| there == wanted) {
        return Ok(python);
    }
    succeed(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment))?;
    succeed(
        Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"])
            .arg(&requirements),
    )?;
    std::fs::write(installed, wanted)?;
    Ok(python)
}

fn succeed(command: &mut Command) -> Result<(), Failed> {
    let status = command.status()?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} ended with {status}").into()) }
}
