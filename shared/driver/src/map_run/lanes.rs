//! Lanes: a group of them takes chunks, puts children on its free lanes, and counts those that have ended.

use super::InRun;
use super::children::{Ended, Standing};
use crate::driver::Driver;
use crate::error::{Halt, TakeError};
use crate::limits::{MAP_GROUPS_AT_ONCE, RACES_MAX};
use crate::take::Taken;
use crate::tasks::Tasks;
use baton_engine::{Failure, MapSignal};
use baton_store::documents::{
    self, Again, Held, MapCounts, MapLanes, MapOpen, MapRunState, Running, map_key, map_redrive,
};
use baton_store::{Backend, StoreError};
use futures_util::future::try_join_all;
use std::collections::BTreeSet;

/// The error of a run whose children failed too often (recorded).
pub(super) const THRESHOLD_EXCEEDED: &str = "States.ExceedToleratedFailureThreshold";
pub(super) const THRESHOLD_CAUSE: &str = "The specified tolerated failure threshold was exceeded";

/// A group with the run it belongs to, as they were read.
pub(super) struct Seen {
    pub(super) state: Held<MapRunState>,
    pub(super) lanes: Option<Held<MapLanes>>,
}

/// What became of a try to change a group.
enum Tried {
    /// It stands as it should.
    Settled(Box<MapLanes>),
    /// The documents changed under the hand.
    Raced,
}

impl<B: Backend, T: Tasks> Driver<B, T> {
    /// Counts what has ended in a group and puts children on its free lanes.
    pub(super) async fn fill(
        &self,
        of: InRun<'_>,
        group: u32,
        ended: Option<(u32, u32)>,
    ) -> Result<Taken, Halt> {
        let gathered = self.gathering.join(&of.facts.arn, group, ended);
        let turn = gathered.turn.lock().await;
        let taken = if ended.is_some_and(|ended| !gathered.has(ended)) {
            Ok(Taken::Advanced)
        } else {
            let all = gathered.waiting();
            let taken = self.fill_group(of, group, &all, ended.is_none()).await;
            if taken.is_ok() {
                gathered.counted(&all);
            }
            taken
        };
        drop(turn);
        self.gathering.leave(&of.facts.arn, group, gathered);
        taken
    }

    async fn fill_group(
        &self,
        of: InRun<'_>,
        group: u32,
        ended: &[(u32, u32)],
        is_look: bool,
    ) -> Result<Taken, Halt> {
        for _ in 0..RACES_MAX {
            let Some(seen) = self.see(of, group).await? else { return Ok(Taken::Repeated) };
            if !of.is_current(&seen.state.value) {
                let ended =
                    ended.iter().map(|&(chunk, place)| MapSignal::Ended { group, chunk, place });
                return self.pass_on(&seen.state.value, ended).await;
            }
            let before = running_of(&seen);
            let all: Vec<(u32, u32)> = before.iter().map(|child| (child.0, child.1)).collect();
            let ended = if is_look { &all } else { ended };
            let state = seen.state.value.clone();
            let Tried::Settled(lanes) = self.try_fill(of, group, seen, ended).await? else {
                continue;
            };
            self.look_for_strays(of, &state, &before, ended).await?;
            let is_new = |child: &&Running| !before.contains(child);
            let new: Vec<Running> = lanes.running.iter().filter(is_new).copied().collect();
            // A cue comes again if what followed the first was not done for certain: the start of the child that took the ended
            // one's place, or, of a look, anybody's.
            let is_meant = |child: &&Running| {
                let is_in_place = child.3.is_some_and(|place| ended.contains(&place));
                !is_new(child) && (is_look || is_in_place)
            };
            let old: Vec<Running> = lanes.running.iter().filter(is_meant).copied().collect();
            self.revive_children(of, group, &lanes, &old).await?;
            self.attend(of, group, &lanes, &new).await?;
            return Ok(Taken::Advanced);
        }
        Err(TakeError::Contended { tries: RACES_MAX }.into())
    }

    pub(super) async fn see(&self, of: InRun<'_>, group: u32) -> Result<Option<Seen>, Halt> {
        // The group first: a run that is seen later can only have gone further.
        let lanes = documents::find(&*self.backend, of.arn(), &map_key(group)).await?;
        let state = self.map_run_state(of.arn()).await?;
        Ok(state.map(|state| Seen { state, lanes }))
    }

    /// One try: counts, opens the chunk that was taken, fills the lanes, takes another chunk or goes hungry.
    async fn try_fill(
        &self,
        of: InRun<'_>,
        group: u32,
        seen: Seen,
        ended: &[(u32, u32)],
    ) -> Result<Tried, Halt> {
        let Seen { state, lanes: held } = seen;
        let mut lanes = current(&state.value, held.as_ref());
        let failed_before = lanes.counts.failed_items();
        self.count(of, &mut lanes, ended).await?;
        lanes.is_closed |= !state.value.is_open();
        if !lanes.is_closed {
            self.open_taken(of, group, &state.value, &mut lanes).await?;
            self.put_on(of, &mut lanes, state.value.share(group), ended).await?;
        }
        let is_over = self.is_over(of, &state.value, &mut lanes, failed_before).await?;
        if held.as_ref().is_none_or(|held| held.value != lanes) {
            let key = map_key(group);
            let is_done =
                documents::swap(&*self.backend, of.arn(), &key, held.as_ref(), Some(&lanes));
            if !is_done.await? {
                return Ok(Tried::Raced);
            }
        }
        if is_over {
            self.fail_map(of, &Failure::new(THRESHOLD_EXCEEDED, THRESHOLD_CAUSE)).await?;
        }
        let has_room = (lanes.running.len() as u64) < u64::from(state.value.share(group));
        let has_more = lanes.open.as_ref().is_some_and(MapOpen::has_more);
        if (lanes.is_closed || (has_room && !has_more))
            && self.take_chunk(of, group, state, &lanes).await?
        {
            return Ok(Tried::Raced);
        }
        Ok(Tried::Settled(Box::new(lanes)))
    }

    /// Takes the next chunk for a group that has room, or notes that it is hungry. True if there is something to be
    /// done again.
    pub(super) async fn take_chunk(
        &self,
        of: InRun<'_>,
        group: u32,
        state: Held<MapRunState>,
        lanes: &MapLanes,
    ) -> Result<bool, Halt> {
        let mut after = state.value.clone();
        let is_free = lanes.running.is_empty();
        let may_take = !lanes.is_closed && after.is_open() && after.next < after.chunks;
        // Groups beyond those of a concurrency that was lowered take nothing more.
        if may_take && group < after.groups() {
            if let Some(taken) = after.taken.get_mut(group as usize) {
                *taken = Some(after.next);
            }
            after.next = after.next.saturating_add(1);
            after.hungry.remove(&group);
        } else if after.hungry.insert(group, is_free) == Some(is_free) {
            // Whoever noted it may have died before it told so.
            self.collect_if_drained(of, &after).await?;
            return Ok(false);
        }
        let key = MapRunState::KEY;
        if !documents::swap(&*self.backend, of.arn(), key, Some(&state), Some(&after)).await? {
            return Ok(true);
        }
        let is_hungry = after.hungry.contains_key(&group);
        if is_hungry {
            self.collect_if_drained(of, &after).await?;
        }
        Ok(!is_hungry)
    }

    async fn collect_if_drained(&self, of: InRun<'_>, state: &MapRunState) -> Result<(), Halt> {
        if state.is_drained() {
            self.backend.send(vec![of.cue(MapSignal::Collect { chunk: 0 })]).await?;
        }
        Ok(())
    }

    /// Takes the children that have ended off their lanes. One whose end does not show yet stays.
    async fn count(
        &self,
        of: InRun<'_>,
        lanes: &mut MapLanes,
        ended: &[(u32, u32)],
    ) -> Result<(), Halt> {
        let looks = ended.iter().map(|&(chunk, place)| {
            let again = lanes.again(chunk, place);
            self.child_end(of, (chunk, place), again)
        });
        let ends = try_join_all(looks).await?;
        for ((chunk, place), end) in ended.iter().zip(ends) {
            let is_it = |child: &Running| (child.0, child.1) == (*chunk, *place);
            if let (Some(at), Some(Ended { status, is_final })) =
                (lanes.running.iter().position(is_it), end)
            {
                let Running(_, _, items, _) = lanes.running.remove(at);
                lanes.counts.add(status, items);
                lanes.again.retain(|again| (again.chunk, again.place) != (*chunk, *place));
                if is_final {
                    count_final(lanes, items);
                }
            }
        }
        Ok(())
    }

    /// Opens the chunk that the group took last, unless that was done. True if it was to be.
    pub(super) async fn open_taken(
        &self,
        of: InRun<'_>,
        group: u32,
        state: &MapRunState,
        lanes: &mut MapLanes,
    ) -> Result<bool, Halt> {
        match state.taken.get(group as usize).copied().flatten() {
            Some(chunk) if lanes.chunk != Some(chunk) => {
                self.open(of, state, lanes, chunk).await?;
                Ok(true)
            }
            Some(_) | None => Ok(false),
        }
    }

    /// Opens a chunk, whose children are to be started: all of them, or in a redrive those that had not succeeded.
    async fn open(
        &self,
        of: InRun<'_>,
        state: &MapRunState,
        lanes: &mut MapLanes,
        chunk: u32,
    ) -> Result<(), Halt> {
        let read = self.chunk(of.arn(), chunk).await?;
        let to = u32::try_from(read.children.len()).unwrap_or(u32::MAX);
        let mut open = MapOpen { from: 0, to, done: BTreeSet::new() };
        if state.redrives > 0 {
            let standing = self.stand(of, chunk).await?;
            for ((place, child), stood) in (0_u32..).zip(&read.children).zip(standing) {
                match stood {
                    Standing::Open => {}
                    Standing::Redrivable { status, redrives } => {
                        let status = MapCounts::place(status).unwrap_or_default();
                        lanes.again.push(Again { chunk, place, status, redrives });
                    }
                    Standing::Ended(Ended { status, is_final }) => {
                        open.done.insert(place);
                        lanes.counts.add(status, child.items);
                        lanes.taken_up.add(status, child.items);
                        if is_final {
                            count_final(lanes, child.items);
                        }
                    }
                }
            }
        }
        (lanes.chunk, lanes.open) = (Some(chunk), Some(open));
        Ok(())
    }

    /// Puts the next children of the open chunk on free lanes.
    async fn put_on(
        &self,
        of: InRun<'_>,
        lanes: &mut MapLanes,
        share: u32,
        ended: &[(u32, u32)],
    ) -> Result<(), Halt> {
        let Some(chunk) = lanes.chunk else { return Ok(()) };
        let mut makers = ended.iter();
        let mut read = None;
        while (lanes.running.len() as u64) < u64::from(share) {
            let Some(place) = lanes.open.as_mut().and_then(MapOpen::take) else { return Ok(()) };
            let children = match &read {
                Some(children) => children,
                None => read.insert(self.chunk(of.arn(), chunk).await?),
            };
            let items = children.children.get(place as usize).map_or(1, |child| child.items);
            let maker = makers.next().or(ended.last()).copied();
            lanes.take_up(chunk, place, items);
            lanes.running.push(Running(chunk, place, items, maker));
        }
        Ok(())
    }

    /// Starts the children that were put on lanes. A closed group's children are stopped.
    async fn attend(
        &self,
        of: InRun<'_>,
        group: u32,
        lanes: &MapLanes,
        children: &[Running],
    ) -> Result<(), Halt> {
        if lanes.is_closed {
            return self.stop_children(of, group, lanes).await;
        }
        if children.is_empty() {
            return Ok(());
        }
        self.start_children(of, group, lanes, children).await?;
        // Whoever closed the group meanwhile may have come before a child was there to be stopped.
        let now = documents::find::<MapLanes>(&*self.backend, of.arn(), &map_key(group)).await?;
        match now {
            Some(now) if now.value.is_closed && now.value.redrives == lanes.redrives => {
                self.stop_children(of, group, &now.value).await
            }
            Some(_) | None => Ok(()),
        }
    }

    /// In a redrive a child's end may be told to a group that does not have it: that of the lane that ran it before, where
    /// whoever was to redrive it then came late. All groups look for it.
    async fn look_for_strays(
        &self,
        of: InRun<'_>,
        state: &MapRunState,
        running: &[Running],
        ended: &[(u32, u32)],
    ) -> Result<(), Halt> {
        if state.redrives == 0 {
            return Ok(());
        }
        for &(chunk, place) in ended {
            if running.iter().any(|child| (child.0, child.1) == (chunk, place)) {
                continue;
            }
            let header = self.backend.header(&self.child_arn(of, chunk, place)).await?;
            let latest = header.as_ref().and_then(|header| header.redrive_tokens.last());
            let latest = latest.and_then(|token| map_redrive(&token.token));
            if latest.is_some_and(|(redrives, _)| redrives < state.redrives) {
                return Ok(self.look_after(of, state).await?);
            }
        }
        Ok(())
    }

    /// Whether too many items have failed. All groups are counted only when this one's own failures make it possible.
    pub(super) async fn is_over(
        &self,
        of: InRun<'_>,
        state: &MapRunState,
        lanes: &mut MapLanes,
        failed_before: u64,
    ) -> Result<bool, Halt> {
        let failed = lanes.counts.failed_items();
        let Some(tolerated) = state.tolerated().filter(|limit| *limit < u64::MAX) else {
            return Ok(false);
        };
        if !state.is_open() || failed == failed_before || failed < lanes.look_at {
            return Ok(false);
        }
        let others = self.map_counts(of.arn(), state).await?.failed_items();
        let total = others.saturating_sub(failed_before).saturating_add(failed);
        let slack = tolerated.saturating_sub(total);
        let groups = u64::try_from(state.taken.len()).unwrap_or(u64::MAX).max(1);
        let pause = slack.checked_div(groups.saturating_mul(2)).unwrap_or_default().max(1);
        lanes.look_at = failed.saturating_add(pause);
        Ok(total > tolerated)
    }

    /// The counts of all groups together.
    pub(crate) async fn map_counts(
        &self,
        arn: &str,
        state: &MapRunState,
    ) -> Result<MapCounts, StoreError> {
        let mut sum = MapCounts::default();
        self.each_group(arn, state, |lanes| sum += lanes.counts).await?;
        Ok(sum)
    }

    /// Shows each group of the run's latest redrive.
    pub(crate) async fn each_group(
        &self,
        arn: &str,
        state: &MapRunState,
        mut show: impl FnMut(&MapLanes),
    ) -> Result<(), StoreError> {
        let groups = u32::try_from(state.taken.len()).unwrap_or(u32::MAX);
        for from in (0..groups).step_by(MAP_GROUPS_AT_ONCE) {
            let some = (from..groups).take(MAP_GROUPS_AT_ONCE);
            let keys: Vec<String> = some.map(map_key).collect();
            let reads = keys.iter().map(|key| documents::find(&*self.backend, arn, key));
            for held in try_join_all(reads).await?.iter().flatten() {
                let held: &Held<MapLanes> = held;
                if held.value.redrives == state.redrives {
                    show(&held.value);
                }
            }
        }
        Ok(())
    }
}

/// The group as it stands in the run's latest redrive.
pub(super) fn current(state: &MapRunState, held: Option<&Held<MapLanes>>) -> MapLanes {
    match held {
        Some(held) if held.value.redrives == state.redrives => held.value.clone(),
        Some(_) | None => MapLanes { redrives: state.redrives, ..MapLanes::default() },
    }
}

fn count_final(lanes: &mut MapLanes, items: u32) {
    let [children, of_items] = &mut lanes.not_redrivable;
    *children = children.saturating_add(1);
    *of_items = of_items.saturating_add(items.into());
}

fn running_of(seen: &Seen) -> Vec<Running> {
    current(&seen.state.value, seen.lanes.as_ref()).running
}
