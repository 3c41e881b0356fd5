//! The machine's clock.

use crate::Aws;
use baton_store::Clock;
use jiff::Timestamp;

impl Clock for Aws {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "the backend's clock is this one")]
        let now = std::time::SystemTime::now();
        Timestamp::try_from(now).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}
