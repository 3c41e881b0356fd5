//! The driver itself, and what every one of its operations needs.

use crate::activity::Desks;
use crate::definitions::Definitions;
use crate::error::{Halt, chain, is_written};
use crate::ids::DrawnIds;
use crate::limits::{SPARE_DELAY, TRANSITIONS_MAX};
use crate::map_run::{Busy, Gathering};
use crate::stop::failed_record;
use crate::take::state_type_of;
use crate::tasks::Tasks;
use crate::unrecorded::Unrecorded;
use baton_asl::Definition;
use baton_engine::{
    Cue, Due, Execution, Failure, Marked, Misfit, Outcome, Pending, Record, ScopePath, Sequence,
    Signal, StateType,
};
use baton_store::{Backend, Durability, ExecutionArn, Header, Outgoing, StoreError, TokenKeys};
use jiff::Timestamp;
use std::sync::Arc;

/// What a driver is told about the process it runs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The name that this process claims calls under: another one after each start.
    pub worker: Arc<str>,
    /// Whether no other process drives the same executions. A claim under another name is then a dead one, however
    /// long it would still hold.
    pub is_alone: bool,
    /// How many transitions a scope may make before its execution is ended.
    pub transitions_max: u32,
    /// How many transitions a second a scope may make on average, once it has made its first thousand; what is
    /// faster is slowed down.
    pub transitions_per_sec: Option<u32>,
    /// Whether events tell the ends of jobs here: who waits for one is noted then, and jobs are asked for less often.
    pub hears_events: bool,
    /// How many events an execution's history may have: AWS's 25,000, or none.
    pub history_events_max: Option<u64>,
    /// How many transitions one cue makes at most, where each leads to nothing but the next of the same scope. What a cue costs
    /// is worth more where it is a message of SQS.
    pub stretch: u32,
}

impl Settings {
    /// The usual settings for a worker among others.
    #[must_use]
    pub fn new(worker: impl Into<Arc<str>>) -> Self {
        Settings {
            worker: worker.into(),
            is_alone: false,
            transitions_max: TRANSITIONS_MAX,
            transitions_per_sec: None,
            hears_events: false,
            history_events_max: None,
            stretch: 1,
        }
    }
}

/// Takes cues, and makes the writes that no cue stands behind. One serves a whole process.
#[derive(Debug)]
pub struct Driver<B, T> {
    pub(crate) backend: Arc<B>,
    pub(crate) tasks: T,
    pub(crate) keys: Arc<TokenKeys>,
    pub(crate) definitions: Definitions,
    pub(crate) unrecorded: Unrecorded,
    pub(crate) desks: Desks,
    pub(crate) gathering: Gathering,
    pub(crate) busy: Busy,
    pub(crate) settings: Settings,
}

/// An execution that is being worked on.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) arn: ExecutionArn,
    pub(crate) header: Arc<Header>,
    pub(crate) definition: Arc<Definition>,
}

impl Run {
    pub(crate) fn execution(&self) -> &Execution {
        &self.header.execution
    }

    /// A cue of this execution.
    pub(crate) fn cue(
        &self,
        scope: &ScopePath,
        sequence: Sequence,
        signal: Signal,
        due: Due,
    ) -> Outgoing {
        let cue = Cue { scope: scope.clone(), sequence, signal };
        Outgoing { execution: self.arn.clone(), cue, due }
    }
}

impl<B: Backend, T: Tasks> Driver<B, T> {
    /// A driver over a backend, which makes its calls through `tasks` and signs task tokens with `keys`.
    #[must_use]
    pub fn new(backend: Arc<B>, tasks: T, keys: Arc<TokenKeys>, settings: Settings) -> Self {
        let (definitions, unrecorded) = (Definitions::default(), Unrecorded::default());
        let (desks, gathering) = (Desks::default(), Gathering::default());
        let busy = Busy::default();
        Driver { backend, tasks, keys, definitions, unrecorded, desks, gathering, busy, settings }
    }

    /// The backend.
    #[must_use]
    pub fn backend(&self) -> &Arc<B> {
        &self.backend
    }

    /// What makes the calls.
    #[must_use]
    pub fn tasks(&self) -> &T {
        &self.tasks
    }

    /// The compiled definition that an execution runs.
    pub(crate) async fn run(&self, header: Arc<Header>) -> Result<Run, Halt> {
        let definition = self.definitions.get(&*self.backend, &header).await?;
        Ok(Run { arn: header.arn(), header, definition })
    }

    /// What names and chance a decision on `execution` may draw.
    pub(crate) fn ids<'a>(&'a self, execution: &'a ExecutionArn) -> DrawnIds<'a, B> {
        DrawnIds { chance: &*self.backend, keys: &self.keys, execution }
    }

    /// Decides what comes after a record and commits it. Nothing is answered if another was faster.
    pub(crate) async fn commit_next(
        &self,
        run: &Run,
        marked: &Marked,
        outcome: Outcome,
        durability: Durability,
    ) -> Result<Option<Arc<Record>>, Halt> {
        let record = self.next_record(run, marked, outcome, self.backend.now())?;
        let record = self.within_limits(run, &marked.record, record);
        let record = Arc::new(self.with_activity_checked(record).await?);
        tracing::debug!(next = record.sequence.0, state = %record.state, "decided");
        let answer = self.backend.commit(&run.arn, &record, durability).await;
        let is_written = is_written(answer)?;
        if is_written {
            self.log_record(&run.header, Some(&marked.record), &record);
        }
        Ok(is_written.then_some(record))
    }

    /// The record, unless its history has become too long: then the scope fails, and the execution with it (QUO-04).
    fn within_limits(&self, run: &Run, before: &Record, record: Record) -> Record {
        let is_over =
            |max: &u64| record.event_count >= *max && !matches!(record.pending, Pending::Ended(_));
        let Some(max) = self.settings.history_events_max.filter(is_over) else { return record };
        let cause = format!("The execution reached the maximum number of history events ({max}).");
        let state_type = state_type_of(run, before).unwrap_or(StateType::Task);
        let now = self.backend.now().as_millisecond();
        failed_record(before, &Failure::runtime(&cause), state_type, now)
    }

    /// The interpreter's decision, checked: a stuck execution can be repaired, a wrong history cannot.
    pub(crate) fn next_record(
        &self,
        run: &Run,
        marked: &Marked,
        outcome: Outcome,
        now: Timestamp,
    ) -> Result<Record, Halt> {
        let before = &marked.record;
        if before.sequence.0 >= self.settings.transitions_max {
            let max = self.settings.transitions_max;
            return Err(Halt::Broken(format!("scope `{}` made {max} transitions", before.scope)));
        }
        let mut ids = self.ids(&run.arn);
        let decision =
            baton_engine::advance(&run.definition, run.execution(), marked, outcome, now, &mut ids);
        let record = decision.map_err(|misfit| broken(&misfit))?;
        let is_next = record.scope == before.scope && record.sequence == before.sequence.next();
        if !is_next || record.moment <= before.moment {
            let cause = format!("record {} does not follow {}", record.sequence, before.sequence);
            return Err(Halt::Broken(cause));
        }
        Ok(record)
    }

    /// The scope's newest record, if that is still the one of this number.
    pub(crate) async fn newest_if(
        &self,
        execution: &ExecutionArn,
        scope: &ScopePath,
        sequence: Sequence,
    ) -> Result<Option<Marked>, StoreError> {
        let newest = self.backend.newest(execution, scope).await?;
        Ok(newest.filter(|newest| newest.record.sequence == sequence))
    }

    /// Sends the cue that finishes a write which no other cue stands behind, should this process die in it.
    pub(crate) async fn send_spare(
        &self,
        execution: &ExecutionArn,
        scope: &ScopePath,
        sequence: Sequence,
    ) -> Result<(), StoreError> {
        let at = self.backend.now().saturating_add(SPARE_DELAY).unwrap_or(jiff::Timestamp::MAX);
        let cue = Cue { scope: scope.clone(), sequence, signal: Signal::Proceed };
        let spare = Outgoing { execution: execution.clone(), cue, due: Due::At(at) };
        self.backend.send(vec![spare]).await
    }
}

/// The interpreter cannot go on from here.
pub(crate) fn broken(misfit: &Misfit) -> Halt {
    Halt::Broken(chain(misfit))
}
