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
