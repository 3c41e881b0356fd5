//! Reference paths: where `ResultPath` puts a result.

use serde_json::{Map, Value};

use crate::error::ParseError;
use crate::path::{Path, Root};

/// A path of names and indexes only, from the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferencePath {
    text: String,
    steps: Vec<Key>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Key {
    Name(String),
    Index(usize),
}

/// The place does not exist in the value and cannot be made. AWS's error is
/// `States.ResultPathMatchFailure`; the text is the one AWS shows.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("Unable to apply ReferencePath {path} to input {input}")]
pub struct InsertError {
    /// The path as written.
    pub path: String,
    /// The value that does not take the result, as it was.
    pub input: Value,
}

impl ReferencePath {
    /// Compiles a reference path.
    ///
    /// # Errors
    /// The text is no path, or one with another root than `$`, or with anything but names and
    /// indexes from 0.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let refuse = |reason: &str| ParseError { reason: reason.to_owned(), position: 1 };
        let path = Path::parse(text)?;
        if *path.root() != Root::Input {
            return Err(refuse("a reference path starts with a single `$`"));
        }
        let steps = path.keys(|name| Key::Name(name.to_owned()), Key::Index);
        let steps = steps.ok_or_else(|| refuse("a reference path has names and indexes only"))?;
        Ok(Self { text: text.to_owned(), steps })
    }

    /// Whether the path is just `$`: the result takes the place of everything.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.steps.is_empty()
    }

    /// The path as written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Puts `result` at the path's place in `into`. Objects on the way are made; what is at the
    /// place is replaced. Nothing is copied.
    ///
    /// # Errors
    /// Something on the way is not an object (or, for an index, has no such element); the value
    /// comes back unchanged.
    pub fn insert(&self, mut into: Value, result: Value) -> Result<Value, InsertError> {
        if !self.fits(&into) {
            return Err(InsertError { path: self.text.clone(), input: into });
        }
        if let Some(place) = self.place(&mut into) {
            *place = result;
        }
        Ok(into)
    }

    /// Whether [`place`](Self::place) finds or makes the place.
    fn fits(&self, into: &Value) -> bool {
        let mut value = into;
        for (at, key) in self.steps.iter().enumerate() {
            let next = match (key, value) {
                (Key::Name(name), Value::Object(members)) => members.get(name),
                (Key::Index(index), Value::Array(items)) if *index < items.len() => {
                    items.get(*index)
                }
                _ => return false,
            };
            match next {
                Some(next) => value = next,
                // From here on objects are made: names only.
                None => return self.steps.iter().skip(at).all(|key| matches!(key, Key::Name(_))),
            }
        }
        true
    }

    fn place<'v>(&self, into: &'v mut Value) -> Option<&'v mut Value> {
        self.steps.iter().try_fold(into, |value, key| match (key, value) {
            (Key::Name(name), Value::Object(members)) => Some(member(members, name)),
            (Key::Index(index), Value::Array(items)) => items.get_mut(*index),
            (Key::Name(name), made @ Value::Null) => {
                *made = Value::Object(Map::new());
                made.as_object_mut().map(|members| member(members, name))
            }
            _ => None,
        })
    }
}

/// The member of this name; a new one is null until it is filled.
fn member<'v>(members: &'v mut Map<String, Value>, name: &str) -> &'v mut Value {
    members.entry(name).or_insert(Value::Null)
}

impl std::fmt::Display for ReferencePath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// The value after the insertion of `"R"`, or the failure's text.
    #[track_caller]
    fn check(path: &str, into: Value, expected: Value) {
        let path = ReferencePath::parse(path).expect("a reference path");
        let result = match path.insert(into, json!("R")) {
            Ok(value) => value,
            Err(error) => json!(format!("! {error}")),
        };
        assert_eq!(result, expected, "{path}");
    }

    #[test]
    fn the_root_is_replaced() {
        check("$", json!({"a": 1}), json!("R"));
        check("$", json!(null), json!("R"));
        assert!(ReferencePath::parse("$").is_ok_and(|path| path.is_root()));
    }

    #[test]
    fn members_are_added_and_overwritten_in_their_place() {
        check("$.b", json!({"a": 1}), json!({"a": 1, "b": "R"}));
        let replaced = ReferencePath::parse("$.a").expect("a path");
        let value = replaced.insert(json!({"a": 1, "b": 2}), json!(3)).expect("fits");
        assert_eq!(value.to_string(), r#"{"a":3,"b":2}"#);
        check("$.a['x y']", json!({"a": {}}), json!({"a": {"x y": "R"}}));
    }

    #[test]
    fn levels_are_made_on_the_way() {
        check("$.a.b.c", json!({"k": 1}), json!({"k": 1, "a": {"b": {"c": "R"}}}));
        check("$.a.b.c", json!({"a": {"z": 1}}), json!({"a": {"z": 1, "b": {"c": "R"}}}));
    }

    #[test]
    fn elements_are_replaced_but_not_made() {
        check("$.a[1]", json!({"a": [1, 2]}), json!({"a": [1, "R"]}));
        check("$[0].b", json!([{}]), json!([{"b": "R"}]));
        check(
            "$.a[2]",
            json!({"a": [1, 2]}),
            json!("! Unable to apply ReferencePath $.a[2] to input {\"a\":[1,2]}"),
        );
        check("$.a[0]", json!({}), json!("! Unable to apply ReferencePath $.a[0] to input {}"));
        check("$.x.y[0]", json!({}), json!("! Unable to apply ReferencePath $.x.y[0] to input {}"));
    }

    #[test]
    fn what_is_not_an_object_takes_no_member() {
        for into in [json!("text"), json!(1), json!([1]), json!(null)] {
            let error = format!("! Unable to apply ReferencePath $.a to input {into}");
            check("$.a", into, json!(error));
        }
        check(
            "$.a.b",
            json!({"a": 1}),
            json!("! Unable to apply ReferencePath $.a.b to input {\"a\":1}"),
        );
    }

    #[test]
    fn only_names_and_indexes_from_the_input_are_taken() {
        for text in [
            "$..a",
            "$.*",
            "$[*]",
            "$[0,1]",
            "$[1:]",
            "$[?(@.a)]",
            "$$.a",
            "$v",
            "$[-1]",
            "$.a.length()",
            "a",
        ] {
            assert!(ReferencePath::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_text_makes_the_parser_panic(text in r#"\$?[$.\[\]'a0-9:*-]{0,20}"#) {
            let _ = ReferencePath::parse(&text);
        }

        #[test]
        fn what_is_inserted_is_found(text in r"\$(\.[abc]){1,4}") {
            let path = ReferencePath::parse(&text).expect("a path");
            let value = path.insert(json!({"c": {"c": {}}}), json!("R")).expect("fits");
            let pointer = text.replace('$', "").replace('.', "/");
            prop_assert_eq!(value.pointer(&pointer), Some(&json!("R")));
        }
    }
}
