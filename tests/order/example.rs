//! The example's files, and what they say should happen.

use baton_tests::binaries::binary;
use baton_tests::server::Server;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// What `expected.json` says of one order.
#[derive(Debug, Clone)]
pub struct Expected {
    pub status: String,
    pub error: Option<String>,
    /// What the person answers, as the task's output.
    pub answer: Option<Value>,
    pub path: Vec<String>,
    pub retries: BTreeMap<String, u64>,
    books: Value,
}

impl Expected {
    fn read(value: &Value) -> Self {
        let text = |name: &str| value[name].as_str().map(str::to_owned);
        let path = value["path"].as_array().expect("a path").iter();
        let retries = value["retries"].as_object().expect("retries").iter();
        Expected {
            status: text("status").expect("a status"),
            error: text("error"),
            answer: text("answer").map(|answer| json!({ "approved": answer == "approve" })),
            path: path.map(|state| state.as_str().expect("a name").to_owned()).collect(),
            retries: retries
                .map(|(state, times)| (state.clone(), times.as_u64().expect("a number")))
                .collect(),
            books: value["books"].clone(),
        }
    }
}

/// All orders.
pub fn expected() -> Vec<(String, Expected)> {
    let all = json_in(&folder().join("expected.json"));
    let all = all.as_object().expect("orders by name").iter();
    all.map(|(name, expected)| (name.clone(), Expected::read(expected))).collect()
}

/// The orders that the shop's tests run, and what becomes of each.
pub fn shop_expected() -> Vec<(String, Value)> {
    let all = json_in(&file("shop.expected.json"));
    let all = all.as_object().expect("orders by name").iter();
    all.map(|(name, expected)| (name.clone(), expected.clone())).collect()
}

/// A file of the example's.
pub fn file(name: &str) -> PathBuf {
    folder().join(name)
}

/// The states of the top level: those inside a branch come in any order.
pub fn top_states() -> BTreeSet<String> {
    let definition = json_in(&definition_path());
    definition["States"].as_object().expect("states").keys().cloned().collect()
}

pub fn definition_path() -> PathBuf {
    folder().join("order.asl.json")
}

pub fn order_path(name: &str) -> PathBuf {
    folder().join("orders").join(format!("{name}.json"))
}

/// How the order's functions are served.
pub fn task() -> String {
    format!("order-*='{}' {{name}}", binary("order-task").display())
}

/// Checks what an order left behind.
pub fn check_books(name: &str, books: &Path, expected: &Expected) {
    let member = |file: &str, member: &str| {
        let path = books.join(file);
        if path.exists() { json_in(&path)[member].clone() } else { Value::Null }
    };
    let mail = ["failure", "confirmation"]
        .into_iter()
        .find(|kind| books.join(format!("mails/{name}.{kind}.eml")).exists());
    let left = json!({
        "payment": member(&format!("payments/{name}.json"), "status"),
        "reserved": member("inventory.json", "reservations").get(name).is_some(),
        "mail": mail,
        "dispatched": books.join(format!("dispatches/{name}.json")).exists(),
    });
    assert_eq!(left, expected.books, "{name}");
}

/// A folder for one execution's data file and books, removed when dropped.
pub struct Folder(TempDir);

impl Folder {
    pub fn new() -> Self {
        Folder(TempDir::new().expect("a temporary folder"))
    }

    pub fn data(&self) -> PathBuf {
        self.0.path().join("baton.db")
    }

    pub fn books(&self) -> PathBuf {
        self.0.path().join("books")
    }

    /// A server on the data file, with the order's functions.
    pub fn server(&self) -> Server {
        self.server_with(&[])
    }

    /// The same with more arguments.
    pub fn server_with(&self, more: &[&str]) -> Server {
        let books = self.books();
        let variables: &[(&str, &OsStr)] = &[("ORDER_DIR", books.as_os_str())];
        let task = task();
        Server::start(&self.data(), &[&["--task", &task], more].concat(), variables)
    }
}

pub fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn json_in(path: &Path) -> Value {
    serde_json::from_str(&text(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../infra/examples/order"))
}
