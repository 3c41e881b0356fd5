//! AWS's numbers, and ours.

use std::time::Duration;

/// The longest an SQS message can be delayed; whatever is due later is a timer.
pub(crate) const DELAY_SECS_MAX: i64 = 900;
/// Entries of one SQS batch.
pub(crate) const BATCH_ENTRIES_MAX: usize = 10;
/// Items of one BatchGetItem.
pub(crate) const GET_ITEMS_MAX: usize = 100;
/// Items of one BatchWriteItem.
pub(crate) const WRITE_ITEMS_MAX: usize = 25;
/// How often what a batch left undone is asked for again before the cue is left to come again.
pub(crate) const BATCH_ROUNDS_MAX: u32 = 8;
/// How many requests one reader or the timer's sweep has under way at a time.
pub(crate) const REQUESTS_AT_ONCE: usize = 16;

/// What an object in the bucket may have at most: far above any payload or definition that is accepted.
pub(crate) const BLOB_BYTES_MAX: i64 = 256 * 1024 * 1024;
/// How much of what S3 holds is kept in memory.
pub(crate) const BLOB_CACHE_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Over how many partitions the list of a machine's executions is spread.
pub(crate) const LIST_SHARDS: u8 = 16;
/// Over how many partitions the timers of one minute are spread.
pub(crate) const TIMER_SHARDS: u8 = 8;

/// How far ahead of its time a timer becomes a delayed cue. Timers are written at least [`DELAY_SECS_MAX`] ahead, so that
/// a slow write and a wrong clock may take five minutes together.
pub(crate) const SWEEP_AHEAD_SECS: i64 = 600;
/// Minutes that were swept are swept again for so long.
pub(crate) const SWEEP_AGAIN_MINUTES: i64 = 10;
/// How far back the very first sweep begins.
pub(crate) const SWEEP_FIRST_MINUTES: i64 = 60;

/// What one PutLogEvents may have.
pub(crate) const LOG_BATCH_BYTES_MAX: usize = 1_048_576;
/// How many lines.
pub(crate) const LOG_BATCH_LINES_MAX: usize = 10_000;
/// How far apart their times may be: 24 hours.
pub(crate) const LOG_SPAN_MILLIS_MAX: i64 = 24 * 3_600_000;
/// How much of a log waits in memory to be sent; more is let go.
pub(crate) const LOGS_BYTES_MAX: usize = 16 * 1024 * 1024;
/// How long a log line waits for others to share its batch.
pub(crate) const LOG_LINGER: Duration = Duration::from_secs(1);
/// How long the end of an invocation waits for the log to be sent.
pub(crate) const LOGS_TIME_MAX: Duration = Duration::from_secs(5);

/// How long a cue waits for others to share its batch.
pub(crate) const LINGER: Duration = Duration::from_millis(5);

/// How long one attempt of a request may take.
pub(crate) const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
/// How often a request is attempted.
pub(crate) const ATTEMPTS_MAX: u32 = 4;

/// A Standard execution runs for a year at most.
pub(crate) const EXECUTION_DAYS_MAX: i64 = 366;
