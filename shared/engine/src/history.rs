//! History: from the records of an execution to numbered events.
//!
//! A record keeps its events with [`Link`]s instead of numbers, for scopes that run at the same time do not
//! know each other's. Numbers are found when a history is read:
//!
//! * [`Outline`] takes every record of an execution, in any order, and keeps only what numbering needs: about 24 bytes an
//!   event and 56 a record, no payloads. [`Outline::number`] merges by (moment, scope, sequence) in O(n log n) and gives a
//!   [`Numbering`] of 8 bytes an event, from which the events of any record can be had. A reader that shows a page
//!   reads the records once for the outline and once more for the page, and never holds them all.
//! * [`Trail`] numbers records one by one, as long as none has children: then the order of the journal is the order of
//!   the history, and a reader may stop after any event and go on from the trail's few numbers later.
//! * [`Roll`] numbers records as they come into being, where one process makes all of them.
//!
//! # Invariants
//!
//! * Numbers run from 1 without a gap, and an event's cause has a smaller number than the event.
//! * A claim is the `…Started` event of its record's call, right after the record's own events in their scope.
//! * What a scope's descendants record after the scope has moved on from their fork is not part of the history.
//! * The ways of numbering agree wherever [`Trail`] can be used, or [`Roll`] is handed the records in their order.

mod estimate;
mod roll;
mod thread;
mod trail;
mod type_name;

pub use estimate::{estimate, estimate_started};
pub use roll::Roll;
pub use trail::Trail;
pub use type_name::EventTypeName;

use crate::event::{Event, EventDetail, Link, TaskResource};
use crate::record::{Claim, Marked, Pending};
use crate::{Hop, Moment, Record, ScopePath, Sequence};
use std::collections::BTreeMap;
use std::sync::Arc;
use thread::{Step, Threads};

/// One history event with its number and its cause's number, as GetExecutionHistory gives it.
#[derive(Debug, Clone, PartialEq)]
pub struct Numbered {
    /// `id`, from 1.
    pub id: u64,
    /// `previousEventId`.
    pub previous: u64,
    /// `timestamp`, in milliseconds since 1970.
    pub millis: i64,
    /// What happened.
    pub event: Event,
}

/// The whole history of the records at once.
#[must_use]
pub fn history(records: &[Marked]) -> Vec<Numbered> {
    let mut outline = Outline::default();
    records.iter().for_each(|marked| outline.add(marked));
    let numbering = outline.number();
    let mut events: Vec<Numbered> =
        records.iter().flat_map(|marked| numbering.events(marked)).collect();
    events.sort_by_key(|event| event.id);
    events
}

/// What numbering needs of an execution's records.
#[derive(Debug, Default)]
pub struct Outline {
    scopes: Scopes,
    lines: Vec<Line>,
    steps: Vec<Step>,
}

/// One record in an outline.
#[derive(Debug)]
struct Line {
    scope: u32,
    sequence: Sequence,
    moment: Moment,
    /// The first of the record's steps.
    first_step: u32,
    steps: u32,
    /// The moment of the claim, where it is an event.
    started: Option<Moment>,
}

impl Outline {
    /// Takes a record. A record taken twice is a bug of the caller's and gives its events twice.
    pub fn add(&mut self, marked: &Marked) {
        let record = &marked.record;
        let index = |len: usize| u32::try_from(len).unwrap_or(u32::MAX);
        let line = Line {
            scope: self.scopes.intern(&record.scope),
            sequence: record.sequence,
            moment: record.moment,
            first_step: index(self.steps.len()),
            steps: index(record.events.len()),
            started: started(marked).map(|(_, claim)| claim.moment),
        };
        self.lines.push(line);
        self.steps.extend(record.events.iter().map(Step::of));
    }

    /// Merges the records and numbers their events.
    #[must_use]
    pub fn number(mut self) -> Numbering {
        self.lines.sort_by_key(|line| (line.scope, line.sequence));
        let order = self.order();
        let mut threads = Threads::new(&self.scopes);
        let mut numbering = Numbering {
            spans: self.lines.iter().map(Span::unnumbered).collect(),
            previous: Vec::with_capacity(self.steps.len()),
            scopes: BTreeMap::new(),
        };
        for item in order {
            let Some(line) = self.lines.get(item.line) else { continue };
            if !threads.is_open(&self.scopes, line.scope) {
                continue;
            }
            threads.reach(line.scope, line.sequence);
            let first = numbering.len() + 1;
            for step in self.steps_of(line, item.part) {
                let id = numbering.len() + 1;
                let previous = threads.add(&self.scopes, line.scope, id, step);
                numbering.previous.push(previous);
            }
            numbering.note(item, first);
        }
        numbering.scopes = self.scopes.ids;
        numbering
    }

    /// Records and claims in the history's order.
    fn order(&self) -> Vec<Item> {
        let ranks = self.scopes.ranks();
        let rank = |line: &Line| ranks.get(line.scope as usize).copied().unwrap_or_default();
        let mut items = Vec::with_capacity(self.lines.len());
        for (index, line) in self.lines.iter().enumerate() {
            let item = |moment, part| Item {
                moment,
                rank: rank(line),
                sequence: line.sequence,
                part,
                line: index,
            };
            items.push(item(line.moment, Part::Record));
            if let Some(claimed) = line.started {
                // A claim that came too late for the record after it stays before that record.
                let limit = self.lines.get(index + 1).filter(|next| next.scope == line.scope);
                let moment = limit.map_or(claimed, |next| claimed.min(next.moment));
                items.push(item(moment.max(line.moment), Part::Started));
            }
        }
        items.sort();
        items
    }

    fn steps_of(&self, line: &Line, part: Part) -> &[Step] {
        match part {
            Part::Started => &[Step::STARTED],
            Part::Record => {
                let first = line.first_step as usize;
                self.steps.get(first..first + line.steps as usize).unwrap_or_default()
            }
        }
    }
}

/// A record or its claim, in the order of the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Item {
    moment: Moment,
    rank: u32,
    sequence: Sequence,
    part: Part,
    line: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Record,
    Started,
}

/// The numbers of an execution's events.
#[derive(Debug)]
pub struct Numbering {
    scopes: BTreeMap<ScopePath, u32>,
    /// By scope and sequence.
    spans: Vec<Span>,
    /// The cause of each event, from event 1 on.
    previous: Vec<u64>,
}

/// Where a record's events stand.
#[derive(Debug)]
struct Span {
    scope: u32,
    sequence: Sequence,
    /// The number of its first event; nothing for what is no part of the history.
    first: Option<u64>,
    started: Option<u64>,
}

impl Span {
    fn unnumbered(line: &Line) -> Self {
        Span { scope: line.scope, sequence: line.sequence, first: None, started: None }
    }
}

impl Numbering {
    /// How many events there are; the last one's number.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.previous.len() as u64
    }

    /// Whether there are no events.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.previous.is_empty()
    }

    /// The numbers of a record's first and last event, its claim's included; nothing for a record without any.
    #[must_use]
    pub fn range(&self, record: &Record) -> Option<(u64, u64)> {
        let span = self.span(record)?;
        let first = span.first.filter(|_| !record.events.is_empty());
        let last = first.map(|first| first + record.events.len() as u64 - 1);
        Some((first.or(span.started)?, span.started.or(last)?))
    }

    /// A record's events with their numbers; none for a record that was not in the outline or is no part of the history.
    #[must_use]
    pub fn events(&self, marked: &Marked) -> Vec<Numbered> {
        let Some(span) = self.span(&marked.record) else { return Vec::new() };
        let millis = marked.record.moment.millis;
        let own = span.first.into_iter().flat_map(|first| {
            (first..).zip(&marked.record.events).map(|(id, event)| (id, millis, event.clone()))
        });
        let start = span.started.zip(started(marked)).map(|(id, (resource, claim))| {
            (id, claim.moment.millis, started_event(resource, claim))
        });
        own.chain(start)
            .map(|(id, millis, event)| Numbered { id, previous: self.cause(id), millis, event })
            .collect()
    }

    fn cause(&self, id: u64) -> u64 {
        let index = usize::try_from(id.saturating_sub(1)).ok();
        index.and_then(|index| self.previous.get(index)).copied().unwrap_or_default()
    }

    fn span(&self, record: &Record) -> Option<&Span> {
        let key = (*self.scopes.get(&record.scope)?, record.sequence);
        let found = self.spans.binary_search_by_key(&key, |span| (span.scope, span.sequence));
        self.spans.get(found.ok()?)
    }

    fn note(&mut self, item: Item, first: u64) {
        if let Some(span) = self.spans.get_mut(item.line) {
            match item.part {
                Part::Record => span.first = Some(first),
                Part::Started => span.started = Some(first),
            }
        }
    }
}

/// The scopes of an execution, numbered as they are met, each after its parent.
#[derive(Debug, Default)]
struct Scopes {
    ids: BTreeMap<ScopePath, u32>,
    /// Each scope's parent and the hop that leads from there.
    parents: Vec<Option<(u32, Hop)>>,
    paths: Vec<ScopePath>,
}

impl Scopes {
    fn intern(&mut self, path: &ScopePath) -> u32 {
        if let Some(id) = self.ids.get(path) {
            return *id;
        }
        // A path has at most `ScopePath::HOPS_MAX` hops.
        let parent = path.parent().map(|(parent, hop)| (self.intern(&parent), hop));
        let id = u32::try_from(self.parents.len()).unwrap_or(u32::MAX);
        self.parents.push(parent);
        self.paths.push(path.clone());
        self.ids.insert(path.clone(), id);
        id
    }

    /// Each scope's place in the order of the paths.
    fn ranks(&self) -> Vec<u32> {
        let mut ranks = vec![0; self.parents.len()];
        for (rank, id) in (0_u32..).zip(self.ids.values()) {
            if let Some(slot) = ranks.get_mut(*id as usize) {
                *slot = rank;
            }
        }
        ranks
    }

    fn parent(&self, scope: u32) -> Option<(u32, Hop)> {
        self.parents.get(scope as usize).copied().flatten()
    }

    fn child(&self, scope: u32, hop: Hop) -> Option<u32> {
        self.ids.get(&self.paths.get(scope as usize)?.child(hop)).copied()
    }
}

/// The claim of a record's call, where it is an event, and the resource that the event names.
fn started(marked: &Marked) -> Option<(&TaskResource, &Claim)> {
    let claim = marked.marks.claim.as_ref()?;
    let Pending::Call(_) = marked.record.pending else { return None };
    let scheduled = marked.record.events.iter().rev().find_map(|event| {
        if let EventDetail::TaskScheduled { resource, .. } = &event.detail {
            Some(resource)
        } else {
            None
        }
    });
    scheduled.map(|resource| (resource, claim))
}

fn started_event(resource: &TaskResource, claim: &Claim) -> Event {
    let is_activity = matches!(resource, TaskResource::Activity { .. });
    // Elsewhere the worker is one of ours, and nobody's business.
    let worker = (is_activity && !claim.worker.is_empty()).then(|| Arc::clone(&claim.worker));
    let detail = EventDetail::TaskStarted { resource: resource.clone(), worker };
    Event { link: Link::Previous, detail }
}

#[cfg(test)]
mod tests;
