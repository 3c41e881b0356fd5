//! When a task's time is over. A timer that comes early, because the task began later than its record or has
//! sent a heartbeat, is sent again.

use baton_engine::{Call, Marks, Pending, Record, Signal};
use jiff::{SignedDuration, Timestamp};

/// When this timer of a record is due, if the record has such a timer.
pub(crate) fn deadline(
    record: &Record,
    marks: &Marks,
    signal: Signal,
    now: Timestamp,
) -> Option<Timestamp> {
    let (call, started) = match &record.pending {
        Pending::Call(call) => (call, started(marks)),
        Pending::Callback(callback) => (&callback.call, Some(callback.started)),
        Pending::Continue
        | Pending::Failing(_)
        | Pending::Until(_)
        | Pending::Retry { .. }
        | Pending::Fork(_)
        | Pending::MapRun(_)
        | Pending::Ended(_) => return None,
    };
    // A call that is still on its way to a worker has all its time before it.
    let base = match (started, signal) {
        // A worker of an activity beats from when it has the task; how long it may take to find one is limited all the same.
        (None, Signal::Timeout) if call.is_polled() => record.time(),
        (None, _) => now,
        (Some(started), Signal::Heartbeat) => last_sign(record, marks, started),
        (Some(started), _) => started,
    };
    let limit = SignedDuration::from_secs(limit_secs(call, signal)?.into());
    Some(base.saturating_add(limit).unwrap_or(Timestamp::MAX))
}

fn limit_secs(call: &Call, signal: Signal) -> Option<u32> {
    match signal {
        Signal::Timeout => call.timeout_secs,
        Signal::Heartbeat => call.heartbeat_secs,
        Signal::Proceed
        | Signal::Perform
        | Signal::Spawn { .. }
        | Signal::Joined
        | Signal::ChildFailed { .. }
        | Signal::ExecutionTimeout
        | Signal::Poll
        | Signal::Told { .. }
        | Signal::Cancel
        | Signal::Map(_) => None,
    }
}

/// When a call was claimed.
fn started(marks: &Marks) -> Option<Timestamp> {
    let claim = marks.claim.as_ref()?;
    Some(Timestamp::from_millisecond(claim.moment.millis).unwrap_or(Timestamp::MAX))
}

/// The latest sign of life: a heartbeat, the acceptance, or the start.
fn last_sign(record: &Record, marks: &Marks, started: Timestamp) -> Timestamp {
    let accepted = match &record.pending {
        Pending::Callback(_) => record.time(),
        Pending::Call(_)
        | Pending::Continue
        | Pending::Failing(_)
        | Pending::Until(_)
        | Pending::Retry { .. }
        | Pending::Fork(_)
        | Pending::MapRun(_)
        | Pending::Ended(_) => started,
    };
    started.max(accepted).max(marks.heartbeat.unwrap_or(started))
}
