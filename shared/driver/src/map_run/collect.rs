//! The end of a map run: its thresholds, its results, and the outcome for the record that waits.

use super::InRun;
use super::lanes::{THRESHOLD_CAUSE, THRESHOLD_EXCEEDED};
use crate::driver::Driver;
use crate::error::{Halt, TakeError};
use crate::limits::SPAWNS_AT_ONCE;
use crate::objects::ObjectRequest;
use crate::take::{Dropped, Taken};
use crate::tasks::Tasks;
use baton_asl::states as asl;
use baton_engine::{Failure, FailureKind, Outcome, Payload};
use baton_items::results::{
    self, ChildExecution, ChildResult, FilePart, OutputType, RedriveStatus, ResultFiles,
    ResultKind, StateOutput, Transformation, WriterConfig, manifest, transform,
};
use baton_store::documents::{MapCounts, MapRunFailure, MapRunState, MapRunStatus};
use baton_store::{Backend, Header, Status};
use futures_util::future::try_join_all;
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
            Outcome::MapRunFailed(_)
            | Outcome::Proceed
            | Outcome::Submitted { .. }
            | Outcome::Succeeded { .. }
            | Outcome::Failed(_)
            | Outcome::TimedOut
            | Outcome::HeartbeatTimedOut
            | Outcome::Joined { .. }
            | Outcome::ChildFailed(_)
            | Outcome::Stopped(_)
            | Outcome::ExecutionTimedOut => MapRunStatus::Failed,
        };
        self.change_map_run(of.arn(), |state| {
            let is_running = state.status == MapRunStatus::Running;
            if is_running {
                state.status = status;
                state.stopped_millis = Some(now);
                state.final_counts = Some(counts);
                if status == MapRunStatus::Succeeded && of.facts.export.is_some() {
                    state.results_written = counts.children.iter().sum();
                }
            }
            is_running
        })
        .await?;
        Ok(())
    }

    /// The state's result: the children's outputs in the order of their items, or where they were written.
    async fn outputs(
        &self,
        of: InRun<'_>,
        state: &MapRunState,
    ) -> Result<Result<Payload, Failure>, Halt> {
        if let Some(export) = &of.facts.export {
            return self.export(of, state, export).await;
        }
        let bytes_max = of.run.execution().payload_bytes_max.unwrap_or(usize::MAX);
        let mut output = StateOutput::new(config(of), bytes_max);
        for chunk in 0..state.chunks {
            let read = self.chunk(of.arn(), chunk).await?;
            for (child, header) in read.children.iter().zip(self.children_of(of, chunk).await?) {
                let result = child_result(child.input.get(), header.as_deref());
                if result.kind == ResultKind::Succeeded && output.push(&result).is_err() {
                    return Ok(Err(too_large(of)));
                }
            }
        }
        Ok(match output.finish() {
            Ok(text) => Ok(Payload::kept(text).map_err(|error| Halt::broken(&error))?),
            Err(_) => Err(too_large(of)),
        })
    }

    /// Writes the results to S3. A repeat writes the same again.
    async fn export(
        &self,
        of: InRun<'_>,
        state: &MapRunState,
        export: &Payload,
    ) -> Result<Result<Payload, Failure>, Halt> {
        let text = |name: &str| export.value().get(name).and_then(serde_json::Value::as_str);
        let Some(bucket) = text("Bucket") else {
            return Ok(Err(unwritten("The ResultWriter has no Bucket.")));
        };
        let prefix = text("Prefix").unwrap_or_default();
        let id = of.arn().rsplit(':').next().unwrap_or_default();
        let config = config(of);
        let files = |kind| ResultFiles::new(kind, config.output_type, prefix, id);
        let mut all = ResultKind::ALL.map(|kind| (kind, files(kind)));
        for chunk in 0..state.chunks {
            let read = self.chunk(of.arn(), chunk).await?;
            for (child, header) in read.children.iter().zip(self.children_of(of, chunk).await?) {
                let result = child_result(child.input.get(), header.as_deref());
                let mut parts = Vec::new();
                for (_, files) in all.iter_mut().filter(|(kind, _)| *kind == result.kind) {
                    transform(&result, config.transformation, |text| {
                        parts.extend(files.push(text))
                    });
                }
                if let Err(failure) = self.write_parts(of, bucket, parts).await? {
                    return Ok(Err(failure));
                }
            }
        }
        let last: Vec<FilePart> = all.iter_mut().filter_map(|(_, files)| files.finish()).collect();
        let (key, text) = manifest(bucket, prefix, of.arn(), |kind| {
            let of_kind = all.iter().find(|(of, _)| *of == kind);
            of_kind.map(|(_, files)| files.files().to_vec()).unwrap_or_default()
        });
        let whole =
            FilePart { key: key.clone(), number: 1, bytes: text.into_bytes(), is_last: true };
        let parts = last.into_iter().chain([whole]).collect();
        if let Err(failure) = self.write_parts(of, bucket, parts).await? {
            return Ok(Err(failure));
        }
        let result = results::exported(of.arn(), bucket, &key);
        Ok(Ok(Payload::kept(result).map_err(|error| Halt::broken(&error))?))
    }

    async fn write_parts(
        &self,
        of: InRun<'_>,
        bucket: &str,
        parts: Vec<FilePart>,
    ) -> Result<Result<(), Failure>, Halt> {
        for FilePart { key, number, bytes, is_last } in parts {
            let request =
                ObjectRequest::Write { bucket, key: &key, part: number, is_last, bytes: &bytes };
            match self.object(of, None, request).await {
                Ok(_) => {}
                Err(error) if error.may_pass => return Err(TakeError::Unready(error.into()).into()),
                Err(error) => return Ok(Err(unwritten(&error.cause))),
            }
        }
        Ok(Ok(()))
    }

    /// The children of a chunk in order; nothing for one that was not started.
    async fn children_of(
        &self,
        of: InRun<'_>,
        chunk: u32,
    ) -> Result<Vec<Option<Arc<Header>>>, Halt> {
        let width = self.chunk(of.arn(), chunk).await?.children.len();
        let width = u32::try_from(width).unwrap_or(u32::MAX);
        let mut children = Vec::new();
        for start in (0..width).step_by(SPAWNS_AT_ONCE) {
            let end = width.min(start.saturating_add(u32::try_from(SPAWNS_AT_ONCE).unwrap_or(1)));
            let arns: Vec<_> = (start..end).map(|place| self.child_arn(of, chunk, place)).collect();
            let read = try_join_all(arns.iter().map(|arn| self.backend.header(arn))).await?;
            children.extend(read);
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

/// How results are written: `WriterConfig`, its defaults filled in.
fn config(of: InRun<'_>) -> WriterConfig {
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

fn child_result<'a>(input: &'a str, header: Option<&'a Header>) -> ChildResult<'a> {
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
            | Status::Running => RedriveStatus::Redrivable,
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

fn unwritten(cause: &str) -> Failure {
    Failure::new("States.ResultWriterFailed", cause)
}
