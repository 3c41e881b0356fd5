//! Tasks that answer by script.

use crate::{CallAnswer, TaskCall, Tasks};
use baton_engine::{Failure, Payload};
use baton_store::BoxError;
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

/// Answers each state's calls in the order they were scripted, and with the arguments when nothing is left.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scripted(Arc<Mutex<Script>>);

#[derive(Debug, Default)]
struct Script {
    answers: BTreeMap<String, VecDeque<Option<CallAnswer>>>,
    calls: Vec<Seen>,
    unready: u32,
    crashes: bool,
    crashes_early: bool,
}

/// A call that was made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Seen {
    pub(crate) scope: String,
    pub(crate) sequence: u32,
    pub(crate) state: String,
    pub(crate) attempt: u32,
    pub(crate) token: Option<String>,
}

pub(crate) fn answer(value: Value) -> CallAnswer {
    CallAnswer::Succeeded(Payload::new(value))
}

pub(crate) fn failure(error: &str) -> CallAnswer {
    CallAnswer::Failed(Failure::new(error, "scripted"))
}

impl Scripted {
    /// The next answer of a state that has no answer before it.
    pub(crate) fn script(&self, state: &str, answer: CallAnswer) {
        self.with(|script| script.answers.entry(state.into()).or_default().push_back(Some(answer)));
    }

    /// The next call of a state is never answered.
    pub(crate) fn hang(&self, state: &str) {
        self.with(|script| script.answers.entry(state.into()).or_default().push_back(None));
    }

    /// The next so many calls cannot be prepared.
    pub(crate) fn unready(&self, times: u32) {
        self.with(|script| script.unready = times);
    }

    /// Every call crashes.
    pub(crate) fn crash(&self) {
        self.with(|script| script.crashes = true);
    }

    /// Every preparation of a call crashes.
    pub(crate) fn crash_early(&self) {
        self.with(|script| script.crashes_early = true);
    }

    /// What was called so far.
    pub(crate) fn calls(&self) -> Vec<Seen> {
        self.with(|script| script.calls.clone())
    }

    fn with<R>(&self, work: impl FnOnce(&mut Script) -> R) -> R {
        work(&mut self.0.lock().unwrap())
    }
}

impl Tasks for Scripted {
    async fn prepare(&self, _call: &TaskCall<'_>) -> Result<(), BoxError> {
        assert!(!self.with(|script| script.crashes_early), "scripted to crash");
        self.with(|script| match script.unready.checked_sub(1) {
            Some(left) => {
                script.unready = left;
                Err("no credentials yet".into())
            }
            None => Ok(()),
        })
    }

    async fn call(&self, call: &TaskCall<'_>) -> CallAnswer {
        assert!(!self.with(|script| script.crashes), "scripted to crash");
        let seen = Seen {
            scope: call.scope.to_string(),
            sequence: call.sequence.0,
            state: call.state.as_str().to_owned(),
            attempt: call.attempt,
            token: call.token.map(str::to_owned),
        };
        let answer = self.with(|script| {
            let answer = script.answers.get_mut(&seen.state).and_then(VecDeque::pop_front);
            script.calls.push(seen);
            answer
        });
        match answer {
            Some(Some(answer)) => answer,
            Some(None) => std::future::pending().await,
            None => CallAnswer::Succeeded(call.arguments.clone()),
        }
    }
}
