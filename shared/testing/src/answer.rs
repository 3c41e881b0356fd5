//! What a task is asked, and what it answers.

use serde_json::Value;
use std::time::Duration;

/// One attempt of a task.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The state.
    pub state: &'a str,
    /// How often the state has been retried: 0 the first time.
    pub attempt: u32,
    /// What the function or the service is given.
    pub arguments: &'a Value,
    /// The task token, where the task has one.
    pub token: Option<&'a str>,
}

/// What a task answers, and when.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub(crate) result: Result<Value, (String, String)>,
    pub(crate) after: Option<Duration>,
    pub(crate) beat: Option<Duration>,
}

impl Answer {
    /// This result.
    #[must_use]
    pub fn of(result: Value) -> Self {
        Answer { result: Ok(result), after: Some(Duration::ZERO), beat: None }
    }

    /// A failure with this error and cause.
    #[must_use]
    pub fn error(error: &str, cause: &str) -> Self {
        Answer { result: Err((error.to_owned(), cause.to_owned())), ..Answer::of(Value::Null) }
    }

    /// No answer at all: the task runs into its time limit.
    #[must_use]
    pub fn never() -> Self {
        Answer { after: None, ..Answer::of(Value::Null) }
    }

    /// The same, after so long in the execution's time.
    #[must_use]
    pub fn after(mut self, time: Duration) -> Self {
        self.after = Some(time);
        self
    }

    /// The same, with a heartbeat so often until then. Only callbacks have heartbeats.
    #[must_use]
    pub fn with_heartbeat_every(mut self, time: Duration) -> Self {
        self.beat = Some(time);
        self
    }
}
