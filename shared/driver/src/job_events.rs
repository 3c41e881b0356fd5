//! Jobs whose ends are told by events.
//!
//! While a job goes on, a document says who waits for it, under the name that its service's events have for it. An event makes
//! whoever waits ask the job how it stands, and nothing else: a false one, or one that comes twice, costs a question.
//!
//! The document is written before the job is asked for the first time. So an end that is told before it is there is seen by that
//! question, and one that comes later is heard.

use crate::driver::{Driver, Run};
use crate::error::Halt;
use crate::limits::{JOB_WAITERS_MAX, JOB_WAITERS_PER_PAGE, TOLD_PAUSE};
use crate::take::Taken;
use crate::tasks::{Job, Tasks};
use baton_engine::{Callback, Cue, Due, Marked, Record, Signal};
use baton_integrations::JobKey;
use baton_store::documents::{self, JobWaiter};
use baton_store::{Backend, Outgoing, StoreError};
use jiff::Timestamp;

/// Has a job asked how it stands by all who wait for it; answers how many those are.
///
/// # Errors
///
/// [`StoreError`]: not all may have been told. Telling them again does no harm.
pub async fn tell_waiters(backend: &impl Backend, job: &JobKey) -> Result<usize, StoreError> {
    let (mut told, mut from) = (0, None);
    loop {
        let group = job.as_str();
        let page =
            documents::list::<JobWaiter>(backend, group, JOB_WAITERS_PER_PAGE, from.as_deref());
        let page = page.await?;
        let places = page.items.iter().filter_map(|(_, waiter)| waiter.value.place());
        let cues: Vec<Outgoing> = places
            .map(|(execution, scope, sequence)| {
                let cue = Cue { scope, sequence, signal: Signal::Told { is_last: false } };
                Outgoing { execution, cue, due: Due::Now }
            })
            .collect();
        told += cues.len();
        if !cues.is_empty() {
            backend.send(cues).await?;
        }
        from = page.next.filter(|_| told < JOB_WAITERS_MAX);
        if from.is_none() {
            return Ok(told);
        }
    }
}

impl<B: Backend, T: Tasks> Driver<B, T> {
    /// What events call a job whose end is heard of. One that was begun with another role may be in another account, whose events do
    /// not come here.
    pub(crate) fn heard_key(&self, job: &Job<'_>) -> Option<JobKey> {
        let may_hear = self.settings.hears_events && job.call.credentials_role_arn.is_none();
        job.of_service().filter(|_| may_hear)?.key().cloned()
    }

    /// Notes that a record waits for a job, unless that is noted.
    pub(crate) async fn note_waiter(
        &self,
        run: &Run,
        record: &Record,
        key: &JobKey,
    ) -> Result<(), StoreError> {
        let waiter = JobWaiter::new(&run.arn, &record.scope, record.sequence);
        let (group, own) = (key.as_str(), waiter.key());
        if documents::find::<JobWaiter>(&*self.backend, group, &own).await?.is_none() {
            documents::swap(&*self.backend, group, &own, None, Some(&waiter)).await?;
        }
        Ok(())
    }

    /// Takes the note away, if there is one.
    pub(crate) async fn forget_waiter(
        &self,
        run: &Run,
        record: &Record,
        key: &JobKey,
    ) -> Result<(), StoreError> {
        let own = JobWaiter::new(&run.arn, &record.scope, record.sequence).key();
        let group = key.as_str();
        if let Some(held) = documents::find::<JobWaiter>(&*self.backend, group, &own).await? {
            documents::swap(&*self.backend, group, &own, Some(&held), None).await?;
        }
        Ok(())
    }

    /// An event told a job's end. Where its service does not know of that yet, it is asked once more, so that no event, however
    /// often it comes, makes more than two questions of it.
    pub(crate) async fn poll_told(
        &self,
        run: &Run,
        marked: &Marked,
        callback: &Callback,
        is_last: bool,
    ) -> Result<Taken, Halt> {
        match self.ask(run, marked, callback).await? {
            Some(taken) => Ok(taken),
            None if is_last => Ok(Taken::Early),
            None => {
                let at = self.backend.now().saturating_add(TOLD_PAUSE).unwrap_or(Timestamp::MAX);
                self.send_again(run, &marked.record, Signal::Told { is_last: true }, at).await
            }
        }
    }
}
