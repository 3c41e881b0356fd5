//! The calls that a process makes, in bad weather.

use crate::backend::{mortal, turn};
use crate::fate::Fate;
use crate::outside::{Asked, Heard, Plan};
use crate::recorded::{self, Outside};
use crate::shared::{Does, Run, Shared};
use baton_driver::{CallAnswer, TaskCall, Tasks, WORKER_LOST};
use baton_engine::Failure;
use baton_store::memory::Memory;
use baton_store::{BoxError, Journal, KeyId, TokenKeys};
use std::sync::Arc;

/// Makes a process's calls.
#[derive(Debug, Clone)]
pub struct Calls {
    pub run: Run,
    pub memory: Arc<Memory>,
    /// Answers by itself, and is written down; else the run's plans are followed.
    pub live: Option<Arc<Outside>>,
}

/// How long after its call began an attempt is answered that is to be answered in fair weather.
const SOON_MILLIS: i64 = 10;
/// How often a client shows that it is alive, and how often at most.
const HEARTBEAT_MILLIS: i64 = 2_000;
const HEARTBEATS_MAX: u32 = 30;

impl Tasks for Calls {
    async fn prepare(&self, _call: &TaskCall<'_>) -> Result<(), BoxError> {
        turn(&self.run, 0).await;
        let mut shared = self.run.lock();
        let rate = shared.weather.throttle;
        if shared.dice.strikes("not ready to call", rate) {
            return Err("bad weather".into());
        }
        Ok(())
    }

    async fn call(&self, call: &TaskCall<'_>) -> CallAnswer {
        let asked = asked(call);
        let kept = self.memory.load(call.execution, call.scope, call.sequence).await;
        let kept = kept.ok().flatten().and_then(|loaded| loaded.record);
        {
            let mut shared = self.run.lock();
            shared.say(format_args!("call {}:{} {}", call.scope, call.sequence, asked.state));
            shared.witness.called(&asked.attempt, kept.as_ref());
        }
        match &self.live {
            Some(live) => self.listen(live, call, asked).await,
            None => self.follow_plan(call, &asked).await,
        }
    }
}

impl Calls {
    async fn follow_plan(&self, call: &TaskCall<'_>, asked: &Asked) -> CallAnswer {
        mortal(&self.run, "before a call").await;
        let plan = {
            let mut shared = self.run.lock();
            let plan = shared.answers.plan(asked);
            let plan = fated(&shared, asked, plan);
            if let Some(token) = call.token {
                send_clients(&mut shared, token, &plan);
            }
            plan
        };
        let limit = i64::try_from(call.time_limit.as_millis()).unwrap_or(i64::MAX);
        match plan.answer {
            Some(answer) if plan.takes_millis < limit => {
                turn(&self.run, plan.takes_millis).await;
                mortal(&self.run, "after a call").await;
                answer
            }
            _ => loop {
                turn(&self.run, limit).await;
            },
        }
    }

    /// Lets the outside answer, and writes down what it said.
    async fn listen(&self, live: &Outside, call: &TaskCall<'_>, asked: Asked) -> CallAnswer {
        let began = self.run.lock().now_millis;
        let silent = Plan { takes_millis: 0, answer: None, callback: None };
        self.run.lock().heard.push(Heard { asked: asked.clone(), plan: silent });
        let answer = live.call(call).await;
        let mut shared = self.run.lock();
        let takes_millis = shared.now_millis - began;
        let callbacks = live.take_callbacks().into_iter();
        let callback = callbacks
            .filter(|other| Some(other.token.as_str()) == call.token)
            .find_map(recorded::callback);
        let plan = Plan {
            takes_millis,
            answer: Some(answer.clone()),
            callback: callback.map(|callback| (takes_millis + SOON_MILLIS, callback)),
        };
        if let Some(token) = call.token {
            let from_here = plan.callback.clone().map(|(_, callback)| (SOON_MILLIS, callback));
            send_clients(&mut shared, token, &Plan { callback: from_here, ..plan.clone() });
        }
        if let Some(heard) = shared.heard.iter_mut().rev().find(|heard| heard.asked == asked) {
            heard.plan = plan;
        }
        answer
    }
}

fn asked(call: &TaskCall<'_>) -> Asked {
    Asked {
        attempt: (call.scope.clone(), call.sequence),
        state: call.state.as_str().to_owned(),
        retry_count: call.attempt,
        // A token differs from run to run.
        arguments: crate::picture::normal(call.arguments.text()),
        has_token: call.token.is_some(),
    }
}

/// The plan, changed to what this attempt's end is to be.
fn fated(shared: &Shared, asked: &Asked, plan: Plan) -> Plan {
    let Some(fates) = &shared.fates else { return plan };
    let after = |millis| plan.callback.clone().map(|(_, callback)| (millis, callback));
    match fates.attempts.get(&asked.attempt) {
        None => plan,
        Some(Fate::Answered) => {
            Plan { takes_millis: 0, callback: after(SOON_MILLIS), answer: plan.answer }
        }
        Some(Fate::AnsweredEarly) => {
            Plan { takes_millis: 50 * SOON_MILLIS, callback: after(0), answer: plan.answer }
        }
        Some(Fate::Lost) => {
            let failure = Failure::new(WORKER_LOST, "The worker was lost.");
            Plan { takes_millis: 0, answer: Some(CallAnswer::Failed(failure)), callback: None }
        }
        Some(Fate::TimedOut) => Plan { takes_millis: 0, answer: None, callback: None },
        Some(Fate::TimedOutAccepted) => {
            Plan { takes_millis: 0, answer: plan.answer, callback: None }
        }
    }
}

fn send_clients(shared: &mut Shared, token: &str, plan: &Plan) {
    let Some((after, callback)) = plan.callback.clone() else { return };
    let Ok(claims) = keys().verify(token) else { return };
    let now = shared.now_millis;
    let token = token.to_owned();
    let left = u32::try_from(after / HEARTBEAT_MILLIS).unwrap_or(0).min(HEARTBEATS_MAX);
    if left > 0 {
        let every_millis = HEARTBEAT_MILLIS;
        let token = token.clone();
        shared.client(now + every_millis, Does::Heartbeat { token, every_millis, left });
    }
    shared.client(now + after, Does::Answer { claims, token, callback });
}

pub fn keys() -> TokenKeys {
    TokenKeys::new(KeyId(1), &[7; 32])
}
