//! Calls to the outside, made with the state machine's role.

use crate::configuration::Configuration;
use crate::deadline::Deadline;
use baton_aws::{Aws, RoleError};
use baton_calls::{CallError, Caller, Credentials, Endpoints, HttpClient, LocalCredentials, Terms};
use baton_driver::{CallAnswer, TaskCall, Tasks, WORKER_LOST};
use baton_engine::Failure;
use baton_integrations::{Origin, Response, Task};
use baton_store::{BoxError, Clock as _};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// How often a call is tried that certainly has not arrived.
const TRIES_MAX: u32 = 3;

/// Makes calls, in the task function alone: the others have not the rights to.
#[derive(Debug)]
pub struct RoleCalls {
    aws: Aws,
    client: Arc<HttpClient>,
    endpoints: Endpoints,
    own_role_arn: Option<Arc<str>>,
    deadline: Deadline,
}

/// A call that reached a function which makes none: somebody has put its cue into the wrong queue.
#[derive(Debug, thiserror::Error)]
#[error("calls are made by the task function alone")]
struct NotHere;

impl RoleCalls {
    pub(crate) fn new(aws: Aws, configuration: &Configuration, deadline: Deadline) -> Self {
        let endpoints = configuration.endpoints.clone();
        let own_role_arn = configuration.caller_role_arn.clone();
        RoleCalls { aws, client: Arc::default(), endpoints, own_role_arn, deadline }
    }

    async fn credentials(&self, call: &TaskCall<'_>) -> Result<Credentials, RoleError> {
        self.aws.credentials(call.role_arn, call.credentials_role_arn).await
    }

    /// Sends the request, again where it has not arrived for certain.
    async fn send(
        &self,
        task: &Task,
        call: &TaskCall<'_>,
        credentials: Credentials,
        time_limit: Duration,
    ) -> Result<Response, CallError> {
        let credentials = LocalCredentials::Given(credentials);
        let caller = Caller::new(self.client.clone(), self.endpoints.clone(), credentials);
        let terms = Terms {
            role_arn: call.role_arn,
            trace_header: call.trace_header,
            time_limit,
            now: SystemTime::from(self.aws.now()),
        };
        let request = task.request();
        let mut tries = 1_u32;
        loop {
            match caller.call(&request, &terms).await {
                Err(error @ CallError::Unconnected { .. }) if tries < TRIES_MAX => {
                    tracing::warn!(%error, tries, "the call is tried again");
                    tries = tries.saturating_add(1);
                }
                answer => return answer,
            }
        }
    }

    /// What the caller is not allowed is the task's failure, as AWS words it.
    fn not_allowed(&self, role_arn: &str) -> Failure {
        let own = self.own_role_arn.as_deref().unwrap_or_default();
        let cause = format!(
            "The role {own} is not authorized to assume the task state's role, {role_arn}."
        );
        Failure::new(Failure::TASK_FAILED, &cause)
    }

    async fn outcome(&self, call: &TaskCall<'_>) -> Result<CallAnswer, Failure> {
        let origin =
            Origin { execution_arn: call.execution.as_str(), machine_arn: call.machine.as_str() };
        let task = Task::new(call.resource, call.arguments, &origin)?;
        let credentials = match self.credentials(call).await {
            Ok(credentials) => credentials,
            Err(RoleError::Denied { role_arn }) => return Err(self.not_allowed(&role_arn)),
            Err(RoleError::Unavailable(error)) => return Err(task.unreachable(&error.to_string())),
        };
        let time_limit = self.deadline.left(&self.aws);
        match self.send(&task, call, credentials, time_limit).await {
            Ok(response) => task.result(&response).map(CallAnswer::Succeeded),
            Err(CallError::TimedOut(limit)) => Err(given_up(limit)),
            Err(error) => Err(task.unreachable(&error.chain())),
        }
    }
}

impl Tasks for RoleCalls {
    /// Finds the credentials, so that a call whose role cannot be asked for is not claimed.
    async fn prepare(&self, call: &TaskCall<'_>) -> Result<(), BoxError> {
        if self.own_role_arn.is_none() {
            return Err(NotHere.into());
        }
        match self.credentials(call).await {
            Ok(_) | Err(RoleError::Denied { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    async fn call(&self, call: &TaskCall<'_>) -> CallAnswer {
        self.outcome(call).await.unwrap_or_else(CallAnswer::Failed)
    }
}

/// No invocation lasts longer than fifteen minutes, so no call is waited for any longer.
fn given_up(limit: Duration) -> Failure {
    let secs = limit.as_secs();
    let cause = format!(
        "The call had no answer after {secs} seconds, when the task function had to end. It may have been carried out."
    );
    Failure::new(WORKER_LOST, &cause)
}
