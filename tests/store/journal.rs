//! Headers and records.

use crate::home::Home;
use crate::samples::{fork, header, record, scope, start};
use baton_engine::{Payload, Sequence};
use baton_store::{CommitError, Created, Durability, Header, Journal, Redrive, Status};
use jiff::SignedDuration;
use serde_json::json;
use std::sync::Arc;

pub async fn the_first_header_under_a_name_wins(home: &impl Home) {
    let backend = home.backend();
    assert!(matches!(backend.create(&header("n")).await.unwrap(), Created::New));
    let mut other = header("n");
    other.execution.input = Payload::new(json!("other"));
    let Created::Exists(there) = backend.create(&other).await.unwrap() else {
        panic!("two headers under one name");
    };
    assert_eq!(*there, header("n"));
    assert_eq!(there.execution.input.text(), "{ \"order\": 7 }");
    assert_eq!(*backend.header(&other.arn()).await.unwrap().unwrap(), header("n"));
}

pub async fn one_of_many_racing_headers_wins(home: &impl Home) {
    let racers: Vec<_> = (0..16)
        .map(|_| {
            let backend = home.backend();
            tokio::spawn(async move {
                matches!(backend.create(&header("n")).await.unwrap(), Created::New)
            })
        })
        .collect();
    let mut winners = 0;
    for racer in racers {
        winners += u32::from(racer.await.unwrap());
    }
    assert_eq!(winners, 1);
}

pub async fn a_record_is_written_where_its_number_is_free(home: &impl Home) {
    let (backend, header) = (home.backend(), header("n"));
    let arn = header.arn();
    backend.create(&header).await.unwrap();
    for durability in [Durability::Later, Durability::Now] {
        for name in ["top", "0.0", "0.1"] {
            let sequence = u32::from(durability == Durability::Now);
            let record = record(name, sequence);
            backend.commit(&arn, &record, durability).await.unwrap();
            let again = backend.commit(&arn, &record, durability).await;
            assert!(matches!(again, Err(CommitError::Superseded { .. })), "{again:?}");
            let loaded = backend.load(&arn, &scope(name), record.sequence).await.unwrap().unwrap();
            assert_eq!(*loaded.header, header);
            assert_eq!(loaded.record.unwrap().record, record);
        }
    }
}

pub async fn one_of_many_racing_records_wins(home: &impl Home) {
    let backend = home.backend();
    backend.create(&header("n")).await.unwrap();
    for sequence in 0..20 {
        let racers: Vec<_> = (0..16)
            .map(|racer| {
                let (backend, arn) = (home.backend(), header("n").arn());
                tokio::spawn(async move {
                    let durability =
                        if racer % 2 == 0 { Durability::Now } else { Durability::Later };
                    backend.commit(&arn, &record("top", sequence), durability).await.is_ok()
                })
            })
            .collect();
        let mut winners = 0;
        for racer in racers {
            winners += u32::from(racer.await.unwrap());
        }
        assert_eq!(winners, 1);
    }
}

pub async fn a_gap_in_a_journal_is_refused<H: Home>(home: &H) {
    if !H::REFUSES_GAPS {
        return;
    }
    let (backend, header) = (home.backend(), header("n"));
    let arn = header.arn();
    backend.create(&header).await.unwrap();
    backend.commit(&arn, &record("top", 0), Durability::Later).await.unwrap();
    let result = backend.commit(&arn, &record("top", 2), Durability::Later).await;
    assert!(matches!(result, Err(CommitError::Store(_))), "{result:?}");
    let nowhere = crate::samples::header("nowhere").arn();
    let result = backend.commit(&nowhere, &record("top", 0), Durability::Later).await;
    assert!(matches!(result, Err(CommitError::Store(_))), "{result:?}");
}

pub async fn the_newest_record_is_the_last_one(home: &impl Home) {
    let (backend, header) = (home.backend(), header("n"));
    let arn = header.arn();
    backend.create(&header).await.unwrap();
    assert!(backend.newest(&arn, &scope("top")).await.unwrap().is_none());
    for sequence in 0..12 {
        backend.commit(&arn, &record("top", sequence), Durability::Later).await.unwrap();
        let newest = backend.newest(&arn, &scope("top")).await.unwrap().unwrap();
        assert_eq!(newest.record, record("top", sequence));
    }
}

pub async fn older_records_stay_readable(home: &impl Home) {
    let (backend, header) = (home.backend(), header("n"));
    let arn = header.arn();
    backend.create(&header).await.unwrap();
    for sequence in 0..5 {
        backend.commit(&arn, &record("top", sequence), Durability::Later).await.unwrap();
    }
    for sequence in 0..5 {
        let loaded = backend.load(&arn, &scope("top"), Sequence(sequence)).await.unwrap().unwrap();
        assert_eq!(loaded.record.unwrap().record, record("top", sequence));
    }
}

pub async fn what_is_not_there_is_absent(home: &impl Home) {
    let (backend, header) = (home.backend(), header("n"));
    let arn = header.arn();
    assert!(backend.load(&arn, &scope("top"), Sequence(0)).await.unwrap().is_none());
    assert!(backend.header(&arn).await.unwrap().is_none());
    assert!(backend.newest(&arn, &scope("top")).await.unwrap().is_none());
    backend.create(&header).await.unwrap();
    let loaded = backend.load(&arn, &scope("top"), Sequence(0)).await.unwrap().unwrap();
    assert!(loaded.record.is_none());
    backend.commit(&arn, &record("top", 0), Durability::Now).await.unwrap();
    let loaded = backend.load(&arn, &scope("top"), Sequence(1)).await.unwrap().unwrap();
    assert!(loaded.record.is_none());
    let loaded = backend.load(&arn, &scope("0.0"), Sequence(0)).await.unwrap().unwrap();
    assert!(loaded.record.is_none());
}

pub async fn an_execution_ends_once(home: &impl Home) {
    let (backend, header) = (home.backend(), header("n"));
    let arn = header.arn();
    backend.create(&header).await.unwrap();
    let first = Status::Succeeded { stopped: start(), output: Payload::parse(" 7").unwrap() };
    backend.end(&arn, 0, &first).await.unwrap();
    backend.end(&arn, 0, &Status::TimedOut { stopped: start() }).await.unwrap();
    let there = backend.header(&arn).await.unwrap().unwrap();
    assert_eq!(*there, Header { status: first, ..header });
    // A record of a scope that has not heard of it yet does no harm.
    backend.commit(&arn, &record("top", 0), Durability::Now).await.unwrap();
    assert!(backend.header(&arn).await.unwrap().unwrap().status.is_ended());
}

pub async fn closed_forks_are_listed(home: &impl Home) {
    let (backend, header) = (home.backend(), header("n"));
    let arn = header.arn();
    backend.create(&header).await.unwrap();
    for text in ["top:3", "3.0/7.2:1", "top:3"] {
        backend.close(&arn, &fork(text)).await.unwrap();
    }
    backend.commit(&arn, &record("top", 0), Durability::Now).await.unwrap();
    let loaded = backend.load(&arn, &scope("top"), Sequence(0)).await.unwrap().unwrap();
    let closed = [fork("top:3"), fork("3.0/7.2:1")];
    assert_eq!(loaded.header.closed, closed.into_iter().collect());
    assert_eq!(backend.header(&arn).await.unwrap().unwrap().closed, loaded.header.closed);
}

pub async fn a_heartbeat_is_kept_and_never_goes_back(home: &impl Home) {
    let (backend, header) = (home.backend(), header("n"));
    let arn = header.arn();
    backend.create(&header).await.unwrap();
    let record: Arc<_> = record("top", 0);
    backend.commit(&arn, &record, Durability::Later).await.unwrap();
    let later = start() + SignedDuration::from_secs(1);
    for at in [start(), later, start()] {
        backend.heartbeat(&arn, &record.scope, record.sequence, at).await.unwrap();
    }
    let newest = backend.newest(&arn, &record.scope).await.unwrap().unwrap();
    assert_eq!(newest.marks.heartbeat, Some(later));
    assert_eq!(newest.record, record);
}

pub async fn a_redrive_is_taken_in_once_and_an_end_before_it_counts_no_more(home: &impl Home) {
    let (backend, header) = (home.backend(), header("n"));
    let arn = header.arn();
    backend.create(&header).await.unwrap();
    let at = |secs| start() + SignedDuration::from_secs(secs);
    let failed = |secs| Status::TimedOut { stopped: at(secs) };
    let left = Some(fork("top:1"));
    let first = Redrive { count: 1, at: at(5), token: Some("t".into()), left: left.clone() };
    backend.reopen(&arn, &first).await.unwrap();
    assert_eq!(*backend.header(&arn).await.unwrap().unwrap(), header, "it runs");
    backend.end(&arn, 0, &failed(1)).await.unwrap();
    for _ in 0..2 {
        backend.reopen(&arn, &first).await.unwrap();
        let reopened = backend.header(&arn).await.unwrap().unwrap();
        assert_eq!(reopened.status, Status::Running);
        assert_eq!(
            (reopened.execution.redrives.count, reopened.execution.redrives.latest),
            (1, Some(at(5)))
        );
        assert_eq!(reopened.redriven_by("t", at(6)), Some(at(5)));
        assert_eq!(reopened.closed.iter().next(), left.as_ref());
    }
    backend.end(&arn, 0, &failed(2)).await.unwrap();
    assert_eq!(backend.header(&arn).await.unwrap().unwrap().status, Status::Running);
    backend.end(&arn, 1, &failed(6)).await.unwrap();
    backend.reopen(&arn, &first).await.unwrap();
    let ended = backend.header(&arn).await.unwrap().unwrap();
    assert_eq!((&ended.status, ended.execution.redrives.count), (&failed(6), 1));
    let listed = backend
        .executions(
            &baton_store::ExecutionQuery {
                machine: header.machine.clone(),
                status: Some(failed(6).name()),
                items_max: 10,
            },
            None,
        )
        .await
        .unwrap();
    assert_eq!(listed.items.len(), 1);
    assert_eq!(listed.items[0].execution.redrives.count, 1);
}
