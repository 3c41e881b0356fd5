//! Going on without a cue: transitions that touch nothing outside, one after the other.
//!
//! Where nothing follows from a record but the next transition of its scope, the worker makes that at once instead of sending a
//! cue for it. Each transition is a record of its own, committed by a write of its own, so that nothing of what is kept depends
//! on who made how many; only the cue between them is saved. If the worker dies on the way, its one cue comes again, finds that the
//! scope has moved on, and does again what follows from the newest record.

use crate::driver::{Driver, Run};
use crate::error::Halt;
use crate::limits::STRETCH_MAX;
use crate::take::{Dropped, Taken};
use crate::tasks::Tasks;
use baton_engine::{Due, Marked, Marks, Outcome, Record, ScopePath, Sequence};
use baton_store::{Backend, Durability, Loaded};
use std::sync::Arc;

impl<B: Backend, T: Tasks> Driver<B, T> {
    /// Decides, commits, and goes on from there as far as nothing touches the outside; then does what follows.
    pub(crate) async fn move_far(
        &self,
        run: &Run,
        marked: &Marked,
        outcome: Outcome,
    ) -> Result<Taken, Halt> {
        let next = marked.record.sequence.next();
        match self.commit_next(run, marked, outcome, Durability::Later).await? {
            Some(record) => self.go_on(run, record).await,
            None => self.follow_stretch(run, &marked.record.scope, next).await,
        }
    }

    async fn go_on(&self, run: &Run, mut record: Arc<Record>) -> Result<Taken, Halt> {
        for _ in 1..self.settings.stretch.min(STRETCH_MAX) {
            if !self.may_go_on(run, &record) {
                break;
            }
            let marked = Marked { record: Arc::clone(&record), marks: Marks::default() };
            match self.commit_next(run, &marked, Outcome::Proceed, Durability::Later).await? {
                Some(next) => record = next,
                // Somebody else moves the scope on.
                None => {
                    let next = record.sequence.next();
                    return self.follow_stretch(run, &record.scope, next).await;
                }
            }
        }
        self.follow(run, &record).await?;
        Ok(Taken::Advanced)
    }

    /// Whether the next transition may be made without a cue: nothing else follows, it is due, and there is time for it.
    fn may_go_on(&self, run: &Run, record: &Record) -> bool {
        let Some(cue) = record.onward() else { return false };
        let is_due = self.paced(run, &cue, Due::Now) == Due::Now;
        is_due && self.backend.now() < run.header.latest_end()
    }

    /// Does again what follows from a record that another delivery committed, or from the one to which that delivery went on.
    /// It is done once too often where a cue led to the newest record, which does no harm.
    pub(crate) async fn follow_stretch(
        &self,
        run: &Run,
        scope: &ScopePath,
        sequence: Sequence,
    ) -> Result<Taken, Halt> {
        let Some(newest) = self.backend.newest(&run.arn, scope).await? else {
            return Ok(Taken::Dropped(Dropped::Stale));
        };
        let newest = newest.record;
        let ahead = newest.sequence.0.saturating_sub(sequence.0);
        let reach = if self.settings.stretch > 1 { STRETCH_MAX } else { 1 };
        if newest.sequence == sequence
            || (1..reach).contains(&ahead) && self.went_on(run, &newest).await?
        {
            self.follow(run, &newest).await?;
            return Ok(Taken::Repeated);
        }
        Ok(Taken::Dropped(Dropped::Stale))
    }

    /// Whether a record may have been committed without a cue for it.
    async fn went_on(&self, run: &Run, record: &Record) -> Result<bool, Halt> {
        let Some(before) = record.sequence.0.checked_sub(1).map(Sequence) else { return Ok(false) };
        let loaded = self.backend.load(&run.arn, &record.scope, before).await?;
        let before = loaded.and_then(|Loaded { record, .. }| record);
        Ok(before.is_some_and(|before| before.record.onward().is_some()))
    }
}
