//! Pages of an execution's history.
//!
//! An execution that runs in its top scope alone is numbered as its journal is read: a page costs what is on it, and its
//! token remembers the place in the journal. Where scopes run at the same time the numbers follow from the whole journal:
//! each page then reads it once for the numbers, in memory of some 60 bytes a record and 24 an event, and a second time if
//! the events of the first reading were too many to hold.

mod event;
mod place;

pub(crate) use event::HistoryEvent;

use crate::{ApiError, limits};
use baton_engine::{EventDetail, Marked, Numbered, Outline, Trail};
use baton_store::{ExecutionArn, Journal};
use place::{OnTrail, Place};

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

/// The page from `start` on, numbered record by record; nothing if that leads to children.
async fn along(
    journal: &impl Journal,
    wanted: Wanted<'_>,
    start: OnTrail,
) -> Result<Option<HistoryPage>, ApiError> {
    let mut page = Gathered::new(wanted.items_max);
    let mut at = start;
    loop {
        let records = journal.records(wanted.execution, at.cursor.as_deref()).await?;
        let rest = records.items.iter().enumerate().skip(at.records as usize);
        for (index, marked) in rest {
            at.records = u32::try_from(index).unwrap_or(u32::MAX);
            let mut trail = Trail::resume(at.numbers);
            let Some(events) = trail.number(marked) else { return Ok(None) };
            for event in events.into_iter().skip(at.events as usize) {
                let id = event.id;
                if !page.take(event) {
                    let next = Place::trail_or_id(at, id);
                    return Ok(Some(HistoryPage { events: page.events, next: Some(next) }));
                }
                at.events += 1;
            }
            let last = page.events.last().map_or(0, |event| event.id);
            at.events = 0;
            at.records += 1;
            match trail.numbers() {
                Some(numbers) => at.numbers = numbers,
                // The record forked, so there is more, and it is not on this trail.
                None if page.events.len() == page.items_max => {
                    let next = Some(Place::Id(last + 1).text());
                    return Ok(Some(HistoryPage { events: page.events, next }));
                }
                None => return Ok(None),
            }
        }
        match records.next {
            Some(cursor) => {
                at = OnTrail { cursor: Some(cursor), records: 0, events: 0, numbers: at.numbers };
            }
            None => return Ok(Some(HistoryPage { events: page.events, next: None })),
        }
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
    let count = u64::from(wanted.items_max);
    let range = if wanted.is_reversed {
        let last = id.min(numbering.len());
        last.saturating_sub(count).saturating_add(1)..=last
    } else {
        id..=id.saturating_add(count - 1).min(numbering.len())
    };
    let mut events = Vec::new();
    let mut pick = |marked: &Marked| {
        let is_wanted = numbering
            .range(&marked.record)
            .is_some_and(|(first, last)| first <= *range.end() && last >= *range.start());
        if is_wanted {
            let own = numbering.events(marked).into_iter();
            events.extend(own.filter(|event| range.contains(&event.id)));
        }
    };
    match held.records {
        Some(records) => records.iter().for_each(&mut pick),
        None => each_record(journal, wanted.execution, |marked| pick(&marked)).await?,
    }
    events.sort_unstable_by_key(|event| event.id);
    if wanted.is_reversed {
        events.reverse();
    }
    let mut page = Gathered::new(wanted.items_max);
    for event in events {
        if !page.take(event) {
            break;
        }
    }
    let last = page.events.last().map_or(0, |event| event.id);
    let next = if wanted.is_reversed {
        last.checked_sub(1).filter(|id| *id > 0)
    } else {
        Some(last + 1).filter(|id| last > 0 && *id <= numbering.len())
    };
    Ok(HistoryPage { events: page.events, next: next.map(|id| Place::Id(id).text()) })
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
        | EventDetail::MapIterationAborted { .. } => 0,
    }
}
