//! Finds the table of services, or has it made, where the feature `aws-sdk` embeds it.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=pack.py");
    println!("cargo::rerun-if-changed=requirements.txt");
    println!("cargo::rerun-if-env-changed=BATON_SERVICES_TABLE");
    if env::var_os("CARGO_FEATURE_AWS_SDK").is_none() {
        return ExitCode::SUCCESS;
    }
    match table() {
        Ok(table) => {
            println!("cargo::rerun-if-changed={}", table.display());
            println!("cargo::rustc-env=BATON_SERVICES_TABLE={}", table.display());
            ExitCode::SUCCESS
        }
        Err(problem) => {
            for line in problem.lines() {
                println!("cargo::error={line}");
            }
            ExitCode::FAILURE
        }
    }
}

/// The table that `BATON_SERVICES_TABLE` names, else the one under `target/`, made if it is not there or if what makes it
/// has changed.
fn table() -> Result<PathBuf, String> {
    if let Some(named) = env::var_os("BATON_SERVICES_TABLE") {
        let named = PathBuf::from(named);
        return match named.is_file() {
            true => Ok(named),
            false => Err(format!("BATON_SERVICES_TABLE names no file: {}", named.display())),
        };
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let is_target = |folder: &&Path| {
        folder.join("CACHEDIR.TAG").is_file() || folder.join(".rustc_info.json").is_file()
    };
    let target = out.ancestors().find(is_target);
    let folder = target.unwrap_or(&out).join("services");
    let (table, stamp) = (folder.join("services.table"), folder.join("services.stamp"));
    if !table.is_file() || std::fs::read(&stamp).ok() != Some(stamp_of_sources()) {
        make(&folder)?;
        std::fs::write(&stamp, stamp_of_sources()).map_err(|error| error.to_string())?;
    }
    Ok(table)
}

fn stamp_of_sources() -> Vec<u8> {
    let read = |name: &str| std::fs::read(name).unwrap_or_default();
    [read("requirements.txt"), read("pack.py")].concat()
}

fn make(folder: &Path) -> Result<(), String> {
    let script = Path::new(&env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("pack.py");
    let python = env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
    let ran = Command::new(&python).arg(&script).arg(folder).output();
    let detail = match ran {
        Ok(output) if output.status.success() => return Ok(()),
        Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        Err(error) => error.to_string(),
    };
    Err(format!(
        "the feature `aws-sdk` embeds a table of the AWS services, which could not be made: {detail}\n\
         Python 3.10 with pip makes it, from PyPI: run `{} {} {}` where that works, or build without the feature",
        python.display(),
        script.display(),
        folder.display()
    ))
}
