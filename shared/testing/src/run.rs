//! One execution, from its start to its end, in virtual time.

use crate::limits::{CUES_MAX, HORIZON};
use crate::outside::{Callback, Calls, pass};
use crate::{Answer, Workflow};
use baton_api::{Api, Settings as ApiSettings};
use baton_driver::{Driver, Settings};
use baton_engine::{ErrorDetail, Payload};
use baton_store::memory::Memory;
use baton_store::{KeyId, TokenKeys};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

type TestDriver = Driver<Memory, Calls>;

/// How an execution ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Ended {
    /// `SUCCEEDED`, `FAILED` or `TIMED_OUT`.
    pub status: String,
    /// The output, of one that succeeded.
    pub output: Option<Value>,
    /// The error, of one that failed.
    pub error: Option<String>,
    /// Its cause.
    pub cause: Option<String>,
    /// When it started.
    pub started: Timestamp,
    /// When it ended.
    pub stopped: Timestamp,
    /// Its events, as GetExecutionHistory answers them.
    pub history: Vec<Value>,
}

impl Ended {
    /// How long it took, in its own time.
    #[must_use]
    pub fn lasted(&self) -> Duration {
        Duration::try_from(self.stopped.duration_since(self.started)).unwrap_or_default()
    }

    /// The names of the states that were entered, in order.
    #[must_use]
    pub fn states(&self) -> Vec<&str> {
        let name = |event| Value::pointer(event, "/stateEnteredEventDetails/name")?.as_str();
        self.history.iter().filter_map(name).collect()
    }
}

/// An execution that did not end.
#[derive(Debug, thiserror::Error)]
pub enum Unfinished {
    /// It could not be started.
    #[error("the API refused it: {0}")]
    Refused(String),
    /// It waits for something that will not come, such as a callback that the test does not answer.
    #[error("nothing is left to happen; the states entered last: {0}")]
    StandsStill(String),
    /// It went on for more than [`DAYS_MAX`](crate::limits::DAYS_MAX) days or [`CUES_MAX`] cues.
    #[error("it has not ended in the time or the cues that a test allows")]
    TooLong,
    /// The driver failed.
    #[error("Baton failed: {0}")]
    Broken(String),
}

pub(crate) fn run(workflow: &Workflow, input: &Value) -> Result<Ended, Unfinished> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.map_err(|error| Unfinished::Broken(error.to_string()))?;
    runtime.block_on(async { World::new(workflow).run(workflow, input).await })
}

struct World {
    clock: VirtualClock,
    driver: Arc<TestDriver>,
    api: Api<Memory, Calls>,
    calls: JoinSet<Result<(), String>>,
    cues: u32,
}

impl World {
    fn new(workflow: &Workflow) -> Self {
        let backend = Arc::new(Memory::new(workflow.started, workflow.seed));
        let keys = Arc::new(TokenKeys::new(KeyId(1), &[1; 32]));
        let calls = Calls::new(Arc::clone(&workflow.outside));
        let driver =
            Arc::new(Driver::new(Arc::clone(&backend), calls, keys, Settings::new("test")));
        let api = Api::new(Arc::clone(&driver), ApiSettings::default());
        let clock = VirtualClock { backend, started: workflow.started, epoch: Instant::now() };
        World { clock, driver, api, calls: JoinSet::new(), cues: 0 }
    }

    async fn run(mut self, workflow: &Workflow, input: &Value) -> Result<Ended, Unfinished> {
        let arn = self.start(&workflow.definition, input).await?;
        loop {
            self.settle().await?;
            let description =
                self.request("DescribeExecution", &json!({ "executionArn": arn })).await?;
            if text(&description, "status").as_deref() != Some("RUNNING") {
                return self.end(&arn, &description).await;
            }
            if self.clock.elapsed() > HORIZON || self.cues > CUES_MAX {
                return Err(Unfinished::TooLong);
            }
            if !self.wait().await? {
                let history = self.history(&arn).await?;
                return Err(Unfinished::StandsStill(last_states(&history)));
            }
        }
    }

    async fn start(&self, definition: &str, input: &Value) -> Result<String, Unfinished> {
        let machine = json!({
            "name": "test", "definition": definition, "roleArn": "arn:aws:iam::123456789012:role/test",
        });
        let machine = self.request("CreateStateMachine", &machine).await?;
        let execution = json!({
            "stateMachineArn": text(&machine, "stateMachineArn"), "name": "test", "input": input.to_string(),
        });
        let started = self.request("StartExecution", &execution).await?;
        Ok(text(&started, "executionArn").unwrap_or_default())
    }

    /// Takes every cue that is due; calls run beside them.
    async fn settle(&mut self) -> Result<(), Unfinished> {
        loop {
            self.clock.set();
            for callback in self.driver.tasks().take_callbacks() {
                let answer = call_back(Arc::clone(&self.driver), callback);
                self.calls.spawn(self.clock.clone().keep(answer));
            }
            let Some(outgoing) = self.clock.backend.take_cue().filter(|_| self.cues <= CUES_MAX)
            else {
                return Ok(());
            };
            self.cues = self.cues.saturating_add(1);
            let (driver, is_call) = (Arc::clone(&self.driver), outgoing.cue.signal.is_call());
            let take = async move {
                let taken = driver.take(&outgoing.execution, &outgoing.cue).await;
                taken.map(drop).map_err(|error| error.to_string())
            };
            if is_call {
                self.calls.spawn(self.clock.clone().keep(take));
                // One that answers at once does so before anything else happens.
                for _ in 0..8 {
                    tokio::task::yield_now().await;
                }
            } else {
                take.await.map_err(Unfinished::Broken)?;
            }
        }
    }

    /// Moves on to the next thing that happens. False if nothing will.
    async fn wait(&mut self) -> Result<bool, Unfinished> {
        let due = self.clock.backend.next_due().map(|due| {
            let ahead =
                Duration::try_from(due.duration_since(self.clock.started)).unwrap_or_default();
            ahead.min(HORIZON + Duration::from_secs(1)).saturating_sub(self.clock.elapsed())
        });
        match (due, self.calls.is_empty()) {
            (None, true) => return Ok(false),
            (Some(due), true) => pass(due).await,
            (due, false) => {
                let due = due.unwrap_or(HORIZON + Duration::from_secs(1));
                tokio::select! {
                    Some(ended) = self.calls.join_next() => {
                        let ended = ended.unwrap_or_else(|error| Err(error.to_string()));
                        ended.map_err(Unfinished::Broken)?;
                    }
                    () = pass(due) => {}
                }
            }
        }
        Ok(true)
    }

    async fn end(&self, arn: &str, description: &Value) -> Result<Ended, Unfinished> {
        let text = |name: &str| text(description, name);
        let history = self.history(arn).await?;
        Ok(Ended {
            status: text("status").unwrap_or_default(),
            output: text("output").map(|text| serde_json::from_str(&text).unwrap_or_default()),
            error: text("error"),
            cause: text("cause"),
            started: time(description.get("startDate")),
            stopped: time(description.get("stopDate")),
            history,
        })
    }

    async fn history(&self, arn: &str) -> Result<Vec<Value>, Unfinished> {
        let mut events = Vec::new();
        let mut page = json!({ "executionArn": arn, "maxResults": 1_000 });
        loop {
            let answer = self.request("GetExecutionHistory", &page).await?;
            let found = answer.get("events").and_then(Value::as_array);
            events.extend(found.into_iter().flatten().cloned());
            let Some(next) = text(&answer, "nextToken") else { return Ok(events) };
            page = json!({ "executionArn": arn, "maxResults": 1_000, "nextToken": next });
        }
    }

    async fn request(&self, action: &str, body: &Value) -> Result<Value, Unfinished> {
        let target = format!("AWSStepFunctions.{action}");
        let answer = self.api.handle(&target, body.to_string().as_bytes()).await;
        let text = String::from_utf8_lossy(&answer.body);
        match answer.status {
            200 => {
                serde_json::from_str(&text).map_err(|error| Unfinished::Broken(error.to_string()))
            }
            _ => Err(Unfinished::Refused(text.into_owned())),
        }
    }
}

/// The backend's clock, which follows the runtime's.
#[derive(Clone)]
struct VirtualClock {
    backend: Arc<Memory>,
    started: Timestamp,
    epoch: Instant,
}

impl VirtualClock {
    fn elapsed(&self) -> Duration {
        self.epoch.elapsed()
    }

    fn set(&self) {
        let elapsed = SignedDuration::try_from(self.elapsed()).unwrap_or_default();
        self.backend.set_now(self.started.saturating_add(elapsed).unwrap_or(Timestamp::MAX));
    }

    /// Does something by this clock: it is set whenever that goes on.
    async fn keep<T>(self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        poll_fn(|context| {
            self.set();
            work.as_mut().poll(context)
        })
        .await
    }
}

/// Answers a task token when its time has come, with heartbeats until then.
async fn call_back(driver: Arc<TestDriver>, callback: Callback) -> Result<(), String> {
    let Callback { token, answer: Answer { result, after, beat } } = callback;
    let mut left = after.unwrap_or(HORIZON);
    if let Some(beat) = beat.filter(|beat| !beat.is_zero()) {
        while left > beat {
            pass(beat).await;
            left = left.saturating_sub(beat);
            if driver.send_task_heartbeat(&token).await.is_err() {
                // The task has ended: nobody waits for its answer.
                return Ok(());
            }
        }
    }
    pass(left).await;
    if after.is_some() {
        let answered = match result {
            Ok(output) => driver.send_task_success(&token, Payload::new(output)).await,
            Err((error, cause)) => {
                let detail = ErrorDetail { error: Some(error.into()), cause: Some(cause.into()) };
                driver.send_task_failure(&token, detail).await
            }
        };
        // One that comes too late is refused, as on AWS.
        drop(answered);
    }
    Ok(())
}

fn last_states(history: &[Value]) -> String {
    let name = |event| Value::pointer(event, "/stateEnteredEventDetails/name")?.as_str();
    let names: Vec<&str> = history.iter().rev().filter_map(name).take(3).collect();
    names.join(", ")
}

fn text(value: &Value, member: &str) -> Option<String> {
    value.get(member)?.as_str().map(str::to_owned)
}

fn time(seconds: Option<&Value>) -> Timestamp {
    let seconds = seconds.and_then(Value::as_f64).unwrap_or_default();
    #[expect(clippy::cast_possible_truncation, reason = "`as` saturates")]
    let millis = (seconds * 1_000.0).round() as i64;
    Timestamp::from_millisecond(millis).unwrap_or_default()
}
