//! A run's history in a form that the weather must not change: each scope's events in order, without times, numbers and
//! chance.

use crate::fate::Journals;
use baton_engine::{EventDetail, ForkId, Pending, ScopePath};
use baton_store::Status;
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// What is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    pub status: String,
    pub scopes: BTreeMap<ScopePath, Vec<String>>,
    /// Scopes under a fork that did not join: how far they got is the weather's.
    pub left: BTreeSet<ScopePath>,
}

impl Picture {
    pub fn of(status: &Status, journals: &Journals) -> Self {
        let status = match status {
            Status::Running => "RUNNING".to_owned(),
            Status::Succeeded { output, .. } => format!("SUCCEEDED {}", normal(output.text())),
            Status::Failed { detail, .. } => format!("FAILED {}", normal(&format!("{detail:?}"))),
            Status::Aborted { .. } => "ABORTED".to_owned(),
            Status::TimedOut { .. } => "TIMED_OUT".to_owned(),
        };
        let scopes =
            journals.keys().map(|scope| (scope.clone(), events(journals, scope))).collect();
        let left = journals.keys().filter(|scope| is_left(journals, scope)).cloned().collect();
        Picture { status, scopes, left }
    }

    /// Where this run differs from the one in fair weather; `is_cut` if this one was ended from outside.
    pub fn difference(&self, fair: &Picture, is_cut: bool) -> Option<String> {
        if !is_cut && self.status != fair.status {
            return Some(format!("ended {}\n  in fair weather {}", self.status, fair.status));
        }
        let scopes: BTreeSet<&ScopePath> = self.scopes.keys().chain(fair.scopes.keys()).collect();
        for scope in scopes {
            let of = |picture: &Picture| picture.scopes.get(scope).cloned().unwrap_or_default();
            let (mut stormy, mut fair_events) = (of(self), of(fair));
            if is_cut && scope.is_top() {
                stormy.pop();
            }
            let may_be_shorter = is_cut || self.left.contains(scope) || fair.left.contains(scope);
            if may_be_shorter {
                // A branch that was given up takes no more answers, but a call that is under way still notes its acceptance.
                let is_kept = |event: &String| !event.starts_with("TaskSubmitted");
                stormy.retain(is_kept);
                fair_events.retain(is_kept);
            }
            let is_alike = if may_be_shorter {
                stormy.iter().zip(&fair_events).all(|(one, other)| one == other)
            } else {
                stormy == fair_events
            };
            if !is_alike {
                let pairs = stormy.iter().zip(&fair_events);
                let same = pairs.take_while(|(one, other)| one == other).count();
                let at = |events: &[String]| {
                    events.get(same).cloned().unwrap_or_else(|| "nothing more".to_owned())
                };
                let (one, other) = (at(&stormy), at(&fair_events));
                return Some(format!(
                    "scope {scope}, event {same}: {one}\n  in fair weather {other}"
                ));
            }
        }
        None
    }
}

fn events(journals: &Journals, scope: &ScopePath) -> Vec<String> {
    let records = journals.get(scope).into_iter().flatten();
    let events = records.flat_map(|record| &record.events);
    let is_kept = |detail: &EventDetail| {
        !matches!(
            detail,
            // Which siblings had begun when a branch failed is the weather's.
            EventDetail::StateAborted { .. } | EventDetail::MapIterationAborted { .. }
        )
    };
    events
        .filter(|event| is_kept(&event.detail))
        .map(|event| normal(&format!("{:?}", event.detail)))
        .collect()
}

/// Whether a fork above this scope has not joined.
fn is_left(journals: &Journals, scope: &ScopePath) -> bool {
    scope.forks().any(|fork| !has_joined(journals, &fork))
}

fn has_joined(journals: &Journals, fork: &ForkId) -> bool {
    let journal = journals.get(&fork.scope).map(Vec::as_slice).unwrap_or_default();
    let index = fork.fork.0 as usize;
    let is_fork = journal.get(index).is_some_and(|it| matches!(it.pending, Pending::Fork(_)));
    is_fork
        && journal.get(index + 1).is_some_and(|next| {
            next.events.iter().any(|event| {
                matches!(
                    event.detail,
                    EventDetail::ParallelStateSucceeded | EventDetail::MapStateSucceeded
                )
            })
        })
}

/// What differs from run to run, and by what it is replaced.
static VOLATILE: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "<time>"),
        (r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", "<uuid>"),
        (r"[A-Za-z0-9_-]{100,}", "<token>"),
        (r"event id #\d+", "event id #"),
        (r"The worker (`[^`]*` began this attempt and stopped before it could record the answer\. The call may have been carried out|was lost)\.", "<lost>"),
        (r"The call was given up after \d+ seconds without an answer\.", "<lost>"),
    ]
    .map(|(pattern, word)| (Regex::new(pattern).expect("a pattern"), word))
    .into()
});

/// A text without what differs from run to run.
pub fn normal(text: &str) -> String {
    let mut text = text.to_owned();
    for (pattern, word) in VOLATILE.iter() {
        if let std::borrow::Cow::Owned(replaced) = pattern.replace_all(&text, *word) {
            text = replaced;
        }
    }
    text
}
