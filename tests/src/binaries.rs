//! The executables that the tests of whole processes run.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// The packages that these executables are in.
const PACKAGES: [&str; 2] = ["baton-cli", "baton-example-order-tasks"];

/// The path of an executable, as up to date as its source.
///
/// `BATON_BINARIES` names a folder that has them all, for whoever has built everything already.
pub fn binary(name: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| folder(&PACKAGES)).join(name)
}

/// The folder of these packages' executables.
pub fn folder(packages: &[&str]) -> PathBuf {
    std::env::var_os("BATON_BINARIES").map_or_else(|| build(packages), PathBuf::from)
}

/// The target folder that this test was built in.
pub fn target() -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    // A test is at `<target>/<profile>/deps/<name>`.
    test.ancestors().nth(3).expect("a test lies in a target folder").to_owned()
}

/// Builds them with the profile that this test was built with; answers their folder.
fn build(packages: &[&str]) -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    // A test is at `<target>/<profile>/deps/<name>`.
    let folder = test.ancestors().nth(2).expect("a test lies in a folder of its profile");
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") => "dev",
        Some(name) => name,
        None => panic!("{} has no name", folder.display()),
    };
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--locked", "--profile", profile])
        .args(packages.iter().flat_map(|package| ["--package", package]))
        .arg("--target-dir")
        .arg(folder.parent().expect("a profile lies in a target folder"))
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .status()
        .expect("cargo runs");
    assert!(status.success(), "the binaries could not be built");
    folder.to_owned()
}
