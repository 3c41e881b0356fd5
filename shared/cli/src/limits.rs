//! The limits of one machine.

use std::time::Duration;

/// The most bytes that a task's command may print, as Lambda has it for a response: 6 MiB.
pub(crate) const OUTPUT_BYTES_MAX: usize = 6 * 1024 * 1024;
/// How much of the end of a command's stderr is kept for its failure.
pub(crate) const STDERR_BYTES_KEPT: usize = 16 * 1024;
/// The most words of a `--task` command.
pub(crate) const COMMAND_WORDS_MAX: usize = 256;
/// The largest definition, input or mock file that is read.
pub(crate) const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// How many letters of the digest of a call's arguments a recording has.
pub(crate) const DIGEST_CHARS: usize = 16;
/// How many events of functions that nobody waits for are under way at a time.
pub(crate) const EVENTS_MAX: usize = 64;
/// How many records the progress display may lag behind before the execution waits for it.
pub(crate) const SEEN_MAX: usize = 1024;
/// How long calls under way may go on once Baton was told to stop.
pub(crate) const GRACE: Duration = Duration::from_secs(10);
/// How many calls are made at a time, where none of them is a process.
pub(crate) const CALLS_MAX: usize = 1024;
/// The same where commands serve tasks: each call may be a process.
pub(crate) const COMMANDS_MAX: usize = 512;
/// The events of an execution's history where AWS's limit is kept (QUO-04).
pub(crate) const HISTORY_EVENTS_MAX: u64 = 25_000;
