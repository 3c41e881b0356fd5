//! The execution header: its facts, and how it stands.

use crate::arn::{ExecutionArn, MachineArn};
use baton_engine::{ErrorDetail, Execution, ForkId, Payload, ScopePath, Sequence};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What is kept of an execution beside its journals. All but `status`, `closed` and `killed` is written once.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    /// The facts that the interpreter is handed.
    pub execution: Execution,
    /// The state machine, unqualified.
    pub machine: MachineArn,
    /// The version it was started through or resolved to.
    pub version_arn: Option<Arc<str>>,
    /// The alias it was started through.
    pub alias_arn: Option<Arc<str>>,
    /// The revision whose definition it runs, whatever becomes of the machine.
    pub revision: RevisionId,
    /// `traceHeader`.
    pub trace_header: Option<Arc<str>>,
    /// The execution's own time limit, counted from its start.
    pub timeout_secs: Option<u32>,
    /// How many executions stand above it, each started by the one above.
    pub depth: u32,
    /// Who is told when it ends.
    pub parent: Option<Parent>,
    /// How it stands.
    pub status: Status,
    /// Forks whose parent has moved on: cues of scopes under them are dropped.
    pub closed: BTreeSet<ForkId>,
}

/// Who waits for an execution's end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parent {
    /// A task that runs it as its job.
    Job {
        /// The execution that the task is part of.
        execution: ExecutionArn,
        /// The scope.
        scope: ScopePath,
        /// The record whose call started it.
        sequence: Sequence,
    },
}

impl Header {
    /// The execution's ARN, its key.
    #[must_use]
    pub fn arn(&self) -> ExecutionArn {
        ExecutionArn::trusted(self.execution.arn.clone())
    }
}

/// `status`, with what belongs to each.
#[derive(Debug, Clone, PartialEq)]
pub enum Status {
    /// `RUNNING`.
    Running,
    /// `SUCCEEDED`.
    Succeeded {
        /// When.
        stopped: Timestamp,
        /// `output`.
        output: Payload,
    },
    /// `FAILED`.
    Failed {
        /// When.
        stopped: Timestamp,
        /// `error` and `cause`.
        detail: ErrorDetail,
    },
    /// `ABORTED`.
    Aborted {
        /// When.
        stopped: Timestamp,
        /// `error` and `cause`.
        detail: ErrorDetail,
    },
    /// `TIMED_OUT`.
    TimedOut {
        /// When.
        stopped: Timestamp,
    },
}

/// The name of a [`Status`], as the API and its filters spell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the API's values")]
pub enum StatusName {
    Running,
    Succeeded,
    Failed,
    TimedOut,
    Aborted,
    PendingRedrive,
}

impl StatusName {
    /// Every name, in the API model's order.
    pub const ALL: [StatusName; 6] = [
        StatusName::Running,
        StatusName::Succeeded,
        StatusName::Failed,
        StatusName::TimedOut,
        StatusName::Aborted,
        StatusName::PendingRedrive,
    ];

    /// As the API spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            StatusName::Running => "RUNNING",
            StatusName::Succeeded => "SUCCEEDED",
            StatusName::Failed => "FAILED",
            StatusName::TimedOut => "TIMED_OUT",
            StatusName::Aborted => "ABORTED",
            StatusName::PendingRedrive => "PENDING_REDRIVE",
        }
    }

    /// Reads the API's spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|name| name.as_str() == text)
    }
}

impl Status {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> StatusName {
        match self {
            Status::Running => StatusName::Running,
            Status::Succeeded { .. } => StatusName::Succeeded,
            Status::Failed { .. } => StatusName::Failed,
            Status::Aborted { .. } => StatusName::Aborted,
            Status::TimedOut { .. } => StatusName::TimedOut,
        }
    }

    /// Whether nothing more happens.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        !matches!(self, Status::Running)
    }

    /// `stopDate`.
    #[must_use]
    pub fn stopped(&self) -> Option<Timestamp> {
        match self {
            Status::Running => None,
            Status::Succeeded { stopped, .. }
            | Status::Failed { stopped, .. }
            | Status::Aborted { stopped, .. }
            | Status::TimedOut { stopped } => Some(*stopped),
        }
    }
}

/// Which text of a state machine: made new by every update that changes the definition or the role.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RevisionId(pub Arc<str>);
