//! The machine's clock, or another one.

use crate::Aws;
use baton_store::Clock;
use jiff::Timestamp;
use std::fmt;
use std::sync::Arc;

/// Where the time comes from.
#[derive(Clone)]
pub(crate) struct Time(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Default for Time {
    fn default() -> Self {
        Time(Arc::new(|| {
            #[expect(clippy::disallowed_methods, reason = "the backend's clock is this one")]
            let now = std::time::SystemTime::now();
            Timestamp::try_from(now).unwrap_or(Timestamp::UNIX_EPOCH)
        }))
    }
}

impl Time {
    pub(crate) fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Time")
    }
}

impl Aws {
    /// The same backend by another clock: waits of a year pass in a test.
    #[must_use]
    pub fn with_clock(self, now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Aws { time: Time(Arc::new(now)), ..self }
    }
}

impl Clock for Aws {
    fn now(&self) -> Timestamp {
        self.time.now()
    }
}
