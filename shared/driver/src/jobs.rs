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
use baton_engine::{Call, Callback, Cue, Due, ForkId, Marked, Outcome, Payload, Pending, Signal};
use baton_store::{Backend, Header, Outgoing, Parent, StoreError};
use jiff::Timestamp;

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

    /// Asks how a job stands whose end a record waits for.
    pub(crate) async fn poll(
        &self,
        run: &Run,
        marked: &Marked,
        callback: &Callback,
    ) -> Result<Taken, Halt> {
        let record = &marked.record;
        if self.newest_if(&run.arn, &record.scope, record.sequence).await?.is_none() {
            return Ok(Taken::Dropped(Dropped::Stale));
        }
        let nothing = Payload::new(().into());
        let submitted = record.submitted().unwrap_or(&nothing);
        let job = job(run, marked, callback, submitted);
        let limit = JOB_CALL_LIMIT.unsigned_abs();
        match tokio::time::timeout(limit, self.tasks.job_end(&job)).await {
            Ok(Ok(Some(CallAnswer::Succeeded(output)))) => {
                return self.move_on(run, marked, Outcome::Succeeded { output }).await;
            }
            Ok(Ok(Some(CallAnswer::Failed(failure)))) => {
                return self.move_on(run, marked, Outcome::Failed(failure)).await;
            }
            Ok(Ok(None)) => tracing::debug!("the job goes on"),
            Ok(Err(error)) => tracing::warn!(%error, "a job could not be asked for its end"),
            Err(_) => tracing::warn!("a job was asked for its end and did not answer in time"),
        }
        let at = self.next_poll(callback);
        self.send_again(run, record, Signal::Poll, at).await
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
            return Ok(Taken::Dropped(Dropped::Stale));
        }
        let at = self.backend.now().saturating_add(UNSUBMITTED_PAUSE).unwrap_or(Timestamp::MAX);
        self.send_again(run, began, Signal::Poll, at).await
    }

    /// When a job is asked next: the longer it has gone on, the later.
    fn next_poll(&self, callback: &Callback) -> Timestamp {
        let now = self.backend.now();
        let elapsed = now.duration_since(callback.started);
        let pause = if is_nested(&callback.call) {
            elapsed.clamp(self.tasks.job_pause_min(), NESTED_PAUSE_MAX)
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
