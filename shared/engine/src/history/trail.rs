//! Numbering without a merge, for executions that run in the top scope alone.

use super::thread::{Step, Thread};
use super::{Numbered, started, started_event};
use crate::event::{Event, Link};
use crate::record::{Marked, Pending};

/// Numbers the top scope's records one by one, as long as none of them has children or a map run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trail {
    thread: Thread,
    has_children: bool,
}

impl Trail {
    /// Goes on where [`Trail::numbers`] was taken.
    #[must_use]
    pub fn resume([last, last_previous, entered_previous]: [u64; 3]) -> Self {
        let mut thread = Thread::default();
        (thread.last, thread.last_previous, thread.entered_previous) =
            (last, last_previous, entered_previous);
        Trail { thread, has_children: false }
    }

    /// What it takes to go on later; nothing where the trail ends.
    #[must_use]
    pub fn numbers(&self) -> Option<[u64; 3]> {
        let Thread { last, last_previous, entered_previous, .. } = self.thread;
        (!self.has_children).then_some([last, last_previous, entered_previous])
    }

    /// The record's events with their numbers. Nothing, and no change, if it takes an [`Outline`](super::Outline): the record is
    /// not of the top scope, or comes after children.
    pub fn number(&mut self, marked: &Marked) -> Option<Vec<Numbered>> {
        let record = &marked.record;
        let is_plain = |event: &Event| {
            !matches!(
                event.link,
                Link::LastOfChildren(_) | Link::InsideChild(_) | Link::MapRunStarted
            )
        };
        let can_go_on = !self.has_children && record.scope.is_top();
        if !can_go_on || !record.events.iter().all(is_plain) {
            return None;
        }
        let own = record.events.iter().map(|event| (record.moment.millis, event.clone()));
        let start = started(marked)
            .map(|(resource, claim)| (claim.moment.millis, started_event(resource, claim)));
        let events = own.chain(start).map(|(millis, event)| self.next(millis, event)).collect();
        self.has_children = match &record.pending {
            Pending::Fork(fork) => fork.width > 0,
            Pending::MapRun(_) => true,
            Pending::Continue
            | Pending::Failing(_)
            | Pending::Until(_)
            | Pending::Retry { .. }
            | Pending::Call(_)
            | Pending::Callback(_)
            | Pending::Ended(_) => false,
        };
        Some(events)
    }

    fn next(&mut self, millis: i64, event: Event) -> Numbered {
        let id = self.thread.last + 1;
        let previous = self.thread.follow(event.link).unwrap_or_default();
        self.thread.note(id, previous, &Step::of(&event));
        Numbered { id, previous, millis, event }
    }
}
