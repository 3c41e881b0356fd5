//! Executions: [`Journal`] by deciding in memory and writing in groups.

use crate::Embedded;
use crate::limits;
use crate::live::Newest;
use crate::read::{Placed, Reader};
use crate::shared::{Shared, durable};
use crate::state::{
    Children, Committed, Found, FoundRecord, KnownHeader, Step, Synced, last_of_each, missing,
};
use crate::write::{ExecutionRow, Write};
use baton_engine::{Claim, ForkId, Hop, Marked, Record, ScopePath, Sequence};
use baton_store::records::{Encoded, Kept, encode, redrives_text};
use baton_store::{
    ClaimAnswer, CommitError, Created, Durability, ExecutionArn, ExecutionQuery, Header,
    JoinAnswer, JoinMark, Journal, Loaded, Page, Redrive, Status, StoreError,
};
use jiff::Timestamp;
use std::sync::Arc;

/// Asks until the answer does not depend on writes that are under way.
macro_rules! settled {
    ($shared:expr, $decide:expr) => {
        loop {
            match $shared.decide($decide)? {
                Step::Done(answer) => break answer,
                Step::After(synced) => durable(Some(synced)).await?,
            }
        }
    };
}

impl Journal for Embedded {
    async fn create(&self, header: &Header) -> Result<Created, StoreError> {
        let shared = &self.shared;
        let header = Arc::new(header.clone());
        let encoded = shared.packing().encode(&*header);
        let row = |id, facts| {
            Write::Create(Box::new(ExecutionRow {
                id,
                arn: header.execution.arn.to_string(),
                machine: header.machine.to_string(),
                started: header.execution.started.as_millisecond(),
                facts,
            }))
        };
        let created = shared.decide(|state| {
            state.create(&header, |id| shared.writes(encoded, |facts| row(id, facts)))
        })?;
        match created {
            Ok(synced) => {
                durable(synced).await?;
                Ok(Created::New)
            }
            Err(synced) => {
                durable(synced).await?;
                let arn = header.arn();
                let there = self.header(&arn).await?.ok_or_else(|| missing("execution", &arn))?;
                Ok(Created::Exists(Box::new(Header::clone(&there))))
            }
        }
    }

    async fn load(
        &self,
        execution: &ExecutionArn,
        scope: &ScopePath,
        sequence: Sequence,
    ) -> Result<Option<Loaded>, StoreError> {
        let shared = &self.shared;
        let found = settled!(shared, |state| state.find(execution, scope, Some(sequence)));
        let Some(found) = found else { return Ok(None) };
        let record = shared.read_found(&found, execution, scope, Some(sequence))?;
        let header = shared.read_header(found.header, execution)?;
        Ok(Some(Loaded { header, record }))
    }

    async fn header(&self, execution: &ExecutionArn) -> Result<Option<Arc<Header>>, StoreError> {
        let shared = &self.shared;
        let Some((header, synced)) = shared.decide(|state| state.find_header(execution))? else {
            return Ok(None);
        };
        durable(synced).await?;
        shared.read_header(header, execution).map(Some)
    }

    async fn newest(
        &self,
        execution: &ExecutionArn,
        scope: &ScopePath,
    ) -> Result<Option<Marked>, StoreError> {
        let shared = &self.shared;
        let found = settled!(shared, |state| state.find(execution, scope, None));
        match found {
            Some(found) => shared.read_found(&found, execution, scope, None),
            None => Ok(None),
        }
    }

    async fn commit(
        &self,
        execution: &ExecutionArn,
        record: &Arc<Record>,
        durability: Durability,
    ) -> Result<(), CommitError> {
        let shared = &self.shared;
        let mut encoded = Some(shared.packing().encode(&**record));
        let committed = loop {
            let step = shared.decide(|state| {
                state.commit(execution, record, durability, |id| {
                    let row = |document| record_write(id, record, document);
                    encoded.take().map_or_else(Vec::new, |encoded| shared.writes(encoded, row))
                })
            })?;
            match step {
                Step::Done(committed) => break committed,
                Step::After(synced) => durable(Some(synced)).await?,
            }
        };
        match committed {
            Committed::Accepted => Ok(()),
            Committed::Waiting(synced) => Ok(durable(Some(synced)).await?),
            Committed::Superseded => Err(CommitError::Superseded {
                scope: record.scope.clone(),
                sequence: record.sequence,
            }),
        }
    }

    async fn claim(
        &self,
        execution: &ExecutionArn,
        scope: &ScopePath,
        sequence: Sequence,
        claim: &Claim,
    ) -> Result<ClaimAnswer, StoreError> {
        let shared = &self.shared;
        let write = |execution| Write::Claim {
            execution,
            scope: scope.to_string(),
            sequence: sequence.0,
            claim: encode(claim).bytes,
        };
        let (answer, synced) =
            settled!(shared, |state| state.claim(execution, scope, sequence, claim, write));
        durable(synced).await?;
        Ok(answer)
    }

    async fn heartbeat(
        &self,
        execution: &ExecutionArn,
        scope: &ScopePath,
        sequence: Sequence,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let shared = &self.shared;
        durable(settled!(shared, |state| state.heartbeat(execution, scope, sequence, at))).await
    }

    async fn close(&self, execution: &ExecutionArn, fork: &ForkId) -> Result<(), StoreError> {
        self.shared.decide(|state| state.close(execution, fork))
    }

    async fn end(
        &self,
        execution: &ExecutionArn,
        redrives: u32,
        status: &Status,
    ) -> Result<(), StoreError> {
        let shared = &self.shared;
        let encoded = shared.packing().encode(status);
        let row = |execution, outcome| Write::End {
            execution,
            status: status.name().as_str(),
            stopped: status.stopped().map(Timestamp::as_millisecond),
            outcome,
        };
        let synced = shared.decide(|state| {
            state.end(execution, redrives, status, |id| {
                shared.writes(encoded, |outcome| row(id, outcome))
            })
        })?;
        durable(synced).await
    }

    async fn reopen(&self, execution: &ExecutionArn, redrive: &Redrive) -> Result<(), StoreError> {
        let header = self.header(execution).await?;
        let mut header = Header::clone(&*header.ok_or_else(|| missing("execution", execution))?);
        let is_next = header.execution.redrives.count + 1 == redrive.count;
        if !header.status.is_ended() || !is_next {
            return Ok(());
        }
        header.take_redrive(redrive);
        let redrives = redrives_text(&header).unwrap_or_default();
        let write = |execution, closed| Write::Reopen { execution, closed, redrives };
        let synced =
            self.shared.decide(|state| state.reopen(execution, Arc::new(header), write))?;
        durable(synced).await
    }

    async fn join(
        &self,
        execution: &ExecutionArn,
        mark: &JoinMark,
    ) -> Result<JoinAnswer, StoreError> {
        let shared = &self.shared;
        Ok(settled!(shared, |state| state.join(execution, mark)))
    }

    async fn joined(
        &self,
        execution: &ExecutionArn,
        fork: &ForkId,
        width: u32,
    ) -> Result<Vec<Arc<Record>>, StoreError> {
        let shared = &self.shared;
        let id = match settled!(shared, |state| state.joined(execution, fork, width)) {
            Children::Known(records) => return Ok(records),
            Children::InFile(id) => id,
        };
        let (execution, fork) = (execution.clone(), fork.clone());
        shared.read_aside(move |reader| read_joined(reader, id, &execution, &fork, width)).await
    }

    async fn children(
        &self,
        execution: &ExecutionArn,
        fork: &ForkId,
    ) -> Result<Vec<(u32, Marked)>, StoreError> {
        let shared = &self.shared;
        let children = match settled!(shared, |state| state.children(execution, fork)) {
            Children::Known(children) => children,
            Children::InFile(id) => {
                let fork = fork.clone();
                return shared.read_aside(move |reader| reader.children(id, &fork)).await;
            }
        };
        let marked = |(child, newest): (u32, Newest)| {
            let record = newest.record.ok_or_else(|| missing("record", execution))?;
            Ok((child, Marked { record, marks: newest.marks }))
        };
        children.into_iter().map(marked).collect()
    }

    async fn records(
        &self,
        execution: &ExecutionArn,
        from: Option<&str>,
    ) -> Result<Page<Marked>, StoreError> {
        self.all_durable().await?;
        let after = match from {
            Some(page) => read_page(page)?,
            None => (String::new(), -1),
        };
        let arn = execution.clone();
        self.shared.read_aside(move |reader| read_records(reader, &arn, &after)).await
    }

    async fn executions(
        &self,
        query: &ExecutionQuery,
        from: Option<&str>,
    ) -> Result<Page<Arc<Header>>, StoreError> {
        self.all_durable().await?;
        let before = match from {
            Some(page) => {
                let (id, started) = read_page(page)?;
                (started, id.parse().map_err(|_| unknown_page(page))?)
            }
            None => (i64::MAX, i64::MAX),
        };
        let query = query.clone();
        self.shared.read_aside(move |reader| crate::list::executions(reader, &query, before)).await
    }
}

impl Embedded {
    /// Waits until everything that was accepted is in the file.
    pub(crate) async fn all_durable(&self) -> Result<(), StoreError> {
        durable(self.shared.decide(|state| Ok::<Option<Synced>, _>(state.after_all()))?).await
    }
}

impl Shared {
    /// The writes of a document: its blobs first. From here on they are known to come before whatever is written later.
    fn writes(&self, encoded: Encoded, row: impl FnOnce(Vec<u8>) -> Write) -> Vec<Write> {
        let mut writes = Vec::with_capacity(encoded.blobs.len() + 1);
        for blob in encoded.blobs {
            self.blobs.put(blob.hash, &blob.payload);
            writes.push(Write::blob(blob));
        }
        writes.push(row(encoded.bytes));
        writes
    }

    /// The record that was found, read from the file where memory has not got it.
    fn read_found(
        &self,
        found: &Found,
        execution: &ExecutionArn,
        scope: &ScopePath,
        sequence: Option<Sequence>,
    ) -> Result<Option<Marked>, StoreError> {
        let read =
            |sequence| self.read(|reader| reader.record(found.id, &scope.to_string(), sequence));
        match (&found.record, sequence) {
            (FoundRecord::Absent, _) | (FoundRecord::Older, None) => Ok(None),
            (FoundRecord::Older, Some(sequence)) => read(sequence),
            (FoundRecord::Newest(Newest { record: Some(record), marks, .. }), _) => {
                Ok(Some(Marked { record: record.clone(), marks: marks.clone() }))
            }
            (FoundRecord::Newest(newest), _) => {
                let there = read(newest.sequence)?.ok_or_else(|| missing("record", execution))?;
                self.lock().fill(execution, None, Some(&there.record));
                Ok(Some(Marked { marks: newest.marks.clone(), ..there }))
            }
        }
    }

    fn read_header(
        &self,
        known: KnownHeader,
        execution: &ExecutionArn,
    ) -> Result<Arc<Header>, StoreError> {
        let overlay = match known {
            Ok(header) => return Ok(header),
            Err(overlay) => overlay,
        };
        let there = self.read(|reader| reader.header(execution.as_str()))?;
        let header = overlay.apply(there.ok_or_else(|| missing("execution", execution))?);
        let header = Arc::new(header);
        self.lock().fill(execution, Some(&header), None);
        Ok(header)
    }

    /// Reads what may take long, on a thread of its own.
    pub(crate) async fn read_aside<T: Send + 'static>(
        self: &Arc<Self>,
        read: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let shared = self.clone();
        let reading = tokio::task::spawn_blocking(move || shared.read(read));
        let unavailable = |source: tokio::task::JoinError| StoreError::Unavailable {
            what: "data file",
            source: source.into(),
        };
        reading.await.map_err(unavailable)?
    }
}

fn record_write(id: i64, record: &Record, document: Vec<u8>) -> Write {
    let (scope, sequence) = (record.scope.to_string(), record.sequence.0);
    Write::Record { execution: id, scope, sequence, document }
}

fn read_joined(
    reader: &Reader,
    id: i64,
    execution: &ExecutionArn,
    fork: &ForkId,
    width: u32,
) -> Result<Vec<Arc<Record>>, StoreError> {
    let last = last_of_each(&reader.join(id, fork)?, width, execution)?;
    (0_u32..)
        .zip(last)
        .map(|(child, sequence)| {
            let scope = fork.scope.child(Hop { fork: fork.fork, child }).to_string();
            let there = reader.record(id, &scope, sequence)?;
            there.map(|marked| marked.record).ok_or_else(|| missing(Record::WHAT, execution))
        })
        .collect()
}

fn read_records(
    reader: &Reader,
    execution: &ExecutionArn,
    after: &(String, i64),
) -> Result<Page<Marked>, StoreError> {
    let standing = reader.standing(execution.as_str())?;
    let id = standing.ok_or_else(|| missing("execution", execution))?.id;
    let mut placed = reader.records_after(id, after, limits::RECORDS_PER_PAGE + 1)?;
    let has_more = placed.len() > limits::RECORDS_PER_PAGE as usize;
    placed.truncate(limits::RECORDS_PER_PAGE as usize);
    let next = placed
        .last()
        .filter(|_| has_more)
        .map(|Placed { scope, marked }| page(scope, i64::from(marked.record.sequence.0)));
    Ok(Page { items: placed.into_iter().map(|placed| placed.marked).collect(), next })
}

/// Where a page ends.
pub(crate) fn page(key: &str, number: i64) -> String {
    format!("{key}:{number}")
}

fn read_page(text: &str) -> Result<(String, i64), StoreError> {
    let read = text.rsplit_once(':').and_then(|(key, number)| Some((key, number.parse().ok()?)));
    let (key, number) = read.ok_or_else(|| unknown_page(text))?;
    Ok((key.to_owned(), number))
}

fn unknown_page(text: &str) -> StoreError {
    let key = text.chars().take(64).collect();
    StoreError::Corrupt { what: "page", key, source: "no page is called so".into() }
}
