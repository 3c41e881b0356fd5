//! The backend in memory, in bad weather: what a process sees of it.
//!
//! Each request is a point where other work may come first, where the process may die before or after it, and where it
//! may be refused or its answer lost. The broken variants that concern requests are here too.

use crate::dice::Dice;
use crate::mutant::Mutant;
use crate::shared::{Flight, Run};
use crate::witness::Activity;
use baton_engine::{Claim, Due, ForkId, Marked, Pending, Record, ScopePath, Sequence, Signal};
use baton_store::memory::Memory;
use baton_store::{
    Chance, ClaimAnswer, Clock, CommitError, Created, Cues, DocumentId, DocumentKind, Documents,
    Durability, ExecutionArn, ExecutionQuery, Header, JoinAnswer, JoinMark, Journal, Loaded,
    LogLine, Logs, Machine, MachineArn, Machines, Outgoing, Page, Redrive, Revision, RevisionId,
    Status, StoreError,
};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::future::{Future, pending, poll_fn};
use std::sync::{Arc, Mutex};
use std::task::Poll;

/// Nobody waits so long for a cue.
const NEVER_MILLIS: i64 = 100 * 366 * 24 * 3_600_000;

/// A process's view of the store and the queue.
#[derive(Debug)]
pub struct Stormy {
    pub memory: Arc<Memory>,
    pub run: Run,
    pub process: usize,
    /// What the broken variants remember.
    pub counted: Mutex<BTreeMap<ForkId, u32>>,
}

/// Lets others come first, for so long.
pub async fn turn(run: &Run, millis: i64) {
    let wakes = {
        let mut shared = run.lock();
        let wakes = shared.now_millis + millis;
        shared.current.wakes_millis = Some(wakes);
        wakes
    };
    let mut is_first = true;
    poll_fn(|_| {
        let mut shared = run.lock();
        if !is_first && shared.now_millis >= wakes {
            return Poll::Ready(());
        }
        is_first = false;
        shared.current.wakes_millis = Some(wakes);
        Poll::Pending
    })
    .await;
}

/// A point where the process may die.
pub async fn mortal(run: &Run, what: &'static str) {
    let dies = {
        let mut shared = run.lock();
        let rate = shared.weather.kill;
        let dies = shared.dice.strikes(what, rate);
        if dies {
            shared.say(format_args!("dies: {what}"));
            shared.current.is_killed = true;
        }
        dies
    };
    if dies {
        pending::<()>().await;
    }
}

impl Stormy {
    /// A read: it may be late or refused.
    async fn read<R>(
        &self,
        what: &'static str,
        work: impl Future<Output = Result<R, StoreError>>,
    ) -> Result<R, StoreError> {
        self.arrive(what).await?;
        work.await
    }

    /// A write: the process may also die before and after it, and its answer may be lost.
    async fn write<R, E: From<StoreError>>(
        &self,
        what: &'static str,
        work: impl Future<Output = Result<R, E>>,
    ) -> Result<R, E> {
        mortal(&self.run, "before a write").await;
        self.arrive(what).await?;
        let answer = work.await;
        mortal(&self.run, "after a write").await;
        let rate = self.run.lock().weather.lost_answer;
        if answer.is_ok() && self.strikes("the answer is lost", rate) {
            self.say(format_args!("{what}: answer lost"));
            return Err(unavailable(what).into());
        }
        answer
    }

    async fn arrive(&self, what: &'static str) -> Result<(), StoreError> {
        let weather = self.run.lock().weather;
        let late = if self.strikes("a late answer", weather.late) {
            self.with_dice(|dice| dice.amount(3_000))
        } else {
            0
        };
        turn(&self.run, late).await;
        if self.strikes("throttled", weather.throttle) {
            self.say(format_args!("{what}: throttled"));
            return Err(unavailable(what));
        }
        Ok(())
    }

    fn strikes(&self, what: &'static str, rate: u64) -> bool {
        self.with_dice(|dice| dice.strikes(what, rate))
    }

    fn with_dice<R>(&self, work: impl FnOnce(&mut Dice) -> R) -> R {
        work(&mut self.run.lock().dice)
    }

    fn say(&self, what: std::fmt::Arguments<'_>) {
        self.run.lock().say(what);
    }

    fn is(&self, mutant: Mutant) -> bool {
        self.run.lock().is(mutant)
    }

    async fn really_commit(
        &self,
        execution: &ExecutionArn,
        record: &Arc<Record>,
        durability: Durability,
    ) -> Result<(), CommitError> {
        if self.is(Mutant::ClaimsAfterTheCall) {
            self.claim_late(execution, record).await?;
        }
        let durability = self.durability(durability);
        let mut answer = self.memory.commit(execution, record, durability).await;
        let mut shared = self.run.lock();
        let is_taken = matches!(answer, Err(CommitError::Superseded { .. }));
        shared.say(format_args!(
            "commit {}:{} {} {}",
            record.scope,
            record.sequence,
            record.state,
            if is_taken { "taken" } else { "written" }
        ));
        if is_taken && shared.is(Mutant::SkipsTheCondition) {
            answer = Ok(());
        }
        if answer.is_ok() {
            let now = shared.clock(self.process).as_millisecond();
            let activity = shared.current.activity.clone();
            shared.witness.committed(record, &activity, now);
        }
        if let Some(flight) = shared.current.flight.filter(|_| shared.is(Mutant::AcksBeforeSend)) {
            shared.queue.retain(|other| other.number != flight);
        }
        answer
    }

    /// A store of a single process makes things durable together, some sooner than asked; others make all durable at once.
    fn durability(&self, asked: Durability) -> Durability {
        let mut shared = self.run.lock();
        if !shared.weather.is_alone {
            return Durability::Now;
        }
        if asked == Durability::Now && shared.is(Mutant::AcceptsBeforeItIsDurable) {
            return Durability::Later;
        }
        let rate = shared.weather.shuffle;
        if shared.dice.strikes("durable early", rate) { Durability::Now } else { asked }
    }

    async fn claim_late(
        &self,
        execution: &ExecutionArn,
        record: &Record,
    ) -> Result<(), StoreError> {
        let Some(sequence) = record.sequence.0.checked_sub(1).map(Sequence) else { return Ok(()) };
        let before = self.memory.load(execution, &record.scope, sequence).await?;
        let is_call = before
            .and_then(|loaded| loaded.record)
            .is_some_and(|marked| matches!(marked.record.pending, Pending::Call(_)));
        if is_call {
            let claim =
                Claim { moment: record.moment, worker: "late".into(), expires: Timestamp::MAX };
            self.memory.claim(execution, &record.scope, sequence, &claim).await?;
        }
        Ok(())
    }

    /// Whether these cues are the spare of a write from outside.
    fn is_spare(&self, cues: &[Outgoing]) -> bool {
        let mut shared = self.run.lock();
        let is_from_outside = shared.current.activity != Activity::Take;
        let is_first = !std::mem::replace(&mut shared.current.has_sent, true);
        let is_delayed =
            |cue: &Outgoing| cue.cue.signal == Signal::Proceed && matches!(cue.due, Due::At(_));
        is_from_outside && is_first && cues.len() == 1 && cues.iter().all(is_delayed)
    }

    fn enqueue(&self, outgoing: Outgoing) {
        let mut shared = self.run.lock();
        let delay = match outgoing.due {
            Due::Now => 0,
            // A queue counts from when it is handed the message, by the sender's idea of how long there is to wait.
            Due::At(at) => millis_until(at, shared.clock(self.process)),
        };
        let cue = &outgoing.cue;
        let line = format!("send {}:{} {:?} in {delay}", cue.scope, cue.sequence, cue.signal);
        shared.say(format_args!("{line}"));
        let visible_millis =
            if delay < NEVER_MILLIS { shared.now_millis + delay } else { i64::MAX };
        let number = shared.number();
        shared.queue.push(Flight { number, outgoing, visible_millis, is_acked: false });
    }
}

/// How long it is from now to then, rounded up: a queue is late rather than early.
pub fn millis_until(then: Timestamp, now: Timestamp) -> i64 {
    let ahead = then.duration_since(now).max(SignedDuration::ZERO);
    let part = i64::from(ahead.subsec_nanos() % 1_000_000 > 0);
    i64::try_from(ahead.as_millis()).unwrap_or(i64::MAX - 1) + part
}

fn unavailable(what: &'static str) -> StoreError {
    StoreError::Unavailable { what, source: "bad weather".into() }
}

/// The record as it would look to who does not check which attempt a token is for.
fn rebound(marked: Marked, activity: &Activity) -> Marked {
    let Activity::Answer(claims) = activity else { return marked };
    let mut record = Record::clone(&marked.record);
    if let Pending::Callback(callback) = &mut record.pending {
        callback.called_by = claims.sequence;
        callback.call.nonce = Some(claims.nonce);
    }
    Marked { record: Arc::new(record), ..marked }
}

impl Journal for Stormy {
    async fn create(&self, header: &Header) -> Result<Created, StoreError> {
        self.write("create", self.memory.create(header)).await
    }

    async fn load(
        &self,
        execution: &ExecutionArn,
        scope: &ScopePath,
        sequence: Sequence,
    ) -> Result<Option<Loaded>, StoreError> {
        self.read("load", self.memory.load(execution, scope, sequence)).await
    }

    async fn header(&self, execution: &ExecutionArn) -> Result<Option<Arc<Header>>, StoreError> {
        self.read("header", self.memory.header(execution)).await
    }

    async fn newest(
        &self,
        execution: &ExecutionArn,
        scope: &ScopePath,
    ) -> Result<Option<Marked>, StoreError> {
        let newest = self.read("newest", self.memory.newest(execution, scope)).await?;
        let shared = self.run.lock();
        let activity = &shared.current.activity;
        if shared.is(Mutant::TokensFitAnyAttempt) {
            return Ok(newest.map(|newest| rebound(newest, activity)));
        }
        let is_repeat = |newest: &Marked| {
            let is_same = shared.current.flight.is_some_and(|number| {
                shared.queue.iter().any(|flight| {
                    let cue = &flight.outgoing.cue;
                    flight.number == number
                        && cue.scope == *scope
                        && cue.sequence.next() == newest.record.sequence
                })
            });
            is_same && shared.is(Mutant::FollowsOnce)
        };
        Ok(newest.filter(|newest| !is_repeat(newest)))
    }

    async fn commit(
        &self,
        execution: &ExecutionArn,
        record: &Arc<Record>,
        durability: Durability,
    ) -> Result<(), CommitError> {
        self.write("commit", self.really_commit(execution, record, durability)).await
    }

    async fn claim(
        &self,
        execution: &ExecutionArn,
        scope: &ScopePath,
        sequence: Sequence,
        claim: &Claim,
    ) -> Result<ClaimAnswer, StoreError> {
        if self.is(Mutant::ClaimsAfterTheCall) {
            return Ok(ClaimAnswer::Granted);
        }
        let mut claim = claim.clone();
        if self.is(Mutant::ClaimsNeverExpire) {
            claim.expires = Timestamp::MAX;
        }
        let work = async {
            let answer = self.memory.claim(execution, scope, sequence, &claim).await?;
            let mut shared = self.run.lock();
            shared.say(format_args!("claim {scope}:{sequence} {}", answer == ClaimAnswer::Granted));
            if answer == ClaimAnswer::Granted {
                shared.witness.claimed((scope.clone(), sequence));
            }
            Ok(answer)
        };
        self.write("claim", work).await
    }

    async fn heartbeat(
        &self,
        execution: &ExecutionArn,
        scope: &ScopePath,
        sequence: Sequence,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.write("heartbeat", self.memory.heartbeat(execution, scope, sequence, at)).await
    }

    async fn close(&self, execution: &ExecutionArn, fork: &ForkId) -> Result<(), StoreError> {
        self.write("close", self.memory.close(execution, fork)).await
    }

    async fn end(
        &self,
        execution: &ExecutionArn,
        redrives: u32,
        status: &Status,
    ) -> Result<(), StoreError> {
        self.say(format_args!("end {}", status.name().as_str()));
        self.write("end", self.memory.end(execution, redrives, status)).await
    }

    async fn reopen(&self, execution: &ExecutionArn, redrive: &Redrive) -> Result<(), StoreError> {
        self.say(format_args!("redrive {}", redrive.count));
        self.write("reopen", self.memory.reopen(execution, redrive)).await
    }

    async fn join(
        &self,
        execution: &ExecutionArn,
        mark: &JoinMark,
    ) -> Result<JoinAnswer, StoreError> {
        let work = async {
            let answer = self.memory.join(execution, mark).await?;
            if !self.is(Mutant::CountsJoins) {
                return Ok(answer);
            }
            let mut counted = self.counted.lock().expect("no panic while it is held");
            let rank = counted.entry(mark.fork.clone()).or_default();
            *rank += 1;
            Ok(mark.answer(*rank - 1))
        };
        self.write("join", work).await
    }

    async fn joined(
        &self,
        execution: &ExecutionArn,
        fork: &ForkId,
        width: u32,
    ) -> Result<Vec<Arc<Record>>, StoreError> {
        self.read("joined", self.memory.joined(execution, fork, width)).await
    }

    async fn children(
        &self,
        execution: &ExecutionArn,
        fork: &ForkId,
    ) -> Result<Vec<(u32, Marked)>, StoreError> {
        self.read("children", self.memory.children(execution, fork)).await
    }

    async fn records(
        &self,
        execution: &ExecutionArn,
        from: Option<&str>,
    ) -> Result<Page<Marked>, StoreError> {
        self.memory.records(execution, from).await
    }

    async fn executions(
        &self,
        query: &ExecutionQuery,
        from: Option<&str>,
    ) -> Result<Page<Arc<Header>>, StoreError> {
        self.memory.executions(query, from).await
    }
}

impl Cues for Stormy {
    async fn send(&self, cues: Vec<Outgoing>) -> Result<(), StoreError> {
        if self.is_spare(&cues) && self.is(Mutant::SendsNoSpareCue) {
            return Ok(());
        }
        let work = async {
            cues.into_iter().for_each(|cue| self.enqueue(cue));
            Ok(())
        };
        self.write("send", work).await
    }
}

impl Machines for Stormy {
    async fn create_machine(&self, machine: &Machine) -> Result<Option<Machine>, StoreError> {
        self.memory.create_machine(machine).await
    }

    async fn machine(&self, arn: &MachineArn) -> Result<Option<Machine>, StoreError> {
        self.memory.machine(arn).await
    }

    async fn revision(
        &self,
        machine: &MachineArn,
        id: &RevisionId,
    ) -> Result<Option<Revision>, StoreError> {
        self.read("revision", self.memory.revision(machine, id)).await
    }

    async fn update_machine(
        &self,
        machine: &Machine,
        expected: &RevisionId,
    ) -> Result<bool, StoreError> {
        self.memory.update_machine(machine, expected).await
    }

    async fn delete_machine(&self, arn: &MachineArn) -> Result<(), StoreError> {
        self.memory.delete_machine(arn).await
    }

    async fn machines(
        &self,
        place: &str,
        items_max: u32,
        from: Option<&str>,
    ) -> Result<Page<Machine>, StoreError> {
        self.memory.machines(place, items_max, from).await
    }
}

impl Logs for Stormy {
    fn log(&self, lines: Vec<LogLine>) {
        self.memory.log(lines);
    }
}

impl Documents for Stormy {
    async fn document(&self, id: &DocumentId) -> Result<Option<String>, StoreError> {
        self.memory.document(id).await
    }

    async fn swap_document(
        &self,
        id: &DocumentId,
        before: Option<&str>,
        after: Option<&str>,
    ) -> Result<bool, StoreError> {
        self.memory.swap_document(id, before, after).await
    }

    async fn documents(
        &self,
        kind: DocumentKind,
        group: &str,
        items_max: u32,
        from: Option<&str>,
    ) -> Result<Page<(String, String)>, StoreError> {
        self.memory.documents(kind, group, items_max, from).await
    }
}

impl Clock for Stormy {
    fn now(&self) -> Timestamp {
        let shared = self.run.lock();
        let now = shared.clock(self.process);
        // Only what cues ask about the time is wrong, not the times that are written down.
        let is_early =
            shared.is(Mutant::TimersAreEarly) && shared.current.activity == Activity::Take;
        if is_early { now + SignedDuration::from_secs(5) } else { now }
    }
}

impl Chance for Stormy {
    fn bits(&self) -> u128 {
        self.memory.bits()
    }
}
