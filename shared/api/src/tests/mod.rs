//! Requests and their answers, over the backend in memory.

mod activities;
mod executions;
mod express;
mod histories;
mod hostile;
#[cfg(feature = "http")]
mod http;
mod machines;
mod map_runs;
mod nested;
mod redrives;
mod tags;
mod test_state;
mod validation;
mod versions;

use crate::{Answer, Api, OwnApi, Settings};
use baton_driver::{CallAnswer, Driver, Job, TaskCall, Tasks};
use baton_integrations::Task;
use baton_store::memory::Memory;
use baton_store::{BoxError, KeyId, TokenKeys};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// An API with its own backend, clock and worker.
pub(crate) struct World {
    pub(crate) api: Arc<Api<Memory, Fake>>,
}

/// Accepts every call and keeps its arguments; functions answer their input.
#[derive(Debug, Default)]
pub(crate) struct Fake {
    tokens: Mutex<Vec<String>>,
    own: OwnApi,
    calls: AtomicUsize,
}

impl Tasks for Fake {
    async fn call(&self, call: &TaskCall<'_>) -> CallAnswer {
        self.calls.fetch_add(1, Ordering::Relaxed);
        if let Some(token) = call.token {
            self.tokens.lock().unwrap().push(token.to_owned());
        }
        let Ok(task) = Task::new(call.resource, call.arguments, &call.origin()) else {
            return CallAnswer::Succeeded(call.arguments.clone());
        };
        match self.own.answer(&task.request(), call).await {
            Some(response) => {
                task.result(&response).map_or_else(CallAnswer::Failed, CallAnswer::Succeeded)
            }
            None => CallAnswer::Succeeded(call.arguments.clone()),
        }
    }

    fn is_repeatable(&self, call: &TaskCall<'_>) -> bool {
        baton_integrations::is_repeatable(call.resource)
    }

    async fn job_end(&self, job: &Job<'_>) -> Result<Option<CallAnswer>, BoxError> {
        job.end_by(async |request| {
            let response = self.own.answer(&request, &job.call).await;
            response.map(|response| (response, true)).ok_or_else(|| BoxError::from("elsewhere"))
        })
        .await
    }

    async fn stop_job(&self, job: &Job<'_>) {
        let request = job.of_service().unwrap().stop().unwrap();
        self.own.answer(&request, &job.call).await.unwrap();
    }
}

impl World {
    pub(crate) fn new() -> Self {
        let now = Timestamp::from_millisecond(1_763_648_113_123).unwrap();
        let memory = Arc::new(Memory::new(now, 7));
        let keys = TokenKeys::new(KeyId(1), &[7; 32]);
        let settings = baton_driver::Settings::new("worker");
        let driver = Driver::new(memory, Fake::default(), Arc::new(keys), settings);
        let settings = Settings { account: "111111111111".into(), ..Settings::default() };
        let driver = Arc::new(driver);
        driver.tasks().own.set(&driver, settings.clone());
        World { api: Arc::new(Api::new(driver, settings)) }
    }

    pub(crate) async fn answer(&self, operation: &str, request: Value) -> Answer {
        let body = request.to_string();
        self.api.handle(&format!("AWSStepFunctions.{operation}"), body.as_bytes()).await
    }

    /// The answer's body.
    pub(crate) async fn call(&self, operation: &str, request: Value) -> Value {
        let answer = self.answer(operation, request).await;
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(answer.status == 200, body.get("__type").is_none(), "{body}");
        body
    }

    /// The refusal's code and message.
    pub(crate) async fn refusal(&self, operation: &str, request: Value) -> String {
        let body = self.call(operation, request).await;
        let code = body["__type"].as_str().unwrap_or_else(|| panic!("accepted: {body}"));
        format!("{code}: {}", body["message"].as_str().unwrap())
    }

    /// Takes all cues that are due.
    pub(crate) async fn drain(&self) {
        while let Some(next) = self.api.driver.backend().take_cue() {
            self.api.driver.take(&next.execution, &next.cue).await.unwrap();
        }
    }

    pub(crate) fn pass(&self, secs: i64) {
        self.api.driver.backend().advance(SignedDuration::from_secs(secs));
    }

    pub(crate) fn backend(&self) -> &Memory {
        self.api.driver.backend()
    }

    /// How many calls were made.
    pub(crate) fn calls(&self) -> usize {
        self.api.driver.tasks().calls.load(Ordering::Relaxed)
    }

    pub(crate) fn token(&self) -> String {
        self.api.driver.tasks().tokens.lock().unwrap().last().unwrap().clone()
    }

    /// Creates a state machine and gives its ARN.
    pub(crate) async fn create(&self, name: &str, definition: &Value) -> String {
        let request = json!({"name": name, "definition": definition.to_string(), "roleArn": ROLE});
        let created = self.call("CreateStateMachine", request).await;
        created["stateMachineArn"].as_str().unwrap_or_else(|| panic!("{created}")).to_owned()
    }

    /// Starts an execution and gives its ARN.
    pub(crate) async fn start(&self, machine: &str, name: &str) -> String {
        let request = json!({"stateMachineArn": machine, "name": name});
        let started = self.call("StartExecution", request).await;
        started["executionArn"].as_str().unwrap().to_owned()
    }
}

pub(crate) const ROLE: &str = "arn:aws:iam::111111111111:role/r";
pub(crate) const MACHINE: &str = "arn:aws:states:us-east-1:111111111111:stateMachine:m";

/// A definition of one state.
pub(crate) fn only(state: Value) -> Value {
    json!({"StartAt": "S", "States": {"S": state}})
}

pub(crate) fn pass() -> Value {
    only(json!({"Type": "Pass", "Result": {"a": 1}, "End": true}))
}

#[tokio::test]
async fn unknown_operations_and_bodies_are_refused() {
    let world = World::new();
    let long = format!("AWSStepFunctions.{}", "x".repeat(10_000));
    for (target, expected) in [
        ("", "UnknownOperationException"),
        ("AWSStepFunctions.", "UnknownOperationException"),
        ("AWSStepFunctions.Nope", "UnknownOperationException"),
        ("Other.ListStateMachines", "UnknownOperationException"),
        (&long, "UnknownOperationException"),
    ] {
        let answer = world.api.handle(target, b"{}").await;
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!((answer.status, &body["__type"]), (400, &json!(expected)), "{target}");
        assert!(answer.body.len() < 300);
    }
    let target = "AWSStepFunctions.ListStateMachines";
    for (body, status) in
        [(&b""[..], 200), (b" ", 200), (b"{", 400), (b"null", 400), (b"\xff", 400)]
    {
        assert_eq!(world.api.handle(target, body).await.status, status, "{body:?}");
    }
    let large = vec![b' '; crate::limits::REQUEST_BYTES_MAX + 1];
    assert_eq!(world.api.handle(target, &large).await.status, 413);
}

#[tokio::test]
async fn rate_quotas_hold_where_they_are_asked_for() {
    let world = World::new();
    let settings = Settings { has_rate_quotas: true, ..world.api.settings.clone() };
    let api = Api::new(Arc::clone(&world.api.driver), settings);
    let ask = async |signature: Option<&str>| {
        let target = "AWSStepFunctions.ListStateMachines";
        let answer = api.handle_signed(target, b"{}", None, signature).await;
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        (answer.status, body["__type"].as_str().map(str::to_owned))
    };
    for _ in 0..100 {
        assert_eq!(ask(None).await.0, 200);
    }
    assert_eq!(ask(None).await, (400, Some("ThrottlingException".to_owned())));
    let elsewhere =
        "AWS4-HMAC-SHA256 Credential=222222222222/20260101/eu-west-1/states/aws4_request";
    assert_eq!(ask(Some(elsewhere)).await.0, 200);
    world.pass(1);
    for _ in 0..5 {
        assert_eq!(ask(None).await.0, 200);
    }
    assert_eq!(ask(None).await.0, 400);
    assert_eq!(world.call("ListStateMachines", json!({})).await.get("__type"), None);
}

#[tokio::test]
async fn each_answer_has_an_id_of_its_own() {
    let world = World::new();
    let first = world.answer("ListStateMachines", json!({})).await;
    let second = world.answer("ListStateMachines", json!({})).await;
    assert_ne!(first.request_id, second.request_id);
    let [id, content_type] = first.headers();
    assert_eq!(id, ("x-amzn-RequestId", first.request_id.as_str()));
    assert_eq!(content_type, ("content-type", "application/x-amz-json-1.0"));
}
