//! Executions in memory: headers, journals, joins.

use super::Memory;
use crate::{
    ClaimAnswer, CommitError, Created, Durability, ExecutionArn, ExecutionQuery, Header,
    JoinAnswer, JoinMark, Journal, Loaded, Outgoing, Page, Redrive, Status, StoreError,
    open_scopes, pending_cues,
};
use baton_engine::{Claim, ForkId, Hop, Marked, Marks, Record, ScopePath, Sequence};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

/// How many records one page holds: few, so that small tests turn pages too.
const RECORDS_PER_PAGE: usize = 16;

/// All executions, and which of their writes are not durable yet.
#[derive(Debug, Default)]
pub(super) struct Executions {
    kept: BTreeMap<ExecutionArn, Kept>,
    unsynced: Vec<(ExecutionArn, Unsynced)>,
}

#[derive(Debug)]
struct Kept {
    /// Counts executions: the later of two that started at once.
    number: u64,
    header: Arc<Header>,
    journals: BTreeMap<ScopePath, Vec<Marked>>,
    joins: BTreeMap<ForkId, BTreeMap<u32, Ended>>,
}

/// A child's end: its last record, and how many siblings had ended before it.
#[derive(Debug, Clone, Copy)]
struct Ended {
    last: Sequence,
    rank: u32,
}

/// A write that a crash may take away, by what undoes it.
#[derive(Debug)]
enum Unsynced {
    Record(ScopePath, Sequence),
    Join(ForkId, u32),
    Close(ForkId),
}

impl Executions {
    fn get(&self, arn: &ExecutionArn) -> Result<&Kept, StoreError> {
        self.kept.get(arn).ok_or_else(|| missing("execution", arn))
    }

    fn get_mut(&mut self, arn: &ExecutionArn) -> Result<&mut Kept, StoreError> {
        self.kept.get_mut(arn).ok_or_else(|| missing("execution", arn))
    }

    /// Writes become durable in order, so one durable write makes all before it durable.
    fn sync(&mut self) {
        self.unsynced.clear();
    }

    pub(super) fn pending_cues(&self) -> Vec<Outgoing> {
        self.kept.values().flat_map(Kept::pending_cues).collect()
    }

    pub(super) fn lose_unsynced(&mut self) {
        while let Some((arn, write)) = self.unsynced.pop() {
            if let Some(kept) = self.kept.get_mut(&arn) {
                kept.undo(&write);
            }
        }
    }
}

impl Kept {
    fn undo(&mut self, write: &Unsynced) {
        match write {
            Unsynced::Record(scope, sequence) => {
                if let Some(journal) = self.journals.get_mut(scope) {
                    journal.truncate(sequence.0 as usize);
                }
                self.journals.retain(|_, journal| !journal.is_empty());
            }
            Unsynced::Join(fork, child) => {
                if let Some(join) = self.joins.get_mut(fork) {
                    join.remove(child);
                }
            }
            Unsynced::Close(fork) => {
                Arc::make_mut(&mut self.header).closed.remove(fork);
            }
        }
    }

    fn pending_cues(&self) -> Vec<Outgoing> {
        let numbers: BTreeMap<ScopePath, Sequence> = self
            .journals
            .iter()
            .filter_map(|(scope, journal)| Some((scope.clone(), journal.last()?.record.sequence)))
            .collect();
        let open = open_scopes(&numbers, &self.header.closed);
        let newest: Vec<Arc<Record>> = open
            .filter_map(|(scope, _)| self.newest(scope).map(|marked| marked.record.clone()))
            .collect();
        pending_cues(&self.header, newest.iter().map(|record| &**record))
    }

    fn record(&self, scope: &ScopePath, sequence: Sequence) -> Option<&Marked> {
        self.journals.get(scope)?.get(sequence.0 as usize)
    }

    fn newest(&self, scope: &ScopePath) -> Option<&Marked> {
        self.journals.get(scope)?.last()
    }

    fn marks(&mut self, scope: &ScopePath, sequence: Sequence) -> Option<&mut Marks> {
        let marked = self.journals.get_mut(scope)?.get_mut(sequence.0 as usize)?;
        Some(&mut marked.marks)
    }

    fn join(&mut self, mark: &JoinMark) -> (JoinAnswer, bool) {
        let join = self.joins.entry(mark.fork.clone()).or_default();
        let rank = u32::try_from(join.len()).unwrap_or(u32::MAX);
        let is_first = !join.contains_key(&mark.child);
        let ended = join.entry(mark.child).or_insert(Ended { last: mark.last, rank });
        (mark.answer(ended.rank), is_first)
    }
}

impl Journal for Memory {
    async fn create(&self, header: &Header) -> Result<Created, StoreError> {
        let executions = &mut self.lock().executions;
        let arn = header.arn();
        if let Some(kept) = executions.kept.get(&arn) {
            return Ok(Created::Exists(Box::new(Header::clone(&kept.header))));
        }
        let kept = Kept {
            number: executions.kept.len() as u64,
            header: Arc::new(header.clone()),
            journals: BTreeMap::new(),
            joins: BTreeMap::new(),
        };
        executions.kept.insert(arn, kept);
        executions.sync();
        Ok(Created::New)
    }

    async fn load(
        &self,
        execution: &ExecutionArn,
        scope: &ScopePath,
        sequence: Sequence,
    ) -> Result<Option<Loaded>, StoreError> {
        Ok(self.lock().executions.kept.get(execution).map(|kept| Loaded {
            header: kept.header.clone(),
            record: kept.record(scope, sequence).cloned(),
        }))
    }

    async fn header(&self, execution: &ExecutionArn) -> Result<Option<Arc<Header>>, StoreError> {
        Ok(self.lock().executions.kept.get(execution).map(|kept| kept.header.clone()))
    }

    async fn newest(
        &self,
        execution: &ExecutionArn,
        scope: &ScopePath,
    ) -> Result<Option<Marked>, StoreError> {
        let inner = self.lock();
        Ok(inner.executions.kept.get(execution).and_then(|kept| kept.newest(scope)).cloned())
    }

    async fn commit(
        &self,
        execution: &ExecutionArn,
        record: &Arc<Record>,
        durability: Durability,
    ) -> Result<(), CommitError> {
        let executions = &mut self.lock().executions;
        let (scope, sequence) = (record.scope.clone(), record.sequence);
        let journal = executions.get_mut(execution)?.journals.entry(scope.clone()).or_default();
        match (sequence.0 as usize).cmp(&journal.len()) {
            std::cmp::Ordering::Less => return Err(CommitError::Superseded { scope, sequence }),
            std::cmp::Ordering::Greater => return Err(missing("record before", execution).into()),
            std::cmp::Ordering::Equal => {}
        }
        journal.push(Marked { record: record.clone(), marks: Marks::default() });
        match durability {
            Durability::Now => executions.sync(),
            Durability::Later => {
                executions.unsynced.push((execution.clone(), Unsynced::Record(scope, sequence)));
            }
        }
        Ok(())
    }

    async fn claim(
        &self,
        execution: &ExecutionArn,
        scope: &ScopePath,
        sequence: Sequence,
        claim: &Claim,
    ) -> Result<ClaimAnswer, StoreError> {
        let executions = &mut self.lock().executions;
        let marks = executions
            .get_mut(execution)?
            .marks(scope, sequence)
            .ok_or_else(|| missing("record", execution))?;
        if let Some(held) = &marks.claim {
            return Ok(ClaimAnswer::Held(held.clone()));
        }
        marks.claim = Some(claim.clone());
        executions.sync();
        Ok(ClaimAnswer::Granted)
    }

    async fn heartbeat(
        &self,
        execution: &ExecutionArn,
        scope: &ScopePath,
        sequence: Sequence,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let executions = &mut self.lock().executions;
        let marks = executions
            .get_mut(execution)?
            .marks(scope, sequence)
            .ok_or_else(|| missing("record", execution))?;
        marks.heartbeat = marks.heartbeat.max(Some(at));
        executions.sync();
        Ok(())
    }

    async fn close(&self, execution: &ExecutionArn, fork: &ForkId) -> Result<(), StoreError> {
        let executions = &mut self.lock().executions;
        let header = Arc::make_mut(&mut executions.get_mut(execution)?.header);
        if header.closed.insert(fork.clone()) {
            executions.unsynced.push((execution.clone(), Unsynced::Close(fork.clone())));
        }
        Ok(())
    }

    async fn end(
        &self,
        execution: &ExecutionArn,
        redrives: u32,
        status: &Status,
    ) -> Result<(), StoreError> {
        let executions = &mut self.lock().executions;
        let kept = executions.get_mut(execution)?;
        let is_current = kept.header.execution.redrives.count == redrives;
        if is_current && !kept.header.status.is_ended() {
            Arc::make_mut(&mut kept.header).status = status.clone();
        }
        executions.sync();
        Ok(())
    }

    async fn reopen(&self, execution: &ExecutionArn, redrive: &Redrive) -> Result<(), StoreError> {
        let executions = &mut self.lock().executions;
        let kept = executions.get_mut(execution)?;
        let is_next = kept.header.execution.redrives.count + 1 == redrive.count;
        if is_next && kept.header.status.is_ended() {
            Arc::make_mut(&mut kept.header).take_redrive(redrive);
        }
        executions.sync();
        Ok(())
    }

    async fn join(
        &self,
        execution: &ExecutionArn,
        mark: &JoinMark,
    ) -> Result<JoinAnswer, StoreError> {
        let executions = &mut self.lock().executions;
        let (answer, is_first) = executions.get_mut(execution)?.join(mark);
        if is_first {
            let write = Unsynced::Join(mark.fork.clone(), mark.child);
            executions.unsynced.push((execution.clone(), write));
        }
        Ok(answer)
    }

    async fn joined(
        &self,
        execution: &ExecutionArn,
        fork: &ForkId,
        width: u32,
    ) -> Result<Vec<Arc<Record>>, StoreError> {
        let inner = self.lock();
        let kept = inner.executions.get(execution)?;
        let last_of = |child| {
            let ended = kept.joins.get(fork)?.get(&child)?;
            let scope = fork.scope.child(Hop { fork: fork.fork, child });
            kept.record(&scope, ended.last).map(|marked| marked.record.clone())
        };
        (0..width)
            .map(|child| last_of(child).ok_or_else(|| missing("end of a child", execution)))
            .collect()
    }

    async fn children(
        &self,
        execution: &ExecutionArn,
        fork: &ForkId,
    ) -> Result<Vec<(u32, Marked)>, StoreError> {
        let inner = self.lock();
        let journals = &inner.executions.get(execution)?.journals;
        let newest_of = |(scope, journal): (&ScopePath, &Vec<Marked>)| {
            let (parent, hop) = scope.parent()?;
            let is_child = hop.fork == fork.fork && parent == fork.scope;
            Some((hop.child, journal.last().filter(|_| is_child)?.clone()))
        };
        Ok(journals.iter().filter_map(newest_of).collect())
    }

    async fn records(
        &self,
        execution: &ExecutionArn,
        from: Option<&str>,
    ) -> Result<Page<Marked>, StoreError> {
        let inner = self.lock();
        let kept = inner.executions.get(execution)?;
        let skipped = read_page::<usize>(from)?.unwrap_or(0);
        let mut rest = kept.journals.values().flatten().skip(skipped);
        let items: Vec<Marked> = rest.by_ref().take(RECORDS_PER_PAGE).cloned().collect();
        let next = rest.next().map(|_| skipped.saturating_add(items.len()).to_string());
        Ok(Page { items, next })
    }

    async fn executions(
        &self,
        query: &ExecutionQuery,
        from: Option<&str>,
    ) -> Result<Page<Arc<Header>>, StoreError> {
        let inner = self.lock();
        let mut listed: BTreeMap<(Timestamp, u64), &Arc<Header>> = BTreeMap::new();
        for kept in inner.executions.kept.values() {
            let header = &kept.header;
            let is_wanted = query.status.is_none_or(|status| header.status.name() == status);
            if header.machine == query.machine && is_wanted {
                listed.insert((header.execution.started, kept.number), header);
            }
        }
        let before = match read_page::<u64>(from)? {
            Some(number) => listed.keys().copied().find(|key| key.1 == number),
            None => None,
        };
        let end = before.map_or(Bound::Unbounded, Bound::Excluded);
        let mut rest = listed.range((Bound::Unbounded, end)).rev();
        let page: Vec<_> = rest.by_ref().take(query.items_max as usize).collect();
        let next = rest.next().and(page.last()).map(|((_, number), _)| number.to_string());
        Ok(Page { items: page.into_iter().map(|(_, header)| Arc::clone(header)).collect(), next })
    }
}

fn missing(what: &'static str, execution: &ExecutionArn) -> StoreError {
    StoreError::Corrupt { what, key: execution.to_string(), source: "it is not there".into() }
}

fn read_page<T: std::str::FromStr>(from: Option<&str>) -> Result<Option<T>, StoreError> {
    from.map(|text| {
        text.parse().map_err(|_| StoreError::Corrupt {
            what: "page",
            key: text.chars().take(64).collect(),
            source: "no page is called so".into(),
        })
    })
    .transpose()
}
