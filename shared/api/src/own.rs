//! The API for the tasks of its own executions: what they start, ask and stop in this home takes no way through a network.
//!
//! # Invariants
//!
//! * What is answered here is what the API answers to anybody; only who waits for the end of a job is known besides.

use crate::api::{Api, Caller, Settings};
use crate::place::Place;
use crate::{Answer, ErrorCode};
use baton_asl::Resource;
use baton_driver::{Driver, TaskCall, Tasks};
use baton_integrations::{Request, Response, Service};
use baton_store::{Backend, Parent};
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock, Weak};

/// The API, as soon as there is one: tasks are made before the driver that has them done. A clone is the same.
#[derive(Clone, Default)]
pub struct OwnApi(Arc<OnceLock<Box<dyn Handle>>>);

impl fmt::Debug for OwnApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnApi").field("is_there", &self.0.get().is_some()).finish()
    }
}

/// An answer with the time it was given at.
type Timed = (Answer, Timestamp);

trait Handle: Send + Sync {
    fn handle<'a>(
        &'a self,
        target: &'a str,
        body: &'a [u8],
        caller: Caller<'a>,
    ) -> Pin<Box<dyn Future<Output = Option<Timed>> + Send + 'a>>;
}

/// The driver is not kept alive by its own tasks.
struct Home<B, T> {
    driver: Weak<Driver<B, T>>,
    settings: Settings,
}

impl<B: Backend, T: Tasks> Handle for Home<B, T> {
    fn handle<'a>(
        &'a self,
        target: &'a str,
        body: &'a [u8],
        caller: Caller<'a>,
    ) -> Pin<Box<dyn Future<Output = Option<Timed>> + Send + 'a>> {
        Box::pin(async move {
            let api = Api::new(self.driver.upgrade()?, self.settings.clone());
            let answer = api.handle_for(target, body, caller).await;
            Some((answer, api.now()))
        })
    }
}

impl OwnApi {
    /// Says which API it is. Only the first one counts.
    pub fn set<B: Backend, T: Tasks>(&self, driver: &Arc<Driver<B, T>>, settings: Settings) {
        let home = Home { driver: Arc::downgrade(driver), settings };
        // A second one would be the same home.
        let _ = self.0.set(Box::new(home));
    }

    /// Answers a task's request to Step Functions. Nothing if it is one to another service, or there is no API.
    pub async fn answer(&self, request: &Request, call: &TaskCall<'_>) -> Option<Response> {
        if request.destination.endpoint_variable_suffix
            != Service::StepFunctions.endpoint_variable_suffix()
        {
            return None;
        }
        let api = self.0.get()?;
        let is_target = |(name, _): &&(Cow<'static, str>, String)| name == "x-amz-target";
        let target = request.headers.iter().find(is_target).map(|(_, value)| value.as_str())?;
        let parent = is_job(call).then(|| parent(call));
        let body = match &parent {
            Some(_) => named(&request.body, call),
            None => request.body.clone(),
        };
        let depth = call.depth.saturating_add(1);
        // What a task makes, it makes beside its own state machine.
        let place = Place::of(call.machine.as_str());
        let caller = Caller { trace_header: None, parent, depth, place };
        let (answer, now) = api.handle(target, &body, caller).await?;
        Some(response(answer, now))
    }
}

/// Whether an answer says that the thing it was asked about is none of this home's: it may be one of another.
#[must_use]
pub fn is_elsewhere(response: &Response) -> bool {
    let error = serde_json::from_slice::<Value>(&response.body).unwrap_or_default();
    let code = error.get("__type").and_then(Value::as_str).unwrap_or_default();
    let codes = [ErrorCode::StateMachineDoesNotExist, ErrorCode::ExecutionDoesNotExist];
    response.status >= 400 && codes.iter().any(|known| code.ends_with(known.as_str()))
}

fn is_job(call: &TaskCall<'_>) -> bool {
    matches!(call.resource, Resource::Service(service) if service.pattern.is_job())
}

fn parent(call: &TaskCall<'_>) -> Parent {
    let (execution, scope) = (call.execution.clone(), call.scope.clone());
    Parent::Job { execution, scope, sequence: call.sequence }
}

/// The request with a name where the definition gives none: the attempt's own, so that a repeat is the same start.
fn named(body: &[u8], call: &TaskCall<'_>) -> Vec<u8> {
    let Ok(Value::Object(mut members)) = serde_json::from_slice::<Value>(body) else {
        return body.to_vec();
    };
    let is_start = members.contains_key("stateMachineArn");
    if is_start && !members.contains_key("name") {
        members.insert("name".to_owned(), attempt_name(call).into());
    }
    serde_json::to_vec::<Map<String, Value>>(&members).unwrap_or_else(|_| body.to_vec())
}

fn attempt_name(call: &TaskCall<'_>) -> String {
    attempt_id(&format!("{} {} {}", call.execution, call.scope, call.sequence))
}

/// The id of what a task runs as its job: the attempt's own.
pub(crate) fn job_id(parent: &Parent) -> Option<String> {
    match parent {
        Parent::Job { execution, scope, sequence } => {
            Some(attempt_id(&format!("{execution} {scope} {sequence}")))
        }
        Parent::MapRun(_) => None,
    }
}

fn attempt_id(attempt: &str) -> String {
    let mut bits = [0; 16];
    for (bit, byte) in bits.iter_mut().zip(Sha256::digest(attempt.as_bytes())) {
        *bit = byte;
    }
    uuid::Builder::from_random_bytes(bits).into_uuid().to_string()
}

/// The answer as HTTP would have brought it.
fn response(answer: Answer, now: Timestamp) -> Response {
    let length = answer.body.len().to_string();
    let date = rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&now);
    let headers = [
        ("connection", "keep-alive".to_owned()),
        ("content-length", length),
        ("content-type", Answer::CONTENT_TYPE.to_owned()),
        ("date", date.unwrap_or_default()),
        ("x-amzn-requestid", answer.request_id),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value)).to_vec();
    Response { status: answer.status, headers, body: answer.body }
}
