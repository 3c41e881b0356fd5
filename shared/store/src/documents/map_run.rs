//! Map runs: how each stands, the manifest of its children's inputs, and its lanes.
//!
//! | kind | group | key | written |
//! |---|---|---|---|
//! | map run | its ARN | `run` | twice a chunk: when it was read, and when a group of lanes takes it |
//! | map run of an execution | the execution's ARN | `<start>#<map run ARN>` | once |
//! | chunk | the map run's ARN | its number | once, never changed |
//! | lanes | the map run's ARN | the group's number | once for all children that end at about the same time |

use super::{Document, DocumentKind};
use crate::ExecutionArn;
use crate::records::is_default;
use baton_engine::{ScopePath, Sequence};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::AddAssign;
use std::sync::Arc;

/// A map run: what it is, how far it has been read and handed out, and how it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MapRunState {
    /// The execution.
    pub execution: Arc<str>,
    /// The scope of the record that waits for it.
    pub scope: String,
    /// The number of that record.
    pub sequence: u32,
    /// The children's state machine, with its label.
    pub machine: Arc<str>,
    /// Whether the children are Express executions.
    #[serde(default, skip_serializing_if = "is_default")]
    pub is_express: bool,
    /// When it began.
    pub started_millis: i64,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped_millis: Option<i64>,
    /// How it stands.
    pub status: MapRunStatus,
    /// Why it fails: set before it has ended. From then on no child is started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<MapRunFailure>,
    /// `maxConcurrency`: 0 stands for as many as possible.
    pub concurrency_max: u32,
    /// `toleratedFailureCount`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerated_count: Option<u64>,
    /// `toleratedFailurePercentage`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerated_percentage: Option<f64>,
    /// How many chunks the manifest has so far.
    pub chunks: u32,
    /// How many children those hold.
    pub children: u64,
    /// How many items.
    pub items: u64,
    /// Whether the manifest is complete.
    pub is_read: bool,
    /// The first chunk that no group of lanes has taken.
    pub next: u32,
    /// The chunk that each group took last. A group that is not listed has never had one.
    pub taken: Vec<Option<u32>>,
    /// Groups with free lanes and nothing to put on them; true if all their lanes are free.
    pub hungry: BTreeMap<u32, bool>,
    /// How often it was redriven.
    #[serde(default, skip_serializing_if = "is_default")]
    pub redrives: u32,
    /// When it was redriven last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redriven_millis: Option<i64>,
    /// How its children stood when it was redriven last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<MapCounts>,
    /// The record that is to go on with it as soon as everything of it stands still: its scope and its number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub awaited_by: Option<(String, u32)>,
    /// How many children's results were written to S3.
    #[serde(default, skip_serializing_if = "is_default")]
    pub results_written: u64,
    /// How many items those had worked on.
    #[serde(default, skip_serializing_if = "is_default")]
    pub items_written: u64,
    /// How its children stand, once the run has ended and everything of it stands still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub final_counts: Option<MapCounts>,
}

/// `status` of a map run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the API's values")]
pub enum MapRunStatus {
    Running,
    Succeeded,
    Failed,
    Aborted,
}

impl MapRunStatus {
    /// As the API spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            MapRunStatus::Running => "RUNNING",
            MapRunStatus::Succeeded => "SUCCEEDED",
            MapRunStatus::Failed => "FAILED",
            MapRunStatus::Aborted => "ABORTED",
        }
    }
}

/// Why a map run fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MapRunFailure {
    /// The error's name.
    pub error: String,
    /// The cause.
    pub cause: String,
    /// Whether no handler may see it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub is_terminal: bool,
}

impl Document for MapRunState {
    const KIND: DocumentKind = DocumentKind::MapRun;
}

impl MapRunState {
    /// The key.
    pub const KEY: &'static str = "run";

    /// Whether children are still to be started.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.status == MapRunStatus::Running && self.failure.is_none()
    }

    /// Whether every child that was started has ended, and none is to be.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        let groups = u32::try_from(self.taken.len()).unwrap_or(u32::MAX);
        let has_all_taken = !self.is_open() || (self.is_read && self.next >= self.chunks);
        has_all_taken && (0..groups).all(|group| self.hungry.get(&group) == Some(&true))
    }

    /// How many groups of lanes there are, in use or not.
    #[must_use]
    pub fn groups(&self) -> u32 {
        self.lanes().div_ceil(self.lanes_per_group())
    }

    /// How many children a group may have at a time.
    #[must_use]
    pub fn share(&self, group: u32) -> u32 {
        let (lanes, groups) = (self.lanes(), self.groups().max(1));
        if group >= groups {
            // A group beyond those of a concurrency that was lowered works off what it has, one by one.
            return 1;
        }
        let more = u32::from(group < lanes.checked_rem(groups).unwrap_or_default());
        lanes.checked_div(groups).unwrap_or_default().saturating_add(more)
    }

    /// How many children there may be at a time.
    #[must_use]
    pub fn lanes(&self) -> u32 {
        Self::lanes_of(self.concurrency_max)
    }

    /// How many children there may be at a time, by `maxConcurrency`.
    #[must_use]
    pub fn lanes_of(concurrency_max: u32) -> u32 {
        match concurrency_max {
            0 => Self::CONCURRENCY_MAX,
            wanted => wanted.min(Self::CONCURRENCY_MAX),
        }
    }

    /// How many lanes a group has at most. One process runs all Express children of a group.
    fn lanes_per_group(&self) -> u32 {
        if self.is_express { 100 } else { 25 }
    }

    /// The most children of a map run at a time (DMAP-04).
    pub const CONCURRENCY_MAX: u32 = 10_000;

    /// Takes as many groups out of the hungry as there are chunks that nobody has taken, and answers which.
    pub fn feed(&mut self) -> Vec<u32> {
        let waiting = self.chunks.saturating_sub(self.next);
        if !self.is_open() || waiting == 0 {
            return Vec::new();
        }
        let (groups, waiting) = (self.groups(), waiting as usize);
        let mut fed: Vec<u32> =
            self.hungry.keys().copied().filter(|group| *group < groups).take(waiting).collect();
        for group in &fed {
            self.hungry.remove(group);
        }
        let fresh = u32::try_from(self.taken.len()).unwrap_or(u32::MAX);
        let more = (fresh..groups).take(waiting.saturating_sub(fed.len()));
        for group in more {
            self.taken.push(None);
            fed.push(group);
        }
        fed
    }

    /// The groups that have something to do.
    #[must_use]
    pub fn busy_groups(&self) -> Vec<u32> {
        let groups = u32::try_from(self.taken.len()).unwrap_or(u32::MAX);
        (0..groups).filter(|group| self.hungry.get(group) != Some(&true)).collect()
    }

    /// The scope and the number of the record that waits for it.
    #[must_use]
    pub fn place(&self) -> Option<(ScopePath, Sequence)> {
        Some((self.scope.parse().ok()?, Sequence(self.sequence)))
    }

    /// Whether this is the record that waits for it, and not one that waited before a redrive or is to after one.
    #[must_use]
    pub fn is_awaited_by(&self, scope: &ScopePath, sequence: Sequence) -> bool {
        self.sequence == sequence.0 && self.scope == scope.to_string()
    }

    /// Whether nothing more comes of it but by a redrive: it has ended, its children stand still, its results are written.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        match self.status {
            MapRunStatus::Running => false,
            MapRunStatus::Succeeded | MapRunStatus::Failed => true,
            MapRunStatus::Aborted => self.final_counts.is_some(),
        }
    }

    /// Lets it go on, awaited by this record, with the children that have not succeeded. Its limits stay as they are.
    pub fn redrive(&mut self, redrives: u32, millis: i64, (scope, sequence): (String, u32)) {
        (self.scope, self.sequence) = (scope, sequence);
        (self.redrives, self.redriven_millis) = (redrives, Some(millis));
        (self.status, self.stopped_millis, self.failure) = (MapRunStatus::Running, None, None);
        (self.next, self.taken, self.hungry) = (0, Vec::new(), BTreeMap::new());
        (self.results_written, self.items_written) = (0, 0);
        self.before = Some(self.final_counts.take().unwrap_or_default());
        self.awaited_by = None;
    }

    /// How many items may fail, where that is known by now.
    #[must_use]
    pub fn tolerated(&self) -> Option<u64> {
        let by_percentage = match self.tolerated_percentage {
            None => None,
            Some(percentage) if percentage >= 100.0 => Some(u64::MAX),
            Some(_) if !self.is_read => return None,
            Some(percentage) =>
            {
                #[expect(
                    clippy::cast_precision_loss,
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "between 0 and at most a hundred million items"
                )]
                Some((self.items as f64 * percentage / 100.0).floor() as u64)
            }
        };
        Some(match (self.tolerated_count, by_percentage) {
            (None, None) => 0,
            (Some(limit), None) | (None, Some(limit)) => limit,
            // Whichever is exceeded first fails the run.
            (Some(count), Some(percentage)) => count.min(percentage),
        })
    }
}

/// That an execution has a map run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MapRunOf {
    /// The map run.
    pub map_run_arn: Arc<str>,
    /// The children's state machine, with its label.
    pub machine: Arc<str>,
    /// When it began.
    pub started_millis: i64,
}

impl Document for MapRunOf {
    const KIND: DocumentKind = DocumentKind::MapRunOf;
}

impl MapRunOf {
    /// The key: the run that began first comes first.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{:014} {}", self.started_millis, self.map_run_arn)
    }
}

/// A part of the manifest: the inputs of children that follow one another. A chunk says where reading goes on behind it, so that
/// whoever finds the newest one can go on.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MapChunk {
    /// The children.
    #[serde(rename = "c")]
    pub children: Vec<MapChild>,
    /// How many items lie before this chunk's first.
    #[serde(rename = "f")]
    pub first_item: u64,
    /// Where reading goes on; nothing behind the last chunk.
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Value>,
}

/// A child that is to be started.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MapChild {
    /// Its input.
    #[serde(rename = "i")]
    pub input: Box<RawValue>,
    /// How many items that holds.
    #[serde(rename = "n", default = "one", skip_serializing_if = "is_one")]
    pub items: u32,
}

impl Document for MapChunk {
    const KIND: DocumentKind = DocumentKind::MapChunk;
}

impl MapChunk {
    /// How many items the chunk holds.
    #[must_use]
    pub fn items(&self) -> u64 {
        self.children.iter().map(|child| u64::from(child.items)).sum()
    }
}

/// The key of a chunk, or of a group's lanes.
#[must_use]
pub fn map_key(number: u32) -> String {
    format!("{number:010}")
}

/// What a group of lanes is doing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MapLanes {
    /// For which redrive of the run.
    #[serde(default, skip_serializing_if = "is_default")]
    pub redrives: u32,
    /// The chunk that was taken last, as the run has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chunk: Option<u32>,
    /// The places of that chunk that are still to be started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<MapOpen>,
    /// The children under way.
    pub running: Vec<Running>,
    /// The children that have ended.
    pub counts: MapCounts,
    /// In a redrive: children of the open chunk or under way that had ended badly before, and go on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub again: Vec<Again>,
    /// In a redrive: how the children stood before that it has taken up so far.
    #[serde(default, skip_serializing_if = "MapCounts::is_empty")]
    pub taken_up: MapCounts,
    /// In a redrive: children, and items in them, that had ended badly and cannot be redriven.
    #[serde(default, skip_serializing_if = "is_default")]
    pub not_redrivable: [u64; 2],
    /// How many failed items make it worth looking at all groups' counts again.
    #[serde(default, skip_serializing_if = "is_default")]
    pub look_at: u64,
    /// Whether nothing more is to be started, and what runs to be stopped.
    #[serde(default, skip_serializing_if = "is_default")]
    pub is_closed: bool,
    /// The number of the next piece of results, where the children are Express executions.
    #[serde(default, skip_serializing_if = "is_default")]
    pub pieces: u32,
    /// Who runs those children.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<MapWorker>,
}

/// A process that runs the Express children of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MapWorker {
    /// Its name.
    pub name: Arc<str>,
    /// Until when it is taken to be alive.
    pub until_millis: i64,
}

/// A child under way: chunk, place, items, and the child whose end made room for it. An Express child is under way until its
/// result is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running(pub u32, pub u32, pub u32, pub Option<(u32, u32)>);

/// A child that had ended badly and is redriven with its run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Again {
    /// The chunk.
    #[serde(rename = "c")]
    pub chunk: u32,
    /// Its place there.
    #[serde(rename = "p")]
    pub place: u32,
    /// How it had ended, by its place in [`MapCounts`].
    #[serde(rename = "s")]
    pub status: u8,
    /// How often it had been redriven: once it has been more often, it is this redrive's.
    #[serde(rename = "r")]
    pub redrives: u32,
}

impl MapLanes {
    /// What is known of a child that is to go on, or has gone on, after it had ended badly.
    #[must_use]
    pub fn again(&self, chunk: u32, place: u32) -> Option<&Again> {
        self.again.iter().find(|again| (again.chunk, again.place) == (chunk, place))
    }

    /// Notes that a child is put on a lane: in a redrive it does not wait any more as it stood before.
    pub fn take_up(&mut self, chunk: u32, place: u32, items: u32) {
        if let Some(status) = self.again(chunk, place).map(|again| again.status) {
            self.taken_up.add_at(status, items);
        }
    }
}

/// The token of the request that redrives a child with its run. It says which lanes are to hear of the child's end.
#[must_use]
pub fn map_redrive_token(redrives: u32, group: u32) -> String {
    format!("map-run-redrive {redrives} {group}")
}

/// The redrive of the run, and the group of lanes, that a child's token names.
#[must_use]
pub fn map_redrive(token: &str) -> Option<(u32, u32)> {
    let (redrives, group) = token.strip_prefix("map-run-redrive ")?.split_once(' ')?;
    Some((redrives.parse().ok()?, group.parse().ok()?))
}

/// The rest of a chunk.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MapOpen {
    /// The first place that may not have been started.
    pub from: u32,
    /// The place behind the last.
    pub to: u32,
    /// Places between that need not be started: in a redrive, children that had succeeded.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub done: BTreeSet<u32>,
}

impl MapOpen {
    /// Whether there is a place left to start.
    #[must_use]
    pub fn has_more(&self) -> bool {
        (self.from..self.to).any(|place| !self.done.contains(&place))
    }

    /// A place that need not be started.
    pub fn pass(&mut self, place: u32) {
        if (self.from..self.to).contains(&place) {
            self.done.insert(place);
        }
    }

    /// The next place to start.
    pub fn take(&mut self) -> Option<u32> {
        while self.from < self.to {
            let place = self.from;
            self.from = self.from.saturating_add(1);
            if !self.done.contains(&place) {
                return Some(place);
            }
        }
        None
    }
}

/// Children, and items in them, by how they ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MapCounts {
    /// Of children: succeeded, failed, timed out, aborted.
    pub children: [u64; 4],
    /// Of items.
    pub items: [u64; 4],
}

impl MapCounts {
    /// Counts a child. A running one is not counted.
    pub fn add(&mut self, status: crate::StatusName, items: u32) {
        if let Some(place) = Self::place(status) {
            self.add_at(place, items);
        }
    }

    /// Counts a child at the place of its status.
    pub fn add_at(&mut self, place: u8, items: u32) {
        for (counts, more) in [(&mut self.children, 1), (&mut self.items, u64::from(items))] {
            if let Some(count) = counts.get_mut(usize::from(place)) {
                *count = count.saturating_add(more);
            }
        }
    }

    /// Where children of this status are counted; nothing for those that have not ended.
    #[must_use]
    pub fn place(status: crate::StatusName) -> Option<u8> {
        match status {
            crate::StatusName::Succeeded => Some(0),
            crate::StatusName::Failed => Some(1),
            crate::StatusName::TimedOut => Some(2),
            crate::StatusName::Aborted => Some(3),
            crate::StatusName::Running | crate::StatusName::PendingRedrive => None,
        }
    }

    /// What these are more than others.
    #[must_use]
    pub fn without(mut self, others: Self) -> Self {
        for (count, less) in self.children.iter_mut().zip(others.children) {
            *count = count.saturating_sub(less);
        }
        for (count, less) in self.items.iter_mut().zip(others.items) {
            *count = count.saturating_sub(less);
        }
        self
    }

    /// Takes the children that had not succeeded out; answers how many, and items in them.
    pub fn take_unsuccessful(&mut self) -> [u64; 2] {
        [&mut self.children, &mut self.items].map(|[_, failed, timed_out, aborted]| {
            [failed, timed_out, aborted]
                .into_iter()
                .fold(0_u64, |sum, count| sum.saturating_add(std::mem::take(count)))
        })
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Items that count as failed for the thresholds.
    #[must_use]
    pub fn failed_items(&self) -> u64 {
        let [_, failed, timed_out, _] = self.items;
        failed.saturating_add(timed_out)
    }
}

impl AddAssign for MapCounts {
    fn add_assign(&mut self, other: Self) {
        for (count, more) in self.children.iter_mut().zip(other.children) {
            *count = count.saturating_add(more);
        }
        for (count, more) in self.items.iter_mut().zip(other.items) {
            *count = count.saturating_add(more);
        }
    }
}

impl Document for MapLanes {
    const KIND: DocumentKind = DocumentKind::MapLanes;
}

/// The name of a map run's child: a UUID that follows from its place, so that whoever starts it again finds it there.
#[must_use]
pub fn map_child_name(map_run_arn: &str, chunk: u32, place: u32) -> String {
    let digest = Sha256::digest(format!("{map_run_arn} {chunk} {place}"));
    let bits = digest.iter().take(16).fold(0_u128, |bits, byte| (bits << 8) | u128::from(*byte));
    // The version and variant bits of RFC 9562 for names of one's own making.
    let bits = bits & !(0xf << 76) & !(0x3 << 62) | (0x8 << 76) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    let parts = [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)];
    parts.map(|(from, to)| hex.get(from..to).unwrap_or_default()).join("-")
}

/// The ARN of a map run's child.
#[must_use]
pub fn map_child_arn(
    machine: &crate::MachineArn,
    map_run_arn: &str,
    chunk: u32,
    place: u32,
) -> ExecutionArn {
    ExecutionArn::of(machine, &map_child_name(map_run_arn, chunk, place))
}

/// How many items a child has where that is not written.
pub(super) fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
pub(super) fn is_one(value: &u32) -> bool {
    *value == 1
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;
    use super::*;

    fn run() -> MapRunState {
        MapRunState {
            execution: "x".into(),
            scope: "top".to_owned(),
            sequence: 3,
            machine: "m/l".into(),
            is_express: false,
            started_millis: 1,
            stopped_millis: None,
            status: MapRunStatus::Running,
            failure: None,
            concurrency_max: 60,
            tolerated_count: None,
            tolerated_percentage: None,
            chunks: 0,
            children: 0,
            items: 0,
            is_read: false,
            next: 0,
            taken: Vec::new(),
            hungry: BTreeMap::new(),
            redrives: 0,
            redriven_millis: None,
            before: None,
            awaited_by: None,
            results_written: 0,
            items_written: 0,
            final_counts: None,
        }
    }

    #[test]
    fn documents_read_back() {
        let mut run = run();
        run.taken = vec![Some(1), None];
        run.hungry = [(1, true)].into();
        check(
            &run,
            r#"{"v":1,"d":{"execution":"x","scope":"top","sequence":3,"machine":"m/l","startedMillis":1,"status":"RUNNING","concurrencyMax":60,"chunks":0,"children":0,"items":0,"isRead":false,"next":0,"taken":[1,null],"hungry":{"1":true}}}"#,
        );
        let lanes = MapLanes {
            chunk: Some(2),
            open: Some(MapOpen { from: 1, to: 9, done: BTreeSet::new() }),
            running: vec![Running(2, 0, 5, None), Running(2, 1, 5, Some((1, 9)))],
            ..MapLanes::default()
        };
        check(
            &lanes,
            r#"{"v":1,"d":{"chunk":2,"open":{"from":1,"to":9},"running":[[2,0,5,null],[2,1,5,[1,9]]],"counts":{"children":[0,0,0,0],"items":[0,0,0,0]}}}"#,
        );
        let of = MapRunOf { map_run_arn: "a".into(), machine: "m/l".into(), started_millis: 7 };
        assert_eq!(of.key(), "00000000000007 a");
        check(&of, r#"{"v":1,"d":{"mapRunArn":"a","machine":"m/l","startedMillis":7}}"#);
    }

    #[test]
    fn a_group_of_express_children_has_more_lanes() {
        let run = MapRunState { concurrency_max: 0, is_express: true, ..run() };
        assert_eq!((run.groups(), run.share(99)), (100, 100));
    }

    #[test]
    fn every_lane_belongs_to_one_group() {
        for (wanted, groups, last) in
            [(1, 1, 1), (25, 1, 25), (61, 3, 20), (0, 400, 25), (u32::MAX, 400, 25)]
        {
            let run = MapRunState { concurrency_max: wanted, ..run() };
            assert_eq!((run.groups(), run.share(groups - 1)), (groups, last), "{wanted}");
            let lanes: u32 = (0..groups).map(|group| run.share(group)).sum();
            assert_eq!(lanes, if wanted == 0 { 10_000 } else { wanted.min(10_000) });
        }
    }

    #[test]
    fn hungry_groups_are_fed_before_new_ones() {
        let mut run = MapRunState { chunks: 2, taken: vec![None], ..run() };
        run.hungry = [(0, false)].into();
        assert_eq!(run.feed(), [0, 1]);
        assert_eq!((run.taken.len(), run.hungry.len()), (2, 0));
        run.next = 2;
        assert!(run.feed().is_empty());
    }

    #[test]
    fn a_run_is_drained_once_all_is_taken_and_every_lane_is_free() {
        let mut run = MapRunState { is_read: true, ..run() };
        assert!(run.is_drained());
        run.chunks = 1;
        assert!(!run.is_drained());
        (run.next, run.taken) = (1, vec![Some(0)]);
        assert!(!run.is_drained());
        run.hungry = [(0, false)].into();
        assert!(!run.is_drained());
        run.hungry = [(0, true)].into();
        assert!(run.is_drained());
    }

    #[test]
    fn a_redrive_begins_with_the_first_chunk_and_what_had_become_of_the_children() {
        let mut run = MapRunState { is_read: true, chunks: 2, next: 2, ..run() };
        (run.taken, run.hungry) = (vec![Some(1)], [(0, true)].into());
        let counts = MapCounts { children: [3, 2, 0, 1], items: [30, 20, 0, 10] };
        (run.status, run.final_counts) = (MapRunStatus::Aborted, Some(counts));
        assert!(run.is_settled() && run.is_drained());
        run.redrive(1, 77, ("top".to_owned(), 5));
        assert!(!run.is_settled() && run.is_open() && run.is_read);
        assert!(run.is_awaited_by(&ScopePath::top(), Sequence(5)));
        assert_eq!((run.before, run.redriven_millis, run.next), (Some(counts), Some(77), 0));
        assert_eq!(run.feed(), [0, 1]);
        let kept = serde_json::to_string(&run).unwrap();
        assert_eq!(serde_json::from_str::<MapRunState>(&kept).unwrap(), run);
    }

    #[test]
    fn a_token_names_the_lanes_that_hear_of_the_end() {
        assert_eq!(map_redrive(&map_redrive_token(3, 12)), Some((3, 12)));
        for other in ["", "3 12", "map-run-redrive 3", "map-run-redrive x 1"] {
            assert_eq!(map_redrive(other), None);
        }
    }

    #[test]
    fn what_is_not_taken_up_yet_is_the_rest() {
        let mut before = MapCounts { children: [3, 2, 1, 1], items: [9, 8, 7, 6] };
        let mut taken_up = MapCounts::default();
        taken_up.add(crate::StatusName::Failed, 4);
        before = before.without(taken_up);
        assert_eq!(before, MapCounts { children: [3, 1, 1, 1], items: [9, 4, 7, 6] });
        assert_eq!(before.take_unsuccessful(), [3, 17]);
        assert_eq!(before, MapCounts { children: [3, 0, 0, 0], items: [9, 0, 0, 0] });
    }

    #[test]
    fn the_stricter_threshold_counts() {
        let check = |count, percentage, is_read, expected| {
            let run = MapRunState {
                tolerated_count: count,
                tolerated_percentage: percentage,
                items: 201,
                is_read,
                ..run()
            };
            assert_eq!(run.tolerated(), expected, "{count:?} {percentage:?}");
        };
        check(None, None, false, Some(0));
        check(Some(3), None, false, Some(3));
        check(None, Some(10.0), false, None);
        check(None, Some(10.0), true, Some(20));
        check(Some(30), Some(10.0), true, Some(20));
        check(None, Some(100.0), false, Some(u64::MAX));
    }

    #[test]
    fn a_childs_name_follows_from_its_place() {
        let name = map_child_name("a", 1, 2);
        assert_eq!(name, map_child_name("a", 1, 2));
        assert_ne!(name, map_child_name("a", 2, 1));
        assert_eq!(name.len(), 36);
    }
}
