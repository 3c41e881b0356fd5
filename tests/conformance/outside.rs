//! The world outside a recorded case: its Lambda functions, and what the services answered.

#[path = "objects.rs"]
mod objects;
#[path = "services.rs"]
mod services;

pub use objects::Objects;
pub use services::Services;

use baton_api::{OwnApi, is_elsewhere};
use baton_asl::Resource;
use baton_driver::{
    CallAnswer, Job as StartedJob, ObjectAnswer, ObjectCall, ObjectError, TaskCall, Tasks,
};
use baton_engine::{Failure, Payload};
use baton_integrations::http_task::{
    Connection, HttpTask, connection_answer, connection_failure, description_request,
    secret_request, unanswered,
};
use baton_integrations::lambda::Invocation;
use baton_integrations::{Origin, Request, Response, Task};
use baton_store::BoxError;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Mutex;
use std::time::Duration;

/// What answers the calls of one case.
#[derive(Debug, Default)]
pub struct Outside {
    functions: BTreeMap<String, Value>,
    /// What each state's attempts are answered, in our own cases.
    states: BTreeMap<String, Value>,
    /// What the services answered, in the order in which they were asked.
    results: Mutex<Vec<Value>>,
    /// The objects in S3.
    pub objects: Objects,
    /// Tokens handed out, with what is to become of them.
    callbacks: Mutex<Vec<Callback>>,
    /// What answers requests as services do, in our own cases that have it.
    services: Option<Services>,
    /// The API of the world itself, for nested executions.
    pub own: OwnApi,
}

/// An accepted call and how it ended.
#[derive(Debug, Clone)]
pub struct Callback {
    pub token: String,
    pub result: Value,
}

impl Outside {
    /// The functions of a case; results are added as its executions start.
    pub fn new(functions: Option<&Value>) -> Self {
        let functions = functions.and_then(Value::as_object).into_iter().flatten();
        Outside {
            functions: functions.map(|(name, function)| (name.clone(), function.clone())).collect(),
            ..Outside::default()
        }
    }

    /// The same, with these objects in S3.
    pub fn with_objects(self, objects: Option<&Value>) -> Self {
        Outside { objects: Objects::new(objects), ..self }
    }

    /// The answers to each state's attempts.
    pub fn by_state(states: Option<&Value>) -> Self {
        let states = states.and_then(Value::as_object).into_iter().flatten();
        Outside {
            states: states.map(|(name, answers)| (name.clone(), answers.clone())).collect(),
            ..Outside::default()
        }
    }

    /// The same, with the services of a case.
    pub fn with_services(self, services: Option<Services>) -> Self {
        Outside { services, ..self }
    }

    /// What the services were asked; nothing in a case without any.
    pub fn account(&self) -> Option<Value> {
        self.services.as_ref().map(Services::account)
    }

    pub fn add_results(&self, results: Option<&Value>) {
        let results = results.and_then(Value::as_array).into_iter().flatten().cloned();
        self.results.lock().unwrap().extend(results);
    }

    /// The accepted calls that are to be answered.
    pub fn take_callbacks(&self) -> Vec<Callback> {
        std::mem::take(&mut self.callbacks.lock().unwrap())
    }

    /// What Lambda would answer, where the case has the function or says that there is none.
    #[expect(
        clippy::disallowed_methods,
        reason = "the clock is paused: this waits in virtual time"
    )]
    async fn invoke(&self, invocation: &Invocation) -> Option<Response> {
        if self.functions.is_empty() {
            return None;
        }
        let Some(function) = self.functions.get(invocation.function().name()) else {
            return Some(no_such_function(invocation));
        };
        let event: Value = serde_json::from_str(invocation.payload()).ok()?;
        let body = match function["kind"].as_str()? {
            "echo" => python(&event),
            "constant" => python(&function["payload"]),
            "raw" => function["payload_text"].as_str()?.to_owned(),
            "raw_repeat" => {
                let count = usize::try_from(function["count"].as_u64()?).ok()?;
                function["char"].as_str()?.repeat(count)
            }
            "prefix_text" => {
                let event = python(&event).replace('"', "'");
                Value::from(format!("{}{event}", function["prefix"].as_str()?)).to_string()
            }
            "sleep_then_echo" => {
                tokio::time::sleep(Duration::from_secs_f64(function["seconds"].as_f64()?)).await;
                python(&event)
            }
            "error" => python(&function["payload"])
                .replace("<uuid>", "5ce1aaf5-1a2b-4c3d-8e4f-0123456789ab"),
            _ => return None,
        };
        Some(invoked(body, function["kind"] == "error"))
    }

    /// Which of the answers is the one to this call: to one with these arguments, else to one of this kind.
    fn result(&self, call: &TaskCall<'_>) -> Option<usize> {
        let Resource::Service(service) = call.resource else { return None };
        let results = self.results.lock().unwrap();
        let is_this = |result: &Value| {
            result["resource_type"] == service.service.as_str()
                && result["resource"] == service.action_with_pattern().as_str()
        };
        let arguments = call.arguments.value();
        let has_these = |result: &Value| is_this(result) && result["parameters"] == *arguments;
        results.iter().position(has_these).or_else(|| results.iter().position(is_this))
    }
}

impl Outside {
    fn take_result(&self, call: &TaskCall<'_>) -> Option<Value> {
        let index = self.result(call)?;
        Some(self.results.lock().unwrap().remove(index))
    }
}

/// An answer of Lambda with the headers that were recorded.
fn invoked(body: String, is_error: bool) -> Response {
    let length = body.len().to_string();
    let headers = [
        ("Date", "Thu, 01 Jan 2026 00:00:00 GMT"),
        ("Content-Type", "application/json"),
        ("Content-Length", &length),
        ("Connection", "keep-alive"),
        ("x-amzn-RequestId", "1b671a64-40d5-491e-99b0-da01ff1f3341"),
        ("x-amzn-Remapped-Content-Length", "0"),
        ("X-Amz-Executed-Version", "$LATEST"),
        ("X-Amzn-Trace-Id", "root=1-5759e988-bd862e3fe1be46a994272793;sampled=0"),
    ];
    let error = is_error.then_some(("X-Amz-Function-Error", "Unhandled"));
    let headers = headers.into_iter().chain(error);
    Response {
        status: 200,
        headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        body: body.into_bytes(),
    }
}

fn no_such_function(invocation: &Invocation) -> Response {
    let name = invocation.function().name();
    let arn = format!("arn:aws:lambda:us-east-1:111111111111:function:{name}");
    let body = json!({ "Type": "User", "Message": format!("Function not found: {arn}:$LATEST") });
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Response {
        status: 404,
        headers: vec![
            header("x-amzn-RequestId", "1b671a64-40d5-491e-99b0-da01ff1f3341"),
            header("x-amzn-ErrorType", "ResourceNotFoundException"),
        ],
        body: body.to_string().into_bytes(),
    }
}

impl Tasks for Outside {
    async fn objects(&self, call: &ObjectCall<'_>) -> Result<ObjectAnswer, ObjectError> {
        self.objects.answer(&call.request)
    }

    async fn call(&self, call: &TaskCall<'_>) -> CallAnswer {
        if let Some(answers) = self.states.get(call.state.as_str()).and_then(Value::as_array) {
            return self.scripted(call, answers).await;
        }
        if let Some(services) = &self.services {
            return self.serviced(services, call).await;
        }
        let origin = Origin {
            execution_arn: call.execution.as_str(),
            machine_arn: call.machine.as_str(),
            attempt: 0,
        };
        let task = match Task::new(call.resource, call.arguments, &origin) {
            Ok(task) => task,
            // Where the models of all services are built in, arguments that do not fit them are a failure of their own.
            Err(failure) if self.result(call).is_none() || is_unfit(call, &failure) => {
                return CallAnswer::Failed(failure);
            }
            Err(_) => return self.recorded(call).await,
        };
        if let Some(invocation) = task.invocation()
            && call.token.is_none()
            && let Some(response) = self.invoke(invocation).await
        {
            return task.result(&response).map_or_else(CallAnswer::Failed, CallAnswer::Succeeded);
        }
        match self.own.answer(&task.request(), call).await {
            Some(response) if !is_elsewhere(&response) => {
                task.result(&response).map_or_else(CallAnswer::Failed, CallAnswer::Succeeded)
            }
            Some(_) | None => self.recorded(call).await,
        }
    }

    async fn job_end(&self, started: &StartedJob<'_>) -> Result<Option<CallAnswer>, BoxError> {
        if let Some(services) = &self.services {
            let ask = |request| async move {
                let answer = self.ask(services, &request, &started.call).await;
                answer.map(|response| (response, is_nested(&started.call)))
            };
            return Ok(started.end_by(ask).await?);
        }
        let Some(mut job) = started.of_service() else { return Ok(None) };
        let answer = self.own.answer(&job.describe(), &started.call).await;
        let Some(response) = answer.filter(|response| !is_elsewhere(response)) else {
            return Ok(None);
        };
        Ok(CallAnswer::of_job(job.state(&response, true)))
    }

    async fn stop_job(&self, started: &StartedJob<'_>) {
        if let Some(request) = started.of_service().and_then(|job| job.stop()) {
            match &self.services {
                Some(services) => drop(self.ask(services, &request, &started.call).await),
                None => drop(self.own.answer(&request, &started.call).await),
            }
        }
    }
}

impl Outside {
    /// A call by request and response, as it goes over a network.
    async fn serviced(&self, services: &Services, call: &TaskCall<'_>) -> CallAnswer {
        let answer = match call.resource {
            Resource::Service(service) if service.service == "http" => {
                self.http(services, call).await
            }
            _ => self.request(services, call).await,
        };
        let accepted = match answer {
            Ok(accepted) => accepted,
            Err(failure) => return CallAnswer::Failed(failure),
        };
        if let (Some(token), Some(result)) = (call.token, services.callback_of(call)) {
            self.callbacks.lock().unwrap().push(Callback { token: token.to_owned(), result });
        }
        CallAnswer::Succeeded(accepted)
    }

    async fn request(&self, services: &Services, call: &TaskCall<'_>) -> Result<Payload, Failure> {
        let mut task = Task::new(call.resource, call.arguments, &call.origin())?;
        while let Some(question) = task.question() {
            match self.ask(services, &question, call).await {
                Ok(response) => task.answer(&response)?,
                Err(silence) => return Err(task.unreachable(&silence)),
            }
        }
        match self.ask(services, &task.request(), call).await {
            Ok(response) => task.result(&response),
            Err(silence) => Err(task.unreachable(&silence)),
        }
    }

    async fn ask(
        &self,
        services: &Services,
        request: &Request,
        call: &TaskCall<'_>,
    ) -> Result<Response, String> {
        match self.own.answer(request, call).await {
            Some(response) => {
                services.note(request, call);
                Ok(response)
            }
            None => services.answer(request, call),
        }
    }

    async fn http(&self, services: &Services, call: &TaskCall<'_>) -> Result<Payload, Failure> {
        let task = HttpTask::new(call.arguments, &call.origin())?;
        let arn = task.connection_arn();
        let unknown = |silence: String| connection_failure("InternalError", &silence);
        let described = services.answer(&description_request(arn), call).map_err(unknown)?;
        let description = connection_answer(&described)?;
        let secret_arn = description["SecretArn"].as_str().unwrap_or_default();
        let secret = services.answer(&secret_request(arn, secret_arn), call).map_err(unknown)?;
        let secret = connection_answer(&secret)?;
        let secret = secret["SecretString"].as_str().unwrap_or_default();
        let secret = serde_json::from_str(secret).unwrap_or_default();
        let connection = Connection::from_aws(&description, &secret)?;
        let request = task.request(&connection, None);
        let response = services.answer_http(&request, call).map_err(|text| unanswered(&text))?;
        let reason = if response.is_success() { "OK" } else { "Not Found" };
        task.result(&response, reason)
    }
}

impl Outside {
    async fn recorded(&self, call: &TaskCall<'_>) -> CallAnswer {
        match self.take_result(call) {
            Some(result) => self.answer(call, result).await,
            None => std::future::pending().await,
        }
    }
}

impl Outside {
    /// The answer that a case of ours lists for this attempt.
    async fn scripted(&self, call: &TaskCall<'_>, answers: &[Value]) -> CallAnswer {
        let attempt = usize::try_from(call.attempt).unwrap_or(usize::MAX);
        let answer = answers.get(attempt.min(answers.len().saturating_sub(1)));
        match answer {
            Some(answer) if answer.get("result").is_some() => {
                let output = answer["result"].clone();
                match call.token {
                    Some(token) => {
                        let result = json!({ "output": output.to_string() });
                        self.callbacks
                            .lock()
                            .unwrap()
                            .push(Callback { token: token.to_owned(), result });
                        CallAnswer::Succeeded(Payload::new(json!({})))
                    }
                    None => CallAnswer::Succeeded(Payload::new(output)),
                }
            }
            Some(answer) if answer.get("error").is_some() => ended(&json!({ "failed": answer })),
            Some(_) if call.token.is_some() => CallAnswer::Succeeded(Payload::new(json!({}))),
            _ => std::future::pending().await,
        }
    }

    async fn answer(&self, call: &TaskCall<'_>, result: Value) -> CallAnswer {
        if result["failed"]["event"].as_str().is_some_and(|event| event.ends_with("TimedOut"))
            && result.get("submitted_output").is_none()
        {
            return std::future::pending().await;
        }
        match (result.get("submitted_output"), call.token) {
            (Some(submitted), Some(token)) => {
                let submitted = payload(submitted);
                self.callbacks.lock().unwrap().push(Callback { token: token.to_owned(), result });
                CallAnswer::Succeeded(submitted)
            }
            _ => ended(&result),
        }
    }
}

fn is_nested(call: &TaskCall<'_>) -> bool {
    matches!(call.resource, Resource::Service(of) if of.service == "states")
}

fn is_unfit(call: &TaskCall<'_>, failure: &Failure) -> bool {
    let is_sdk =
        matches!(call.resource, Resource::Service(of) if of.service.starts_with("aws-sdk:"));
    is_sdk && failure.error.as_deref() == Some("States.Runtime")
}

/// A recorded result as the end of a call.
fn ended(result: &Value) -> CallAnswer {
    match result.get("failed") {
        Some(failed) => CallAnswer::Failed(Failure {
            error: text(&failed["error"]).map(Into::into),
            cause: text(&failed["cause"]).map(Into::into),
            kind: baton_engine::FailureKind::Ordinary,
        }),
        None => CallAnswer::Succeeded(payload(&result["output"])),
    }
}

/// A member that is a string on the wire, whatever it is shown as.
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn payload(value: &Value) -> Payload {
    value
        .as_str()
        .and_then(|text| Payload::parse(text).ok())
        .unwrap_or_else(|| Payload::new(value.clone()))
}

/// JSON as Python prints it: a blank behind each colon and comma, ASCII alone.
pub fn python(value: &Value) -> String {
    let mut text = String::new();
    write_python(value, &mut text);
    text
}

fn write_python(value: &Value, text: &mut String) {
    match value {
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                text.push_str(if index > 0 { ", " } else { "" });
                write_python(item, text);
            }
            text.push(']');
        }
        Value::Object(members) => {
            text.push('{');
            for (index, (key, item)) in members.iter().enumerate() {
                text.push_str(if index > 0 { ", " } else { "" });
                write_python(&Value::from(key.as_str()), text);
                text.push_str(": ");
                write_python(item, text);
            }
            text.push('}');
        }
        Value::String(_) => {
            for unit in value.to_string().encode_utf16() {
                match u8::try_from(unit) {
                    Ok(byte) if byte.is_ascii() => text.push(byte.into()),
                    _ => write!(text, "\\u{unit:04x}").expect("a String takes all"),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => text.push_str(&value.to_string()),
    }
}
