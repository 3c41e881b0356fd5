//! Why a state's own fields have no value, before it is known which state and event to blame.

use crate::Failure;
use baton_jsonpath::EvalError;

/// A failed evaluation. [`crate::step::Step::blame`] makes it a [`Failure`].
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Fault {
    /// A failure as it stands.
    Failure(Failure),
    /// `States.Runtime` and the like: the cause is this detail behind the sentence that names the state.
    Runtime {
        /// The error's name.
        error: &'static str,
        /// What went wrong.
        detail: String,
    },
    /// A JSONata failure: an `EvaluationFailed` event comes before it is handled.
    Evaluation {
        /// What went wrong.
        detail: String,
        /// The field, such as `Output/result`.
        location: Option<String>,
    },
}

impl Fault {
    pub(crate) fn runtime(detail: impl Into<String>) -> Self {
        Fault::Runtime { error: Failure::RUNTIME, detail: detail.into() }
    }
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        Fault::Failure(failure)
    }
}

impl From<EvalError> for Fault {
    fn from(error: EvalError) -> Self {
        Fault::Runtime { error: error.error_name(), detail: error.to_string() }
    }
}
