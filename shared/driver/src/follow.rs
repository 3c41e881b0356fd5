//! What follows from a committed record: cues, children, joins, the end. All of it may be done again.

use crate::driver::{Driver, Run, broken};
use crate::error::{Halt, is_written};
use crate::limits::{PACE_DELAY, SPAWNS_AT_ONCE, UNPACED_TRANSITIONS};
use crate::tasks::Tasks;
use baton_engine::{
    Cue, Due, Effect, End, ErrorDetail, Fork, ForkId, Halted, Hop, Pending, Record, ScopePath,
    Sequence, Signal,
};
use baton_store::{Backend, Durability, ExecutionArn, JoinMark, Outgoing, Status};
use futures_util::future::try_join_all;
use jiff::Timestamp;
use std::sync::Arc;

impl<B: Backend, T: Tasks> Driver<B, T> {
    /// Does what follows from a record.
    pub(crate) async fn follow(&self, run: &Run, record: &Record) -> Result<(), Halt> {
        let is_beginning = record.sequence == Sequence::FIRST || record.redrive().is_some();
        let timeout = match run.header.deadline() {
            Some(at) if record.scope.is_top() && is_beginning => Some(timeout_cue(&run.arn, at)),
            Some(_) | None => None,
        };
        self.perform_effects(run, record, record.effects(), timeout).await
    }

    /// Does what these effects of a record say, and sends all cues together at last.
    pub(crate) async fn perform_effects(
        &self,
        run: &Run,
        record: &Record,
        effects: Vec<Effect>,
        more: Option<Outgoing>,
    ) -> Result<(), Halt> {
        let mut cues: Vec<Outgoing> = more.into_iter().collect();
        for effect in effects {
            match effect {
                Effect::Cue(cue, due) => {
                    // What would come later finds the execution over.
                    let due = self.paced(run, &cue, due).min(Due::At(run.header.latest_end()));
                    cues.push(Outgoing { execution: run.arn.clone(), cue, due });
                }
                Effect::Spawn { from, to } => cues.extend(self.spawn(run, record, from, to).await?),
                Effect::Join { parent, hop } => {
                    cues.extend(self.join(run, record, parent, hop).await?);
                }
                Effect::Offer { activity } => self.offer(&run.arn, record, &activity).await?,
                Effect::End => self.end(run, record).await?,
            }
        }
        if !cues.is_empty() {
            self.backend.send(cues).await?;
        }
        Ok(())
    }

    /// When a cue is due: later than at once if its scope has moved faster than it may.
    pub(crate) fn paced(&self, run: &Run, cue: &Cue, due: Due) -> Due {
        let Some(rate) = self.settings.transitions_per_sec else { return due };
        let now = self.backend.now();
        let secs = now.duration_since(run.execution().started).as_secs().max(0);
        let allowed =
            i64::from(rate).saturating_mul(secs).saturating_add(UNPACED_TRANSITIONS.into());
        let is_paced = cue.signal == Signal::Proceed && due == Due::Now;
        if !is_paced || i64::from(cue.sequence.0) <= allowed {
            return due;
        }
        Due::At(now.saturating_add(PACE_DELAY).unwrap_or(Timestamp::MAX))
    }

    /// Begins children of a fork, some at a time.
    async fn spawn(
        &self,
        run: &Run,
        fork: &Record,
        from: u32,
        to: u32,
    ) -> Result<Vec<Outgoing>, Halt> {
        let mut cues = Vec::new();
        for start in (from..to).step_by(SPAWNS_AT_ONCE) {
            let end =
                to.min(start.saturating_add(u32::try_from(SPAWNS_AT_ONCE).unwrap_or(u32::MAX)));
            let spawns = (start..end).map(|child| self.spawn_child(run, fork, child, None));
            cues.extend(try_join_all(spawns).await?.into_iter().flatten());
        }
        Ok(cues)
    }

    /// Begins one child, unless it has begun; gives the cues that make it go on.
    async fn spawn_child(
        &self,
        run: &Run,
        fork: &Record,
        child: u32,
        predecessor: Option<&Record>,
    ) -> Result<Vec<Outgoing>, Halt> {
        let resumed = self.resumed(run, fork, child).await?;
        let record = self.first_record(run, fork, child, predecessor, resumed)?;
        let record = Arc::new(self.with_activity_checked(record).await?);
        let answer = self.backend.commit(&run.arn, &record, Durability::Later).await;
        if is_written(answer)? {
            self.log_record(&run.header, None, &record);
            return Ok(first_cues(run, &record));
        }
        // Whoever wrote it may have died before it sent what follows.
        let begun = self.newest_if(&run.arn, &record.scope, Sequence::FIRST).await?;
        Ok(begun.map(|begun| first_cues(run, &begun.record)).unwrap_or_default())
    }

    fn first_record(
        &self,
        run: &Run,
        fork: &Record,
        child: u32,
        predecessor: Option<&Record>,
        resumed: Option<Resumed>,
    ) -> Result<Record, Halt> {
        let (definition, execution) = (&run.definition, run.execution());
        let (now, mut ids) = (self.backend.now(), self.ids(&run.arn));
        let record = match &resumed {
            None => baton_engine::begin_child(
                definition,
                execution,
                fork,
                child,
                predecessor,
                now,
                &mut ids,
            ),
            Some((last, before)) => {
                let halted = Halted { last, before: before.as_deref() };
                baton_engine::redrive_child(
                    definition, execution, fork, child, halted, now, &mut ids,
                )
            }
        };
        record.map_err(|misfit| broken(&misfit))
    }

    /// The child that a child of a redriven fork goes on as, if that had begun: its last records.
    async fn resumed(&self, run: &Run, fork: &Record, child: u32) -> Result<Option<Resumed>, Halt> {
        let Pending::Fork(Fork { resumes: Some(resumes), .. }) = &fork.pending else {
            return Ok(None);
        };
        let scope = resumes.scope.child(Hop { fork: resumes.fork, child });
        let Some(last) = self.backend.newest(&run.arn, &scope).await? else { return Ok(None) };
        let before = self.before(&run.arn, &last.record).await?;
        Ok(Some((last.record, before)))
    }

    /// Marks a child's end; gives the cue for the parent if it was the last, or those of the child that takes its place.
    async fn join(
        &self,
        run: &Run,
        record: &Record,
        parent: ScopePath,
        hop: Hop,
    ) -> Result<Vec<Outgoing>, Halt> {
        let loaded = self.backend.load(&run.arn, &parent, hop.fork).await?;
        let fork = loaded.and_then(|loaded| loaded.record).map(|marked| marked.record);
        let Some(fork) = fork else { return Err(no_fork(&parent, hop.fork)) };
        let Pending::Fork(Fork { width, concurrency, .. }) = fork.pending else {
            return Err(no_fork(&parent, hop.fork));
        };
        let mark = JoinMark {
            fork: ForkId { scope: parent.clone(), fork: hop.fork },
            child: hop.child,
            last: record.sequence,
            width,
            concurrency,
        };
        let answer = self.backend.join(&run.arn, &mark).await?;
        let mut cues = match answer.next {
            Some(next) => self.spawn_child(run, &fork, next, Some(record)).await?,
            None => Vec::new(),
        };
        if answer.is_complete {
            cues.push(run.cue(&parent, hop.fork, Signal::Joined, Due::Now));
        }
        Ok(cues)
    }

    async fn end(&self, run: &Run, record: &Record) -> Result<(), Halt> {
        let Some(status) = status_of(record) else {
            return Err(Halt::Broken(format!("record {} does not end", record.sequence)));
        };
        tracing::info!(status = status.name().as_str(), "execution ended");
        self.backend.end(&run.arn, run.execution().redrives.count, &status).await?;
        Ok(self.notify_parent(&run.header).await?)
    }
}

/// The newest record of a scope and the one before it.
type Resumed = (Arc<Record>, Option<Arc<Record>>);

/// The cues of a scope's first record. What follows from it beyond cues is left to a cue of its own, so that forks
/// at the beginning of forks take turns instead of nesting.
fn first_cues(run: &Run, record: &Record) -> Vec<Outgoing> {
    let cues: Option<Vec<Outgoing>> = record
        .effects()
        .into_iter()
        .map(|effect| match effect {
            Effect::Cue(cue, due) => Some(Outgoing { execution: run.arn.clone(), cue, due }),
            Effect::Spawn { .. } | Effect::Join { .. } | Effect::Offer { .. } | Effect::End => None,
        })
        .collect();
    cues.unwrap_or_else(|| vec![run.cue(&record.scope, record.sequence, Signal::Proceed, Due::Now)])
}

/// The cue for the execution's own time limit, which goes out with its first record.
pub(crate) fn timeout_cue(execution: &ExecutionArn, deadline: Timestamp) -> Outgoing {
    let signal = Signal::ExecutionTimeout;
    let cue = Cue { scope: ScopePath::top(), sequence: Sequence::FIRST, signal };
    Outgoing { execution: execution.clone(), cue, due: Due::At(deadline) }
}

/// The status that a top scope's last record gives its execution.
pub(crate) fn status_of(record: &Record) -> Option<Status> {
    let stopped = record.time();
    let Pending::Ended(end) = &record.pending else { return None };
    Some(match end {
        End::Succeeded(output) => Status::Succeeded { stopped, output: output.clone() },
        End::Failed { failure, .. } => {
            Status::Failed { stopped, detail: ErrorDetail::from(failure) }
        }
        End::Aborted(detail) => Status::Aborted { stopped, detail: detail.clone() },
        End::TimedOut => Status::TimedOut { stopped },
    })
}

fn no_fork(scope: &ScopePath, fork: Sequence) -> Halt {
    Halt::Broken(format!("record {fork} of scope `{scope}` is no fork"))
}
