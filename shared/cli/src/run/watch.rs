//! A backend that tells what becomes of one execution.

use baton_engine::{Claim, ForkId, Marked, Record, ScopePath, Sequence};
use baton_store::{
    Backend, Chance, ClaimAnswer, Clock, CommitError, Created, Cues, DocumentId, DocumentKind,
    Documents, Durability, ExecutionArn, ExecutionQuery, Header, JoinAnswer, JoinMark, Journal,
    Loaded, LogLine, LogQuery, LoggedLine, Logs, Machine, MachineArn, Machines, Outgoing, Page,
    Redrive, Revision, RevisionId, Status, StoreError,
};
use jiff::Timestamp;
use std::sync::{Arc, OnceLock};
use tokio::sync::mpsc;

/// What was seen.
#[derive(Debug, Clone)]
pub(crate) enum Seen {
    /// A record was committed.
    Record(Arc<Record>),
    /// The execution has ended.
    Ended,
}

/// Passes everything on to a backend, and tells a receiver what it sees of one execution, in order.
#[derive(Debug)]
pub(crate) struct Watched<B> {
    inner: Arc<B>,
    execution: OnceLock<ExecutionArn>,
    seen: mpsc::Sender<Seen>,
}

impl<B> Watched<B> {
    pub(crate) fn new(inner: Arc<B>, seen: mpsc::Sender<Seen>) -> Self {
        Watched { inner, execution: OnceLock::new(), seen }
    }

    /// Says which execution is of interest: once.
    pub(crate) fn watch(&self, execution: ExecutionArn) {
        self.execution.get_or_init(|| execution);
    }

    async fn tell(&self, execution: &ExecutionArn, seen: Seen) {
        if self.execution.get() == Some(execution) {
            // Whoever watched may have left: the execution goes on all the same.
            let _ = self.seen.send(seen).await;
        }
    }
}

impl<B: Backend> Journal for Watched<B> {
    async fn create(&self, header: &Header) -> Result<Created, StoreError> {
        self.inner.create(header).await
    }

    async fn load(
        &self,
        execution: &ExecutionArn,
        scope: &ScopePath,
        sequence: Sequence,
    ) -> Result<Option<Loaded>, StoreError> {
        self.inner.load(execution, scope, sequence).await
    }

    async fn header(&self, execution: &ExecutionArn) -> Result<Option<Arc<Header>>, StoreError> {
        self.inner.header(execution).await
    }

    async fn newest(
        &self,
        execution: &ExecutionArn,
        scope: &ScopePath,
    ) -> Result<Option<Marked>, StoreError> {
        self.inner.newest(execution, scope).await
    }

    async fn commit(
        &self,
        execution: &ExecutionArn,
        record: &Arc<Record>,
        durability: Durability,
    ) -> Result<(), CommitError> {
        self.inner.commit(execution, record, durability).await?;
        self.tell(execution, Seen::Record(record.clone())).await;
        Ok(())
    }

    async fn claim(
        &self,
        execution: &ExecutionArn,
        scope: &ScopePath,
        sequence: Sequence,
        claim: &Claim,
    ) -> Result<ClaimAnswer, StoreError> {
        self.inner.claim(execution, scope, sequence, claim).await
    }

    async fn heartbeat(
        &self,
        execution: &ExecutionArn,
        scope: &ScopePath,
        sequence: Sequence,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.inner.heartbeat(execution, scope, sequence, at).await
    }

    async fn close(&self, execution: &ExecutionArn, fork: &ForkId) -> Result<(), StoreError> {
        self.inner.close(execution, fork).await
    }

    async fn end(
        &self,
        execution: &ExecutionArn,
        redrives: u32,
        status: &Status,
    ) -> Result<(), StoreError> {
        self.inner.end(execution, redrives, status).await?;
        self.tell(execution, Seen::Ended).await;
        Ok(())
    }

    async fn reopen(&self, execution: &ExecutionArn, redrive: &Redrive) -> Result<(), StoreError> {
        self.inner.reopen(execution, redrive).await
    }

    async fn join(
        &self,
        execution: &ExecutionArn,
        mark: &JoinMark,
    ) -> Result<JoinAnswer, StoreError> {
        self.inner.join(execution, mark).await
    }

    async fn joined(
        &self,
        execution: &ExecutionArn,
        fork: &ForkId,
        width: u32,
    ) -> Result<Vec<Arc<Record>>, StoreError> {
        self.inner.joined(execution, fork, width).await
    }

    async fn children(
        &self,
        execution: &ExecutionArn,
        fork: &ForkId,
    ) -> Result<Vec<(u32, Marked)>, StoreError> {
        self.inner.children(execution, fork).await
    }

    async fn records(
        &self,
        execution: &ExecutionArn,
        from: Option<&str>,
    ) -> Result<Page<Marked>, StoreError> {
        self.inner.records(execution, from).await
    }

    async fn executions(
        &self,
        query: &ExecutionQuery,
        from: Option<&str>,
    ) -> Result<Page<Arc<Header>>, StoreError> {
        self.inner.executions(query, from).await
    }
}

impl<B: Backend> Cues for Watched<B> {
    async fn send(&self, cues: Vec<Outgoing>) -> Result<(), StoreError> {
        self.inner.send(cues).await
    }
}

impl<B: Backend> Machines for Watched<B> {
    async fn create_machine(&self, machine: &Machine) -> Result<Option<Machine>, StoreError> {
        self.inner.create_machine(machine).await
    }

    async fn machine(&self, arn: &MachineArn) -> Result<Option<Machine>, StoreError> {
        self.inner.machine(arn).await
    }

    async fn revision(
        &self,
        machine: &MachineArn,
        id: &RevisionId,
    ) -> Result<Option<Revision>, StoreError> {
        self.inner.revision(machine, id).await
    }

    async fn update_machine(
        &self,
        machine: &Machine,
        expected: &RevisionId,
    ) -> Result<bool, StoreError> {
        self.inner.update_machine(machine, expected).await
    }

    async fn delete_machine(&self, arn: &MachineArn) -> Result<(), StoreError> {
        self.inner.delete_machine(arn).await
    }

    async fn machines(
        &self,
        place: &str,
        items_max: u32,
        from: Option<&str>,
    ) -> Result<Page<Machine>, StoreError> {
        self.inner.machines(place, items_max, from).await
    }
}

impl<B: Backend> Logs for Watched<B> {
    fn log(&self, lines: Vec<LogLine>) {
        self.inner.log(lines);
    }

    async fn has_log_group(&self, arn: &str) -> Result<bool, StoreError> {
        self.inner.has_log_group(arn).await
    }

    async fn logged(
        &self,
        query: &LogQuery,
        after: u64,
    ) -> Result<Option<Page<LoggedLine>>, StoreError> {
        self.inner.logged(query, after).await
    }
}

impl<B: Backend> Documents for Watched<B> {
    async fn document(&self, id: &DocumentId) -> Result<Option<String>, StoreError> {
        self.inner.document(id).await
    }

    async fn swap_document(
        &self,
        id: &DocumentId,
        before: Option<&str>,
        after: Option<&str>,
    ) -> Result<bool, StoreError> {
        self.inner.swap_document(id, before, after).await
    }

    async fn documents(
        &self,
        kind: DocumentKind,
        group: &str,
        items_max: u32,
        from: Option<&str>,
    ) -> Result<Page<(String, String)>, StoreError> {
        self.inner.documents(kind, group, items_max, from).await
    }
}

impl<B: Backend> Clock for Watched<B> {
    fn now(&self) -> Timestamp {
        self.inner.now()
    }
}

impl<B: Backend> Chance for Watched<B> {
    fn bits(&self) -> u128 {
        self.inner.bits()
    }
}
