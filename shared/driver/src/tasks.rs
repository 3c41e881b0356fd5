//! Calls to the outside, as the driver asks for them.

use baton_asl::{Resource, StateName};
use baton_engine::{Failure, Payload, ScopePath, Sequence};
use baton_store::{BoxError, ExecutionArn, MachineArn};
use std::future::Future;
use std::time::Duration;

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
    /// The call is given up after this long.
    pub time_limit: Duration,
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
