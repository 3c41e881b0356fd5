//! What the callers and the committer share.

use crate::committer::tell;
use crate::kept::Machines;
use crate::limits;
use crate::read::{Reader, unavailable};
use crate::state::{Failure, State, Synced};
use baton_store::StoreError;
use baton_store::records::{BlobCache, Packing};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// What the callers and the committer share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) path: PathBuf,
    pub(crate) blobs: Arc<BlobCache>,
    /// Tells the committer of work.
    pub(crate) work: Condvar,
    /// The state machines that were read lately.
    pub(crate) machines: Machines,
    state: Mutex<State>,
    readers: Mutex<Vec<Reader>>,
}

impl Shared {
    pub(crate) fn new(path: PathBuf, blobs: Arc<BlobCache>, state: State) -> Self {
        let (state, readers) = (Mutex::new(state), Mutex::default());
        let (work, machines) = (Condvar::new(), Machines::default());
        Shared { path, blobs, work, machines, state, readers }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How documents are packed here.
    pub(crate) fn packing(&self) -> Packing<'_> {
        Packing {
            plain_bytes_max: limits::PLAIN_BYTES_MAX,
            packed_inline_bytes_max: 0,
            known: Some(&self.blobs),
        }
    }

    /// Decides something under the state's lock, unless the file takes no more writes, and wakes the committer if that gave
    /// it work.
    pub(crate) fn decide<T>(
        &self,
        decide: impl FnOnce(&mut State) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut state = self.lock();
        if let Some(failure) = &state.failed {
            return Err(failed(failure));
        }
        let (writes, waiters) = (state.inbox.writes.len(), state.inbox.waiters.len());
        let decided = decide(&mut state);
        // It sleeps if there is nothing to write, and lingers if nobody waits.
        let has_begun = writes == 0 && !state.inbox.writes.is_empty();
        let is_awaited = waiters == 0 && !state.inbox.waiters.is_empty();
        drop(state);
        if has_begun || is_awaited {
            self.work.notify_one();
        }
        decided
    }

    /// Refuses everything from here on.
    pub(crate) fn fail(&self, failure: &Failure) {
        let waiters = {
            let mut state = self.lock();
            state.failed = Some(failure.clone());
            // Whoever waits for the answer to a write learns by its end that there will be none.
            state.inbox.writes.clear();
            let mut waiters = std::mem::take(&mut state.in_flight);
            waiters.append(&mut state.inbox.waiters);
            waiters
        };
        tell(waiters, &Err(failure.clone()));
    }

    /// Reads with a connection of its own.
    pub(crate) fn read<T>(
        &self,
        read: impl FnOnce(&Reader) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let idle = self.readers().pop();
        let reader = match idle {
            Some(reader) => reader,
            None => Reader::open(&self.path, self.blobs.clone()).map_err(unavailable)?,
        };
        let result = read(&reader);
        let mut readers = self.readers();
        if readers.len() < limits::READERS_MAX {
            readers.push(reader);
        }
        result
    }

    /// Closes the connections that read.
    pub(crate) fn close_readers(&self) {
        self.lock().reader = None;
        self.readers().clear();
    }

    fn readers(&self) -> MutexGuard<'_, Vec<Reader>> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits until what was accepted is durable.
pub(crate) async fn durable(synced: Option<Synced>) -> Result<(), StoreError> {
    match synced {
        None => Ok(()),
        Some(synced) => match synced.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(failure)) => Err(failed(&failure)),
            Err(_) => Err(failed("the data file is closed")),
        },
    }
}

pub(crate) fn failed(failure: &str) -> StoreError {
    StoreError::Unavailable { what: "data file", source: failure.into() }
}
