//! Limits of a test.

use jiff::Timestamp;
use std::time::Duration;

/// When an execution starts unless told otherwise: 2026-01-01T00:00:00Z.
pub const STARTED: Timestamp = Timestamp::constant(1_767_225_600, 0);

/// How many days of its own time an execution may take: AWS ends one after a year.
pub const DAYS_MAX: u64 = 400;

/// [`DAYS_MAX`], as a time.
pub(crate) const HORIZON: Duration = Duration::from_secs(DAYS_MAX * 24 * 3_600);

/// How many cues an execution may take: a loop without an end stops here.
pub const CUES_MAX: u32 = 1_000_000;
