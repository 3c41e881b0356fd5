//! The kinds of findings.

use std::fmt;

/// What kind of finding a diagnostic is. The last two are Baton's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    /// The text is not JSON.
    InvalidJsonDescription,
    /// A field is missing, unknown, misplaced, of the wrong type or out of range.
    SchemaValidationFailed,
    /// A transition names no state of its block, or no transition leads to a state.
    MissingTransitionTarget,
    /// No state of the top level ends the execution.
    MissingEndState,
    /// Two states have one name.
    DuplicateStateName,
    /// A state's name is too short or too long.
    InvalidStateName,
    /// A Map's `Label` is too long.
    InvalidLabelName,
    /// Two Map states have one `Label`.
    DuplicateLabelName,
    /// Blocks are nested too deeply.
    TooDeeplyNested,
    /// `Assign` names something that is not a variable name.
    InvalidVariableName,
    /// `Assign` names `states`.
    ReservedVariableName,
    /// `Assign` in an inner block names a variable of an outer one.
    DuplicateVariableName,
    /// A JSONata expression does not parse.
    InvalidJsonataExpression,
    /// A JSONata expression refers to something that is not there.
    UnsupportedJsonataExpression,
    /// Warning: a variable is read that no `Assign` in sight sets.
    PossiblyUndefinedVariable,
    /// Warning: a value looks like a path or an intrinsic, and its key lacks the `.$`.
    NoDollar,
    /// Warning: a value looks like a path, and its field is not a `…Path` one.
    NoPath,
    /// Warning: a Pass state's `Result` looks like a path; it is not evaluated.
    PassResultIsStatic,
    /// Warning: a field stands twice in one object; the last one counts.
    DuplicateField,
}

impl Code {
    /// The name in the API and in messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Code::InvalidJsonDescription => "INVALID_JSON_DESCRIPTION",
            Code::SchemaValidationFailed => "SCHEMA_VALIDATION_FAILED",
            Code::MissingTransitionTarget => "MISSING_TRANSITION_TARGET",
            Code::MissingEndState => "MISSING_END_STATE",
            Code::DuplicateStateName => "DUPLICATE_STATE_NAME",
            Code::InvalidStateName => "INVALID_STATE_NAME",
            Code::InvalidLabelName => "INVALID_LABEL_NAME",
            Code::DuplicateLabelName => "DUPLICATE_LABEL_NAME",
            Code::TooDeeplyNested => "TOO_DEEPLY_NESTED",
            Code::InvalidVariableName => "INVALID_VARIABLE_NAME",
            Code::ReservedVariableName => "RESERVED_VARIABLE_NAME",
            Code::DuplicateVariableName => "DUPLICATE_VARIABLE_NAME",
            Code::InvalidJsonataExpression => "INVALID_JSONATA_EXPRESSION",
            Code::UnsupportedJsonataExpression => "UNSUPPORTED_JSONATA_EXPRESSION",
            Code::PossiblyUndefinedVariable => "POSSIBLY_UNDEFINED_VARIABLE",
            Code::NoDollar => "NO_DOLLAR",
            Code::NoPath => "NO_PATH",
            Code::PassResultIsStatic => "PASS_RESULT_IS_STATIC",
            Code::DuplicateField => "DUPLICATE_FIELD",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
