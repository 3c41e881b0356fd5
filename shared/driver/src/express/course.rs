//! One run of one Express execution.

use super::Expressed;
use crate::driver::{Driver, Run, broken};
use crate::error::Halt;
use crate::follow::status_of;
use crate::limits::{EXPRESS_PREPARE_PAUSE, EXPRESS_PREPARES_MAX, EXPRESS_STRETCH};
use crate::perform::{claimed, task_call};
use crate::stop::failed_record;
use crate::take::state_type_of;
use crate::tasks::{TaskCall, Tasks};
use baton_engine::{
    Call, ChildFailure, End, Failure, Fork, Hop, Marked, Marks, Moment, Outcome, Payload, Pending,
    Record, Roll, StateType,
};
use baton_store::{Backend, Status};
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// A scope's newest record, for whoever ends it from outside.
type Place = Arc<Mutex<Option<Marked>>>;

/// A child on its way, with its index.
type Child<'a> = BoxFuture<'a, (u32, Result<Arc<Record>, Halt>)>;

pub(super) struct Course<'a, B, T> {
    driver: &'a Driver<B, T>,
    run: &'a Run,
    /// Its clock goes by the process's own timer, on from the backend's time at its beginning.
    started: Timestamp,
    begun: Instant,
    /// Numbers the events, where they are logged.
    roll: Option<Mutex<Roll>>,
    top: Place,
    weight: Weight,
}

/// What a run holds, and the most it ever held.
#[derive(Debug, Default)]
struct Weight {
    bytes: AtomicUsize,
    bytes_max: AtomicUsize,
}

/// A scope's share of the weight, as long as it is open.
struct Share<'a> {
    weight: &'a Weight,
    bytes: usize,
}

impl<'a, B: Backend, T: Tasks> Course<'a, B, T> {
    pub(super) fn new(driver: &'a Driver<B, T>, run: &'a Run, started: Timestamp) -> Self {
        let roll = run.header.logging.is_some().then(Mutex::default);
        let begun = Instant::now();
        Course {
            driver,
            run,
            started,
            begun,
            roll,
            top: Place::default(),
            weight: Weight::default(),
        }
    }

    /// Runs it, for no longer than the limit.
    pub(super) async fn run(self, limit: Duration) -> Expressed {
        let last = match tokio::time::timeout(limit, self.to_the_end()).await {
            Ok(Ok(last)) => Ok(last),
            Ok(Err(Halt::Broken(cause))) => Err(cause),
            Ok(Err(Halt::Later(error))) => Err(error.to_string()),
            Err(_) => self.time_out(),
        };
        let status = last.as_deref().ok().and_then(status_of);
        let status = status.unwrap_or_else(|| self.give_up(last.err().as_deref()));
        let bytes_max = self.weight.bytes_max.load(Ordering::Relaxed);
        Expressed { status, duration: self.begun.elapsed(), bytes_max }
    }

    async fn to_the_end(&self) -> Result<Arc<Record>, Halt> {
        let first = {
            let mut ids = self.driver.ids(&self.run.arn);
            let (definition, execution) = (&self.run.definition, self.run.execution());
            baton_engine::begin(definition, execution, self.now(), &mut ids)
                .map_err(|misfit| broken(&misfit))?
        };
        let first = self.note(first, &self.top);
        self.follow(first, &self.top).await
    }

    /// Moves a scope on from a record to its last.
    async fn follow(&self, first: Marked, place: &Place) -> Result<Arc<Record>, Halt> {
        let mut marked = first;
        let mut share = Share { weight: &self.weight, bytes: 0 };
        loop {
            share.set(payload_bytes(&marked.record));
            if marked.record.sequence.0 % EXPRESS_STRETCH == EXPRESS_STRETCH - 1 {
                // Others run in this process too, and the limit has to be noticed.
                tokio::task::yield_now().await;
            }
            let outcome = match &marked.record.pending {
                Pending::Continue | Pending::Failing(_) => Outcome::Proceed,
                Pending::Until(at) | Pending::Retry { at, .. } => {
                    self.wait_until(*at).await;
                    Outcome::Proceed
                }
                Pending::Call(call) => {
                    let (claimed, outcome) = self.perform(&marked, call, place).await;
                    marked = claimed;
                    outcome
                }
                Pending::Fork(fork) => self.fork(&marked.record, fork).await?,
                Pending::Ended(_) => return Ok(marked.record),
                Pending::Callback(_) | Pending::MapRun(_) => {
                    return Err(Halt::Broken("no Express execution waits for this".to_owned()));
                }
            };
            let next = self.driver.next_record(self.run, &marked, outcome, self.now())?;
            marked = self.note(next, place);
        }
    }

    /// Runs a fork's children, at most so many at a time, until all have ended well or one has failed.
    async fn fork(&self, parent: &Record, fork: &Fork) -> Result<Outcome, Halt> {
        let mut children = Children { running: FuturesUnordered::new(), open: BTreeMap::new() };
        let mut next = 0;
        while next < fork.width.min(fork.concurrency) {
            children.push(next, self.begin_child(parent, next, None)?, self);
            next += 1;
        }
        let mut outputs = vec![None; fork.width as usize];
        let (mut moment, mut event_count) = (Moment::default(), 0_u64);
        while let Some((child, last)) = children.running.next().await {
            let last = last?;
            children.open.remove(&child);
            let hop = Hop { fork: parent.sequence, child };
            match &last.pending {
                Pending::Ended(End::Succeeded(output)) => {
                    if let Some(slot) = outputs.get_mut(child as usize) {
                        *slot = Some(output.clone());
                    }
                }
                Pending::Ended(End::Failed { failure, state_type }) => {
                    return Ok(Outcome::ChildFailed(ChildFailure {
                        hop,
                        failure: failure.clone(),
                        state_type: *state_type,
                        moment: last.moment,
                        event_count: last.event_count,
                        open: children.open_states(self.run),
                    }));
                }
                Pending::Continue
                | Pending::Failing(_)
                | Pending::Until(_)
                | Pending::Retry { .. }
                | Pending::Call(_)
                | Pending::Callback(_)
                | Pending::Fork(_)
                | Pending::MapRun(_)
                | Pending::Ended(End::Aborted(_) | End::TimedOut) => {
                    return Err(Halt::Broken(format!("scope `{}` has no end", last.scope)));
                }
            }
            moment = moment.max(last.moment);
            event_count += last.event_count.saturating_sub(last.events_before);
            if next < fork.width {
                children.push(next, self.begin_child(parent, next, Some(&last))?, self);
                next += 1;
            }
        }
        let outputs: Option<Vec<Payload>> = outputs.into_iter().collect();
        let outputs = outputs.ok_or_else(|| Halt::Broken("a child has no output".to_owned()))?;
        Ok(Outcome::Joined { outputs, moment, event_count })
    }

    fn begin_child(
        &self,
        parent: &Record,
        child: u32,
        predecessor: Option<&Record>,
    ) -> Result<(Marked, Place), Halt> {
        let mut ids = self.driver.ids(&self.run.arn);
        let (definition, execution) = (&self.run.definition, self.run.execution());
        let now = self.now();
        let first = baton_engine::begin_child(
            definition,
            execution,
            parent,
            child,
            predecessor,
            now,
            &mut ids,
        )
        .map_err(|misfit| broken(&misfit))?;
        let place = Place::default();
        Ok((self.note(first, &place), place))
    }

    /// Makes a call, once.
    async fn perform(&self, marked: &Marked, call: &Call, place: &Place) -> (Marked, Outcome) {
        let token = self.driver.token(self.run, marked, call);
        let task = task_call(self.run, marked, call, marked.record.sequence, token.as_deref());
        let ready = self.prepare(&task).await;
        let claim = self.driver.new_claim(marked, call, self.now());
        let marked = claimed(marked, claim);
        self.log(|roll| roll.started(&marked).into_iter().collect());
        *lock(place) = Some(marked.clone());
        let outcome = match ready {
            Ok(()) => self.outcome(call, &task).await,
            Err(failure) => Outcome::Failed(failure),
        };
        (marked, outcome)
    }

    /// Waits for the answer, no longer than the task may take or be silent.
    async fn outcome(&self, call: &Call, task: &TaskCall<'_>) -> Outcome {
        let calling = self.driver.outcome(call, task);
        match call.heartbeat_secs {
            None => calling.await,
            Some(secs) => tokio::time::timeout(Duration::from_secs(secs.into()), calling)
                .await
                .unwrap_or(Outcome::HeartbeatTimedOut),
        }
    }

    /// Gets ready for a call, again where that fails: there is no cue that could come again.
    async fn prepare(&self, task: &TaskCall<'_>) -> Result<(), Failure> {
        let mut tries = 1;
        loop {
            match self.driver.tasks.prepare(task).await {
                Ok(()) => return Ok(()),
                Err(error) if tries < EXPRESS_PREPARES_MAX => {
                    tracing::warn!(%error, tries, "the call is prepared again");
                    pause(EXPRESS_PREPARE_PAUSE * tries).await;
                    tries += 1;
                }
                Err(error) => {
                    let cause = format!("The call could not be prepared: {error}.");
                    return Err(Failure::new(Failure::TASK_FAILED, &cause));
                }
            }
        }
    }

    /// The last record of an execution whose time is over.
    fn time_out(&self) -> Result<Arc<Record>, String> {
        let newest = lock(&self.top).clone().ok_or("it has not begun")?;
        let outcome = Outcome::ExecutionTimedOut;
        match self.driver.next_record(self.run, &newest, outcome, self.now()) {
            Ok(last) => Ok(self.note(last, &self.top).record),
            Err(Halt::Broken(cause)) => Err(cause),
            Err(Halt::Later(error)) => Err(error.to_string()),
        }
    }

    /// Fails an execution that can never go on.
    fn give_up(&self, cause: Option<&str>) -> Status {
        let cause = cause.unwrap_or("its last record does not end");
        tracing::error!(arn = %self.run.arn, cause, "the execution cannot go on");
        let failure =
            Failure::runtime(&format!("Baton could not go on with this execution: {cause}."));
        let newest = lock(&self.top).clone();
        if let Some(newest) = newest {
            let millis = self.now().as_millisecond();
            self.note(failed_record(&newest.record, &failure, StateType::Task, millis), &self.top);
        }
        Status::Failed { stopped: self.now(), detail: (&failure).into() }
    }

    /// Takes a record in as its scope's newest.
    fn note(&self, record: Record, place: &Place) -> Marked {
        let marked = Marked { record: Arc::new(record), marks: Marks::default() };
        self.log(|roll| roll.record(&marked.record));
        *lock(place) = Some(marked.clone());
        marked
    }

    fn log(&self, number: impl FnOnce(&mut Roll) -> Vec<baton_engine::Numbered>) {
        if let (Some(roll), Some(logging)) = (&self.roll, &self.run.header.logging) {
            // Under the lock, so that lines come in the order of their numbers.
            let mut roll = lock(roll);
            let events = number(&mut roll);
            self.driver.log_events(&self.run.header, logging, &events);
        }
    }

    async fn wait_until(&self, at: Timestamp) {
        let left = self.now().duration_until(at);
        if left > SignedDuration::ZERO {
            pause(left.unsigned_abs()).await;
        }
    }

    fn now(&self) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.begun.elapsed()).unwrap_or_default();
        self.started.saturating_add(elapsed).unwrap_or(Timestamp::MAX)
    }
}

#[expect(clippy::disallowed_methods, reason = "no cue could wake an execution without a journal")]
async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}

/// A fork's children that have not ended.
struct Children<'a> {
    running: FuturesUnordered<Child<'a>>,
    open: BTreeMap<u32, Place>,
}

impl<'a> Children<'a> {
    fn push<B: Backend, T: Tasks>(
        &mut self,
        child: u32,
        (first, place): (Marked, Place),
        course: &'a Course<'a, B, T>,
    ) {
        self.open.insert(child, place.clone());
        self.running.push(Box::pin(async move { (child, course.follow(first, &place).await) }));
    }

    /// The types of the states that they are in.
    fn open_states(&self, run: &Run) -> Vec<(u32, StateType)> {
        let state = |place: &Place| {
            let newest = lock(place).clone()?;
            state_type_of(run, &newest.record)
        };
        self.open.iter().filter_map(|(child, place)| Some((*child, state(place)?))).collect()
    }
}

impl Weight {
    fn add(&self, bytes: usize) {
        let before = self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.bytes_max.fetch_max(before.saturating_add(bytes), Ordering::Relaxed);
    }
}

impl Share<'_> {
    fn set(&mut self, bytes: usize) {
        self.weight.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
        self.weight.add(bytes);
        self.bytes = bytes;
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        self.weight.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// The data that a scope holds: its state's input, and what goes out or is divided.
fn payload_bytes(record: &Record) -> usize {
    let pending = match &record.pending {
        Pending::Call(call) => call.arguments.bytes(),
        Pending::Fork(fork) => fork.input.bytes(),
        Pending::Ended(End::Succeeded(output)) => output.bytes(),
        Pending::Continue
        | Pending::Failing(_)
        | Pending::Until(_)
        | Pending::Retry { .. }
        | Pending::Callback(_)
        | Pending::MapRun(_)
        | Pending::Ended(End::Failed { .. } | End::Aborted(_) | End::TimedOut) => 0,
    };
    record.visit.input.bytes().saturating_add(pending)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
