//! The end of a map run: its thresholds, its results, and the outcome for the record that waits.

use super::InRun;
use super::lanes::{THRESHOLD_CAUSE, THRESHOLD_EXCEEDED};
use crate::driver::Driver;
use crate::error::Halt;
use crate::take::{Dropped, Taken};
use crate::tasks::Tasks;
use baton_asl::states as asl;
use baton_engine::{Due, Failure, FailureKind, MapSignal, Outcome, Payload, Sequence, Signal};
use baton_items::results::{
    self, ChildExecution, ChildResult, OutputType, RedriveStatus, ResultKind, StateOutput,
    Transformation, WriterConfig, manifest,
};
use baton_store::documents::{MapCounts, MapRunFailure, MapRunState, MapRunStatus};
use baton_store::{Backend, Header, Status};
use std::sync::Arc;

/// Why there is no outcome yet.
pub(super) enum Uncollected {
    /// The results are not all written. Another cue goes on where this one stopped.
    Later,
    /// The execution can never go on, or the cue comes again.
    Halt(Halt),
}

impl<E: Into<Halt>> From<E> for Uncollected {
    fn from(error: E) -> Self {
        Uncollected::Halt(error.into())
    }
}

impl<B: Backend, T: Tasks> Driver<B, T> {
    /// Ends a run whose lanes are all free, and lets the record that waits for it go on.
    pub(super) async fn collect(&self, of: InRun<'_>) -> Result<Taken, Halt> {
        match self.try_collect(of).await {
            Ok(taken) => Ok(taken),
            Err(Uncollected::Later) => Ok(Taken::Advanced),
            Err(Uncollected::Halt(halt)) => Err(halt),
        }
    }

    async fn try_collect(&self, of: InRun<'_>) -> Result<Taken, Uncollected> {
        let Some(held) = self.map_run_state(of.arn()).await? else { return Ok(Taken::Repeated) };
        let state = held.value;
        if !of.is_current(&state) {
            return Ok(Taken::Dropped(Dropped::Stale));
        }
        if !state.is_drained() {
            return Ok(Taken::Repeated);
        }
        if state.status == MapRunStatus::Aborted {
            return self.settle(of, &state).await;
        }
        let (record, sequence) = (&of.record, of.record.sequence);
        if self.newest_if(&of.run.arn, &record.scope, sequence).await?.is_none() {
            return Ok(self.follow_if_newest(of.run, &record.scope, sequence.next()).await?);
        }
        let (progress, rest) = self.tally(of.arn(), &state).await?;
        let verdict = self.verdict(of, &state, progress.ended).await?;
        let mut counts = progress.ended;
        counts += rest;
        self.set_ended(of, &verdict, counts).await?;
        let outcome = match verdict.outcome {
            Ok(output) => Outcome::MapRunSucceeded { output },
            Err(failure) => Outcome::MapRunFailed(failure),
        };
        Ok(self.move_on(of.run, of.marked, outcome).await?)
    }

    /// Closes the books of a run that was aborted: its results are written, and a redrive that waits for it may begin.
    async fn settle(&self, of: InRun<'_>, state: &MapRunState) -> Result<Taken, Uncollected> {
        let mut state = state.clone();
        if !state.is_settled() {
            let (progress, rest) = self.tally(of.arn(), &state).await?;
            let mut counts = progress.ended;
            counts += rest;
            let has_written = self.export_unsuccessful(of, &state).await?;
            let settled = self
                .change_map_run(of.arn(), |state| {
                    let is_open = of.is_current(state) && !state.is_settled();
                    if is_open {
                        note_end(state, counts, has_written);
                    }
                    is_open
                })
                .await?;
            let Some(settled) = settled else { return Ok(Taken::Repeated) };
            state = settled;
        }
        if let Some((scope, sequence)) = &state.awaited_by
            && let Ok(scope) = scope.parse()
        {
            let begin = Signal::Map(MapSignal::Begin);
            let cue = of.run.cue(&scope, Sequence(*sequence), begin, Due::Now);
            self.backend.send(vec![cue]).await?;
        }
        Ok(Taken::Advanced)
    }

    async fn verdict(
        &self,
        of: InRun<'_>,
        state: &MapRunState,
        counts: MapCounts,
    ) -> Result<Verdict, Uncollected> {
        let is_over = || state.tolerated().is_some_and(|limit| counts.failed_items() > limit);
        let failure = match &state.failure {
            Some(failure) => Some(failure_of(failure)),
            None if is_over() => Some(Failure::new(THRESHOLD_EXCEEDED, THRESHOLD_CAUSE)),
            None => None,
        };
        // Once it has ended, all has been written.
        let is_ended = state.status != MapRunStatus::Running;
        if let Some(failure) = failure {
            let has_written = !is_ended && self.export_unsuccessful(of, state).await?;
            return Ok(Verdict { outcome: Err(failure), has_written });
        }
        let outcome = match &of.facts.export {
            Some(export) if is_ended => exported(of, export)?,
            Some(export) => self.export(of, state, export).await?,
            None => self.outputs(of, state).await?,
        };
        let has_written = outcome.is_ok() && of.facts.export.is_some();
        Ok(Verdict { outcome, has_written })
    }

    /// Writes the results of a run that ends badly, if any child was to be started. What stands against it is not why the run
    /// ends.
    async fn export_unsuccessful(
        &self,
        of: InRun<'_>,
        state: &MapRunState,
    ) -> Result<bool, Uncollected> {
        let Some(export) = of.facts.export.as_ref().filter(|_| state.children > 0) else {
            return Ok(false);
        };
        let written = self.export(of, state, export).await?;
        if let Err(failure) = &written {
            let cause = failure.cause.as_deref();
            tracing::warn!(map_run = of.arn(), cause, "the results were not written");
        }
        Ok(written.is_ok())
    }

    async fn set_ended(
        &self,
        of: InRun<'_>,
        verdict: &Verdict,
        counts: MapCounts,
    ) -> Result<(), Halt> {
        let now = self.backend.now().as_millisecond();
        self.change_map_run(of.arn(), |state| {
            let is_running = of.is_current(state) && state.status == MapRunStatus::Running;
            if is_running {
                // What it ends with, should this come again.
                state.failure = verdict.outcome.as_ref().err().map(kept_failure);
                let has_failed = state.failure.is_some();
                state.status =
                    if has_failed { MapRunStatus::Failed } else { MapRunStatus::Succeeded };
                state.stopped_millis = Some(now);
                note_end(state, counts, verdict.has_written);
            }
            is_running
        })
        .await?;
        Ok(())
    }

    /// The state's result: the children's outputs in the order of their items.
    async fn outputs(
        &self,
        of: InRun<'_>,
        state: &MapRunState,
    ) -> Result<Result<Payload, Failure>, Halt> {
        let bytes_max = of.run.execution().payload_bytes_max.unwrap_or(usize::MAX);
        let mut output = StateOutput::new(config(of), bytes_max);
        for chunk in 0..state.chunks {
            let read = self.chunk(of.arn(), chunk).await?;
            for (child, header) in read.children.iter().zip(self.children_of(of, chunk).await?) {
                let result = child_result(of, child.input.get(), header.as_deref());
                if result.kind == ResultKind::Succeeded && output.push(&result).is_err() {
                    return Ok(Err(Failure::too_large(of.record.state.as_str())));
                }
            }
        }
        Ok(match output.finish() {
            Ok(text) => Ok(Payload::kept(text).map_err(|error| Halt::broken(&error))?),
            Err(_) => Err(Failure::too_large(of.record.state.as_str())),
        })
    }
}

/// How a run ends, and whether its results were written to S3.
struct Verdict {
    outcome: Result<Payload, Failure>,
    has_written: bool,
}

fn note_end(state: &mut MapRunState, counts: MapCounts, has_written: bool) {
    state.final_counts = Some(counts);
    if has_written {
        state.results_written = counts.children.iter().sum();
        state.items_written = counts.items.iter().sum();
    }
}

/// Where the results go: the bucket and the keys' prefix.
pub(super) fn destination(export: &Payload) -> Option<(&str, &str)> {
    let text = |name: &str| export.value().get(name).and_then(serde_json::Value::as_str);
    Some((text("Bucket")?, text("Prefix").unwrap_or_default()))
}

/// The state's result where the children's were written to S3.
pub(super) fn exported(of: InRun<'_>, export: &Payload) -> Result<Result<Payload, Failure>, Halt> {
    let (bucket, prefix) = destination(export).unwrap_or_default();
    let (key, _) = manifest(bucket, prefix, of.arn(), |_| Vec::new());
    let result = results::exported(of.arn(), bucket, &key);
    Ok(Ok(Payload::kept(result).map_err(|error| Halt::broken(&error))?))
}

pub(super) fn kept_failure(failure: &Failure) -> MapRunFailure {
    let text = |part: &Option<Arc<str>>| part.as_deref().unwrap_or_default().to_owned();
    MapRunFailure {
        error: text(&failure.error),
        cause: text(&failure.cause),
        is_terminal: failure.kind == FailureKind::Terminal,
    }
}

fn failure_of(failure: &MapRunFailure) -> Failure {
    let kind = if failure.is_terminal { FailureKind::Terminal } else { FailureKind::Ordinary };
    Failure { kind, ..Failure::new(&failure.error, &failure.cause) }
}

/// How results are written: `WriterConfig`, its defaults filled in.
pub(super) fn config(of: InRun<'_>) -> WriterConfig {
    let writer = of.distributed.writer.as_ref();
    let default =
        if of.facts.export.is_some() { WriterConfig::EXPORTED } else { WriterConfig::NOT_EXPORTED };
    let transformation = writer.and_then(|writer| writer.transformation).map(|it| match it {
        asl::Transformation::None => Transformation::None,
        asl::Transformation::Compact => Transformation::Compact,
        asl::Transformation::Flatten => Transformation::Flatten,
    });
    let is_json_lines = writer.is_some_and(|writer| writer.is_json_lines);
    WriterConfig {
        transformation: transformation.unwrap_or(default.transformation),
        output_type: if is_json_lines { OutputType::JsonLines } else { OutputType::Json },
    }
}

pub(super) fn child_result<'a>(
    of: InRun<'_>,
    input: &'a str,
    header: Option<&'a Header>,
) -> ChildResult<'a> {
    let pending = ChildResult {
        kind: ResultKind::Pending,
        input,
        output: None,
        error: None,
        cause: None,
        execution: None,
    };
    let Some(header) = header.filter(|header| header.status.is_ended()) else { return pending };
    let execution = &header.execution;
    let known = ChildExecution {
        arn: &execution.arn,
        name: &execution.name,
        state_machine_arn: &execution.machine_arn,
        status: header.status.name().as_str(),
        start: execution.started,
        stop: header.status.stopped().unwrap_or(execution.started),
        redrive_count: execution.redrives.count.into(),
        redrive_status: match &header.status {
            Status::Succeeded { .. } => RedriveStatus::NotRedrivable,
            Status::Failed { .. }
            | Status::Aborted { .. }
            | Status::TimedOut { .. }
            | Status::Running => match of.distributed.is_express {
                true => RedriveStatus::RedrivableByMapRun,
                false => RedriveStatus::Redrivable,
            },
        },
    };
    let (kind, output, error, cause) = match &header.status {
        Status::Succeeded { output, .. } => {
            (ResultKind::Succeeded, Some(output.text()), None, None)
        }
        Status::Failed { detail, .. } | Status::Aborted { detail, .. } => {
            (ResultKind::Failed, None, detail.error.as_deref(), detail.cause.as_deref())
        }
        Status::TimedOut { .. } | Status::Running => (ResultKind::Failed, None, None, None),
    };
    ChildResult { kind, output, error, cause, execution: Some(known), ..pending }
}
