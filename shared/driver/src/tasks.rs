//! Calls to the outside, as the driver asks for them.

use crate::limits::{JOB_DETAILS_LIMIT, JOB_PAUSE_MIN};
use crate::objects::{ObjectAnswer, ObjectCall, ObjectError};
use baton_asl::{Resource, StateName};
use baton_engine::{Failure, Payload, ScopePath, Sequence};
use baton_integrations::{Job as ServiceJob, JobState, Origin, Request, Response};
use baton_store::{BoxError, ExecutionArn, MachineArn};
use jiff::SignedDuration;
use std::future::Future;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// Makes calls.
pub trait Tasks: Send + Sync + 'static {
    /// Gets ready for a call: credentials, configuration, whatever may fail without the call having begun. It runs
    /// before the record is claimed: after an error nothing has happened, and the cue comes again.
    ///
    /// What the call itself would be told (a role that may not be assumed, an unknown function) is no error here but
    /// the answer of [`Tasks::call`], for Retry and Catch to handle.
    fn prepare(&self, call: &TaskCall<'_>) -> impl Future<Output = Result<(), BoxError>> + Send {
        let _ = call;
        std::future::ready(Ok(()))
    }

    /// Whether an attempt whose worker was lost may simply be made again, because the service takes a repeat for the same
    /// call: it was given a token, or a name, that is the attempt's own.
    fn is_repeatable(&self, call: &TaskCall<'_>) -> bool {
        let _ = call;
        false
    }

    /// How a job stands: its end, or nothing while it goes on.
    ///
    /// # Errors
    ///
    /// It is not known. The question is asked again later.
    fn job_end(
        &self,
        job: &Job<'_>,
    ) -> impl Future<Output = Result<Option<CallAnswer>, BoxError>> + Send {
        let _ = job;
        std::future::ready(Ok(None))
    }

    /// Stops a job that nobody waits for any more, as well as that can be done.
    fn stop_job(&self, job: &Job<'_>) -> impl Future<Output = ()> + Send {
        let _ = job;
        std::future::ready(())
    }

    /// The least time between two questions how a job stands.
    fn job_pause_min(&self) -> SignedDuration {
        JOB_PAUSE_MIN
    }

    /// How long this process has left for its work; nothing where it has all the time there is.
    fn time_left(&self) -> Option<Duration> {
        None
    }

    /// Reads, lists or writes a user's objects in S3.
    fn objects(
        &self,
        call: &ObjectCall<'_>,
    ) -> impl Future<Output = Result<ObjectAnswer, ObjectError>> + Send {
        let _ = call;
        let cause = "Nothing serves S3 here.";
        std::future::ready(Err(ObjectError::refused(cause)))
    }

    /// Makes the call and waits for its answer. It is asked once for each claim. Where it can know that nothing
    /// has begun, say because a connection was refused, it may try again by itself within the call's time.
    fn call(&self, call: &TaskCall<'_>) -> impl Future<Output = CallAnswer> + Send;
}

/// One attempt of a task.
#[derive(Debug, Clone, Copy)]
pub struct TaskCall<'a> {
    /// The execution.
    pub execution: &'a ExecutionArn,
    /// Its state machine.
    pub machine: &'a MachineArn,
    /// The scope. With the sequence it names the attempt: the same for every delivery, another for each retry.
    pub scope: &'a ScopePath,
    /// The record whose call it is.
    pub sequence: Sequence,
    /// The state.
    pub state: &'a StateName,
    /// How often the state has been retried.
    pub attempt: u32,
    /// The state machine's role.
    pub role_arn: &'a str,
    /// The role that the state's `Credentials` name instead.
    pub credentials_role_arn: Option<&'a str>,
    /// What is called.
    pub resource: &'a Resource,
    /// With what.
    pub arguments: &'a Payload,
    /// The task token, where the task has one.
    pub token: Option<&'a str>,
    /// The execution's trace header.
    pub trace_header: Option<&'a str>,
    /// How many executions stand above the execution.
    pub depth: u32,
    /// The call is given up after this long.
    pub time_limit: Duration,
}

/// A job: the call that began it, and what the service answered then.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    /// The call.
    pub call: TaskCall<'a>,
    /// The answer.
    pub submitted: &'a Payload,
}

impl TaskCall<'_> {
    /// Whose call it is, for integrations.
    #[must_use]
    pub fn origin(&self) -> Origin<'_> {
        let name = format!("{} {} {}", self.execution, self.scope, self.sequence);
        Origin {
            execution_arn: self.execution.as_str(),
            machine_arn: self.machine.as_str(),
            attempt: fnv(name.as_bytes()),
        }
    }

    /// Some number of the attempt's own, by which those that are throttled together come again apart.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "any half of the number will do")]
    pub fn spread(&self) -> u64 {
        self.origin().attempt as u64
    }
}

/// FNV-1a, of 128 bits: services keep what is made of it, so it never changes.
fn fnv(bytes: &[u8]) -> u128 {
    const OFFSET: u128 = 0x6C62_272E_07BB_0142_62B8_2175_6295_C58D;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013B;
    bytes.iter().fold(OFFSET, |hash, byte| (hash ^ u128::from(*byte)).wrapping_mul(PRIME))
}

impl Job<'_> {
    /// The job as its service knows it. Nothing if nobody can be asked, as where a mock accepted it.
    #[must_use]
    pub fn of_service(&self) -> Option<ServiceJob> {
        let Job { call, submitted } = self;
        ServiceJob::new(call.resource, call.arguments, submitted, &call.origin())
    }
}

impl Job<'_> {
    /// How the job stands by its service, asked as many questions as that takes. `ask` gives an answer, and whether it came from
    /// the home that the job runs in.
    ///
    /// # Errors
    ///
    /// The first question has no answer.
    pub async fn end_by<F, E>(
        &self,
        mut ask: impl FnMut(Request) -> F,
    ) -> Result<Option<CallAnswer>, E>
    where
        F: Future<Output = Result<(Response, bool), E>>,
        E: std::fmt::Display,
    {
        let Some(mut job) = self.of_service() else { return Ok(None) };
        let deadline = Instant::now() + JOB_DETAILS_LIMIT;
        let (response, is_own) = ask(job.describe()).await?;
        let mut state = job.state(&response, is_own);
        while let JobState::Asking(request) = state {
            state = match timeout_at(deadline, ask(*request)).await {
                Ok(Ok((response, is_own))) => job.state(&response, is_own),
                Ok(Err(error)) => job.unanswered(&error.to_string()),
                Err(_) => job.unanswered("There was no answer in time."),
            };
        }
        Ok(CallAnswer::of_job(state))
    }
}

impl CallAnswer {
    /// The end that a job has come to; nothing while it goes on.
    #[must_use]
    pub fn of_job(state: JobState) -> Option<Self> {
        match state {
            JobState::Running | JobState::Asking(_) => None,
            JobState::Succeeded(output) => Some(CallAnswer::Succeeded(output)),
            JobState::Failed(failure) => Some(CallAnswer::Failed(failure)),
        }
    }
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq)]
pub enum CallAnswer {
    /// The service's answer. For a callback or a job it means that the request was accepted.
    Succeeded(Payload),
    /// The call failed, as Retry and Catch see it.
    Failed(Failure),
}

/// The error of an attempt whose worker was lost: the call may or may not have been carried out.
pub const WORKER_LOST: &str = "Baton.WorkerLost";

/// The failure of an attempt that was claimed and never answered. Retriers see it by its name, `States.TaskFailed` or
/// `States.ALL`; it is not repeated unasked, because a Standard attempt starts at most once.
pub(crate) fn worker_lost(worker: &str) -> Failure {
    let cause = format!(
        "The worker `{worker}` began this attempt and stopped before it could record the answer. The call may have been carried out."
    );
    Failure::new(WORKER_LOST, &cause)
}

/// The failure of a call that outlived every service's own limit.
pub(crate) fn call_abandoned(time_limit: Duration) -> Failure {
    let secs = time_limit.as_secs();
    let cause = format!("The call was given up after {secs} seconds without an answer.");
    Failure::new(WORKER_LOST, &cause)
}

/// The failure of an attempt that crashed what makes the calls: a bug, which must not stop the process.
pub(crate) fn call_crashed() -> Failure {
    let cause = "What makes the calls crashed in this attempt. The call may have been carried out.";
    Failure::new(WORKER_LOST, cause)
}
