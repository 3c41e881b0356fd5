//! Executions: headers, records, joins, lists.

mod header;
mod join;
mod list;
mod record;

use crate::Aws;
use crate::item::n;
use crate::limits::EXECUTION_DAYS_MAX;
use aws_sdk_dynamodb::types::AttributeValue;
use baton_engine::{Claim, ForkId, Marked, Record, ScopePath, Sequence};
use baton_store::{
    ClaimAnswer, Clock, CommitError, Created, Durability, ExecutionArn, ExecutionQuery, Header,
    JoinAnswer, JoinMark, Journal, Loaded, Page, Redrive, Status, StoreError,
};
use jiff::Timestamp;
use std::sync::Arc;

impl Journal for Aws {
    async fn create(&self, header: &Header) -> Result<Created, StoreError> {
        self.list_started(header).await?;
        self.create_header(header).await
    }

    async fn load(
        &self,
        execution: &ExecutionArn,
        scope: &ScopePath,
        sequence: Sequence,
    ) -> Result<Option<Loaded>, StoreError> {
        self.load_both(execution, scope, sequence).await
    }

    async fn header(&self, execution: &ExecutionArn) -> Result<Option<Arc<Header>>, StoreError> {
        self.load_header(execution).await
    }

    async fn newest(
        &self,
        execution: &ExecutionArn,
        scope: &ScopePath,
    ) -> Result<Option<Marked>, StoreError> {
        self.newest_record(execution, scope).await
    }

    // DynamoDB has no cheaper way than the durable one.
    async fn commit(
        &self,
        execution: &ExecutionArn,
        record: &Arc<Record>,
        _: Durability,
    ) -> Result<(), CommitError> {
        self.commit_record(execution, record).await
    }

    async fn claim(
        &self,
        execution: &ExecutionArn,
        scope: &ScopePath,
        sequence: Sequence,
        claim: &Claim,
    ) -> Result<ClaimAnswer, StoreError> {
        self.claim_record(execution, scope, sequence, claim).await
    }

    async fn heartbeat(
        &self,
        execution: &ExecutionArn,
        scope: &ScopePath,
        sequence: Sequence,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.note_heartbeat(execution, scope, sequence, at).await
    }

    async fn close(&self, execution: &ExecutionArn, fork: &ForkId) -> Result<(), StoreError> {
        self.close_fork(execution, fork).await
    }

    async fn end(
        &self,
        execution: &ExecutionArn,
        redrives: u32,
        status: &Status,
    ) -> Result<(), StoreError> {
        let header = self.end_header(execution, redrives, status).await?;
        if !header.status.is_ended() {
            return Ok(());
        }
        self.list_ended(execution, header.execution.started, header.status.name()).await
    }

    async fn reopen(&self, execution: &ExecutionArn, redrive: &Redrive) -> Result<(), StoreError> {
        let Some(ended) = self.reopen_header(execution, redrive).await? else { return Ok(()) };
        self.list_reopened(execution, ended.execution.started, ended.status.name()).await
    }

    async fn join(
        &self,
        execution: &ExecutionArn,
        mark: &JoinMark,
    ) -> Result<JoinAnswer, StoreError> {
        join::join(self, execution, mark).await
    }

    async fn joined(
        &self,
        execution: &ExecutionArn,
        fork: &ForkId,
        width: u32,
    ) -> Result<Vec<Arc<Record>>, StoreError> {
        self.joined_records(execution, fork, width).await
    }

    async fn children(
        &self,
        execution: &ExecutionArn,
        fork: &ForkId,
    ) -> Result<Vec<(u32, Marked)>, StoreError> {
        self.newest_of_children(execution, fork).await
    }

    async fn records(
        &self,
        execution: &ExecutionArn,
        from: Option<&str>,
    ) -> Result<Page<Marked>, StoreError> {
        self.record_page(execution, from).await
    }

    async fn executions(
        &self,
        query: &ExecutionQuery,
        from: Option<&str>,
    ) -> Result<Page<Arc<Header>>, StoreError> {
        let (listed, next) = self.listed(query, from).await?;
        let mut items = self.headers(&listed).await?;
        items.retain(|header| query.status.is_none_or(|status| header.status.name() == status));
        Ok(Page { items, next })
    }
}

impl Aws {
    /// When something of an execution that may still run is no longer needed, whenever it ends.
    pub(crate) fn expires(&self) -> AttributeValue {
        n(self.days_from_now(self.retention_days.saturating_add(EXECUTION_DAYS_MAX)))
    }

    /// When something of an execution that has just ended is no longer needed.
    fn expires_ended(&self) -> AttributeValue {
        n(self.days_from_now(self.retention_days))
    }

    fn days_from_now(&self, days: i64) -> i64 {
        self.now().as_second().saturating_add(days.saturating_mul(86_400))
    }
}
