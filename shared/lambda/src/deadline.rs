//! When the invocation under way has to be over.

use baton_aws::Aws;
use baton_store::Clock as _;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// What has to be left of an invocation to commit what its work gave.
const MARGIN: SignedDuration = SignedDuration::from_secs(10);

/// The deadline of this process's invocation: it has one at a time. A clone is the same deadline.
#[derive(Debug, Clone, Default)]
pub(crate) struct Deadline(Arc<AtomicI64>);

impl Deadline {
    /// Notes when Lambda ends the invocation, milliseconds since 1970.
    pub(crate) fn set(&self, millis: u64) {
        self.0.store(i64::try_from(millis).unwrap_or(i64::MAX), Ordering::Relaxed);
    }

    /// How long work may still take.
    pub(crate) fn left(&self, aws: &Aws) -> Duration {
        self.left_at(aws.now())
    }

    fn left_at(&self, now: Timestamp) -> Duration {
        let end = Timestamp::from_millisecond(self.0.load(Ordering::Relaxed));
        let left = now.duration_until(end.unwrap_or(Timestamp::MAX)).saturating_sub(MARGIN);
        Duration::try_from(left).unwrap_or(Duration::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_ends_before_the_invocation_does() {
        let deadline = Deadline::default();
        deadline.set(60_000);
        let left = |millis| deadline.left_at(Timestamp::from_millisecond(millis).unwrap());
        assert_eq!(left(0), Duration::from_secs(50));
        assert_eq!(left(49_000), Duration::from_secs(1));
        assert_eq!(left(55_000), Duration::ZERO);
        assert_eq!(left(99_000), Duration::ZERO);
    }
}
