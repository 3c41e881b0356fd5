//! DescribeMapRun, ListMapRuns, UpdateMapRun, and ListExecutions by map run.

use super::{LONG_ARN, items_max};
use crate::members::Members;
use crate::names::execution_arn;
use crate::time::Epoch;
use crate::token::Listing;
use crate::{Api, ApiError};
use baton_driver::{MapProgress, NotRedrivable, Tasks};
use baton_store::documents::{
    self, MapChunk, MapRunOf, MapRunState, MapRunStatus, map_child_arn, map_key,
};
use baton_store::{Backend, Header, MachineArn, StatusName};
use futures_util::future::try_join_all;
use jiff::Timestamp;
use serde::Serialize;
use std::sync::Arc;

/// How many children are looked at for one page at most, wanted or not.
const SCAN_MAX: u32 = 2_000;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Description {
    map_run_arn: String,
    execution_arn: Arc<str>,
    status: &'static str,
    start_date: Epoch,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_date: Option<Epoch>,
    max_concurrency: u32,
    tolerated_failure_percentage: f64,
    tolerated_failure_count: u64,
    item_counts: Counts,
    execution_counts: Counts,
    redrive_count: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    redrive_date: Option<Epoch>,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Counts {
    pending: u64,
    running: u64,
    succeeded: u64,
    failed: u64,
    timed_out: u64,
    aborted: u64,
    total: u64,
    results_written: u64,
    failures_not_redrivable: u64,
    pending_redrive: u64,
}

pub(super) async fn describe<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    body: &[u8],
) -> Result<Description, ApiError> {
    let mut members = Members::parse(body)?;
    let arn = members.required_text("mapRunArn", LONG_ARN)?;
    members.finish()?;
    let state = find(api, &arn).await?.value;
    let progress = api.driver.map_progress(&arn, &state).await?;
    let [children, items] = counts(&state, &progress);
    Ok(Description {
        execution_arn: state.execution.clone(),
        status: state.status.as_str(),
        start_date: epoch(state.started_millis),
        stop_date: state.stopped_millis.map(epoch),
        max_concurrency: state.concurrency_max,
        tolerated_failure_percentage: state.tolerated_percentage.unwrap_or_default(),
        tolerated_failure_count: state.tolerated_count.unwrap_or_default(),
        item_counts: items,
        execution_counts: children,
        redrive_count: state.redrives,
        redrive_date: state.redriven_millis.map(epoch),
        map_run_arn: arn,
    })
}

/// The counts of the children, and of the items in them.
fn counts(state: &MapRunState, progress: &MapProgress) -> [Counts; 2] {
    let MapProgress { ended, running, running_items, pending_redrive, not_redrivable } = progress;
    let counts = |ended: [u64; 4], running: u64, [pending_redrive, not_redrivable]: [u64; 2]| {
        let [succeeded, failed, timed_out, aborted] = ended;
        Counts {
            running,
            succeeded,
            failed,
            timed_out,
            aborted,
            failures_not_redrivable: not_redrivable,
            pending_redrive,
            ..Counts::default()
        }
    };
    let [children_pending, items_pending] = *pending_redrive;
    let [children_final, items_final] = *not_redrivable;
    let children = counts(ended.children, *running, [children_pending, children_final]);
    let items = counts(ended.items, *running_items, [items_pending, items_final]);
    [
        children.with_total(state.children, state.results_written),
        items.with_total(state.items, state.items_written),
    ]
}

impl Counts {
    fn with_total(self, total: u64, results_written: u64) -> Self {
        let known = [self.running, self.succeeded, self.failed, self.timed_out, self.aborted]
            .into_iter()
            .fold(self.pending_redrive, u64::saturating_add);
        Counts { pending: total.saturating_sub(known), total, results_written, ..self }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listed {
    map_runs: Vec<ListedRun>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ListedRun {
    execution_arn: String,
    map_run_arn: Arc<str>,
    state_machine_arn: Arc<str>,
    start_date: Epoch,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_date: Option<Epoch>,
}

pub(super) async fn list<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    body: &[u8],
) -> Result<Listed, ApiError> {
    let mut members = Members::parse(body)?;
    let arn = members.required_text("executionArn", super::ARN)?;
    let items_max = items_max(&mut members)?;
    let token = members.text("nextToken", super::LONG_ARN)?;
    members.finish()?;
    let header = api.header(&execution_arn(&arn)?).await?;
    let group = header.execution.arn.to_string();
    let arguments = ["ListMapRuns", &group];
    let listing = Listing(&arguments);
    let from = token.as_ref().map(|token| listing.open(api.now(), token)).transpose()?;
    let page =
        documents::list::<MapRunOf>(api.backend(), &group, items_max, from.as_deref()).await?;
    let mut map_runs = Vec::with_capacity(page.items.len());
    for (_, held) in page.items {
        let MapRunOf { map_run_arn, machine, started_millis } = held.value;
        let state = documents::find::<MapRunState>(api.backend(), &map_run_arn, MapRunState::KEY);
        let stopped = state.await?.and_then(|state| state.value.stopped_millis);
        map_runs.push(ListedRun {
            execution_arn: group.clone(),
            map_run_arn,
            state_machine_arn: machine,
            start_date: epoch(started_millis),
            stop_date: stopped.map(epoch),
        });
    }
    let next_token = page.next.map(|place| listing.seal(api.now(), &place));
    Ok(Listed { map_runs, next_token })
}

#[derive(Debug, Serialize)]
pub(super) struct Updated {}

pub(super) async fn update<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    body: &[u8],
) -> Result<Updated, ApiError> {
    let mut members = Members::parse(body)?;
    let arn = members.required_text("mapRunArn", LONG_ARN)?;
    let concurrency = members.integer("maxConcurrency", 0..=i64::from(u32::MAX))?;
    let count = members.integer("toleratedFailureCount", 0..=i64::MAX)?;
    let percentage = members.number("toleratedFailurePercentage", 0.0..=100.0)?;
    members.finish()?;
    if find(api, &arn).await?.value.status != MapRunStatus::Running {
        let message = "Map Run is completed and cannot be updated.";
        return Err(ApiError::validation(message));
    }
    let change = |state: &mut MapRunState| {
        if let Some(concurrency) = concurrency.and_then(|it| u32::try_from(it).ok()) {
            state.concurrency_max = concurrency;
        }
        state.tolerated_count =
            count.and_then(|it| u64::try_from(it).ok()).or(state.tolerated_count);
        state.tolerated_percentage = percentage.or(state.tolerated_percentage);
    };
    api.driver.update_map_run(&arn, change).await?;
    Ok(Updated {})
}

async fn find<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    arn: &str,
) -> Result<documents::Held<MapRunState>, ApiError> {
    if !arn.starts_with("arn:") {
        return Err(ApiError::invalid_arn(&format!("Invalid ARN prefix: {arn}")));
    }
    let found = documents::find(api.backend(), arn, MapRunState::KEY).await?;
    found.ok_or_else(|| ApiError::no_such_resource(arn))
}

/// Which children of a map run are wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub(super) status: Option<StatusName>,
    pub(super) is_redriven: Option<bool>,
    pub(super) items_max: u32,
}

/// A child with its status, which its header alone does not tell.
type Child = (Arc<Header>, StatusName);

/// The children of a map run from a place on, as far as they are wanted; where the next page begins.
pub(super) async fn children<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    arn: &str,
    wanted: Wanted,
    from: Option<&str>,
) -> Result<(Vec<Child>, Option<String>), ApiError> {
    let state = find(api, arn).await?.value;
    let place = from.and_then(|text| text.split_once(' '));
    let place = place.and_then(|(a, b)| Some((a.parse::<u32>().ok()?, b.parse::<u32>().ok()?)));
    let (mut chunk, mut at) = place.unwrap_or_default();
    let (mut found, mut seen) = (Vec::new(), 0_u32);
    while chunk < state.chunks {
        for header in chunk_children(api, &state, arn, chunk, at).await? {
            if found.len() >= wanted.items_max as usize || seen >= SCAN_MAX {
                return Ok((found, Some(format!("{chunk} {at}"))));
            }
            (at, seen) = (at.saturating_add(1), seen.saturating_add(1));
            let Some(header) = header else { continue };
            let status = status(&state, &header, api.now());
            let redriven = header.execution.redrives.count > 0;
            if wanted.status.is_none_or(|wanted| wanted == status)
                && wanted.is_redriven.is_none_or(|wanted| wanted == redriven)
            {
                found.push((header, status));
            }
        }
        (chunk, at) = (chunk.saturating_add(1), 0);
    }
    Ok((found, None))
}

/// A child's status: in a redrive of its run, what had ended badly before waits for it.
fn status(state: &MapRunState, child: &Header, now: Timestamp) -> StatusName {
    let redriven = state.redriven_millis.filter(|_| state.is_open());
    let stopped = child.status.stopped().map(Timestamp::as_millisecond);
    let is_before = redriven.zip(stopped).is_some_and(|(redriven, stopped)| stopped <= redriven);
    if is_before && NotRedrivable::of(child, now).is_none() {
        return StatusName::PendingRedrive;
    }
    child.status.name()
}

/// The status of an execution, which may be a child of a map run.
pub(super) async fn child_status<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    header: &Header,
) -> Result<StatusName, ApiError> {
    let Some(child) = header.map_run().filter(|_| header.status.is_ended()) else {
        return Ok(header.status.name());
    };
    let state = documents::find(api.backend(), &child.map_run_arn, MapRunState::KEY).await?;
    let of_run = state.map(|state| status(&state.value, header, api.now()));
    Ok(of_run.unwrap_or_else(|| header.status.name()))
}

/// The children of a chunk from a place on. Of Express children, those that have ended.
async fn chunk_children<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    state: &MapRunState,
    arn: &str,
    chunk: u32,
    from: u32,
) -> Result<Vec<Option<Arc<Header>>>, ApiError> {
    if state.is_express {
        let children = api.driver.ended_express_children(arn, chunk).await;
        let children = children.map_err(|error| ApiError::unavailable(&error))?;
        return Ok(children.into_iter().skip(from as usize).collect());
    }
    let machine = MachineArn::trusted(state.machine.clone());
    let read = documents::find::<MapChunk>(api.backend(), arn, &map_key(chunk)).await?;
    let children = read.map_or(0, |read| read.value.children.len());
    let width = u32::try_from(children).unwrap_or(u32::MAX);
    let arns: Vec<_> =
        (from..width).map(|place| map_child_arn(&machine, arn, chunk, place)).collect();
    Ok(try_join_all(arns.iter().map(|arn| api.backend().header(arn))).await?)
}

/// How many items a child works on, as far as that is known.
pub(super) async fn item_count<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    child: &baton_store::MapRunChild,
) -> Result<Option<u32>, ApiError> {
    let key = map_key(child.chunk);
    let read = documents::find::<MapChunk>(api.backend(), &child.map_run_arn, &key).await?;
    Ok(read.and_then(|read| Some(read.value.children.get(child.place as usize)?.items)))
}

fn epoch(millis: i64) -> Epoch {
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH).into()
}
