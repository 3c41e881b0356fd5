//! Payloads of any size.

use crate::home::Home;
use crate::samples::{header, noise, record, record_of, record_with};
use baton_engine::{End, Payload, Pending, Sequence};
use baton_store::{Durability, Journal, Status};
use serde_json::json;

pub async fn payloads_of_any_size_come_back(home: &impl Home) {
    let backend = home.backend();
    let mut header = header("n");
    header.execution.input = noise(200_000);
    let arn = header.arn();
    backend.create(&header).await.unwrap();
    let lengths = [0, 100, 8_000, 9_000, 262_000];
    for (sequence, length) in (0..).zip(lengths) {
        let record = record_of("top", sequence, &noise(length));
        backend.commit(&arn, &record, Durability::Later).await.unwrap();
    }
    let output = noise(250_000);
    let status = Status::Succeeded { stopped: crate::samples::start(), output: output.clone() };
    backend.end(&arn, 0, &status).await.unwrap();
    drop(backend);
    home.crash().await;
    let backend = home.backend();
    for (sequence, length) in (0..).zip(lengths) {
        let loaded = backend.load(&arn, &record("top", 0).scope, Sequence(sequence)).await.unwrap();
        let loaded = loaded.unwrap();
        assert_eq!(loaded.record.unwrap().record, record_of("top", sequence, &noise(length)));
        assert_eq!(loaded.header.execution.input, noise(200_000));
        assert_eq!(loaded.header.status, status);
    }
}

pub async fn a_payload_that_is_passed_on_comes_back(home: &impl Home) {
    let (backend, header) = (home.backend(), header("n"));
    let arn = header.arn();
    backend.create(&header).await.unwrap();
    let input = Payload::new(json!({ "data": noise(50_000).value() }));
    for sequence in 0..10 {
        let record = record_of("top", sequence, &input);
        backend.commit(&arn, &record, Durability::Later).await.unwrap();
    }
    let last = record_with("top", 10, Pending::Ended(End::Succeeded(input.clone())));
    backend.commit(&arn, &last, Durability::Now).await.unwrap();
    drop(backend);
    home.crash().await;
    let backend = home.backend();
    let newest = backend.newest(&arn, &last.scope).await.unwrap().unwrap();
    assert_eq!(newest.record, last);
    let first = backend.load(&arn, &last.scope, Sequence(0)).await.unwrap().unwrap();
    assert_eq!(first.record.unwrap().record.visit.input.text(), input.text());
}
