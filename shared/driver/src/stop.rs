//! Ending an execution from outside: StopExecution, its own time, or because it cannot go on.

use crate::driver::{Driver, Run};
use crate::error::{Halt, TakeError, is_written};
use crate::follow::{status_of, timeout_cue};
use crate::limits::{CAUSE_CHARS_MAX, RACES_MAX};
use crate::take::{Dropped, Taken};
use crate::tasks::Tasks;
use baton_engine::{
    End, ErrorDetail, Event, EventDetail, Failure, Link, Moment, Outcome, Pending, Record,
    ScopePath, StateType,
};
use baton_store::{Backend, Durability, ExecutionArn, Header, Status, StoreError};
use std::sync::Arc;

/// Why an execution was not stopped.
#[derive(Debug, thiserror::Error)]
pub enum StopError {
    /// There is no such execution.
    #[error("the execution does not exist")]
    NoSuchExecution,
    /// It is not known whether it was. Stopping it again is safe.
    #[error(transparent)]
    Later(#[from] TakeError),
}

impl<B: Backend, T: Tasks> Driver<B, T> {
    /// StopExecution. Answers how the execution stands then: aborted, or as it had ended before.
    ///
    /// # Errors
    ///
    /// [`StopError`] if there is no such execution, or it is not known whether it was stopped.
    pub async fn stop(
        &self,
        execution: &ExecutionArn,
        detail: ErrorDetail,
    ) -> Result<Status, StopError> {
        match self.end_from_outside(execution, &Outcome::Stopped(detail)).await {
            Ok(Some(status)) => Ok(status),
            Ok(None) => Err(StopError::NoSuchExecution),
            Err(Halt::Later(error)) => Err(error.into()),
            Err(Halt::Broken(cause)) => {
                Ok(self.condemn(execution, &cause).await?.ok_or(StopError::NoSuchExecution)?)
            }
        }
    }

    /// Ends an execution whose time is over and whom nothing else has told so: one that waits for an answer, say.
    ///
    /// # Errors
    ///
    /// [`TakeError`] if it is not known whether it ended. Trying again is safe.
    pub async fn end_if_over(&self, execution: &ExecutionArn) -> Result<(), TakeError> {
        match self.time_out(execution).await {
            Ok(_) => Ok(()),
            Err(Halt::Later(error)) => Err(error),
            Err(Halt::Broken(cause)) => self.condemn(execution, &cause).await.map(drop),
        }
    }

    /// The execution's own time may be over.
    pub(crate) async fn time_out(&self, execution: &ExecutionArn) -> Result<Taken, Halt> {
        let Some(header) = self.backend.header(execution).await? else {
            return Ok(Taken::Dropped(Dropped::NoSuchExecution));
        };
        if header.status.is_ended() {
            return Ok(Taken::Dropped(Dropped::Ended));
        }
        let now = self.backend.now();
        let deadline = match header.deadline() {
            Some(deadline) => deadline,
            None if header.latest_end() <= now => header.latest_end(),
            None => return Ok(Taken::Dropped(Dropped::Unfit)),
        };
        if now < deadline {
            self.backend.send(vec![timeout_cue(execution, deadline)]).await?;
            return Ok(Taken::Early);
        }
        self.end_from_outside(execution, &Outcome::ExecutionTimedOut).await?;
        Ok(Taken::Advanced)
    }

    /// Ends an execution because it can never go on: its definition or its records do not fit, or its cue failed over
    /// and over. It fails with `States.Runtime`, which no handler sees, and this cause. Answers how it stands then.
    ///
    /// # Errors
    ///
    /// [`TakeError`] if it is not known whether it ended. Trying again is safe.
    pub async fn condemn(
        &self,
        execution: &ExecutionArn,
        cause: &str,
    ) -> Result<Option<Status>, TakeError> {
        if execution.is_express() {
            return self.condemn_express(execution, cause).await.map(|()| None);
        }
        tracing::error!(arn = %execution, cause, "the execution cannot go on");
        let cause: String = format!("Baton could not go on with this execution: {cause}.")
            .chars()
            .take(CAUSE_CHARS_MAX)
            .collect();
        let failure = Failure::runtime(&cause);
        for _ in 0..RACES_MAX {
            let Some(header) = self.backend.header(execution).await? else { return Ok(None) };
            if header.status.is_ended() {
                return Ok(Some(header.status.clone()));
            }
            let last = match self.backend.newest(execution, &ScopePath::top()).await {
                Ok(newest) => newest.map(|newest| newest.record),
                // What cannot be read cannot be followed by a record either.
                Err(StoreError::Corrupt { .. }) => None,
                Err(error) => return Err(error.into()),
            };
            let condemned = self.try_condemn(&header, last, &failure).await?;
            let Some(status) = condemned else { continue };
            let redrives = header.execution.redrives.count;
            self.backend.end(execution, redrives, &status).await?;
            self.notify_parent(&header).await?;
            return Ok(Some(status));
        }
        Err(TakeError::Contended { tries: RACES_MAX })
    }

    /// The status that the execution is to end with; nothing if it moved on meanwhile.
    async fn try_condemn(
        &self,
        header: &Header,
        last: Option<Arc<Record>>,
        failure: &Failure,
    ) -> Result<Option<Status>, StoreError> {
        let now = self.backend.now();
        let Some(last) = last else {
            return Ok(Some(Status::Failed { stopped: now, detail: failure.into() }));
        };
        if let Some(status) = status_of(&last) {
            return Ok(Some(status));
        }
        let record = Arc::new(failed_record(&last, failure, StateType::Task, now.as_millisecond()));
        let execution = header.arn();
        self.send_spare(&execution, &record.scope, record.sequence).await?;
        let answer = self.backend.commit(&execution, &record, Durability::Later).await;
        let is_written = is_written(answer)?;
        if is_written {
            self.log_record(header, Some(&last), &record);
        }
        Ok(if is_written { status_of(&record) } else { None })
    }

    /// Ends the top scope, whatever it waits for. Answers nothing if there is no such execution.
    async fn end_from_outside(
        &self,
        execution: &ExecutionArn,
        outcome: &Outcome,
    ) -> Result<Option<Status>, Halt> {
        for _ in 0..RACES_MAX {
            let Some(header) = self.backend.header(execution).await? else { return Ok(None) };
            if header.status.is_ended() {
                return Ok(Some(header.status.clone()));
            }
            let run = self.run(header).await?;
            if let Some(status) = self.try_end(&run, outcome).await? {
                return Ok(Some(status));
            }
        }
        Err(TakeError::Contended { tries: RACES_MAX }.into())
    }

    /// One try to end the top scope. Nothing is answered if it moved on meanwhile.
    async fn try_end(&self, run: &Run, outcome: &Outcome) -> Result<Option<Status>, Halt> {
        let top = ScopePath::top();
        let Some(newest) = self.backend.newest(&run.arn, &top).await? else {
            // Accepted and not begun: it begins first, so that its history has a beginning.
            self.begin(run).await?;
            return Ok(None);
        };
        let ended = if matches!(newest.record.pending, Pending::Ended(_)) {
            Some(newest.record)
        } else {
            self.send_spare(&run.arn, &top, newest.record.sequence.next()).await?;
            // The header's end is durable, and comes after the record.
            self.commit_next(run, &newest, outcome.clone(), Durability::Later).await?
        };
        let Some(record) = ended else { return Ok(None) };
        self.follow(run, &record).await?;
        Ok(status_of(&record))
    }
}

/// The record that ends a scope after `last`, without the interpreter, which cannot go on from there. Where a parent scope
/// handles the failure, it asks for the type of the state that failed.
pub(crate) fn failed_record(
    last: &Record,
    failure: &Failure,
    state_type: StateType,
    now_millis: i64,
) -> Record {
    let event = Event {
        link: Link::Previous,
        detail: EventDetail::ExecutionFailed(ErrorDetail::from(failure)),
    };
    Record {
        sequence: last.sequence.next(),
        moment: Moment::after(now_millis, [last.moment]),
        event_count: last.event_count.saturating_add(u64::from(last.scope.is_top())),
        events: if last.scope.is_top() { vec![event] } else { Vec::new() },
        pending: Pending::Ended(End::Failed { failure: failure.clone(), state_type }),
        ..last.clone()
    }
}
