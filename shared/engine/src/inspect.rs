//! One state tried by itself: what TestState does.
//!
//! [`Trial::begin`] enters the state; what the record waits for is handed to [`Trial::advance`] or
//! [`Trial::conclude`] until it has ended or is to be retried. Both take the very same course as a transition of an
//! execution; an [`Inspection`] watches what each field makes of the data, and the state that it would go on to is
//! noted, not entered.

use crate::advance::advance_watched;
use crate::context::shown_item;
use crate::event::Link;
use crate::flow;
use crate::record::{MapItem, Marked, Marks, Pending, Record, Variables};
use crate::step::{Step, Visited};
use crate::{
    Execution, Failure, Ids, Misfit, Moment, Outcome, Payload, ScopePath, Sequence, handlers,
    limits, states,
};
use baton_asl::{BlockId, Definition, Flow, StateKind, StateName, Transition};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A state to be tried.
#[derive(Debug, Clone, Copy)]
pub struct Trial<'a> {
    /// The definition that it is in.
    pub definition: &'a Definition,
    /// Its block.
    pub block: BlockId,
    /// Its name.
    pub state: &'a StateName,
    /// The execution that it seems to be in.
    pub execution: &'a Execution,
    /// The variables in sight.
    pub variables: &'a Variables,
    /// How often each of its retriers has retried.
    pub retries: u32,
}

/// A value on its way through a state, named as TestState names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "AWS's names")]
pub enum Stage {
    AfterInputPath,
    AfterParameters,
    AfterArguments,
    AfterItemsPath,
    AfterItemSelector,
    Result,
    AfterResultSelector,
    AfterResultPath,
}

/// What a trial is given instead of an execution's own, and what is seen in it.
#[derive(Debug, Default)]
pub struct Inspection {
    /// The name that failures give to the state.
    pub state_name: Arc<str>,
    /// The Context Object.
    pub context: Value,
    /// What a Map's `ItemReader` has read.
    pub items: Option<Payload>,

    /// The values seen.
    pub stages: BTreeMap<Stage, Payload>,
    /// `MaxConcurrency` of a Map: 0 by default.
    pub concurrency_max: Option<i64>,
    /// `ToleratedFailureCount` of a Map that has it.
    pub tolerated_failure_count: Option<i64>,
    /// `ToleratedFailurePercentage` of a Map that has it.
    pub tolerated_failure_percentage: Option<f64>,
    /// The failure that Retry and Catch saw.
    pub failure: Option<Failure>,
    /// The retrier that matches it, used up or not.
    pub retrier: Option<usize>,
    /// How long that retrier waits.
    pub backoff: Option<SignedDuration>,
    /// The catcher that matches it.
    pub catcher: Option<usize>,
    /// The state that comes next.
    pub next: Option<StateName>,
}

impl Inspection {
    /// The Context Object, with the Map item that the expression at hand is for.
    pub(crate) fn context_for(&self, item: Option<&MapItem>) -> Value {
        let mut context = self.context.clone();
        if let (Value::Object(members), Some(item)) = (&mut context, item) {
            members.insert("Map".to_owned(), shown_item(item));
        }
        context
    }
}

impl<'a> Trial<'a> {
    /// Enters the state, as far as to what it waits for.
    ///
    /// # Errors
    ///
    /// [`Misfit`] if the definition does not have the state.
    pub fn begin(
        &self,
        inspection: &mut Inspection,
        now: Timestamp,
        ids: &mut dyn Ids,
    ) -> Result<Record, Misfit> {
        let mut step = Step {
            definition: self.definition,
            execution: self.execution,
            ids,
            scope: ScopePath::top(),
            sequence: Sequence::FIRST,
            moment: Moment::after(now.as_millisecond(), []),
            block: self.block,
            variables: self.variables.clone(),
            item: None,
            event_count: 0,
            events_before: 0,
            events: Vec::new(),
            inspection: Some(inspection),
        };
        let state = step.state(self.state)?;
        let input = self.execution.input.clone();
        if matches!((&state.kind, &state.flow), (StateKind::Fail(_), Flow::JsonPath(_))) {
            step.note(Stage::AfterInputPath, &input);
        }
        step.push_linked(Link::Root, crate::EventDetail::ExecutionStarted);
        step.enter_tried(state, input, self.retries)
    }

    /// Goes on with what happened to what the record waits for.
    ///
    /// # Errors
    ///
    /// [`Misfit`] if the record does not wait for it.
    pub fn advance(
        &self,
        inspection: &mut Inspection,
        record: Record,
        outcome: Outcome,
        now: Timestamp,
        ids: &mut dyn Ids,
    ) -> Result<Record, Misfit> {
        let marked = Marked { record: Arc::new(record), marks: Marks::default() };
        let watched = Some(inspection);
        advance_watched(self.definition, self.execution, &marked, outcome, now, ids, watched)
    }

    /// Ends the work that a Task, Parallel or Map waits for.
    ///
    /// # Errors
    ///
    /// [`Misfit`] if the record waits for no such work.
    pub fn conclude(
        &self,
        inspection: &mut Inspection,
        record: Record,
        result: Result<Payload, Failure>,
        now: Timestamp,
        ids: &mut dyn Ids,
    ) -> Result<Record, Misfit> {
        if !matches!(record.pending, Pending::Fork(_)) {
            let outcome = match result {
                Ok(output) => Outcome::Succeeded { output },
                Err(failure) => Outcome::Failed(failure),
            };
            return self.advance(inspection, record, outcome, now, ids);
        }
        let marked = Marked { record: Arc::new(record), marks: Marks::default() };
        let outcome = &Outcome::Proceed;
        let step = Step::following(
            self.definition,
            self.execution,
            &marked,
            outcome,
            now,
            ids,
            Some(inspection),
        );
        let state = step.state(&marked.record.state)?;
        let at = Visited { state, visit: &marked.record.visit };
        match (result, transition_of_fork(&state.kind)) {
            (Err(failure), _) => handlers::handle(step, at, failure, None),
            (Ok(result), Some(transition)) => {
                states::finish(step, at, result, transition, Link::Previous)
            }
            (Ok(_), None) => Err(step.misfit("a join")),
        }
    }
}

fn transition_of_fork(kind: &StateKind) -> Option<&Transition> {
    match kind {
        StateKind::Parallel(parallel) => Some(&parallel.transition),
        StateKind::Map(map) => Some(&map.transition),
        StateKind::Task(_)
        | StateKind::Pass(_)
        | StateKind::Choice(_)
        | StateKind::Wait(_)
        | StateKind::Succeed(_)
        | StateKind::Fail(_) => None,
    }
}

impl Step<'_> {
    /// Notes a value, if anybody watches.
    pub(crate) fn note(&mut self, stage: Stage, value: &Payload) {
        if let Some(inspection) = self.inspection.as_deref_mut() {
            inspection.stages.insert(stage, value.clone());
        }
    }

    /// The inputs of a Map's iterations, if anybody watches: of the first so many.
    pub(crate) fn note_item_inputs(
        &mut self,
        at: Visited<'_>,
        map: &baton_asl::states::Map,
        items: &Payload,
    ) -> Result<(), crate::fault::Fault> {
        let Some(selector) = map.item_selector.as_ref().filter(|_| self.inspection.is_some())
        else {
            return Ok(());
        };
        let mut inputs = Vec::new();
        for index in 0..limits::ITEMS_INSPECTED_MAX {
            let Some(item) = states::map::item(items, index) else { break };
            self.item = Some(Arc::new(item));
            let input = flow::selected_item(self, at, selector);
            self.item = None;
            inputs.push(input?.into_value());
        }
        self.note(Stage::AfterItemSelector, &Payload::new(Value::Array(inputs)));
        Ok(())
    }
}
