//! Items in DynamoDB's JSON, and their sizes as DynamoDB bills them.

pub use serde_json::Value;

/// An item: attribute names to typed values.
pub type Item = serde_json::Map<String, Value>;

/// An item's size: its names and values.
pub fn bytes(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + value_bytes(value)).sum()
}

fn value_bytes(value: &Value) -> usize {
    let (kind, value) = value.as_object().and_then(|it| it.iter().next()).expect("a typed value");
    let list = |each: fn(&Value) -> usize| {
        value.as_array().expect("a list").iter().map(each).sum::<usize>()
    };
    let text = value.as_str().unwrap_or_default();
    match kind.as_str() {
        "S" => text.len(),
        // About half a byte a digit, and one.
        "N" => text.len().div_ceil(2) + 1,
        "B" => text.trim_end_matches('=').len() * 3 / 4,
        "BOOL" | "NULL" => 1,
        "L" => 3 + list(|value| 1 + value_bytes(value)),
        "SS" => list(|value| value.as_str().unwrap_or_default().len()),
        other => panic!("a value of type {other}"),
    }
}
