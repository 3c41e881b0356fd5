//! Lanes of Express children: one process runs all lanes of a group, chunk after chunk, until there is no more to be run.
//!
//! A child is a future in this process and has no journal. What is kept is the group's document, as for Standard children, and the
//! results, in pieces. A piece is one write: it holds the ends of all children that ended at about the same time, and decides that
//! those have ended. A process that dies takes with it the children under way and those that ended within the last second or
//! so; they run again.
//!
//! # Invariants
//!
//! * A child that runs is listed in the group's document, or lies in the open part of its chunk there: so it runs again
//!   unless a piece holds its result.
//! * One worker runs a group. Its name is in the document with a time that it keeps ahead of; another takes over when that is past,
//!   or when it was the same process before. What it finds written of the next piece counts; what is not written by then
//!   is forestalled by an empty piece, so that no late result can come in.
//! * Whoever is refused a write of a piece or of the document runs the group no longer, and drops its children.
//! * A group is left with its document saying so, then either listed as hungry, or with a cue that goes on.

use super::InRun;
use super::lanes::{Seen, THRESHOLD_CAUSE, THRESHOLD_EXCEEDED, current};
use crate::driver::Driver;
use crate::error::{Halt, TakeError};
use crate::limits::{
    EXPRESS_LIMIT, MAP_EXPRESS_MARGIN, MAP_EXPRESS_STRETCH, MAP_LAST_TIME, MAP_LEASE,
    MAP_LEASE_LEFT_MIN, MAP_LOOK_TIME, MAP_PIECE_BYTES, MAP_PIECE_CHILDREN, MAP_PIECE_TIME,
    RACES_MAX,
};
use crate::take::{Dropped, Taken};
use crate::tasks::Tasks;
use baton_engine::{Due, Failure, MapSignal, Signal};
use baton_store::documents::{
    self, Again, ExpressPlace, Held, MapLanes, MapOpen, MapResult, MapResults, MapRunState,
    MapWorker, Running, express_child_arn, map_key,
};
use baton_store::{Backend, Status};
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use jiff::Timestamp;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use tokio::time::Instant;

/// The groups whose children this process runs.
#[derive(Debug, Default)]
pub(crate) struct Busy(Mutex<BTreeMap<Group, Arc<Watch>>>);

type Group = (Arc<str>, u32);

/// What whoever runs a group listens to.
#[derive(Debug, Default)]
struct Watch {
    is_asked: AtomicBool,
    bell: Notify,
}

/// The right to run a group in this process.
struct AtWork<'a> {
    busy: &'a Busy,
    group: Group,
    watch: Arc<Watch>,
}

impl Busy {
    /// Nothing if the group is run here: then whoever does so looks at it again.
    fn enter(&self, arn: &Arc<str>, number: u32) -> Option<AtWork<'_>> {
        let group = (arn.clone(), number);
        let mut groups = self.lock();
        if let Some(watch) = groups.get(&group) {
            watch.is_asked.store(true, Ordering::Relaxed);
            watch.bell.notify_one();
            return None;
        }
        let watch = Arc::<Watch>::default();
        groups.insert(group.clone(), watch.clone());
        Some(AtWork { busy: self, group, watch })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Group, Arc<Watch>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AtWork<'_> {
    /// Whether the group can be left: nobody has asked meanwhile. Then it is.
    fn is_done(&self) -> bool {
        let mut groups = self.busy.lock();
        let is_done = !self.watch.is_asked.swap(false, Ordering::Relaxed);
        if is_done {
            groups.remove(&self.group);
        }
        is_done
    }
}

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        let mut groups = self.busy.lock();
        if groups.get(&self.group).is_some_and(|watch| Arc::ptr_eq(watch, &self.watch)) {
            groups.remove(&self.group);
        }
    }
}

/// A child that has ended: its chunk, and how.
struct Ended(u32, MapResult);

/// Children on their way.
type Children<'a> = FuturesUnordered<BoxFuture<'a, Result<Ended, Halt>>>;

/// A group that is being run.
struct Turn {
    group: u32,
    /// The group's document as it is kept, and as it is to be.
    held: Option<Held<MapLanes>>,
    lanes: MapLanes,
    /// The run as it was seen last.
    state: MapRunState,
    /// Children of `lanes.running` that were begun here.
    begun: BTreeSet<(u32, u32)>,
    /// How many of those have ended since the last piece.
    waiting: usize,
    /// Whether nothing is left in the manifest for now.
    is_hungry: bool,
    /// Whether this process has no time for another child.
    is_leaving: bool,
}

/// Whether a group is to be run on.
enum Settled {
    /// There is something under way, or to be begun.
    Going,
    /// This cue is done.
    Over(Taken),
    /// The documents changed under the hand.
    Raced,
}

impl<B: Backend, T: Tasks> Driver<B, T> {
    /// Runs the Express children of a group.
    pub(super) async fn run_group(&self, of: InRun<'_>, group: u32) -> Result<Taken, Halt> {
        let Some(at_work) = self.busy.enter(&of.facts.arn, group) else {
            return Ok(Taken::Repeated);
        };
        loop {
            let taken = self.run_lanes(of, group, &at_work.watch).await?;
            if at_work.is_done() {
                return Ok(taken);
            }
        }
    }

    async fn run_lanes(&self, of: InRun<'_>, group: u32, watch: &Watch) -> Result<Taken, Halt> {
        let Some(Seen { state, lanes: held }) = self.see(of, group).await? else {
            return Ok(Taken::Repeated);
        };
        if !of.is_current(&state.value) {
            return self.pass_on(&state.value, [MapSignal::Run { group }].into_iter()).await;
        }
        let (state, lanes) = (state.value.clone(), current(&state.value, held.as_ref()));
        let begun = BTreeSet::new();
        let (is_hungry, is_leaving) = (false, false);
        let mut turn = Turn { group, held, lanes, state, begun, waiting: 0, is_hungry, is_leaving };
        if let Some(worker) = turn.lanes.worker.clone() {
            if let Some(until) = self.busy_until(&worker) {
                // Should that worker die, this cue will find it so.
                let (scope, sequence) = (&of.record.scope, of.record.sequence);
                let signal = Signal::Map(MapSignal::Run { group });
                let cue = of.run.cue(scope, sequence, signal, Due::At(until));
                self.backend.send(vec![cue]).await?;
                return Ok(Taken::Early);
            }
            self.take_over(of, &mut turn).await?;
        }
        let mut running = Children::new();
        let mut ended = Vec::new();
        loop {
            let batch = std::mem::take(&mut ended);
            turn.waiting = 0;
            match self.settle_beside(of, &mut turn, batch, &mut running, &mut ended).await? {
                Settled::Going => {}
                Settled::Over(taken) => return Ok(taken),
                Settled::Raced => return Err(TakeError::Contended { tries: RACES_MAX }.into()),
            }
            turn.waiting = ended.len();
            let listed = turn.lanes.running.clone();
            for child in listed {
                self.begin_express(of, &mut turn, child, &mut running).await?;
            }
            self.gather_ends(of, &mut turn, watch, &mut running, &mut ended).await?;
        }
    }

    /// Until when another process is taken to run the group.
    fn busy_until(&self, worker: &MapWorker) -> Option<Timestamp> {
        if self.settings.is_alone || worker.name == self.settings.worker {
            return None;
        }
        let until = Timestamp::from_millisecond(worker.until_millis).ok()?;
        (until > self.backend.now()).then_some(until)
    }

    /// Takes in what a worker before has left: a piece that it wrote without noting it in the group. Where it has not, an empty
    /// one forestalls it.
    async fn take_over(&self, of: InRun<'_>, turn: &mut Turn) -> Result<(), Halt> {
        let lanes = &mut turn.lanes;
        let key = MapResults::key(lanes.redrives, lanes.pieces);
        let chunks: BTreeSet<u32> =
            lanes.running.iter().map(|child| child.0).chain(lanes.chunk).collect();
        for chunk in chunks {
            let group = MapResults::group(of.arn(), chunk);
            let none = MapResults::default();
            if documents::swap(&*self.backend, &group, &key, None, Some(&none)).await? {
                continue;
            }
            let left = documents::find::<MapResults>(&*self.backend, &group, &key).await?;
            for result in left.map(|left| left.value.children).unwrap_or_default() {
                lanes.counts.add(result.status(), result.items);
                let is_it = |child: &Running| (child.0, child.1) == (chunk, result.place);
                let is_listed = lanes.running.iter().any(is_it);
                lanes.running.retain(|child| !is_it(child));
                if !is_listed {
                    // It was put on a lane after the group was written.
                    lanes.take_up(chunk, result.place, result.items);
                }
                lanes.again.retain(|again| (again.chunk, again.place) != (chunk, result.place));
                if let Some(open) = lanes.open.as_mut().filter(|_| lanes.chunk == Some(chunk)) {
                    open.pass(result.place);
                }
            }
        }
        lanes.pieces = lanes.pieces.saturating_add(1);
        Ok(())
    }

    /// Settles while the children go on.
    async fn settle_beside<'a>(
        &'a self,
        of: InRun<'a>,
        turn: &mut Turn,
        batch: Vec<Ended>,
        running: &mut Children<'a>,
        ended: &mut Vec<Ended>,
    ) -> Result<Settled, Halt> {
        let mut settling = pin!(self.settle_group(of, turn, batch));
        loop {
            tokio::select! {
                biased;
                settled = &mut settling => return settled,
                Some(child) = running.next(), if !running.is_empty() => ended.push(child?),
            }
        }
    }

    /// Commits the ends of children, and brings the group to where it should stand.
    async fn settle_group(
        &self,
        of: InRun<'_>,
        turn: &mut Turn,
        batch: Vec<Ended>,
    ) -> Result<Settled, Halt> {
        let failed_before = turn.lanes.counts.failed_items();
        if !batch.is_empty() && !self.commit_piece(of, turn, batch).await? {
            return Ok(Settled::Over(Taken::Dropped(Dropped::Stale)));
        }
        for _ in 0..RACES_MAX {
            let Some(state) = self.map_run_state(of.arn()).await? else {
                return Ok(Settled::Over(Taken::Repeated));
            };
            if !of.is_current(&state.value) {
                // A redrive has taken the run over.
                let signal = MapSignal::Run { group: turn.group };
                let passed = self.pass_on(&state.value, [signal].into_iter()).await?;
                return Ok(Settled::Over(passed));
            }
            turn.state = state.value.clone();
            if !turn.state.is_open() && !turn.lanes.running.is_empty() {
                let given_up = turn.give_up(self.backend.now().as_millisecond());
                if !self.commit_piece(of, turn, given_up).await? {
                    return Ok(Settled::Over(Taken::Dropped(Dropped::Stale)));
                }
            }
            match self.try_settle(of, turn, state, failed_before).await? {
                Settled::Raced => {}
                settled @ (Settled::Going | Settled::Over(_)) => return Ok(settled),
            }
        }
        Ok(Settled::Raced)
    }

    /// Writes the results of children that have ended. False if somebody else runs the group.
    async fn commit_piece(
        &self,
        of: InRun<'_>,
        turn: &mut Turn,
        batch: Vec<Ended>,
    ) -> Result<bool, Halt> {
        let mut pieces: BTreeMap<u32, Vec<MapResult>> = BTreeMap::new();
        for Ended(chunk, result) in batch {
            pieces.entry(chunk).or_default().push(result);
        }
        let key = MapResults::key(turn.lanes.redrives, turn.lanes.pieces);
        for (chunk, mut children) in pieces {
            children.sort_by_key(|child| child.place);
            let (piece, group) = (MapResults { children }, MapResults::group(of.arn(), chunk));
            if !documents::swap(&*self.backend, &group, &key, None, Some(&piece)).await? {
                return Ok(false);
            }
            for result in &piece.children {
                turn.begun.remove(&(chunk, result.place));
                turn.lanes.counts.add(result.status(), result.items);
            }
            let has_ended = |child: &Running| {
                let place = piece.children.binary_search_by_key(&child.1, |result| result.place);
                child.0 == chunk && place.is_ok()
            };
            turn.lanes.running.retain(|child| !has_ended(child));
            let is_done = |again: &Again| {
                let place = piece.children.binary_search_by_key(&again.place, |it| it.place);
                again.chunk == chunk && place.is_ok()
            };
            turn.lanes.again.retain(|again| !is_done(again));
        }
        turn.lanes.pieces = turn.lanes.pieces.saturating_add(1);
        Ok(true)
    }

    async fn try_settle(
        &self,
        of: InRun<'_>,
        turn: &mut Turn,
        state: Held<MapRunState>,
        failed_before: u64,
    ) -> Result<Settled, Halt> {
        turn.is_leaving =
            self.tasks.time_left().is_some_and(|left| left < EXPRESS_LIMIT + MAP_EXPRESS_MARGIN);
        if !state.value.is_open() {
            (turn.lanes.open, turn.lanes.is_closed) = (None, true);
        } else if turn.is_spent() {
            let is_opened = self.open_taken(of, turn.group, &state.value, &mut turn.lanes).await?;
            turn.is_hungry &= !is_opened;
        }
        self.put_on_lanes(of, turn).await?;
        let is_over = self.is_over(of, &state.value, &mut turn.lanes, failed_before).await?;
        let is_spent = turn.lanes.is_closed || (turn.is_spent() && turn.has_room());
        if is_spent && !turn.lanes.is_closed && !is_over && turn.may_take() {
            // First, so that one write of the group shows what has ended and what comes next.
            self.take_chunk(of, turn.group, state, &turn.lanes).await?;
            return Ok(Settled::Raced);
        }
        if !self.write_group(of, turn, is_spent).await? {
            return Ok(Settled::Over(Taken::Dropped(Dropped::Stale)));
        }
        if is_over {
            self.fail_map(of, &Failure::new(THRESHOLD_EXCEEDED, THRESHOLD_CAUSE)).await?;
            return Ok(Settled::Raced);
        }
        let is_free = turn.lanes.running.is_empty();
        if turn.is_leaving && is_free && !turn.lanes.is_closed && !turn.is_spent() {
            self.backend.send(of.fills(&[turn.group])).await?;
            return Ok(Settled::Over(Taken::Advanced));
        }
        if is_spent {
            if self.take_chunk(of, turn.group, state, &turn.lanes).await? {
                return Ok(Settled::Raced);
            }
            turn.is_hungry = true;
            if is_free {
                return Ok(Settled::Over(Taken::Advanced));
            }
        }
        Ok(Settled::Going)
    }

    async fn put_on_lanes(&self, of: InRun<'_>, turn: &mut Turn) -> Result<(), Halt> {
        while let Some(child) = self.next_child(of, turn).await? {
            turn.lanes.running.push(child);
            if !turn.has_room() {
                break;
            }
        }
        Ok(())
    }

    /// The next child of the open chunk, if there may be one more.
    async fn next_child(&self, of: InRun<'_>, turn: &mut Turn) -> Result<Option<Running>, Halt> {
        if turn.is_leaving || turn.lanes.is_closed || !turn.has_room() {
            return Ok(None);
        }
        let Some(chunk) = turn.lanes.chunk else { return Ok(None) };
        let Some(place) = turn.lanes.open.as_mut().and_then(MapOpen::take) else {
            return Ok(None);
        };
        let read = self.chunk(of.arn(), chunk).await?;
        let items = read.children.get(place as usize).map_or(1, |child| child.items);
        turn.lanes.take_up(chunk, place, items);
        Ok(Some(Running(chunk, place, items, None)))
    }

    /// Writes the group's document where it says something else, or would soon say too little. False if somebody else has written
    /// it.
    async fn write_group(
        &self,
        of: InRun<'_>,
        turn: &mut Turn,
        is_spent: bool,
    ) -> Result<bool, Halt> {
        let now = self.backend.now();
        let later = |span| now.saturating_add(span).unwrap_or(Timestamp::MAX).as_millisecond();
        let is_left = turn.lanes.running.is_empty() && (is_spent || turn.is_leaving);
        let own = turn.lanes.worker.take().filter(|worker| {
            worker.name == self.settings.worker && worker.until_millis > later(MAP_LEASE_LEFT_MIN)
        });
        let name = self.settings.worker.clone();
        let renewed = || MapWorker { name, until_millis: later(MAP_LEASE) };
        turn.lanes.worker = (!is_left).then(|| own.unwrap_or_else(renewed));
        if turn.held.as_ref().is_some_and(|held| held.value == turn.lanes) {
            return Ok(true);
        }
        let (before, key) = (turn.held.as_ref(), map_key(turn.group));
        let lanes = turn.lanes.clone();
        let held = documents::replace(&*self.backend, of.arn(), &key, before, lanes).await?;
        let is_written = held.is_some();
        turn.held = held.or(turn.held.take());
        Ok(is_written)
    }

    /// Begins a child that is on a lane, unless that was done.
    async fn begin_express<'a>(
        &'a self,
        of: InRun<'a>,
        turn: &mut Turn,
        child: Running,
        running: &mut Children<'a>,
    ) -> Result<(), Halt> {
        let Running(chunk, place, items, _) = child;
        if !turn.begun.insert((chunk, place)) {
            return Ok(());
        }
        let at = ExpressPlace { chunk, place, redrives: turn.lanes.redrives };
        let arn = express_child_arn(&of.machine(), of.arn(), at);
        let header = self.child_header(of, &arn, (turn.group, chunk, place)).await?;
        running.push(Box::pin(async move {
            let started = header.execution.started.as_millisecond();
            let expressed = self.run_express(Arc::new(header)).await?;
            let took = u32::try_from(expressed.duration.as_millis()).unwrap_or(u32::MAX);
            Ok(Ended(chunk, result_of(place, items, (started, took), expressed.status)?))
        }));
        Ok(())
    }

    /// Lets children run until there is something to be committed, or looked at. Whoever ends makes room for the next.
    async fn gather_ends<'a>(
        &'a self,
        of: InRun<'a>,
        turn: &mut Turn,
        watch: &Watch,
        running: &mut Children<'a>,
        ended: &mut Vec<Ended>,
    ) -> Result<(), Halt> {
        let (begun, mut last) = (Instant::now(), None);
        let mut sum = Sum::default();
        ended.iter().for_each(|child| sum.add(child));
        while !running.is_empty() && !sum.is_enough(turn) {
            let until = if turn.awaits_more() {
                *last.get_or_insert_with(|| Instant::now() + MAP_LAST_TIME)
            } else if sum.children > 0 || turn.is_hungry {
                begun + MAP_PIECE_TIME
            } else {
                begun + MAP_LOOK_TIME
            };
            let next = async {
                tokio::select! {
                    biased;
                    () = watch.bell.notified() => None,
                    child = running.next() => child,
                }
            };
            let Ok(Some(child)) = tokio::time::timeout_at(until, next).await else { return Ok(()) };
            let child = child?;
            sum.add(&child);
            ended.push(child);
            turn.waiting = ended.len();
            if let Some(child) = self.next_child(of, turn).await? {
                turn.lanes.running.push(child);
                self.begin_express(of, turn, child, running).await?;
            }
            if sum.children.is_multiple_of(MAP_EXPRESS_STRETCH) {
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }
}

/// What has ended and is not committed.
#[derive(Default)]
struct Sum {
    children: u32,
    bytes: usize,
    failed_items: u64,
}

impl Sum {
    fn add(&mut self, Ended(_, result): &Ended) {
        let bytes = result.output.as_ref().map_or(0, |output| output.get().len());
        self.children = self.children.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes);
        if result.output.is_none() {
            self.failed_items = self.failed_items.saturating_add(u64::from(result.items));
        }
    }

    /// Whether it should be committed at once: it is much, or it may fail the run.
    fn is_enough(&self, turn: &Turn) -> bool {
        let failed = turn.lanes.counts.failed_items().saturating_add(self.failed_items);
        let is_too_bad = self.failed_items > 0
            && turn.state.tolerated().is_some_and(|tolerated| failed > tolerated);
        self.children >= MAP_PIECE_CHILDREN || self.bytes >= MAP_PIECE_BYTES || is_too_bad
    }
}

impl Turn {
    /// Whether the chunk has nothing left to be begun.
    fn is_spent(&self) -> bool {
        self.lanes.open.as_ref().is_none_or(|open| !open.has_more())
    }

    /// Whether there is a free lane.
    fn has_room(&self) -> bool {
        let under_way = self.lanes.running.len().saturating_sub(self.waiting);
        (under_way as u64) < u64::from(self.state.share(self.group))
    }

    /// Whether there are free lanes, and nothing to put on them that is known here.
    fn awaits_more(&self) -> bool {
        !self.is_hungry && !self.is_leaving && self.is_spent() && self.has_room()
    }

    /// Whether the group's document, as it is kept, shows the chunk that it took last.
    fn shows_what_was_taken(&self) -> bool {
        let taken = self.state.taken.get(self.group as usize).copied().flatten();
        let held = self.held.as_ref().filter(|held| held.value.redrives == self.lanes.redrives);
        held.and_then(|held| held.value.chunk) == taken
    }

    /// Whether there is a chunk that the group may take.
    fn may_take(&self) -> bool {
        let has_more = self.state.next < self.state.chunks && self.group < self.state.groups();
        has_more && self.shows_what_was_taken() && !self.is_leaving
    }

    /// The ends of all that is under way, which nobody waits for any more.
    fn give_up(&mut self, now_millis: i64) -> Vec<Ended> {
        let given_up = |&Running(chunk, place, items, _): &Running| {
            let ended = MapResult {
                place,
                items,
                millis: (now_millis, 0),
                output: None,
                failure: None,
                is_timed_out: false,
                is_aborted: true,
            };
            Ended(chunk, ended)
        };
        self.waiting = 0;
        self.lanes.running.iter().map(given_up).collect()
    }
}

fn result_of(
    place: u32,
    items: u32,
    millis: (i64, u32),
    status: Status,
) -> Result<MapResult, Halt> {
    let mut result = MapResult {
        place,
        items,
        millis,
        output: None,
        failure: None,
        is_timed_out: matches!(status, Status::TimedOut { .. }),
        is_aborted: false,
    };
    match status {
        Status::Succeeded { output, .. } => {
            let text = output.text().to_owned();
            let raw = RawValue::from_string(text).map_err(|error| Halt::broken(&error))?;
            result.output = Some(raw);
        }
        Status::Failed { detail, .. } | Status::Aborted { detail, .. } => {
            result.failure = Some((detail.error, detail.cause));
        }
        Status::TimedOut { .. } | Status::Running => {}
    }
    Ok(result)
}
