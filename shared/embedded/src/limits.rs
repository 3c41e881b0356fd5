//! Limits of the embedded backend.

use std::time::Duration;

/// How long a write that nobody waits for may stay in memory before it is written.
pub(crate) const LINGER: Duration = Duration::from_millis(5);

/// Once so many bytes wait to be written, whoever writes more waits for them.
pub(crate) const WAITING_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Once so many bytes wait to be written, lines of the log are let go.
pub(crate) const WAITING_LOG_BYTES_MAX: usize = WAITING_BYTES_MAX / 2;

/// How many lines of the log are kept.
pub(crate) const LOG_LINES_MAX: i64 = 100_000;

/// How many bytes of them are kept.
pub(crate) const LOG_BYTES_MAX: i64 = 64 * 1024 * 1024;

/// How many idle connections for reading are kept.
pub(crate) const READERS_MAX: usize = 4;

/// How many executions are kept in memory that were only read.
pub(crate) const READ_ONLY_MAX: usize = 256;

/// How many state machines that were read are kept in memory.
pub(crate) const MACHINES_KEPT_MAX: usize = 256;

/// How many bytes of their definitions.
pub(crate) const MACHINES_KEPT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// How many records one page holds.
pub(crate) const RECORDS_PER_PAGE: u32 = 256;

/// How many bytes of large payloads are remembered, so that passing them on costs nothing.
pub(crate) const BLOB_CACHE_BYTES: usize = 16 * 1024 * 1024;

/// Documents up to here are not compressed: a disk is cheaper than the time.
pub(crate) const PLAIN_BYTES_MAX: usize = 16 * 1024;

/// How many pages the write-ahead log takes before they are moved into the file: 16 MiB.
pub(crate) const CHECKPOINT_PAGES: u32 = 4096;

/// How long a statement waits for a lock that somebody else, such as the `sqlite3` shell, holds.
pub(crate) const BUSY: Duration = Duration::from_secs(5);

/// The longest sleep of whoever waits for a cue, so that a clock that is set is noticed.
pub(crate) const NAP_MAX: Duration = Duration::from_secs(10);
