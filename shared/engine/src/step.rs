//! The record in the making: what all states do to it.

use crate::context::ContextObject;
use crate::event::{Event, EventDetail, Link, StateType};
use crate::fault::Fault;
use crate::inspect::Inspection;
use crate::record::{End, MapItem, Pending, Record, Variables, Visit};
use crate::{
    ErrorDetail, Execution, Failure, FailureKind, Hop, Ids, Misfit, Moment, Payload, ScopePath,
    Sequence, limits, states,
};
use baton_asl::{BlockId, Definition, State, StateKind, StateName, Transition};
use jiff::Timestamp;
use std::cell::OnceCell;
use std::sync::Arc;

/// One transition under way. It becomes a [`Record`] by one of [`Step::wait_for`], [`Step::leave`],
/// [`Step::enter`] or [`Step::end`].
pub(crate) struct Step<'a> {
    pub(crate) definition: &'a Definition,
    pub(crate) execution: &'a Execution,
    pub(crate) ids: &'a mut dyn Ids,
    pub(crate) scope: ScopePath,
    pub(crate) sequence: Sequence,
    pub(crate) moment: Moment,
    pub(crate) block: BlockId,
    pub(crate) variables: Variables,
    pub(crate) item: Option<Arc<MapItem>>,
    pub(crate) event_count: u64,
    pub(crate) events_before: u64,
    pub(crate) events: Vec<Event>,
    /// Set where one state is tried by itself: then the step ends where the state is left.
    pub(crate) inspection: Option<&'a mut Inspection>,
}

/// A visited state: what its expressions are evaluated for.
#[derive(Clone, Copy)]
pub(crate) struct Visited<'a> {
    pub(crate) state: &'a State,
    pub(crate) visit: &'a Visit,
}

/// What a state hands on.
pub(crate) struct Completed {
    pub(crate) output: Payload,
    pub(crate) assigned: Vec<(Arc<str>, Payload)>,
}

impl<'a> Step<'a> {
    /// The record's time.
    pub(crate) fn time(&self) -> Timestamp {
        Timestamp::from_millisecond(self.moment.millis).unwrap_or(Timestamp::MAX)
    }

    /// Adds an event that follows from the scope's event before it.
    pub(crate) fn push(&mut self, detail: EventDetail) {
        self.push_linked(Link::Previous, detail);
    }

    /// Adds an event that follows from another one.
    pub(crate) fn push_linked(&mut self, link: Link, detail: EventDetail) {
        self.event_count = self.event_count.saturating_add(1);
        self.events.push(Event { link, detail });
    }

    /// The Context Object that the state's expressions see.
    pub(crate) fn context<'b>(&self, at: Visited<'b>, token: Option<&'b str>) -> ContextObject<'b>
    where
        'a: 'b,
    {
        let given = self.inspection.as_deref().map(|it| it.context_for(self.item.as_deref()));
        ContextObject {
            execution: self.execution,
            state_name: at.state.name.as_str(),
            visit: at.visit,
            is_retriable: at.handlers().is_some(),
            item: self.item.clone(),
            token,
            built: given.map_or_else(OnceCell::new, OnceCell::from),
            without_input: OnceCell::new(),
        }
    }

    /// The name that failures give to a state.
    pub(crate) fn shown_name<'b>(&'b self, at: Visited<'b>) -> &'b str {
        self.inspection.as_deref().map_or(at.state.name.as_str(), |it| &it.state_name)
    }

    /// A state of the scope's block.
    pub(crate) fn state(&self, name: &StateName) -> Result<&'a State, Misfit> {
        let block = self.definition.block(self.block).ok_or(Misfit::NoSuchBlock(self.block))?;
        block.states.get(name).ok_or_else(|| Misfit::NoSuchState(name.clone()))
    }

    /// Goes on to a state, as far as to what it waits for.
    pub(crate) fn enter(
        mut self,
        name: &StateName,
        input: Payload,
        link: Link,
    ) -> Result<Record, Misfit> {
        let state = self.state(name)?;
        let entered = EventDetail::StateEntered {
            state_type: state.state_type(),
            name: state.name.as_str().into(),
            input: input.clone(),
        };
        self.push_linked(link, entered);
        let visit = self.visit(state, input, 0);
        self.begin_attempt(state, visit, Link::Previous)
    }

    /// Enters a state that is tried by itself, whose retriers have each retried so often.
    pub(crate) fn enter_tried(
        mut self,
        state: &'a State,
        input: Payload,
        retries: u32,
    ) -> Result<Record, Misfit> {
        let name = self.inspection.as_deref().map(|it| it.state_name.clone());
        let entered = EventDetail::StateEntered {
            state_type: state.state_type(),
            name: name.unwrap_or_else(|| state.name.as_str().into()),
            input: input.clone(),
        };
        self.push(entered);
        let visit = self.visit(state, input, retries);
        self.begin_attempt(state, visit, Link::Previous)
    }

    fn visit(&self, state: &State, input: Payload, retries: u32) -> Visit {
        let retriers = state.handlers().map_or(0, |handlers| handlers.retriers.len());
        let retries = vec![retries; retriers];
        Visit { input, entered: self.time(), entered_event: self.event_count, retries }
    }

    /// Begins the work of a state that was entered, for the first time or again.
    pub(crate) fn begin_attempt(
        mut self,
        state: &'a State,
        visit: Visit,
        link: Link,
    ) -> Result<Record, Misfit> {
        let at = Visited { state, visit: &visit };
        let pending = match &state.kind {
            StateKind::Pass(_)
            | StateKind::Choice(_)
            | StateKind::Succeed(_)
            | StateKind::Fail(_) => Ok(Pending::Continue),
            StateKind::Wait(wait) => states::wait::begin(&mut self, at, wait),
            StateKind::Task(task) => states::task::begin(&mut self, at, task, link),
            StateKind::Parallel(parallel) => states::parallel::begin(&mut self, at, parallel, link),
            StateKind::Map(map) => states::map::begin(&mut self, at, map, link),
        };
        let pending = pending.unwrap_or_else(|fault| Pending::Failing(self.blame(at, fault)));
        Ok(self.wait_for(state, visit, pending))
    }

    /// The record of a state that waits for something.
    pub(crate) fn wait_for(self, state: &State, visit: Visit, pending: Pending) -> Record {
        Record {
            scope: self.scope,
            sequence: self.sequence,
            moment: self.moment,
            events: self.events,
            event_count: self.event_count,
            events_before: self.events_before,
            block: self.block,
            state: state.name.clone(),
            visit,
            variables: self.variables,
            item: self.item,
            pending,
        }
    }

    /// Leaves a state that is complete.
    pub(crate) fn leave(
        mut self,
        at: Visited<'_>,
        completed: Completed,
        transition: &Transition,
        link: Link,
    ) -> Result<Record, Misfit> {
        let Completed { output, assigned } = completed;
        self.assign(&assigned);
        let exited = EventDetail::StateExited {
            state_type: at.state.state_type(),
            name: at.state.name.as_str().into(),
            output: output.clone(),
            assigned,
        };
        self.push_linked(link, exited);
        if let Some(inspection) = self.inspection.as_deref_mut() {
            inspection.next = match transition {
                Transition::Next(next) => Some(next.clone()),
                Transition::End => None,
            };
            return Ok(self.end(at, End::Succeeded(output)));
        }
        match transition {
            Transition::Next(next) => self.enter(next, output, Link::Previous),
            Transition::End => Ok(self.end(at, End::Succeeded(output))),
        }
    }

    /// Ends the scope.
    pub(crate) fn end(mut self, at: Visited<'_>, end: End) -> Record {
        let detail = match (self.scope.parent(), &end) {
            (None, End::Succeeded(output)) => {
                Some(EventDetail::ExecutionSucceeded { output: output.clone() })
            }
            (None, End::Failed { failure, .. }) => {
                Some(EventDetail::ExecutionFailed(failure.into()))
            }
            (None, End::Aborted(detail)) => Some(EventDetail::ExecutionAborted(detail.clone())),
            (None, End::TimedOut) => Some(EventDetail::ExecutionTimedOut(ErrorDetail::default())),
            (Some((_, hop)), end) => self.iteration_end(hop, end.is_success()),
        };
        let link = match &end {
            End::Succeeded(_) | End::Failed { .. } => Link::Previous,
            End::Aborted(_) | End::TimedOut => Link::Root,
        };
        if let Some(detail) = detail {
            self.push_linked(link, detail);
        }
        self.wait_for(at.state, at.visit.clone(), Pending::Ended(end))
    }

    /// What an iteration's end adds to the history; a branch's adds nothing.
    fn iteration_end(&self, hop: Hop, is_success: bool) -> Option<EventDetail> {
        let (owner, _) = owner(self.definition, self.block)?;
        let (name, index) = (owner.name.as_str().into(), hop.child);
        match (&owner.kind, is_success) {
            (StateKind::Map(_), true) => Some(EventDetail::MapIterationSucceeded { name, index }),
            (StateKind::Map(_), false) => Some(EventDetail::MapIterationFailed { name, index }),
            _ => None,
        }
    }

    /// Turns a fault into the failure that handlers see, with the event that comes before it.
    pub(crate) fn blame(&mut self, at: Visited<'_>, fault: Fault) -> Failure {
        let is_wait = matches!(at.state.kind, StateKind::Wait(_));
        let link = if is_wait { Link::Previous } else { Link::BeforeEntered };
        self.blame_linked(at, fault, link)
    }

    /// As [`Step::blame`], with the place of the `EvaluationFailed` event given.
    pub(crate) fn blame_linked(&mut self, at: Visited<'_>, fault: Fault, link: Link) -> Failure {
        let name = self.shown_name(at).to_owned();
        let sentence = |detail: &str| sentence(&name, at.visit.entered_event, detail);
        match fault {
            Fault::Failure(failure) => failure,
            Fault::Runtime { error: Failure::RUNTIME, detail } => {
                Failure::runtime(&sentence(&detail))
            }
            Fault::Runtime { error, detail } => Failure::new(error, &sentence(&detail)),
            Fault::Evaluation { detail, location } => {
                let failure = Failure::new(Failure::QUERY_EVALUATION_ERROR, &sentence(&detail));
                let event = EventDetail::EvaluationFailed {
                    state: at.state.name.as_str().into(),
                    detail: ErrorDetail::from(&failure),
                    location: location.map(Arc::from),
                };
                self.push_linked(link, event);
                failure
            }
        }
    }

    /// Refuses a payload over the limit. `whose` is what AWS's text names: the state, the function, the service.
    pub(crate) fn check_size(
        &self,
        payload: &Payload,
        whose: &str,
        kind: FailureKind,
    ) -> Result<(), Fault> {
        if payload.is_too_deep() {
            let levels = Payload::DEPTH_MAX;
            return Err(Fault::runtime(format!(
                "The payload is nested deeper than {levels} levels."
            )));
        }
        match self.execution.payload_bytes_max {
            Some(bytes_max) if payload.bytes() > bytes_max => {
                Err(Fault::Failure(too_large(whose, kind)))
            }
            _ => Ok(()),
        }
    }

    /// Checks the sizes of an `Assign` against those of the variables in sight (EXPR-VAR-09).
    pub(crate) fn check_assigned(
        &self,
        at: Visited<'_>,
        assigned: &[(Arc<str>, Payload)],
    ) -> Result<(), Fault> {
        if assigned.is_empty() {
            return Ok(());
        }
        let new: usize = assigned.iter().map(|(_, value)| value.bytes()).sum();
        let kept = self
            .variables
            .iter()
            .filter(|(name, _)| assigned.iter().all(|(other, _)| other != *name));
        let all = kept.map(|(_, value)| value.bytes()).sum::<usize>().saturating_add(new);
        if new > limits::VARIABLE_BYTES_MAX || all > limits::VARIABLES_BYTES_MAX {
            return Err(Fault::Failure(too_large(self.shown_name(at), FailureKind::Terminal)));
        }
        Ok(())
    }

    fn assign(&mut self, assigned: &[(Arc<str>, Payload)]) {
        if !assigned.is_empty() {
            let variables = Arc::make_mut(&mut self.variables);
            variables.extend(assigned.iter().cloned());
        }
    }
}

/// How causes begin that name the state and the event by which it was entered.
pub(crate) fn sentence(name: &str, entered_event: u64, detail: &str) -> String {
    format!(
        "An error occurred while executing the state '{name}' (entered at the event id #{entered_event}). {detail}"
    )
}

fn too_large(whose: &str, kind: FailureKind) -> Failure {
    Failure { kind, ..Failure::too_large(whose) }
}

/// The Parallel or Map state that a block belongs to, with the block that it is in. Costs one look at each state of the definition.
pub(crate) fn owner(definition: &Definition, block: BlockId) -> Option<(&State, BlockId)> {
    (0_u32..).zip(&definition.blocks).find_map(|(number, outer)| {
        let is_owner = |state: &&State| match &state.kind {
            StateKind::Map(map) => map.processor == block,
            StateKind::Parallel(parallel) => parallel.branches.contains(&block),
            StateKind::Task(_)
            | StateKind::Pass(_)
            | StateKind::Choice(_)
            | StateKind::Wait(_)
            | StateKind::Succeed(_)
            | StateKind::Fail(_) => false,
        };
        outer.states.values().find(is_owner).map(|state| (state, BlockId(number)))
    })
}

impl<'a> Visited<'a> {
    /// `Retry` and `Catch`, where the state's type has them.
    pub(crate) fn handlers(&self) -> Option<&'a baton_asl::Handlers> {
        self.state.handlers()
    }
}

/// What the interpreter asks of any state.
pub(crate) trait AnyState {
    fn state_type(&self) -> StateType;
    fn handlers(&self) -> Option<&baton_asl::Handlers>;
}

impl AnyState for State {
    fn state_type(&self) -> StateType {
        match self.kind {
            StateKind::Task(_) => StateType::Task,
            StateKind::Pass(_) => StateType::Pass,
            StateKind::Choice(_) => StateType::Choice,
            StateKind::Wait(_) => StateType::Wait,
            StateKind::Succeed(_) => StateType::Succeed,
            StateKind::Fail(_) => StateType::Fail,
            StateKind::Parallel(_) => StateType::Parallel,
            StateKind::Map(_) => StateType::Map,
        }
    }

    fn handlers(&self) -> Option<&baton_asl::Handlers> {
        match &self.kind {
            StateKind::Task(task) => Some(&task.handlers),
            StateKind::Parallel(parallel) => Some(&parallel.handlers),
            StateKind::Map(map) => Some(&map.handlers),
            StateKind::Pass(_)
            | StateKind::Choice(_)
            | StateKind::Wait(_)
            | StateKind::Succeed(_)
            | StateKind::Fail(_) => None,
        }
    }
}
