//! The queue.

use crate::home::Home;
use crate::samples::header;
use baton_engine::{Cue, Due, ScopePath, Sequence, Signal};
use baton_store::{Clock, Cues, Outgoing};
use jiff::SignedDuration;

pub async fn a_cue_that_is_sent_is_delivered(home: &impl Home) {
    let sent: Vec<Outgoing> = (0..100).map(|number| cue(number, Due::Now)).collect();
    home.backend().send(sent.clone()).await.unwrap();
    let mut taken = Vec::new();
    for _ in &sent {
        taken.push(home.next_cue().await.cue.sequence.0);
    }
    taken.sort_unstable();
    assert_eq!(taken, (0..100).collect::<Vec<_>>());
    assert!(home.has_no_cue());
}

pub async fn a_cue_is_not_delivered_before_it_is_due(home: &impl Home) {
    let backend = home.backend();
    let soon = home.soon();
    let past = backend.now() - SignedDuration::from_secs(5);
    let distant = backend.now() + SignedDuration::from_hours(24 * 365);
    let times = [Due::At(distant), Due::At(soon), Due::Now, Due::At(past)];
    backend.send((0..).zip(times).map(|(number, due)| cue(number, due)).collect()).await.unwrap();
    let mut first = [home.next_cue().await, home.next_cue().await].map(|it| it.cue.sequence.0);
    first.sort_unstable();
    assert_eq!(first, [2, 3]);
    assert_eq!(home.next_cue().await, cue(1, Due::At(soon)));
    assert!(backend.now() >= soon);
    assert!(home.has_no_cue());
}

pub async fn many_cues_that_are_due_at_once_all_come(home: &impl Home) {
    let soon = home.soon();
    let sent = (0..5_000).map(|number| cue(number, Due::At(soon))).collect();
    home.backend().send(sent).await.unwrap();
    let mut taken = Vec::new();
    for _ in 0..5_000 {
        taken.push(home.next_cue().await.cue.sequence.0);
        assert!(home.backend().now() >= soon);
    }
    taken.sort_unstable();
    assert_eq!(taken, (0..5_000).collect::<Vec<_>>());
}

fn cue(number: u32, due: Due) -> Outgoing {
    let (scope, sequence) = (ScopePath::top(), Sequence(number));
    let cue = Cue { scope, sequence, signal: Signal::Proceed };
    Outgoing { execution: header("n").arn(), cue, due }
}
