//! Which record a document speaks of.

use crate::ExecutionArn;
use baton_engine::{ScopePath, Sequence};
use serde::{Deserialize, Serialize};

/// A record of an execution. Members of their own, so that documents that are little more can be read as one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RecordPlace {
    pub(super) execution: String,
    pub(super) scope: String,
    pub(super) sequence: u32,
}

impl RecordPlace {
    pub(super) fn new(execution: &ExecutionArn, scope: &ScopePath, sequence: Sequence) -> Self {
        let (execution, scope) = (execution.to_string(), scope.to_string());
        RecordPlace { execution, scope, sequence: sequence.0 }
    }

    /// The record; nothing if this is no such thing.
    pub(super) fn read(&self) -> Option<(ExecutionArn, ScopePath, Sequence)> {
        let execution = ExecutionArn::parse(&self.execution).ok()?;
        Some((execution, self.scope.parse().ok()?, Sequence(self.sequence)))
    }
}
