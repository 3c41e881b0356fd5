//! Numbering as it happens, for executions whose records nobody keeps.

use super::thread::{Role, Step, Thread};
use super::{Numbered, started, started_event};
use crate::event::{Event, Link};
use crate::record::{Marked, Pending};
use crate::{Hop, Record, ScopePath, Sequence};
use std::collections::BTreeMap;
use std::ops::Bound;

/// Numbers records one by one in the order in which they come, whatever their scopes. An execution that is run by one
/// process alone has its history so, without a journal.
///
/// It holds a few numbers for each scope that others can still link to: a scope's descendants are forgotten when it moves
/// on from them, an iteration when the one that takes its place has begun.
#[derive(Debug, Default)]
pub struct Roll {
    threads: BTreeMap<ScopePath, Thread>,
    /// The starts of iterations that a Map's own scope has recorded, by that scope, its fork and the index.
    starts: BTreeMap<(ScopePath, Sequence, u32), u64>,
    last: u64,
}

impl Roll {
    /// A record's events with their numbers.
    pub fn record(&mut self, record: &Record) -> Vec<Numbered> {
        let scope = &record.scope;
        self.thread(scope).sequence = Some(record.sequence);
        let millis = record.moment.millis;
        let number = |event: &Event| self.number(scope, millis, event.clone());
        let events: Vec<Numbered> = record.events.iter().map(number).collect();
        // The next attempt of a Parallel or Map still links to the child that failed.
        if !matches!(record.pending, Pending::Retry { failed: Some(_), .. }) {
            self.forget_below(scope);
        }
        if record.sequence == Sequence::FIRST {
            self.forget_predecessor(record);
        }
        events
    }

    /// The `…Started` event of a record's call, which was just claimed.
    pub fn started(&mut self, marked: &Marked) -> Option<Numbered> {
        let (resource, claim) = started(marked)?;
        let event = started_event(resource, claim);
        Some(self.number(&marked.record.scope, claim.moment.millis, event))
    }

    /// How many scopes are held.
    #[must_use]
    pub fn scopes(&self) -> usize {
        self.threads.len()
    }

    fn number(&mut self, scope: &ScopePath, millis: i64, event: Event) -> Numbered {
        let step = Step::of(&event);
        let previous = self.cause(scope, event.link);
        self.last = self.last.saturating_add(1);
        let id = self.last;
        let thread = self.thread(scope);
        let is_first = thread.last == 0;
        thread.note(id, previous, &step);
        if let (Role::IterationStarted(index), Some(sequence), false) =
            (step.role, thread.sequence, is_first)
        {
            self.starts.insert((scope.clone(), sequence, index), id);
        }
        if let Some((parent, hop)) = scope.parent() {
            self.thread(&parent).children = Some((hop.fork, id));
        }
        Numbered { id, previous, millis, event }
    }

    fn cause(&self, scope: &ScopePath, link: Link) -> u64 {
        let own = self.threads.get(scope).cloned().unwrap_or_default();
        let parent = scope.parent().filter(|_| own.last == 0);
        let last_of = |scope: &ScopePath| self.threads.get(scope).map_or(0, |thread| thread.last);
        match (link, parent) {
            (Link::InsideChild(hop), parent) => {
                let family = parent.map_or_else(|| scope.clone(), |(parent, _)| parent);
                let inside = self.threads.get(&family.child(hop)).map_or(0, |child| child.inside);
                if inside > 0 { inside } else { last_of(&family) }
            }
            (Link::LastOfChildren(fork), _) => match own.children {
                Some((of, id)) if of == fork => id,
                Some(_) | None => own.last,
            },
            (Link::Previous, Some((parent, hop))) => {
                let start = self.starts.get(&(parent.clone(), hop.fork, hop.child)).copied();
                start.unwrap_or_else(|| last_of(&parent))
            }
            (
                Link::Root
                | Link::Previous
                | Link::Sibling
                | Link::BeforeEntered
                | Link::MapRunStarted,
                _,
            ) => own.follow(link).unwrap_or_default(),
        }
    }

    fn thread(&mut self, scope: &ScopePath) -> &mut Thread {
        if !self.threads.contains_key(scope) {
            self.threads.insert(scope.clone(), Thread::default());
        }
        self.threads.entry(scope.clone()).or_default()
    }

    /// Forgets all scopes below one that has moved on from them. They stand together in the order of scopes.
    fn forget_below(&mut self, scope: &ScopePath) {
        let depth = scope.hops().len();
        let is_below = |other: &ScopePath| {
            other.hops().len() > depth && other.hops().starts_with(scope.hops())
        };
        let after = (Bound::Excluded(scope.clone()), Bound::Unbounded);
        let below: Vec<ScopePath> = self
            .threads
            .range(after)
            .map(|(other, _)| other)
            .take_while(|other| is_below(other))
            .cloned()
            .collect();
        for gone in below {
            self.threads.remove(&gone);
        }
        let sequence = self.threads.get(scope).and_then(|thread| thread.sequence);
        self.starts.retain(|(of, fork, _), _| {
            !is_below(of) && (of != scope || sequence.is_none_or(|sequence| *fork >= sequence))
        });
    }

    /// Forgets the iteration whose end made room for this one.
    fn forget_predecessor(&mut self, record: &Record) {
        let Some((parent, hop)) = record.scope.parent() else { return };
        if let Some(Link::InsideChild(predecessor)) = record.events.first().map(|event| event.link)
            && predecessor.child != hop.child
        {
            self.threads.remove(&parent.child(Hop { fork: hop.fork, child: predecessor.child }));
        }
    }
}
