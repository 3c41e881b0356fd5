//! What tasks call on one machine: mocks, commands, HTTP endpoints, AWS or an emulator of it.

mod command;
mod mocks;
mod objects;
mod record;
mod served;
mod target;
mod words;

pub(crate) use mocks::{Mock, Mocks};
pub(crate) use objects::Store;
pub(crate) use record::{Recorder, Replay};
pub(crate) use target::{Server, Target, fits};

use crate::config::{Config, How, Rule};

use crate::limits::{CALLS_MAX, COMMANDS_MAX, EVENTS_MAX};
use baton_api::{OwnApi, is_elsewhere};
use baton_asl::Resource;
use baton_calls::{
    AllowedHosts, Attempted, CallError, Caller, Endpoints, HttpClient, HttpTasks, LocalCredentials,
    ObjectTerms, Patience, Terms, ask_first,
};
use baton_driver::{CallAnswer, Job, ObjectAnswer, ObjectCall, ObjectError, TaskCall, Tasks};
use baton_embedded::{Embedded, Hold, wall_now};
use baton_engine::{Failure, FailureKind, Payload};
use baton_integrations::http_task::{HttpTask, connection_name};
use baton_integrations::lambda::{self, FunctionName, Invocation};
use baton_integrations::{Request, Response, Task};
use baton_store::{BoxError, Chance};
use record::Recorded;
use served::Served;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;
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
    /// `--s3`: what serves S3.
    pub(crate) s3: Option<Store>,
    /// `--answer`: the outputs of states that wait for a callback.
    pub(crate) answers: BTreeMap<String, Payload>,
    /// Where a command finds the Step Functions API.
    pub(crate) own_endpoint: String,
    /// `baton.toml`.
    pub(crate) config: Config,
    /// `--record`.
    pub(crate) recorder: Option<Recorder>,
    /// `--replay`.
    pub(crate) replay: Option<Replay>,
}

/// An answer that is known without a call.
enum Known {
    /// How the task ends.
    End(Mock),
    /// What the call is answered; a callback's end comes later.
    Call(Mock),
}

/// Makes calls on one machine, with the time and chance of its backend.
#[derive(Debug)]
pub(crate) struct LocalTasks {
    backend: Arc<Embedded>,
    serving: Arc<Serving>,
    client: Arc<HttpClient>,
    caller: Caller<LocalCredentials>,
    http: HttpTasks,
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
        let http = HttpTasks::new(AllowedHosts::new(serving.config.allowed_hosts.clone()));
        LocalTasks { backend, serving, client, caller, http, own, answers, events }
    }

    /// How many calls may be made at a time.
    pub(crate) fn calls_max(&self) -> usize {
        let Serving { targets, config, .. } = &*self.serving;
        let runs_command =
            |rule: &Rule| matches!(&rule.how, How::Serve(server) if server.is_command());
        if targets.iter().any(Target::runs_command) || config.rules.iter().any(runs_command) {
            COMMANDS_MAX
        } else {
            CALLS_MAX
        }
    }

    /// The API of this machine, which its own tasks need not go out for.
    pub(crate) fn own(&self) -> &OwnApi {
        &self.own
    }

    async fn answer(&self, call: &TaskCall<'_>) -> Result<Payload, Failure> {
        let (result, output) = match self.known(call) {
            Some(Known::End(Mock::Throw(failure)) | Known::Call(Mock::Throw(failure))) => {
                return Err(failure);
            }
            Some(Known::End(Mock::Return(result))) if call.token.is_some() => {
                (Payload::new(().into()), Some(result))
            }
            Some(Known::End(Mock::Return(result))) => return Ok(result),
            Some(Known::Call(Mock::Return(result))) => (result, self.known_output(call)),
            None => (self.call_out(call).await?, self.known_output(call)),
        };
        if let (Some(output), Some(token)) = (output, call.token) {
            let hold = self.backend.hold_time();
            let answer = TokenAnswer { token: token.to_owned(), output, hold };
            // Without a receiver Baton is about to stop, and the task goes on when it is started again.
            let _ = self.answers.send(answer).await;
        }
        Ok(result)
    }

    fn known_output(&self, call: &TaskCall<'_>) -> Option<Payload> {
        self.serving.answers.get(call.state.as_str()).cloned()
    }

    /// What is answered without a call: by a mock file, a recording, or a rule.
    fn known(&self, call: &TaskCall<'_>) -> Option<Known> {
        let state = call.state.as_str();
        if let Some(mock) = self.serving.mocks.answer(call.machine.name(), state, call.attempt) {
            return Some(Known::End(mock));
        }
        if let Some(replay) = &self.serving.replay {
            return Some(match replay.take(call) {
                Some(Recorded::Call(answer)) => Known::Call(answer.into()),
                Some(Recorded::Job(answer)) => Known::End(answer.into()),
                None => Known::End(Mock::Throw(nobody(
                    "Baton.NotRecorded",
                    &format!("Nothing was recorded for attempt {} of `{state}`.", call.attempt),
                ))),
            });
        }
        let How::Answer(answers) = &self.rule(call)?.how else { return None };
        let attempt = usize::try_from(call.attempt).unwrap_or(usize::MAX);
        let answer = answers.get(attempt).or(answers.last())?;
        Some(Known::End(answer.clone()))
    }

    /// The first rule of `baton.toml` that is about this task. A `--task` goes before it.
    fn rule(&self, call: &TaskCall<'_>) -> Option<&Rule> {
        let function = function_of(call);
        let is_target =
            |name: &FunctionName| self.serving.targets.iter().any(|target| target.serves(name));
        if function.as_ref().is_some_and(is_target) {
            return None;
        }
        let name = function.as_ref().map(FunctionName::as_str);
        let fits = |rule: &&Rule| rule.fits(call.state.as_str(), call.resource, name);
        self.serving.config.rules.iter().find(fits)
    }

    async fn call_out(&self, call: &TaskCall<'_>) -> Result<Payload, Failure> {
        let rule = self.rule(call).map(|rule| &rule.how);
        if let (Some(How::Serve(server)), None) = (rule, function_of(call)) {
            let served =
                self.served(server.clone(), call.arguments.text(), call.state.as_str(), call);
            return served::outcome(&served.run().await?);
        }
        if is_http(call) {
            return self.call_http(call).await;
        }
        let task = Task::new(call.resource, call.arguments, &call.origin())?;
        if let Some(invocation) = task.invocation() {
            let function = invocation.function();
            let target = self.serving.targets.iter().find(|target| target.serves(function));
            let server = match (target, rule) {
                (Some(target), _) => Some(target.server(function)),
                (None, Some(How::Serve(server))) if function.is_plain() => {
                    Some(server.named(function))
                }
                (None, _) => None,
            };
            if let Some(server) = server {
                return task.result(&self.serve(invocation, server, call).await?);
            }
        }
        match rule {
            Some(How::Send(endpoints)) => {
                let provider = self.caller.provider().clone();
                let caller = Caller::new(self.client.clone(), endpoints.clone(), provider);
                self.call_service(&task, call, &caller).await
            }
            Some(How::Serve(_) | How::Answer(_)) | None => {
                self.call_service(&task, call, &self.caller).await
            }
        }
    }

    async fn call_http(&self, call: &TaskCall<'_>) -> Result<Payload, Failure> {
        let task = HttpTask::new(call.arguments, &call.origin())?;
        let arn = task.connection_arn();
        let Some(connection) = self.serving.config.connections.find(arn) else {
            let name = connection_name(arn);
            let cause = format!(
                "Nothing is known of the connection `{arn}`. Describe it in baton.toml, under [connections.{name}]."
            );
            return Err(nobody("Events.ConnectionResource.ResourceNotFound", &cause));
        };
        let now = SystemTime::from(wall_now());
        self.http.call(&task, connection, call.time_limit, now).await
    }

    fn served(&self, server: Server, payload: &str, name: &str, call: &TaskCall<'_>) -> Served {
        Served {
            server,
            payload: payload.to_owned(),
            name: name.to_owned(),
            own_endpoint: self.serving.own_endpoint.clone(),
            client: self.client.clone(),
            time_limit: call.time_limit,
        }
    }

    /// Has a function served here.
    async fn serve(
        &self,
        invocation: &Invocation,
        server: Server,
        call: &TaskCall<'_>,
    ) -> Result<Response, Failure> {
        let request_id = self.request_id();
        let job = self.served(server, invocation.payload(), invocation.function().name(), call);
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

    async fn call_service(
        &self,
        task: &Task,
        call: &TaskCall<'_>,
        caller: &Caller<LocalCredentials>,
    ) -> Result<Payload, Failure> {
        let request = task.request();
        let reachable = check_reachable(task, caller);
        if let Some(response) = self.own.answer(&request, call).await
            && !(is_elsewhere(&response) && reachable.is_ok())
        {
            return task.result(&response);
        }
        reachable?;
        let mut task = task.clone();
        let again = Patience::of_sdk(true, call.spread());
        let ask = async |question| send(caller, &question, call, again).await.answer;
        ask_first(&mut task, ask).await?;
        let patience = Patience::of_task(&task, self.is_repeatable(call), call.spread());
        let made = send(caller, &task.request(), call, patience).await;
        task.attempted(made.count);
        match made.answer {
            Ok(response) => task.result(&response),
            Err(error) => Err(error.failure(&task)),
        }
    }

    /// A job's answer to a request, and whether it came from this machine. It is asked where it was begun.
    async fn ask(&self, request: &Request, job: &Job<'_>) -> Result<(Response, bool), CallError> {
        let endpoints = match self.rule(&job.call).map(|rule| &rule.how) {
            Some(How::Send(endpoints)) => endpoints,
            Some(How::Serve(_) | How::Answer(_)) | None => self.caller.endpoints(),
        };
        let suffix = &request.destination.endpoint_variable_suffix;
        let is_outside =
            endpoints.configured(suffix).is_some() || self.caller.provider().find().is_ok();
        match self.own.answer(request, &job.call).await {
            Some(response) if !(is_elsewhere(&response) && is_outside) => Ok((response, true)),
            Some(_) | None => {
                let provider = self.caller.provider().clone();
                let caller = Caller::new(self.client.clone(), endpoints.clone(), provider);
                let patience = Patience::of_sdk(true, job.call.spread());
                Ok((send(&caller, request, &job.call, patience).await.answer?, false))
            }
        }
    }

    /// Where S3 is for a state, unless `--s3` says it for all.
    fn object_endpoints(&self, call: &ObjectCall<'_>) -> Result<Endpoints, ObjectError> {
        let action = call.request.action();
        let resource = Resource::parse(&format!("arn:aws:states:::s3:{action}")).ok();
        let fits = |rule: &&Rule| {
            let resource = resource.as_ref();
            resource.is_some_and(|resource| rule.fits(call.state, resource, None))
        };
        let rule = self.serving.config.rules.iter().find(fits);
        if let Some(Rule { how: How::Send(endpoints), .. }) = rule {
            return Ok(endpoints.clone());
        }
        let endpoints = self.caller.endpoints();
        if endpoints.configured("S3").is_none()
            && let Err(error) = self.caller.provider().find()
        {
            return Err(ObjectError::refused(format!(
                "Nothing serves S3. Give a folder in its place with --s3 DIR, which has a folder for each bucket, its address with --s3 http://… or AWS_ENDPOINT_URL_S3, or AWS credentials ({error})."
            )));
        }
        Ok(endpoints.clone())
    }

    fn request_id(&self) -> String {
        let bits = self.backend.bits().to_be_bytes();
        uuid::Builder::from_random_bytes(bits).into_uuid().to_string()
    }
}

impl Tasks for LocalTasks {
    async fn call(&self, call: &TaskCall<'_>) -> CallAnswer {
        let answer = match self.answer(call).await {
            Ok(result) => CallAnswer::Succeeded(result),
            Err(failure) => CallAnswer::Failed(failure),
        };
        let is_end = !is_job(call) || matches!(answer, CallAnswer::Failed(_));
        if let Some(recorder) = self.serving.recorder.as_ref().filter(|_| is_end) {
            recorder.record(call, &Recorded::Call(answer.clone()));
        }
        answer
    }

    fn is_repeatable(&self, call: &TaskCall<'_>) -> bool {
        baton_integrations::is_repeatable(call.resource)
    }

    async fn objects(&self, call: &ObjectCall<'_>) -> Result<ObjectAnswer, ObjectError> {
        let endpoints = match &self.serving.s3 {
            Some(Store::Folder(folder)) => return objects::answer(folder, &call.request),
            Some(Store::Endpoint(endpoint)) => {
                Endpoints { common: Some(endpoint.clone()), ..Endpoints::default() }
            }
            None => self.object_endpoints(call)?,
        };
        let provider = self.caller.provider().clone();
        let caller = Caller::new(self.client.clone(), endpoints, provider);
        let terms = ObjectTerms {
            role_arn: call.role_arn,
            region: call.region,
            bucket_owner: call.bucket_owner,
        };
        caller.object(&call.request, &terms, || SystemTime::from(wall_now())).await
    }

    async fn job_end(&self, job: &Job<'_>) -> Result<Option<CallAnswer>, BoxError> {
        let end = job.end_by(|request| async move { self.ask(&request, job).await }).await?;
        if let (Some(recorder), Some(end)) = (&self.serving.recorder, &end) {
            recorder.record(&job.call, &Recorded::Job(end.clone()));
        }
        Ok(end)
    }

    async fn stop_job(&self, job: &Job<'_>) {
        let Some(request) = job.of_service().and_then(|job| job.stop()) else { return };
        if let Err(error) = self.ask(&request, job).await {
            tracing::warn!(%error, "a job could not be stopped");
        }
    }
}

/// Says how to provide a target where there is none: an endpoint, or credentials.
fn check_reachable(task: &Task, caller: &Caller<LocalCredentials>) -> Result<(), Failure> {
    let destination = task.destination();
    let suffix = destination.endpoint_variable_suffix.as_ref();
    if caller.endpoints().configured(suffix).is_some() {
        return Ok(());
    }
    let Err(error) = caller.provider().find() else { return Ok(()) };
    let variable = format!("AWS_ENDPOINT_URL_{suffix}");
    let cause = match task.invocation() {
        Some(invocation) => {
            let name = invocation.function().name();
            format!(
                "Nothing serves the function `{name}`. Give a command or an address with --task '{name}=COMMAND' or --task '{name}=http://…', an endpoint of Lambda in {variable} or AWS_ENDPOINT_URL, or AWS credentials ({error})."
            )
        }
        None => format!(
            "Nothing serves `{}`. Give an endpoint in {variable} or AWS_ENDPOINT_URL, or AWS credentials ({error}).",
            destination.signing.name.as_deref().unwrap_or(suffix)
        ),
    };
    let name = match task.invocation() {
        Some(_) => "Lambda.ResourceNotFoundException",
        None => "Baton.NoTarget",
    };
    Err(nobody(name, &cause))
}

async fn send(
    caller: &Caller<LocalCredentials>,
    request: &Request,
    call: &TaskCall<'_>,
    patience: Patience,
) -> Attempted {
    let terms = Terms {
        role_arn: call.credentials_role_arn.unwrap_or(call.role_arn),
        trace_header: call.trace_header,
        time_limit: call.time_limit,
        now: SystemTime::from(wall_now()),
    };
    caller.call_patiently(request, &terms, patience).await
}

/// The function that a task calls, if it calls one.
fn function_of(call: &TaskCall<'_>) -> Option<FunctionName> {
    let task = Task::new(call.resource, call.arguments, &call.origin()).ok()?;
    task.invocation().map(|invocation| invocation.function().clone())
}

fn is_job(call: &TaskCall<'_>) -> bool {
    matches!(call.resource, Resource::Service(service) if service.pattern.is_job())
}

fn is_http(call: &TaskCall<'_>) -> bool {
    matches!(call.resource, Resource::Service(service) if service.service == "http")
}

/// The failure of a task that has nobody to serve it: for the person to mend, so no handler sees it.
pub(crate) fn nobody(name: &str, cause: &str) -> Failure {
    Failure { kind: FailureKind::Terminal, ..Failure::new(name, cause) }
}
