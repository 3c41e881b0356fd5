//! The world outside an execution: closures that answer its calls.

use crate::{Answer, Call};
use baton_asl::{Pattern, Resource};
use baton_driver::{CallAnswer, TaskCall, Tasks};
use baton_engine::{Failure, FailureKind, Payload};
use baton_integrations::lambda::Invocation;
use baton_integrations::{Origin, Task, lambda};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

type Answers = BTreeMap<String, Arc<dyn Fn(&Call<'_>) -> Answer + Send + Sync>>;

/// What answers, by name.
#[derive(Clone, Default)]
pub(crate) struct Outside {
    pub(crate) functions: Answers,
    pub(crate) states: Answers,
    pub(crate) callbacks: Answers,
}

/// A task token that was handed out, with what becomes of it.
#[derive(Debug)]
pub(crate) struct Callback {
    pub(crate) token: String,
    pub(crate) answer: Answer,
}

/// Makes one execution's calls.
pub(crate) struct Calls {
    outside: Arc<Outside>,
    callbacks: Mutex<Vec<Callback>>,
}

impl Calls {
    pub(crate) fn new(outside: Arc<Outside>) -> Self {
        Calls { outside, callbacks: Mutex::default() }
    }

    /// The tokens that were handed out since this was asked last.
    pub(crate) fn take_callbacks(&self) -> Vec<Callback> {
        std::mem::take(&mut self.callbacks.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn answer(&self, call: &TaskCall<'_>) -> Result<Payload, Failure> {
        let result = self.result(call).await?;
        self.note_callback(call);
        Ok(result)
    }

    async fn result(&self, call: &TaskCall<'_>) -> Result<Payload, Failure> {
        let asked = asked(call, call.arguments.value());
        if let Some(answer) = self.outside.states.get(asked.state) {
            return wait(answer(&asked)).await.map(Payload::new).map_err(failure);
        }
        let origin = Origin {
            execution_arn: call.execution.as_str(),
            machine_arn: call.machine.as_str(),
            attempt: 0,
        };
        let task = Task::new(call.resource, call.arguments, &origin)?;
        match task.invocation() {
            Some(invocation) => self.invoke(call, &task, invocation).await,
            None if is_callback(call) && self.outside.callbacks.contains_key(asked.state) => {
                Ok(Payload::new(Value::Null))
            }
            None => Err(nobody(&format!("the state `{}`", asked.state), "state")),
        }
    }

    /// Has a function answer, and reads its answer as Lambda would give it.
    async fn invoke(
        &self,
        call: &TaskCall<'_>,
        task: &Task,
        invocation: &Invocation,
    ) -> Result<Payload, Failure> {
        let name = invocation.function().name();
        let Some(function) = self.outside.functions.get(name) else {
            return Err(nobody(&format!("the function `{name}`"), "function"));
        };
        let payload: Value = serde_json::from_str(invocation.payload()).unwrap_or_default();
        let answer = function(&asked(call, &payload));
        let request_id = "00000000-0000-4000-8000-000000000000";
        if invocation.is_event() {
            return task.result(&lambda::accepted(request_id));
        }
        let (body, is_failure) = match wait(answer).await {
            Ok(result) => (result, false),
            Err((error, cause)) => (json!({ "errorMessage": cause, "errorType": error }), true),
        };
        task.result(&lambda::reply(body.to_string().into_bytes(), is_failure, request_id))
    }

    fn note_callback(&self, call: &TaskCall<'_>) {
        let asked = asked(call, call.arguments.value());
        if let (Some(token), Some(answer)) = (call.token, self.outside.callbacks.get(asked.state))
            && is_callback(call)
        {
            let callback = Callback { token: token.to_owned(), answer: answer(&asked) };
            self.callbacks.lock().unwrap_or_else(PoisonError::into_inner).push(callback);
        }
    }
}

impl Tasks for Calls {
    async fn call(&self, call: &TaskCall<'_>) -> CallAnswer {
        match self.answer(call).await {
            Ok(result) => CallAnswer::Succeeded(result),
            Err(failure) => CallAnswer::Failed(failure),
        }
    }
}

fn asked<'a>(call: &TaskCall<'a>, arguments: &'a Value) -> Call<'a> {
    Call { state: call.state.as_str(), attempt: call.attempt, arguments, token: call.token }
}

/// Lets an answer's time pass.
async fn wait(answer: Answer) -> Result<Value, (String, String)> {
    match answer.after {
        None => std::future::pending().await,
        Some(time) if time.is_zero() => {}
        Some(time) => pass(time).await,
    }
    answer.result
}

/// Lets virtual time pass.
#[expect(clippy::disallowed_methods, reason = "the clock is paused: this waits in virtual time")]
pub(crate) async fn pass(time: std::time::Duration) {
    tokio::time::sleep(time).await;
}

fn failure((error, cause): (String, String)) -> Failure {
    Failure::new(&error, &cause)
}

/// The failure of a task that the test says nothing about: no handler sees it.
fn nobody(what: &str, method: &str) -> Failure {
    let cause = format!("The test does not answer {what}: see `Workflow::{method}`.");
    Failure { kind: FailureKind::Terminal, ..Failure::new("Baton.NoAnswer", &cause) }
}

fn is_callback(call: &TaskCall<'_>) -> bool {
    match call.resource {
        Resource::Service(service) => service.pattern == Pattern::WaitForCallback,
        Resource::Lambda { .. } | Resource::Activity { .. } => false,
    }
}
