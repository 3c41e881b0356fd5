//! Draining a queue on one machine: many cues at once, slow calls beside fast transitions.
//!
//! # Invariants
//!
//! * A cue that was fetched is taken, or sent again, or ends its execution: none is forgotten while the process lives.
//! * Calls and Express executions never hold up transitions: they have places of their own, and wait for them beside the
//!   queue.

use crate::error::chain;
use crate::limits::{
    COUNTED_CUES_MAX, PANICS_MAX, RETRY_DELAY_MAX, RETRY_DELAY_MIN, TRIES_MAX, WAITING_CALLS_MAX,
};
use crate::{Driver, TakeError, Tasks};
use baton_engine::{Cue, Due, MapSignal, Signal};
use baton_store::{Backend, ExecutionArn, Outgoing, StoreError};
use futures_util::FutureExt;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// Where cues come from.
pub trait Source: Send {
    /// The next cue that is due; nothing once there will be none. A call that is given up before it answers takes no
    /// cue away.
    ///
    /// `is_idle` says that nothing is under way that was taken before, so that a source may skip a time in which nothing
    /// would happen.
    fn next(&mut self, is_idle: bool) -> impl Future<Output = Option<Outgoing>> + Send;
}

/// How much happens at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lanes {
    /// How many calls.
    pub calls_max: usize,
    /// How many Express executions.
    pub express_max: usize,
    /// How many of all other cues.
    pub transitions_max: usize,
    /// How long calls may go on after the runner was told to stop. Those given up then are lost attempts, and Express
    /// executions begin anew.
    pub grace: Duration,
}

impl Default for Lanes {
    fn default() -> Self {
        Lanes {
            calls_max: 256,
            express_max: 1024,
            transitions_max: 256,
            grace: Duration::from_secs(5),
        }
    }
}

/// Takes cues until `stop` is ready or the source has ended, then waits for what is under way.
pub async fn run<B: Backend, T: Tasks>(
    driver: Arc<Driver<B, T>>,
    mut source: impl Source,
    lanes: Lanes,
    stop: impl Future<Output = ()> + Send,
) {
    let mut runner = Runner::new(driver, lanes);
    let mut stop = pin!(stop);
    loop {
        let is_idle = runner.under_way.is_empty();
        tokio::select! {
            biased;
            () = &mut stop => break,
            Some(ended) = runner.under_way.join_next() => runner.settle(ended.ok()).await,
            cue = source.next(is_idle), if runner.has_room() => match cue {
                Some(cue) => runner.admit(cue),
                None => break,
            },
        }
    }
    runner.finish().await;
}

struct Runner<B, T> {
    driver: Arc<Driver<B, T>>,
    lanes: Lanes,
    under_way: JoinSet<Ended>,
    calls: Slow,
    express: Slow,
    transitions: usize,
    failures: BTreeMap<(ExecutionArn, Cue), u32>,
}

/// Work that may take long: how much of it is under way, and what waits for a place.
#[derive(Default)]
struct Slow {
    under_way: usize,
    waiting: VecDeque<Outgoing>,
}

/// A cue that was taken, well or not.
struct Ended {
    cue: Outgoing,
    trouble: Option<Trouble>,
}

/// Why a cue was not taken.
enum Trouble {
    /// The backend is not there. That is no fault of the cue.
    Backend(String),
    /// What is kept cannot be read, so the execution cannot even be ended.
    Unreadable(String),
    /// Something of the cue's own.
    Own(String),
    /// A bug.
    Panic,
}

impl<B: Backend, T: Tasks> Runner<B, T> {
    fn new(driver: Arc<Driver<B, T>>, lanes: Lanes) -> Self {
        Runner {
            driver,
            lanes,
            under_way: JoinSet::new(),
            calls: Slow::default(),
            express: Slow::default(),
            transitions: 0,
            failures: BTreeMap::new(),
        }
    }

    fn has_room(&self) -> bool {
        self.transitions < self.lanes.transitions_max
            && self.calls.waiting.len() + self.express.waiting.len() < WAITING_CALLS_MAX
    }

    fn admit(&mut self, cue: Outgoing) {
        match self.slow(&cue) {
            Some((slow, max)) if slow.under_way >= max => slow.waiting.push_back(cue),
            Some(_) | None => {
                self.occupy(&cue);
                self.begin(cue);
            }
        }
    }

    /// Where a cue of slow work has its place, and how many places there are.
    fn slow(&mut self, cue: &Outgoing) -> Option<(&mut Slow, usize)> {
        let is_express = matches!(cue.cue.signal, Signal::Map(MapSignal::Run { .. }))
            || cue.execution.is_express();
        if is_express {
            Some((&mut self.express, self.lanes.express_max))
        } else if cue.cue.signal.is_call() {
            Some((&mut self.calls, self.lanes.calls_max))
        } else {
            None
        }
    }

    fn occupy(&mut self, cue: &Outgoing) {
        let places = match self.slow(cue) {
            Some((slow, _)) => &mut slow.under_way,
            None => &mut self.transitions,
        };
        *places = places.saturating_add(1);
    }

    fn begin(&mut self, cue: Outgoing) {
        let driver = self.driver.clone();
        self.under_way.spawn(async move {
            let taking = AssertUnwindSafe(driver.take(&cue.execution, &cue.cue)).catch_unwind();
            let trouble = match taking.await {
                Ok(Ok(_)) => None,
                Ok(Err(error)) => Some(trouble(&error)),
                Err(_) => Some(Trouble::Panic),
            };
            Ended { cue, trouble }
        });
    }

    /// Frees the place of a cue, and sees to it that a failed one comes again.
    async fn settle(&mut self, ended: Option<Ended>) {
        // Only a task that was given up has no answer, and those are given up after the loop.
        let Some(Ended { cue, trouble }) = ended else { return };
        self.free(&cue);
        match trouble {
            None if self.failures.is_empty() => {}
            None => {
                self.failures.remove(&(cue.execution, cue.cue));
            }
            Some(trouble) => self.retry_or_condemn(cue, trouble).await,
        }
    }

    fn free(&mut self, cue: &Outgoing) {
        let Some((slow, _)) = self.slow(cue) else {
            self.transitions = self.transitions.saturating_sub(1);
            return;
        };
        match slow.waiting.pop_front() {
            Some(next) => self.begin(next),
            None => slow.under_way = slow.under_way.saturating_sub(1),
        }
    }

    async fn retry_or_condemn(&mut self, cue: Outgoing, trouble: Trouble) {
        let tries = self.count(&cue);
        let arn = &cue.execution;
        match trouble {
            Trouble::Unreadable(error) => {
                tracing::error!(%arn, error, "the execution cannot be read and is left alone");
            }
            Trouble::Own(error) if tries >= TRIES_MAX => {
                self.condemn(cue, format!("a cue failed {tries} times: {error}")).await;
            }
            Trouble::Panic if tries >= PANICS_MAX => {
                self.condemn(cue, format!("a cue crashed {tries} times")).await;
            }
            Trouble::Backend(error) | Trouble::Own(error) => {
                tracing::warn!(%arn, tries, error, "the cue comes again");
                self.send_again(cue, tries).await;
            }
            Trouble::Panic => {
                tracing::error!(%arn, tries, "what took the cue crashed; it comes again");
                self.send_again(cue, tries).await;
            }
        }
    }

    /// How often this cue has failed, this time included.
    fn count(&mut self, cue: &Outgoing) -> u32 {
        let key = (cue.execution.clone(), cue.cue.clone());
        if self.failures.len() >= COUNTED_CUES_MAX && !self.failures.contains_key(&key) {
            return 1;
        }
        let tries = self.failures.entry(key).or_insert(0);
        *tries = tries.saturating_add(1);
        *tries
    }

    async fn condemn(&mut self, cue: Outgoing, cause: String) {
        match self.driver.condemn(&cue.execution, &cause).await {
            Ok(_) => {
                self.failures.remove(&(cue.execution, cue.cue));
            }
            Err(error) => {
                tracing::warn!(arn = %cue.execution, error = chain(&error), "not ended yet");
                self.send_again(cue, TRIES_MAX).await;
            }
        }
    }

    async fn send_again(&mut self, cue: Outgoing, tries: u32) {
        let backend = self.driver.backend();
        let delay = delay_after(tries);
        let at = backend.now().saturating_add(delay).unwrap_or(Timestamp::MAX);
        let again = Outgoing { due: Due::At(at), ..cue.clone() };
        if backend.send(vec![again]).await.is_err() {
            self.keep(cue, delay);
        }
    }

    /// Holds on to a cue that the backend does not accept; its place stays taken meanwhile.
    fn keep(&mut self, cue: Outgoing, delay: SignedDuration) {
        self.occupy(&cue);
        self.under_way.spawn(async move {
            #[expect(
                clippy::disallowed_methods,
                reason = "the backend whose timer should wait is what has failed"
            )]
            tokio::time::sleep(delay.unsigned_abs()).await;
            let trouble = Trouble::Backend("the cue could not be sent again".to_owned());
            Ended { cue, trouble: Some(trouble) }
        });
    }

    /// Lets what is under way end, calls no longer than the grace.
    async fn finish(mut self) {
        let grace = self.lanes.grace;
        let all = async {
            while let Some(ended) = self.under_way.join_next().await {
                let trouble = ended.ok().and_then(|ended| Some((ended.cue, ended.trouble?)));
                if let Some((cue, trouble)) = trouble {
                    self.retry_or_condemn(cue, trouble).await;
                }
            }
        };
        let is_done = tokio::time::timeout(grace, all).await.is_ok();
        if !is_done {
            tracing::warn!("calls were given up");
        }
        // Dropping the set ends what is left in it.
    }
}

fn trouble(error: &TakeError) -> Trouble {
    let text = chain(error);
    match error {
        TakeError::Store(StoreError::Unavailable { .. }) => Trouble::Backend(text),
        TakeError::Store(StoreError::Corrupt { .. }) => Trouble::Unreadable(text),
        TakeError::Unready(_) | TakeError::JoinIncomplete { .. } | TakeError::Contended { .. } => {
            Trouble::Own(text)
        }
    }
}

/// How long a cue waits that has failed so often.
fn delay_after(tries: u32) -> SignedDuration {
    let factor = 1_i32.checked_shl(tries.saturating_sub(1).min(20)).unwrap_or(i32::MAX);
    RETRY_DELAY_MIN.checked_mul(factor).unwrap_or(RETRY_DELAY_MAX).min(RETRY_DELAY_MAX)
}
