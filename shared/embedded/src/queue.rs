//! The queue: cues that are due, and those that will be.
//!
//! # Invariants
//!
//! * No cue is handed out before it is due, by the clock that everything here goes by.
//! * A cue that was sent is handed out once. Whoever takes it and fails sends it again.
//! * Nothing of it is kept: it is derived from the journals when the file is opened.
//!
//! A waiting cue costs about 150 bytes.

use crate::limits;
use baton_engine::Due;
use baton_store::Outgoing;
use jiff::Timestamp;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// The queue.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    cues: Mutex<Waiting>,
    /// Told once for everybody who should look again.
    changed: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    ready: VecDeque<Outgoing>,
    /// By the millisecond they are due in, then in the order they were sent.
    timed: BTreeMap<Place, Outgoing>,
    sent: u64,
    is_closed: bool,
}

/// Where a cue waits: the millisecond it is due in, and its number among all that were sent.
pub(crate) type Place = (i64, u64);

/// What there is for whoever asks.
#[derive(Debug, PartialEq)]
pub(crate) enum Next {
    Cue(Outgoing),
    /// Nothing before this long.
    In(Duration),
    /// Nothing at all yet.
    Nothing,
    /// Nothing any more.
    Closed,
}

impl Queue {
    pub(crate) fn send(&self, cues: Vec<Outgoing>, now: Timestamp) {
        let mut waiting = self.lock();
        for cue in cues {
            match cue.due {
                Due::At(at) if at > now => {
                    let number = waiting.sent;
                    waiting.sent += 1;
                    waiting.timed.insert((millis_up(at), number), cue);
                }
                Due::At(_) | Due::Now => waiting.ready.push_back(cue),
            }
        }
        drop(waiting);
        self.changed.notify_one();
    }

    /// The next cue that is due; nothing once the queue is closed. May be given up at any time without losing one, and
    /// awaited by many.
    pub(crate) async fn next(&self, now: impl Fn() -> Timestamp) -> Option<Outgoing> {
        loop {
            // From here on a change is noticed.
            let changed = self.changed.notified();
            match self.look(now()) {
                Next::Cue(cue) => return Some(cue),
                Next::Closed => return None,
                Next::Nothing => changed.await,
                Next::In(wait) => {
                    let nap = wait.min(limits::NAP_MAX);
                    // Either end of it is a reason to look again.
                    let _ = tokio::time::timeout(nap, changed).await;
                }
            }
        }
    }

    /// Waits for the next change.
    pub(crate) fn changed(&self) -> tokio::sync::futures::Notified<'_> {
        self.changed.notified()
    }

    /// The first cue that is not due yet, with its place.
    pub(crate) fn first_waiting(&self) -> Option<(Place, Outgoing)> {
        let waiting = self.lock();
        let (place, cue) = waiting.timed.first_key_value()?;
        Some((*place, cue.clone()))
    }

    /// Takes the waiting cue of a place, unless it has gone.
    pub(crate) fn take_waiting(&self, place: Place) -> Option<Outgoing> {
        self.lock().timed.remove(&place)
    }

    /// Ends every [`Queue::next`].
    pub(crate) fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_waiters();
        self.changed.notify_one();
    }

    /// How many cues wait.
    pub(crate) fn len(&self) -> usize {
        let waiting = self.lock();
        waiting.ready.len() + waiting.timed.len()
    }

    /// What there is at this time.
    pub(crate) fn look(&self, now: Timestamp) -> Next {
        let mut waiting = self.lock();
        if waiting.is_closed {
            drop(waiting);
            self.changed.notify_one();
            return Next::Closed;
        }
        // Those that have become due are not overtaken for ever by those that are due at once.
        let now = now.as_millisecond();
        while let Some(first) = waiting.timed.first_entry() {
            if first.key().0 > now {
                break;
            }
            let cue = first.remove();
            waiting.ready.push_back(cue);
        }
        if let Some(cue) = waiting.ready.pop_front() {
            let has_more = !waiting.ready.is_empty();
            drop(waiting);
            if has_more {
                self.changed.notify_one();
            }
            return Next::Cue(cue);
        }
        match waiting.timed.first_key_value() {
            None => Next::Nothing,
            Some(((due, _), _)) => {
                let wait = u64::try_from(due.saturating_sub(now)).unwrap_or(0);
                Next::In(Duration::from_millis(wait))
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.cues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The first whole millisecond at or after a time.
fn millis_up(at: Timestamp) -> i64 {
    let millis = at.as_millisecond();
    let is_later = Timestamp::from_millisecond(millis).is_ok_and(|whole| whole < at);
    millis.saturating_add(i64::from(is_later))
}

#[cfg(test)]
mod tests {
    use super::*;
    use baton_engine::{Cue, ScopePath, Sequence, Signal};
    use baton_store::ExecutionArn;
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    const NOW: i64 = 1_763_640_000_000;

    #[test]
    fn cues_come_when_they_are_due_and_not_before() {
        let queue = Queue::default();
        let dues = [Due::At(at(20)), Due::At(at(10)), Due::Now, Due::At(at(-5)), Due::At(at(10))];
        queue.send((0..).zip(dues).map(|(number, due)| cue(number, due)).collect(), at(0));
        check(&queue, 0, &[2, 3]);
        check(&queue, 9, &[]);
        check(&queue, 10, &[1, 4]);
        check(&queue, 1_000, &[0]);
        assert_eq!(queue.len(), 0);
    }

    #[test]
    fn a_part_of_a_millisecond_counts_as_a_whole_one() {
        let queue = Queue::default();
        let due = at(10) + jiff::SignedDuration::from_nanos(1);
        queue.send(vec![cue(0, Due::At(due))], at(0));
        check(&queue, 10, &[]);
        check(&queue, 11, &[0]);
    }

    #[tokio::test]
    async fn everybody_who_waits_gets_one() {
        let queue = std::sync::Arc::new(Queue::default());
        let waiting: Vec<_> = (0..8)
            .map(|_| {
                let queue = queue.clone();
                tokio::spawn(async move { queue.next(|| at(0)).await.unwrap().cue.sequence.0 })
            })
            .collect();
        queue.send((0..8).map(|number| cue(number, Due::Now)).collect(), at(0));
        let mut taken = Vec::new();
        for waiter in waiting {
            taken.push(waiter.await.unwrap());
        }
        taken.sort_unstable();
        assert_eq!(taken, (0..8).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn a_closed_queue_gives_nothing_to_anybody() {
        let queue = std::sync::Arc::new(Queue::default());
        let waiting: Vec<_> = (0..4)
            .map(|_| {
                let queue = queue.clone();
                tokio::spawn(async move { queue.next(|| at(0)).await })
            })
            .collect();
        tokio::task::yield_now().await;
        queue.close();
        queue.send(vec![cue(0, Due::Now)], at(0));
        for waiter in waiting {
            assert_eq!(waiter.await.unwrap(), None);
        }
        assert_eq!(queue.next(|| at(0)).await, None);
    }

    #[tokio::test]
    async fn whoever_gives_up_takes_no_cue_away() {
        let queue = Queue::default();
        {
            let next = pin!(queue.next(|| at(0)));
            assert!(next.poll(&mut Context::from_waker(Waker::noop())).is_pending());
            queue.send(vec![cue(0, Due::Now)], at(0));
        }
        let next = pin!(queue.next(|| at(0)));
        let taken = next.poll(&mut Context::from_waker(Waker::noop()));
        assert_eq!(taken, Poll::Ready(Some(cue(0, Due::Now))));
    }

    /// Takes all that is due so many milliseconds on.
    fn check(queue: &Queue, millis: i64, numbers: &[u32]) {
        let mut taken = Vec::new();
        while let Next::Cue(cue) = queue.look(at(millis)) {
            taken.push(cue.cue.sequence.0);
        }
        assert_eq!(taken, numbers, "at {millis}");
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(NOW + millis).unwrap()
    }

    fn cue(number: u32, due: Due) -> Outgoing {
        let arn = "arn:aws:states:us-east-1:123456789012:execution:m:n";
        let cue =
            Cue { scope: ScopePath::top(), sequence: Sequence(number), signal: Signal::Proceed };
        Outgoing { execution: ExecutionArn::parse(arn).unwrap(), cue, due }
    }
}
