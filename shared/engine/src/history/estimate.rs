//! Numbers for a record's events from the record alone, for whoever cannot wait for the history.
//!
//! They are those of the history as long as the execution's scopes run one after another: before a Parallel or Map state,
//! and after one whose children all ended well. Within one, each child counts on from its fork by itself, so that its
//! siblings have the same numbers; after a child's failure the numbers may fall short of the history's by what its
//! siblings did.

use super::thread::{Role, Step};
use super::{Numbered, started, started_event};
use crate::Record;
use crate::event::Link;
use crate::record::Marked;

/// A record's events; `before` is the one that it follows in its scope.
#[must_use]
pub fn estimate(record: &Record, before: Option<&Record>) -> Vec<Numbered> {
    let first = record.event_count.saturating_sub(record.events.len() as u64).saturating_add(1);
    let mut last = first.saturating_sub(1);
    let mut last_previous = last.saturating_sub(1);
    let mut entered_previous = before.map_or(0, entered_previous);
    let mut numbered = Vec::with_capacity(record.events.len());
    for (id, event) in (first..).zip(&record.events) {
        let previous = match event.link {
            Link::Root => 0,
            Link::Previous
            | Link::LastOfChildren(_)
            | Link::InsideChild(_)
            | Link::MapRunStarted => last,
            Link::Sibling => last_previous,
            Link::BeforeEntered => entered_previous,
        };
        if Step::of(event).role == Role::Entered {
            entered_previous = previous;
        }
        (last, last_previous) = (id, previous);
        let (millis, event) = (record.moment.millis, event.clone());
        numbered.push(Numbered { id, previous, millis, event });
    }
    numbered
}

/// The `…Started` event of a record's call, which was just claimed.
#[must_use]
pub fn estimate_started(marked: &Marked) -> Option<Numbered> {
    let (resource, claim) = started(marked)?;
    let previous = marked.record.event_count;
    let event = started_event(resource, claim);
    Some(Numbered { id: previous.saturating_add(1), previous, millis: claim.moment.millis, event })
}

/// The cause of the entry of the state that a record is in. Only `ExecutionStarted` causes nothing.
fn entered_previous(record: &Record) -> u64 {
    match record.visit.entered_event {
        0..=2 if record.scope.is_top() => 0,
        entered => entered.saturating_sub(1),
    }
}
