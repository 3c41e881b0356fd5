//! One execution in memory, as far as it is known there.
//!
//! # Invariants
//!
//! * What stands here is newer than the file or equal to it; what does not stand here is in the file, except for scopes
//!   whose parent has moved on, which may still wait to be written.
//! * Only what can change is needed to decide. Facts and records never change, so they are filled in when somebody reads them.

use baton_engine::{ForkId, Hop, Marks, Pending, Record, ScopePath, Sequence};
use baton_store::{Header, JoinAnswer, Status};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

/// An execution.
#[derive(Debug)]
pub(crate) struct Live {
    /// Its number in the file.
    pub(crate) id: i64,
    /// Its header, once somebody has read it.
    pub(crate) header: Option<Arc<Header>>,
    /// How it ended, if that is newer than the file may be.
    pub(crate) ended: Option<Status>,
    /// Whether it has ended.
    pub(crate) is_ended: bool,
    /// How often it was redriven.
    pub(crate) redrives: u32,
    /// Its closed forks.
    pub(crate) closed: BTreeSet<ForkId>,
    /// The group that holds its latest write.
    pub(crate) group: u64,
    /// Which reading of the file brought it here.
    pub(crate) read: u64,
    /// Whether it began here: what is missing was never written.
    is_whole: bool,
    newest: BTreeMap<ScopePath, Newest>,
    joins: BTreeMap<ForkId, BTreeMap<u32, Ended>>,
    /// How many children of a fork are about to begin; its joining, once it is about to happen, counts as one.
    coming: BTreeMap<ForkId, usize>,
    /// How much is about to happen: scopes that are busy, and all that is coming.
    busy: usize,
}

/// A scope's newest record.
#[derive(Debug, Clone)]
pub(crate) struct Newest {
    pub(crate) sequence: Sequence,
    /// The record itself, once somebody has read it.
    pub(crate) record: Option<Arc<Record>>,
    pub(crate) marks: Marks,
    /// Whether somebody is about to write the next one, or to tell others that it is the last.
    pub(crate) is_busy: bool,
}

/// A child's end: its last record, and how many siblings had ended before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) last: Sequence,
    pub(crate) rank: u32,
}

impl Live {
    /// An execution that begins.
    pub(crate) fn begun(id: i64, header: Arc<Header>) -> Self {
        Live { is_whole: true, header: Some(header), ..Live::known(id, false, BTreeSet::new(), 0) }
    }

    /// An execution that is in the file.
    pub(crate) fn known(id: i64, is_ended: bool, closed: BTreeSet<ForkId>, read: u64) -> Self {
        Live {
            id,
            header: None,
            ended: None,
            is_ended,
            redrives: 0,
            closed,
            group: 0,
            read,
            is_whole: false,
            newest: BTreeMap::new(),
            joins: BTreeMap::new(),
            coming: BTreeMap::new(),
            busy: 0,
        }
    }

    /// Whether nothing is about to happen, so that it need not stay in memory.
    pub(crate) fn is_parked(&self) -> bool {
        let is_about_to_begin = self.is_whole && self.newest.is_empty();
        self.is_ended || (self.busy == 0 && !is_about_to_begin)
    }

    /// A scope's newest record, if it is known here.
    pub(crate) fn newest(&self, scope: &ScopePath) -> Option<&Newest> {
        self.newest.get(scope)
    }

    /// As [`Live::newest`], to note something on it.
    pub(crate) fn newest_mut(&mut self, scope: &ScopePath) -> Option<&mut Newest> {
        self.newest.get_mut(scope)
    }

    /// Whether a scope that is not known here has no record anywhere.
    pub(crate) fn knows_absent(&self, scope: &ScopePath) -> bool {
        self.is_whole
            && scope.parent().is_none_or(|(parent, hop)| self.stands_at(&parent, hop.fork))
    }

    /// Whether all children of a fork that have begun are known here.
    pub(crate) fn knows_children(&self, fork: &ForkId) -> bool {
        self.is_whole && self.stands_at(&fork.scope, fork.fork)
    }

    fn stands_at(&self, scope: &ScopePath, sequence: Sequence) -> bool {
        self.newest.get(scope).is_some_and(|newest| newest.sequence == sequence)
    }

    /// Takes in a record that was just committed.
    pub(crate) fn commit(&mut self, record: &Arc<Record>) {
        let Record { scope, sequence, .. } = &**record;
        if let Some((parent, hop)) = scope.parent()
            && *sequence == Sequence::FIRST
        {
            self.note_arrival(&ForkId { scope: parent, fork: hop.fork });
        }
        self.put(scope, Newest::committed(record));
        if let Pending::Fork(fork) = &record.pending
            && !self.is_left(scope)
        {
            // One without children is joined at once.
            let coming = fork.width.min(fork.concurrency).max(1);
            self.note_coming(ForkId { scope: scope.clone(), fork: *sequence }, coming as usize);
        }
    }

    /// Takes in what the end of a child makes happen.
    pub(crate) fn note_end(&mut self, fork: &ForkId, child: u32, answer: JoinAnswer) {
        let scope = fork.scope.child(Hop { fork: fork.fork, child });
        if let Some(newest) = self.newest.get_mut(&scope) {
            self.busy -= usize::from(newest.is_busy);
            newest.is_busy = false;
        }
        if !self.is_left(&scope) {
            let coming = usize::from(answer.next.is_some()) + usize::from(answer.is_complete);
            self.note_coming(fork.clone(), coming);
        }
    }

    fn note_coming(&mut self, fork: ForkId, coming: usize) {
        self.busy += coming;
        *self.coming.entry(fork).or_default() += coming;
    }

    fn note_arrival(&mut self, fork: &ForkId) {
        if let Some(coming) = self.coming.get_mut(fork).filter(|coming| **coming > 0) {
            *coming -= 1;
            self.busy -= 1;
        }
    }

    /// Takes in a scope's newest record. What it leaves behind is forgotten.
    pub(crate) fn put(&mut self, scope: &ScopePath, mut newest: Newest) {
        newest.is_busy &= !self.is_left(scope);
        self.busy += usize::from(newest.is_busy);
        if let Some(before) = self.newest.insert(scope.clone(), newest) {
            self.busy -= usize::from(before.is_busy);
            let forked = before.record.as_ref().is_none_or(|record| is_fork(record));
            if forked {
                self.forget(&ForkId { scope: scope.clone(), fork: before.sequence });
            }
        }
    }

    /// Whether the scope's parent is known to have moved on without it.
    fn is_left(&self, scope: &ScopePath) -> bool {
        scope.parent().is_some_and(|(parent, hop)| match self.newest.get(&parent) {
            Some(newest) => newest.sequence != hop.fork,
            None => self.is_whole,
        })
    }

    fn forget(&mut self, fork: &ForkId) {
        self.joins.remove(fork);
        self.busy -= self.coming.remove(fork).unwrap_or_default();
        let below: Vec<ScopePath> = self.below(fork).map(|(scope, _)| scope.clone()).collect();
        for scope in below {
            let is_busy = self.newest.remove(&scope).is_some_and(|newest| newest.is_busy);
            self.busy -= usize::from(is_busy);
        }
    }

    /// The children of a fork that are known here, by index.
    pub(crate) fn children(&self, fork: &ForkId) -> impl Iterator<Item = (u32, &Newest)> {
        let depth = fork.scope.hops().len();
        self.below(fork).filter_map(move |(scope, newest)| {
            let (hop, above) = scope.hops().split_last()?;
            (above.len() == depth).then_some((hop.child, newest))
        })
    }

    /// Everything below a fork, which stands together in the order of scopes.
    fn below(&self, fork: &ForkId) -> impl Iterator<Item = (&ScopePath, &Newest)> {
        let child = |fork| Hop { fork, child: 0 };
        let first = fork.scope.child(child(fork.fork));
        let end = fork.scope.child(child(fork.fork.next()));
        self.newest.range((Bound::Included(first), Bound::Excluded(end)))
    }

    /// The children of a fork that ended, if that is known here.
    pub(crate) fn join(&mut self, fork: &ForkId) -> Option<&mut BTreeMap<u32, Ended>> {
        if self.is_whole {
            return Some(self.joins.entry(fork.clone()).or_default());
        }
        self.joins.get_mut(fork)
    }

    /// Takes in the children of a fork that ended, as the file has them.
    pub(crate) fn put_join(&mut self, fork: &ForkId, join: BTreeMap<u32, Ended>) {
        self.joins.insert(fork.clone(), join);
    }
}

impl Newest {
    fn committed(record: &Arc<Record>) -> Self {
        Newest {
            sequence: record.sequence,
            is_busy: is_busy(&record.pending),
            record: Some(record.clone()),
            marks: Marks::default(),
        }
    }
}

/// Whether something follows from a record at once, in this scope or, at its end, in the one above. Children move by
/// themselves.
fn is_busy(pending: &Pending) -> bool {
    match pending {
        Pending::Continue | Pending::Failing(_) | Pending::Ended(_) => true,
        Pending::Call(call) => !call.is_polled(),
        Pending::Until(_)
        | Pending::Retry { .. }
        | Pending::Callback(_)
        | Pending::Fork(_)
        | Pending::MapRun(_) => false,
    }
}

fn is_fork(record: &Record) -> bool {
    matches!(record.pending, Pending::Fork(_))
}

#[cfg(test)]
mod tests {
    use super::*;
    use baton_asl::{BlockId, StateName};
    use baton_engine::{End, Fork, Moment, Payload, Visit};
    use jiff::Timestamp;
    use serde_json::Value;

    #[test]
    fn an_execution_is_parked_while_nothing_is_about_to_happen() {
        let mut live = begun();
        assert!(!live.is_parked(), "it is about to begin");
        put(&mut live, "top", 0, true);
        assert!(!live.is_parked());
        put(&mut live, "top", 1, false);
        assert!(live.is_parked());
        put(&mut live, "1.0", 0, true);
        put(&mut live, "1.1", 0, true);
        put(&mut live, "1.0", 1, false);
        assert!(!live.is_parked());
        put(&mut live, "1.1", 1, false);
        assert!(live.is_parked());
    }

    #[test]
    fn an_execution_stays_until_a_fork_has_all_its_children() {
        let mut live = begun();
        commit(&mut live, "top", 0, fork(3, 2));
        commit(&mut live, "0.0", 0, wait());
        assert!(!live.is_parked(), "child 1 is about to begin");
        commit(&mut live, "0.1", 0, wait());
        assert!(live.is_parked());
        commit(&mut live, "0.0", 1, ended());
        assert!(!live.is_parked(), "the end of child 0 is about to be told");
        end(&mut live, 0, JoinAnswer { is_complete: false, next: Some(2) });
        assert!(!live.is_parked(), "child 2 is about to begin");
        commit(&mut live, "0.2", 0, wait());
        assert!(live.is_parked());
        for child in [1, 2] {
            commit(&mut live, &format!("0.{child}"), 1, ended());
            end(&mut live, child, JoinAnswer { is_complete: child == 2, next: None });
            assert_eq!(live.is_parked(), child == 1, "after the last the fork is joined");
        }
        commit(&mut live, "top", 1, wait());
        assert!(live.is_parked());
    }

    #[test]
    fn an_execution_stays_until_a_fork_without_children_is_joined() {
        let mut live = begun();
        commit(&mut live, "top", 0, fork(0, 1));
        assert!(!live.is_parked());
        commit(&mut live, "top", 1, wait());
        assert!(live.is_parked());
    }

    #[test]
    fn what_a_left_fork_still_does_keeps_nothing_in_memory() {
        let mut live = begun();
        commit(&mut live, "top", 0, fork(4, 3));
        commit(&mut live, "0.0", 0, ended());
        commit(&mut live, "top", 1, wait());
        assert!(live.is_parked());
        commit(&mut live, "0.1", 0, fork(2, 2));
        end(&mut live, 0, JoinAnswer { is_complete: false, next: Some(3) });
        assert!(live.is_parked());
    }

    #[test]
    fn a_fork_that_was_read_keeps_count_of_what_happens_since() {
        let mut live = Live::known(1, false, BTreeSet::new(), 1);
        put(&mut live, "top", 0, false);
        put(&mut live, "0.0", 0, false);
        commit(&mut live, "0.0", 1, ended());
        end(&mut live, 0, JoinAnswer { is_complete: false, next: Some(1) });
        assert!(!live.is_parked());
        commit(&mut live, "0.1", 0, wait());
        assert!(live.is_parked());
    }

    #[test]
    fn a_scope_that_moves_on_leaves_its_children_behind() {
        let mut live = begun();
        for (scope, is_busy) in [("top", false), ("0.0", true), ("0.0/0.3", true), ("0.1", true)] {
            put(&mut live, scope, 0, is_busy);
        }
        put(&mut live, "top", 1, false);
        assert!(live.is_parked());
        assert!(live.newest(&scope("0.0/0.3")).is_none());
        // What a child says all the same holds nobody up.
        put(&mut live, "0.0", 1, true);
        assert!(live.is_parked());
        assert!(!live.knows_absent(&scope("0.1")), "it has a record, which is forgotten");
    }

    #[test]
    fn only_what_began_here_knows_what_is_absent() {
        let mut live = begun();
        assert!(live.knows_absent(&scope("top")));
        assert!(!live.knows_absent(&scope("0.0")), "its parent is not there");
        put(&mut live, "top", 0, false);
        assert!(live.knows_absent(&scope("0.0")));
        assert!(!live.knows_absent(&scope("1.0")), "its parent stands elsewhere");
        let known = Live::known(1, false, BTreeSet::new(), 1);
        assert!(!known.knows_absent(&scope("top")));
    }

    #[test]
    fn children_are_those_of_the_fork_itself() {
        let mut live = begun();
        for name in ["top", "0.0", "0.2", "0.10", "0.2/0.1"] {
            put(&mut live, name, 0, false);
        }
        let fork = ForkId { scope: ScopePath::top(), fork: Sequence(0) };
        let children: Vec<u32> = live.children(&fork).map(|(child, _)| child).collect();
        assert_eq!(children, [0, 2, 10]);
    }

    fn begun() -> Live {
        Live { is_whole: true, ..Live::known(1, false, BTreeSet::new(), 0) }
    }

    fn put(live: &mut Live, name: &str, sequence: u32, is_busy: bool) {
        let (record, marks) = (None, Marks::default());
        let newest = Newest { sequence: Sequence(sequence), record, marks, is_busy };
        live.put(&scope(name), newest);
    }

    fn commit(live: &mut Live, name: &str, sequence: u32, pending: Pending) {
        live.commit(&Arc::new(Record {
            scope: scope(name),
            sequence: Sequence(sequence),
            moment: Moment::default(),
            events: Vec::new(),
            event_count: 0,
            events_before: 0,
            block: BlockId::TOP,
            state: StateName::parse("State").unwrap(),
            visit: Visit {
                input: Payload::new(Value::Null),
                entered: Timestamp::UNIX_EPOCH,
                entered_event: 0,
                retries: Vec::new(),
            },
            variables: Arc::default(),
            item: None,
            pending,
        }));
    }

    fn fork(width: u32, concurrency: u32) -> Pending {
        Pending::Fork(Fork { width, concurrency, input: Payload::new(Value::Null), resumes: None })
    }

    fn wait() -> Pending {
        Pending::Until(Timestamp::MAX)
    }

    fn ended() -> Pending {
        Pending::Ended(End::Succeeded(Payload::new(Value::Null)))
    }

    /// A child's end is told to the fork at record 0 of the top.
    fn end(live: &mut Live, child: u32, answer: JoinAnswer) {
        live.note_end(&ForkId { scope: ScopePath::top(), fork: Sequence(0) }, child, answer);
    }

    fn scope(text: &str) -> ScopePath {
        text.parse().unwrap()
    }
}
