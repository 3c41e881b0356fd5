//! The driver's limits.

use jiff::SignedDuration;
use std::time::Duration;

/// The longest a call may take whatever its state allows: a Lambda function's 15 minutes, and enough on top for
/// its own answer "timed out" to arrive first.
pub(crate) const CALL_LIMIT: SignedDuration = SignedDuration::from_secs(15 * 60 + 30);
/// How much longer than its call a claim holds: what clocks may differ by, and what a commit may take.
pub(crate) const CLAIM_MARGIN: SignedDuration = SignedDuration::from_secs(60);
/// The longest that an Express execution may run (EXEC-EXP-01).
pub(crate) const EXPRESS_LIMIT: Duration = Duration::from_secs(5 * 60);
/// How many transitions of a scope an Express execution makes before it lets others run.
pub(crate) const EXPRESS_STRETCH: u32 = 32;
/// How often an Express execution tries to get ready for a call.
pub(crate) const EXPRESS_PREPARES_MAX: u32 = 4;
/// How long it waits after the first time; longer after each.
pub(crate) const EXPRESS_PREPARE_PAUSE: Duration = Duration::from_millis(500);
/// How long the spare cue waits for the write that it stands behind.
pub(crate) const SPARE_DELAY: SignedDuration = SignedDuration::from_secs(60);
/// The least time between two questions how a job stands, unless configured otherwise.
pub(crate) const JOB_PAUSE_MIN: SignedDuration = SignedDuration::from_secs(2);
/// The most time between two questions how a job stands: what may be lost of its end at most, where nothing else tells it.
pub(crate) const JOB_PAUSE_MAX: SignedDuration = SignedDuration::from_secs(300);
/// The same for a nested execution, which tells its end.
pub(crate) const NESTED_PAUSE_MAX: SignedDuration = SignedDuration::from_hours(24);
/// How soon a job is asked once more of whose end an event has told and its service not yet.
pub(crate) const TOLD_PAUSE: SignedDuration = SignedDuration::from_secs(5);
/// How many waiters for a job are read at a time.
pub(crate) const JOB_WAITERS_PER_PAGE: u32 = 100;
/// How many waiters for one job are told of its end; those beyond find it by asking.
pub(crate) const JOB_WAITERS_MAX: usize = 10_000;
/// How long after an Express execution's end whoever waits for it is told again.
pub(crate) const TELL_PAUSE_MIN: SignedDuration = SignedDuration::from_secs(60);
/// The longest between two times of telling.
pub(crate) const TELL_PAUSE_MAX: SignedDuration = SignedDuration::from_mins(15);
/// How long a question how a job stands, or the order to stop it, may take.
pub(crate) const JOB_CALL_LIMIT: SignedDuration = SignedDuration::from_secs(30);
/// Within what time after the first question what more there is to a job's end is asked.
pub(crate) const JOB_DETAILS_LIMIT: Duration = Duration::from_secs(25);
/// How soon the end of a job is looked for again whose beginning is not committed yet.
pub(crate) const UNSUBMITTED_PAUSE: SignedDuration = SignedDuration::from_secs(1);
/// How often a write from outside is tried against a scope that keeps moving.
pub(crate) const RACES_MAX: u32 = 100;
/// How many children of one slice are written at the same time.
pub(crate) const SPAWNS_AT_ONCE: usize = 25;
/// How many children a chunk of a map run's manifest has at most: as many as a group has lanes.
pub(crate) const MAP_CHUNK_CHILDREN: usize = 25;
/// The same for Express children, as long as some groups may have had no chunk.
pub(crate) const MAP_EXPRESS_FIRST_CHILDREN: usize = 100;
/// The same for Express children once every group has had a chunk: what is written for a chunk is shared by more.
pub(crate) const MAP_EXPRESS_CHILDREN: usize = 1_000;
/// How many results of Express children are committed together at most.
pub(crate) const MAP_PIECE_CHILDREN: u32 = 1_000;
/// Once so many bytes of results wait they are committed.
pub(crate) const MAP_PIECE_BYTES: usize = 256 * 1024;
/// How long a result of an Express child waits for others to be committed with.
pub(crate) const MAP_PIECE_TIME: Duration = Duration::from_secs(1);
/// How long Express children run before their map run is looked at, whether or not any has ended.
pub(crate) const MAP_LOOK_TIME: Duration = Duration::from_secs(3);
/// How long a group waits for those of its last children that end at once, before it asks for more.
pub(crate) const MAP_LAST_TIME: Duration = Duration::from_millis(2);
/// How long a process that runs Express children of a group is taken to be alive after it wrote the group.
pub(crate) const MAP_LEASE: SignedDuration = SignedDuration::from_secs(60);
/// With so much of that left the group is written again.
pub(crate) const MAP_LEASE_LEFT_MIN: SignedDuration = SignedDuration::from_secs(30);
/// What an Express child may need of a process's time besides its own: to commit its result.
pub(crate) const MAP_EXPRESS_MARGIN: Duration = Duration::from_secs(15);
/// How many Express children begin before others in the process get their turn.
pub(crate) const MAP_EXPRESS_STRETCH: u32 = 32;
/// How many pieces of results are read at a time.
pub(crate) const MAP_PIECES_PER_PAGE: u32 = 10;
/// Once the inputs of a chunk have so many bytes it is closed; one more input of the largest size fits an item of DynamoDB's.
pub(crate) const MAP_CHUNK_BYTES_MAX: usize = 128 * 1024;
/// How many chunks a process remembers: at most some 16 MiB.
pub(crate) const MAP_CHUNKS_KEPT: usize = 128;
/// How long one cue reads a map run's items before it leaves the rest to another.
pub(crate) const MAP_READ_LIMIT: SignedDuration = SignedDuration::from_secs(120);
/// How long one cue writes a map run's results before it leaves the rest to another.
pub(crate) const MAP_WRITE_LIMIT: SignedDuration = SignedDuration::from_secs(120);
/// How many bytes of an object are read at a time.
pub(crate) const MAP_OBJECT_PIECE_BYTES: u32 = 2 * 1024 * 1024;
/// How many pieces of a large object are asked for ahead of the one that is read.
pub(crate) const MAP_PIECES_AHEAD: usize = 3;
/// How many rows of a Parquet object are decoded at a time.
#[cfg(feature = "parquet")]
pub(crate) const MAP_ROWS_AT_ONCE: usize = 1_000;
/// Once the rows that are decoded at a time have so many bytes, no more are.
#[cfg(feature = "parquet")]
pub(crate) const MAP_ROWS_BYTES: usize = 1024 * 1024;
/// How many groups of lanes are read at the same time.
pub(crate) const MAP_GROUPS_AT_ONCE: usize = 25;
/// How many answers that could not be committed are kept for when their cues come again.
pub(crate) const UNRECORDED_MAX: usize = 10_000;
/// How many compiled definitions are kept.
pub(crate) const DEFINITIONS_MAX: usize = 256;
/// How many transitions a scope may make unless configured otherwise: far above AWS's 25,000 events, far below
/// what a loop without an end would cost.
pub(crate) const TRANSITIONS_MAX: u32 = 1_000_000;
/// How many transitions a scope makes before its rate counts.
pub(crate) const UNPACED_TRANSITIONS: u32 = 1_000;
/// How long a cue waits whose scope is too fast: one transition a second at the slowest.
pub(crate) const PACE_DELAY: SignedDuration = SignedDuration::from_secs(1);
/// How many transitions one cue makes at most, whatever is configured: a repeated cue looks no further for what became of it.
pub(crate) const STRETCH_MAX: u32 = 32;
/// After so long a cue that was due counts as lost: longer than SQS hides one that is being worked on, and than calls last.
pub(crate) const LATE_AFTER: SignedDuration = SignedDuration::from_mins(20);
/// How many records of an execution the doctor reads at most.
pub(crate) const EXAMINED_RECORDS_MAX: usize = 5_000_000;
/// The longest cause that AWS keeps, in characters.
pub(crate) const CAUSE_CHARS_MAX: usize = 32_768;
/// How many calls wait in memory for a free place before no more cues are fetched.
pub(crate) const WAITING_CALLS_MAX: usize = 100_000;
/// How many failing cues are counted at a time. A cue beyond them is simply taken for failing the first time.
pub(crate) const COUNTED_CUES_MAX: usize = 100_000;
/// How often a cue may fail by itself before it ends its execution: with [`RETRY_DELAY_MAX`] some ten minutes.
pub(crate) const TRIES_MAX: u32 = 25;
/// How often a cue may crash what takes it before it ends its execution.
pub(crate) const PANICS_MAX: u32 = 3;
/// How long a cue that failed once waits; doubled each time.
pub(crate) const RETRY_DELAY_MIN: SignedDuration = SignedDuration::from_millis(100);
/// The longest that a failing cue waits.
pub(crate) const RETRY_DELAY_MAX: SignedDuration = SignedDuration::from_secs(30);
/// Workers that poll one activity at a time (QUO-22).
pub(crate) const POLLERS_MAX: usize = 1_000;
/// How long a poller waits for news of its own process before it looks for what others offer.
pub(crate) const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// How many tasks on offer a poller looks at together.
pub(crate) const OFFERS_PER_LOOK: u32 = 10;
/// How many times in a row a poller looks where all that it finds waits no longer.
pub(crate) const LOOKS_MAX: u32 = 100;
/// The most events with which an execution can be redriven where events are limited (RED-03): its history must have room
/// for the redrive and for an end.
pub(crate) const REDRIVE_EVENTS_MAX: u64 = 24_998;
