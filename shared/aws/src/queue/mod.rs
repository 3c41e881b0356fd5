//! SQS: cues on their way.
//!
//! Calls to the outside go to a queue of their own, so that slow ones never hold up transitions, and Express executions to
//! another. A cue that is due within
//! fifteen minutes is a delayed message, a later one a [timer](crate::timer).

mod dead;
mod gather;
mod visibility;

pub use gather::Busy;

pub(crate) use gather::{Gather, Letter, SqsQueue};

use crate::limits::DELAY_SECS_MAX;
use crate::{Aws, document, timer};
use baton_engine::Due;
use baton_store::{Clock, Cues, Outgoing, StoreError};
use jiff::Timestamp;

impl Cues for Aws {
    async fn send(&self, cues: Vec<Outgoing>) -> Result<(), StoreError> {
        let now = self.now();
        let (mut cue_letters, mut task_letters) = (Vec::new(), Vec::new());
        let mut express_letters = Vec::new();
        for outgoing in cues {
            let delay_secs = delay_secs(outgoing.due, now);
            if let (Due::At(due), true) = (outgoing.due, delay_secs > DELAY_SECS_MAX) {
                timer::put(self, &outgoing, due).await?;
            } else {
                let letters = if outgoing.execution.is_express() {
                    &mut express_letters
                } else if outgoing.cue.signal.is_call() {
                    &mut task_letters
                } else {
                    &mut cue_letters
                };
                letters.push(Letter { body: document::text(&outgoing), delay_secs });
            }
        }
        let (cues, tasks, express) = tokio::join!(
            self.cue_queue.send(cue_letters),
            self.task_queue.send(task_letters),
            self.express_queue.send(express_letters)
        );
        cues.and(tasks).and(express)
    }
}

/// How long a message has to be delayed, rounded up: never early.
pub(crate) fn delay_secs(due: Due, now: Timestamp) -> i64 {
    match due {
        Due::Now => 0,
        Due::At(due) => {
            let millis = due.as_millisecond().saturating_sub(now.as_millisecond()).max(0);
            millis.saturating_add(999).div_euclid(1000)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_are_rounded_up() {
        let now = Timestamp::from_millisecond(10_000).unwrap();
        let check = |due_millis, secs| {
            let due = Due::At(Timestamp::from_millisecond(due_millis).unwrap());
            assert_eq!(delay_secs(due, now), secs, "{due_millis}");
        };
        check(9_000, 0);
        check(10_000, 0);
        check(10_001, 1);
        check(11_000, 1);
        check(910_001, 901);
        assert_eq!(delay_secs(Due::Now, now), 0);
    }
}
