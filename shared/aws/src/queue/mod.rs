//! SQS: cues on their way.
//!
//! Calls to the outside go to a queue of their own, so that slow ones never hold up transitions, and Express executions to
//! another; what map runs read from S3 and write there has a third. A cue that is due within fifteen minutes is a delayed message, a later one a [timer](crate::timer).

mod dead;
mod gather;
mod visibility;

pub use gather::Busy;

pub(crate) use gather::{Gather, Letter, SqsQueue};

use crate::limits::DELAY_SECS_MAX;
use crate::{Aws, document, timer};
use baton_engine::{Due, MapSignal, Signal};
use baton_store::{Clock, Cues, Outgoing, StoreError};
use jiff::Timestamp;

impl Cues for Aws {
    async fn send(&self, cues: Vec<Outgoing>) -> Result<(), StoreError> {
        let now = self.now();
        let mut letters = Letters::default();
        for outgoing in cues {
            let delay_secs = delay_secs(outgoing.due, now);
            if let (Due::At(due), true) = (outgoing.due, delay_secs > DELAY_SECS_MAX) {
                timer::put(self, &outgoing, due).await?;
            } else {
                let letter = Letter { body: document::text(&outgoing), delay_secs };
                letters.add(&outgoing, letter);
            }
        }
        letters.send(self).await
    }
}

/// What is to be sent, by queue.
#[derive(Debug, Default)]
pub(crate) struct Letters {
    cues: Vec<Letter>,
    tasks: Vec<Letter>,
    express: Vec<Letter>,
    maps: Vec<Letter>,
}

impl Letters {
    /// Puts a cue's letter where it belongs.
    pub(crate) fn add(&mut self, outgoing: &Outgoing, letter: Letter) {
        let signal = outgoing.cue.signal;
        let letters = if outgoing.execution.is_express() {
            &mut self.express
        } else if !signal.is_call() {
            &mut self.cues
        } else if matches!(signal, Signal::Map(signal) if !matches!(signal, MapSignal::Run { .. }))
        {
            &mut self.maps
        } else {
            // Express children of a map run make calls.
            &mut self.tasks
        };
        letters.push(letter);
    }

    pub(crate) async fn send(self, aws: &Aws) -> Result<(), StoreError> {
        let (cues, tasks, express, maps) = tokio::join!(
            aws.cue_queue.send(self.cues),
            aws.task_queue.send(self.tasks),
            aws.express_queue.send(self.express),
            aws.map_queue.send(self.maps)
        );
        cues.and(tasks).and(express).and(maps)
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
