//! The backend's time: the system's, or ahead of it where waiting is skipped.
//!
//! # Invariants
//!
//! * Between two jumps it runs as the system's clock does, so that whatever really runs takes the time that it takes.
//! * It only ever jumps forward, to when a cue is due, and not while anybody holds it.

use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use tokio::sync::Notify;

/// The time that a backend goes by.
#[derive(Debug, Default)]
pub(crate) struct Time {
    ahead_millis: AtomicI64,
    is_skipping: AtomicBool,
    holds: AtomicUsize,
    /// Told when the last hold ends.
    released: Notify,
}

/// While one of these is there, the backend's time runs as the system's does: waiting is not skipped.
#[derive(Debug)]
pub struct Hold(Arc<Time>);

impl Time {
    pub(crate) fn now(&self) -> Timestamp {
        let ahead = SignedDuration::from_millis(self.ahead_millis.load(Ordering::Acquire));
        wall_now().saturating_add(ahead).unwrap_or(Timestamp::MAX)
    }

    /// Allows jumps, from here on.
    pub(crate) fn skip(&self) {
        self.is_skipping.store(true, Ordering::Release);
    }

    pub(crate) fn is_skipping(&self) -> bool {
        self.is_skipping.load(Ordering::Acquire)
    }

    pub(crate) fn is_held(&self) -> bool {
        self.holds.load(Ordering::Acquire) > 0
    }

    /// Waits for the next end of a last hold.
    pub(crate) async fn released(&self) {
        self.released.notified().await;
    }

    pub(crate) fn hold(self: &Arc<Self>) -> Hold {
        self.holds.fetch_add(1, Ordering::AcqRel);
        Hold(Arc::clone(self))
    }

    /// Jumps forward to a millisecond; one that is past changes nothing.
    pub(crate) fn advance_to(&self, millis: i64) {
        let ahead = millis.saturating_sub(wall_now().as_millisecond());
        self.ahead_millis.fetch_max(ahead, Ordering::AcqRel);
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if self.0.holds.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.released.notify_waiters();
            self.0.released.notify_one();
        }
    }
}

/// The system's clock, in the milliseconds that are kept: what people and other machines go by, whether waiting is skipped
/// or not.
#[must_use]
pub fn wall_now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}
