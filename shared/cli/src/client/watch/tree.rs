//! The tree of an execution's states, grown event by event.
//!
//! An event says what it follows (`previousEventId`), and so where it belongs: a state that follows the start of a Parallel or of a Map's
//! iteration lies under it, any other beside the state before it.

use super::super::show;
use crate::meter::Reading;
use crate::paint::plain;
use serde_json::Value;
use std::collections::BTreeMap;

/// How much of a name or a cause is kept.
const CHARS_MAX: usize = 120;

/// A node's place in the tree.
pub(super) type Index = usize;

/// How a node stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Running,
    Succeeded,
    Caught,
    Failed,
    Aborted,
}

/// A state, or an iteration of a Map.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) name: String,
    /// Its type as the events spell it: `Task`, `Map`; `iteration`.
    pub(super) kind: String,
    pub(super) standing: Standing,
    pub(super) entered: i64,
    pub(super) ended: Option<i64>,
    /// How often its work was begun.
    pub(super) attempts: u32,
    /// What went wrong last, or what it waits for.
    pub(super) note: Option<String>,
    /// The Map Run that it waits for, and how far that is.
    pub(super) map_run: Option<String>,
    pub(super) progress: Option<Reading>,
    pub(super) children: Vec<Index>,
    parent: Option<Index>,
    /// An iteration's index.
    index: Option<u64>,
}

/// The states that were seen.
#[derive(Debug, Default)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    roots: Vec<Index>,
    /// Which node each event is about.
    owners: BTreeMap<u64, Index>,
    /// Events after which states lie under the event's node, not beside it.
    openings: BTreeMap<u64, Index>,
    last: u64,
    started: Option<i64>,
    now: i64,
}

/// An event's number.
pub(super) fn id(event: &Value) -> u64 {
    event.get("id").and_then(Value::as_u64).unwrap_or_default()
}

impl Tree {
    /// The newest event that was taken; 0 before the first.
    pub(super) fn last(&self) -> u64 {
        self.last
    }

    /// The states that lie under no other.
    pub(super) fn roots(&self) -> &[Index] {
        &self.roots
    }

    pub(super) fn node(&self, index: Index) -> Option<&Node> {
        self.nodes.get(index)
    }

    /// The states that wait for a Map Run, each with its ARN.
    pub(super) fn map_runs(&self) -> Vec<(Index, String)> {
        let running = self.nodes.iter().enumerate();
        let running = running.filter(|(_, node)| node.standing == Standing::Running);
        running.filter_map(|(index, node)| Some((index, node.map_run.clone()?))).collect()
    }

    /// Notes how far a state's Map Run is.
    pub(super) fn set_progress(&mut self, index: Index, reading: Reading) {
        if let Some(node) = self.nodes.get_mut(index) {
            node.progress = Some(reading);
        }
    }

    /// When the execution started, and the time of the newest event.
    pub(super) fn times(&self) -> (i64, i64) {
        (self.started.unwrap_or(self.now), self.now)
    }

    /// Takes the next event.
    pub(super) fn take(&mut self, event: &Value) {
        let (number, kind) = (id(event), event.get("type").and_then(Value::as_str).unwrap_or(""));
        let time = event.get("timestamp").and_then(show::timestamp);
        self.now = time.map_or(self.now, jiff::Timestamp::as_millisecond);
        self.started.get_or_insert(self.now);
        self.last = self.last.max(number);
        let previous = event.get("previousEventId").and_then(Value::as_u64).unwrap_or_default();
        let details = details(event);
        let name = details.and_then(|details| details.get("name")).and_then(Value::as_str);
        if let Some(kind) = kind.strip_suffix("StateEntered") {
            self.enter(number, previous, kind, name.unwrap_or(""));
        } else if kind.ends_with("StateExited") {
            self.exit(number, previous, name.unwrap_or(""));
        } else if kind.starts_with("MapIteration") {
            let index = details.and_then(|details| details.get("index")).and_then(Value::as_u64);
            self.iteration(number, previous, kind, name.unwrap_or(""), index.unwrap_or_default());
        } else if kind.starts_with("Execution") {
            self.execution(kind);
        } else {
            self.inside(number, previous, kind, details);
        }
    }

    fn enter(&mut self, number: u64, previous: u64, kind: &str, name: &str) {
        let parent = match self.openings.get(&previous) {
            Some(opened) => Some(*opened),
            None => self.owners.get(&previous).and_then(|owner| self.nodes.get(*owner)?.parent),
        };
        self.add(
            number,
            Node {
                name: plain(name, CHARS_MAX),
                kind: kind.to_owned(),
                standing: Standing::Running,
                entered: self.now,
                ended: None,
                attempts: 0,
                note: None,
                map_run: None,
                progress: None,
                children: Vec::new(),
                parent,
                index: None,
            },
        );
    }

    fn add(&mut self, number: u64, node: Node) -> Index {
        let (index, parent) = (self.nodes.len(), node.parent);
        self.nodes.push(node);
        self.owners.insert(number, index);
        match parent.and_then(|parent| self.nodes.get_mut(parent)) {
            Some(parent) => parent.children.push(index),
            None => self.roots.push(index),
        }
        index
    }

    fn exit(&mut self, number: u64, previous: u64, name: &str) {
        let name = plain(name, CHARS_MAX);
        let found = self.around(previous, |node| node.name == name && node.index.is_none());
        if let Some(found) = found {
            self.owners.insert(number, found);
            let is_failed =
                self.nodes.get(found).is_some_and(|node| node.standing == Standing::Failed);
            self.close(found, if is_failed { Standing::Caught } else { Standing::Succeeded });
        }
    }

    fn iteration(&mut self, number: u64, previous: u64, kind: &str, name: &str, index: u64) {
        if kind == "MapIterationStarted" {
            let name = plain(name, CHARS_MAX);
            let map = self.around(previous, |node| node.kind == "Map" && node.name == name);
            let opened = self.add(
                number,
                Node {
                    name: index.to_string(),
                    kind: "iteration".to_owned(),
                    standing: Standing::Running,
                    entered: self.now,
                    ended: None,
                    attempts: 0,
                    note: None,
                    map_run: None,
                    progress: None,
                    children: Vec::new(),
                    parent: map,
                    index: Some(index),
                },
            );
            self.openings.insert(number, opened);
            return;
        }
        let found = self.around(previous, |node| node.index == Some(index)).or_else(|| {
            // An aborted iteration follows from its sibling's failure.
            let map = self.around(previous, |node| node.kind == "Map")?;
            let children = self.nodes.get(map)?.children.iter().copied();
            children.rev().find(|child| {
                self.nodes.get(*child).is_some_and(|child| child.index == Some(index))
            })
        });
        if let Some(found) = found {
            self.owners.insert(number, found);
            self.close(
                found,
                match kind {
                    "MapIterationSucceeded" => Standing::Succeeded,
                    "MapIterationFailed" => Standing::Failed,
                    _ => Standing::Aborted,
                },
            );
        }
    }

    /// An event inside a state's work.
    fn inside(&mut self, number: u64, previous: u64, kind: &str, details: Option<&Value>) {
        let text = |name: &str| details.and_then(|details| details.get(name)?.as_str());
        let about = if kind == "EvaluationFailed" {
            let state = plain(text("state").unwrap_or(""), CHARS_MAX);
            let mut open = self.nodes.iter().enumerate().rev();
            open.find(|(_, node)| node.name == state).map(|(index, _)| index)
        } else if kind.starts_with("MapState") || kind.starts_with("MapRun") {
            self.around(previous, |node| node.kind == "Map")
        } else if kind.starts_with("ParallelState") {
            self.around(previous, |node| node.kind == "Parallel")
        } else if kind.ends_with("StateAborted") {
            None
        } else {
            self.owners.get(&previous).copied()
        };
        let Some(about) = about else { return };
        self.owners.insert(number, about);
        if let Some(map_run) = text("mapRunArn")
            && let Some(node) = self.nodes.get_mut(about)
        {
            node.map_run = Some(map_run.to_owned());
        }
        let note = match (text("error"), text("cause")) {
            (None, None) => None,
            (error, None) => error.map(str::to_owned),
            (error, Some(cause)) => Some(format!("{}: {cause}", error.unwrap_or("no error name"))),
        };
        let is_begun = matches!(kind, "ParallelStateStarted" | "MapStateStarted")
            || (kind.ends_with("Scheduled") && !kind.starts_with("Map"));
        if is_begun {
            self.begin(number, about, kind);
        } else if kind.ends_with("Failed") || kind.ends_with("TimedOut") {
            self.fail(about, note);
        } else if kind == "TaskSubmitted" {
            self.note(about, "waits for its end".to_owned());
        }
    }

    /// An attempt begins: what an attempt before left under it is over.
    fn begin(&mut self, number: u64, about: Index, kind: &str) {
        let Some(node) = self.nodes.get_mut(about) else { return };
        node.attempts = node.attempts.saturating_add(1);
        node.standing = Standing::Running;
        node.ended = None;
        if kind.ends_with("StateStarted") {
            node.children.clear();
            self.openings.insert(number, about);
        }
    }

    fn fail(&mut self, about: Index, note: Option<String>) {
        if let Some(note) = note {
            self.note(about, note);
        }
        self.close(about, Standing::Failed);
    }

    fn note(&mut self, about: Index, note: String) {
        if let Some(node) = self.nodes.get_mut(about) {
            node.note = Some(plain(&note, CHARS_MAX));
        }
    }

    fn execution(&mut self, kind: &str) {
        let standing = match kind {
            "ExecutionFailed" => Standing::Failed,
            "ExecutionAborted" | "ExecutionTimedOut" => Standing::Aborted,
            _ => return,
        };
        for index in 0..self.nodes.len() {
            if self.nodes.get(index).is_some_and(|node| node.standing == Standing::Running) {
                self.end(index, standing);
            }
        }
    }

    /// Ends a node, and what is still open under it.
    fn close(&mut self, index: Index, standing: Standing) {
        self.end(index, standing);
        let mut open = self.nodes.get(index).map_or_else(Vec::new, |node| node.children.clone());
        while let Some(index) = open.pop() {
            let Some(node) = self.nodes.get(index) else { continue };
            open.extend(&node.children);
            if node.standing == Standing::Running {
                self.end(index, Standing::Aborted);
            }
        }
    }

    fn end(&mut self, index: Index, standing: Standing) {
        let now = self.now;
        if let Some(node) = self.nodes.get_mut(index) {
            node.standing = standing;
            node.ended = Some(now);
            if standing == Standing::Succeeded {
                node.note = None;
            }
        }
    }

    /// The innermost node around an event that fits.
    fn around(&self, event: u64, fits: impl Fn(&Node) -> bool) -> Option<Index> {
        let mut next = self.owners.get(&event).copied();
        while let Some(index) = next {
            let node = self.nodes.get(index)?;
            if fits(node) {
                return Some(index);
            }
            next = node.parent;
        }
        None
    }
}

fn details(event: &Value) -> Option<&Value> {
    let mut members = event.as_object()?.iter();
    members.find(|(name, _)| name.ends_with("EventDetails")).map(|(_, details)| details)
}
