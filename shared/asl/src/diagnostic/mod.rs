//! What is wrong with a definition, where, and how to mend it.

mod code;
mod render;

pub use code::Code;

use crate::source::Position;
use std::fmt;

/// One finding of [`parse`](crate::parse).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Whether it refuses the definition.
    pub severity: Severity,
    /// Its kind.
    pub code: Code,
    /// What is wrong: AWS's words where they are known.
    pub message: String,
    /// Where, as AWS writes it: `/States/A/Choices[0]/Next`. Some findings have no place there.
    pub location: Option<String>,
    /// Where the offending text begins.
    pub start: Position,
    /// Where it ends.
    pub end: Position,
    /// How to mend it, in Baton's words.
    pub help: Option<String>,
}

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The definition is refused.
    Error,
    /// The definition is accepted; it may not do what its author wants.
    Warning,
}

impl Severity {
    /// The name in the API: `ERROR` or `WARNING`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "ERROR",
            Severity::Warning => "WARNING",
        }
    }
}

impl fmt::Display for Diagnostic {
    /// As AWS writes it in a list: `CODE: message at location`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let location = self.location.as_deref().unwrap_or("null");
        write!(f, "{}: {} at {location}", self.code, self.message)
    }
}

/// The message of AWS's `InvalidDefinition` for these findings: every error, no warnings.
#[must_use]
pub fn aws_message(diagnostics: &[Diagnostic]) -> String {
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
    let list: Vec<String> = errors.map(Diagnostic::to_string).collect();
    format!("Invalid State Machine Definition: '{}'", list.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn the_message_of_aws_lists_the_errors_and_writes_null_for_no_place() {
        let place = Position { line: 1, column: 1, offset: 0 };
        let finding = |severity, code, message: &str, location: Option<&str>| Diagnostic {
            severity,
            code,
            message: message.to_owned(),
            location: location.map(str::to_owned),
            start: place,
            end: place,
            help: Some("not shown".to_owned()),
        };
        let target = "Missing 'Next' target: NOPE";
        let list = [
            finding(Severity::Warning, Code::NoDollar, "never mind", Some("/States/A")),
            finding(Severity::Error, Code::MissingTransitionTarget, target, Some("/States/A/Next")),
            finding(Severity::Error, Code::MissingEndState, "Workflow has no terminal state", None),
        ];
        expect!["Invalid State Machine Definition: 'MISSING_TRANSITION_TARGET: Missing 'Next' target: NOPE at /States/A/Next, MISSING_END_STATE: Workflow has no terminal state at null'"]
            .assert_eq(&aws_message(&list));
    }
}
