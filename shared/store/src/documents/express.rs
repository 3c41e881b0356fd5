//! Asynchronous Express executions that were accepted and have not ended, or whose end somebody has yet to take note of.

use super::place::RecordPlace;
use super::{Document, DocumentKind};
use crate::records::is_default;
use crate::{Header, Logging, MachineArn, Parent, RevisionId, Status};
use baton_asl::BlockId;
use baton_engine::{ErrorDetail, Execution, Payload};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What an Express execution is begun with, and with that all that is kept of it. Group: its ARN; one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExpressStart {
    arn: Arc<str>,
    name: Arc<str>,
    role_arn: Arc<str>,
    started_millis: i64,
    /// The text.
    input: String,
    machine_arn: Arc<str>,
    region: Arc<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payload_bytes_max: Option<usize>,
    machine: Arc<str>,
    revision: Arc<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version_arn: Option<Arc<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    alias_arn: Option<Arc<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trace_header: Option<Arc<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timeout_secs: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    logging: Option<Logging>,
    #[serde(default, skip_serializing_if = "is_default")]
    depth: u32,
    /// The task that runs it as its job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parent: Option<RecordPlace>,
    /// How it ended, until the parent has moved on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    end: Option<End>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct End {
    stopped_millis: i64,
    how: How,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum How {
    /// The output's text.
    Succeeded(String),
    Failed(Option<Arc<str>>, Option<Arc<str>>),
    Aborted(Option<Arc<str>>, Option<Arc<str>>),
    TimedOut,
}

impl Document for ExpressStart {
    const KIND: DocumentKind = DocumentKind::Express;
}

impl ExpressStart {
    /// The key.
    pub const KEY: &'static str = "start";

    /// The start of an execution.
    #[must_use]
    pub fn of(header: &Header) -> Self {
        let execution = &header.execution;
        ExpressStart {
            arn: execution.arn.clone(),
            name: execution.name.clone(),
            role_arn: execution.role_arn.clone(),
            started_millis: execution.started.as_millisecond(),
            input: execution.input.text().to_owned(),
            machine_arn: execution.machine_arn.clone(),
            region: execution.region.clone(),
            payload_bytes_max: execution.payload_bytes_max,
            machine: header.machine.as_str().into(),
            revision: header.revision.0.clone(),
            version_arn: header.version_arn.clone(),
            alias_arn: header.alias_arn.clone(),
            trace_header: header.trace_header.clone(),
            timeout_secs: header.timeout_secs,
            logging: header.logging.clone(),
            depth: header.depth,
            parent: header.parent.as_ref().and_then(waiter),
            end: None,
        }
    }

    /// The same execution, ended so.
    #[must_use]
    pub fn ended(self, status: &Status) -> Self {
        ExpressStart { end: End::of(status), ..self }
    }

    /// The execution as it begins, or has ended; nothing if this is no such thing.
    #[must_use]
    pub fn header(self) -> Option<Header> {
        let machine = MachineArn::trusted(self.machine);
        let execution = Execution {
            arn: self.arn,
            name: self.name,
            role_arn: self.role_arn,
            started: Timestamp::from_millisecond(self.started_millis).ok()?,
            input: Payload::parse(&self.input).ok()?,
            machine_arn: self.machine_arn,
            machine_name: machine.name().into(),
            start: BlockId::TOP,
            region: self.region,
            redrives: baton_engine::Redrives::default(),
            payload_bytes_max: self.payload_bytes_max,
        };
        Some(Header {
            execution,
            machine,
            version_arn: self.version_arn,
            alias_arn: self.alias_arn,
            revision: RevisionId(self.revision),
            trace_header: self.trace_header,
            timeout_secs: self.timeout_secs,
            depth: self.depth,
            parent: self.parent.as_ref().and_then(parent),
            status: match self.end {
                Some(end) => end.status()?,
                None => Status::Running,
            },
            redrive_tokens: Vec::new(),
            logging: self.logging,
            closed: BTreeSet::new(),
        })
    }
}

fn waiter(parent: &Parent) -> Option<RecordPlace> {
    match parent {
        Parent::Job { execution, scope, sequence } => {
            Some(RecordPlace::new(execution, scope, *sequence))
        }
        Parent::MapRun(_) => None,
    }
}

fn parent(waiter: &RecordPlace) -> Option<Parent> {
    let (execution, scope, sequence) = waiter.read()?;
    Some(Parent::Job { execution, scope, sequence })
}

impl End {
    fn of(status: &Status) -> Option<Self> {
        let stopped_millis = status.stopped()?.as_millisecond();
        let how = match status {
            Status::Running => return None,
            Status::Succeeded { output, .. } => How::Succeeded(output.text().to_owned()),
            Status::Failed { detail, .. } => {
                How::Failed(detail.error.clone(), detail.cause.clone())
            }
            Status::Aborted { detail, .. } => {
                How::Aborted(detail.error.clone(), detail.cause.clone())
            }
            Status::TimedOut { .. } => How::TimedOut,
        };
        Some(End { stopped_millis, how })
    }

    fn status(self) -> Option<Status> {
        let stopped = Timestamp::from_millisecond(self.stopped_millis).ok()?;
        Some(match self.how {
            How::Succeeded(output) => {
                Status::Succeeded { stopped, output: Payload::parse(&output).ok()? }
            }
            How::Failed(error, cause) => {
                Status::Failed { stopped, detail: ErrorDetail { error, cause } }
            }
            How::Aborted(error, cause) => {
                Status::Aborted { stopped, detail: ErrorDetail { error, cause } }
            }
            How::TimedOut => Status::TimedOut { stopped },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;
    use super::*;
    use crate::ExecutionArn;
    use crate::records::samples;
    use baton_engine::Sequence;

    #[test]
    fn a_start_reads_back() {
        let header = Header { closed: BTreeSet::new(), ..samples::header() };
        let header = Header { status: Status::Running, ..header };
        let start = ExpressStart::of(&header);
        assert_eq!(start.clone().header(), Some(header));
        let oldest = r#"{"v":1,"d":{"arn":"a","name":"n","roleArn":"r","startedMillis":1,"input":"{ }","machineArn":"m:1","region":"e","machine":"m","revision":"i"}}"#;
        let start = ExpressStart {
            arn: "a".into(),
            name: "n".into(),
            role_arn: "r".into(),
            started_millis: 1,
            input: "{ }".to_owned(),
            machine_arn: "m:1".into(),
            region: "e".into(),
            payload_bytes_max: None,
            machine: "m".into(),
            revision: "i".into(),
            version_arn: None,
            alias_arn: None,
            trace_header: None,
            timeout_secs: None,
            logging: None,
            depth: 0,
            parent: None,
            end: None,
        };
        check(&start, oldest);
    }

    #[test]
    fn who_waits_and_how_it_ended_read_back() {
        let stopped = Timestamp::from_millisecond(1_763_640_000_123).unwrap();
        let detail = ErrorDetail { error: Some("E".into()), cause: None };
        let execution = ExecutionArn::parse("arn:aws:states:us-east-1:1:execution:m:n").unwrap();
        let parent =
            Parent::Job { execution, scope: "3.0".parse().unwrap(), sequence: Sequence(7) };
        for status in [
            Status::Succeeded { stopped, output: Payload::parse("{ \"a\": 1.0 }").unwrap() },
            Status::Failed { stopped, detail: detail.clone() },
            Status::Aborted { stopped, detail: detail.clone() },
            Status::TimedOut { stopped },
        ] {
            let header = Header {
                closed: BTreeSet::new(),
                parent: Some(parent.clone()),
                depth: 3,
                status,
                ..samples::header()
            };
            let kept = ExpressStart::of(&header).ended(&header.status);
            let text = serde_json::to_string(&kept).unwrap();
            let read: ExpressStart = serde_json::from_str(&text).unwrap();
            assert_eq!(read.header(), Some(header), "{text}");
        }
    }
}
