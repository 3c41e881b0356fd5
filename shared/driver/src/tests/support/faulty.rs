//! The backend in memory behind a process that can die at any of its requests.

use baton_engine::{Claim, ForkId, Marked, Record, ScopePath, Sequence};
use baton_store::memory::Memory;
use baton_store::{
    Chance, ClaimAnswer, Clock, CommitError, Created, Cues, DocumentId, DocumentKind, Documents,
    Durability, ExecutionArn, ExecutionQuery, Header, JoinAnswer, JoinMark, Journal, Loaded,
    LogLine, Logs, Machine, MachineArn, Machines, Outgoing, Page, Redrive, Revision, RevisionId,
    Status, StoreError,
};
use jiff::Timestamp;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Counts the points at which a process can die: before and after each write. From the chosen one on, every request
/// fails, until the process is started anew.
#[derive(Debug)]
pub(crate) struct Faulty {
    pub(crate) memory: Memory,
    left: AtomicI64,
}

impl Faulty {
    pub(crate) fn new(memory: Memory) -> Self {
        Faulty { memory, left: AtomicI64::new(i64::MAX) }
    }

    /// The process dies at this point from here, the first being 0.
    pub(crate) fn die_at(&self, point: i64) {
        self.left.store(point, Ordering::SeqCst);
    }

    /// The process lives for good.
    pub(crate) fn live(&self) {
        self.left.store(i64::MAX, Ordering::SeqCst);
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.left.load(Ordering::SeqCst) < 0
    }

    /// How many points are left until it dies.
    pub(crate) fn points_left(&self) -> i64 {
        self.left.load(Ordering::SeqCst)
    }

    fn point(&self) -> Result<(), StoreError> {
        if self.left.fetch_sub(1, Ordering::SeqCst) <= 0 {
            self.left.store(-1, Ordering::SeqCst);
            return Err(dead());
        }
        Ok(())
    }

    fn alive(&self) -> Result<(), StoreError> {
        if self.is_dead() { Err(dead()) } else { Ok(()) }
    }
}

fn dead() -> StoreError {
    StoreError::Unavailable { what: "store", source: "the process is dead".into() }
}

impl Journal for Faulty {
    async fn create(&self, header: &Header) -> Result<Created, StoreError> {
        self.point()?;
        let answer = self.memory.create(header).await?;
        self.point().map(|()| answer)
    }

    async fn load(
        &self,
        execution: &ExecutionArn,
        scope: &ScopePath,
        sequence: Sequence,
    ) -> Result<Option<Loaded>, StoreError> {
        self.alive()?;
        self.memory.load(execution, scope, sequence).await
    }

    async fn header(&self, execution: &ExecutionArn) -> Result<Option<Arc<Header>>, StoreError> {
        self.alive()?;
        self.memory.header(execution).await
    }

    async fn newest(
        &self,
        execution: &ExecutionArn,
        scope: &ScopePath,
    ) -> Result<Option<Marked>, StoreError> {
        self.alive()?;
        self.memory.newest(execution, scope).await
    }

    async fn commit(
        &self,
        execution: &ExecutionArn,
        record: &Arc<Record>,
        durability: Durability,
    ) -> Result<(), CommitError> {
        self.point()?;
        self.memory.commit(execution, record, durability).await?;
        Ok(self.point()?)
    }

    async fn claim(
        &self,
        execution: &ExecutionArn,
        scope: &ScopePath,
        sequence: Sequence,
        claim: &Claim,
    ) -> Result<ClaimAnswer, StoreError> {
        self.point()?;
        let answer = self.memory.claim(execution, scope, sequence, claim).await?;
        self.point().map(|()| answer)
    }

    async fn heartbeat(
        &self,
        execution: &ExecutionArn,
        scope: &ScopePath,
        sequence: Sequence,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.point()?;
        self.memory.heartbeat(execution, scope, sequence, at).await?;
        self.point()
    }

    async fn close(&self, execution: &ExecutionArn, fork: &ForkId) -> Result<(), StoreError> {
        self.point()?;
        self.memory.close(execution, fork).await?;
        self.point()
    }

    async fn end(
        &self,
        execution: &ExecutionArn,
        redrives: u32,
        status: &Status,
    ) -> Result<(), StoreError> {
        self.point()?;
        self.memory.end(execution, redrives, status).await?;
        self.point()
    }

    async fn reopen(&self, execution: &ExecutionArn, redrive: &Redrive) -> Result<(), StoreError> {
        self.point()?;
        self.memory.reopen(execution, redrive).await?;
        self.point()
    }

    async fn join(
        &self,
        execution: &ExecutionArn,
        mark: &JoinMark,
    ) -> Result<JoinAnswer, StoreError> {
        self.point()?;
        let answer = self.memory.join(execution, mark).await?;
        self.point().map(|()| answer)
    }

    async fn joined(
        &self,
        execution: &ExecutionArn,
        fork: &ForkId,
        width: u32,
    ) -> Result<Vec<Arc<Record>>, StoreError> {
        self.alive()?;
        self.memory.joined(execution, fork, width).await
    }

    async fn children(
        &self,
        execution: &ExecutionArn,
        fork: &ForkId,
    ) -> Result<Vec<(u32, Marked)>, StoreError> {
        self.alive()?;
        self.memory.children(execution, fork).await
    }

    async fn records(
        &self,
        execution: &ExecutionArn,
        from: Option<&str>,
    ) -> Result<Page<Marked>, StoreError> {
        self.memory.records(execution, from).await
    }

    async fn executions(
        &self,
        query: &ExecutionQuery,
        from: Option<&str>,
    ) -> Result<Page<Arc<Header>>, StoreError> {
        self.memory.executions(query, from).await
    }
}

impl Cues for Faulty {
    async fn send(&self, cues: Vec<Outgoing>) -> Result<(), StoreError> {
        self.point()?;
        self.memory.send(cues).await?;
        self.point()
    }
}

impl Machines for Faulty {
    async fn create_machine(&self, machine: &Machine) -> Result<Option<Machine>, StoreError> {
        self.memory.create_machine(machine).await
    }

    async fn machine(&self, arn: &MachineArn) -> Result<Option<Machine>, StoreError> {
        self.memory.machine(arn).await
    }

    async fn revision(
        &self,
        machine: &MachineArn,
        id: &RevisionId,
    ) -> Result<Option<Revision>, StoreError> {
        self.alive()?;
        self.memory.revision(machine, id).await
    }

    async fn update_machine(
        &self,
        machine: &Machine,
        expected: &RevisionId,
    ) -> Result<bool, StoreError> {
        self.memory.update_machine(machine, expected).await
    }

    async fn delete_machine(&self, arn: &MachineArn) -> Result<(), StoreError> {
        self.memory.delete_machine(arn).await
    }

    async fn machines(
        &self,
        place: &str,
        items_max: u32,
        from: Option<&str>,
    ) -> Result<Page<Machine>, StoreError> {
        self.memory.machines(place, items_max, from).await
    }
}

impl Logs for Faulty {
    fn log(&self, lines: Vec<LogLine>) {
        self.memory.log(lines);
    }
}

impl Documents for Faulty {
    async fn document(&self, id: &DocumentId) -> Result<Option<String>, StoreError> {
        self.memory.document(id).await
    }

    async fn swap_document(
        &self,
        id: &DocumentId,
        before: Option<&str>,
        after: Option<&str>,
    ) -> Result<bool, StoreError> {
        self.point()?;
        let is_done = self.memory.swap_document(id, before, after).await?;
        self.point()?;
        Ok(is_done)
    }

    async fn documents(
        &self,
        kind: DocumentKind,
        group: &str,
        items_max: u32,
        from: Option<&str>,
    ) -> Result<Page<(String, String)>, StoreError> {
        self.memory.documents(kind, group, items_max, from).await
    }
}

impl Clock for Faulty {
    fn now(&self) -> Timestamp {
        self.memory.now()
    }
}

impl Chance for Faulty {
    fn bits(&self) -> u128 {
        self.memory.bits()
    }
}
