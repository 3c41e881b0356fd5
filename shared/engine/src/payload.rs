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
}

impl Payload {
    /// Wraps a value.
    #[must_use]
    pub fn new(value: Value) -> Self {
        Payload(Arc::new(Forms { value: OnceLock::from(value), text: OnceLock::new() }))
    }

    /// Reads a text and keeps it as it is.
    ///
    /// # Errors
    ///
    /// The text is not JSON, or nested deeper than 127 levels.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let value: Value = serde_json::from_str(text)?;
        Ok(Payload(Arc::new(Forms {
            value: OnceLock::from(value),
            text: OnceLock::from(Box::from(text)),
        })))
    }

    /// Takes a text that [`Payload::text`] gave earlier: checked now, read when its value is asked for.
    ///
    /// # Errors
    ///
    /// The text is not JSON.
    pub fn kept(text: impl Into<Box<str>>) -> Result<Self, serde_json::Error> {
        let text = text.into();
        serde_json::from_str::<IgnoredAny>(&text)?;
        Ok(Payload(Arc::new(Forms { value: OnceLock::new(), text: OnceLock::from(text) })))
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

    /// Whether both are the very same payload, so that it need be kept only once.
    #[must_use]
    pub fn is_same(&self, other: &Payload) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The value itself, without a copy where nobody else holds it.
    #[must_use]
    pub fn into_value(self) -> Value {
        match Arc::try_unwrap(self.0) {
            Ok(Forms { value, text }) => match value.into_inner() {
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
