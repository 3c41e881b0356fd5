//! Writes that were accepted and wait for the committer.

use crate::write::Write;
use baton_store::ExecutionArn;
use std::sync::Arc;
use tokio::sync::oneshot;

/// Why the file takes no more writes.
pub(crate) type Failure = Arc<str>;

/// Comes when a group is durable, or cannot be.
pub(crate) type Synced = oneshot::Receiver<Result<(), Failure>>;

/// Accepted writes that the committer has not taken yet: one group.
#[derive(Debug)]
pub(crate) struct Inbox {
    pub(crate) group: u64,
    pub(crate) writes: Vec<Write>,
    pub(crate) bytes: usize,
    pub(crate) waiters: Vec<oneshot::Sender<Result<(), Failure>>>,
    /// The executions that the writes belong to, each once.
    pub(crate) touched: Vec<ExecutionArn>,
}

impl Inbox {
    pub(crate) fn new(group: u64) -> Self {
        Inbox { group, writes: Vec::new(), bytes: 0, waiters: Vec::new(), touched: Vec::new() }
    }

    pub(super) fn push(&mut self, write: Write) {
        self.bytes = self.bytes.saturating_add(write.bytes());
        self.writes.push(write);
    }
}
