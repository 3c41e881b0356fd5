//! The architecture, held: which crate may use which. A new arrow is a decision, made in [`ARROWS`].

mod template;

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// Each crate of the workspace with the crates it may use, besides those that these may use.
const ARROWS: &[(&str, &[&str])] = &[
    ("jsonpath", &[]),
    ("jsonata", &[]),
    ("asl", &["jsonpath", "jsonata"]),
    ("yaml", &["asl"]),
    ("engine", &["asl"]),
    ("services", &[]),
    ("integrations", &["engine", "services"]),
    ("items", &[]),
    ("store", &["engine"]),
    ("calls", &["integrations"]),
    ("driver", &["store", "integrations", "items"]),
    // Counts from records; what really makes the requests is not known here.
    ("cost", &["store"]),
    // The API's writes (start, stop, callbacks) are transitions, and those are the driver's.
    ("api", &["driver"]),
    ("embedded", &["store", "integrations"]),
    ("aws", &["store", "calls"]),
    ("lambda", &["api", "driver", "aws"]),
    ("cli", &["api", "driver", "embedded", "calls", "cost", "yaml"]),
    ("testing", &["api", "driver", "yaml"]),
    ("function-transition", &["lambda"]),
    ("function-task", &["lambda"]),
    ("function-express", &["lambda"]),
    ("function-map", &["lambda"]),
    ("function-timer", &["lambda"]),
    ("function-event", &["lambda"]),
    ("function-api", &["lambda"]),
    ("function-dead-letter", &["lambda"]),
    ("example-order-tasks", &[]),
];

/// Crates that stay free of I/O: no async runtime, no HTTP, no database, no clock of their own.
const PURE: &[&str] =
    &["jsonpath", "jsonata", "asl", "yaml", "engine", "services", "integrations", "items"];

/// What a pure crate may not use.
const IMPURE: &[&str] =
    &["tokio", "reqwest", "hyper", "rusqlite", "axum", "tracing", "rand", "getrandom"];

#[test]
fn crates_use_only_what_lies_below_them() {
    let below = below();
    for (name, uses) in dependencies() {
        if name == "tests" {
            continue;
        }
        let allowed =
            below.get(name.as_str()).unwrap_or_else(|| panic!("`{name}` has no row in ARROWS"));
        for used in uses.iter().filter_map(|used| used.strip_prefix("baton-")) {
            assert!(allowed.contains(used), "`{name}` may not use `{used}`");
        }
    }
}

#[test]
fn every_row_is_a_crate() {
    let names: BTreeSet<String> = dependencies().into_keys().collect();
    for (name, _) in ARROWS {
        assert!(names.contains(*name), "`{name}` in ARROWS is no crate of the workspace");
    }
}

#[test]
fn only_the_aws_crate_names_an_aws_service() {
    for (name, uses) in dependencies() {
        let sdk = uses.iter().find(|used| used.starts_with("aws-sdk-"));
        assert!(
            name == "aws" || name == "tests" || sdk.is_none(),
            "`{name}` uses `{}`",
            sdk.unwrap()
        );
    }
}

#[test]
fn pure_crates_stay_pure() {
    for (name, uses) in dependencies().into_iter().filter(|(name, _)| PURE.contains(&name.as_str()))
    {
        let impure = uses.iter().find(|used| IMPURE.contains(&used.as_str()));
        assert!(impure.is_none(), "`{name}` uses `{}`", impure.unwrap());
    }
}

/// For each crate, every crate that it may use, directly or not.
fn below() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let mut below: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, arrows) in ARROWS {
        let mut all: BTreeSet<&str> = arrows.iter().copied().collect();
        for arrow in *arrows {
            all.extend(
                below.get(arrow).unwrap_or_else(|| panic!("`{arrow}` must stand above `{name}`")),
            );
        }
        below.insert(name, all);
    }
    below
}

/// Each crate of the workspace, without its `baton-`, and the packages it uses outside its tests.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let cargo = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root)
        .output()
        .expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&cargo.stdout).expect("cargo answers JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    packages
        .iter()
        .map(|package| {
            let name =
                package["name"].as_str().expect("a name").trim_start_matches("baton-").to_owned();
            let uses = package["dependencies"].as_array().expect("dependencies").iter();
            let uses = uses.filter(|used| used["kind"] != "dev");
            (name, uses.map(|used| used["name"].as_str().expect("a name").to_owned()).collect())
        })
        .collect()
}
