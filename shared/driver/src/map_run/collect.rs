//! The end of a map run: its thresholds, its results, and the outcome for the record that waits.

use super::InRun;
use super::lanes::{THRESHOLD_CAUSE, THRESHOLD_EXCEEDED};
use crate::driver::Driver;
use crate::error::Halt;
use crate::limits::SPAWNS_AT_ONCE;
use crate::take::{Dropped, Taken};
use crate::tasks::Tasks;
use baton_engine::{Failure, FailureKind, Outcome, Payload};
use baton_store::documents::{MapCounts, MapRunFailure, MapRunState, MapRunStatus};
use baton_store::{Backend, Header, Status};
use futures_util::future::try_join_all;
use serde_json::value::RawValue;
use std::sync::Arc;

impl<B: Backend, T: Tasks> Driver<B, T> {
    /// Ends a run whose lanes are all free, and lets the record that waits for it go on.
    pub(super) async fn collect(&self, of: InRun<'_>, _chunk: u32) -> Result<Taken, Halt> {
        let Some(held) = self.map_run_state(of.arn()).await? else { return Ok(Taken::Repeated) };
        let state = held.value;
        if state.status == MapRunStatus::Aborted {
            return Ok(Taken::Dropped(Dropped::Stale));
        }
        if state.status == MapRunStatus::Running && !state.is_drained() {
            return Ok(Taken::Repeated);
        }
        let (record, sequence) = (&of.record, of.record.sequence);
        if self.newest_if(&of.run.arn, &record.scope, sequence).await?.is_none() {
            return self.follow_if_newest(of.run, &record.scope, sequence.next()).await;
        }
        let counts = self.map_counts(of.arn(), &state).await?;
        let outcome = match self.verdict(of, &state, &counts).await? {
            Ok(output) => Outcome::MapRunSucceeded { output },
            Err(failure) => Outcome::MapRunFailed(failure),
        };
        self.set_ended(of, &outcome, counts).await?;
        self.move_on(of.run, of.marked, outcome).await
    }

    async fn verdict(
        &self,
        of: InRun<'_>,
        state: &MapRunState,
        counts: &MapCounts,
    ) -> Result<Result<Payload, Failure>, Halt> {
        if let Some(failure) = &state.failure {
            return Ok(Err(failure_of(failure)));
        }
        if state.tolerated().is_some_and(|tolerated| counts.failed_items() > tolerated) {
            return Ok(Err(Failure::new(THRESHOLD_EXCEEDED, THRESHOLD_CAUSE)));
        }
        self.outputs(of, state).await
    }

    async fn set_ended(
        &self,
        of: InRun<'_>,
        outcome: &Outcome,
        counts: MapCounts,
    ) -> Result<(), Halt> {
        let now = self.backend.now().as_millisecond();
        let status = match outcome {
            Outcome::MapRunSucceeded { .. } => MapRunStatus::Succeeded,
            _ => MapRunStatus::Failed,
        };
        self.change_map_run(of.arn(), |state| {
            let is_running = state.status == MapRunStatus::Running;
            if is_running {
                state.status = status;
                state.stopped_millis = Some(now);
                state.final_counts = Some(counts);
            }
            is_running
        })
        .await?;
        Ok(())
    }

    /// The children's outputs in the order of their items.
    async fn outputs(
        &self,
        of: InRun<'_>,
        state: &MapRunState,
    ) -> Result<Result<Payload, Failure>, Halt> {
        let bytes_max = of.run.execution().payload_bytes_max.unwrap_or(usize::MAX);
        let mut text = String::from("[");
        for chunk in 0..state.chunks {
            for header in self.children_of(of, chunk).await? {
                let Status::Succeeded { output, .. } = &header.status else { continue };
                if text.len() > 1 {
                    text.push(',');
                }
                text.push_str(output.text());
                if text.len() > bytes_max {
                    return Ok(Err(too_large(of)));
                }
            }
        }
        text.push(']');
        let whole = RawValue::from_string(text).map_err(|error| Halt::broken(&error))?;
        Ok(Ok(Payload::kept(whole.get()).map_err(|error| Halt::broken(&error))?))
    }

    /// The children of a chunk that were started, in order.
    pub(crate) async fn children_of(
        &self,
        of: InRun<'_>,
        chunk: u32,
    ) -> Result<Vec<Arc<Header>>, Halt> {
        let width = self.chunk(of.arn(), chunk).await?.children.len();
        let width = u32::try_from(width).unwrap_or(u32::MAX);
        let mut children = Vec::new();
        for start in (0..width).step_by(SPAWNS_AT_ONCE) {
            let end = width.min(start.saturating_add(u32::try_from(SPAWNS_AT_ONCE).unwrap_or(1)));
            let arns: Vec<_> = (start..end).map(|place| self.child_arn(of, chunk, place)).collect();
            let read = try_join_all(arns.iter().map(|arn| self.backend.header(arn))).await?;
            children.extend(read.into_iter().flatten());
        }
        Ok(children)
    }
}

fn failure_of(failure: &MapRunFailure) -> Failure {
    let kind = if failure.is_terminal { FailureKind::Terminal } else { FailureKind::Ordinary };
    Failure { kind, ..Failure::new(&failure.error, &failure.cause) }
}

fn too_large(of: InRun<'_>) -> Failure {
    let cause = format!(
        "The state/task '{}' returned a result with a size exceeding the maximum number of bytes service limit.",
        of.record.state
    );
    Failure::new(Failure::DATA_LIMIT_EXCEEDED, &cause)
}
