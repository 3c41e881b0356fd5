//! Calls to the outside, made with the state machine's role.

use crate::configuration::Configuration;
use crate::deadline::Deadline;
use baton_api::{OwnApi, is_elsewhere};
use baton_asl::Resource;
use baton_aws::{Aws, RoleError};
use baton_calls::{
    AllowedHosts, Attempted, CallError, Caller, Credentials, Endpoints, HttpClient, HttpTasks,
    LocalCredentials, ObjectTerms, Patience, Terms, ask_first,
};
use baton_driver::{
    CallAnswer, Job, ObjectAnswer, ObjectCall, ObjectError, TaskCall, Tasks, WORKER_LOST,
};
use baton_engine::Failure;
use baton_integrations::http_task::{
    Connection, HttpTask, connection_answer, connection_failure, description_request,
    secret_request,
};
use baton_integrations::{Request, Response, Task};
use baton_store::{BoxError, Clock as _};
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// How long a job's answer how it stands may take.
const JOB_TIME_LIMIT: Duration = Duration::from_secs(25);

/// Makes calls, in the functions that have the rights to.
#[derive(Debug)]
pub struct RoleCalls {
    aws: Aws,
    client: Arc<HttpClient>,
    http: HttpTasks,
    endpoints: Endpoints,
    own_role_arn: Option<Arc<str>>,
    own: OwnApi,
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
        let own = OwnApi::default();
        let http = HttpTasks::new(AllowedHosts::new(configuration.http_hosts.clone()));
        RoleCalls { aws, client: Arc::default(), http, endpoints, own_role_arn, own, deadline }
    }

    /// The API of this stack, which its own tasks need not go out for.
    pub(crate) fn own(&self) -> &OwnApi {
        &self.own
    }

    async fn credentials(&self, call: &TaskCall<'_>) -> Result<Credentials, RoleError> {
        let machine_arn = call.machine.as_str();
        self.aws.credentials(call.role_arn, call.credentials_role_arn, machine_arn).await
    }

    /// Sends the request, again where that repeats nothing.
    async fn send(
        &self,
        request: &Request,
        call: &TaskCall<'_>,
        credentials: Credentials,
        time_limit: Duration,
        patience: Patience,
    ) -> Attempted {
        let credentials = LocalCredentials::Given(credentials);
        let caller = Caller::new(self.client.clone(), self.endpoints.clone(), credentials);
        let terms = Terms {
            role_arn: call.role_arn,
            trace_header: call.trace_header,
            time_limit,
            now: SystemTime::from(self.aws.now()),
        };
        // On the heap: it lies deep inside the futures of whole functions.
        Box::pin(caller.call_patiently(request, &terms, patience)).await
    }

    /// Sends a question, which may be asked again.
    async fn send_question(
        &self,
        request: &Request,
        call: &TaskCall<'_>,
        credentials: Credentials,
    ) -> Result<Response, CallError> {
        let patience = Patience::of_sdk(true, call.spread());
        self.send(request, call, credentials, JOB_TIME_LIMIT, patience).await.answer
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
        if matches!(call.resource, Resource::Service(service) if service.service == "http") {
            return self.call_http(call).await;
        }
        let mut task = Task::new(call.resource, call.arguments, &call.origin())?;
        let request = task.request();
        if let Some(response) = self.own.answer(&request, call).await
            && !is_elsewhere(&response)
        {
            return task.result(&response).map(CallAnswer::Succeeded);
        }
        let credentials = match self.credentials(call).await {
            Ok(credentials) => credentials,
            Err(RoleError::Denied { role_arn }) => return Err(self.not_allowed(&role_arn)),
            Err(RoleError::Unavailable(error)) => return Err(task.unreachable(&error.to_string())),
        };
        let ask = async |question| self.send_question(&question, call, credentials.clone()).await;
        ask_first(&mut task, ask).await?;
        let request = task.request();
        let time_limit = self.deadline.left(&self.aws);
        let patience = Patience::of_task(&task, self.is_repeatable(call), call.spread());
        let made = self.send(&request, call, credentials, time_limit, patience).await;
        task.attempted(made.count);
        match made.answer {
            Ok(response) => task.result(&response).map(CallAnswer::Succeeded),
            Err(CallError::TimedOut(limit)) => Err(given_up(limit)),
            Err(error) => Err(error.failure(&task)),
        }
    }

    /// Sends an HTTP Task with its connection, which the state machine's role may read.
    async fn call_http(&self, call: &TaskCall<'_>) -> Result<CallAnswer, Failure> {
        let task = HttpTask::new(call.arguments, &call.origin())?;
        let credentials = match self.credentials(call).await {
            Ok(credentials) => credentials,
            Err(RoleError::Denied { role_arn }) => return Err(self.not_allowed(&role_arn)),
            Err(error) => return Err(connection_failure("InternalError", &error.to_string())),
        };
        let arn = task.connection_arn();
        let description = self.ask_about(&description_request(arn), call, &credentials).await?;
        let secret_arn = description.get("SecretArn").and_then(Value::as_str).unwrap_or_default();
        let secret = self.ask_about(&secret_request(arn, secret_arn), call, &credentials).await?;
        let secret = secret.get("SecretString").and_then(Value::as_str).unwrap_or_default();
        let secret = serde_json::from_str(secret).unwrap_or_default();
        let connection = Connection::from_aws(&description, &secret)?;
        let limit = self.deadline.left(&self.aws).min(call.time_limit);
        let now = SystemTime::from(self.aws.now());
        self.http.call(&task, &connection, limit, now).await.map(CallAnswer::Succeeded)
    }

    async fn ask_about(
        &self,
        request: &Request,
        call: &TaskCall<'_>,
        credentials: &Credentials,
    ) -> Result<Value, Failure> {
        match self.send_question(request, call, credentials.clone()).await {
            Ok(response) => connection_answer(&response),
            Err(error) => Err(connection_failure("InternalError", &error.chain())),
        }
    }

    /// A job's answer to a request, and whether it came from this stack.
    async fn ask(&self, request: &Request, job: &Job<'_>) -> Result<(Response, bool), BoxError> {
        if let Some(response) = self.own.answer(request, &job.call).await
            && !is_elsewhere(&response)
        {
            return Ok((response, true));
        }
        let credentials = self.credentials(&job.call).await?;
        Ok((self.send_question(request, &job.call, credentials).await?, false))
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

    fn time_left(&self) -> Option<Duration> {
        Some(self.deadline.left(&self.aws))
    }

    async fn call(&self, call: &TaskCall<'_>) -> CallAnswer {
        self.outcome(call).await.unwrap_or_else(CallAnswer::Failed)
    }

    fn is_repeatable(&self, call: &TaskCall<'_>) -> bool {
        baton_integrations::is_repeatable(call.resource)
    }

    async fn objects(&self, call: &ObjectCall<'_>) -> Result<ObjectAnswer, ObjectError> {
        let Some(own) = &self.own_role_arn else {
            return Err(ObjectError::passing(NotHere.to_string()));
        };
        let credentials = self.aws.credentials(call.role_arn, None, call.machine_arn).await;
        let credentials = credentials.map_err(|error| match error {
            RoleError::Denied { role_arn } => ObjectError::refused(format!(
                "The role {own} is not authorized to assume the state machine's role, {role_arn}."
            )),
            RoleError::Unavailable(error) => ObjectError::passing(error.to_string()),
        })?;
        let credentials = LocalCredentials::Given(credentials);
        let caller = Caller::new(self.client.clone(), self.endpoints.clone(), credentials);
        let terms = ObjectTerms {
            role_arn: call.role_arn,
            region: call.region,
            bucket_owner: call.bucket_owner,
        };
        caller.object(&call.request, &terms, || SystemTime::from(self.aws.now())).await
    }

    async fn job_end(&self, job: &Job<'_>) -> Result<Option<CallAnswer>, BoxError> {
        Box::pin(job.end_by(|request| async move { self.ask(&request, job).await })).await
    }

    async fn stop_job(&self, job: &Job<'_>) {
        let Some(request) = job.of_service().and_then(|job| job.stop()) else { return };
        if let Err(error) = self.ask(&request, job).await {
            tracing::warn!(%error, "a job could not be stopped");
        }
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
