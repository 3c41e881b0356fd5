//! Express executions: the same interpreter, driven in memory by one process from the beginning to the end.
//!
//! They have no journal. [`Driver::run_express`] runs one while its caller waits: at most once. [`Driver::start_express`]
//! accepts one for later: what it is begun with is kept as a document, durably, until a run of it has come to its end. A
//! process that dies in between has it run again from the beginning, calls included: at least once. What a task waits for as
//! its job is kept until the task has moved on, with how it ended.
//!
//! # Invariants
//!
//! * An accepted start is run to an end, or cannot be read.
//! * A run takes no longer than [`EXPRESS_LIMIT`], and holds no more than the newest record of each scope that is open.

mod course;

use crate::driver::Driver;
use crate::error::{Halt, TakeError, chain};
use crate::limits::{EXPRESS_LIMIT, TELL_PAUSE_MAX, TELL_PAUSE_MIN};
use crate::take::{Dropped, Taken};
use crate::tasks::Tasks;
use baton_engine::{Cue, Due, Failure, Pending, ScopePath, Sequence, Signal};
use baton_store::documents::{self, ExpressStart, Held};
use baton_store::{Backend, ExecutionArn, Header, Outgoing, Parent, Status, StoreError};
use course::Course;
use futures_util::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;

/// How an Express execution ended, and what it took.
#[derive(Debug, Clone, PartialEq)]
pub struct Expressed {
    /// How it ended.
    pub status: Status,
    /// How long it ran.
    pub duration: Duration,
    /// The most bytes that the data of its open scopes had at a time.
    pub bytes_max: usize,
}

impl<B: Backend, T: Tasks> Driver<B, T> {
    /// Accepts an execution, to be run by whoever takes its cue. Accepting one name twice runs it twice.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it is not known whether it was accepted.
    pub async fn start_express(&self, header: &Header) -> Result<(), StoreError> {
        let (arn, start) = (header.arn(), ExpressStart::of(header));
        let (group, key) = (arn.as_str(), ExpressStart::KEY);
        documents::swap(&*self.backend, group, key, None, Some(&start)).await?;
        let (scope, sequence, signal) = (ScopePath::top(), Sequence::FIRST, Signal::Perform);
        let cue = Cue { scope, sequence, signal };
        let sent = self.backend.send(vec![Outgoing { execution: arn.clone(), cue, due: Due::Now }]);
        if let Err(error) = sent.await {
            // Nobody was told that it was accepted, and nobody would ever look for it.
            if let Ok(Some(held)) = self.find_express(&arn).await {
                let _ = self.forget_express(&arn, &held).await;
            }
            return Err(error);
        }
        Ok(())
    }

    /// Runs an execution to its end.
    ///
    /// # Errors
    ///
    /// [`TakeError`] if its definition could not be read: then nothing has happened.
    pub async fn run_express(&self, header: Arc<Header>) -> Result<Expressed, TakeError> {
        let started = self.backend.now();
        let run = match self.run(header).await {
            Ok(run) => run,
            Err(Halt::Later(error)) => return Err(error),
            Err(Halt::Broken(cause)) => {
                let detail = (&Failure::runtime(&cause)).into();
                let status = Status::Failed { stopped: started, detail };
                return Ok(Expressed { status, duration: Duration::ZERO, bytes_max: 0 });
            }
        };
        // The definition of a map run's child is its parent's, whose time is not the child's.
        let own = run.definition.timeout_secs.filter(|_| run.header.map_run().is_none());
        let own = own.map(|secs| Duration::from_secs(secs.into()));
        let limit = own.map_or(EXPRESS_LIMIT, |own| own.min(EXPRESS_LIMIT));
        let course = Course::new(self, &run, started);
        // Apart from whoever waits for it: its futures nest deeply.
        let running: BoxFuture<'_, Expressed> = Box::pin(course.run(limit));
        let expressed = running.await;
        let status = expressed.status.name().as_str();
        if run.header.map_run().is_some() {
            // A map run has millions of them.
            tracing::debug!(arn = %run.arn, status, "express ended");
        } else {
            tracing::info!(arn = %run.arn, status, "express ended");
        }
        Ok(expressed)
    }

    /// Runs an accepted execution, unless that was done.
    pub(crate) async fn take_express(&self, execution: &ExecutionArn) -> Result<Taken, Halt> {
        let Some(held) = self.find_express(execution).await? else {
            return Ok(Taken::Dropped(Dropped::Ended));
        };
        let header = held.value.clone().header();
        let header = header.ok_or_else(|| Halt::Broken("its start is damaged".to_owned()))?;
        if header.status.is_ended() {
            return self.tell_express_end(&header, &held).await;
        }
        let header = Arc::new(header);
        let expressed = self.run_express(header.clone()).await?;
        if header.parent.is_none() {
            self.forget_express(execution, &held).await?;
            return Ok(Taken::Advanced);
        }
        // Somebody waits for it as its job, and will ask how it ended.
        let ended = held.value.clone().ended(&expressed.status);
        let (group, key) = (execution.as_str(), ExpressStart::KEY);
        let replaced = documents::replace(&*self.backend, group, key, Some(&held), ended).await?;
        let held = match replaced {
            Some(held) => Some(held),
            None => self.find_express(execution).await?,
        };
        let Some(held) = held else { return Ok(Taken::Dropped(Dropped::Ended)) };
        match held.value.clone().header().filter(|header| header.status.is_ended()) {
            Some(header) => self.tell_express_end(&header, &held).await,
            None => Ok(Taken::Dropped(Dropped::Stale)),
        }
    }

    /// Tells whoever waits for an execution that it has ended, over and over, until nobody waits for it; then it is forgotten.
    async fn tell_express_end(
        &self,
        header: &Header,
        held: &Held<ExpressStart>,
    ) -> Result<Taken, Halt> {
        let execution = header.arn();
        if !self.is_awaited(header).await? {
            self.forget_express(&execution, held).await?;
            return Ok(Taken::Dropped(Dropped::Ended));
        }
        self.notify_parent(header).await?;
        let now = self.backend.now();
        let elapsed = header.status.stopped().map(|stopped| now.duration_since(stopped));
        let pause = elapsed.unwrap_or_default().clamp(TELL_PAUSE_MIN, TELL_PAUSE_MAX);
        let due = Due::At(now.saturating_add(pause).unwrap_or(jiff::Timestamp::MAX));
        let (scope, sequence, signal) = (ScopePath::top(), Sequence::FIRST, Signal::Perform);
        let cue = Cue { scope, sequence, signal };
        self.backend.send(vec![Outgoing { execution, cue, due }]).await?;
        Ok(Taken::Advanced)
    }

    /// Whether the task still waits that runs an execution as its job.
    async fn is_awaited(&self, header: &Header) -> Result<bool, StoreError> {
        let Some(Parent::Job { execution, scope, sequence }) = &header.parent else {
            return Ok(false);
        };
        let Some(parent) = self.backend.header(execution).await? else { return Ok(false) };
        let is_closed = scope.forks().any(|fork| parent.closed.contains(&fork));
        if parent.status.is_ended() || is_closed {
            return Ok(false);
        }
        let newest = self.backend.newest(execution, scope).await?;
        Ok(newest.is_some_and(|newest| match &newest.record.pending {
            Pending::Call(_) => newest.record.sequence == *sequence,
            Pending::Callback(callback) => callback.called_by == *sequence,
            Pending::Continue
            | Pending::Failing(_)
            | Pending::Until(_)
            | Pending::Retry { .. }
            | Pending::Fork(_)
            | Pending::MapRun(_)
            | Pending::Ended(_) => false,
        }))
    }

    /// How an asynchronous execution stands that somebody waits for as its job; nothing is known of any other.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn awaited_express(
        &self,
        execution: &ExecutionArn,
    ) -> Result<Option<Arc<Header>>, StoreError> {
        let held = self.find_express(execution).await?;
        let header = held.and_then(|held| held.value.header());
        Ok(header.filter(|header| header.parent.is_some()).map(Arc::new))
    }

    /// Gives up an accepted execution that can never be run.
    pub(crate) async fn condemn_express(
        &self,
        execution: &ExecutionArn,
        cause: &str,
    ) -> Result<(), TakeError> {
        tracing::error!(arn = %execution, cause, "the Express execution cannot be run");
        match self.find_express(execution).await {
            Ok(Some(held)) => Ok(self.forget_express(execution, &held).await?),
            Ok(None) => Ok(()),
            Err(error @ StoreError::Corrupt { .. }) => {
                // What is there stays for people to look at.
                tracing::error!(arn = %execution, error = chain(&error), "left alone");
                Ok(())
            }
            Err(error @ StoreError::Unavailable { .. }) => Err(error.into()),
        }
    }

    async fn find_express(
        &self,
        execution: &ExecutionArn,
    ) -> Result<Option<Held<ExpressStart>>, StoreError> {
        documents::find(&*self.backend, execution.as_str(), ExpressStart::KEY).await
    }

    async fn forget_express(
        &self,
        execution: &ExecutionArn,
        held: &Held<ExpressStart>,
    ) -> Result<(), StoreError> {
        let (group, key) = (execution.as_str(), ExpressStart::KEY);
        documents::swap(&*self.backend, group, key, Some(held), None).await.map(drop)
    }
}
