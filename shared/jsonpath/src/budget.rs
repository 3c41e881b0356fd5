//! How much one evaluation may select: expressions can name the same large value many times over.

use serde_json::Value;

use crate::limits::{RESULT_BYTES_MAX, VALUE_DEPTH_MAX};

/// What is left of the bytes that one evaluation may select.
#[derive(Debug)]
pub(crate) struct Budget {
    bytes_left: usize,
}

/// The evaluation selects more than any payload may hold, or something nested too deeply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exhausted;

impl Default for Budget {
    fn default() -> Self {
        Self { bytes_left: RESULT_BYTES_MAX }
    }
}

impl Budget {
    /// Takes the size of a value from what is left.
    pub(crate) fn take(&mut self, value: &Value) -> Result<(), Exhausted> {
        let mut waiting = vec![(value, 0)];
        while let Some((value, depth)) = waiting.pop() {
            let own = match value {
                Value::String(text) => text.len(),
                Value::Object(members) => members.keys().map(String::len).sum(),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => 0,
            };
            let left = self.bytes_left.checked_sub(own + size_of::<Value>());
            self.bytes_left = left.filter(|_| depth < VALUE_DEPTH_MAX).ok_or(Exhausted)?;
            waiting.extend(contents(value).map(|inner| (inner, depth + 1)));
        }
        Ok(())
    }
}

/// The elements of an array or the values of an object.
pub(crate) fn contents(value: &Value) -> impl DoubleEndedIterator<Item = &Value> {
    let items = value.as_array().map(|items| items.iter()).into_iter().flatten();
    let members = value.as_object().map(|members| members.values()).into_iter().flatten();
    items.chain(members)
}
