//! SendTaskSuccess, SendTaskFailure, SendTaskHeartbeat: answers to a task token.

use crate::driver::{Driver, Run};
use crate::error::{Halt, TakeError};
use crate::limits::RACES_MAX;
use crate::tasks::Tasks;
use baton_engine::{ErrorDetail, Failure, FailureKind, Marked, Outcome, Payload, Pending};
use baton_store::{Backend, Durability, StoreError, TokenClaims};

/// Why an answer was not accepted. The first three are the API's.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// `InvalidToken`: none of our keys signed it.
    #[error("the task token is not valid")]
    InvalidToken,
    /// `TaskDoesNotExist`: its execution is gone, or the task has not begun.
    #[error("the task does not exist")]
    DoesNotExist,
    /// `TaskTimedOut`: the attempt has ended, by an answer, by its time, or with its execution.
    #[error("the task has ended")]
    TimedOut,
    /// It is not known whether the answer was accepted. Sending it again is safe.
    #[error(transparent)]
    Later(#[from] TakeError),
}

impl From<StoreError> for AnswerError {
    fn from(error: StoreError) -> Self {
        AnswerError::Later(error.into())
    }
}

impl<B: Backend, T: Tasks> Driver<B, T> {
    /// SendTaskSuccess: the task of this token has this result.
    ///
    /// # Errors
    ///
    /// [`AnswerError`], by which nothing has changed.
    pub async fn send_task_success(&self, token: &str, output: Payload) -> Result<(), AnswerError> {
        self.answer(token, &Outcome::Succeeded { output }).await
    }

    /// SendTaskFailure: the task of this token failed.
    ///
    /// # Errors
    ///
    /// [`AnswerError`], by which nothing has changed.
    pub async fn send_task_failure(
        &self,
        token: &str,
        detail: ErrorDetail,
    ) -> Result<(), AnswerError> {
        let ErrorDetail { error, cause } = detail;
        let failure = Failure { error, cause, kind: FailureKind::Ordinary };
        self.answer(token, &Outcome::Failed(failure)).await
    }

    /// SendTaskHeartbeat: the task of this token is alive.
    ///
    /// # Errors
    ///
    /// [`AnswerError`], by which nothing has changed.
    pub async fn send_task_heartbeat(&self, token: &str) -> Result<(), AnswerError> {
        let claims = self.claims(token)?;
        let (_, marked) = self.waiting(&claims).await?;
        let (scope, sequence) = (&marked.record.scope, marked.record.sequence);
        let now = self.backend.now();
        Ok(self.backend.heartbeat(&claims.execution, scope, sequence, now).await?)
    }

    fn claims(&self, token: &str) -> Result<TokenClaims, AnswerError> {
        self.keys.verify(token).map_err(|_| AnswerError::InvalidToken)
    }

    /// Commits the answer. The scope can move between the look and the commit: by the acceptance of the very call that
    /// is answered, after which the answer still counts, or by another answer, after which it does not.
    async fn answer(&self, token: &str, outcome: &Outcome) -> Result<(), AnswerError> {
        let claims = self.claims(token)?;
        for _ in 0..RACES_MAX {
            let (run, marked) = self.waiting(&claims).await?;
            match self.try_answer(&run, &marked, outcome.clone()).await {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(Halt::Later(error)) => return Err(error.into()),
                Err(Halt::Broken(cause)) => {
                    self.condemn(&claims.execution, &cause).await?;
                    return Err(AnswerError::TimedOut);
                }
            }
        }
        Err(TakeError::Contended { tries: RACES_MAX }.into())
    }

    /// The record that waits for the attempt that a token names.
    async fn waiting(&self, claims: &TokenClaims) -> Result<(Run, Marked), AnswerError> {
        let header = self.backend.header(&claims.execution).await?;
        let header = header.ok_or(AnswerError::DoesNotExist)?;
        let is_closed = claims.scope.forks().any(|fork| header.closed.contains(&fork));
        let is_over = header.latest_end() <= self.backend.now();
        if header.status.is_ended() || is_closed || is_over {
            return Err(AnswerError::TimedOut);
        }
        // A crash can take away the closing of a fork and the cue that would have repeated it; no cue of such a child is
        // left then, but its token still is.
        for fork in claims.scope.forks() {
            let parent = self.newest_if(&claims.execution, &fork.scope, fork.fork).await?;
            parent.ok_or(AnswerError::TimedOut)?;
        }
        let newest = self.backend.newest(&claims.execution, &claims.scope).await?;
        let marked = newest.ok_or(AnswerError::DoesNotExist)?;
        check_waits(&marked, claims)?;
        match self.run(header).await {
            Ok(run) => Ok((run, marked)),
            Err(Halt::Later(error)) => Err(error.into()),
            Err(Halt::Broken(cause)) => {
                self.condemn(&claims.execution, &cause).await?;
                Err(AnswerError::TimedOut)
            }
        }
    }

    /// Whether the answer is committed. If what follows cannot be sent, the spare cue sends it: it was accepted.
    async fn try_answer(&self, run: &Run, marked: &Marked, outcome: Outcome) -> Result<bool, Halt> {
        let (scope, next) = (&marked.record.scope, marked.record.sequence.next());
        self.send_spare(&run.arn, scope, next).await?;
        let Some(record) = self.commit_next(run, marked, outcome, Durability::Now).await? else {
            return Ok(false);
        };
        if let Err(error) = self.follow(run, &record).await {
            tracing::warn!(arn = %run.arn, ?error, "the answered task goes on with its spare cue");
        }
        Ok(true)
    }
}

/// Whether a scope's newest record waits for the attempt that a token names.
fn check_waits(marked: &Marked, claims: &TokenClaims) -> Result<(), AnswerError> {
    let (called_by, call) = match &marked.record.pending {
        Pending::Call(call) => (marked.record.sequence, call),
        Pending::Callback(callback) => (callback.called_by, &callback.call),
        Pending::Continue
        | Pending::Failing(_)
        | Pending::Until(_)
        | Pending::Retry { .. }
        | Pending::Fork(_)
        | Pending::MapRun(_)
        | Pending::Ended(_) => return Err(AnswerError::TimedOut),
    };
    if called_by != claims.sequence || call.nonce != Some(claims.nonce) {
        return Err(AnswerError::TimedOut);
    }
    // A token may be known before its call is made, by who reads the history; the call must still be made first.
    let is_begun = called_by != marked.record.sequence || marked.marks.claim.is_some();
    if is_begun { Ok(()) } else { Err(AnswerError::DoesNotExist) }
}
