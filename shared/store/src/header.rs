//! The execution header: its facts, and how it stands.

use crate::arn::{ExecutionArn, MachineArn};
use crate::limits::{EXECUTION_TIME_MAX, REDRIVE_TOKEN_TIME_MAX, REDRIVE_TOKENS_MAX};
use crate::logging::Logging;
use baton_engine::{ErrorDetail, Execution, ForkId, Payload, Redrives, ScopePath, Sequence};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What is kept of an execution beside its journals. All but the status, the closed forks and what redrives
/// change is written once.
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
    /// The tokens of the requests that redrove it lately.
    pub redrive_tokens: Vec<RedriveToken>,
    /// What of it is logged; nothing unless its state machine says so.
    pub logging: Option<Logging>,
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
    /// A map run whose child it is.
    MapRun(MapRunChild),
}

/// A child's place in its map run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapRunChild {
    /// The execution that the map run is part of.
    pub execution: ExecutionArn,
    /// The scope.
    pub scope: ScopePath,
    /// The record that waits for the map run.
    pub sequence: Sequence,
    /// The map run.
    pub map_run_arn: Arc<str>,
    /// The group of lanes that runs the child.
    pub group: u32,
    /// The chunk of the manifest that its input is in.
    pub chunk: u32,
    /// Its place there.
    pub place: u32,
}

impl Header {
    /// Its place in a map run, if it is a child of one.
    #[must_use]
    pub fn map_run(&self) -> Option<&MapRunChild> {
        match &self.parent {
            Some(Parent::MapRun(child)) => Some(child),
            Some(Parent::Job { .. }) | None => None,
        }
    }

    /// The execution's ARN, its key.
    #[must_use]
    pub fn arn(&self) -> ExecutionArn {
        ExecutionArn::trusted(self.execution.arn.clone())
    }

    /// When the execution's own time is over, if its definition limits it. A redrive gives it all its time again.
    #[must_use]
    pub fn deadline(&self) -> Option<Timestamp> {
        let limit = SignedDuration::from_secs(self.timeout_secs?.into());
        let begun = self.execution.redrives.latest.unwrap_or(self.execution.started);
        Some(begun.saturating_add(limit).unwrap_or(Timestamp::MAX).min(self.latest_end()))
    }

    /// When any execution's time is over (EXEC-STD-01).
    #[must_use]
    pub fn latest_end(&self) -> Timestamp {
        self.execution.started.saturating_add(EXECUTION_TIME_MAX).unwrap_or(Timestamp::MAX)
    }

    /// Takes a redrive in: the execution runs again.
    pub fn take_redrive(&mut self, redrive: &Redrive) {
        let Redrive { count, at, token, left } = redrive;
        self.status = Status::Running;
        self.execution.redrives = Redrives { count: *count, latest: Some(*at) };
        self.closed.extend(left.clone());
        let surplus = (self.redrive_tokens.len() + 1).saturating_sub(REDRIVE_TOKENS_MAX);
        self.redrive_tokens.drain(..surplus.min(self.redrive_tokens.len()));
        if let Some(token) = token {
            self.redrive_tokens.push(RedriveToken { token: token.clone(), at: *at });
        }
    }

    /// When the redrive was made that had this token, if that was lately (RED-09).
    #[must_use]
    pub fn redriven_by(&self, token: &str, now: Timestamp) -> Option<Timestamp> {
        let is_it = |known: &&RedriveToken| {
            let fresh_until = known.at.saturating_add(REDRIVE_TOKEN_TIME_MAX);
            &*known.token == token && fresh_until.is_ok_and(|until| now <= until)
        };
        self.redrive_tokens.iter().rev().find(is_it).map(|known| known.at)
    }
}

/// One redrive: what it changes in the header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redrive {
    /// Its number, from 1.
    pub count: u32,
    /// When.
    pub at: Timestamp,
    /// The token of its request.
    pub token: Option<Arc<str>>,
    /// The fork that the top scope had waited for, and waits for no longer.
    pub left: Option<ForkId>,
}

/// The token of a request that redrove an execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedriveToken {
    /// `clientToken`.
    pub token: Arc<str>,
    /// When it did.
    pub at: Timestamp,
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
