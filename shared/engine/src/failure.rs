//! What users match on in Retry and Catch.

use std::sync::Arc;

/// An error of the workflow: data, not a Rust error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The error name; SendTaskFailure and a Fail state may leave it out.
    pub error: Option<Arc<str>>,
    /// Text for people.
    pub cause: Option<Arc<str>>,
    /// How handlers treat it.
    pub kind: FailureKind,
}

/// How handlers treat a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// Retriers and catchers match its name.
    Ordinary,
    /// No handler sees it: `States.Runtime`, or a state's output over the size limit.
    Terminal,
    /// A task over its time: `States.TaskFailed` does not match it.
    Timeout,
    /// A missed heartbeat: as a timeout, and matched by `States.HeartbeatTimeout` too.
    HeartbeatTimeout,
}

impl Failure {
    /// `States.Runtime`.
    pub const RUNTIME: &'static str = "States.Runtime";
    /// `States.Timeout`.
    pub const TIMEOUT: &'static str = "States.Timeout";
    /// `States.TaskFailed`.
    pub const TASK_FAILED: &'static str = "States.TaskFailed";
    /// `States.DataLimitExceeded`.
    pub const DATA_LIMIT_EXCEEDED: &'static str = "States.DataLimitExceeded";
    /// `States.QueryEvaluationError`.
    pub const QUERY_EVALUATION_ERROR: &'static str = "States.QueryEvaluationError";
    /// `States.IntrinsicFailure`.
    pub const INTRINSIC_FAILURE: &'static str = "States.IntrinsicFailure";

    /// A failure that handlers may match.
    #[must_use]
    pub fn new(error: &str, cause: &str) -> Self {
        Failure {
            error: Some(error.into()),
            cause: Some(cause.into()),
            kind: FailureKind::Ordinary,
        }
    }

    /// `States.Runtime`, which no handler sees.
    #[must_use]
    pub fn runtime(cause: &str) -> Self {
        Failure { kind: FailureKind::Terminal, ..Failure::new(Self::RUNTIME, cause) }
    }

    /// `States.DataLimitExceeded` for a result that is too large: of a state by its name, of a task by what it calls.
    #[must_use]
    pub fn too_large(whose: &str) -> Self {
        let cause = format!(
            "The state/task '{whose}' returned a result with a size exceeding the maximum number of bytes service limit."
        );
        Failure::new(Self::DATA_LIMIT_EXCEEDED, &cause)
    }

    /// `States.Timeout`, without a cause as AWS has it.
    #[must_use]
    pub fn timeout(kind: FailureKind) -> Self {
        Failure { error: Some(Self::TIMEOUT.into()), cause: None, kind }
    }

    /// Whether an `ErrorEquals` name stands for this failure.
    #[must_use]
    pub fn is_matched_by(&self, name: &str) -> bool {
        let is_timeout = match self.kind {
            FailureKind::Terminal => return false,
            FailureKind::Ordinary => self.error.as_deref() == Some(Self::TIMEOUT),
            FailureKind::Timeout | FailureKind::HeartbeatTimeout => true,
        };
        match name {
            "States.ALL" => true,
            Self::TASK_FAILED => !is_timeout,
            "States.HeartbeatTimeout" if self.kind == FailureKind::HeartbeatTimeout => true,
            _ => self.error.as_deref() == Some(name),
        }
    }
}
