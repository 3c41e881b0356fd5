//! Holds the functions to `behaviours.json`, the table that the Python functions answer to as well.

#![cfg(test)]

use std::path::Path;
use std::thread;

use order_tasks::{Books, call};
use serde_json::{Value, json};

mod folder;

use folder::Folder;

#[test]
fn every_behaviour_in_the_table() {
    let table = table();
    let behaviours = table["behaviours"].as_array().unwrap();
    assert!(!behaviours.is_empty());
    for behaviour in behaviours {
        check(behaviour, &table["orders"]);
    }
}

fn check(behaviour: &Value, orders: &Value) {
    let about = &behaviour["about"];
    let folder = Folder::new();
    let books = Books::in_folder(folder.path());
    for one in behaviour["calls"].as_array().unwrap() {
        let answer = call(one["call"].as_str().unwrap(), &event_of(one, orders), &books, None);
        match answer {
            Ok(result) => assert_eq!(one.get("result"), Some(&result), "{about}"),
            Err(failure) => {
                let expected = json!({"errorType": one["error"], "errorMessage": one["message"]});
                assert_eq!(failure.to_json(), expected, "{about}");
            }
        }
    }
    for (name, content) in behaviour["books"].as_object().unwrap() {
        assert_eq!(content_of(&folder.path().join(name)), *content, "{about}: {name}");
    }
}

fn event_of(one: &Value, orders: &Value) -> Value {
    if let Some(event) = one.get("event") {
        return event.clone();
    }
    let mut order = orders[one["order"].as_str().unwrap()].clone();
    let mut event = json!({});
    merge(&mut order, one.get("adds"));
    merge(&mut event, one.get("with"));
    event["order"] = order;
    event
}

fn merge(into: &mut Value, more: Option<&Value>) {
    for (name, value) in more.and_then(Value::as_object).into_iter().flatten() {
        into[name] = value.clone();
    }
}

fn content_of(path: &Path) -> Value {
    let Ok(text) = std::fs::read_to_string(path) else { return Value::Null };
    match path.extension().unwrap().to_str().unwrap() {
        "eml" => json!(text),
        "jsonl" => text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect(),
        _ => serde_json::from_str(&text).unwrap(),
    }
}

#[test]
fn functions_at_the_same_time_keep_the_stock_right() {
    let folder = Folder::new();
    let orders = &table()["orders"];
    thread::scope(|scope| {
        for n in 0..8 {
            let books = Books::in_folder(folder.path());
            let mut event = json!({"order": orders["pens"]});
            event["order"]["orderId"] = json!(format!("pens-{n}"));
            scope.spawn(move || call("order-reserve-inventory", &event, &books, None).unwrap());
        }
    });
    let inventory = content_of(&folder.path().join("inventory.json"));
    assert_eq!(inventory["stock"]["pencil"], 1_000_000 - 8 * 15);
    assert_eq!(inventory["reservations"].as_object().unwrap().len(), 8);
}

#[test]
fn damaged_books_are_a_failure_and_stay_as_they_are() {
    let folder = Folder::new();
    let books = Books::in_folder(folder.path());
    let event = json!({"order": table()["orders"]["pens"]});
    let file = folder.path().join("inventory.json");
    for damage in ["{", "[]"] {
        std::fs::write(&file, damage).unwrap();
        let failure = call("order-reserve-inventory", &event, &books, None).unwrap_err();
        assert_eq!(failure.error_type(), "BooksUnavailable");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), damage);
    }
}

#[test]
fn a_half_written_last_line_costs_no_other() {
    let folder = Folder::new();
    let file = folder.path().join("analytics.jsonl");
    std::fs::write(&file, r#"{"orderId": "pe"#).unwrap();
    let event = json!({"order": table()["orders"]["pens"], "orderedAt": "2026-11-20T13:00:00Z"});
    let books = Books::in_folder(folder.path());
    call("order-record-analytics", &event, &books, None).unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    let last: Value = serde_json::from_str(text.lines().nth(1).unwrap()).unwrap();
    assert_eq!(last["orderId"], "pens");
}

fn table() -> Value {
    serde_json::from_str(include_str!("../../behaviours.json")).unwrap()
}
