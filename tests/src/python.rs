//! Python with what the tests need of it: the emulator, boto3.

use crate::binaries;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The oldest Python that the emulator runs on, as Python itself can tell.
const NEEDED: &str = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))";

/// Whether there is a Python that can be used.
pub fn is_there() -> bool {
    Command::new("python3").args(["-c", NEEDED]).status().is_ok_and(|status| status.success())
}

/// A Python that has what `tests/requirements.txt` names: installed once for each content of that file, into the target folder,
/// where `tests/run` finds it too.
pub fn with_requirements() -> Result<PathBuf, String> {
    let failed = |error: std::io::Error| error.to_string();
    let requirements = Path::new(env!("CARGO_MANIFEST_DIR")).join("requirements.txt");
    let environment = binaries::target().join("python");
    let (python, installed) = (environment.join("bin/python"), environment.join("installed.txt"));
    let wanted = std::fs::read(&requirements).map_err(failed)?;
    if std::fs::read(&installed).is_ok_and(|there| there == wanted) {
        return Ok(python);
    }
    succeed(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment))?;
    succeed(
        Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"])
            .arg(&requirements),
    )?;
    std::fs::write(installed, wanted).map_err(failed)?;
    Ok(python)
}

fn succeed(command: &mut Command) -> Result<(), String> {
    let status = command.status().map_err(|error| error.to_string())?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} ended with {status}")) }
}
