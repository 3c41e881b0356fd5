//! What is decided in memory: which number is free, who holds a claim, which child is next.
//!
//! # Invariants
//!
//! * Writes stand in the inbox in the order in which they were accepted, and become durable in that order.
//! * An execution that is not in memory is in the file as a whole. So it leaves memory only when all its writes are durable.
//! * Under the state's lock the file is read by key alone, and nothing is decoded but a claim.

mod answer;
mod forks;
mod inbox;

pub(crate) use answer::{Children, Committed, Found, FoundRecord, KnownHeader, Overlay, Step};
pub(crate) use forks::last_of_each;
pub(crate) use inbox::{Failure, Inbox, Synced};

use crate::limits;
use crate::live::{Live, Newest};
use crate::read::{Reader, forks_text};
use crate::shared::failed;
use crate::write::Write;
use baton_engine::{Claim, ForkId, Record, ScopePath, Sequence};
use baton_store::{ClaimAnswer, Durability, ExecutionArn, Header, Status, StoreError};
use indexmap::IndexMap;
use jiff::Timestamp;
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::oneshot;

/// Everything that is decided in memory.
#[derive(Debug)]
pub(crate) struct State {
    /// Reads under the lock; nothing once the file is closed.
    pub(crate) reader: Option<Reader>,
    pub(crate) inbox: Inbox,
    /// Who waits for the group that is being written.
    pub(crate) in_flight: Vec<oneshot::Sender<Result<(), Failure>>>,
    /// The latest group that is durable.
    pub(crate) durable: u64,
    pub(crate) failed: Option<Failure>,
    pub(crate) is_closing: bool,
    live: IndexMap<ExecutionArn, Live>,
    /// Executions that were only read, oldest first: they leave memory when others come.
    read_only: VecDeque<(ExecutionArn, u64)>,
    reads: u64,
    next_id: i64,
}

impl State {
    pub(crate) fn new(reader: Reader, next_id: i64) -> Self {
        State {
            reader: Some(reader),
            inbox: Inbox::new(1),
            in_flight: Vec::new(),
            durable: 0,
            failed: None,
            is_closing: false,
            live: IndexMap::new(),
            read_only: VecDeque::new(),
            reads: 0,
            next_id,
        }
    }

    fn reader(&self) -> Result<&Reader, StoreError> {
        self.reader.as_ref().ok_or_else(|| failed("the data file is closed"))
    }

    /// The execution, brought into memory if it is in the file.
    fn live(&mut self, arn: &ExecutionArn) -> Result<Option<&mut Live>, StoreError> {
        if !self.live.contains_key(arn) {
            let Some(standing) = self.reader()?.standing(arn.as_str())? else { return Ok(None) };
            self.make_room(arn);
            let closed = standing.closed;
            let mut live = Live::known(standing.id, standing.is_ended, closed, self.reads);
            live.redrives = standing.redrives;
            self.live.insert(arn.clone(), live);
        }
        Ok(self.live.get_mut(arn))
    }

    /// Makes room for an execution that is read.
    fn make_room(&mut self, arn: &ExecutionArn) {
        self.reads += 1;
        self.read_only.push_back((arn.clone(), self.reads));
        if self.read_only.len() > limits::READ_ONLY_MAX
            && let Some((oldest, read)) = self.read_only.pop_front()
        {
            self.take_if(&oldest, |live| live.group == 0 && live.read == read);
        }
    }

    fn take_if(&mut self, arn: &ExecutionArn, may_go: impl FnOnce(&Live) -> bool) -> Option<Live> {
        self.live.get(arn).is_some_and(may_go).then(|| self.live.swap_remove(arn)).flatten()
    }

    /// As [`State::live`], with the scope's newest record in it, if there is one.
    fn with_newest(
        &mut self,
        arn: &ExecutionArn,
        scope: &ScopePath,
    ) -> Result<Step<Option<&mut Live>>, StoreError> {
        let Some(live) = self.live(arn)? else { return Ok(Step::Done(None)) };
        let (id, group) = (live.id, live.group);
        if live.newest(scope).is_none() && !live.knows_absent(scope) {
            if let Some(synced) = self.after(group) {
                return Ok(Step::After(synced));
            }
            let brief = self.reader()?.newest(id, &scope.to_string())?;
            if let (Some(brief), Some(live)) = (brief, self.live.get_mut(arn)) {
                let (sequence, marks) = (brief.sequence, brief.marks);
                live.put(scope, Newest { sequence, record: None, marks, is_busy: false });
            }
        }
        Ok(Step::Done(self.live.get_mut(arn)))
    }

    /// Something to wait for until a group is durable, if it is not.
    pub(crate) fn after(&mut self, group: u64) -> Option<Synced> {
        if group <= self.durable {
            return None;
        }
        let (sender, synced) = oneshot::channel();
        if group == self.inbox.group {
            self.inbox.waiters.push(sender);
        } else {
            self.in_flight.push(sender);
        }
        Some(synced)
    }

    /// Something to wait for until everything that was accepted is durable, if it is not.
    pub(crate) fn after_all(&mut self) -> Option<Synced> {
        let is_empty = self.inbox.writes.is_empty();
        let group = if is_empty { self.inbox.group - 1 } else { self.inbox.group };
        self.after(group)
    }

    /// Accepts writes of an execution. It stays in memory until they are durable.
    fn accept(&mut self, arn: &ExecutionArn, writes: impl IntoIterator<Item = Write>) {
        let group = self.inbox.group;
        if let Some(live) = self.live.get_mut(arn)
            && live.group != group
        {
            live.group = group;
            self.inbox.touched.push(arn.clone());
        }
        for write in writes {
            self.inbox.push(write);
        }
    }

    /// Takes executions out of memory whose writes are durable and that wait for something. To drop them takes time, which is
    /// the caller's.
    pub(crate) fn settle(&mut self, group: u64, touched: &[ExecutionArn]) -> Vec<Live> {
        self.durable = group;
        let leaves = |live: &Live| live.group == group && live.is_parked();
        touched.iter().filter_map(|arn| self.take_if(arn, leaves)).collect()
    }

    /// A write that belongs to no execution.
    pub(crate) fn accept_machine(&mut self, write: Write) {
        self.inbox.push(write);
    }

    /// Creates an execution if there is none. The writes are made for the number it gets.
    pub(crate) fn create(
        &mut self,
        header: &Arc<Header>,
        writes: impl FnOnce(i64) -> Vec<Write>,
    ) -> Result<Result<Option<Synced>, Option<Synced>>, StoreError> {
        let arn = header.arn();
        if let Some(live) = self.live(&arn)? {
            let group = live.group;
            return Ok(Err(self.after(group)));
        }
        let id = self.next_id;
        self.next_id += 1;
        self.live.insert(arn.clone(), Live::begun(id, header.clone()));
        self.accept(&arn, writes(id));
        let group = self.inbox.group;
        Ok(Ok(self.after(group)))
    }

    /// Finds an execution's header.
    pub(crate) fn find_header(
        &mut self,
        arn: &ExecutionArn,
    ) -> Result<Option<(KnownHeader, Option<Synced>)>, StoreError> {
        let Some(live) = self.live(arn)? else { return Ok(None) };
        let (header, group, is_ended) = (answer::known_header(live), live.group, live.is_ended);
        // That an execution has ended is told once it cannot be undone.
        let synced = if is_ended { self.after(group) } else { None };
        Ok(Some((header, synced)))
    }

    /// Finds a record with its header: the one of this number, or the newest.
    pub(crate) fn find(
        &mut self,
        arn: &ExecutionArn,
        scope: &ScopePath,
        sequence: Option<Sequence>,
    ) -> Result<Step<Option<Found>>, StoreError> {
        let live = match self.with_newest(arn, scope)? {
            Step::Done(Some(live)) => live,
            Step::Done(None) => return Ok(Step::Done(None)),
            Step::After(synced) => return Ok(Step::After(synced)),
        };
        let (id, group, header) = (live.id, live.group, answer::known_header(live));
        let record = match live.newest(scope) {
            Some(newest) if sequence.is_none_or(|wanted| wanted == newest.sequence) => {
                FoundRecord::Newest(newest.clone())
            }
            Some(newest) if sequence < Some(newest.sequence) => FoundRecord::Older,
            _ => FoundRecord::Absent,
        };
        if matches!(record, FoundRecord::Older)
            && let Some(synced) = self.after(group)
        {
            return Ok(Step::After(synced));
        }
        Ok(Step::Done(Some(Found { id, header, record })))
    }

    /// Keeps what was read, for the next one who asks.
    pub(crate) fn fill(
        &mut self,
        arn: &ExecutionArn,
        header: Option<&Arc<Header>>,
        record: Option<&Arc<Record>>,
    ) {
        let Some(live) = self.live.get_mut(arn) else { return };
        if live.header.is_none()
            && let Some(header) = header
        {
            // What was read may be older than what was accepted since.
            let overlay = Overlay { ended: live.ended.clone(), closed: live.closed.clone() };
            live.header = Some(Arc::new(overlay.apply(Header::clone(header))));
        }
        if let Some(record) = record
            && let Some(newest) = live.newest_mut(&record.scope)
            && newest.sequence == record.sequence
        {
            newest.record.get_or_insert_with(|| record.clone());
        }
    }

    /// Accepts a record if its number is free.
    pub(crate) fn commit(
        &mut self,
        arn: &ExecutionArn,
        record: &Arc<Record>,
        durability: Durability,
        writes: impl FnOnce(i64) -> Vec<Write>,
    ) -> Result<Step<Committed>, StoreError> {
        let live = match self.with_newest(arn, &record.scope)? {
            Step::Done(Some(live)) => live,
            Step::Done(None) => return Err(missing("execution", arn)),
            Step::After(synced) => return Ok(Step::After(synced)),
        };
        let free = live.newest(&record.scope).map_or(Sequence::FIRST, |it| it.sequence.next());
        if record.sequence < free {
            return Ok(Step::Done(Committed::Superseded));
        } else if record.sequence > free {
            return Err(missing("record before", arn));
        }
        let id = live.id;
        live.commit(record);
        self.accept(arn, writes(id));
        let has_room = self.inbox.bytes < limits::WAITING_BYTES_MAX;
        if durability == Durability::Later && has_room {
            return Ok(Step::Done(Committed::Accepted));
        }
        let group = self.inbox.group;
        Ok(Step::Done(match self.after(group) {
            Some(synced) => Committed::Waiting(synced),
            None => Committed::Accepted,
        }))
    }

    /// Grants a claim if there is none. One on a record that has a successor is not: its call has been answered.
    pub(crate) fn claim(
        &mut self,
        arn: &ExecutionArn,
        scope: &ScopePath,
        sequence: Sequence,
        claim: &Claim,
        write: impl FnOnce(i64) -> Write,
    ) -> Result<Step<(ClaimAnswer, Option<Synced>)>, StoreError> {
        let live = match self.with_newest(arn, scope)? {
            Step::Done(Some(live)) => live,
            Step::Done(None) => return Err(missing("execution", arn)),
            Step::After(synced) => return Ok(Step::After(synced)),
        };
        let id = live.id;
        let newest = live.newest_mut(scope).filter(|newest| newest.sequence >= sequence);
        let newest = newest.ok_or_else(|| missing("record", arn))?;
        if newest.sequence > sequence {
            let held = Claim { worker: "none".into(), expires: Timestamp::MAX, ..claim.clone() };
            return Ok(Step::Done((ClaimAnswer::Held(held), None)));
        }
        if let Some(held) = newest.marks.claim.clone() {
            return Ok(Step::Done((ClaimAnswer::Held(held), None)));
        }
        newest.marks.claim = Some(claim.clone());
        self.accept(arn, [write(id)]);
        let group = self.inbox.group;
        Ok(Step::Done((ClaimAnswer::Granted, self.after(group))))
    }

    /// Notes a heartbeat. One on a record that has a successor is too late to matter.
    pub(crate) fn heartbeat(
        &mut self,
        arn: &ExecutionArn,
        scope: &ScopePath,
        sequence: Sequence,
        at: Timestamp,
    ) -> Result<Step<Option<Synced>>, StoreError> {
        let live = match self.with_newest(arn, scope)? {
            Step::Done(Some(live)) => live,
            Step::Done(None) => return Err(missing("execution", arn)),
            Step::After(synced) => return Ok(Step::After(synced)),
        };
        let id = live.id;
        let newest = live.newest_mut(scope).filter(|newest| newest.sequence >= sequence);
        let newest = newest.ok_or_else(|| missing("record", arn))?;
        let is_late = newest.sequence > sequence || newest.marks.heartbeat >= Some(at);
        if is_late {
            return Ok(Step::Done(None));
        }
        newest.marks.heartbeat = Some(at);
        let (scope, millis) = (scope.to_string(), at.as_millisecond());
        let write = Write::Heartbeat { execution: id, scope, sequence: sequence.0, millis };
        self.accept(arn, [write]);
        let group = self.inbox.group;
        Ok(Step::Done(self.after(group)))
    }

    /// Lists a fork as closed.
    pub(crate) fn close(&mut self, arn: &ExecutionArn, fork: &ForkId) -> Result<(), StoreError> {
        let live = self.live(arn)?.ok_or_else(|| missing("execution", arn))?;
        if !live.closed.insert(fork.clone()) {
            return Ok(());
        }
        if let Some(header) = &mut live.header {
            Arc::make_mut(header).closed.insert(fork.clone());
        }
        let write = Write::Close { execution: live.id, closed: forks_text(&live.closed) };
        self.accept(arn, [write]);
        Ok(())
    }

    /// Sets the status of an execution that runs and was redriven so often.
    pub(crate) fn end(
        &mut self,
        arn: &ExecutionArn,
        redrives: u32,
        status: &Status,
        writes: impl FnOnce(i64) -> Vec<Write>,
    ) -> Result<Option<Synced>, StoreError> {
        let live = self.live(arn)?.ok_or_else(|| missing("execution", arn))?;
        if !live.is_ended && live.redrives == redrives {
            live.is_ended = true;
            live.ended = Some(status.clone());
            if let Some(header) = &mut live.header {
                Arc::make_mut(header).status = status.clone();
            }
            let id = live.id;
            self.accept(arn, writes(id));
        }
        let group = self.live.get(arn).map_or(0, |live| live.group);
        Ok(self.after(group))
    }

    /// Lets an execution that has ended run again, with a header that says so.
    pub(crate) fn reopen(
        &mut self,
        arn: &ExecutionArn,
        header: Arc<Header>,
        write: impl FnOnce(i64, String) -> Write,
    ) -> Result<Option<Synced>, StoreError> {
        let live = self.live(arn)?.ok_or_else(|| missing("execution", arn))?;
        let count = header.execution.redrives.count;
        if live.is_ended && live.redrives + 1 == count {
            live.is_ended = false;
            live.ended = None;
            live.redrives = count;
            live.closed.clone_from(&header.closed);
            live.header = Some(header);
            let write = write(live.id, forks_text(&live.closed));
            self.accept(arn, [write]);
        }
        let group = self.live.get(arn).map_or(0, |live| live.group);
        Ok(self.after(group))
    }

    /// How many executions are in memory.
    pub(crate) fn live_count(&self) -> usize {
        self.live.len()
    }
}

pub(crate) fn missing(what: &'static str, arn: &ExecutionArn) -> StoreError {
    StoreError::Corrupt { what, key: arn.to_string(), source: "it is not there".into() }
}
