//! The outside of the conformance cases, which answers as the cases say.

#[path = "../conformance/outside.rs"]
#[expect(dead_code, reason = "no case of the simulator has objects in S3")]
mod outside;

pub use outside::Outside;

use crate::outside::Callback;
use baton_engine::{ErrorDetail, Payload};

/// What a client of a case sends; nothing if it lets the task time out.
pub fn callback(callback: outside::Callback) -> Option<Callback> {
    let result = callback.result;
    match result.get("failed") {
        Some(failed) if failed["event"] == "TaskTimedOut" => None,
        Some(failed) => {
            let part = |name: &str| outside::text(&failed[name]).map(Into::into);
            Some(Callback::Failed(ErrorDetail { error: part("error"), cause: part("cause") }))
        }
        None => {
            let output = outside::text(&result["output"]).unwrap_or_default();
            Payload::parse(&output).ok().map(Callback::Succeeded)
        }
    }
}
