//! Forks and joins.

use crate::home::Home;
use crate::samples::{ended, fork, forked, header, record, record_with};
use baton_engine::Sequence;
use baton_store::{Durability, ExecutionArn, JoinAnswer, JoinMark, Journal};

pub async fn every_end_completes_once(home: &impl Home) {
    for width in [1, 2, 150] {
        let arn = begin(home, &format!("n{width}"), width, width).await;
        let mut answers = Vec::new();
        for racer in end_all(home, &arn, width, width) {
            answers.push(racer.await.unwrap());
        }
        assert_eq!(answers.iter().filter(|answer| answer.is_complete).count(), 1, "{width}");
        let records = home.backend().joined(&arn, &fork("top:0"), width).await.unwrap();
        assert_eq!(records.len(), width as usize);
    }
}

pub async fn the_same_mark_is_answered_alike(home: &impl Home) {
    let arn = begin(home, "n", 3, 1).await;
    let backend = home.backend();
    let expected = [
        JoinAnswer { is_complete: false, next: Some(1) },
        JoinAnswer { is_complete: false, next: Some(2) },
        JoinAnswer { is_complete: true, next: None },
    ];
    for child in 0..3 {
        end(&*backend, &arn, child).await;
        for (marked, expected) in (0..=child).zip(expected) {
            assert_eq!(backend.join(&arn, &mark(marked, 3, 1)).await.unwrap(), expected);
        }
    }
}

pub async fn held_back_children_are_handed_out_once_each(home: &impl Home) {
    let arn = begin(home, "n", 100, 10).await;
    let mut started: Vec<u32> = (0..10).collect();
    let mut under_way: Vec<_> = end_all(home, &arn, 10, 100).collect();
    let mut completed = 0;
    while let Some(racer) = under_way.pop() {
        let answer: JoinAnswer = racer.await.unwrap();
        completed += u32::from(answer.is_complete);
        if let Some(next) = answer.next {
            started.push(next);
            under_way.push(end_one(home, &arn, next, 100, 10));
        }
    }
    started.sort_unstable();
    assert_eq!(started, (0..100).collect::<Vec<_>>());
    assert_eq!(completed, 1);
}

pub async fn nothing_is_held_back_without_a_limit(home: &impl Home) {
    let arn = begin(home, "n", 5, 5).await;
    let backend = home.backend();
    for child in 0..5 {
        end(&*backend, &arn, child).await;
        assert_eq!(backend.join(&arn, &mark(child, 5, 5)).await.unwrap().next, None);
    }
}

pub async fn ends_come_back_by_index(home: &impl Home) {
    let arn = begin(home, "n", 12, 12).await;
    let backend = home.backend();
    for child in (0..12).rev() {
        end(&*backend, &arn, child).await;
        backend.join(&arn, &mark(child, 12, 12)).await.unwrap();
    }
    let records = backend.joined(&arn, &fork("top:0"), 12).await.unwrap();
    let scopes: Vec<String> = records.iter().map(|record| record.scope.to_string()).collect();
    assert_eq!(scopes, (0..12).map(|child| format!("0.{child}")).collect::<Vec<_>>());
    assert!(records.iter().all(|record| record.sequence == Sequence(1)));
}

pub async fn children_are_those_of_the_very_fork(home: &impl Home) {
    let arn = begin(home, "n", 3, 3).await;
    let backend = home.backend();
    for name in ["0.2", "0.10", "0.2/0.0", "1.0", "0.0"] {
        backend.commit(&arn, &record(name, 0), Durability::Later).await.unwrap();
    }
    backend.commit(&arn, &record("0.2", 1), Durability::Later).await.unwrap();
    let children = backend.children(&arn, &fork("top:0")).await.unwrap();
    let shown: Vec<String> = children
        .iter()
        .map(|(child, marked)| {
            format!("{child} at {}:{}", marked.record.scope, marked.record.sequence)
        })
        .collect();
    assert_eq!(shown, ["0 at 0.0:0", "2 at 0.2:1", "10 at 0.10:0"]);
}

/// An execution whose first record forks.
async fn begin(home: &impl Home, name: &str, width: u32, concurrency: u32) -> ExecutionArn {
    let (backend, header) = (home.backend(), header(name));
    backend.create(&header).await.unwrap();
    let fork = record_with("top", 0, forked(width, concurrency));
    backend.commit(&header.arn(), &fork, Durability::Later).await.unwrap();
    header.arn()
}

/// Writes a child's two records.
async fn end(backend: &impl Journal, arn: &ExecutionArn, child: u32) {
    let scope = format!("0.{child}");
    backend.commit(arn, &record(&scope, 0), Durability::Later).await.unwrap();
    backend.commit(arn, &record_with(&scope, 1, ended()), Durability::Later).await.unwrap();
}

fn mark(child: u32, width: u32, concurrency: u32) -> JoinMark {
    JoinMark { fork: fork("top:0"), child, last: Sequence(1), width, concurrency }
}

type Racer = tokio::task::JoinHandle<JoinAnswer>;

fn end_one(home: &impl Home, arn: &ExecutionArn, child: u32, width: u32, limit: u32) -> Racer {
    let (backend, arn) = (home.backend(), arn.clone());
    tokio::spawn(async move {
        end(&*backend, &arn, child).await;
        let answer = backend.join(&arn, &mark(child, width, limit)).await.unwrap();
        // Whoever marks it again, before or after its siblings, is answered alike.
        assert_eq!(backend.join(&arn, &mark(child, width, limit)).await.unwrap(), answer);
        answer
    })
}

fn end_all(
    home: &impl Home,
    arn: &ExecutionArn,
    count: u32,
    width: u32,
) -> impl Iterator<Item = Racer> {
    (0..count).map(move |child| end_one(home, arn, child, width, count))
}
