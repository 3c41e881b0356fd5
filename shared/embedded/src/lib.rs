//! The backend in one process: one SQLite file, one committer thread, a queue and timers in memory.
//!
//! Because this process alone writes the file, every condition ("this number is free", "nobody has claimed this") is
//! decided in memory, and what was decided is written in groups: one transaction and one sync for all that waits.
//! [`Durability::Later`](baton_store::Durability) returns as soon as its place in the order is fixed;
//! [`Durability::Now`](baton_store::Durability) waits for the sync of its group, and so of everything before it.
//!
//! # Invariants
//!
//! * Writes become durable in the order they were accepted. A crash takes a tail of that order, and nothing that anybody was told
//!   is durable.
//! * An execution is in memory while something is about to happen to it. One that waits costs its timer, and nothing else.
//! * The queue is not kept: [`Embedded::open`] derives every pending cue from the journals. So a claim of another
//!   [`Embedded::worker`] is a dead process's.
//! * A file that is not ours, not whole or in use is refused, and left as it is.
//! * After a write that failed nothing is accepted any more.
//!
//! # Cost
//!
//! A small commit takes about 5 µs of the caller's time, encoding included, and as much of the committer's, beside the sync
//! that a group shares. Waking an execution that waited reads two rows. An execution that waits takes about 200 bytes of memory.

mod committer;
mod documents;
mod error;
mod file;
mod journal;
mod kept;
mod limits;
mod list;
mod live;
mod logs;
mod machines;
mod queue;
mod read;
mod recover;
mod schema;
mod shared;
mod skip;
mod state;
mod time;
mod write;

pub use error::OpenError;
pub use time::{Hold, wall_now};

use baton_store::records::BlobCache;
use baton_store::{Chance, Clock, Cues, KeyId, Outgoing, StoreError, TokenKeys};
use file::Lock;
use jiff::Timestamp;
use logs::Stream;
use queue::Queue;
use read::Reader;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OptionalExtension, params};
use shared::Shared;
use state::State;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use time::Time;

/// The backend. Dropping it writes what was accepted and closes the file.
pub struct Embedded {
    shared: Arc<Shared>,
    queue: Queue,
    time: Arc<Time>,
    worker: Arc<str>,
    token_keys: TokenKeys,
    stream: Stream,
    committer: Option<JoinHandle<Connection>>,
    _lock: Lock,
}

impl Embedded {
    /// Opens a data file, or makes it, and derives the cues that its executions wait for.
    ///
    /// # Errors
    ///
    /// See [`OpenError`]. Nothing is changed then.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let lock = file::prepare(path)?;
        let sqlite = |source| OpenError::Sqlite { path: path.to_owned(), source };
        let store = |source| OpenError::Store { path: path.to_owned(), source };
        let connection = open_writer(path).map_err(sqlite)?;
        schema::widen(&connection).map_err(sqlite)?;
        let secret = token_secret(&connection).map_err(sqlite)?;
        let blobs = Arc::new(BlobCache::new(limits::BLOB_CACHE_BYTES));
        let reader = Reader::open(path, blobs.clone()).map_err(sqlite)?;
        let next_id = next_id(&reader).map_err(store)?;
        let mut cues = recover::pending(&reader).map_err(store)?;
        // All of it could be read: from here on the file is used.
        connection
            .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)
            .map_err(sqlite)?;
        schema::complete(&connection).map_err(sqlite)?;
        cues.extend(documents::express_cues(&reader).map_err(store)?);
        let shared = Arc::new(Shared::new(path.to_owned(), blobs, State::new(reader, next_id)));
        let committer = start_committer(&shared, connection)
            .map_err(|source| OpenError::Io { path: path.to_owned(), source })?;
        let (queue, time) = (Queue::default(), Arc::<Time>::default());
        queue.send(cues, time.now());
        let worker = format!("{:032x}", random_bits()).into();
        let token_keys = TokenKeys::new(KeyId(1), &secret);
        let process = u32::try_from(random_bits() >> 96).unwrap_or_default();
        let stream = Stream::new(time.now(), process);
        let committer = Some(committer);
        Ok(Embedded { shared, queue, time, worker, token_keys, stream, committer, _lock: lock })
    }

    /// How many cues wait, due or not.
    #[must_use]
    pub fn cues_waiting(&self) -> usize {
        self.queue.len()
    }

    /// How many executions are in memory: those to which something is about to happen.
    #[must_use]
    pub fn executions_in_memory(&self) -> usize {
        self.shared.lock().live_count()
    }

    /// How many groups of writes were made durable: so many times the disk was waited for.
    #[must_use]
    pub fn groups(&self) -> u64 {
        self.shared.lock().durable
    }

    /// Ends every [`Embedded::next_cue`]: the first step of a shutdown.
    pub fn close_queue(&self) {
        self.queue.close();
    }

    /// The name of this process in claims. No other has it, not even the next that opens the same file.
    #[must_use]
    pub fn worker(&self) -> &Arc<str> {
        &self.worker
    }

    /// The keys of this file's task tokens.
    #[must_use]
    pub fn token_keys(&self) -> &TokenKeys {
        &self.token_keys
    }

    /// Waits until everything that was accepted is durable.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] if the file cannot be written.
    pub async fn flush(&self) -> Result<(), StoreError> {
        self.all_durable().await
    }
}

impl fmt::Debug for Embedded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Payloads are nobody's business.
        f.debug_struct("Embedded")
            .field("path", &self.shared.path)
            .field("worker", &self.worker)
            .finish_non_exhaustive()
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.queue.close();
        self.shared.lock().is_closing = true;
        self.shared.work.notify_one();
        let connection = self.committer.take().map(JoinHandle::join);
        self.shared.close_readers();
        // The last connection that is closed moves the write-ahead log into the file.
        drop(connection);
    }
}

impl Cues for Embedded {
    async fn send(&self, cues: Vec<Outgoing>) -> Result<(), StoreError> {
        self.queue.send(cues, self.time.now());
        Ok(())
    }
}

impl Clock for Embedded {
    fn now(&self) -> Timestamp {
        self.time.now()
    }
}

impl Chance for Embedded {
    fn bits(&self) -> u128 {
        random_bits()
    }
}

/// The system's chance: the one source of it here.
#[expect(clippy::disallowed_methods, reason = "this is the backend's chance")]
fn random_bits() -> u128 {
    // A version 4 UUID has 122 random bits, the top 48 and the lowest 62 among them.
    let [first, second] = [uuid::Uuid::new_v4().as_u128(), uuid::Uuid::new_v4().as_u128()];
    first ^ second.rotate_left(64)
}

fn open_writer(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    // A file that turns out to be damaged is not touched, not even by closing it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.busy_timeout(limits::BUSY)?;
    // Where the file system cannot share memory SQLite keeps another mode, and readers would wait for the writer.
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", limits::CHECKPOINT_PAGES)?;
    Ok(connection)
}

/// The secret that this file's task tokens are signed with, made when it is first asked for.
fn token_secret(connection: &Connection) -> rusqlite::Result<[u8; 32]> {
    let read = || {
        let sql = "SELECT value FROM meta WHERE name = 'task token key'";
        connection.query_row(sql, [], |row| row.get(0)).optional()
    };
    if let Some(secret) = read()? {
        return Ok(secret);
    }
    let halves = [random_bits().to_be_bytes(), random_bits().to_be_bytes()];
    let sql = "INSERT INTO meta (name, value) VALUES ('task token key', ?1)";
    connection.execute(sql, params![halves.as_flattened()])?;
    read()?.ok_or(rusqlite::Error::QueryReturnedNoRows)
}

fn next_id(reader: &Reader) -> Result<i64, StoreError> {
    let last =
        reader.one("SELECT max(id) FROM executions", [], |row| row.get::<_, Option<i64>>(0))?;
    Ok(last.flatten().unwrap_or(0).saturating_add(1))
}

fn start_committer(
    shared: &Arc<Shared>,
    connection: Connection,
) -> std::io::Result<JoinHandle<Connection>> {
    let shared = shared.clone();
    std::thread::Builder::new().name("committer".to_owned()).spawn(move || {
        committer::run(&shared, &connection);
        connection
    })
}
