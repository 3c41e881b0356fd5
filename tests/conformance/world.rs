//! One case's world: the API over the driver over a backend in memory, in virtual time.
//!
//! Cues are taken one after another; calls run beside them. When nothing is ready, the clock moves on to whatever comes
//! next: a call's answer or a timer. A month of waiting takes no time.

use crate::outside::{Callback, Outside, text};
use baton_api::{Api, Settings as ApiSettings};
use baton_driver::{Driver, Settings};
use baton_engine::{ErrorDetail, Payload};
use baton_store::memory::Memory;
use baton_store::{ExecutionArn, LogQuery, Logs, Outgoing};
use baton_store::{KeyId, TokenKeys};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

type TestDriver = Driver<Memory, Outside>;

pub struct World {
    backend: Arc<Memory>,
    driver: Arc<TestDriver>,
    api: Api<Memory, Outside>,
    started: Timestamp,
    epoch: Instant,
    calls: JoinSet<()>,
}

/// Virtual time after which a case counts as standing still.
const HORIZON: Duration = Duration::from_secs(400 * 24 * 3_600);

impl World {
    pub fn new(outside: Outside) -> Self {
        let started: Timestamp = "2026-01-01T00:00:00.123Z".parse().expect("a timestamp");
        let backend = Arc::new(Memory::new(started, 7));
        let keys = Arc::new(TokenKeys::new(KeyId(1), &[7; 32]));
        let driver =
            Arc::new(Driver::new(backend.clone(), outside, keys, Settings::new("conformance")));
        let settings = ApiSettings { account: "111111111111".into(), ..ApiSettings::default() };
        driver.tasks().own.set(&driver, settings.clone());
        let api = Api::new(driver.clone(), settings);
        World { backend, driver, api, started, epoch: Instant::now(), calls: JoinSet::new() }
    }

    /// One call of the API: the answer, or its error with `code` and `message`.
    pub async fn request(&self, operation: &str, params: &Value) -> Result<Value, Value> {
        let body = params.to_string();
        let answer =
            self.api.handle(&format!("AWSStepFunctions.{operation}"), body.as_bytes()).await;
        let value: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        if answer.status == 200 {
            Ok(value)
        } else {
            let code = value["__type"].as_str().unwrap_or_default();
            let code = code.rsplit('#').next().unwrap_or_default().to_owned();
            let message = value.get("message").cloned().unwrap_or(Value::Null);
            Err(json!({ "code": code, "message": message, "http_status": answer.status }))
        }
    }

    pub fn outside(&self) -> &Outside {
        self.driver.tasks()
    }

    /// Lets everything happen until `is_done`, or until nothing is left to happen.
    pub async fn run_until(&mut self, mut is_done: impl AsyncFnMut(&World) -> bool) {
        loop {
            self.settle().await;
            if is_done(self).await || !self.wait().await {
                return;
            }
        }
    }

    /// Lets everything happen that happens within this time.
    pub async fn run_for(&mut self, time: Duration) {
        let until = Instant::now() + time;
        loop {
            self.settle().await;
            let due = self.backend.next_due().map(|due| {
                let ahead = due.duration_since(self.started);
                self.epoch + Duration::try_from(ahead).unwrap_or_default()
            });
            if Instant::now() >= until {
                return;
            }
            tokio::select! {
                Some(_) = self.calls.join_next() => {}
                () = tokio::time::sleep_until(due.unwrap_or(until).min(until)) => {}
            }
        }
    }

    /// Takes every cue that is due.
    async fn settle(&mut self) {
        loop {
            self.set_clock();
            self.answer_callbacks().await;
            let Some(outgoing) = self.backend.take_cue() else { return };
            if outgoing.cue.signal.is_call() {
                let driver = self.driver.clone();
                self.calls.spawn(async move { take(&driver, outgoing).await });
                // A call that answers at once does so before anything else happens.
                for _ in 0..8 {
                    tokio::task::yield_now().await;
                }
            } else {
                take(&self.driver, outgoing).await;
            }
        }
    }

    async fn answer_callbacks(&self) {
        for Callback { token, result } in self.outside().take_callbacks() {
            let answered = match result.get("failed") {
                Some(failed) if failed["event"] == "TaskTimedOut" => continue,
                Some(failed) => {
                    let part = |name: &str| text(&failed[name]).map(Into::into);
                    let detail = ErrorDetail { error: part("error"), cause: part("cause") };
                    self.driver.send_task_failure(&token, detail).await
                }
                None => {
                    let output = text(&result["output"]).unwrap_or_default();
                    let output = Payload::parse(&output).expect("a recorded output is JSON");
                    self.driver.send_task_success(&token, output).await
                }
            };
            answered.expect("the callback is awaited");
        }
    }

    /// Moves on to the next thing that happens. False if nothing will.
    async fn wait(&mut self) -> bool {
        let due = self.backend.next_due().map(|due| {
            let ahead = due.duration_since(self.started);
            self.epoch + Duration::try_from(ahead).unwrap_or_default()
        });
        if self.epoch.elapsed() > HORIZON || (due.is_none() && self.calls.is_empty()) {
            return false;
        }
        let horizon = self.epoch + HORIZON + Duration::from_secs(1);
        tokio::select! {
            Some(_) = self.calls.join_next() => {}
            () = tokio::time::sleep_until(due.unwrap_or(horizon).min(horizon)) => {}
        }
        true
    }

    fn set_clock(&self) {
        let elapsed = SignedDuration::try_from(self.epoch.elapsed()).expect("within the horizon");
        self.backend.set_now(self.started + elapsed);
    }

    /// How much time has gone by.
    pub fn elapsed(&self) -> Duration {
        self.epoch.elapsed()
    }

    /// From here on there is no log group.
    pub fn remove_log_groups(&self) {
        self.backend.set_log_groups([]);
    }

    /// What an execution has logged, in order.
    pub async fn logged(&self, execution: &str) -> Vec<Value> {
        let query = LogQuery {
            group: None,
            machine: None,
            from_millis: i64::MIN,
            before_millis: i64::MAX,
            items_max: u32::MAX,
        };
        let page = self.backend.logged(&query, 0).await.expect("memory does not fail");
        let lines = page.expect("memory keeps logs").items.into_iter();
        let events =
            lines.map(|line| serde_json::from_str(&line.line.text).expect("a line is JSON"));
        events.filter(|event: &Value| event["execution_arn"] == execution).collect()
    }

    /// An execution's status.
    pub async fn status(&self, execution: &str) -> String {
        let described =
            self.request("DescribeExecution", &json!({ "executionArn": execution })).await;
        let status = described.ok().and_then(|answer| answer["status"].as_str().map(str::to_owned));
        status.unwrap_or_default()
    }

    /// An execution's whole history, page by page.
    pub async fn history(&self, execution: &str) -> Result<Vec<Value>, String> {
        let mut events = Vec::new();
        let mut params = json!({ "executionArn": execution, "maxResults": 1000 });
        loop {
            let page = self.request("GetExecutionHistory", &params).await;
            let page = page.map_err(|error| format!("GetExecutionHistory: {error}"))?;
            events.extend(page["events"].as_array().into_iter().flatten().cloned());
            match page.get("nextToken") {
                Some(token) => params["nextToken"] = token.clone(),
                None => return Ok(events),
            }
        }
    }
}

async fn take(driver: &TestDriver, outgoing: Outgoing) {
    let Outgoing { execution, cue, .. } = outgoing;
    if let Err(error) = driver.take(&execution, &cue).await {
        let execution: ExecutionArn = execution;
        panic!("cue {cue:?} of {execution}: {error}");
    }
}
