//! A check-up of the stack: `{"doctor": {"repair": false, "from": null}}` invokes the api function with it.
//!
//! The answer says which running executions stand still and, with `repair`, sends their cues again. It covers as much as fits
//! into one invocation; `next` is handed back as `from` for the rest.

use crate::Function;
use baton_driver::doctor::{Checked, Examination};
use baton_store::StoreError;
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

/// How many executions an answer names at most: more would not fit into it.
const NAMED_MAX: usize = 1_000;

/// What is asked for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CheckUp {
    #[serde(default)]
    repair: bool,
    from: Option<String>,
}

impl Function {
    pub(crate) async fn check_up(&self, asked: &CheckUp) -> Result<Value, StoreError> {
        let mut all = Checked { next: asked.from.clone(), ..Checked::default() };
        loop {
            let part = self.driver.check_up(all.next.as_deref(), asked.repair).await?;
            all.running = all.running.saturating_add(part.running);
            all.cues_sent = all.cues_sent.saturating_add(part.cues_sent);
            all.stuck.extend(part.stuck);
            all.unreadable.extend(part.unreadable);
            all.next = part.next;
            let is_full = all.stuck.len().saturating_add(all.unreadable.len()) >= NAMED_MAX;
            if all.next.is_none() || is_full || self.deadline.left(&self.aws) == Duration::ZERO {
                return Ok(self.answer_of(&all));
            }
        }
    }

    fn answer_of(&self, all: &Checked) -> Value {
        let unreadable = all
            .unreadable
            .iter()
            .map(|(arn, why)| json!({"execution": arn.as_str(), "error": why}));
        json!({
            "running": all.running,
            "stuck": all.stuck.iter().map(stuck).collect::<Vec<_>>(),
            "unreadable": unreadable.collect::<Vec<_>>(),
            "cuesSent": all.cues_sent,
            "next": all.next,
            "examined": self.configuration.examined.as_deref().and_then(|text| serde_json::from_str::<Value>(text).ok()),
        })
    }
}

fn stuck(examined: &Examination) -> Value {
    let waits = examined.waits.iter().map(|wait| {
        json!({
            "scope": wait.scope.to_string(),
            "state": wait.state,
            "waitsFor": wait.reason.as_str(),
            "due": wait.due.map(|due| due.to_string()),
        })
    });
    json!({
        "execution": examined.execution.as_str(),
        "lateSince": examined.late_since.map(|since| since.to_string()),
        "waits": waits.take(100).collect::<Vec<_>>(),
    })
}
