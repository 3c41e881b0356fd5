//! Asynchronous Express executions that were accepted and have not ended.

use super::{Document, DocumentKind};
use crate::{Header, Logging, MachineArn, RevisionId, Status};
use baton_asl::BlockId;
use baton_engine::{Execution, Payload};
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
        }
    }

    /// The execution as it begins; nothing if this is no such thing.
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
            redrive_tokens: Vec::new(),
            logging: self.logging,
            depth: 0,
            parent: None,
            status: Status::Running,
            closed: BTreeSet::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;
    use super::*;
    use crate::records::samples;

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
        };
        check(&start, oldest);
    }
}
