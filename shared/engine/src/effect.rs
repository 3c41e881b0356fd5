//! What follows from a committed record.

use crate::record::{End, Pending, Record};
use crate::{Hop, ScopePath, Sequence};
use jiff::{SignedDuration, Timestamp};

/// The message "do what this record waits for".
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cue {
    /// The record's scope.
    pub scope: ScopePath,
    /// The record's number.
    pub sequence: Sequence,
    /// What makes the scope move.
    pub signal: Signal,
}

/// What a cue is about. A signal that does not fit what the record waits for is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signal {
    /// The record waits for nothing else, or for a time that has come. It also stands in for every signal
    /// that can be derived from the record: the spare cue is of this kind.
    Proceed,
    /// Make the record's call.
    Perform,
    /// The task's time may be over.
    Timeout,
    /// The task's heartbeat may have been missed.
    Heartbeat,
    /// Create the fork's children from this index on.
    Spawn {
        /// The first index of the slice.
        from: u32,
    },
    /// All children have ended well.
    Joined,
    /// This child has failed.
    ChildFailed {
        /// Its index.
        child: u32,
    },
    /// The execution's own time may be over.
    ExecutionTimeout,
}

/// When a cue is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Due {
    /// As soon as possible.
    Now,
    /// Not before.
    At(Timestamp),
}

/// What follows from a committed record: a function of the record alone, so it can be repeated.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Send a cue.
    Cue(Cue, Due),
    /// Create the first records of these children of the record, with what follows from them. Children that
    /// exist are left alone.
    Spawn {
        /// The first child's index.
        from: u32,
        /// The index after the last child's.
        to: u32,
    },
    /// Mark this child's end in its parent's join; whoever completes the join cues the parent, and a child held back by
    /// the concurrency is started.
    Join {
        /// The parent's scope.
        parent: ScopePath,
        /// The child.
        hop: Hop,
    },
    /// The execution has ended.
    End,
}

impl Record {
    /// How many children one effect creates; the rest of a larger fork follows by cue.
    pub const SPAWN_SLICE: u32 = 100;

    /// What follows from this record. Equal records give equal effects, so a repeat does no harm.
    #[must_use]
    pub fn effects(&self) -> Vec<Effect> {
        let cue = |signal, due| {
            Effect::Cue(Cue { scope: self.scope.clone(), sequence: self.sequence, signal }, due)
        };
        let after = |secs: u32| {
            Due::At(
                self.time()
                    .saturating_add(SignedDuration::from_secs(secs.into()))
                    .unwrap_or(Timestamp::MAX),
            )
        };
        match &self.pending {
            Pending::Continue | Pending::Failing(_) => vec![cue(Signal::Proceed, Due::Now)],
            Pending::Until(at) | Pending::Retry { at, .. } => {
                vec![cue(Signal::Proceed, Due::At(*at))]
            }
            Pending::Call(call) => {
                let perform = (!call.is_polled()).then(|| cue(Signal::Perform, Due::Now));
                let timeout = call.timeout_secs.map(|secs| cue(Signal::Timeout, after(secs)));
                let heartbeat = call.heartbeat_secs.map(|secs| cue(Signal::Heartbeat, after(secs)));
                perform.into_iter().chain(timeout).chain(heartbeat).collect()
            }
            Pending::Callback(callback) => {
                let call = &callback.call;
                let timeout = callback.deadline().map(|at| cue(Signal::Timeout, Due::At(at)));
                let heartbeat = call.heartbeat_secs.map(|secs| cue(Signal::Heartbeat, after(secs)));
                timeout.into_iter().chain(heartbeat).collect()
            }
            Pending::Fork(fork) if fork.width == 0 => vec![cue(Signal::Joined, Due::Now)],
            Pending::Fork(fork) => self.spawn_slice(0, fork.width.min(fork.concurrency)),
            Pending::Ended(end) => self.end_effects(end),
        }
    }

    /// The effects that create the children from `from` on, up to `to`, a slice at a time.
    #[must_use]
    pub fn spawn_slice(&self, from: u32, to: u32) -> Vec<Effect> {
        let slice_end = to.min(from.saturating_add(Self::SPAWN_SLICE));
        let rest = (slice_end < to).then(|| {
            let signal = Signal::Spawn { from: slice_end };
            Effect::Cue(
                Cue { scope: self.scope.clone(), sequence: self.sequence, signal },
                Due::Now,
            )
        });
        (from < slice_end)
            .then_some(Effect::Spawn { from, to: slice_end })
            .into_iter()
            .chain(rest)
            .collect()
    }

    /// The record's time.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        Timestamp::from_millisecond(self.moment.millis).unwrap_or(Timestamp::MAX)
    }

    fn end_effects(&self, end: &End) -> Vec<Effect> {
        match self.scope.parent() {
            None => vec![Effect::End],
            Some((parent, hop)) if end.is_success() => vec![Effect::Join { parent, hop }],
            Some((scope, hop)) => {
                let signal = Signal::ChildFailed { child: hop.child };
                vec![Effect::Cue(Cue { scope, sequence: hop.fork, signal }, Due::Now)]
            }
        }
    }
}

impl crate::Call {
    /// Whether a worker fetches it (an activity), rather than the driver making it.
    #[must_use]
    pub fn is_polled(&self) -> bool {
        matches!(self.resource, baton_asl::Resource::Activity { .. })
    }
}

impl crate::Callback {
    /// When the task's time is over, if it has a limit.
    #[must_use]
    pub fn deadline(&self) -> Option<Timestamp> {
        let secs = SignedDuration::from_secs(self.call.timeout_secs?.into());
        Some(self.started.saturating_add(secs).unwrap_or(Timestamp::MAX))
    }
}
