//! Pass.

use crate::Transition;
use serde_json::Value;

/// `Pass`: its input, or a fixed result, becomes its output.
#[derive(Debug)]
pub struct Pass {
    /// `Result`, in a JSONPath state.
    pub result: Option<Value>,
    /// `Next` or `End`.
    pub transition: Transition,
}
