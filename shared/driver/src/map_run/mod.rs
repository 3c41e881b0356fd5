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
//! Run       the children of a group, where they are Express executions: chunk after chunk, until there is no more
//! Collect   all lanes are free for good: results, thresholds, and the record's outcome
//! Cancel    nobody waits any more: groups are closed and their children stopped
//! ```
//!
//! A redriven run is the same run, awaited by a later record, which its document names. `Begin` of that record lets it go on
//! once everything of it stands still; cues of the record before are passed on. Each redrive walks the manifest from its first
//! chunk on with groups of its own: children that have succeeded are counted and left alone, those that had ended badly are redriven, the
//! others started. How the children stood before, less what the groups have taken up, is what still waits.
//!
//! # Invariants
//!
//! * The manifest is a chain. A chunk's document is written if there is none, and says where reading goes on behind it.
//!   So two readers, or one that died and was repeated, agree on every child's input, even where an `ItemSelector` draws by chance.
//! * A child's name follows from its place in the manifest, and an execution is created if there is none of its name: however
//!   often a lane starts a child, it runs once. Express children have no journal: one whose process died runs again ([`express`]).
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
//! | for each | Standard | Express |
//! |---|---|---|
//! | child | 1 write and 1 read of its group, 1 cue; less where several end at once, for one write counts them all | none |
//! | chunk (25 Standard children, 1,000 Express ones) | 1 document, 2 writes of the run | the same, its results, 1 write of the group |
//!
//! At 10,000 lanes there are 400 groups of 25 (Express: 100 of 100). A group is written at the rate at which its 25 children end, so
//! DynamoDB's 1,000 writes a second to one item bound children of less than 25 ms, and cues of one process for one
//! group are gathered into one write long before. The run's document is written twice a chunk: at 1,000 writes a second,
//! 12,500 children a second. What saturates first on AWS is the table's own start rate (4,000 writes a second unless
//! warmed up), at some hundreds of children a second.

mod ahead;
mod children;
mod collect;
mod export;
mod express;
mod gather;
mod lanes;
mod manifest;
mod results;
#[cfg(feature = "parquet")]
mod rows;

pub(crate) use express::Busy;
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
    self, Document, Held, MapCounts, MapRunOf, MapRunState, MapRunStatus,
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

    /// Whether this record is the one that the run's document names: no redrive has left it behind, and it has not yet to
    /// take the run over.
    fn is_current(&self, state: &MapRunState) -> bool {
        state.is_awaited_by(&self.record.scope, self.record.sequence)
    }

    /// A cue of the run.
    fn cue(&self, signal: MapSignal) -> Outgoing {
        self.run.cue(&self.record.scope, self.record.sequence, Signal::Map(signal), Due::Now)
    }

    fn fills(&self, groups: &[u32]) -> Vec<Outgoing> {
        let is_express = self.distributed.is_express;
        groups.iter().map(|group| self.cue(look_at(*group, is_express))).collect()
    }
}

/// Has a group look at its lanes.
fn look_at(group: u32, is_express: bool) -> MapSignal {
    if is_express { MapSignal::Run { group } } else { MapSignal::Fill { group } }
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
            MapSignal::Fill { group } | MapSignal::Ended { group, .. }
                if of.distributed.is_express =>
            {
                // Left over from when such children were run as Standard ones.
                self.backend.send(of.fills(&[group])).await?;
                Ok(Taken::Advanced)
            }
            MapSignal::Fill { group } => self.fill(of, group, None).await,
            MapSignal::Ended { group, chunk, place } => {
                self.fill(of, group, Some((chunk, place))).await
            }
            // Apart: it holds many children.
            MapSignal::Run { group } => Box::pin(self.run_group(of, group)).await,
            MapSignal::Collect { .. } => self.collect(of).await,
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
        if let Some(state) = self.map_run_state(of.arn()).await?
            && !of.is_current(&state.value)
        {
            return self.pass_on(&state.value, [signal].into_iter()).await;
        }
        match signal {
            MapSignal::Fill { .. }
            | MapSignal::Ended { .. }
            | MapSignal::Run { .. }
            | MapSignal::Collect { .. } => {
                self.set_aborted(of).await?;
                self.take_map(run, marked, signal).await
            }
            MapSignal::Begin | MapSignal::Read { .. } => {
                self.abort_map(of).await?;
                Ok(Taken::Dropped(why))
            }
        }
    }

    /// Passes cues that came to another record on to the one that waits for the run. Only the lanes' are of any use there.
    async fn pass_on(
        &self,
        state: &MapRunState,
        signals: impl Iterator<Item = MapSignal>,
    ) -> Result<Taken, Halt> {
        let is_useful = |signal: &MapSignal| match signal {
            MapSignal::Fill { .. } | MapSignal::Ended { .. } | MapSignal::Run { .. } => true,
            MapSignal::Begin | MapSignal::Read { .. } | MapSignal::Collect { .. } => false,
        };
        let cues: Vec<Outgoing> =
            signals.filter(is_useful).filter_map(|signal| cue_about(state, signal)).collect();
        if !cues.is_empty() {
            self.backend.send(cues).await?;
        }
        Ok(Taken::Dropped(Dropped::Stale))
    }

    /// Makes the run, or sets everything going again that may stand still.
    async fn begin_map(&self, of: InRun<'_>) -> Result<Taken, Halt> {
        let state = match self.map_run_state(of.arn()).await? {
            Some(held) if of.is_current(&held.value) => held.value,
            Some(_) => return self.redrive_map(of).await,
            None => match self.create_map_run(of).await? {
                Some(state) => state,
                None => return Ok(Taken::Repeated),
            },
        };
        self.set_going(&state, &state.busy_groups()).await?;
        Ok(Taken::Advanced)
    }

    /// Lets a run go on that has ended badly. One of which something still moves goes on once nothing does.
    async fn redrive_map(&self, of: InRun<'_>) -> Result<Taken, Halt> {
        let place = (of.record.scope.to_string(), of.record.sequence.0);
        let now = self.backend.now().as_millisecond();
        let mut fed = Vec::new();
        let state = self
            .change_map_run(of.arn(), |state| {
                fed.clear();
                if state.redrives >= of.facts.redrives {
                    return false;
                }
                if state.is_settled() {
                    let millis = of.record.moment.millis;
                    state.redrive(of.facts.redrives, millis, place.clone());
                    fed = state.feed();
                    return true;
                }
                if state.status == MapRunStatus::Running {
                    // Whoever is to tell that nobody waits for it any more has not come yet.
                    (state.status, state.stopped_millis) = (MapRunStatus::Aborted, Some(now));
                }
                state.awaited_by = Some(place.clone());
                true
            })
            .await?;
        let Some(state) = state else { return Ok(Taken::Repeated) };
        if of.is_current(&state) {
            tracing::info!(map_run = of.arn(), redrives = state.redrives, "map run redriven");
            self.set_going(&state, &fed).await?;
            return Ok(Taken::Advanced);
        }
        if state.redrives >= of.facts.redrives {
            return Ok(Taken::Dropped(Dropped::Stale));
        }
        self.set_going(&state, &state.busy_groups()).await?;
        Ok(Taken::Advanced)
    }

    /// Has every group look after its lanes, and the results collected if there is nothing left to be done.
    async fn look_after(&self, of: InRun<'_>, state: &MapRunState) -> Result<(), StoreError> {
        let mut cues = of.fills(&state.busy_groups());
        if state.is_drained() {
            cues.push(of.cue(MapSignal::Collect { chunk: 0 }));
        }
        if cues.is_empty() { Ok(()) } else { self.backend.send(cues).await }
    }

    /// Has these groups look after their lanes, the rest be read, and the results collected if there is nothing left to be
    /// done: as the record wants it that waits for the run.
    async fn set_going(&self, state: &MapRunState, groups: &[u32]) -> Result<(), StoreError> {
        let mut signals: Vec<MapSignal> =
            groups.iter().map(|&group| MapSignal::Fill { group }).collect();
        if state.is_open() && !state.is_read {
            signals.push(MapSignal::Read { chunk: state.chunks });
        }
        if state.is_drained() {
            signals.push(MapSignal::Collect { chunk: 0 });
        }
        let cues: Vec<Outgoing> =
            signals.into_iter().filter_map(|signal| cue_about(state, signal)).collect();
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
            redrives: of.facts.redrives,
            redriven_millis: (of.facts.redrives > 0).then_some(started_millis),
            before: None,
            awaited_by: None,
            results_written: 0,
            items_written: 0,
            final_counts: None,
        };
        let (backend, key) = (&*self.backend, MapRunState::KEY);
        let is_made = documents::swap(backend, of.arn(), key, None, Some(&state)).await?;
        Ok(is_made.then_some(state))
    }

    /// Stops the run: whatever else comes about it finds it so. One that was never made is made for that, so that it can be
    /// looked at and whoever is about to begin it finds it stopped.
    async fn abort_map(&self, of: InRun<'_>) -> Result<Taken, Halt> {
        match self.map_run_state(of.arn()).await? {
            Some(state) if !of.is_current(&state.value) => {
                return Ok(Taken::Dropped(Dropped::Stale));
            }
            Some(_) => {}
            None => {
                self.create_map_run(of).await?;
            }
        }
        let Some(state) = self.set_aborted(of).await? else {
            return Ok(Taken::Dropped(Dropped::NoSuchRecord));
        };
        if matches!(state.status, MapRunStatus::Succeeded | MapRunStatus::Failed) {
            // It ended before anybody could stop it. To collect its results again would do again what follows from the end
            // that the execution came to instead, and that is to stop it.
            return Ok(Taken::Dropped(Dropped::Ended));
        }
        self.look_after(of, &state).await?;
        Ok(Taken::Advanced)
    }

    async fn set_aborted(&self, of: InRun<'_>) -> Result<Option<MapRunState>, Halt> {
        let now = self.backend.now().as_millisecond();
        self.change_map_run(of.arn(), |state| {
            let is_running = state.status == MapRunStatus::Running && of.is_current(state);
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
        let reason = collect::kept_failure(failure);
        let state = self
            .change_map_run(of.arn(), |state| {
                let is_open = state.is_open() && of.is_current(state);
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

    /// Tells a map run of the end of one of its children: the lanes that run it, or have redriven it.
    pub(crate) async fn notify_map_run(
        &self,
        header: &baton_store::Header,
        child: &baton_store::MapRunChild,
    ) -> Result<(), StoreError> {
        let latest = header.redrive_tokens.last();
        let redriven = latest.and_then(|token| documents::map_redrive(&token.token));
        let group = redriven.map_or(child.group, |(_, group)| group);
        let signal = MapSignal::Ended { group, chunk: child.chunk, place: child.place };
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
    /// Children, and items in them, that had ended badly and wait for their redrive.
    pub pending_redrive: [u64; 2],
    /// Children, and items in them, that had ended badly and cannot be redriven.
    pub not_redrivable: [u64; 2],
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
        let (mut progress, mut rest) = self.tally(arn, state).await?;
        // What had ended badly waits for the redrive while that runs.
        if state.status == MapRunStatus::Running {
            progress.pending_redrive = rest.take_unsuccessful();
        }
        progress.ended += rest;
        Ok(progress)
    }

    /// What the lanes have done, and how the children stand that a redrive has not come to.
    pub(crate) async fn tally(
        &self,
        arn: &str,
        state: &MapRunState,
    ) -> Result<(MapProgress, MapCounts), StoreError> {
        let mut progress = MapProgress::default();
        let mut taken_up = MapCounts::default();
        self.each_group(arn, state, |lanes| {
            progress.ended += lanes.counts;
            taken_up += lanes.taken_up;
            progress.running = progress.running.saturating_add(lanes.running.len() as u64);
            let items: u64 = lanes.running.iter().map(|child| u64::from(child.2)).sum();
            progress.running_items = progress.running_items.saturating_add(items);
            for (sum, more) in progress.not_redrivable.iter_mut().zip(lanes.not_redrivable) {
                *sum = sum.saturating_add(more);
            }
        })
        .await?;
        let rest = state.before.unwrap_or_default().without(taken_up);
        Ok((progress, rest))
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
        let Some(state) = state else { return Ok(()) };
        // New groups are fed, and those with lanes more than before look at them.
        let groups: std::collections::BTreeSet<u32> =
            fed.into_iter().chain(state.busy_groups()).collect();
        let cues =
            groups.into_iter().filter_map(|group| cue_about(&state, MapSignal::Fill { group }));
        self.backend.send(cues.collect()).await
    }
}

/// A cue to the record that waits for the run.
fn cue_about(state: &MapRunState, signal: MapSignal) -> Option<Outgoing> {
    let (scope, sequence) = state.place()?;
    let signal = match signal {
        MapSignal::Fill { group } => look_at(group, state.is_express),
        MapSignal::Begin
        | MapSignal::Read { .. }
        | MapSignal::Ended { .. }
        | MapSignal::Run { .. }
        | MapSignal::Collect { .. } => signal,
    };
    let cue = baton_engine::Cue { scope, sequence, signal: Signal::Map(signal) };
    let execution = baton_store::ExecutionArn::trusted(state.execution.clone());
    Some(Outgoing { execution, cue, due: Due::Now })
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
