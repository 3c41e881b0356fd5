//! Making a record's call: claim, call, decide.
//!
//! The claim is durable before the call is made, so an attempt starts at most once; and it is written after its
//! record, so that the record is durable by then as well.

use crate::driver::{Driver, Run};
use crate::error::{Halt, TakeError};
use crate::limits::{CALL_LIMIT, CLAIM_MARGIN};
use crate::take::Taken;
use crate::tasks::{CallAnswer, TaskCall, Tasks, call_abandoned, call_crashed, worker_lost};
use baton_asl::{Pattern, Resource};
use baton_engine::{
    Call, Claim, Marked, Marks, Moment, Outcome, Payload, ScopePath, Sequence, Signal,
};
use baton_store::{Backend, ClaimAnswer, ExecutionArn, TokenClaims};
use futures_util::FutureExt;
use jiff::{SignedDuration, Timestamp};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

impl<B: Backend, T: Tasks> Driver<B, T> {
    /// Makes a record's call, unless somebody has begun it.
    pub(crate) async fn perform(
        &self,
        run: &Run,
        marked: &Marked,
        call: &Call,
    ) -> Result<Taken, Halt> {
        if let Some(claim) = &marked.marks.claim {
            return self.take_claimed(run, marked, call, claim.clone()).await;
        }
        let token = self.token(run, marked, call);
        let task = task_call(run, marked, call, marked.record.sequence, token.as_deref());
        self.tasks.prepare(&task).await.map_err(TakeError::Unready)?;
        let claim = self.new_claim(marked, call, self.backend.now());
        let (scope, sequence) = (task.scope, task.sequence);
        match self.backend.claim(&run.arn, scope, sequence, &claim).await? {
            ClaimAnswer::Held(held) => self.take_claimed(run, marked, call, held).await,
            ClaimAnswer::Granted => self.call_out(run, marked, call, claim).await,
        }
    }

    /// Makes the call under a claim.
    async fn call_out(
        &self,
        run: &Run,
        marked: &Marked,
        call: &Call,
        claim: Claim,
    ) -> Result<Taken, Halt> {
        let token = self.token(run, marked, call);
        let task = task_call(run, marked, call, marked.record.sequence, token.as_deref());
        let claimed = claimed(marked, claim);
        if marked.marks.claim.is_none() {
            self.log_claim(&run.header, &claimed);
        }
        let outcome = self.outcome(call, &task).await;
        self.record(run, &claimed, outcome).await
    }

    /// Commits a call's answer, or keeps it for when the cue comes again.
    async fn record(&self, run: &Run, marked: &Marked, outcome: Outcome) -> Result<Taken, Halt> {
        let taken = self.move_far(run, marked, outcome.clone()).await;
        if matches!(taken, Err(Halt::Later(_))) {
            self.unrecorded.keep(attempt(run, marked), outcome);
        }
        taken
    }

    /// A call that was begun before: its answer is there, or on its way, or its worker is dead.
    async fn take_claimed(
        &self,
        run: &Run,
        marked: &Marked,
        call: &Call,
        claim: Claim,
    ) -> Result<Taken, Halt> {
        let record = &marked.record;
        let unrecorded = self.unrecorded.take(&attempt(run, marked));
        if self.newest_if(&run.arn, &record.scope, record.sequence).await?.is_none() {
            return self.follow_stretch(run, &record.scope, record.sequence.next()).await;
        }
        if let Some(outcome) = unrecorded {
            return self.record(run, &claimed(marked, claim), outcome).await;
        }
        let is_of_the_dead = self.settings.is_alone && claim.worker != self.settings.worker;
        if is_of_the_dead || claim.expires <= self.backend.now() {
            tracing::warn!(worker = %claim.worker, "the worker of this attempt was lost");
            let task = task_call(run, marked, call, record.sequence, None);
            if self.tasks.is_repeatable(&task) {
                return self.call_out(run, marked, call, claim).await;
            }
            let failure = worker_lost(&claim.worker);
            return self.move_on(run, &claimed(marked, claim), Outcome::Failed(failure)).await;
        }
        self.send_again(run, record, Signal::Perform, claim.expires).await
    }

    pub(crate) fn new_claim(&self, marked: &Marked, call: &Call, now: Timestamp) -> Claim {
        let lease = limit_of(call).saturating_add(CLAIM_MARGIN);
        Claim {
            moment: Moment::after(now.as_millisecond(), [marked.record.moment]),
            worker: self.settings.worker.clone(),
            expires: now.saturating_add(lease).unwrap_or(Timestamp::MAX),
        }
    }

    /// Waits for the answer, no longer than the task may take.
    pub(crate) async fn outcome(&self, call: &Call, task: &TaskCall<'_>) -> Outcome {
        tracing::debug!(resource = %task.resource, attempt = task.attempt, "call begins");
        let calling = AssertUnwindSafe(self.tasks.call(task)).catch_unwind();
        match tokio::time::timeout(task.time_limit, calling).await {
            Ok(Ok(CallAnswer::Succeeded(output))) => accepted(call, output),
            Ok(Ok(CallAnswer::Failed(failure))) => Outcome::Failed(failure),
            Ok(Err(_)) => Outcome::Failed(call_crashed()),
            Err(_) if is_limited_by_state(call) => Outcome::TimedOut,
            Err(_) => Outcome::Failed(call_abandoned(task.time_limit)),
        }
    }

    pub(crate) fn token(&self, run: &Run, marked: &Marked, call: &Call) -> Option<String> {
        let (record, nonce) = (&marked.record, call.nonce?);
        let (execution, scope) = (run.arn.clone(), record.scope.clone());
        let sequence = record.sequence;
        Some(self.keys.sign(&TokenClaims { execution, scope, sequence, nonce }))
    }
}

pub(crate) fn task_call<'a>(
    run: &'a Run,
    marked: &'a Marked,
    call: &'a Call,
    sequence: Sequence,
    token: Option<&'a str>,
) -> TaskCall<'a> {
    let record = &marked.record;
    TaskCall {
        execution: &run.arn,
        machine: &run.header.machine,
        scope: &record.scope,
        sequence,
        state: &record.state,
        attempt: record.visit.retry_count(),
        role_arn: &run.execution().role_arn,
        credentials_role_arn: call.credentials_role_arn.as_deref(),
        resource: &call.resource,
        arguments: &call.arguments,
        token,
        trace_header: run.header.trace_header.as_deref(),
        depth: run.header.depth,
        time_limit: limit_of(call).unsigned_abs(),
    }
}

fn attempt(run: &Run, marked: &Marked) -> (ExecutionArn, ScopePath, Sequence) {
    (run.arn.clone(), marked.record.scope.clone(), marked.record.sequence)
}

pub(crate) fn claimed(marked: &Marked, claim: Claim) -> Marked {
    Marked {
        record: Arc::clone(&marked.record),
        marks: Marks { claim: Some(claim), ..marked.marks.clone() },
    }
}

/// A service's answer ends a request response; a callback's or a job's begins the wait for its end.
fn accepted(call: &Call, output: Payload) -> Outcome {
    let is_answer = match &call.resource {
        Resource::Lambda { .. } | Resource::Activity { .. } => true,
        Resource::Service(service) => service.pattern == Pattern::RequestResponse,
    };
    if is_answer { Outcome::Succeeded { output } } else { Outcome::Submitted { output } }
}

/// How long a call may take.
fn limit_of(call: &Call) -> SignedDuration {
    state_limit(call).map_or(CALL_LIMIT, |limit| limit.min(CALL_LIMIT))
}

fn is_limited_by_state(call: &Call) -> bool {
    state_limit(call).is_some_and(|limit| limit <= CALL_LIMIT)
}

fn state_limit(call: &Call) -> Option<SignedDuration> {
    Some(SignedDuration::from_secs(call.timeout_secs?.into()))
}
