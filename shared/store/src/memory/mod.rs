//! The backend in memory: for tests and the simulator.
//!
//! # Invariants
//!
//! * Nothing happens by itself: whoever drives it moves the clock ([`Memory::advance`]) and takes the cues
//!   ([`Memory::take_cue`]), so that equal calls give equal answers.
//! * It keeps [`Durability`](crate::Durability) to the letter: [`Memory::lose_unsynced`] takes away all that a
//!   crash could take, and nothing else.

mod documents;
mod executions;
mod logs;
mod machines;
mod queue;

use crate::{Chance, Clock, Outgoing};
use jiff::{SignedDuration, Timestamp};
use std::sync::{Mutex, MutexGuard, PoisonError};

use documents::DocumentTable;
use executions::Executions;
use logs::LogTable;
use machines::MachineTable;
use queue::Queue;

/// A backend that keeps everything in memory.
#[derive(Debug)]
pub struct Memory {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    now: Timestamp,
    seed: u64,
    executions: Executions,
    machines: MachineTable,
    documents: DocumentTable,
    logs: LogTable,
    queue: Queue,
}

impl Memory {
    /// An empty backend whose clock stands at `now` and whose chance follows from `seed`.
    #[must_use]
    pub fn new(now: Timestamp, seed: u64) -> Self {
        let inner = Inner {
            now,
            seed,
            executions: Executions::default(),
            machines: MachineTable::default(),
            documents: DocumentTable::default(),
            logs: LogTable::default(),
            queue: Queue::default(),
        };
        Memory { inner: Mutex::new(inner) }
    }

    /// Moves the clock on.
    pub fn advance(&self, by: SignedDuration) {
        let mut inner = self.lock();
        inner.now = inner.now.saturating_add(by).unwrap_or(Timestamp::MAX);
    }

    /// Sets the clock, backwards too: the clocks of several workers differ.
    pub fn set_now(&self, now: Timestamp) {
        self.lock().now = now;
    }

    /// Takes away what was committed for later and has not become durable since: what a crash may do.
    pub fn lose_unsynced(&self) {
        self.lock().executions.lose_unsynced();
    }

    /// Every cue that any execution waits for, derived from the journals.
    #[must_use]
    pub fn pending_cues(&self) -> Vec<Outgoing> {
        self.lock().executions.pending_cues()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for Memory {
    fn now(&self) -> Timestamp {
        self.lock().now
    }
}

impl Chance for Memory {
    fn bits(&self) -> u128 {
        let mut inner = self.lock();
        let high = split_mix(&mut inner.seed);
        let low = split_mix(&mut inner.seed);
        (u128::from(high) << 64) | u128::from(low)
    }
}

/// Steele and others' SplitMix64: small, and well spread from any seed.
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
