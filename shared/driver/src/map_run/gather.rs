//! Children that end at about the same time are counted together: the cues of one group that one process holds at once
//! become one write of the group's document.

use crate::limits::MAP_CHUNKS_KEPT;
use baton_store::documents::MapChunk;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A group of lanes of a map run.
type Group = (Arc<str>, u32);

/// A chunk: its map run, its number, and itself.
type Kept = (Arc<str>, u32, Arc<MapChunk>);

/// The children of each group whose ends wait to be counted, and the chunks that were read lately.
#[derive(Debug, Default)]
pub(crate) struct Gathering {
    groups: Mutex<BTreeMap<Group, Arc<Gathered>>>,
    chunks: Mutex<VecDeque<Kept>>,
}

/// What waits of one group.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    /// Whoever holds it counts for all.
    pub(crate) turn: tokio::sync::Mutex<()>,
    ended: Mutex<Vec<(u32, u32)>>,
}

impl Gathering {
    /// A chunk that is known here. Chunks never change.
    pub(crate) fn chunk(&self, arn: &str, number: u32) -> Option<Arc<MapChunk>> {
        let mut chunks = lock(&self.chunks);
        let at = chunks.iter().position(|(of, there, _)| &**of == arn && *there == number)?;
        let found = chunks.remove(at)?;
        let chunk = found.2.clone();
        chunks.push_front(found);
        Some(chunk)
    }

    /// Keeps a chunk for those who ask for it soon, and forgets the one unused for longest.
    pub(crate) fn keep_chunk(&self, arn: &str, number: u32, chunk: MapChunk) -> Arc<MapChunk> {
        let chunk = Arc::new(chunk);
        let mut chunks = lock(&self.chunks);
        chunks.retain(|(of, there, _)| &**of != arn || *there != number);
        chunks.push_front((arn.into(), number, chunk.clone()));
        chunks.truncate(MAP_CHUNKS_KEPT);
        chunk
    }

    /// Adds a child's end, or nobody's: whoever comes only to look takes part too.
    pub(crate) fn join(
        &self,
        arn: &Arc<str>,
        group: u32,
        ended: Option<(u32, u32)>,
    ) -> Arc<Gathered> {
        let gathered = Arc::clone(lock(&self.groups).entry((arn.clone(), group)).or_default());
        lock(&gathered.ended).extend(ended);
        gathered
    }

    /// Forgets a group that nobody waits for.
    pub(crate) fn leave(&self, arn: &Arc<str>, group: u32, gathered: Arc<Gathered>) {
        let mut groups = lock(&self.groups);
        drop(gathered);
        let key = (arn.clone(), group);
        if groups.get(&key).is_some_and(|gathered| Arc::strong_count(gathered) == 1) {
            groups.remove(&key);
        }
    }
}

impl Gathered {
    /// All that waits, this one's own among it if nobody has counted it yet.
    pub(crate) fn waiting(&self) -> Vec<(u32, u32)> {
        lock(&self.ended).clone()
    }

    /// Whether a child's end still waits.
    pub(crate) fn has(&self, ended: (u32, u32)) -> bool {
        lock(&self.ended).contains(&ended)
    }

    /// These have been counted.
    pub(crate) fn counted(&self, counted: &[(u32, u32)]) {
        lock(&self.ended).retain(|ended| !counted.contains(ended));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
