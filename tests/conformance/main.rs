//! Conformance: cases as data against Baton's API.
//!
//! Each case is a test of its own. Baton's own cases are the files under `tests/cases`, named by their paths; the cases
//! recorded on AWS are run where they are beside the checkout (`../shared/conformance`). Every case has a world of its own,
//! in memory and in virtual time.
//!
//! A case in `tests/differences.toml` is known to differ, for the reason given there; it fails the run once it passes.
//! `UPDATE_CASES=1` rewrites what our own cases expect: review that like code.

mod cases;
mod compare;
mod differences;
mod map_runs;
mod outside;
mod recorded;
mod world;

use differences::Differences;
use libtest_mimic::{Arguments, Failed, Trial};
use recorded::Verdict;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// Passed, known to differ, not yet, failed: by folder.
type Tally = Arc<Mutex<BTreeMap<String, [usize; 4]>>>;

fn main() {
    let arguments = Arguments::from_args();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let differences = Arc::new(Differences::read(&root.join("differences.toml")));
    let tally = Tally::default();
    let mut trials = cases::trials(&root.join("cases"), &tally);
    let recorded = root.join("../../shared/conformance");
    if recorded.join("index.json").exists() {
        trials.extend(recorded_trials(&recorded, &differences, &tally));
    } else if !arguments.list {
        println!("no recorded cases beside the checkout: only Baton's own are run");
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    if !arguments.list && !arguments.exact {
        print_tally(&tally.lock().expect("no test holds it any more"));
    }
    conclusion.exit();
}

fn print_tally(tally: &BTreeMap<String, [usize; 4]>) {
    println!("{:<44} {:>6} {:>8} {:>7} {:>6}", "cases", "passed", "differ", "not yet", "failed");
    for (folder, [passed, differ, not_yet, failed]) in tally {
        println!("{folder:<44} {passed:>6} {differ:>8} {not_yet:>7} {failed:>6}");
    }
}

fn recorded_trials(root: &Path, differences: &Arc<Differences>, tally: &Tally) -> Vec<Trial> {
    let mut trials = Vec::new();
    for file in files(root) {
        let folder = folder(root, &file);
        if folder.starts_with("jsonata") || folder.is_empty() {
            continue;
        }
        let text = std::fs::read_to_string(&file).expect("a readable file");
        let cases: Vec<Value> = serde_json::from_str(&text).unwrap_or_default();
        let is_only_one = cases.len() == 1;
        for (index, case) in cases.into_iter().enumerate() {
            let stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let id = case["id"].as_str().map_or_else(|| format!("{stem}#{index}"), str::to_owned);
            let short = id.rsplit("::").next().unwrap_or(&id).to_owned();
            let name = if is_only_one {
                format!("{folder}/{stem}")
            } else {
                format!("{folder}/{stem}/{short}")
            };
            let (differences, tally, folder) = (differences.clone(), tally.clone(), folder.clone());
            trials
                .push(Trial::test(name, move || judge(&folder, &id, &case, &differences, &tally)));
        }
    }
    trials
}

fn judge(
    folder: &str,
    id: &str,
    case: &Value,
    differences: &Differences,
    tally: &Tally,
) -> Result<(), Failed> {
    let verdict = recorded::run(case);
    let known = differences.reason(id);
    let (column, result) = match (verdict, known) {
        (Verdict::Passed, None) => (0, Ok(())),
        (Verdict::Passed, Some(_)) => {
            (3, Err("passes: take it out of tests/differences.toml".to_owned()))
        }
        (_, Some(_)) => (1, Ok(())),
        (Verdict::NotYet(what), None) => {
            println!("not yet: {id}: {what}");
            (2, Ok(()))
        }
        (Verdict::Failed(reason), None) => (3, Err(reason)),
    };
    tally.lock().expect("no panic while counting").entry(folder.to_owned()).or_default()[column] +=
        1;
    result.map_err(Failed::from)
}

/// The JSON files below a folder, in order.
fn files(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        for path in entries.map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "json") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The folder of a file below the root, with `/` between its parts.
fn folder(root: &Path, file: &Path) -> String {
    let folder =
        file.parent().and_then(|parent| parent.strip_prefix(root).ok()).unwrap_or(Path::new(""));
    folder.to_string_lossy().replace('\\', "/")
}
