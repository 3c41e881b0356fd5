//! What is run: a definition, its input, and how its calls are answered.

use crate::outside::Answers;
use baton_engine::{Execution, Payload};
use baton_store::{
    ExecutionArn, Header, Machine, MachineArn, MachineKind, Revision, RevisionId, Status,
};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A workflow.
#[derive(Debug, Clone)]
pub struct Workflow {
    pub name: String,
    pub definition: Arc<str>,
    pub input: Value,
    pub timeout_secs: Option<u32>,
    pub answers: Arc<Answers>,
}

impl Workflow {
    pub fn machine(&self, created: Timestamp) -> Machine {
        Machine {
            arn: MachineArn::parse("arn:aws:states:us-east-1:111111111111:stateMachine:sim")
                .expect("an ARN"),
            kind: MachineKind::Standard,
            created,
            updated: None,
            is_deleting: false,
            revision: Revision {
                id: RevisionId("revision".into()),
                definition: self.definition.clone(),
                role_arn: "arn:aws:iam::111111111111:role/sim".into(),
            },
            settings: BTreeMap::new(),
            tags: BTreeMap::new(),
        }
    }

    pub fn header(&self, machine: &Machine, started: Timestamp) -> Header {
        let arn = ExecutionArn::of(&machine.arn, "run");
        Header {
            execution: Execution {
                arn: arn.as_str().into(),
                name: "run".into(),
                role_arn: machine.revision.role_arn.clone(),
                started,
                input: Payload::new(self.input.clone()),
                machine_arn: machine.arn.as_str().into(),
                machine_name: "sim".into(),
                start: baton_asl::BlockId::TOP,
                region: "us-east-1".into(),
                redrives: baton_engine::Redrives::default(),
                payload_bytes_max: Some(262_144),
            },
            machine: machine.arn.clone(),
            version_arn: None,
            alias_arn: None,
            revision: machine.revision.id.clone(),
            trace_header: None,
            timeout_secs: self.timeout_secs,
            redrive_tokens: Vec::new(),
            logging: None,
            depth: 0,
            parent: None,
            status: Status::Running,
            closed: BTreeSet::new(),
        }
    }
}
