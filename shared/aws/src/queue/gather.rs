//! Sends by tens.
//!
//! SQS takes ten messages for the price of one, and an invocation works on many executions at once: each hands its cues to
//! the queue's gatherer and waits for the answer. The gatherer fills a batch until it is full, or nobody is left who could
//! add to it, or some milliseconds have gone by.

use crate::error::{chain, refused, unavailable};
use crate::limits::BATCH_ENTRIES_MAX;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use baton_store::StoreError;
use std::error::Error as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// How many cues are being worked on, and how many of those wait for a send.
#[derive(Debug, Clone, Default)]
pub struct Busy(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    working: AtomicUsize,
    waiting: AtomicUsize,
}

/// Counts one until it is dropped.
#[derive(Debug)]
pub struct Counted {
    counts: Arc<Counts>,
    which: fn(&Counts) -> &AtomicUsize,
}

impl Busy {
    /// Tells that a cue is being worked on, until the answer is dropped.
    #[must_use = "counts until it is dropped"]
    pub fn begin(&self) -> Counted {
        Counted::new(&self.0, |counts| &counts.working)
    }

    fn wait(&self) -> Counted {
        Counted::new(&self.0, |counts| &counts.waiting)
    }

    /// Whether nobody is left who might send something before those who wait are answered.
    fn all_wait(&self) -> bool {
        self.0.waiting.load(Ordering::Relaxed) >= self.0.working.load(Ordering::Relaxed)
    }
}

impl Counted {
    fn new(counts: &Arc<Counts>, which: fn(&Counts) -> &AtomicUsize) -> Self {
        which(counts).fetch_add(1, Ordering::Relaxed);
        Counted { counts: counts.clone(), which }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        (self.which)(&self.counts).fetch_sub(1, Ordering::Relaxed);
    }
}

/// A message to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Letter {
    pub(crate) body: String,
    pub(crate) delay_secs: i64,
}

/// A letter, and who waits for its being sent.
#[derive(Debug)]
struct Waiting {
    letter: Letter,
    answer: oneshot::Sender<Result<(), String>>,
}

/// A queue that is sent to by tens.
#[derive(Debug, Clone)]
pub(crate) struct Gather {
    letters: mpsc::UnboundedSender<Waiting>,
    busy: Busy,
}

/// Where batches go.
pub(crate) trait Post: Clone + Send + Sync + 'static {
    /// Sends at most ten letters; answers for each.
    fn post(
        &self,
        letters: Vec<Letter>,
    ) -> impl Future<Output = Result<Vec<Result<(), String>>, StoreError>> + Send;
}

impl Gather {
    /// Starts a queue's gatherer, which lets a batch wait for `linger` at most. It ends when the last clone of the answer is
    /// dropped.
    pub(crate) fn start(post: impl Post, busy: Busy, linger: Duration) -> Self {
        let (letters, incoming) = mpsc::unbounded_channel();
        tokio::spawn(gather(post, incoming, busy.clone(), linger));
        Gather { letters, busy }
    }

    /// Sends letters; answers when each is accepted.
    pub(crate) async fn send(&self, letters: Vec<Letter>) -> Result<(), StoreError> {
        let _waits = self.busy.wait();
        let mut answers = Vec::with_capacity(letters.len());
        for letter in letters {
            let (answer, answered) = oneshot::channel();
            if self.letters.send(Waiting { letter, answer }).is_err() {
                return Err(refused(WHAT, "its sender has ended"));
            }
            answers.push(answered);
        }
        for answered in answers {
            match answered.await {
                Ok(Ok(())) => (),
                Ok(Err(why)) => return Err(refused(WHAT, why)),
                Err(_) => return Err(refused(WHAT, "its sender has ended")),
            }
        }
        Ok(())
    }
}

const WHAT: &str = "queue";

async fn gather(
    post: impl Post,
    mut incoming: mpsc::UnboundedReceiver<Waiting>,
    busy: Busy,
    linger: Duration,
) {
    while let Some(first) = incoming.recv().await {
        let mut batch = vec![first];
        // Out of time: what is there goes.
        let _ = tokio::time::timeout(linger, fill(&mut batch, &mut incoming, &busy)).await;
        tokio::spawn(deliver(post.clone(), batch));
    }
}

async fn fill(
    batch: &mut Vec<Waiting>,
    incoming: &mut mpsc::UnboundedReceiver<Waiting>,
    busy: &Busy,
) {
    while batch.len() < BATCH_ENTRIES_MAX {
        match incoming.try_recv() {
            Ok(waiting) => batch.push(waiting),
            Err(_) if busy.all_wait() => return,
            Err(_) => match incoming.recv().await {
                Some(waiting) => batch.push(waiting),
                None => return,
            },
        }
    }
}

async fn deliver(post: impl Post, batch: Vec<Waiting>) {
    let (letters, answers): (Vec<_>, Vec<_>) =
        batch.into_iter().map(|waiting| (waiting.letter, waiting.answer)).unzip();
    let outcome = post.post(letters).await;
    for (at, answer) in answers.into_iter().enumerate() {
        let result = match &outcome {
            Ok(results) => {
                results.get(at).cloned().unwrap_or_else(|| Err("it was not answered".to_owned()))
            }
            Err(error) => Err(error.source().map_or_else(String::new, chain)),
        };
        // Whoever has gone away takes its cue again.
        let _ = answer.send(result);
    }
}

/// A queue of SQS.
#[derive(Debug, Clone)]
pub(crate) struct SqsQueue {
    pub(crate) client: Client,
    pub(crate) url: Arc<str>,
}

impl Post for SqsQueue {
    async fn post(&self, letters: Vec<Letter>) -> Result<Vec<Result<(), String>>, StoreError> {
        let mut results = vec![Ok(()); letters.len()];
        let entries = letters
            .into_iter()
            .enumerate()
            .map(|(at, letter)| {
                SendMessageBatchRequestEntry::builder()
                    .id(at.to_string())
                    .message_body(letter.body)
                    .delay_seconds(i32::try_from(letter.delay_secs).unwrap_or(0))
                    .build()
            })
            .collect::<Result<_, _>>()
            .map_err(|error| refused(WHAT, error.to_string()))?;
        let answer = self
            .client
            .send_message_batch()
            .queue_url(&*self.url)
            .set_entries(Some(entries))
            .send()
            .await
            .map_err(unavailable(WHAT))?;
        for failed in answer.failed() {
            let slot = failed.id().parse::<usize>().ok().and_then(|at| results.get_mut(at));
            if let Some(slot) = slot {
                *slot = Err(format!("{}: {}", failed.code(), failed.message().unwrap_or_default()));
            }
        }
        Ok(results)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    /// Longer than any test runs: whoever waits for it hangs.
    const FOR_EVER: Duration = Duration::from_secs(86_400);

    /// Notes the batches, and refuses letters that say so.
    #[derive(Clone, Default)]
    struct Notes(Arc<Mutex<Vec<Vec<String>>>>);

    impl Post for Notes {
        async fn post(&self, letters: Vec<Letter>) -> Result<Vec<Result<(), String>>, StoreError> {
            let bodies: Vec<String> = letters.into_iter().map(|letter| letter.body).collect();
            self.0.lock().unwrap().push(bodies.clone());
            if bodies.iter().any(|body| body == "outage") {
                return Err(refused(WHAT, "down"));
            }
            let answer = |body: &String| if body == "bad" { Err("bad".to_owned()) } else { Ok(()) };
            Ok(bodies.iter().map(answer).collect())
        }
    }

    fn letters(bodies: &[&str]) -> Vec<Letter> {
        bodies.iter().map(|body| Letter { body: (*body).to_owned(), delay_secs: 0 }).collect()
    }

    /// Sends from as many workers at the same time, each counted as busy until its send is answered.
    async fn check(senders: &[&[&str]], batches: &[&[&str]]) {
        let (notes, busy) = (Notes::default(), Busy::default());
        let gather = Gather::start(notes.clone(), busy.clone(), FOR_EVER);
        let working: Vec<Counted> = senders.iter().map(|_| busy.begin()).collect();
        let mut sends = tokio::task::JoinSet::new();
        for (bodies, counted) in senders.iter().zip(working) {
            let (gather, letters) = (gather.clone(), letters(bodies));
            sends.spawn(async move {
                let _counted = counted;
                gather.send(letters).await.unwrap();
            });
        }
        sends.join_all().await;
        assert_eq!(*notes.0.lock().unwrap(), batches);
    }

    #[tokio::test]
    async fn those_who_work_at_the_same_time_share_a_batch() {
        check(&[&["a"], &["b"], &["c", "d"]], &[&["a", "b", "c", "d"]]).await;
    }

    #[tokio::test]
    async fn a_batch_has_ten_at_most() {
        let eleven: Vec<String> = (0..11).map(|at| at.to_string()).collect();
        let eleven: Vec<&str> = eleven.iter().map(String::as_str).collect();
        check(&[&eleven], &[&eleven[..10], &eleven[10..]]).await;
    }

    #[tokio::test]
    async fn whoever_is_alone_does_not_wait() {
        check(&[&["a"]], &[&["a"]]).await;
    }

    #[tokio::test]
    async fn nobody_waits_long_for_one_who_sends_nothing() {
        let (notes, busy) = (Notes::default(), Busy::default());
        let gather = Gather::start(notes.clone(), busy.clone(), Duration::from_millis(1));
        let (_working, _silent) = (busy.begin(), busy.begin());
        gather.send(letters(&["a"])).await.unwrap();
        assert_eq!(*notes.0.lock().unwrap(), [["a"]]);
    }

    #[tokio::test]
    async fn a_refused_letter_fails_its_own_sender_alone() {
        let gather = Gather::start(Notes::default(), Busy::default(), FOR_EVER);
        let (good, bad) =
            tokio::join!(gather.send(letters(&["a"])), gather.send(letters(&["bad"])));
        assert!(good.is_ok());
        assert!(matches!(bad, Err(StoreError::Unavailable { .. })));
    }

    #[tokio::test]
    async fn an_outage_fails_everybody() {
        let gather = Gather::start(Notes::default(), Busy::default(), FOR_EVER);
        let both = tokio::join!(gather.send(letters(&["a"])), gather.send(letters(&["outage"])));
        assert!(both.0.is_err() && both.1.is_err());
    }
}
