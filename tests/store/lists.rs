//! Lists, page by page.

use crate::home::Home;
use crate::samples::{header, header_of, machine_arn, record, start};
use baton_engine::ErrorDetail;
use baton_store::{Durability, ExecutionArn, ExecutionQuery, Journal, Status, StatusName};
use std::collections::BTreeMap;

pub async fn records_come_scope_by_scope_page_by_page(home: &impl Home) {
    let (backend, header) = (home.backend(), header("n"));
    let arn = header.arn();
    backend.create(&header).await.unwrap();
    let counts: BTreeMap<&str, u32> =
        [("top", 300), ("0.0", 20), ("0.10", 1), ("0.0/3.1", 290)].into();
    for (scope, count) in &counts {
        for sequence in 0..*count {
            backend.commit(&arn, &record(scope, sequence), Durability::Later).await.unwrap();
        }
    }
    let mut seen: Vec<(String, u32)> = Vec::new();
    let mut from = None;
    loop {
        let page = backend.records(&arn, from.as_deref()).await.unwrap();
        for marked in page.items {
            assert_eq!(
                marked.record,
                record(&marked.record.scope.to_string(), marked.record.sequence.0)
            );
            seen.push((marked.record.scope.to_string(), marked.record.sequence.0));
        }
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    let mut scopes: Vec<&str> = seen.iter().map(|(scope, _)| &**scope).collect();
    scopes.dedup();
    assert_eq!(scopes.len(), counts.len(), "a scope came in pieces");
    for (scope, count) in &counts {
        let numbers: Vec<u32> =
            seen.iter().filter(|(it, _)| it == scope).map(|(_, number)| *number).collect();
        assert_eq!(numbers, (0..*count).collect::<Vec<_>>(), "{scope}");
    }
    assert!(backend.records(&arn, Some("nonsense")).await.is_err());
}

pub async fn executions_come_newest_first_page_by_page(home: &impl Home) {
    let backend = home.backend();
    // Two start in each millisecond; those of another machine are not seen.
    for number in 0..25 {
        let name = format!("n{number}");
        let header = header_of("m", &name, number / 2);
        backend.create(&header).await.unwrap();
        backend.create(&header_of("other", &name, number)).await.unwrap();
        if number % 3 == 0 {
            backend.end(&header.arn(), 0, &Status::TimedOut { stopped: start() }).await.unwrap();
        }
    }
    for items_max in [1, 7, 25, 100] {
        let names = list(home, None, items_max).await;
        let expected: Vec<String> = (0..25).rev().map(|number| format!("n{number}")).collect();
        assert_eq!(names, expected, "{items_max} a page");
    }
    let query = ExecutionQuery { machine: machine_arn("m"), status: None, items_max: 5 };
    assert!(backend.executions(&query, Some("nonsense")).await.is_err());
}

pub async fn a_start_under_a_name_that_is_taken_lists_nothing(home: &impl Home) {
    let backend = home.backend();
    for millis in [5, 9, 7] {
        backend.create(&header_of("m", "n", millis)).await.unwrap();
    }
    backend.create(&header_of("m", "other", 8)).await.unwrap();
    for status in [None, Some(StatusName::Running)] {
        assert_eq!(list(home, status, 10).await, ["other", "n"]);
        assert_eq!(list(home, status, 1).await, ["other", "n"]);
    }
    let arn = header_of("m", "n", 5).arn();
    backend.end(&arn, 0, &Status::TimedOut { stopped: start() }).await.unwrap();
    assert_eq!(list(home, None, 10).await, ["other", "n"]);
    assert_eq!(list(home, Some(StatusName::TimedOut), 10).await, ["n"]);
    assert_eq!(list(home, Some(StatusName::Running), 10).await, ["other"]);
}

pub async fn executions_are_found_by_status(home: &impl Home) {
    let backend = home.backend();
    let stopped = start();
    let ends = [
        Status::Running,
        Status::Succeeded { stopped, output: crate::samples::noise(20_000) },
        Status::Failed { stopped, detail: ErrorDetail::default() },
        Status::TimedOut { stopped },
        Status::Aborted { stopped, detail: ErrorDetail::default() },
    ];
    for (number, status) in (0..).zip(ends.iter().cycle().take(20)) {
        let header = header_of("m", &format!("n{number}"), number);
        backend.create(&header).await.unwrap();
        if status.is_ended() {
            backend.end(&header.arn(), 0, status).await.unwrap();
        }
    }
    for (first, status) in (0..).zip(&ends) {
        let names = list(home, Some(status.name()), 3).await;
        let expected: Vec<String> =
            (0..4).rev().map(|round| format!("n{}", round * 5 + first)).collect();
        assert_eq!(names, expected, "{:?}", status.name());
    }
    assert!(list(home, Some(StatusName::PendingRedrive), 3).await.is_empty());
}

/// The names of a machine's executions, read in pages, each with its status checked against its header.
async fn list(home: &impl Home, status: Option<StatusName>, items_max: u32) -> Vec<String> {
    let backend = home.backend();
    let query = ExecutionQuery { machine: machine_arn("m"), status, items_max };
    let (mut names, mut from) = (Vec::new(), None);
    loop {
        let page = backend.executions(&query, from.as_deref()).await.unwrap();
        assert!(page.items.len() <= items_max as usize);
        for header in page.items {
            let arn = ExecutionArn::parse(&header.execution.arn).unwrap();
            let there = backend.header(&arn).await.unwrap().unwrap();
            assert_eq!(header.status.name(), there.status.name());
            assert_eq!(header.execution.started, there.execution.started);
            names.push(header.execution.name.to_string());
        }
        from = page.next;
        if from.is_none() {
            return names;
        }
    }
}
