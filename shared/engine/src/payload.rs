//! JSON on its way through an execution.

use serde::de::IgnoredAny;
use serde_json::Value;
use std::fmt;
use std::sync::{Arc, OnceLock};

/// A JSON value that many records and events share: a state that passes it on copies a pointer.
///
/// It holds the value, its text, or both; the missing one is made when first asked for and kept. A text
/// that came from outside stays as it came, blanks included, for AWS answers it unchanged.
#[derive(Clone)]
pub struct Payload(Arc<Forms>);

struct Forms {
    value: OnceLock<Value>,
    text: OnceLock<Box<str>>,
    /// Whether the value is known to be readable again once written.
    is_shallow: OnceLock<bool>,
}

impl Forms {
    fn new(value: Option<Value>, text: Option<Box<str>>) -> Self {
        let is_shallow = text.is_some().then_some(true);
        Forms { value: once(value), text: once(text), is_shallow: once(is_shallow) }
    }
}

fn once<T>(filled: Option<T>) -> OnceLock<T> {
    filled.map_or_else(OnceLock::new, OnceLock::from)
}

impl Payload {
    /// Wraps a value.
    #[must_use]
    pub fn new(value: Value) -> Self {
        Payload(Arc::new(Forms::new(Some(value), None)))
    }

    /// Reads a text and keeps it as it is.
    ///
    /// # Errors
    ///
    /// The text is not JSON, or nested deeper than 127 levels.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let value: Value = serde_json::from_str(text)?;
        Ok(Payload(Arc::new(Forms::new(Some(value), Some(text.into())))))
    }

    /// Takes a text that [`Payload::text`] gave earlier: checked now, read when its value is asked for.
    ///
    /// # Errors
    ///
    /// The text is not JSON.
    pub fn kept(text: impl Into<Box<str>>) -> Result<Self, serde_json::Error> {
        let text = text.into();
        serde_json::from_str::<IgnoredAny>(&text)?;
        Ok(Payload(Arc::new(Forms::new(None, Some(text)))))
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> &Value {
        // Whatever made this payload without a value has checked its text.
        self.0.value.get_or_init(|| {
            self.0.text.get().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
        })
    }

    /// The text: as it came from outside, else compact.
    #[must_use]
    pub fn text(&self) -> &str {
        self.0.text.get_or_init(|| self.value().to_string().into())
    }

    /// How many bytes the text has: what AWS's payload limit counts.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.text().len()
    }

    /// Whether the value is nested too deeply to be read again once it is written: more than
    /// [`Payload::DEPTH_MAX`] levels. Found out once.
    #[must_use]
    pub fn is_too_deep(&self) -> bool {
        !self.0.is_shallow.get_or_init(|| is_within(self.value(), Self::DEPTH_MAX))
    }

    /// How many levels of arrays and objects a payload may have: what a JSON text may have to be read.
    pub const DEPTH_MAX: u32 = 126;

    /// Whether both are the very same payload, so that it need be kept only once.
    #[must_use]
    pub fn is_same(&self, other: &Payload) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The value itself, without a copy where nobody else holds it.
    #[must_use]
    pub fn into_value(self) -> Value {
        match Arc::try_unwrap(self.0) {
            Ok(Forms { value, text, .. }) => match value.into_inner() {
                Some(value) => value,
                None => text
                    .into_inner()
                    .and_then(|text| serde_json::from_str(&text).ok())
                    .unwrap_or_default(),
            },
            Err(shared) => Payload(shared).value().clone(),
        }
    }
}

fn is_within(value: &Value, levels: u32) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
        Value::Array(_) | Value::Object(_) if levels == 0 => false,
        Value::Array(items) => items.iter().all(|item| is_within(item, levels - 1)),
        Value::Object(members) => members.values().all(|member| is_within(member, levels - 1)),
    }
}

impl From<Value> for Payload {
    fn from(value: Value) -> Self {
        Payload::new(value)
    }
}

impl PartialEq for Payload {
    fn eq(&self, other: &Self) -> bool {
        self.is_same(other) || self.value() == other.value()
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_from_outside_stays_as_it_came() {
        let payload = Payload::parse("{ \"a\": 1.0 }").unwrap();
        assert_eq!(payload.text(), "{ \"a\": 1.0 }");
        assert_eq!(Payload::new(payload.value().clone()).text(), "{\"a\":1.0}");
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for text in ["", "{", "{'a': 1}", "nul"] {
            assert!(Payload::parse(text).is_err() && Payload::kept(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_deepest_payload_can_be_read_again() {
        let nested = |levels| (0..levels).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
        let deepest = Payload::new(nested(Payload::DEPTH_MAX));
        assert!(!deepest.is_too_deep());
        assert!(Payload::parse(deepest.text()).is_ok());
        assert!(Payload::new(nested(Payload::DEPTH_MAX + 1)).is_too_deep());
    }
}
