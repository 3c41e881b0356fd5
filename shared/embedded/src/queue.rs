//! The queue: cues that are due, and those that will be.
//!
//! # Invariants
//!
//! * No cue is handed out before it is due, by the clock that everything here goes by.
//! * A cue that was sent is handed out once. Whoever takes it and fails sends it again.
//! * Nothing of it is kept: it is derived from the journals when the file is opened.
//!
//! A waiting cue costs about 150 bytes.

use crate::limits;
use baton_engine::Due;
use baton_store::Outgoing;
use jiff::Timestamp;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// The queue.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    cues: Mutex<Waiting>,
    /// Told once for everybody who should look again.
    changed: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    ready: VecDeque<Outgoing>,
    /// By the millisecond they are due in, then in the order they were sent.
    timed: BTreeMap<(i64, u64), Outgoing>,
    sent: u64,
    is_closed: bool,
}

/// What there is for whoever asks.
enum Next {
    Cue(Outgoing),
    /// Nothing before this long.
    In(Duration),
    /// Nothing at all yet.
    Nothing,
    /// Nothing any more.
    Closed,
}

impl Queue {
    pub(crate) fn send(&self, cues: Vec<Outgoing>, now: Timestamp) {
        let mut waiting = self.lock();
        for cue in cues {
            match cue.due {
                Due::At(at) if at > now => {
                    let number = waiting.sent;
                    waiting.sent += 1;
                    waiting.timed.insert((millis_up(at), number), cue);
                }
                Due::At(_) | Due::Now => waiting.ready.push_back(cue),
            }
        }
        drop(waiting);
        self.changed.notify_one();
    }

    /// The next cue that is due; nothing once the queue is closed. May be given up at any time without losing one, and
    /// awaited by many.
    pub(crate) async fn next(&self, now: impl Fn() -> Timestamp) -> Option<Outgoing> {
        loop {
            // From here on a change is noticed.
            let changed = self.changed.notified();
            match self.look(now()) {
                Next::Cue(cue) => return Some(cue),
                Next::Closed => return None,
                Next::Nothing => changed.await,
                Next::In(wait) => {
                    let nap = wait.min(limits::NAP_MAX);
                    // Either end of it is a reason to look again.
                    let _ = tokio::time::timeout(nap, changed).await;
                }
            }
        }
    }

    /// Ends every [`Queue::next`].
    pub(crate) fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_waiters();
        self.changed.notify_one();
    }

    /// How many cues wait.
    pub(crate) fn len(&self) -> usize {
        let waiting = self.lock();
        waiting.ready.len() + waiting.timed.len()
    }

    fn look(&self, now: Timestamp) -> Next {
        let mut waiting = self.lock();
        if waiting.is_closed {
            drop(waiting);
            self.changed.notify_one();
            return Next::Closed;
        }
        // Those that have become due are not overtaken for ever by those that are due at once.
        let now = now.as_millisecond();
        while let Some(first) = waiting.timed.first_entry() {
            if first.key().0 > now {
                break;
            }
            let cue = first.remove();
            waiting.ready.push_back(cue);
        }
        if let Some(cue) = waiting.ready.pop_front() {
            let has_more = !waiting.ready.is_empty();
            drop(waiting);
            if has_more {
                self.changed.notify_one();
            }
            return Next::Cue(cue);
        }
        match waiting.timed.first_key_value() {
            None => Next::Nothing,
            Some(((due, _), _)) => {
                let wait = u64::try_from(due.saturating_sub(now)).unwrap_or(0);
                Next::In(Duration::from_millis(wait))
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.cues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The first whole millisecond at or after a time.
fn millis_up(at: Timestamp) -> i64 {
    let millis = at.as_millisecond();
    let is_later = Timestamp::from_millisecond(millis).is_ok_and(|whole| whole < at);
    millis.saturating_add(i64::from(is_later))
}
