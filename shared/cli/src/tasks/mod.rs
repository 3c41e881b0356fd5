//! What tasks call on one machine: mocks, commands, HTTP endpoints, AWS or an emulator of it.

mod command;
mod mocks;
mod target;
mod words;

pub(crate) use mocks::Mocks;
pub(crate) use target::Target;

use crate::limits::EVENTS_MAX;
use baton_api::{OwnApi, is_elsewhere};
use baton_calls::{CallError, Caller, HttpClient, LocalCredentials, Terms};
use baton_driver::{CallAnswer, Job, TaskCall, Tasks};
use baton_embedded::{Embedded, Hold, wall_now};
use baton_engine::{Failure, FailureKind, Payload};
use baton_integrations::lambda::{self, Invocation};
use baton_integrations::{Request, Response, Service, Task};
use baton_store::{BoxError, Chance};
use command::Reply;
use mocks::Mock;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use target::Server;
use tokio::sync::{Semaphore, mpsc};

/// An answer to a task token that is known beforehand.
#[derive(Debug)]
pub(crate) struct TokenAnswer {
    pub(crate) token: String,
    pub(crate) output: Payload,
    /// Time does not jump over an answer that is on its way.
    pub(crate) hold: Hold,
}

/// What serves tasks, in the order in which it is asked.
#[derive(Debug, Default)]
pub(crate) struct Serving {
    /// `--mocks`.
    pub(crate) mocks: Mocks,
    /// `--task`, the first that fits.
    pub(crate) targets: Vec<Target>,
    /// `--answer`: the outputs of states that wait for a callback.
    pub(crate) answers: BTreeMap<String, Payload>,
    /// Where a command finds the Step Functions API.
    pub(crate) own_endpoint: String,
}

/// Makes calls on one machine, with the time and chance of its backend.
#[derive(Debug)]
pub(crate) struct LocalTasks {
    backend: Arc<Embedded>,
    serving: Arc<Serving>,
    client: Arc<HttpClient>,
    caller: Caller<LocalCredentials>,
    own: OwnApi,
    answers: mpsc::Sender<TokenAnswer>,
    events: Arc<Semaphore>,
}

impl LocalTasks {
    pub(crate) fn new(
        backend: Arc<Embedded>,
        serving: Serving,
        client: Arc<HttpClient>,
        caller: Caller<LocalCredentials>,
        answers: mpsc::Sender<TokenAnswer>,
    ) -> Self {
        let (serving, events) = (Arc::new(serving), Arc::new(Semaphore::new(EVENTS_MAX)));
        let own = OwnApi::default();
        LocalTasks { backend, serving, client, caller, own, answers, events }
    }

    /// The API of this machine, which its own tasks need not go out for.
    pub(crate) fn own(&self) -> &OwnApi {
        &self.own
    }

    async fn answer(&self, call: &TaskCall<'_>) -> Result<Payload, Failure> {
        let state = call.state.as_str();
        let mock = self.serving.mocks.answer(call.machine.name(), state, call.attempt);
        let known = self.serving.answers.get(state);
        let (result, output) = match mock {
            Some(Mock::Throw(failure)) => return Err(failure),
            Some(Mock::Return(result)) if call.token.is_some() => {
                (Payload::new(().into()), Some(result))
            }
            Some(Mock::Return(result)) => return Ok(result),
            None => (self.call_out(call).await?, known.cloned()),
        };
        if let (Some(output), Some(token)) = (output, call.token) {
            let hold = self.backend.hold_time();
            let answer = TokenAnswer { token: token.to_owned(), output, hold };
            // Without a receiver Baton is about to stop, and the task goes on when it is started again.
            let _ = self.answers.send(answer).await;
        }
        Ok(result)
    }

    async fn call_out(&self, call: &TaskCall<'_>) -> Result<Payload, Failure> {
        let task = Task::new(call.resource, call.arguments, &call.origin())?;
        if let Some(invocation) = task.invocation() {
            let targets = &self.serving.targets;
            let target = targets.iter().find(|target| target.serves(invocation.function()));
            if let Some(target) = target {
                let server = target.server(invocation.function());
                let response = self.serve(invocation, server, call.time_limit).await?;
                return task.result(&response);
            }
        }
        self.call_service(&task, call).await
    }

    /// Has a function served here.
    async fn serve(
        &self,
        invocation: &Invocation,
        server: Server,
        time_limit: Duration,
    ) -> Result<Response, Failure> {
        let request_id = self.request_id();
        let job = Served {
            server,
            payload: invocation.payload().to_owned(),
            name: invocation.function().name().to_owned(),
            serving: self.serving.clone(),
            client: self.client.clone(),
            time_limit,
        };
        if !invocation.is_event() {
            let reply = job.run().await?;
            return Ok(lambda::reply(reply.payload, reply.is_failure, &request_id));
        }
        // Nobody waits for an event's answer: it goes on beside the execution. The semaphore is never closed.
        let permit = self.events.clone().acquire_owned().await.ok();
        let hold = self.backend.hold_time();
        tokio::spawn(async move {
            let answer = tokio::time::timeout(job.time_limit, job.run()).await;
            tracing::debug!(?answer, "an event's function ended");
            drop((permit, hold));
        });
        Ok(lambda::accepted(&request_id))
    }

    async fn call_service(&self, task: &Task, call: &TaskCall<'_>) -> Result<Payload, Failure> {
        let request = task.request();
        let reachable = self.check_reachable(task);
        if let Some(response) = self.own.answer(&request, call).await
            && !(is_elsewhere(&response) && reachable.is_ok())
        {
            return task.result(&response);
        }
        reachable?;
        match self.send(&request, call).await {
            Ok(response) => task.result(&response),
            Err(error) => Err(task.unreachable(&error.chain())),
        }
    }

    async fn send(&self, request: &Request, call: &TaskCall<'_>) -> Result<Response, CallError> {
        let terms = Terms {
            role_arn: call.credentials_role_arn.unwrap_or(call.role_arn),
            trace_header: call.trace_header,
            time_limit: call.time_limit,
            now: SystemTime::from(wall_now()),
        };
        self.caller.call(request, &terms).await
    }

    /// A job's answer to a request, and whether it came from this machine.
    async fn ask(&self, request: &Request, job: &Job<'_>) -> Result<(Response, bool), CallError> {
        let is_outside = self.caller.endpoints().configured(request.service).is_some()
            || self.caller.provider().find().is_ok();
        match self.own.answer(request, &job.call).await {
            Some(response) if !(is_elsewhere(&response) && is_outside) => Ok((response, true)),
            Some(_) | None => Ok((self.send(request, &job.call).await?, false)),
        }
    }

    /// Says how to provide a target where there is none: an endpoint, or credentials.
    fn check_reachable(&self, task: &Task) -> Result<(), Failure> {
        let service = task.service();
        if self.caller.endpoints().configured(service).is_some() {
            return Ok(());
        }
        let Err(error) = self.caller.provider().find() else { return Ok(()) };
        let variable = format!("AWS_ENDPOINT_URL_{}", service.endpoint_variable_suffix());
        let cause = match task.invocation() {
            Some(invocation) => {
                let name = invocation.function().name();
                format!(
                    "Nothing serves the function `{name}`. Give a command or an address with --task '{name}=COMMAND' or --task '{name}=http://…', an endpoint of Lambda in {variable} or AWS_ENDPOINT_URL, or AWS credentials ({error})."
                )
            }
            None => format!(
                "Nothing serves `{}`. Give an endpoint in {variable} or AWS_ENDPOINT_URL, or AWS credentials ({error}).",
                service.endpoint_prefix()
            ),
        };
        let name = match service {
            Service::Lambda => "Lambda.ResourceNotFoundException",
            Service::DynamoDb
            | Service::EventBridge
            | Service::Sns
            | Service::Sqs
            | Service::StepFunctions => "Baton.NoTarget",
        };
        Err(nobody(name, &cause))
    }

    fn request_id(&self) -> String {
        let bits = self.backend.bits().to_be_bytes();
        uuid::Builder::from_random_bytes(bits).into_uuid().to_string()
    }
}

impl Tasks for LocalTasks {
    async fn call(&self, call: &TaskCall<'_>) -> CallAnswer {
        match self.answer(call).await {
            Ok(result) => CallAnswer::Succeeded(result),
            Err(failure) => CallAnswer::Failed(failure),
        }
    }

    fn is_repeatable(&self, call: &TaskCall<'_>) -> bool {
        baton_integrations::is_repeatable(call.resource)
    }

    async fn job_end(&self, job: &Job<'_>) -> Result<Option<CallAnswer>, BoxError> {
        let Some(service_job) = job.of_service() else { return Ok(None) };
        let (response, is_own) = self.ask(&service_job.describe(), job).await?;
        Ok(CallAnswer::of_job(service_job.state(&response, is_own)))
    }

    async fn stop_job(&self, job: &Job<'_>) {
        let Some(request) = job.of_service().and_then(|job| job.stop()) else { return };
        if let Err(error) = self.ask(&request, job).await {
            tracing::warn!(%error, "a job could not be stopped");
        }
    }
}

/// The failure of a task that has nobody to serve it: for the person to mend, so no handler sees it.
fn nobody(name: &str, cause: &str) -> Failure {
    Failure { kind: FailureKind::Terminal, ..Failure::new(name, cause) }
}

/// One call of a function that is served here.
struct Served {
    server: Server,
    payload: String,
    name: String,
    serving: Arc<Serving>,
    client: Arc<HttpClient>,
    time_limit: Duration,
}

impl Served {
    async fn run(&self) -> Result<Reply, Failure> {
        match &self.server {
            Server::Command(words) => {
                let variables = [
                    ("AWS_LAMBDA_FUNCTION_NAME", self.name.as_str()),
                    ("AWS_ENDPOINT_URL_SFN", self.serving.own_endpoint.as_str()),
                ];
                let run = command::run(words, &variables, &self.payload).await;
                run.map_err(|error| self.not_started(words, &error))
            }
            Server::Address(address) => self.post(address).await,
        }
    }

    fn not_started(&self, words: &[String], error: &std::io::Error) -> Failure {
        let (name, program) = (&self.name, words.first().map_or("", String::as_str));
        let cause =
            format!("The command of the function `{name}` does not start: `{program}`: {error}.");
        nobody("Lambda.ResourceNotFoundException", &cause)
    }

    /// Posts the payload: an answer of status 2xx is the result, unless its header says that it is an error.
    async fn post(&self, address: &str) -> Result<Reply, Failure> {
        let payload = self.payload.clone().into_bytes();
        let answer = self.client.post_json(address, &[], payload, self.time_limit).await;
        let response = answer.map_err(|error| {
            let detail = format!("Unable to execute HTTP request: {}", error.chain());
            Failure::new("Lambda.SdkClientException", &detail)
        })?;
        Ok(reply(response))
    }
}

/// What an HTTP endpoint's answer means for the function that it serves.
fn reply(response: Response) -> Reply {
    let is_success = (200..300).contains(&response.status);
    let is_failure = response.header("X-Amz-Function-Error").is_some();
    let error: Option<serde_json::Value> = serde_json::from_slice(&response.body).ok();
    let is_described = error.is_some_and(|error| error.get("errorType").is_some());
    match (is_success, is_failure || is_described) {
        (true, _) if response.body.trim_ascii().is_empty() => {
            Reply { payload: b"null".to_vec(), is_failure }
        }
        (true, _) => Reply { payload: response.body, is_failure },
        (false, true) => Reply { payload: response.body, is_failure: true },
        (false, false) => {
            let text: String = String::from_utf8_lossy(&response.body).chars().take(1000).collect();
            let message = format!("the address answered {}: {text}", response.status);
            Reply::failure(&format!("HttpError.{}", response.status), &message)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, headers: &[(&str, &str)], body: &str, expected: &str) {
        let headers = headers.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        let response = Response { status, headers: headers.collect(), body: body.into() };
        let Reply { payload, is_failure } = reply(response);
        let how = if is_failure { "failed" } else { "answered" };
        assert_eq!(format!("{how} {}", String::from_utf8(payload).unwrap()), expected);
    }

    #[test]
    fn an_addresss_answer_is_its_functions() {
        check(200, &[], "{}", "answered {}");
        check(204, &[], "", "answered null");
        check(200, &[("x-amz-function-error", "Unhandled")], "{}", "failed {}");
        check(500, &[], r#"{"errorType":"E"}"#, r#"failed {"errorType":"E"}"#);
        check(
            404,
            &[],
            "not here",
            r#"failed {"errorMessage":"the address answered 404: not here","errorType":"HttpError.404"}"#,
        );
    }
}
