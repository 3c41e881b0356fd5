//! Why an expression cannot be compiled, or has no value.

use crate::budget::Exhausted;
use crate::path::PathError;

/// The text is not an expression of the query language.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason} at character {position}")]
pub struct ParseError {
    /// What is wrong.
    pub reason: String,
    /// Where: the number of the character, from 1.
    pub position: usize,
}

/// An expression has no value. Its text is the one AWS puts into the cause, after the sentence
/// that names the state.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EvalError {
    /// A path found nothing in the document it was applied to.
    #[error(
        "The JSONPath '{path}' specified for the field '{field}' could not be found in the input '{input}'"
    )]
    NotFound {
        /// The path; one into the Context Object is shown with a single `$`.
        path: String,
        /// The field that holds the path, with its `.$`.
        field: String,
        /// The document as JSON text.
        input: String,
    },
    /// A path cannot be applied to the document.
    #[error("Invalid path '{path}' : {reason}")]
    InvalidPath {
        /// The path as written.
        path: String,
        /// Why.
        reason: PathError,
    },
    /// A path among the arguments of an intrinsic function found nothing.
    #[error(
        "The function '{function}' had the following error: The JsonPath argument for the field '{path}' could not be found in the input '{input}'"
    )]
    ArgumentNotFound {
        /// The whole expression as written.
        function: String,
        /// The path; one into the Context Object is shown with a single `$`.
        path: String,
        /// The input (not the Context Object) as JSON text.
        input: String,
    },
    /// A path among the arguments of an intrinsic function cannot be applied to the document.
    #[error("The function '{function}' had the following error: {reason}")]
    InvalidArgumentPath {
        /// The whole expression as written.
        function: String,
        /// Why.
        reason: PathError,
    },
    /// An intrinsic function does not take these arguments.
    #[error("Invalid arguments in {function}")]
    InvalidArguments {
        /// The function's name, `States.` included.
        function: &'static str,
    },
    /// The expression selects far more than any payload may hold, or something nested too deeply.
    #[error("The expression selects more than the maximum number of bytes service limit")]
    TooMuch,
}

impl EvalError {
    /// The error name that Retry and Catch see.
    #[must_use]
    pub fn error_name(&self) -> &'static str {
        match self {
            Self::NotFound { .. }
            | Self::InvalidPath { .. }
            | Self::ArgumentNotFound { .. }
            | Self::InvalidArgumentPath { .. } => "States.Runtime",
            Self::InvalidArguments { .. } => "States.IntrinsicFailure",
            Self::TooMuch => "States.DataLimitExceeded",
        }
    }
}

impl From<Exhausted> for EvalError {
    fn from(_: Exhausted) -> Self {
        Self::TooMuch
    }
}
