//! Links: which event caused another, scope by scope.

use super::Scopes;
use crate::event::{Event, EventDetail, Link};
use crate::{Hop, Sequence};
use std::collections::BTreeMap;

/// What linking needs of an event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) link: Link,
    pub(super) role: Role,
}

/// What later links make of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// `…StateEntered`.
    Entered,
    /// `MapIterationStarted` of this index: recorded by the Map's scope for iterations that start with it, by the
    /// iteration's own for one that was held back.
    IterationStarted(u32),
    /// `MapIterationSucceeded`, `MapIterationFailed`: of the child's scope, but not inside it.
    IterationEnd,
    /// `MapRunStarted`, `MapRunRedriven`.
    RunStarted,
    Other,
}

impl Step {
    /// The `…Started` event of a claim.
    pub(super) const STARTED: Step = Step { link: Link::Previous, role: Role::Other };

    pub(super) fn of(event: &Event) -> Self {
        let role = if matches!(event.detail, EventDetail::StateEntered { .. }) {
            Role::Entered
        } else if let EventDetail::MapIterationStarted { index, .. } = event.detail {
            Role::IterationStarted(index)
        } else if matches!(
            event.detail,
            EventDetail::MapIterationSucceeded { .. } | EventDetail::MapIterationFailed { .. }
        ) {
            Role::IterationEnd
        } else if matches!(
            event.detail,
            EventDetail::MapRunStarted { .. } | EventDetail::MapRunRedriven { .. }
        ) {
            Role::RunStarted
        } else {
            Role::Other
        };
        Step { link: event.link, role }
    }
}

/// What one scope's links refer to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Thread {
    /// The number of its last event.
    pub(super) last: u64,
    /// That event's cause.
    pub(super) last_previous: u64,
    /// The cause of its last `…StateEntered`.
    pub(super) entered_previous: u64,
    /// The number of its last event inside: not an iteration's end.
    pub(super) inside: u64,
    /// The number of its last `MapRunStarted` or `MapRunRedriven`.
    pub(super) run_started: u64,
    /// The record it has reached.
    pub(super) sequence: Option<Sequence>,
    /// The last event recorded in a child of this fork.
    pub(super) children: Option<(Sequence, u64)>,
}

impl Thread {
    /// The event that a link names, if it is one of this scope's.
    pub(super) fn follow(&self, link: Link) -> Option<u64> {
        match link {
            Link::Root => Some(0),
            Link::Previous => Some(self.last),
            Link::Sibling => Some(self.last_previous),
            Link::BeforeEntered => Some(self.entered_previous),
            Link::MapRunStarted => Some(self.run_started),
            Link::LastOfChildren(_) | Link::InsideChild(_) => None,
        }
    }

    /// Takes an event in.
    pub(super) fn note(&mut self, id: u64, previous: u64, step: &Step) {
        self.last = id;
        self.last_previous = previous;
        match step.role {
            Role::Entered => {
                self.entered_previous = previous;
                self.inside = id;
            }
            Role::RunStarted => {
                self.run_started = id;
                self.inside = id;
            }
            Role::Other | Role::IterationStarted(_) => self.inside = id,
            Role::IterationEnd => {}
        }
    }
}

/// The threads of all scopes.
pub(super) struct Threads {
    threads: Vec<Thread>,
    /// The starts of iterations that a Map's own scope has recorded, by that scope, its fork and the index.
    starts: BTreeMap<(u32, Sequence, u32), u64>,
}

impl Threads {
    pub(super) fn new(scopes: &Scopes) -> Self {
        let threads = vec![Thread::default(); scopes.parents.len()];
        Threads { threads, starts: BTreeMap::new() }
    }

    /// Whether every scope above this one still waits for the children that this one is of.
    pub(super) fn is_open(&self, scopes: &Scopes, scope: u32) -> bool {
        std::iter::successors(scopes.parent(scope), |(parent, _)| scopes.parent(*parent))
            .all(|(parent, hop)| self.get(parent).sequence <= Some(hop.fork))
    }

    /// The scope goes on to this record.
    pub(super) fn reach(&mut self, scope: u32, sequence: Sequence) {
        if let Some(thread) = self.threads.get_mut(scope as usize) {
            thread.sequence = Some(sequence);
        }
    }

    /// Numbers an event and answers its cause.
    pub(super) fn add(&mut self, scopes: &Scopes, scope: u32, id: u64, step: &Step) -> u64 {
        let previous = self.cause(scopes, scope, step.link);
        if let Some(thread) = self.threads.get_mut(scope as usize) {
            thread.note(id, previous, step);
            if let (Role::IterationStarted(index), Some(sequence)) = (step.role, thread.sequence) {
                self.starts.insert((scope, sequence, index), id);
            }
        }
        if let Some((parent, hop)) = scopes.parent(scope)
            && let Some(thread) = self.threads.get_mut(parent as usize)
        {
            thread.children = Some((hop.fork, id));
        }
        previous
    }

    fn cause(&self, scopes: &Scopes, scope: u32, link: Link) -> u64 {
        let own = self.get(scope);
        let parent = scopes.parent(scope).filter(|_| own.last == 0);
        match (link, parent) {
            (Link::InsideChild(hop), _) => {
                let family = parent.map_or(scope, |(parent, _)| parent);
                self.inside(scopes, family, hop).unwrap_or(self.get(family).last)
            }
            (Link::LastOfChildren(fork), _) => match own.children {
                Some((of, id)) if of == fork => id,
                Some(_) | None => own.last,
            },
            (Link::Previous, Some((parent, hop))) => {
                let start = self.starts.get(&(parent, hop.fork, hop.child)).copied();
                start.unwrap_or(self.get(parent).last)
            }
            (
                Link::Root
                | Link::Previous
                | Link::Sibling
                | Link::BeforeEntered
                | Link::MapRunStarted,
                _,
            ) => own.follow(link).unwrap_or_default(),
        }
    }

    fn inside(&self, scopes: &Scopes, scope: u32, hop: Hop) -> Option<u64> {
        let inside = self.get(scopes.child(scope, hop)?).inside;
        (inside > 0).then_some(inside)
    }

    fn get(&self, scope: u32) -> &Thread {
        static NOTHING: Thread = Thread {
            last: 0,
            last_previous: 0,
            entered_previous: 0,
            inside: 0,
            run_started: 0,
            sequence: None,
            children: None,
        };
        self.threads.get(scope as usize).unwrap_or(&NOTHING)
    }
}
