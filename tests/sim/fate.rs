//! What the weather decided in a run, read from its journals: how each attempt ended, which child's failure was handled
//! where several failed. A run in fair weather that is told the same must write the same journals.

use crate::outside::Attempt;
use baton_driver::WORKER_LOST;
use baton_engine::{End, Event, EventDetail, ForkId, Link, Pending, Record, ScopePath};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Records by scope, each scope's in order.
pub type Journals = BTreeMap<ScopePath, Vec<Arc<Record>>>;

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Its answer was recorded: by the call itself, or by a client after the call was accepted.
    Answered,
    /// A client answered before it was recorded that the call had been accepted.
    AnsweredEarly,
    /// Its worker died.
    Lost,
    /// Its time was over before the call was answered.
    TimedOut,
    /// Its time was over after the call was accepted.
    TimedOutAccepted,
}

/// The weather's decisions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fates {
    pub attempts: BTreeMap<Attempt, Fate>,
    /// The child whose failure made the parent move on.
    pub failures: BTreeMap<ForkId, u32>,
    /// The execution was ended from outside.
    pub is_cut: bool,
}

impl Fates {
    pub fn of(journals: &Journals) -> Self {
        let mut fates = Fates::default();
        for journal in journals.values() {
            for pair in journal.windows(2) {
                fates.add(&pair[0], &pair[1]);
            }
        }
        fates
    }

    fn add(&mut self, record: &Record, next: &Record) {
        if let Pending::Ended(End::Aborted(_) | End::TimedOut) = next.pending {
            self.is_cut = true;
            return;
        }
        match &record.pending {
            Pending::Call(call) => {
                let attempt = (record.scope.clone(), record.sequence);
                let fate = match fate(&next.events) {
                    Some(fate) => fate,
                    None if matches!(next.pending, Pending::Callback(_)) => return,
                    None => return,
                };
                let is_by_client = call.nonce.is_some() && fate == Fate::Answered;
                let fate = if is_by_client { Fate::AnsweredEarly } else { fate };
                self.attempts.insert(attempt, fate);
            }
            Pending::Callback(callback) => {
                let attempt = (record.scope.clone(), callback.called_by);
                let fate = match fate(&next.events) {
                    Some(Fate::TimedOut) => Fate::TimedOutAccepted,
                    Some(fate) => fate,
                    None => return,
                };
                self.attempts.insert(attempt, fate);
            }
            Pending::Fork(_) => {
                let fork = ForkId { scope: record.scope.clone(), fork: record.sequence };
                if let Some(child) = failed_child(next) {
                    self.failures.insert(fork, child);
                }
            }
            Pending::Continue
            | Pending::Failing(_)
            | Pending::Until(_)
            | Pending::Retry { .. }
            | Pending::MapRun(_)
            | Pending::Ended(_) => {}
        }
    }
}

fn fate(events: &[Event]) -> Option<Fate> {
    events.iter().find_map(|event| match &event.detail {
        EventDetail::TaskSucceeded { .. } => Some(Fate::Answered),
        EventDetail::TaskFailed { detail, .. } => {
            let is_lost = detail.error.as_deref() == Some(WORKER_LOST);
            Some(if is_lost { Fate::Lost } else { Fate::Answered })
        }
        EventDetail::TaskTimedOut { .. } => Some(Fate::TimedOut),
        _ => None,
    })
}

fn failed_child(next: &Record) -> Option<u32> {
    if let Pending::Retry { failed: Some(hop), .. } = next.pending {
        return Some(hop.child);
    }
    next.events.iter().find_map(|event| match (&event.detail, event.link) {
        (
            EventDetail::ParallelStateFailed | EventDetail::MapStateFailed,
            Link::InsideChild(hop),
        ) => Some(hop.child),
        _ => None,
    })
}
