//! Handing out cues, and skipping the time in which nothing would happen.

use crate::queue::Next;
use crate::time::Hold;
use crate::{Embedded, limits};
use baton_store::{Journal, Outgoing, StoreError, is_moot};

impl Embedded {
    /// Skips waiting from here on: while nothing runs and no cue is due, this backend's time jumps to the next cue.
    pub fn skip_waits(&self) {
        self.time.skip();
    }

    /// Keeps time from jumping for as long as what is answered is kept: something is under way that no cue stands for.
    #[must_use]
    pub fn hold_time(&self) -> Hold {
        self.time.hold()
    }

    /// The next cue that is due; nothing once the backend is shutting down. May be given up at any time without losing a
    /// cue, and awaited by many.
    ///
    /// `is_idle` says that nothing is under way that was handed out before: only then waiting may be skipped.
    pub async fn next_cue(&self, is_idle: bool) -> Option<Outgoing> {
        if is_idle && self.time.is_skipping() {
            self.next_skipping().await
        } else {
            self.queue.next(|| self.time.now()).await
        }
    }

    async fn next_skipping(&self) -> Option<Outgoing> {
        loop {
            // From here on a change is noticed.
            let changed = self.queue.changed();
            match self.queue.look(self.time.now()) {
                Next::Cue(cue) => return Some(cue),
                Next::Closed => return None,
                Next::Nothing => changed.await,
                Next::In(wait) if self.time.is_held() => {
                    let nap = tokio::time::timeout(wait.min(limits::NAP_MAX), changed);
                    tokio::select! {
                        // Any of them is a reason to look again.
                        _ = nap => {}
                        () = self.time.released() => {}
                    }
                }
                Next::In(_) => {
                    if let Some(moot) = self.jump().await {
                        return Some(moot);
                    }
                }
            }
        }
    }

    /// Jumps to when the next cue is due; or hands out one for which time makes no difference.
    async fn jump(&self) -> Option<Outgoing> {
        let (place, cue) = self.queue.first_waiting()?;
        let is_moot = self.is_moot(&cue).await.unwrap_or_else(|error| {
            tracing::warn!(arn = %cue.execution, %error, "a timer's execution cannot be read");
            false
        });
        if is_moot {
            return self.queue.take_waiting(place);
        }
        self.time.advance_to(place.0);
        None
    }

    async fn is_moot(&self, cue: &Outgoing) -> Result<bool, StoreError> {
        let Some(header) = self.header(&cue.execution).await? else { return Ok(true) };
        let newest = self.newest(&cue.execution, &cue.cue.scope).await?;
        let newest = newest.as_ref().map(|newest| &*newest.record);
        Ok(is_moot(&header, newest, &cue.cue))
    }
}
