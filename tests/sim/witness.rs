//! What must hold, whatever the weather. The witness stands between the driver and the weather: it sees what was really
//! kept, and what the driver was told.

use crate::fate::Journals;
use crate::outside::Attempt;
use baton_engine::{EventDetail, Marked, Pending, Record};
use baton_store::TokenClaims;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// On whose behalf the driver is at work.
#[derive(Debug, Clone, PartialEq)]
pub enum Activity {
    Start,
    Take,
    Answer(TokenClaims),
    Heartbeat,
    Stop,
}

/// Keeps the journals as they were committed.
#[derive(Debug, Default)]
pub struct Witness {
    pub journals: Journals,
    claims: BTreeSet<Attempt>,
    calls: BTreeMap<Attempt, u32>,
    accepted: BTreeSet<Attempt>,
    violations: Vec<String>,
}

impl Witness {
    pub fn violation(&self) -> Option<&str> {
        self.violations.first().map(String::as_str)
    }

    pub fn note(&mut self, violation: String) {
        self.violations.push(violation);
    }

    /// A record whose commit was answered with success. `now_millis` is what the worker's own clock shows.
    pub fn committed(&mut self, record: &Arc<Record>, activity: &Activity, now_millis: i64) {
        let place = format!("{}:{}", record.scope, record.sequence);
        let journal = self.journals.entry(record.scope.clone()).or_default();
        let Some(before) = journal.last().cloned() else {
            journal.push(Arc::clone(record));
            if record.sequence.0 != 0 {
                self.note(format!("{place}: a journal begins here"));
            }
            return;
        };
        if record.sequence != before.sequence.next() {
            let last = before.sequence;
            self.note(format!("{place}: committed after record {last}: twice, or with a gap"));
            return;
        }
        journal.push(Arc::clone(record));
        if record.moment <= before.moment {
            self.note(format!("{place}: not later than what it follows from"));
        }
        self.check_follows(&place, &before, record, now_millis);
        self.check_answer(&place, &before, activity);
    }

    fn check_follows(&mut self, place: &str, before: &Record, record: &Record, now_millis: i64) {
        match &before.pending {
            Pending::Ended(_) => self.note(format!("{place}: follows an end")),
            Pending::Until(at) | Pending::Retry { at, .. }
                if is_own_doing(record) && now_millis < at.as_millisecond() =>
            {
                self.note(format!("{place}: came before its time, {at}"));
            }
            Pending::Fork(fork) if is_joined(record) => {
                let children =
                    (0..fork.width).map(|child| baton_engine::Hop { fork: before.sequence, child });
                let has_ended = |hop| {
                    let last =
                        self.journals.get(&before.scope.child(hop)).and_then(|all| all.last());
                    last.is_some_and(
                        |last| matches!(&last.pending, Pending::Ended(end) if end.is_success()),
                    )
                };
                let missing: Vec<u32> =
                    children.filter(|hop| !has_ended(*hop)).map(|hop| hop.child).collect();
                if !missing.is_empty() {
                    self.note(format!("{place}: joined before the end of {missing:?}"));
                }
            }
            _ => {}
        }
    }

    /// A token's answer moves on the attempt that the token is for.
    fn check_answer(&mut self, place: &str, before: &Record, activity: &Activity) {
        let Activity::Answer(claims) = activity else { return };
        let answered = match &before.pending {
            Pending::Call(call) => Some((before.sequence, call.nonce)),
            Pending::Callback(callback) => Some((callback.called_by, callback.call.nonce)),
            _ => None,
        };
        if before.scope == claims.scope && answered != Some((claims.sequence, Some(claims.nonce))) {
            self.note(format!("{place}: answered by the token of record {}", claims.sequence));
        }
    }

    pub fn claimed(&mut self, attempt: Attempt) {
        if !self.claims.insert(attempt.clone()) {
            self.note(format!("{}:{}: claimed twice", attempt.0, attempt.1));
        }
    }

    /// A call is made, of a record that is kept like this.
    pub fn called(&mut self, attempt: &Attempt, kept: Option<&Marked>) {
        let place = format!("{}:{}", attempt.0, attempt.1);
        let times = self.calls.entry(attempt.clone()).or_default();
        *times += 1;
        if *times > 1 {
            self.note(format!("{place}: the attempt began twice"));
        }
        if kept.is_none_or(|kept| kept.marks.claim.is_none()) {
            self.note(format!("{place}: called without a claim"));
        }
    }

    /// The answer for this attempt's token was accepted.
    pub fn accepted(&mut self, claims: &TokenClaims) {
        let attempt = (claims.scope.clone(), claims.sequence);
        if !self.accepted.insert(attempt) {
            self.note(format!("{}:{}: its token resolved twice", claims.scope, claims.sequence));
        }
    }

    /// A crash took away whatever is not among these.
    pub fn crashed(&mut self, kept: &[Marked]) {
        let mut journals = Journals::default();
        for marked in kept {
            let record = &marked.record;
            journals.entry(record.scope.clone()).or_default().push(Arc::clone(record));
        }
        self.journals = journals;
        self.check_accepted();
    }

    /// What was accepted has not been lost.
    pub fn check_accepted(&mut self) {
        let lost: Vec<String> = self
            .accepted
            .iter()
            .filter(|(scope, sequence)| {
                let journal = self.journals.get(scope).map(Vec::as_slice).unwrap_or_default();
                let answered = journal.iter().rev().find(|record| match &record.pending {
                    Pending::Call(_) => record.sequence == *sequence,
                    Pending::Callback(callback) => callback.called_by == *sequence,
                    _ => false,
                });
                answered.is_none_or(|record| journal.len() <= record.sequence.0 as usize + 1)
            })
            .map(|(scope, sequence)| format!("{scope}:{sequence}: an accepted answer is lost"))
            .collect();
        lost.into_iter().for_each(|violation| self.note(violation));
    }
}

/// Whether the scope moved on by itself, and was not ended from outside.
fn is_own_doing(record: &Record) -> bool {
    !record.events.iter().any(|event| {
        matches!(event.detail, EventDetail::ExecutionAborted(_) | EventDetail::ExecutionTimedOut(_))
    })
}

fn is_joined(record: &Record) -> bool {
    record.events.iter().any(|event| {
        matches!(event.detail, EventDetail::ParallelStateSucceeded | EventDetail::MapStateSucceeded)
    })
}
