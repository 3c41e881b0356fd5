//! JSON text as a tree whose every value and key knows its place.
//!
//! # Invariants
//!
//! * Members keep the order of the text, and repeated keys are all kept: whoever reads an object decides
//!   (the last one counts, as for AWS).
//! * A tree is at most `limits::JSON_DEPTH_MAX` levels deep, so walking one may recurse.
//! * Numbers are what `serde_json` reads.

mod position;
mod reader;

pub(crate) use position::Lines;
pub use position::Position;
pub(crate) use reader::read;
pub use reader::{JsonError, check_json};

use serde_json::{Map, Number, Value};

/// A stretch of the text, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// A JSON value and where it stands.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) span: Span,
}

/// What a node holds.
#[derive(Debug)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    Number(Number),
    String(String),
    Array(Vec<Node>),
    Object(Vec<Member>),
}

/// A key with its value.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) key: String,
    pub(crate) key_span: Span,
    pub(crate) value: Node,
}

impl Node {
    /// The value without its places; of repeated keys the last one counts.
    pub(crate) fn to_value(&self) -> Value {
        match &self.kind {
            Kind::Null => Value::Null,
            Kind::Bool(value) => Value::Bool(*value),
            Kind::Number(number) => Value::Number(number.clone()),
            Kind::String(text) => Value::String(text.clone()),
            Kind::Array(items) => Value::Array(items.iter().map(Node::to_value).collect()),
            Kind::Object(members) => Value::Object(
                members.iter().map(|m| (m.key.clone(), m.value.to_value())).collect::<Map<_, _>>(),
            ),
        }
    }

    /// The levels of objects and arrays in this value, none for a scalar.
    pub(crate) fn depth(&self) -> usize {
        match &self.kind {
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) => 0,
            Kind::Array(items) => 1 + items.iter().map(Node::depth).max().unwrap_or(0),
            Kind::Object(members) => {
                1 + members.iter().map(|member| member.value.depth()).max().unwrap_or(0)
            }
        }
    }

    /// The member of this name, of several the last.
    pub(crate) fn member(&self, key: &str) -> Option<&Member> {
        match &self.kind {
            Kind::Object(members) => members.iter().rev().find(|member| member.key == key),
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) | Kind::Array(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_tree_becomes_the_value_that_serde_json_reads() {
        for text in [
            "null",
            "[1, -2.5e3, 0.1, 12345678901234567890, true, \"a\\u00e9\\n\"]",
            "{\"a\": {\"b\": []}, \"c\": {}}",
        ] {
            let expected: Value = serde_json::from_str(text).unwrap();
            assert_eq!(read(text).unwrap().to_value(), expected, "{text}");
        }
    }

    #[test]
    fn the_last_of_repeated_keys_counts() {
        let node = read(r#"{"a": 1, "b": 2, "a": 3}"#).unwrap();
        assert_eq!(node.to_value(), json!({"a": 3, "b": 2}));
        assert_eq!(node.member("a").unwrap().value.to_value(), json!(3));
    }
}
