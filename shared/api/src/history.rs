//! Pages of an execution's history.
//!
//! An execution that runs in its top scope alone is numbered as its journal is read: a page costs what is on it, and its
//! token remembers the place in the journal. Where scopes run at the same time the numbers follow from the whole journal:
//! each page then reads it once for the numbers, in memory of some 60 bytes a record and 24 an event, and a second time if
//! the events of the first reading were too many to hold.

mod answer;
mod place;

pub(crate) use answer::HistoryEvent;

use crate::{ApiError, limits};
use baton_engine::{EventDetail, Marked, Numbered, Numbering, Outline, Trail};
use baton_store::{ExecutionArn, Journal};
use place::{OnTrail, Place};
use std::ops::RangeInclusive;

/// Which events are wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) execution: &'a ExecutionArn,
    pub(crate) items_max: u32,
    pub(crate) is_reversed: bool,
}

/// A page of a history, and the place of the next.
#[derive(Debug)]
pub(crate) struct HistoryPage {
    pub(crate) events: Vec<Numbered>,
    pub(crate) next: Option<String>,
}

/// Reads the page at a place, as an earlier page named it, or the first.
pub(crate) async fn page(
    journal: &impl Journal,
    wanted: Wanted<'_>,
    place: Option<&str>,
) -> Result<HistoryPage, ApiError> {
    let place = match place {
        Some(text) => Place::parse(text).ok_or_else(ApiError::invalid_token)?,
        None if wanted.is_reversed => Place::Id(u64::MAX),
        None => Place::Trail(OnTrail::default()),
    };
    match place {
        Place::Id(id) => merged(journal, wanted, id).await,
        Place::Trail(start) => {
            let first = start.first_id();
            match along(journal, wanted, start).await? {
                Some(page) => Ok(page),
                None => merged(journal, wanted, first).await,
            }
        }
    }
}

/// Gathers the events of a page until it is full.
#[derive(Debug)]
struct Gathered {
    events: Vec<Numbered>,
    items_max: usize,
    bytes: usize,
}

impl Gathered {
    fn new(items_max: u32) -> Self {
        let items_max = usize::try_from(items_max).unwrap_or(usize::MAX);
        Gathered { events: Vec::new(), items_max, bytes: 0 }
    }

    /// Takes an event, unless the page is full. A page has room for one event, however large.
    fn take(&mut self, event: Numbered) -> bool {
        let bytes = self.bytes.saturating_add(payload_bytes(&event.event.detail));
        let is_full = self.events.len() >= self.items_max || bytes > limits::HISTORY_PAGE_BYTES_MAX;
        if is_full && !self.events.is_empty() {
            return false;
        }
        self.bytes = bytes;
        self.events.push(event);
        true
    }
}

/// The page from `at` on, numbered record by record; nothing if that leads to children.
async fn along(
    journal: &impl Journal,
    wanted: Wanted<'_>,
    mut at: OnTrail,
) -> Result<Option<HistoryPage>, ApiError> {
    let mut page = Gathered::new(wanted.items_max);
    loop {
        let records = journal.records(wanted.execution, at.cursor.as_deref()).await?;
        for marked in records.items.iter().skip(at.records as usize) {
            match walk(&mut at, marked, &mut page) {
                Walked::On => {}
                Walked::Full { next } => {
                    return Ok(Some(HistoryPage { events: page.events, next: Some(next) }));
                }
                Walked::OffTrail => return Ok(None),
            }
        }
        if records.next.is_none() {
            return Ok(Some(HistoryPage { events: page.events, next: None }));
        }
        at = OnTrail { cursor: records.next, records: 0, events: 0, numbers: at.numbers };
    }
}

/// Where a record has led.
enum Walked {
    /// To the next record.
    On,
    /// To the page's end.
    Full { next: String },
    /// To children.
    OffTrail,
}

/// Takes the events of the record that `at` stands before, as far as the page has room.
fn walk(at: &mut OnTrail, marked: &Marked, page: &mut Gathered) -> Walked {
    let mut trail = Trail::resume(at.numbers);
    let Some(events) = trail.number(marked) else { return Walked::OffTrail };
    for event in events.into_iter().skip(at.events as usize) {
        let id = event.id;
        if !page.take(event) {
            return Walked::Full { next: Place::trail_or_id(at.clone(), id) };
        }
        at.events += 1;
    }
    match (trail.numbers(), page.events.last()) {
        (Some(numbers), _) => {
            *at = OnTrail { records: at.records + 1, events: 0, numbers, cursor: at.cursor.take() };
            Walked::On
        }
        // The record forked: there is more, and it is not on this trail.
        (None, Some(last)) if page.events.len() == page.items_max => {
            Walked::Full { next: Place::Id(last.id + 1).text() }
        }
        (None, _) => Walked::OffTrail,
    }
}

/// The page from event `id` on, or backwards from it, numbered with the whole journal.
async fn merged(
    journal: &impl Journal,
    wanted: Wanted<'_>,
    id: u64,
) -> Result<HistoryPage, ApiError> {
    let mut outline = Outline::default();
    let mut held = Held::default();
    each_record(journal, wanted.execution, |marked| {
        outline.add(&marked);
        held.hold(marked);
    })
    .await?;
    let numbering = outline.number();
    let range = wanted.range(id, numbering.len());
    let mut events = Vec::new();
    let mut pick = |marked: &Marked| events.extend(events_within(&numbering, marked, &range));
    match held.records {
        Some(records) => records.iter().for_each(&mut pick),
        None => each_record(journal, wanted.execution, |marked| pick(&marked)).await?,
    }
    events.sort_unstable_by_key(|event: &Numbered| event.id);
    if wanted.is_reversed {
        events.reverse();
    }
    let mut page = Gathered::new(wanted.items_max);
    for event in events {
        if !page.take(event) {
            break;
        }
    }
    let next = page.events.last().and_then(|last| wanted.after(last.id, numbering.len()));
    Ok(HistoryPage { events: page.events, next: next.map(|id| Place::Id(id).text()) })
}

impl Wanted<'_> {
    /// The events of a page that begins at `id`, out of `count`.
    fn range(&self, id: u64, count: u64) -> RangeInclusive<u64> {
        let items_max = u64::from(self.items_max);
        if self.is_reversed {
            let last = id.min(count);
            last.saturating_sub(items_max).saturating_add(1)..=last
        } else {
            id..=id.saturating_add(items_max).saturating_sub(1).min(count)
        }
    }

    /// The event that comes after `last` in this direction, if there is one.
    fn after(&self, last: u64, count: u64) -> Option<u64> {
        let next = if self.is_reversed { last.checked_sub(1) } else { last.checked_add(1) };
        next.filter(|id| (1..=count).contains(id))
    }
}

fn events_within(
    numbering: &Numbering,
    marked: &Marked,
    range: &RangeInclusive<u64>,
) -> Vec<Numbered> {
    match numbering.range(&marked.record) {
        Some((first, last)) if first <= *range.end() && last >= *range.start() => {
            let events = numbering.events(marked).into_iter();
            events.filter(|event| range.contains(&event.id)).collect()
        }
        Some(_) | None => Vec::new(),
    }
}

/// The records of the first reading, as long as they are small.
#[derive(Debug)]
struct Held {
    records: Option<Vec<Marked>>,
    bytes: usize,
}

impl Default for Held {
    fn default() -> Self {
        Held { records: Some(Vec::new()), bytes: 0 }
    }
}

impl Held {
    fn hold(&mut self, marked: Marked) {
        let events = marked.record.events.iter();
        self.bytes += size_of_val(&*marked.record)
            + events.map(|event| size_of_val(event) + payload_bytes(&event.detail)).sum::<usize>();
        if self.bytes > limits::HISTORY_HELD_BYTES_MAX {
            self.records = None;
        } else if let Some(records) = &mut self.records {
            records.push(marked);
        }
    }
}

async fn each_record(
    journal: &impl Journal,
    execution: &ExecutionArn,
    mut take: impl FnMut(Marked),
) -> Result<(), ApiError> {
    let mut cursor = None;
    loop {
        let page = journal.records(execution, cursor.as_deref()).await?;
        page.items.into_iter().for_each(&mut take);
        match page.next {
            Some(next) => cursor = Some(next),
            None => return Ok(()),
        }
    }
}

/// What an event carries in payloads.
fn payload_bytes(detail: &EventDetail) -> usize {
    match detail {
        EventDetail::ExecutionSucceeded { output }
        | EventDetail::StateEntered { input: output, .. }
        | EventDetail::TaskScheduled { parameters: output, .. }
        | EventDetail::TaskSubmitted { output, .. }
        | EventDetail::TaskSucceeded { output, .. } => output.bytes(),
        EventDetail::StateExited { output, assigned, .. } => {
            output.bytes() + assigned.iter().map(|(_, value)| value.bytes()).sum::<usize>()
        }
        EventDetail::ExecutionFailed(detail)
        | EventDetail::ExecutionAborted(detail)
        | EventDetail::ExecutionTimedOut(detail)
        | EventDetail::EvaluationFailed { detail, .. }
        | EventDetail::TaskFailed { detail, .. }
        | EventDetail::TaskTimedOut { detail, .. } => detail.cause.as_deref().map_or(0, str::len),
        EventDetail::ExecutionStarted
        | EventDetail::ExecutionRedriven { .. }
        | EventDetail::StateAborted { .. }
        | EventDetail::TaskStarted { .. }
        | EventDetail::ParallelStateStarted
        | EventDetail::ParallelStateSucceeded
        | EventDetail::ParallelStateFailed
        | EventDetail::MapStateStarted { .. }
        | EventDetail::MapStateSucceeded
        | EventDetail::MapStateFailed
        | EventDetail::MapIterationStarted { .. }
        | EventDetail::MapIterationSucceeded { .. }
        | EventDetail::MapIterationFailed { .. }
        | EventDetail::MapIterationAborted { .. }
        | EventDetail::MapRunStarted { .. }
        | EventDetail::MapRunSucceeded
        | EventDetail::MapRunFailed(_)
        | EventDetail::MapRunAborted
        | EventDetail::MapRunRedriven { .. } => 0,
    }
}
