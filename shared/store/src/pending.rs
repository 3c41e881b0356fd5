//! Which cues an execution waits for: derived from its journals, for a queue that was lost as a whole.

use crate::{Header, Outgoing};
use baton_engine::{Cue, Due, Effect, ForkId, Pending, Record, ScopePath, Sequence, Signal};
use std::collections::{BTreeMap, BTreeSet};

/// The scopes that may still move, given the newest record's number of every scope: those that lie only under
/// forks which are their scope's newest record, and not under a closed one.
pub fn open_scopes<'a>(
    newest: &'a BTreeMap<ScopePath, Sequence>,
    closed: &'a BTreeSet<ForkId>,
) -> impl Iterator<Item = (&'a ScopePath, Sequence)> {
    let is_open =
        move |fork: &ForkId| newest.get(&fork.scope) == Some(&fork.fork) && !closed.contains(fork);
    newest
        .iter()
        .filter(move |(scope, _)| scope.forks().all(|fork| is_open(&fork)))
        .map(|(scope, sequence)| (scope, *sequence))
}

/// Every cue that an execution waits for, given the newest record of each open scope. To send one that was not lost
/// does no harm.
pub fn pending_cues<'a>(
    header: &Header,
    newest: impl IntoIterator<Item = &'a Record>,
) -> Vec<Outgoing> {
    if header.status.is_ended() {
        return Vec::new();
    }
    let mut cues = Vec::new();
    let mut has_begun = false;
    for record in newest {
        has_begun |= record.scope.is_top();
        cues.extend(cues_of(record));
    }
    if !has_begun {
        cues.push((proceed(ScopePath::top(), Sequence::FIRST), Due::Now));
    }
    cues.extend(time_limit(header));
    let execution = header.arn();
    cues.into_iter().map(|(cue, due)| Outgoing { execution: execution.clone(), cue, due }).collect()
}

/// A record's cues; if more than cues follows from it, the cue that makes all of it follow again.
fn cues_of(record: &Record) -> Vec<(Cue, Due)> {
    let effects = record.effects();
    let cues = effects.into_iter().map(|effect| match effect {
        Effect::Cue(cue, due) => Some((cue, due)),
        Effect::Spawn { .. } | Effect::Join { .. } | Effect::Offer { .. } | Effect::End => None,
    });
    cues.collect::<Option<Vec<_>>>()
        .unwrap_or_else(|| vec![(proceed(record.scope.clone(), record.sequence), Due::Now)])
}

fn time_limit(header: &Header) -> Option<(Cue, Due)> {
    let at = header.deadline()?;
    let scope = ScopePath::top();
    let cue = Cue { scope, sequence: Sequence::FIRST, signal: Signal::ExecutionTimeout };
    Some((cue, Due::At(at)))
}

/// Whether a timer of an execution has outlived what it was for, given its scope's newest record: when it comes makes no
/// difference then, so that whoever skips waiting need not wait for it.
#[must_use]
pub fn is_moot(header: &Header, newest: Option<&Record>, cue: &Cue) -> bool {
    if header.status.is_ended() || cue.scope.forks().any(|fork| header.closed.contains(&fork)) {
        return true;
    }
    let Some(newest) = newest else { return false };
    match cue.signal {
        Signal::Timeout | Signal::Heartbeat | Signal::Told { .. } => newest.sequence > cue.sequence,
        // The record that began a job may be asked on behalf of the one that waits for its end.
        Signal::Poll => newest.sequence > cue.sequence.next(),
        Signal::Proceed => newest.sequence != cue.sequence || !waits_for_time(&newest.pending),
        Signal::Perform
        | Signal::Spawn { .. }
        | Signal::Joined
        | Signal::ChildFailed { .. }
        | Signal::ExecutionTimeout
        | Signal::Cancel
        | Signal::Map(_) => false,
    }
}

fn waits_for_time(pending: &Pending) -> bool {
    match pending {
        Pending::Until(_) | Pending::Retry { .. } => true,
        Pending::Continue
        | Pending::Failing(_)
        | Pending::Call(_)
        | Pending::Callback(_)
        | Pending::Fork(_)
        | Pending::MapRun(_)
        | Pending::Ended(_) => false,
    }
}

fn proceed(scope: ScopePath, sequence: Sequence) -> Cue {
    Cue { scope, sequence, signal: Signal::Proceed }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::samples;
    use crate::{RevisionId, Status};
    use baton_engine::{End, Fork, Payload, Pending};
    use expect_test::{Expect, expect};
    use jiff::{SignedDuration, Timestamp};
    use serde_json::json;

    #[test]
    fn scopes_of_forks_that_were_left_are_not_open() {
        let newest: BTreeMap<ScopePath, Sequence> = [
            ("top", 5),
            ("3.0", 9),
            ("5.0", 2),
            ("5.0/2.1", 0),
            ("5.0/1.0", 4),
            ("5.1", 7),
            ("5.1/7.0", 0),
        ]
        .map(|(scope, sequence)| (scope.parse().unwrap(), Sequence(sequence)))
        .into();
        let closed = ForkId { scope: "5.1".parse().unwrap(), fork: Sequence(7) };
        let open: Vec<String> = open_scopes(&newest, &BTreeSet::from([closed]))
            .map(|(scope, sequence)| format!("{scope}:{sequence}"))
            .collect();
        assert_eq!(open, ["top:5", "5.0:2", "5.0/2.1:0", "5.1:7"]);
    }

    #[test]
    fn every_open_scope_is_cued_as_its_record_says() {
        check(&[], expect!["top:0 Proceed Now"]);
        check(&[("top", Pending::Continue)], expect!["top:17 Proceed Now"]);
        check(
            &[("top", Pending::Until(Timestamp::UNIX_EPOCH))],
            expect!["top:17 Proceed At(1970-01-01T00:00:00Z)"],
        );
        let fork = Pending::Fork(Fork { width: 2, concurrency: 2, input: null(), resumes: None });
        let ended = Pending::Ended(End::Succeeded(null()));
        check(
            &[("top", fork), ("17.0", ended.clone()), ("17.1", Pending::Continue)],
            expect![[r"
                top:17 Proceed Now
                17.0:17 Proceed Now
                17.1:17 Proceed Now"]],
        );
        check(&[("top", ended)], expect!["top:17 Proceed Now"]);
    }

    #[test]
    fn the_time_limit_is_cued_too() {
        let header = Header { timeout_secs: Some(60), ..header() };
        let cues = pending_cues(&header, [&samples::small()]);
        let due = samples::now() + SignedDuration::from_secs(60);
        assert_eq!(cues[1].cue.signal, Signal::ExecutionTimeout);
        assert_eq!(cues[1].due, Due::At(due));
    }

    #[test]
    fn an_ended_execution_waits_for_nothing() {
        let status = Status::TimedOut { stopped: samples::now() };
        assert!(pending_cues(&Header { status, ..header() }, [&samples::small()]).is_empty());
    }

    fn check(newest: &[(&str, Pending)], expected: Expect) {
        let records: Vec<Record> = newest
            .iter()
            .map(|(scope, pending)| Record {
                scope: scope.parse().unwrap(),
                pending: pending.clone(),
                ..samples::small()
            })
            .collect();
        let cues: Vec<String> = pending_cues(&header(), &records)
            .iter()
            .map(|sent| {
                let Cue { scope, sequence, signal } = &sent.cue;
                format!("{scope}:{sequence} {signal:?} {:?}", sent.due)
            })
            .collect();
        expected.assert_eq(&cues.join("\n"));
    }

    fn null() -> Payload {
        Payload::new(json!(null))
    }

    fn header() -> Header {
        let mut header = samples::header();
        header.revision = RevisionId("r".into());
        header
    }
}
