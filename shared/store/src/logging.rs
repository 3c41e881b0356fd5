//! Logs of executions: how much of one is logged, where to, and what takes it in.
//!
//! Delivery is best effort, as AWS's is: a line that there is no room for, or that a crash takes, is lost, and nothing waits
//! for it or fails by it.

use crate::traits::{Page, StoreError};
use baton_engine::{EventDetail, StateType};
use serde::{Deserialize, Serialize};
use std::future::Future;
use std::sync::Arc;

/// A `loggingConfiguration` that is not `OFF`: kept with each execution that starts under it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logging {
    /// `level`.
    #[serde(rename = "l")]
    pub level: LogLevel,
    /// `includeExecutionData`.
    #[serde(rename = "d", default, skip_serializing_if = "std::ops::Not::not")]
    pub has_data: bool,
    /// `logGroupArn`.
    #[serde(rename = "g")]
    pub group_arn: Arc<str>,
}

/// `level`: which events are logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogLevel {
    /// `ALL`.
    All,
    /// `ERROR`: what went wrong, caught or not.
    Error,
    /// `FATAL`: that an execution ended badly.
    Fatal,
}

impl Logging {
    /// The log group's name, as its ARN ends with it: `arn:aws:logs:<region>:<account>:log-group:<name>:*`.
    #[must_use]
    pub fn group(&self) -> &str {
        group_name(&self.group_arn)
    }
}

/// The name in a log group's ARN; the text itself where it is none.
#[must_use]
pub fn group_name(arn: &str) -> &str {
    let name = arn.split_once(":log-group:").map_or(arn, |(_, name)| name);
    name.strip_suffix(":*").unwrap_or(name)
}

impl LogLevel {
    /// Reads the API's spelling of a level at which anything is logged.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "ALL" => Some(LogLevel::All),
            "ERROR" => Some(LogLevel::Error),
            "FATAL" => Some(LogLevel::Fatal),
            _ => None,
        }
    }

    /// Whether an event is logged at this level.
    #[must_use]
    pub fn takes(self, event: &EventDetail) -> bool {
        match self {
            LogLevel::All => true,
            LogLevel::Error => is_fatal(event) || is_error(event),
            LogLevel::Fatal => is_fatal(event),
        }
    }
}

fn is_fatal(event: &EventDetail) -> bool {
    matches!(
        event,
        EventDetail::ExecutionAborted(_)
            | EventDetail::ExecutionFailed(_)
            | EventDetail::ExecutionTimedOut(_)
    )
}

/// Every type whose name ends with `Failed`, `Aborted` or `TimedOut`, and the entry of a Fail state.
fn is_error(event: &EventDetail) -> bool {
    if let EventDetail::StateEntered { state_type, .. } = event {
        return *state_type == StateType::Fail;
    }
    let name = event.type_name().to_string();
    ["Failed", "Aborted", "TimedOut"].iter().any(|end| name.ends_with(end))
}

/// One line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// The log group's ARN.
    pub group_arn: Arc<str>,
    /// The state machine's name, which names the log stream.
    pub machine: Arc<str>,
    /// The event's time, milliseconds since 1970.
    pub millis: i64,
    /// The event, as JSON.
    pub text: String,
}

/// A line that is kept here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedLine {
    /// Its number: a later line has a larger one.
    pub id: u64,
    /// The log stream.
    pub stream: String,
    /// The line.
    pub line: LogLine,
}

/// Which lines [`Logs::logged`] gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogQuery {
    /// Only those of this log group, by its name.
    pub group: Option<String>,
    /// Only those of this state machine, by its name.
    pub machine: Option<String>,
    /// Only those of events from this time on.
    pub from_millis: i64,
    /// Only those of events before this time.
    pub before_millis: i64,
    /// How many at most.
    pub items_max: u32,
}

impl LogQuery {
    /// Whether it asks for this line.
    #[must_use]
    pub fn takes(&self, line: &LogLine) -> bool {
        let LogQuery { group, machine, from_millis, before_millis, .. } = self;
        group.as_deref().is_none_or(|group| group_name(&line.group_arn) == group)
            && machine.as_deref().is_none_or(|machine| &*line.machine == machine)
            && (*from_millis..*before_millis).contains(&line.millis)
    }
}

/// Takes logs in.
pub trait Logs: Send + Sync {
    /// Takes lines in and returns at once. What there is no room for is let go.
    fn log(&self, lines: Vec<LogLine>);

    /// Whether there is such a log group, as far as this can be known.
    fn has_log_group(&self, arn: &str) -> impl Future<Output = Result<bool, StoreError>> + Send {
        let _ = arn;
        std::future::ready(Ok(true))
    }

    /// Lines in the order in which they came, after the one of this number; nothing at all where logs are kept elsewhere.
    fn logged(
        &self,
        query: &LogQuery,
        after: u64,
    ) -> impl Future<Output = Result<Option<Page<LoggedLine>>, StoreError>> + Send {
        let _ = (query, after);
        std::future::ready(Ok(None))
    }
}

/// The name of a log stream: of a state machine, a minute, and a process.
#[must_use]
pub fn stream_name(machine: &str, since: jiff::Timestamp, process: u32) -> String {
    let minute = since.strftime("%Y-%m-%d-%H-%M");
    format!("states/{machine}/{minute}/{process:08x}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use baton_engine::{ErrorDetail, Payload, TaskResource};
    use serde_json::json;

    #[test]
    fn levels_take_what_aws_s_table_says() {
        let detail = ErrorDetail::default;
        let entered = |state_type| EventDetail::StateEntered {
            state_type,
            name: "S".into(),
            input: Payload::new(json!(null)),
        };
        let resource = || TaskResource::Lambda { arn: "f".into() };
        for (event, expected) in [
            (EventDetail::ExecutionStarted, [true, false, false]),
            (EventDetail::ExecutionFailed(detail()), [true, true, true]),
            (EventDetail::ExecutionAborted(detail()), [true, true, true]),
            (EventDetail::ExecutionTimedOut(detail()), [true, true, true]),
            (entered(StateType::Fail), [true, true, false]),
            (entered(StateType::Task), [true, false, false]),
            (EventDetail::StateAborted { state_type: StateType::Wait }, [true, true, false]),
            (
                EventDetail::TaskFailed { resource: resource(), detail: detail() },
                [true, true, false],
            ),
            (
                EventDetail::TaskTimedOut { resource: resource(), detail: detail() },
                [true, true, false],
            ),
            (EventDetail::ParallelStateFailed, [true, true, false]),
            (EventDetail::ParallelStateSucceeded, [true, false, false]),
            (EventDetail::MapIterationAborted { name: "S".into(), index: 0 }, [true, true, false]),
            (
                EventDetail::EvaluationFailed {
                    state: "S".into(),
                    detail: detail(),
                    location: None,
                },
                [true, true, false],
            ),
        ] {
            let levels = [LogLevel::All, LogLevel::Error, LogLevel::Fatal];
            assert_eq!(levels.map(|level| level.takes(&event)), expected, "{event:?}");
        }
        assert_eq!(LogLevel::parse("OFF"), None);
    }

    #[test]
    fn a_group_s_name_is_in_its_arn() {
        for (arn, name) in [
            ("arn:aws:logs:r:1:log-group:/aws/vendedlogs/states/m:*", "/aws/vendedlogs/states/m"),
            ("arn:aws:logs:r:1:log-group:g", "g"),
            ("g", "g"),
        ] {
            assert_eq!(group_name(arn), name);
        }
    }

    #[test]
    fn a_stream_is_named_as_aws_does() {
        let since = "2026-01-02T03:04:05Z".parse().unwrap();
        assert_eq!(stream_name("m", since, 0xab), "states/m/2026-01-02-03-04/000000ab");
    }
}
