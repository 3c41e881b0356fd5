//! How a function fails: as data that Retry and Catch match on.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::Path;

use serde_json::{Value, json};

/// What Lambda reports of a function that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    error_type: String,
    message: String,
}

impl Failure {
    pub(crate) fn new(error_type: impl Into<String>, message: impl Into<String>) -> Self {
        Self { error_type: error_type.into(), message: message.into() }
    }

    pub(crate) fn invalid_order(problems: &[String]) -> Self {
        Self::new("InvalidOrder", problems.join("; "))
    }

    pub(crate) fn unknown_function(name: &str) -> Self {
        Self::new("UnknownFunction", format!("there is no function `{name}`"))
    }

    pub(crate) fn books(path: &Path, source: &io::Error) -> Self {
        Self::new("BooksUnavailable", format!("cannot use `{}`: {source}", path.display()))
    }

    /// The event could not be read as JSON.
    #[must_use]
    pub fn unreadable_event(source: &io::Error) -> Self {
        Self::new("InvalidEvent", format!("cannot read the event: {source}"))
    }

    /// The result could not be handed back.
    #[must_use]
    pub fn unwritten_result(source: &io::Error) -> Self {
        Self::new("ResultLost", format!("cannot write the result: {source}"))
    }

    /// The name that `ErrorEquals` matches.
    #[must_use]
    pub fn error_type(&self) -> &str {
        &self.error_type
    }

    /// The object that Lambda's runtimes answer with, and a local command prints on its last line.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({"errorType": self.error_type, "errorMessage": self.message})
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.error_type, self.message)
    }
}

impl Error for Failure {}
