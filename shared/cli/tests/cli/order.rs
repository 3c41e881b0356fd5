//! The order example: every sample order ends as its table says, with its own tasks.

use crate::place::Place;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Orders that wait for a day, or three for a person.
const TOO_LONG: [&str; 2] = ["next-day", "large"];

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/examples/order")
}

/// Builds the tasks' command, which most often is there.
fn order_task() -> PathBuf {
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--message-format", "json", "-p", "baton-example-order-tasks"])
        .args(["--bin", "order-task"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let messages = String::from_utf8(built.stdout).unwrap();
    let executable = messages.lines().rev().find_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        Some(PathBuf::from(message["executable"].as_str()?))
    });
    executable.unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&built.stderr)))
}

/// How a run ended: the status and the error that the table has too.
fn end_of(order: &str, answer: Option<&str>, task: &Path) -> (Value, Value) {
    let place = Place::new();
    let books = place.path("books");
    let input = format!("@{}", example().join(format!("orders/{order}.json")).display());
    let definition = example().join("order.asl.json");
    let definition = definition.to_str().unwrap();
    let serving = format!("order-*='{}' {{name}}", task.display());
    let mut arguments = vec!["run", definition, "--json", "-i", &input, "--task", &serving];
    let answer = answer.map(|word| {
        let approved = word == "approve";
        format!("Wait for approval={{\"approved\": {approved}}}")
    });
    arguments.extend(answer.iter().flat_map(|answer| ["--answer", answer.as_str()]));
    let output = place.command(&arguments).env("ORDER_DIR", books).output().unwrap();
    let told: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{order}: {}", String::from_utf8_lossy(&output.stderr)));
    (told["status"].clone(), told["error"].clone())
}

#[test]
fn every_order_ends_as_its_table_says() {
    let table = std::fs::read_to_string(example().join("expected.json")).unwrap();
    let table: BTreeMap<String, Value> = serde_json::from_str(&table).unwrap();
    let task = order_task();
    std::thread::scope(|scope| {
        let runs: Vec<_> = table
            .iter()
            .filter(|(order, _)| !TOO_LONG.contains(&order.as_str()))
            .map(|(order, expected)| {
                let run = scope.spawn(|| end_of(order, expected["answer"].as_str(), &task));
                (order, expected, run)
            })
            .collect();
        assert!(runs.len() >= 20);
        for (order, expected, run) in runs {
            let ended = run.join().unwrap();
            assert_eq!(ended, (expected["status"].clone(), expected["error"].clone()), "{order}");
        }
    });
}
