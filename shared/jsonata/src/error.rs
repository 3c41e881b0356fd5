//! Why an expression could not be compiled or evaluated.

use crate::messages::worded;

/// Why a text is no expression. The messages are for the diagnostics of a definition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// The text breaks JSONata's grammar.
    #[error("{0}")]
    Syntax(String),
    /// Only one of the marks `{%` and `%}` is there.
    #[error("expression must start with `{{%` and end with `%}}`")]
    Marks,
    /// The text is longer than [`EXPRESSION_BYTES_MAX`](crate::limits::EXPRESSION_BYTES_MAX).
    #[error("expression of {length} bytes is longer than {max}")]
    TooLong {
        /// Its length in bytes.
        length: usize,
        /// The most bytes it may have.
        max: usize,
    },
}

/// Why an expression has no value. All of it is `States.QueryEvaluationError` to Retry and Catch; the
/// text of the cause is [`failed`](crate::failed).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// The result is JSONata's undefined, which JSON cannot say.
    #[error("returned nothing (undefined)")]
    Undefined,
    /// The result is or holds a function or a regular expression.
    #[error("returned an unsupported result type")]
    Unsupported,
    /// The evaluation raised an error of JSONata, of a function, or of the expression's own.
    #[error("{}{message}", code.as_deref().map(|code| format!("{code}: ")).unwrap_or_default())]
    Thrown {
        /// JSONata's code, such as `T1006`.
        code: Option<String>,
        /// JSONata's text.
        message: String,
    },
    /// The evaluation was stopped.
    #[error("{0}")]
    Exceeded(Exceeded),
}

/// Which limit stopped an evaluation; shown in AWS's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Exceeded {
    /// [`Limits::time`](crate::Limits::time).
    #[error("Expression evaluation timeout")]
    Time,
    /// The size of an intermediate result, of a sequence or of the result.
    #[error("Expression evaluation memory limit exceeded")]
    Memory,
    /// [`Limits::stack_depth`](crate::Limits::stack_depth).
    #[error("Stack overflow error")]
    Stack,
    /// A value is nested deeper than [`VALUE_DEPTH_MAX`](crate::limits::VALUE_DEPTH_MAX).
    #[error("Value nesting depth limit exceeded")]
    Depth,
}

impl EvalError {
    /// An error of a function, with JSONata's code if it has one.
    pub(crate) fn thrown(message: &str) -> EvalError {
        match message.split_once(": ") {
            Some((code, message)) if is_code(code) => {
                EvalError::Thrown { code: Some(code.to_owned()), message: worded(code, message) }
            }
            _ => EvalError::Thrown { code: None, message: message.to_owned() },
        }
    }
}

/// A letter and four digits, as in `T1006`.
fn is_code(text: &str) -> bool {
    text.len() == 5
        && text.starts_with(|letter: char| letter.is_ascii_uppercase())
        && text.chars().skip(1).all(|digit| digit.is_ascii_digit())
}
