//! The backends, as the suite needs them.

use baton_embedded::Embedded;
use baton_engine::Due;
use baton_store::memory::Memory;
use baton_store::{Backend, Clock, Outgoing};
use jiff::{SignedDuration, Timestamp};
use std::future::Future;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

/// A backend with what surrounds it.
pub trait Home: Send + Sync + Sized + 'static {
    type Backend: Backend;
    /// Whether it notices a gap in a journal. The driver never makes one; to notice it in DynamoDB would double the price of a write.
    const REFUSES_GAPS: bool = true;
    fn new() -> Self;
    fn backend(&self) -> Arc<Self::Backend>;
    /// The next cue, waiting until there is one that is due.
    fn next_cue(&self) -> impl Future<Output = Outgoing> + Send;
    /// Whether no cue is due.
    fn has_no_cue(&self) -> bool;
    /// A short while from here, soon enough to wait for.
    fn soon(&self) -> Timestamp {
        self.backend().now() + SignedDuration::from_millis(30)
    }
    /// Lets the process die and come again: only what is durable is there, and every pending cue is sent.
    fn crash(&self) -> impl Future<Output = ()> + Send;
}

pub struct MemoryHome(Arc<Memory>);

impl Home for MemoryHome {
    type Backend = Memory;

    fn new() -> Self {
        let start = Timestamp::from_millisecond(1_763_640_000_000).unwrap();
        MemoryHome(Arc::new(Memory::new(start, 7)))
    }

    fn backend(&self) -> Arc<Memory> {
        self.0.clone()
    }

    async fn next_cue(&self) -> Outgoing {
        if let Some(cue) = self.0.take_cue() {
            return cue;
        }
        self.0.set_now(self.0.next_due().expect("no cue will ever be due"));
        self.0.take_cue().expect("a cue is due")
    }

    fn has_no_cue(&self) -> bool {
        self.0.next_due().is_none_or(|due| due > self.0.now())
    }

    async fn crash(&self) {
        self.0.lose_unsynced();
        self.0.lose_cues();
        let cues = self.0.pending_cues();
        baton_store::Cues::send(&*self.0, cues).await.unwrap();
    }
}

pub struct EmbeddedHome {
    // Closed before its folder is removed.
    backend: Mutex<Option<Arc<Embedded>>>,
    folder: TempDir,
}

impl EmbeddedHome {
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("data.db")
    }

    pub fn close(&self) {
        let backend = self.backend.lock().unwrap().take();
        assert!(
            backend.is_none_or(|backend| Arc::into_inner(backend).is_some()),
            "somebody uses it"
        );
    }

    pub fn open(&self) {
        *self.backend.lock().unwrap() = Some(Arc::new(Embedded::open(&self.file()).unwrap()));
    }
}

impl Home for EmbeddedHome {
    type Backend = Embedded;

    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = EmbeddedHome { backend: Mutex::new(None), folder };
        home.open();
        home
    }

    fn backend(&self) -> Arc<Embedded> {
        self.backend.lock().unwrap().clone().expect("it is closed")
    }

    async fn next_cue(&self) -> Outgoing {
        self.backend().next_cue(true).await.expect("the queue is open")
    }

    fn has_no_cue(&self) -> bool {
        // Only what waits for a time is left.
        let next = std::pin::pin!(self.next_cue());
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match Future::poll(next, &mut context) {
            std::task::Poll::Pending => true,
            std::task::Poll::Ready(cue) => panic!("{cue:?} is due {:?}", Due::Now),
        }
    }

    /// A copy of the files as they are at this moment is what a process that is killed leaves.
    async fn crash(&self) {
        let copy = self.folder.path().join("crashed.db");
        for suffix in ["", "-wal"] {
            let name = |base: &PathBuf| PathBuf::from(format!("{}{suffix}", base.display()));
            std::fs::copy(name(&self.file()), name(&copy)).unwrap();
        }
        self.close();
        for suffix in ["", "-wal"] {
            let name = |base: &PathBuf| PathBuf::from(format!("{}{suffix}", base.display()));
            std::fs::rename(name(&copy), name(&self.file())).unwrap();
        }
        self.open();
    }
}
