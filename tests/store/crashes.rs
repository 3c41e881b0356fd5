//! What a crash leaves.

use crate::home::Home;
use crate::samples::{
    claim, ended, fork, forked, header, header_of, record, record_with, scope, start,
};
use baton_engine::{Due, Pending, Sequence, Signal};
use baton_store::{ClaimAnswer, Clock, Durability, JoinMark, Journal, Status};
use jiff::SignedDuration;

pub async fn what_is_durable_survives_with_all_before_it(home: &impl Home) {
    let backend = home.backend();
    let arn = header("n").arn();
    backend.create(&header("n")).await.unwrap();
    for sequence in 0..10 {
        backend.commit(&arn, &record("top", sequence), Durability::Later).await.unwrap();
        backend.commit(&arn, &record("0.0", sequence), Durability::Later).await.unwrap();
    }
    backend.close(&arn, &fork("top:3")).await.unwrap();
    backend.commit(&arn, &record("top", 10), Durability::Now).await.unwrap();
    drop(backend);
    home.crash().await;
    let backend = home.backend();
    assert!(backend.header(&arn).await.unwrap().unwrap().closed.contains(&fork("top:3")));
    for (name, newest) in [("top", 10), ("0.0", 9)] {
        let there = backend.newest(&arn, &scope(name)).await.unwrap().unwrap();
        assert_eq!(there.record, record(name, newest));
    }
    // And it goes on where it was.
    assert!(backend.commit(&arn, &record("0.0", 9), Durability::Now).await.is_err());
    backend.commit(&arn, &record("0.0", 10), Durability::Now).await.unwrap();
}

pub async fn what_was_claimed_stays_claimed(home: &impl Home) {
    let backend = home.backend();
    let arn = header("n").arn();
    backend.create(&header("n")).await.unwrap();
    backend.commit(&arn, &record("top", 0), Durability::Later).await.unwrap();
    backend.claim(&arn, &scope("top"), Sequence(0), &claim("w")).await.unwrap();
    backend.heartbeat(&arn, &scope("top"), Sequence(0), start()).await.unwrap();
    drop(backend);
    home.crash().await;
    let backend = home.backend();
    let newest = backend.newest(&arn, &scope("top")).await.unwrap().unwrap();
    assert_eq!(newest.marks.claim, Some(claim("w")));
    assert_eq!(newest.marks.heartbeat, Some(start()));
    let answer = backend.claim(&arn, &scope("top"), Sequence(0), &claim("v")).await.unwrap();
    assert_eq!(answer, ClaimAnswer::Held(claim("w")));
}

pub async fn joins_survive_with_their_answers(home: &impl Home) {
    let backend = home.backend();
    let arn = header("n").arn();
    backend.create(&header("n")).await.unwrap();
    let forked = record_with("top", 0, forked(4, 2));
    backend.commit(&arn, &forked, Durability::Later).await.unwrap();
    let mark = |child| JoinMark {
        fork: fork("top:0"),
        child,
        last: Sequence(0),
        width: 4,
        concurrency: 2,
    };
    let mut answers = Vec::new();
    for child in [1, 0, 2] {
        let record = record_with(&format!("0.{child}"), 0, ended());
        backend.commit(&arn, &record, Durability::Later).await.unwrap();
        answers.push((child, backend.join(&arn, &mark(child)).await.unwrap()));
    }
    backend.commit(&arn, &record_with("0.3", 0, ended()), Durability::Now).await.unwrap();
    drop(backend);
    home.crash().await;
    let backend = home.backend();
    for (child, answer) in answers {
        assert_eq!(backend.join(&arn, &mark(child)).await.unwrap(), answer);
    }
    assert!(backend.join(&arn, &mark(3)).await.unwrap().is_complete);
    assert_eq!(backend.joined(&arn, &fork("top:0"), 4).await.unwrap().len(), 4);
}

pub async fn pending_cues_can_be_derived(home: &impl Home) {
    let backend = home.backend();
    let distant = backend.now() + SignedDuration::from_hours(1);
    let soon = backend.now() + SignedDuration::from_millis(20);
    let waiting = header_of("m", "waiting", 0);
    let parallel = header_of("m", "parallel", 1);
    let over = header_of("m", "over", 2);
    let created = header_of("other", "created", 3);
    for header in [&waiting, &parallel, &over, &created] {
        backend.create(header).await.unwrap();
    }
    let commits = [
        (&waiting, record("top", 0)),
        (&waiting, record_with("top", 1, Pending::Until(soon))),
        (&parallel, record_with("top", 0, forked(2, 2))),
        (&parallel, record_with("0.0", 0, Pending::Until(distant))),
        (&parallel, record("0.1", 0)),
        (&over, record_with("top", 0, ended())),
    ];
    for (header, record) in commits {
        backend.commit(&header.arn(), &record, Durability::Later).await.unwrap();
    }
    backend.end(&over.arn(), 0, &Status::TimedOut { stopped: start() }).await.unwrap();
    drop(backend);
    home.crash().await;
    let mut cues = Vec::new();
    for _ in 0..4 {
        let cue = home.next_cue().await;
        assert_eq!(cue.cue.signal, Signal::Proceed);
        let due = if cue.due == Due::Now { "now" } else { "then" };
        let (name, scope) = (cue.execution.name(), &cue.cue.scope);
        cues.push(format!("{name} {scope}:{} {due}", cue.cue.sequence));
    }
    assert!(home.has_no_cue());
    cues.sort();
    assert_eq!(
        cues,
        ["created top:0 now", "parallel 0.1:0 now", "parallel top:0 now", "waiting top:1 then"]
    );
}
