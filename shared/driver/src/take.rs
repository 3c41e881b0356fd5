//! Taking a cue: load, drop or decide, commit, send.

use crate::driver::{Driver, Run};
use crate::error::{Halt, TakeError};
use crate::redrive::is_ahead;
use crate::tasks::Tasks;
use crate::timer;
use baton_engine::{
    ChildFailure, Cue, Due, End, Event, EventDetail, Fork, ForkId, Hop, Marked, Outcome, Payload,
    Pending, Record, ScopePath, Sequence, Signal, StateType,
};
use baton_store::{Backend, Durability, ExecutionArn, Header, Loaded};
use jiff::Timestamp;
use std::sync::Arc;
use tracing::Instrument;

/// What became of a cue that need not come again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It moved its scope on by one record.
    Advanced,
    /// What it asks for was committed before; what follows from that was sent again.
    Repeated,
    /// It came before its time, and was sent again for then.
    Early,
    /// It changes nothing.
    Dropped(Dropped),
    /// The execution could not go on from here, and was ended with an error that says why.
    Condemned,
}

/// Why a cue changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dropped {
    /// There is no such execution.
    NoSuchExecution,
    /// There is no such record: its commit failed, or a crash took it away before anybody saw it.
    NoSuchRecord,
    /// The execution has ended.
    Ended,
    /// The scope lies under a fork whose parent has moved on, or the cue is about such a fork.
    Closed,
    /// The scope has moved on, and what made it do so has been sent.
    Stale,
    /// The record does not wait for such a signal.
    Unfit,
}

impl<B: Backend, T: Tasks> Driver<B, T> {
    /// Does what a cue asks for. Taken twice, late or out of order, it changes nothing the second time.
    ///
    /// Costs one read and one write when all is well, besides what follows from the new record.
    ///
    /// # Errors
    ///
    /// [`TakeError`] if the cue must come again. Nothing is lost by it.
    pub async fn take(&self, execution: &ExecutionArn, cue: &Cue) -> Result<Taken, TakeError> {
        let span = tracing::info_span!(
            "execution",
            arn = %execution,
            scope = %cue.scope,
            sequence = cue.sequence.0,
            signal = ?cue.signal,
            state = tracing::field::Empty,
        );
        self.take_cue(execution, cue).instrument(span).await
    }

    async fn take_cue(&self, execution: &ExecutionArn, cue: &Cue) -> Result<Taken, TakeError> {
        let taken = match cue.signal {
            _ if execution.is_express() => self.take_express(execution).await,
            Signal::ExecutionTimeout => self.time_out(execution).await,
            Signal::Proceed
            | Signal::Perform
            | Signal::Timeout
            | Signal::Heartbeat
            | Signal::Spawn { .. }
            | Signal::Joined
            | Signal::ChildFailed { .. }
            | Signal::Poll
            | Signal::Told { .. }
            | Signal::Cancel
            | Signal::Map(_) => self.load_and_take(execution, cue).await,
        };
        match taken {
            Ok(taken) => {
                tracing::debug!(?taken, "cue taken");
                Ok(taken)
            }
            Err(Halt::Later(error)) => Err(error),
            Err(Halt::Broken(cause)) => {
                self.condemn(execution, &cause).await?;
                Ok(Taken::Condemned)
            }
        }
    }

    async fn load_and_take(&self, execution: &ExecutionArn, cue: &Cue) -> Result<Taken, Halt> {
        let loaded = self.backend.load(execution, &cue.scope, cue.sequence).await?;
        let Some(Loaded { mut header, record }) = loaded else {
            return Ok(Taken::Dropped(Dropped::NoSuchExecution));
        };
        if let Some(marked) = record.as_ref().filter(|it| is_ahead(&header, &it.record)) {
            header = self.catch_up(execution, &marked.record).await?;
        }
        if let Some(why) = why_dropped(&header, cue) {
            if let (Signal::Map(signal), Some(marked)) = (cue.signal, &record) {
                let run = self.run(header).await?;
                return self.take_map_late(&run, marked, signal, why).await;
            }
            if let (Signal::Poll | Signal::Told { .. }, Some(marked)) = (cue.signal, &record) {
                self.forget_job(&header, marked).await?;
            }
            // Whoever ended it may have died before it told so.
            if why == Dropped::Ended && cue.scope.is_top() {
                self.notify_parent(&header).await?;
            }
            return Ok(Taken::Dropped(why));
        }
        if header.latest_end() <= self.backend.now() {
            return self.time_out(execution).await;
        }
        match record {
            Some(marked) => {
                tracing::Span::current()
                    .record("state", tracing::field::display(&marked.record.state));
                let run = self.run(header).await?;
                self.take_record(&run, &marked, cue.signal).await
            }
            None if cue.scope.is_top() && cue.sequence == Sequence::FIRST => {
                let run = self.run(header).await?;
                self.begin(&run).await
            }
            None => Ok(Taken::Dropped(Dropped::NoSuchRecord)),
        }
    }

    /// The one place where a signal meets what a record waits for.
    async fn take_record(&self, run: &Run, marked: &Marked, signal: Signal) -> Result<Taken, Halt> {
        match (&marked.record.pending, signal) {
            (Pending::Continue | Pending::Failing(_), Signal::Proceed) => {
                self.move_far(run, marked, Outcome::Proceed).await
            }
            (Pending::Until(at) | Pending::Retry { at, .. }, Signal::Proceed) => {
                self.wait_until(run, marked, *at).await
            }
            (
                Pending::Call(_)
                | Pending::Callback(_)
                | Pending::Fork(_)
                | Pending::MapRun(_)
                | Pending::Ended(_),
                Signal::Proceed,
            ) => self.repeat(run, marked).await,
            (Pending::Call(call), Signal::Perform) if !call.is_polled() => {
                self.perform(run, marked, call).await
            }
            (Pending::Call(_) | Pending::Callback(_), Signal::Timeout | Signal::Heartbeat) => {
                self.take_timer(run, marked, signal).await
            }
            (Pending::Fork(fork), Signal::Spawn { from }) => {
                self.spawn_rest(run, marked, fork, from).await
            }
            (Pending::Fork(fork), Signal::Joined) => self.take_joined(run, marked, fork).await,
            (Pending::Fork(_), Signal::ChildFailed { child }) => {
                self.take_failed(run, marked, child).await
            }
            (Pending::Callback(callback), Signal::Poll) if callback.call.is_job() => {
                self.poll(run, marked, callback).await
            }
            (Pending::Callback(callback), Signal::Told { is_last }) if callback.call.is_job() => {
                self.poll_told(run, marked, callback, is_last).await
            }
            (Pending::Call(call), Signal::Poll) if call.is_job() => {
                self.poll_begun(run, marked).await
            }
            (Pending::Callback(callback), Signal::Cancel) if callback.call.is_job() => {
                self.stop_job(run, marked, callback).await
            }
            (Pending::Fork(_), Signal::Cancel) => self.cancel_children(run, marked).await,
            (Pending::MapRun(_), Signal::Cancel) => self.cancel_map(run, marked).await,
            (Pending::MapRun(_), Signal::Map(signal)) => self.take_map(run, marked, signal).await,
            (_, _) => Ok(Taken::Dropped(Dropped::Unfit)),
        }
    }

    /// Commits the execution's first record.
    pub(crate) async fn begin(&self, run: &Run) -> Result<Taken, Halt> {
        let record = {
            let mut ids = self.ids(&run.arn);
            let now = self.backend.now();
            baton_engine::begin(&run.definition, run.execution(), now, &mut ids)
                .map_err(|misfit| crate::driver::broken(&misfit))?
        };
        let record = Arc::new(self.with_activity_checked(record).await?);
        let answer = self.backend.commit(&run.arn, &record, Durability::Later).await;
        if crate::error::is_written(answer)? {
            self.log_record(&run.header, None, &record);
            self.follow(run, &record).await?;
            return Ok(Taken::Advanced);
        }
        self.follow_if_newest(run, &ScopePath::top(), Sequence::FIRST).await
    }

    /// Decides, commits, and does what follows.
    pub(crate) async fn move_on(
        &self,
        run: &Run,
        marked: &Marked,
        outcome: Outcome,
    ) -> Result<Taken, Halt> {
        let before = &marked.record;
        let leaves_children = matches!(outcome, Outcome::ChildFailed(_));
        let taken = match self.commit_next(run, marked, outcome, Durability::Later).await? {
            Some(record) => {
                self.follow(run, &record).await?;
                Taken::Advanced
            }
            None => self.follow_if_newest(run, &before.scope, before.sequence.next()).await?,
        };
        if leaves_children {
            self.cancel_children(run, marked).await?;
            // Last, so that a closed fork means that all else is done: a crash before it brings this cue again, and
            // until then the children merely go on for nothing.
            let fork = ForkId { scope: before.scope.clone(), fork: before.sequence };
            self.backend.close(&run.arn, &fork).await?;
        }
        Ok(taken)
    }

    /// Does again what follows from a record that another delivery committed. Once there is a record after it, that
    /// has been done: without this check, one old cue would walk a whole journal.
    pub(crate) async fn follow_if_newest(
        &self,
        run: &Run,
        scope: &ScopePath,
        sequence: Sequence,
    ) -> Result<Taken, Halt> {
        match self.newest_if(&run.arn, scope, sequence).await? {
            Some(newest) => {
                self.follow(run, &newest.record).await?;
                Ok(Taken::Repeated)
            }
            None => Ok(Taken::Dropped(Dropped::Stale)),
        }
    }

    /// A spare cue for a record that waits for something else than a cue.
    async fn repeat(&self, run: &Run, marked: &Marked) -> Result<Taken, Halt> {
        self.follow_if_newest(run, &marked.record.scope, marked.record.sequence).await
    }

    async fn wait_until(&self, run: &Run, marked: &Marked, at: Timestamp) -> Result<Taken, Halt> {
        if self.backend.now() < at {
            return self.send_again(run, &marked.record, Signal::Proceed, at).await;
        }
        self.move_far(run, marked, Outcome::Proceed).await
    }

    /// A timer: the task's time is over, or it came early, or it is one of an attempt that has ended.
    async fn take_timer(&self, run: &Run, marked: &Marked, signal: Signal) -> Result<Taken, Halt> {
        let Marked { record, marks } = marked;
        let now = self.backend.now();
        let Some(deadline) = timer::deadline(record, marks, signal, now) else {
            return Ok(Taken::Dropped(Dropped::Unfit));
        };
        // Most timers outlive their attempt, and a read is cheaper than a refused write.
        let newest = self.backend.newest(&run.arn, &record.scope).await?;
        match newest.map(|newest| newest.record) {
            Some(newest) if newest.sequence == record.sequence => {}
            // A timer's own doing, which may not have been followed.
            Some(next) if next.sequence == record.sequence.next() && is_timed_out(&next) => {
                self.follow(run, &next).await?;
                return Ok(Taken::Repeated);
            }
            Some(_) | None => return Ok(Taken::Dropped(Dropped::Stale)),
        }
        if now < deadline {
            return self.send_again(run, record, signal, deadline).await;
        }
        let outcome = if signal == Signal::Heartbeat {
            Outcome::HeartbeatTimedOut
        } else {
            Outcome::TimedOut
        };
        self.move_on(run, marked, outcome).await
    }

    pub(crate) async fn send_again(
        &self,
        run: &Run,
        record: &Record,
        signal: Signal,
        at: Timestamp,
    ) -> Result<Taken, Halt> {
        let at = at.min(run.header.latest_end());
        let cue = run.cue(&record.scope, record.sequence, signal, Due::At(at));
        self.backend.send(vec![cue]).await?;
        Ok(Taken::Early)
    }

    async fn spawn_rest(
        &self,
        run: &Run,
        marked: &Marked,
        fork: &Fork,
        from: u32,
    ) -> Result<Taken, Halt> {
        let to = fork.width.min(fork.concurrency);
        let effects = marked.record.spawn_slice(from, to);
        self.perform_effects(run, &marked.record, effects, None).await?;
        Ok(Taken::Advanced)
    }

    async fn take_joined(&self, run: &Run, marked: &Marked, fork: &Fork) -> Result<Taken, Halt> {
        let id = ForkId { scope: marked.record.scope.clone(), fork: marked.record.sequence };
        let ends = match fork.width {
            0 => Vec::new(),
            width => self.backend.joined(&run.arn, &id, width).await?,
        };
        let outcome = joined(&ends, fork.width)?;
        self.move_on(run, marked, outcome).await
    }

    async fn take_failed(&self, run: &Run, marked: &Marked, child: u32) -> Result<Taken, Halt> {
        let id = ForkId { scope: marked.record.scope.clone(), fork: marked.record.sequence };
        let children = self.backend.children(&run.arn, &id).await?;
        match child_failure(run, &children, Hop { fork: id.fork, child }) {
            Some(failure) => self.move_on(run, marked, Outcome::ChildFailed(failure)).await,
            None => Ok(Taken::Dropped(Dropped::Unfit)),
        }
    }
}

/// What the header alone says against a cue.
fn why_dropped(header: &Header, cue: &Cue) -> Option<Dropped> {
    if cue.signal == Signal::Cancel {
        return None;
    }
    if header.status.is_ended() {
        return Some(Dropped::Ended);
    }
    let is_under_closed = cue.scope.forks().any(|fork| header.closed.contains(&fork));
    let own = || ForkId { scope: cue.scope.clone(), fork: cue.sequence };
    let is_of_closed = match cue.signal {
        Signal::Spawn { .. } | Signal::Joined | Signal::ChildFailed { .. } => {
            header.closed.contains(&own())
        }
        Signal::Proceed
        | Signal::Perform
        | Signal::Timeout
        | Signal::Heartbeat
        | Signal::ExecutionTimeout
        | Signal::Poll
        | Signal::Told { .. }
        | Signal::Cancel
        | Signal::Map(_) => false,
    };
    (is_under_closed || is_of_closed).then_some(Dropped::Closed)
}

/// Whether a task's time was over in this record.
fn is_timed_out(record: &Record) -> bool {
    let is_it = |event: &Event| matches!(event.detail, EventDetail::TaskTimedOut { .. });
    record.events.iter().any(is_it)
}

/// The outcome of a join from its children's last records.
fn joined(ends: &[Arc<Record>], width: u32) -> Result<Outcome, TakeError> {
    let outputs: Vec<Payload> = ends
        .iter()
        .filter_map(|record| {
            let Pending::Ended(End::Succeeded(output)) = &record.pending else { return None };
            Some(output.clone())
        })
        .collect();
    if outputs.len() != width as usize {
        return Err(TakeError::JoinIncomplete { found: outputs.len(), width });
    }
    Ok(Outcome::Joined {
        outputs,
        moment: ends.iter().map(|record| record.moment).max().unwrap_or_default(),
        event_count: ends
            .iter()
            .map(|record| record.event_count.saturating_sub(record.events_before))
            .sum(),
    })
}

/// A child's failure, with what its siblings are doing; nothing if it has not failed.
fn child_failure(run: &Run, children: &[(u32, Marked)], hop: Hop) -> Option<ChildFailure> {
    let (_, failed) = children.iter().find(|(index, _)| *index == hop.child)?;
    let Pending::Ended(End::Failed { failure, state_type }) = &failed.record.pending else {
        return None;
    };
    let open = children
        .iter()
        .filter(|(_, child)| !matches!(child.record.pending, Pending::Ended(_)))
        .filter_map(|(index, child)| Some((*index, state_type_of(run, &child.record)?)))
        .collect();
    Some(ChildFailure {
        hop,
        failure: failure.clone(),
        state_type: *state_type,
        moment: failed.record.moment,
        event_count: failed.record.event_count,
        open,
    })
}

/// The type of the state that a record is in.
pub(crate) fn state_type_of(run: &Run, record: &Record) -> Option<StateType> {
    use baton_asl::StateKind;
    let state = run.definition.block(record.block)?.states.get(&record.state)?;
    Some(match state.kind {
        StateKind::Task(_) => StateType::Task,
        StateKind::Pass(_) => StateType::Pass,
        StateKind::Choice(_) => StateType::Choice,
        StateKind::Wait(_) => StateType::Wait,
        StateKind::Succeed(_) => StateType::Succeed,
        StateKind::Fail(_) => StateType::Fail,
        StateKind::Parallel(_) => StateType::Parallel,
        StateKind::Map(_) => StateType::Map,
    })
}
