//! Activities: tasks that workers fetch.
//!
//! A task that waits for a worker is a document under its activity, written after its record and found in the order in which tasks
//! were scheduled. It is a hint: whoever takes it asks the journal, and has the task if the claim on its record is granted.
//! So a task is handed out once, whoever else looks and whatever dies; a hint that was left behind is removed by who finds it.
//!
//! Pollers of this process are woken when it offers a task. Where other processes offer tasks too, a poller also looks by
//! itself every [`LOOK_INTERVAL`].

use crate::driver::Driver;
use crate::error::TakeError;
use crate::limits::{LOOK_INTERVAL, LOOKS_MAX, OFFERS_PER_LOOK, POLLERS_MAX};
use crate::tasks::Tasks;
use baton_engine::{Call, Claim, Marked, Moment, Payload, Pending, Record};
use baton_store::documents::{self, Activity, ActivityTask, Held};
use baton_store::{Backend, ClaimAnswer, ExecutionArn, Loaded, StoreError, TokenClaims};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// A task that was handed to a worker.
#[derive(Debug, Clone, PartialEq)]
pub struct HandedOut {
    /// What the worker answers with.
    pub token: String,
    /// The task's input.
    pub input: Payload,
}

/// Why a poll had no answer.
#[derive(Debug, thiserror::Error)]
pub enum PollError {
    /// There is no such activity.
    #[error("the activity does not exist")]
    NoSuchActivity,
    /// So many workers poll already.
    #[error("too many workers poll this activity")]
    TooMany,
    /// Nothing was handed out; polling again is safe.
    #[error(transparent)]
    Later(#[from] TakeError),
}

impl From<StoreError> for PollError {
    fn from(error: StoreError) -> Self {
        PollError::Later(error.into())
    }
}

/// Where the pollers of this process wait.
#[derive(Debug, Default)]
pub(crate) struct Desks {
    desks: Mutex<BTreeMap<String, Arc<Desk>>>,
    is_closed: AtomicBool,
}

#[derive(Debug, Default)]
struct Desk {
    news: Notify,
    pollers: Mutex<usize>,
}

/// A poller's place at a desk.
struct Place<'a> {
    desks: &'a Desks,
    desk: Arc<Desk>,
    activity: &'a str,
}

impl Desks {
    fn enter<'a>(&'a self, activity: &'a str) -> Option<Place<'a>> {
        let mut desks = lock(&self.desks);
        let desk = Arc::clone(desks.entry(activity.to_owned()).or_default());
        let mut pollers = lock(&desk.pollers);
        let has_room = *pollers < POLLERS_MAX;
        *pollers += usize::from(has_room);
        drop(pollers);
        has_room.then(|| Place { desks: self, desk, activity })
    }

    fn tell(&self, activity: &str) {
        if let Some(desk) = lock(&self.desks).get(activity) {
            desk.news.notify_one();
        }
    }

    fn close(&self) {
        self.is_closed.store(true, Ordering::SeqCst);
        for desk in lock(&self.desks).values() {
            desk.news.notify_waiters();
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut desks = lock(&self.desks.desks);
        let mut pollers = lock(&self.desk.pollers);
        *pollers = pollers.saturating_sub(1);
        if *pollers == 0 {
            desks.remove(self.activity);
        }
    }
}

impl<B: Backend, T: Tasks> Driver<B, T> {
    /// GetActivityTask: the next task of an activity for this worker, waited for no longer than `patience`.
    ///
    /// Whoever gives up waiting for the answer takes no task away, but for the moment in which it is claimed.
    ///
    /// # Errors
    ///
    /// [`PollError`], with which nothing was handed out.
    pub async fn poll_activity(
        &self,
        activity: &str,
        worker: &str,
        patience: Duration,
    ) -> Result<Option<HandedOut>, PollError> {
        if !self.has_activity(activity).await? {
            return Err(PollError::NoSuchActivity);
        }
        let place = self.desks.enter(activity).ok_or(PollError::TooMany)?;
        let until = tokio::time::Instant::now() + patience;
        loop {
            // From here on an offer is noticed.
            let news = place.desk.news.notified();
            if let Some(task) = self.next_offered(activity, worker).await? {
                return Ok(Some(task));
            }
            let left = until.saturating_duration_since(tokio::time::Instant::now());
            if left.is_zero() || self.desks.is_closed.load(Ordering::SeqCst) {
                return Ok(None);
            }
            let wait = if self.settings.is_alone { left } else { left.min(LOOK_INTERVAL) };
            let is_news = tokio::time::timeout(wait, news).await.is_ok();
            if is_news && !self.has_activity(activity).await? {
                return Err(PollError::NoSuchActivity);
            }
        }
    }

    /// Ends every poll without a task: a shutdown does not wait for them.
    pub fn dismiss_pollers(&self) {
        self.desks.close();
    }

    /// Lets the pollers of an activity look again: it was deleted, or something was offered.
    pub fn tell_pollers(&self, activity: &str) {
        self.desks.tell(activity);
    }

    /// Offers a record's call to the workers of its activity.
    pub(crate) async fn offer(
        &self,
        execution: &ExecutionArn,
        record: &Record,
        activity: &str,
    ) -> Result<(), StoreError> {
        let (key, task) =
            (ActivityTask::key(execution, record), ActivityTask::of(execution, record));
        documents::swap(&*self.backend, activity, &key, None, Some(&task)).await?;
        self.desks.tell(activity);
        Ok(())
    }

    /// The record as it is to be committed: a task whose activity is not there fails.
    pub(crate) async fn with_activity_checked(&self, record: Record) -> Result<Record, StoreError> {
        let Pending::Call(call) = &record.pending else { return Ok(record) };
        let Some(activity) = call.activity() else { return Ok(record) };
        if self.has_activity(activity).await? {
            return Ok(record);
        }
        Ok(record.without_activity())
    }

    async fn has_activity(&self, activity: &str) -> Result<bool, StoreError> {
        let group = Activity::group(activity);
        Ok(documents::find::<Activity>(&*self.backend, group, activity).await?.is_some())
    }

    /// The first task on offer that this worker gets.
    async fn next_offered(
        &self,
        activity: &str,
        worker: &str,
    ) -> Result<Option<HandedOut>, StoreError> {
        for _ in 0..LOOKS_MAX {
            let page =
                documents::list::<ActivityTask>(&*self.backend, activity, OFFERS_PER_LOOK, None)
                    .await?;
            let count = page.items.len();
            for (at, (key, held)) in page.items.into_iter().enumerate() {
                let task = self.take_offered(activity, worker, &held).await?;
                documents::swap(&*self.backend, activity, &key, Some(&held), None).await?;
                if task.is_some() {
                    if at + 1 < count || page.next.is_some() {
                        self.desks.tell(activity);
                    }
                    return Ok(task);
                }
            }
            if page.next.is_none() {
                return Ok(None);
            }
        }
        Ok(None)
    }

    /// The task of an offer, unless it waits no longer or another worker has it.
    async fn take_offered(
        &self,
        activity: &str,
        worker: &str,
        offer: &Held<ActivityTask>,
    ) -> Result<Option<HandedOut>, StoreError> {
        let Some((execution, scope, sequence)) = offer.value.place() else { return Ok(None) };
        let loaded = self.backend.load(&execution, &scope, sequence).await?;
        let Some(Loaded { header, record: Some(marked) }) = loaded else { return Ok(None) };
        let Marked { record, marks } = &marked;
        let Pending::Call(Call { arguments, nonce: Some(nonce), .. }) = &record.pending else {
            return Ok(None);
        };
        let is_closed = scope.forks().any(|fork| header.closed.contains(&fork));
        if header.status.is_ended() || is_closed || marks.claim.is_some() {
            return Ok(None);
        }
        for fork in scope.forks() {
            if self.newest_if(&execution, &fork.scope, fork.fork).await?.is_none() {
                return Ok(None);
            }
        }
        if self.newest_if(&execution, &scope, sequence).await?.is_none() {
            return Ok(None);
        }
        let now = self.backend.now();
        let claim = Claim {
            moment: Moment::after(now.as_millisecond(), [record.moment]),
            worker: worker.into(),
            // What ends a worker's time is the task's own.
            expires: Timestamp::MAX,
        };
        if self.backend.claim(&execution, &scope, sequence, &claim).await? != ClaimAnswer::Granted {
            return Ok(None);
        }
        tracing::info!(arn = %execution, %scope, %sequence, activity, "task handed out");
        let (input, nonce) = (arguments.clone(), *nonce);
        let token = self.keys.sign(&TokenClaims { execution, scope, sequence, nonce });
        Ok(Some(HandedOut { token, input }))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
