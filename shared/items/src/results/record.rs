//! One child, as the result files tell of it.

use super::ResultKind;
use jiff::Timestamp;
use std::borrow::Cow;
use std::fmt::Write;

/// What happened to one child.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChildResult<'a> {
    /// Which file it goes to.
    pub kind: ResultKind,
    /// Its input, as JSON text.
    pub input: &'a str,
    /// Its output, as JSON text, where it succeeded.
    pub output: Option<&'a str>,
    /// Its error name, where it failed.
    pub error: Option<&'a str>,
    /// The cause of that.
    pub cause: Option<&'a str>,
    /// What is known of the execution; nothing, where none was started.
    pub execution: Option<ChildExecution<'a>>,
}

/// The execution of a child.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChildExecution<'a> {
    /// Its ARN.
    pub arn: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Its state machine: `…:stateMachine:<machine>/<label>`.
    pub state_machine_arn: &'a str,
    /// `SUCCEEDED`, `FAILED`, `TIMED_OUT` or `ABORTED`.
    pub status: &'a str,
    /// When it began.
    pub start: Timestamp,
    /// When it ended.
    pub stop: Timestamp,
    /// How often it was redriven.
    pub redrive_count: u64,
    /// Whether it can be redriven.
    pub redrive_status: RedriveStatus,
}

/// Whether a child can be redriven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedriveStatus {
    /// It can, by itself.
    Redrivable,
    /// It can, together with its map run: Express children.
    RedrivableByMapRun,
    /// It cannot.
    NotRedrivable,
}

impl RedriveStatus {
    fn name(self) -> &'static str {
        match self {
            Self::Redrivable => "REDRIVABLE",
            Self::RedrivableByMapRun => "REDRIVABLE_BY_MAP_RUN",
            Self::NotRedrivable => "NOT_REDRIVABLE",
        }
    }
}

impl ChildResult<'_> {
    /// The record that an untransformed result file holds: its members in the order of their names.
    pub fn to_record(&self) -> String {
        let mut record = Record(String::with_capacity(self.input.len() + 1_024));
        record.text("Cause", self.cause);
        record.text("Error", self.error);
        record.text("ExecutionArn", self.execution.as_ref().map(|e| e.arn));
        record.text("Input", Some(self.input));
        record.raw("InputDetails", r#"{"Included":true}"#);
        record.text("Name", self.execution.as_ref().map(|e| e.name));
        if let Some(output) = self.output {
            record.text("Output", Some(output));
            record.raw("OutputDetails", r#"{"Included":true}"#);
        }
        match &self.execution {
            Some(execution) => record.execution(execution),
            None => record.text("Status", Some(self.kind.name())),
        }
        record.0.push('}');
        record.0
    }
}

struct Record(String);

impl Record {
    fn execution(&mut self, execution: &ChildExecution<'_>) {
        let status = execution.redrive_status;
        self.raw("RedriveCount", &execution.redrive_count.to_string());
        self.text("RedriveStatus", Some(status.name()));
        if status == RedriveStatus::NotRedrivable {
            let reason = format!("Execution is {} and cannot be redriven", execution.status);
            self.text("RedriveStatusReason", Some(&reason));
        }
        self.text("StartDate", Some(&date(execution.start)));
        self.text("StateMachineArn", Some(execution.state_machine_arn));
        self.text("Status", Some(execution.status));
        self.text("StopDate", Some(&date(execution.stop)));
    }

    fn text(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.raw(name, &quoted(text));
        }
    }

    fn raw(&mut self, name: &str, value: &str) {
        let opening = if self.0.is_empty() { '{' } else { ',' };
        // Writing to a string cannot fail.
        let _ = write!(self.0, "{opening}\"{name}\":{value}");
    }
}

fn date(time: Timestamp) -> String {
    format!("{time:.3}")
}

/// A text as a JSON string.
pub(crate) fn quoted(text: &str) -> Cow<'static, str> {
    Cow::Owned(serde_json::Value::from(text).to_string())
}
