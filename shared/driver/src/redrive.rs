//! RedriveExecution: an execution that ended badly goes on.
//!
//! The record that redrives is the decision: whoever commits it after the top scope's last has redriven the execution. The header follows, and only
//! then what follows from the record, for cues of an execution that has ended are dropped. Whoever finds the header behind the
//! record, be it the spare cue or the next request, lets it catch up.

use crate::driver::{Driver, Run, broken};
use crate::error::{Halt, TakeError, is_written};
use crate::limits::{RACES_MAX, REDRIVE_EVENTS_MAX};
use crate::tasks::Tasks;
use baton_engine::{Halted, Marked, Pending, Record, ScopePath, Sequence};
use baton_store::limits::REDRIVE_PERIOD;
use baton_store::{Backend, Durability, ExecutionArn, Header, Redrive, Status, StoreError};
use jiff::Timestamp;
use std::sync::Arc;

/// Why an execution was not redriven.
#[derive(Debug, thiserror::Error)]
pub enum RedriveError {
    /// There is no such execution.
    #[error("the execution does not exist")]
    NoSuchExecution,
    /// It cannot be.
    #[error(transparent)]
    NotRedrivable(#[from] NotRedrivable),
    /// It is not known whether it was. With the same token it is safe to ask again.
    #[error(transparent)]
    Later(#[from] TakeError),
}

/// What is against a redrive, in AWS's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotRedrivable {
    /// It runs.
    #[error("Execution is RUNNING and cannot be redriven")]
    Running,
    /// There is nothing to mend.
    #[error("Execution is SUCCEEDED and cannot be redriven")]
    Succeeded,
    /// It has as many events as an execution may have.
    #[error("Execution history event limit exceeded")]
    HistoryFull,
    /// It was started too long ago.
    #[error("Execution has exceeded the max execution time")]
    TooOld,
    /// It ended too long ago.
    #[error("Execution redrivable period exceeded")]
    PeriodOver,
}

impl NotRedrivable {
    /// What an execution's header says against redriving it.
    #[must_use]
    pub fn of(header: &Header, now: Timestamp) -> Option<Self> {
        let stopped = match &header.status {
            Status::Running => return Some(NotRedrivable::Running),
            Status::Succeeded { .. } => return Some(NotRedrivable::Succeeded),
            Status::Failed { stopped, .. }
            | Status::Aborted { stopped, .. }
            | Status::TimedOut { stopped } => *stopped,
        };
        if header.latest_end() <= now {
            return Some(NotRedrivable::TooOld);
        }
        let period_end = stopped.saturating_add(REDRIVE_PERIOD).unwrap_or(Timestamp::MAX);
        (period_end < now).then_some(NotRedrivable::PeriodOver)
    }
}

impl<B: Backend, T: Tasks> Driver<B, T> {
    /// RedriveExecution. Answers when it was redriven: by this call, or by an earlier one with this token.
    ///
    /// # Errors
    ///
    /// [`RedriveError`].
    pub async fn redrive(
        &self,
        execution: &ExecutionArn,
        token: Option<&str>,
    ) -> Result<Timestamp, RedriveError> {
        match self.redrive_or_halt(execution, token, None).await {
            Ok(Ok(at)) => Ok(at),
            Ok(Err(refused)) => Err(refused),
            Err(Halt::Later(error)) => Err(error.into()),
            Err(Halt::Broken(cause)) => {
                self.condemn(execution, &cause).await?;
                Err(NotRedrivable::Running.into())
            }
        }
    }

    /// Redrives a map run's child, unless that was done since it had been redriven `from` times. False if it cannot be.
    pub(crate) async fn redrive_child(
        &self,
        child: &ExecutionArn,
        token: &str,
        from: u32,
    ) -> Result<bool, Halt> {
        match self.redrive_or_halt(child, Some(token), Some(from)).await? {
            Ok(_) => Ok(true),
            Err(RedriveError::NotRedrivable(why)) => {
                tracing::warn!(arn = %child, %why, "a map run's child cannot be redriven");
                Ok(false)
            }
            Err(RedriveError::NoSuchExecution) => Ok(false),
            Err(RedriveError::Later(error)) => Err(error.into()),
        }
    }

    async fn redrive_or_halt(
        &self,
        execution: &ExecutionArn,
        token: Option<&str>,
        from: Option<u32>,
    ) -> Result<Result<Timestamp, RedriveError>, Halt> {
        let top = ScopePath::top();
        for _ in 0..RACES_MAX {
            let Some(header) = self.backend.header(execution).await? else {
                return Ok(Err(RedriveError::NoSuchExecution));
            };
            let now = self.backend.now();
            let done = match from {
                Some(from) => header
                    .execution
                    .redrives
                    .latest
                    .filter(|_| header.execution.redrives.count > from),
                None => token.and_then(|token| header.redriven_by(token, now)),
            };
            if let Some(at) = done {
                return Ok(Ok(at));
            }
            let newest = self.backend.newest(execution, &top).await?;
            if let Some(Marked { record, .. }) =
                newest.as_ref().filter(|it| is_ahead(&header, &it.record))
            {
                let header = self.catch_up(execution, record).await?;
                self.follow(&self.run(header).await?, record).await?;
                continue;
            }
            let last = match self.redrivable(&header, newest.map(|newest| newest.record)) {
                Ok(last) => last,
                Err(why) => return Ok(Err(why.into())),
            };
            let run = self.run(header).await?;
            if let Some(at) = self.try_redrive(&run, &last, token).await? {
                return Ok(Ok(at));
            }
        }
        Err(TakeError::Contended { tries: RACES_MAX }.into())
    }

    /// The record that a redrive goes on from.
    fn redrivable(
        &self,
        header: &Header,
        newest: Option<Arc<Record>>,
    ) -> Result<Arc<Record>, NotRedrivable> {
        if let Some(why) = NotRedrivable::of(header, self.backend.now()) {
            return Err(why);
        }
        // One that was ended before it began has no record to go on from.
        let last = newest.ok_or(NotRedrivable::PeriodOver)?;
        if self.settings.history_events_max.is_some() && last.event_count > REDRIVE_EVENTS_MAX {
            return Err(NotRedrivable::HistoryFull);
        }
        Ok(last)
    }

    /// Whether an execution that ended badly can be redriven.
    pub(crate) async fn is_redrivable(&self, header: &Header) -> Result<bool, StoreError> {
        let newest = self.backend.newest(&header.arn(), &ScopePath::top()).await?;
        Ok(self.redrivable(header, newest.map(|newest| newest.record)).is_ok())
    }

    /// One try. Nothing is answered if another was faster.
    async fn try_redrive(
        &self,
        run: &Run,
        last: &Arc<Record>,
        token: Option<&str>,
    ) -> Result<Option<Timestamp>, Halt> {
        if !matches!(last.pending, Pending::Ended(_)) {
            return Ok(None);
        }
        let before = self.before(&run.arn, last).await?;
        let halted = Halted { last, before: before.as_deref() };
        let record = {
            let (now, mut ids) = (self.backend.now(), self.ids(&run.arn));
            let token = token.map(Arc::from);
            let (definition, execution) = (&run.definition, run.execution());
            baton_engine::redrive(definition, execution, halted, token, now, &mut ids)
                .map_err(|misfit| broken(&misfit))?
        };
        let record = Arc::new(self.with_activity_checked(record).await?);
        self.send_spare(&run.arn, &record.scope, record.sequence).await?;
        let answer = self.backend.commit(&run.arn, &record, Durability::Now).await;
        if !is_written(answer)? {
            return Ok(None);
        }
        let went_on = async {
            let header = self.catch_up(&run.arn, &record).await?;
            self.log_record(&header, Some(last), &record);
            self.follow(&self.run(header).await?, &record).await
        };
        if let Err(error) = went_on.await {
            // It is decided; the spare cue finishes it.
            tracing::warn!(arn = %run.arn, ?error, "the redriven execution goes on with its spare cue");
        }
        Ok(Some(record.time()))
    }

    /// Lets the header take in the redrive that a record of the top scope is.
    pub(crate) async fn catch_up(
        &self,
        execution: &ExecutionArn,
        record: &Record,
    ) -> Result<Arc<Header>, Halt> {
        let Some((count, token)) = record.redrive() else {
            return Err(Halt::Broken(format!("record {} is no redrive", record.sequence)));
        };
        let redrive = Redrive {
            count,
            at: record.time(),
            token: token.cloned(),
            left: self.left_fork(execution, record).await?,
        };
        tracing::info!(arn = %execution, count, "execution redriven");
        self.backend.reopen(execution, &redrive).await?;
        let header = self.backend.header(execution).await?;
        header.ok_or_else(|| Halt::Broken("the header is gone".to_owned()))
    }

    /// The fork that the top scope waited for when it ended: its scopes are not to move any more.
    async fn left_fork(
        &self,
        execution: &ExecutionArn,
        redrive: &Record,
    ) -> Result<Option<baton_engine::ForkId>, StoreError> {
        let Some(sequence) = redrive.sequence.0.checked_sub(2).map(Sequence) else {
            return Ok(None);
        };
        let loaded = self.backend.load(execution, &redrive.scope, sequence).await?;
        let standing = loaded.and_then(|loaded| loaded.record).map(|marked| marked.record);
        let is_fork = |record: &Arc<Record>| matches!(record.pending, Pending::Fork(_));
        Ok(standing.filter(is_fork).map(|record| baton_engine::ForkId {
            scope: record.scope.clone(),
            fork: record.sequence,
        }))
    }

    /// The record before one.
    pub(crate) async fn before(
        &self,
        execution: &ExecutionArn,
        record: &Record,
    ) -> Result<Option<Arc<Record>>, StoreError> {
        let Some(sequence) = record.sequence.0.checked_sub(1).map(Sequence) else {
            return Ok(None);
        };
        let loaded = self.backend.load(execution, &record.scope, sequence).await?;
        Ok(loaded.and_then(|loaded| loaded.record).map(|marked| marked.record))
    }
}

/// Whether a record of the top scope is a redrive that the header has not taken in.
pub(crate) fn is_ahead(header: &Header, record: &Record) -> bool {
    let is_later = |(count, _)| count > header.execution.redrives.count;
    header.status.is_ended() && record.scope.is_top() && record.redrive().is_some_and(is_later)
}
