//! State machines and their revisions.

use crate::arn::MachineArn;
use crate::header::RevisionId;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A state machine: what can change. Its text and role are its current revision's.
#[derive(Debug, Clone, PartialEq)]
pub struct Machine {
    /// The unqualified ARN, its key.
    pub arn: MachineArn,
    /// `type`, fixed at creation.
    pub kind: MachineKind,
    /// `creationDate`.
    pub created: Timestamp,
    /// The latest update, if there was one.
    pub updated: Option<Timestamp>,
    /// Whether it is being deleted.
    pub is_deleting: bool,
    /// The current revision.
    pub revision: Revision,
    /// `loggingConfiguration`, `tracingConfiguration`, `encryptionConfiguration` and the like, as given.
    pub settings: BTreeMap<String, Value>,
    /// `tags`.
    pub tags: BTreeMap<String, String>,
}

/// A text with the role it runs as. Never changed once written; executions keep the id.
#[derive(Debug, Clone, PartialEq)]
pub struct Revision {
    /// Its id.
    pub id: RevisionId,
    /// The definition, byte for byte as given.
    pub definition: Arc<str>,
    /// `roleArn`.
    pub role_arn: Arc<str>,
}

/// `type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum MachineKind {
    /// `STANDARD`.
    #[default]
    Standard,
    /// `EXPRESS`.
    Express,
}

impl MachineKind {
    /// As the API spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            MachineKind::Standard => "STANDARD",
            MachineKind::Express => "EXPRESS",
        }
    }
}
