//! Jobs: asked for their ends, stopped when nobody waits any more; and the parent that waits for an execution's end.
//!
//! A job is begun by a call like any other. The record of its acceptance then waits for its end, which comes by a cue: because
//! somebody told it (a nested execution, an event of the service) or because some time has gone by. Either cue only asks how
//! the job stands, so that it may come twice, early, or not at all.

use crate::driver::{Driver, Run};
use crate::error::Halt;
use crate::limits::{JOB_CALL_LIMIT, JOB_PAUSE_MAX, NESTED_PAUSE_MAX, UNSUBMITTED_PAUSE};
use crate::perform::task_call;
use crate::take::{Dropped, Taken};
use crate::tasks::{CallAnswer, Job, Tasks};
use baton_asl::Resource;
use baton_engine::{
    Call, Callback, Cue, Due, ForkId, Marked, Outcome, Payload, Pending, Record, Signal,
};
use baton_integrations::JobKey;
use baton_store::{Backend, Header, Outgoing, Parent, StoreError};
use jiff::Timestamp;
use std::sync::Arc;

impl<B: Backend, T: Tasks> Driver<B, T> {
    /// Tells whoever waits for an execution's end that it has come. Told twice, it changes nothing.
    pub(crate) async fn notify_parent(&self, header: &Header) -> Result<(), StoreError> {
        let Some(parent) = &header.parent else { return Ok(()) };
        match parent {
            Parent::Job { execution, scope, sequence } => {
                let (scope, sequence) = (scope.clone(), *sequence);
                let cue = Cue { scope, sequence, signal: Signal::Poll };
                let cue = Outgoing { execution: execution.clone(), cue, due: Due::Now };
                self.backend.send(vec![cue]).await
            }
            Parent::MapRun(child) => self.notify_map_run(header, child).await,
        }
    }

    /// Asks how a job stands whose end a record waits for, and sees to it that it is asked again while it goes on.
    pub(crate) async fn poll(
        &self,
        run: &Run,
        marked: &Marked,
        callback: &Callback,
    ) -> Result<Taken, Halt> {
        match self.ask(run, marked, callback).await? {
            Some(taken) => Ok(taken),
            None => {
                let at = self.next_poll(run, marked, callback);
                self.send_again(run, &marked.record, Signal::Poll, at).await
            }
        }
    }

    /// Asks a job how it stands, and moves on if it has ended. Nothing is answered while it goes on.
    pub(crate) async fn ask(
        &self,
        run: &Run,
        marked: &Marked,
        callback: &Callback,
    ) -> Result<Option<Taken>, Halt> {
        let record = &marked.record;
        let nothing = Payload::new(().into());
        let submitted = record.submitted().unwrap_or(&nothing);
        let job = job(run, marked, callback, submitted);
        let key = self.heard_key(&job);
        if self.newest_if(&run.arn, &record.scope, record.sequence).await?.is_none() {
            self.forget(run, record, key.as_ref()).await?;
            // Whoever noted the end may have died before it did what follows.
            let next = record.sequence.next();
            return Ok(Some(self.follow_if_newest(run, &record.scope, next).await?));
        }
        if let Some(key) = &key {
            self.note_waiter(run, record, key).await?;
        }
        let Some(outcome) = self.job_outcome(&job).await else { return Ok(None) };
        let taken = self.move_on(run, marked, outcome).await?;
        self.forget(run, record, key.as_ref()).await?;
        Ok(Some(taken))
    }

    /// Nobody waits for a job any more: the execution has ended, or the scope was closed.
    pub(crate) async fn forget_job(
        &self,
        header: &Arc<Header>,
        marked: &Marked,
    ) -> Result<(), Halt> {
        let Pending::Callback(callback) = &marked.record.pending else { return Ok(()) };
        if !self.settings.hears_events {
            return Ok(());
        }
        let run = self.run(Arc::clone(header)).await?;
        let nothing = Payload::new(().into());
        let submitted = marked.record.submitted().unwrap_or(&nothing);
        let key = self.heard_key(&job(&run, marked, callback, submitted));
        Ok(self.forget(&run, &marked.record, key.as_ref()).await?)
    }

    async fn forget(
        &self,
        run: &Run,
        record: &Record,
        key: Option<&JobKey>,
    ) -> Result<(), StoreError> {
        match key {
            Some(key) => self.forget_waiter(run, record, key).await,
            None => Ok(()),
        }
    }

    /// The end that a job has come to, as far as its service says.
    async fn job_outcome(&self, job: &Job<'_>) -> Option<Outcome> {
        let limit = JOB_CALL_LIMIT.unsigned_abs();
        match tokio::time::timeout(limit, self.tasks.job_end(job)).await {
            Ok(Ok(Some(CallAnswer::Succeeded(output)))) => {
                return Some(Outcome::Succeeded { output });
            }
            Ok(Ok(Some(CallAnswer::Failed(failure)))) => return Some(Outcome::Failed(failure)),
            Ok(Ok(None)) => tracing::debug!("the job goes on"),
            Ok(Err(error)) => tracing::warn!(%error, "a job could not be asked for its end"),
            Err(_) => tracing::warn!("a job was asked for its end and did not answer in time"),
        }
        None
    }

    /// A job told its end to the record that began it. What waits for the end is the next one, which may not be there yet.
    pub(crate) async fn poll_begun(&self, run: &Run, marked: &Marked) -> Result<Taken, Halt> {
        let began = &marked.record;
        let newest = self.backend.newest(&run.arn, &began.scope).await?;
        let Some(newest) = newest else { return Ok(Taken::Dropped(Dropped::Stale)) };
        if let Pending::Callback(callback) = &newest.record.pending
            && callback.called_by == began.sequence
        {
            return self.poll(run, &newest, callback).await;
        }
        if newest.record.sequence != began.sequence {
            // The end may have been noted by this very cue, which comes again to do what follows.
            let after_its_end = began.sequence.next().next();
            return self.follow_if_newest(run, &began.scope, after_its_end).await;
        }
        let at = self.backend.now().saturating_add(UNSUBMITTED_PAUSE).unwrap_or(Timestamp::MAX);
        self.send_again(run, began, Signal::Poll, at).await
    }

    /// When a job is asked next: the longer it has gone on, the later.
    fn next_poll(&self, run: &Run, marked: &Marked, callback: &Callback) -> Timestamp {
        let now = self.backend.now();
        let elapsed = now.duration_since(callback.started);
        let nothing = Payload::new(().into());
        let submitted = marked.record.submitted().unwrap_or(&nothing);
        let pause = if is_nested(&callback.call) {
            elapsed.clamp(self.tasks.job_pause_min(), NESTED_PAUSE_MAX)
        } else if self.heard_key(&job(run, marked, callback, submitted)).is_some() {
            elapsed.clamp(self.tasks.job_pause_min(), JOB_PAUSE_MAX)
        } else {
            (elapsed / 4).clamp(self.tasks.job_pause_min(), JOB_PAUSE_MAX)
        };
        now.saturating_add(pause).unwrap_or(Timestamp::MAX)
    }

    /// Stops the job that a record waited for.
    pub(crate) async fn stop_job(
        &self,
        run: &Run,
        marked: &Marked,
        callback: &Callback,
    ) -> Result<Taken, Halt> {
        let nothing = Payload::new(().into());
        let submitted = marked.record.submitted().unwrap_or(&nothing);
        let job = job(run, marked, callback, submitted);
        let limit = JOB_CALL_LIMIT.unsigned_abs();
        if tokio::time::timeout(limit, self.tasks.stop_job(&job)).await.is_err() {
            tracing::warn!("a job did not answer in time when it was stopped");
        }
        self.forget(run, &marked.record, self.heard_key(&job).as_ref()).await?;
        Ok(Taken::Advanced)
    }

    /// Stops the jobs under a fork whose parent has moved on: those that wait for their ends, and, by cues of their own,
    /// those under further forks.
    pub(crate) async fn cancel_children(&self, run: &Run, marked: &Marked) -> Result<Taken, Halt> {
        let record = &marked.record;
        let fork = ForkId { scope: record.scope.clone(), fork: record.sequence };
        let children = self.backend.children(&run.arn, &fork).await?;
        let cues: Vec<Outgoing> = children
            .iter()
            .filter(|(_, child)| may_hold_jobs(&child.record.pending))
            .map(|(_, child)| {
                let record = &child.record;
                run.cue(&record.scope, record.sequence, Signal::Cancel, Due::Now)
            })
            .collect();
        if !cues.is_empty() {
            self.backend.send(cues).await?;
        }
        Ok(Taken::Advanced)
    }
}

fn job<'a>(
    run: &'a Run,
    marked: &'a Marked,
    callback: &'a Callback,
    submitted: &'a Payload,
) -> Job<'a> {
    let call = task_call(run, marked, &callback.call, callback.called_by, None);
    Job { call, submitted }
}

fn may_hold_jobs(pending: &Pending) -> bool {
    match pending {
        Pending::Callback(callback) => callback.call.is_job(),
        Pending::Fork(_) | Pending::MapRun(_) => true,
        Pending::Continue
        | Pending::Failing(_)
        | Pending::Until(_)
        | Pending::Retry { .. }
        | Pending::Call(_)
        | Pending::Ended(_) => false,
    }
}

/// Whether the job is an execution, which tells its end by itself.
fn is_nested(call: &Call) -> bool {
    match &call.resource {
        Resource::Service(service) => service.service == "states",
        Resource::Lambda { .. } | Resource::Activity { .. } => false,
    }
}
