//! Definitions in YAML, as SAM and the toolkits accept them.
//!
//! [`read`] gives the same definition in JSON, which is all that the API and the rest of Baton know, and remembers which piece of
//! the YAML each piece of the JSON comes from: [`Source::relocate`] shows a finding where its author wrote it.
//!
//! Plain scalars mean what YAML 1.2's core schema says: `yes` and `2026-01-01` are texts. Anchors and aliases are resolved;
//! tags other than the core schema's, such as CloudFormation's `!Sub`, are refused.
//!
//! # Invariants
//!
//! * Whatever the text, reading ends: no more than [`baton_asl::limits::DEFINITION_BYTES_MAX`] bytes of JSON are made of it,
//!   however often its aliases repeat, and no more than `JSON_DEPTH_MAX` levels.
//! * Keys keep their order, and repeated ones are kept: whoever reads the JSON decides.

mod relocate;
mod scalar;
mod tree;
mod write;

pub use relocate::Source;

use baton_asl::{Code, Diagnostic, Position, Severity};

/// The definition that a YAML text says.
///
/// # Errors
///
/// What is wrong with the text as YAML, or that it cannot be said in JSON.
pub fn read(text: &str) -> Result<Source, Box<Diagnostic>> {
    let root = tree::read(text)?;
    write::write(text, &root)
}

/// A stretch of the YAML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) start: Position,
    pub(crate) end: Position,
}

/// The finding that ends the reading.
pub(crate) fn refusal(at: Stretch, message: String, help: Option<&str>) -> Box<Diagnostic> {
    Box::new(Diagnostic {
        severity: Severity::Error,
        code: Code::InvalidJsonDescription,
        message,
        location: None,
        start: at.start,
        end: at.end,
        help: help.map(str::to_owned),
    })
}

#[cfg(test)]
mod tests;
