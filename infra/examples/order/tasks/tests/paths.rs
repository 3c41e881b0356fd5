//! Holds the definition, the orders, the functions and `expected.json` to each other: each order is walked
//! through the definition, and together they walk all of it.

#![cfg(test)]

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use order_tasks::Books;
use serde_json::{Map, Value, json};

mod folder;
mod walker;

use folder::Folder;
use walker::{Seen, World};

#[test]
fn every_order_ends_as_expected() {
    let walked: Map<_, _> =
        orders().iter().map(|(name, order)| (name.clone(), walk(name, order).0)).collect();
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        fs::write(example().join("expected.json"), rendered(&walked)).unwrap();
    }
    let expected = json_in(&example().join("expected.json"));
    let names = |all: &Map<String, Value>| all.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(names(&walked), names(expected.as_object().unwrap()));
    for (name, walked) in &walked {
        assert_eq!(walked, &expected[name], "{name}");
    }
}

#[test]
fn the_orders_walk_every_transition_of_the_definition() {
    let mut walked = BTreeSet::new();
    for (name, order) in orders() {
        walked.extend(walk(&name, &order).1.transitions);
    }
    let mut written = BTreeSet::new();
    collect_transitions(&definition(), &mut written);
    assert_eq!(walked, written);
}

#[test]
fn the_readme_names_every_order_with_its_end() {
    let readme = fs::read_to_string(example().join("README.md")).unwrap();
    let expected = json_in(&example().join("expected.json"));
    for (name, expected) in expected.as_object().unwrap() {
        let row = readme.lines().find(|line| line.starts_with(&format!("| `{name}` |")));
        let end = expected["error"].as_str().or(expected["status"].as_str()).unwrap();
        assert!(row.is_some_and(|row| row.contains(&format!("`{end}`"))), "{name} ends with {end}");
    }
}

/// What `expected.json` says of an order: how it ends, which way it goes, and what it leaves in the books.
fn walk(name: &str, order: &Value) -> (Value, Seen) {
    assert_eq!(order["orderId"], name);
    let folder = Folder::new();
    let books = Books::in_folder(folder.path());
    let answer = answer_of(name);
    let world =
        World { books: &books, answer: answer.map(|a| a == "approve"), seen: RefCell::default() };
    let end = world.run(&definition(), order.clone(), true);
    let seen = world.seen.into_inner();
    let asked = folder.path().join(format!("approvals/{name}.json")).exists();
    assert!(asked || answer.is_none(), "nobody asks about {name}");
    let expected = json!({
        "status": if end.is_ok() { "SUCCEEDED" } else { "FAILED" },
        "error": end.as_ref().err().map(|thrown| thrown["Error"].clone()),
        "answer": answer,
        "waitSeconds": seen.waited_secs,
        "retries": seen.retries,
        "path": seen.path,
        "books": {
            "payment": member(folder.path(), &format!("payments/{name}.json"), "status"),
            "reserved": is_reserved(name, folder.path()),
            "mail": last_mail(name, folder.path()),
            "dispatched": folder.path().join(format!("dispatches/{name}.json")).exists(),
        },
    });
    (expected, seen)
}

/// A field a line, so that a diff reads well.
fn rendered(walked: &Map<String, Value>) -> String {
    let orders = walked.iter().map(|(name, order)| {
        let fields = order.as_object().unwrap().iter();
        let fields = fields.map(|(field, value)| format!("    {}: {value}", json!(field)));
        format!("  {}: {{\n{}\n  }}", json!(name), fields.collect::<Vec<_>>().join(",\n"))
    });
    format!("{{\n{}\n}}\n", orders.collect::<Vec<_>>().join(",\n"))
}

/// The person in the play, who is not part of the order.
fn answer_of(name: &str) -> Option<&'static str> {
    match name {
        "large" | "large-approved" => Some("approve"),
        "large-rejected" => Some("reject"),
        _ => None,
    }
}

fn is_reserved(name: &str, books: &Path) -> bool {
    member(books, "inventory.json", "reservations").get(name).is_some()
}

fn member(books: &Path, file: &str, name: &str) -> Value {
    let path = books.join(file);
    if path.exists() { json_in(&path)[name].clone() } else { Value::Null }
}

/// The last mail the customer gets. Whether a confirmation comes before a failure may depend on which
/// branch of a Parallel state is faster.
fn last_mail(name: &str, books: &Path) -> Option<&'static str> {
    let mut kinds = ["failure", "confirmation"].into_iter();
    kinds.find(|kind| books.join(format!("mails/{name}.{kind}.eml")).exists())
}

/// Each `Next` and `Default`, at every level.
fn collect_transitions(level: &Value, into: &mut BTreeSet<(String, String)>) {
    for (name, state) in level["States"].as_object().unwrap() {
        let rules = ["Choices", "Catch"].map(|field| state[field].as_array());
        let rules = rules.into_iter().flatten().flatten();
        let targets = rules.map(|rule| &rule["Next"]).chain([&state["Next"], &state["Default"]]);
        let targets = targets.filter_map(Value::as_str);
        into.extend(targets.map(|target| (name.clone(), target.to_owned())));
        for branch in state["Branches"].as_array().into_iter().flatten() {
            collect_transitions(branch, into);
        }
        if let Some(processor) = state.get("ItemProcessor") {
            collect_transitions(processor, into);
        }
    }
}

fn definition() -> Value {
    json_in(&example().join("order.asl.json"))
}

fn orders() -> BTreeMap<String, Value> {
    let entries =
        fs::read_dir(example().join("orders")).unwrap().map(|entry| entry.unwrap().path());
    entries
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), json_in(&path)))
        .collect()
}

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn json_in(path: &Path) -> Value {
    let text =
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
