//! The cues on their way.

use super::Memory;
use crate::{Cues, Outgoing, StoreError};
use baton_engine::Due;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Cues by the time they are due, then in the order they were sent.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: BTreeMap<(Timestamp, u64), Outgoing>,
    sent: u64,
}

impl Memory {
    /// Takes the cue that has been due longest, if any is due.
    #[must_use]
    pub fn take_cue(&self) -> Option<Outgoing> {
        let mut inner = self.lock();
        let now = inner.now;
        let first = inner.queue.waiting.first_entry().filter(|first| first.key().0 <= now)?;
        Some(first.remove())
    }

    /// When the next cue is due, or was.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.lock().queue.waiting.first_key_value().map(|((due, _), _)| *due)
    }

    /// Every cue that was sent and not taken, in the order they are due.
    #[must_use]
    pub fn waiting_cues(&self) -> Vec<Outgoing> {
        self.lock().queue.waiting.values().cloned().collect()
    }

    /// Drops every cue: a queue that is lost as a whole.
    pub fn lose_cues(&self) {
        self.lock().queue.waiting.clear();
    }
}

impl Cues for Memory {
    async fn send(&self, cues: Vec<Outgoing>) -> Result<(), StoreError> {
        let mut inner = self.lock();
        for cue in cues {
            let due = match cue.due {
                Due::Now => inner.now,
                Due::At(at) => at.max(inner.now),
            };
            let number = inner.queue.sent;
            inner.queue.sent = number.saturating_add(1);
            inner.queue.waiting.insert((due, number), cue);
        }
        Ok(())
    }
}
