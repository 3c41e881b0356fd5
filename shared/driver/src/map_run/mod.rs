//! Map runs: a Distributed Map's children, from the first item to the last result.
//!
//! What is kept of a run are documents ([`baton_store::documents`]); the record that waits for it holds its evaluated fields and
//! never changes. Every step is a cue about that record, may be taken twice, late or out of order, and goes like
//! this:
//!
//! ```text
//! Begin     the run's document is made; reading begins
//! Read      items become children's inputs, chunk by chunk: each chunk is written once, then published, and hungry
//!           groups of lanes are fed
//! Fill      a group takes the next chunk, puts children on its free lanes, and starts them
//! Ended     a child's lane is free: counted, and the next child started on it
//! Collect   all lanes are free for good: results, thresholds, and the record's outcome
//! Cancel    nobody waits any more: groups are closed and their children stopped
//! ```
//!
//! # Invariants
//!
//! * The manifest is a chain. A chunk's document is written if there is none, and says where reading goes on behind it.
//!   So two readers, or one that died and was repeated, agree on every child's input, even where an `ItemSelector` draws by chance.
//! * A child's name follows from its place in the manifest, and an execution is created if there is none of its name: however
//!   often a lane starts a child, it runs once. Children of type Express are run as Standard ones.
//! * A group takes a chunk in two steps, the run's document first. It takes another only once its own document shows
//!   the one before, so no chunk is lost or taken twice.
//! * A group's document lists its children under way before any of them is started, and each until its end is counted. Whoever
//!   finds the group again ([`MapSignal::Fill`]) starts those that do not exist and counts those that have ended.
//! * A group with a free lane either has something to put on it or is listed as hungry, and whoever publishes a chunk
//!   feeds the hungry. So no lane is idle while a chunk waits; only the rest of a group's last chunk waits for that group.
//! * A closed group starts nothing: whoever starts a child looks afterwards whether the group was closed meanwhile, and
//!   whoever closes a group stops what it lists.
//! * The run is over when the manifest is complete and every group has all lanes free; that is decided in the one document.
//!
//! # Cost
//!
//! Besides the child itself (its header, its records, its end), in writes and reads of small documents:
//!
//! | for each | |
//! |---|---|
//! | child | 1 write and 1 read of its group, 1 cue; less where several end at once, for one write counts them all |
//! | chunk of 25 children | 1 document, 2 writes of the run |
//!
//! At 10,000 lanes there are 400 groups of 25. A group is written at the rate at which its 25 children end, so
//! DynamoDB's 1,000 writes a second to one item bound children of less than 25 ms, and cues of one process for one
//! group are gathered into one write long before. The run's document is written twice a chunk: at 1,000 writes a second,
//! 12,500 children a second. What saturates first on AWS is the table's own start rate (4,000 writes a second unless
//! warmed up), at some hundreds of children a second.

mod children;
mod collect;
mod gather;
mod lanes;
mod manifest;

pub(crate) use gather::Gathering;

use crate::driver::{Driver, Run};
use crate::error::{Halt, TakeError};
use crate::limits::RACES_MAX;
use crate::take::{Dropped, Taken};
use crate::tasks::Tasks;
use baton_asl::StateKind;
use baton_asl::states::{Distributed, Map};
use baton_engine::{Due, Failure, MapRun, MapSignal, Marked, Pending, Record, Signal};
use baton_store::documents::{
    self, Document, Held, MapCounts, MapRunFailure, MapRunOf, MapRunState, MapRunStatus,
};
use baton_store::{Backend, MachineArn, Outgoing, StoreError};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A map run that is being worked on.
#[derive(Clone, Copy)]
pub(crate) struct InRun<'a> {
    pub(crate) run: &'a Run,
    pub(crate) record: &'a Record,
    pub(crate) marked: &'a Marked,
    pub(crate) facts: &'a MapRun,
    pub(crate) map: &'a Map,
    pub(crate) distributed: &'a Distributed,
}

impl<'a> InRun<'a> {
    fn of(run: &'a Run, marked: &'a Marked) -> Result<Self, Halt> {
        let record = &*marked.record;
        let state =
            run.definition.block(record.block).and_then(|block| block.states.get(&record.state));
        if let (Pending::MapRun(facts), Some(StateKind::Map(map))) =
            (&record.pending, state.map(|state| &state.kind))
            && let Some(distributed) = &map.distributed
        {
            return Ok(InRun { run, record, marked, facts, map, distributed });
        }
        Err(Halt::Broken(format!("state `{}` has no map run", record.state)))
    }

    /// The children's state machine.
    pub(crate) fn machine(&self) -> MachineArn {
        self.run.header.machine.labelled(&self.distributed.label)
    }

    fn arn(&self) -> &'a str {
        &self.facts.arn
    }

    /// A cue of the run.
    fn cue(&self, signal: MapSignal) -> Outgoing {
        self.run.cue(&self.record.scope, self.record.sequence, Signal::Map(signal), Due::Now)
    }

    fn fills(&self, groups: &[u32]) -> Vec<Outgoing> {
        groups.iter().map(|group| self.cue(MapSignal::Fill { group: *group })).collect()
    }
}

impl<B: Backend, T: Tasks> Driver<B, T> {
    /// Takes a cue about a map run. It need not be the one that its record still waits for: then it is closed.
    pub(crate) async fn take_map(
        &self,
        run: &Run,
        marked: &Marked,
        signal: MapSignal,
    ) -> Result<Taken, Halt> {
        let of = InRun::of(run, marked)?;
        match signal {
            MapSignal::Begin => self.begin_map(of).await,
            MapSignal::Read { chunk } => self.read_map(of, chunk).await,
            MapSignal::Fill { group } => self.fill(of, group, None).await,
            MapSignal::Ended { group, chunk, place } => {
                self.fill(of, group, Some((chunk, place))).await
            }
            MapSignal::Collect { chunk } => self.collect(of, chunk).await,
        }
    }

    /// Stops a map run that nobody waits for any more.
    pub(crate) async fn cancel_map(&self, run: &Run, marked: &Marked) -> Result<Taken, Halt> {
        self.abort_map(InRun::of(run, marked)?).await
    }

    /// Takes a cue about a map run that its execution does not wait for any more.
    pub(crate) async fn take_map_late(
        &self,
        run: &Run,
        marked: &Marked,
        signal: MapSignal,
        why: Dropped,
    ) -> Result<Taken, Halt> {
        let of = InRun::of(run, marked)?;
        self.set_aborted(of).await?;
        match signal {
            MapSignal::Fill { .. } | MapSignal::Ended { .. } => {
                self.take_map(run, marked, signal).await
            }
            MapSignal::Begin | MapSignal::Read { .. } | MapSignal::Collect { .. } => {
                self.abort_map(of).await?;
                Ok(Taken::Dropped(why))
            }
        }
    }

    /// Makes the run, or sets everything going again that may stand still.
    async fn begin_map(&self, of: InRun<'_>) -> Result<Taken, Halt> {
        let state = match self.map_run_state(of.arn()).await? {
            Some(held) => held.value,
            None => match self.create_map_run(of).await? {
                Some(state) => state,
                None => return Ok(Taken::Repeated),
            },
        };
        self.look_after(of, &state).await?;
        if state.is_open() && !state.is_read {
            let read = MapSignal::Read { chunk: state.chunks };
            self.backend.send(vec![of.cue(read)]).await?;
        }
        Ok(Taken::Advanced)
    }

    /// Has every group look after its lanes, and the results collected if there is nothing left to be done.
    async fn look_after(&self, of: InRun<'_>, state: &MapRunState) -> Result<(), StoreError> {
        let mut cues = of.fills(&state.busy_groups());
        if state.status != MapRunStatus::Running || state.is_drained() {
            cues.push(of.cue(MapSignal::Collect { chunk: 0 }));
        }
        if cues.is_empty() { Ok(()) } else { self.backend.send(cues).await }
    }

    async fn create_map_run(&self, of: InRun<'_>) -> Result<Option<MapRunState>, Halt> {
        let machine: Arc<str> = of.machine().as_str().into();
        // The record's own time, so that a repeat lists the same run at the same place.
        let started_millis = of.record.moment.millis;
        let listed = MapRunOf {
            map_run_arn: of.facts.arn.clone(),
            machine: machine.clone(),
            started_millis,
        };
        let group = of.run.arn.as_str();
        documents::swap(&*self.backend, group, &listed.key(), None, Some(&listed)).await?;
        let state = MapRunState {
            execution: group.into(),
            scope: of.record.scope.to_string(),
            sequence: of.record.sequence.0,
            machine,
            is_express: of.distributed.is_express,
            started_millis,
            stopped_millis: None,
            status: MapRunStatus::Running,
            failure: None,
            concurrency_max: of.facts.concurrency_max,
            tolerated_count: of.facts.tolerated_count,
            tolerated_percentage: of.facts.tolerated_percentage,
            chunks: 0,
            children: 0,
            items: 0,
            is_read: false,
            next: 0,
            taken: Vec::new(),
            hungry: BTreeMap::new(),
            redrives: 0,
            redriven_millis: None,
            results_written: 0,
            final_counts: None,
        };
        let (backend, key) = (&*self.backend, MapRunState::KEY);
        let is_made = documents::swap(backend, of.arn(), key, None, Some(&state)).await?;
        Ok(is_made.then_some(state))
    }

    /// Stops the run: whatever else comes about it finds it so.
    async fn abort_map(&self, of: InRun<'_>) -> Result<Taken, Halt> {
        let Some(state) = self.set_aborted(of).await? else {
            return Ok(Taken::Dropped(Dropped::NoSuchRecord));
        };
        self.backend.send(of.fills(&state.busy_groups())).await?;
        Ok(Taken::Advanced)
    }

    async fn set_aborted(&self, of: InRun<'_>) -> Result<Option<MapRunState>, Halt> {
        let now = self.backend.now().as_millisecond();
        self.change_map_run(of.arn(), |state| {
            let is_running = state.status == MapRunStatus::Running;
            if is_running {
                state.status = MapRunStatus::Aborted;
                state.stopped_millis = Some(now);
            }
            is_running
        })
        .await
    }

    /// Fails the run, unless it fails already: no child is started from here on, and those under way are stopped.
    async fn fail_map(&self, of: InRun<'_>, failure: &Failure) -> Result<(), Halt> {
        let text = |part: &Option<Arc<str>>| part.as_deref().unwrap_or_default().to_owned();
        let reason = MapRunFailure {
            error: text(&failure.error),
            cause: text(&failure.cause),
            is_terminal: failure.kind == baton_engine::FailureKind::Terminal,
        };
        let state = self
            .change_map_run(of.arn(), |state| {
                let is_open = state.is_open();
                if is_open {
                    state.failure = Some(reason.clone());
                }
                is_open
            })
            .await?;
        match state {
            Some(state) => Ok(self.look_after(of, &state).await?),
            None => Ok(()),
        }
    }

    pub(crate) async fn map_run_state(
        &self,
        arn: &str,
    ) -> Result<Option<Held<MapRunState>>, StoreError> {
        documents::find(&*self.backend, arn, MapRunState::KEY).await
    }

    /// Changes a run's document; `change` says whether there is anything to be changed. Answers how it stands then.
    pub(crate) async fn change_map_run(
        &self,
        arn: &str,
        change: impl FnMut(&mut MapRunState) -> bool,
    ) -> Result<Option<MapRunState>, Halt> {
        change_document(&*self.backend, arn, MapRunState::KEY, change).await
    }

    /// Tells a map run of the end of one of its children.
    pub(crate) async fn notify_map_run(
        &self,
        child: &baton_store::MapRunChild,
    ) -> Result<(), StoreError> {
        let signal =
            MapSignal::Ended { group: child.group, chunk: child.chunk, place: child.place };
        let cue = baton_engine::Cue {
            scope: child.scope.clone(),
            sequence: child.sequence,
            signal: Signal::Map(signal),
        };
        let execution = child.execution.clone();
        self.backend.send(vec![Outgoing { execution, cue, due: Due::Now }]).await
    }
}

/// How far a map run has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MapProgress {
    /// What has ended.
    pub ended: MapCounts,
    /// Children under way.
    pub running: u64,
    /// The items that those work on.
    pub running_items: u64,
}

impl<B: Backend, T: Tasks> Driver<B, T> {
    /// How far a map run has come.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the backend.
    pub async fn map_progress(
        &self,
        arn: &str,
        state: &MapRunState,
    ) -> Result<MapProgress, StoreError> {
        let mut progress = MapProgress::default();
        self.each_group(arn, state, |_, lanes| {
            progress.ended += lanes.counts;
            progress.running = progress.running.saturating_add(lanes.running.len() as u64);
            let items: u64 = lanes.running.iter().map(|child| u64::from(child.2)).sum();
            progress.running_items = progress.running_items.saturating_add(items);
        })
        .await?;
        Ok(progress)
    }

    /// UpdateMapRun: changes a run's limits while it runs.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the backend; it is not known then whether it was changed.
    pub async fn update_map_run(
        &self,
        arn: &str,
        mut change: impl FnMut(&mut MapRunState),
    ) -> Result<(), StoreError> {
        let mut fed = Vec::new();
        let changed =
            change_document::<MapRunState>(&*self.backend, arn, MapRunState::KEY, |state| {
                change(state);
                fed = state.feed();
                true
            });
        let state = match changed.await {
            Ok(state) => state,
            Err(Halt::Later(TakeError::Store(error))) => return Err(error),
            Err(Halt::Later(error)) => {
                return Err(StoreError::Unavailable { what: "map run", source: error.into() });
            }
            Err(Halt::Broken(cause)) => {
                let key = arn.to_owned();
                return Err(StoreError::Corrupt { what: "map run", key, source: cause.into() });
            }
        };
        let Some((state, (scope, sequence))) = state.and_then(|it| it.place().map(|at| (it, at)))
        else {
            return Ok(());
        };
        // New groups are fed, and those with lanes more than before look at them.
        let groups: std::collections::BTreeSet<u32> =
            fed.into_iter().chain(state.busy_groups()).collect();
        let execution = baton_store::ExecutionArn::trusted(state.execution.clone());
        let cue = |group| Outgoing {
            execution: execution.clone(),
            cue: baton_engine::Cue {
                scope: scope.clone(),
                sequence,
                signal: Signal::Map(MapSignal::Fill { group }),
            },
            due: Due::Now,
        };
        self.backend.send(groups.into_iter().map(cue).collect()).await
    }
}

/// Changes a document that is there, however many do so at once. Answers how it stands then; nothing if there is none.
async fn change_document<D: Document + Clone>(
    backend: &impl Backend,
    group: &str,
    key: &str,
    mut change: impl FnMut(&mut D) -> bool,
) -> Result<Option<D>, Halt> {
    for _ in 0..RACES_MAX {
        let Some(held) = documents::find::<D>(backend, group, key).await? else { return Ok(None) };
        let mut after = held.value.clone();
        if !change(&mut after)
            || documents::swap(backend, group, key, Some(&held), Some(&after)).await?
        {
            return Ok(Some(after));
        }
    }
    Err(TakeError::Contended { tries: RACES_MAX }.into())
}
