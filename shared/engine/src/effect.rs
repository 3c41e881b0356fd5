//! What follows from a committed record.

use crate::limits::{NESTED_POLL_SECS, POLL_SECS};
use crate::record::{End, Pending, Record};
use crate::{Event, EventDetail, Hop, Payload, ScopePath, Sequence, TaskResource};
use baton_asl::{Pattern, Resource};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

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
    /// The job may have ended: look how it stands. Of the record that began it, or of the one that waits for its end.
    Poll,
    /// The job's service told that it has ended: look whether it has, without asking again later but once, as the service's own
    /// answer may lag behind.
    Told {
        /// Whether that was before.
        is_last: bool,
    },
    /// Nobody waits any more for the job or the map run that this record began, nor for those under its fork: stop them.
    Cancel,
    /// Something about the record's map run.
    Map(MapSignal),
}

impl Signal {
    /// Whether it makes a call to the outside, which may be slow: such cues have a queue of their own.
    #[must_use]
    pub fn is_call(self) -> bool {
        match self {
            Signal::Perform | Signal::Poll | Signal::Told { .. } | Signal::Cancel => true,
            Signal::Map(signal) => signal.is_call(),
            Signal::Proceed
            | Signal::Timeout
            | Signal::Heartbeat
            | Signal::Spawn { .. }
            | Signal::Joined
            | Signal::ChildFailed { .. }
            | Signal::ExecutionTimeout => false,
        }
    }
}

/// What a cue about a map run is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MapSignal {
    /// Begin it, or look for whatever of it stands still.
    Begin,
    /// Read on, from this chunk of the manifest.
    Read {
        /// Its number.
        chunk: u32,
    },
    /// The lanes of this group may have something to do.
    Fill {
        /// Its number.
        group: u32,
    },
    /// A child of this group has ended.
    Ended {
        /// The group.
        group: u32,
        /// The chunk that the child's input is in.
        chunk: u32,
        /// Its place there.
        place: u32,
    },
    /// The Express children of this group are to be run.
    Run {
        /// Its number.
        group: u32,
    },
    /// Every child has ended: collect the results from this chunk on.
    Collect {
        /// Its number.
        chunk: u32,
    },
}

impl MapSignal {
    /// Whether it may be slow: it reads or writes objects, or runs children to their ends.
    #[must_use]
    pub fn is_call(self) -> bool {
        match self {
            MapSignal::Read { .. } | MapSignal::Collect { .. } | MapSignal::Run { .. } => true,
            MapSignal::Begin | MapSignal::Fill { .. } | MapSignal::Ended { .. } => false,
        }
    }
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
    /// Offer the record's call to the workers of this activity.
    Offer {
        /// The activity's ARN.
        activity: Arc<str>,
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
        let mut effects = self.pending_effects();
        effects.extend(self.cancellation());
        effects
    }

    /// The cue that makes the scope's next transition, if that is all that follows from this record.
    #[must_use]
    pub fn onward(&self) -> Option<Cue> {
        match self.effects().as_slice() {
            [Effect::Cue(cue, Due::Now)]
                if cue.signal == Signal::Proceed && cue.sequence == self.sequence =>
            {
                Some(cue.clone())
            }
            _ => None,
        }
    }

    fn pending_effects(&self) -> Vec<Effect> {
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
                let work = match call.activity() {
                    Some(activity) => Effect::Offer { activity: activity.into() },
                    None => cue(Signal::Perform, Due::Now),
                };
                let timeout = call.timeout_secs.map(|secs| cue(Signal::Timeout, after(secs)));
                let heartbeat = call.heartbeat_secs.map(|secs| cue(Signal::Heartbeat, after(secs)));
                [work].into_iter().chain(timeout).chain(heartbeat).collect()
            }
            Pending::Callback(callback) => {
                let call = &callback.call;
                let timeout = callback.deadline().map(|at| cue(Signal::Timeout, Due::At(at)));
                let heartbeat = call.heartbeat_secs.map(|secs| cue(Signal::Heartbeat, after(secs)));
                let poll = call.is_job().then(|| cue(Signal::Poll, after(call.first_poll_secs())));
                timeout.into_iter().chain(heartbeat).chain(poll).collect()
            }
            Pending::MapRun(_) => vec![cue(Signal::Map(MapSignal::Begin), Due::Now)],
            Pending::Fork(fork) if fork.width == 0 => vec![cue(Signal::Joined, Due::Now)],
            Pending::Fork(fork) => self.spawn_slice(0, fork.width.min(fork.concurrency)),
            Pending::Ended(end) => self.end_effects(end),
        }
    }

    /// What is to be stopped because this record waits for it no longer: a job whose time was over, and whatever an execution
    /// was doing that was ended from outside.
    fn cancellation(&self) -> Option<Effect> {
        let is_cut_off = matches!(&self.pending, Pending::Ended(End::Aborted(_) | End::TimedOut));
        let is_timed_out_job = |event: &Event| matches!(&event.detail, EventDetail::TaskTimedOut { resource, .. } if resource.is_job());
        if !is_cut_off && !self.events.iter().any(is_timed_out_job) {
            return None;
        }
        let sequence = Sequence(self.sequence.0.checked_sub(1)?);
        let cue = Cue { scope: self.scope.clone(), sequence, signal: Signal::Cancel };
        Some(Effect::Cue(cue, Due::Now))
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

    /// What the service answered when it accepted this record's job or callback.
    #[must_use]
    pub fn submitted(&self) -> Option<&Payload> {
        self.events.iter().find_map(|event| {
            let EventDetail::TaskSubmitted { output, .. } = &event.detail else { return None };
            Some(output)
        })
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
        self.activity().is_some()
    }

    /// The activity whose workers fetch it.
    #[must_use]
    pub fn activity(&self) -> Option<&str> {
        match &self.resource {
            baton_asl::Resource::Activity { arn } => Some(arn),
            baton_asl::Resource::Lambda { .. } | baton_asl::Resource::Service(_) => None,
        }
    }
}

impl crate::Call {
    /// Whether it begins a job, whose end is waited for.
    #[must_use]
    pub fn is_job(&self) -> bool {
        match &self.resource {
            Resource::Service(service) => service.pattern.is_job(),
            Resource::Lambda { .. } | Resource::Activity { .. } => false,
        }
    }

    /// When a job is first looked at that has not told its end. A nested execution tells it, whatever happens short of a crash.
    fn first_poll_secs(&self) -> u32 {
        match &self.resource {
            Resource::Service(service) if service.service == "states" => NESTED_POLL_SECS,
            Resource::Service(_) | Resource::Lambda { .. } | Resource::Activity { .. } => POLL_SECS,
        }
    }
}

impl TaskResource {
    /// Whether it names a job.
    #[must_use]
    pub fn is_job(&self) -> bool {
        match self {
            TaskResource::Service { resource, .. } => {
                let jobs = [Pattern::RunJob, Pattern::RunJobParsed];
                jobs.iter().any(|pattern| resource.ends_with(pattern.suffix()))
            }
            TaskResource::Lambda { .. } | TaskResource::Activity { .. } => false,
        }
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
