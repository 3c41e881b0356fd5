//! Data files that are not ours, not whole, or in use.

use crate::home::{EmbeddedHome, Home};
use crate::samples::{header, header_of, machine, record, record_with, scope};
use baton_embedded::{Embedded, OpenError};
use baton_engine::Pending;
use baton_store::{Clock, CommitError, Durability, Journal, Machines, Status, StoreError};
use jiff::SignedDuration;
use std::path::{Path, PathBuf};

#[tokio::test]
async fn a_closed_file_opens_again_with_all_that_was_accepted() {
    let home = EmbeddedHome::new();
    let arn = header("n").arn();
    let backend = home.backend();
    backend.create(&header("n")).await.unwrap();
    for sequence in 0..100 {
        backend.commit(&arn, &record("top", sequence), Durability::Later).await.unwrap();
    }
    drop(backend);
    home.close();
    assert!(!beside(&home.file(), "-wal").exists(), "the log was not moved into the file");
    home.open();
    let newest = home.backend().newest(&arn, &scope("top")).await.unwrap().unwrap();
    assert_eq!(newest.record, record("top", 99));
}

#[tokio::test]
async fn a_file_is_open_once() {
    let home = EmbeddedHome::new();
    let error = Embedded::open(&home.file()).unwrap_err();
    assert!(matches!(error, OpenError::InUse { .. }), "{error}");
}

#[tokio::test]
async fn a_worker_is_new_each_time_and_the_token_key_is_not() {
    let home = EmbeddedHome::new();
    let (worker, keys) = (home.backend().worker().clone(), home.backend().token_keys().clone());
    let claims = baton_store::TokenClaims {
        execution: header("n").arn(),
        scope: scope("top"),
        sequence: baton_engine::Sequence(0),
        nonce: baton_engine::Nonce(1),
    };
    home.close();
    home.open();
    assert_ne!(*home.backend().worker(), worker);
    assert_eq!(home.backend().token_keys().verify(&keys.sign(&claims)), Ok(claims));
}

#[test]
fn a_foreign_file_is_refused_and_left_alone() {
    let home = EmbeddedHome::new();
    let path = home.file().with_file_name("foreign.db");
    for content in [&b"hello"[..], b"SQLite form", &[0; 4096], b"{}"] {
        std::fs::write(&path, content).unwrap();
        refused(&path, |error| !matches!(error, OpenError::Newer { .. }));
    }
    std::fs::remove_file(&path).unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (a)").unwrap();
    other.close().unwrap();
    refused(&path, |error| matches!(error, OpenError::Foreign { .. }));
    refused(home.file().parent().unwrap(), |error| matches!(error, OpenError::Io { .. }));
}

#[tokio::test]
async fn a_file_of_a_later_form_is_refused() {
    let home = EmbeddedHome::new();
    home.close();
    let mut bytes = std::fs::read(home.file()).unwrap();
    bytes[63] = 9;
    std::fs::write(home.file(), bytes).unwrap();
    refused(&home.file(), |error| matches!(error, OpenError::Newer { found: 9, .. }));
}

#[tokio::test]
async fn a_truncated_file_is_refused_and_left_alone() {
    let home = filled().await;
    home.close();
    let whole = std::fs::read(home.file()).unwrap();
    let lengths = [0, 1, 50, 100, 4_095, 4_096, 5_000, whole.len() / 2, whole.len() - 1];
    for length in lengths {
        std::fs::write(home.file(), &whole[..length]).unwrap();
        refused(&home.file(), |error| matches!(error, OpenError::Truncated { .. }));
    }
    std::fs::write(home.file(), &whole).unwrap();
    home.open();
    assert!(home.backend().header(&header("n").arn()).await.unwrap().is_some());
}

#[tokio::test]
async fn a_truncated_file_with_its_log_is_refused_unless_the_log_has_the_rest() {
    let home = filled().await;
    home.close();
    home.open();
    let backend = home.backend();
    backend.commit(&header("n").arn(), &record("top", 1_000), Durability::Now).await.unwrap();
    drop(backend);
    // What a killed process leaves: the file, and a log with the latest pages.
    let copy = home.file().with_file_name("killed.db");
    for suffix in ["", "-wal"] {
        std::fs::copy(beside(&home.file(), suffix), beside(&copy, suffix)).unwrap();
    }
    let whole = std::fs::read(&copy).unwrap();
    let log = std::fs::read(beside(&copy, "-wal")).unwrap();
    std::fs::write(&copy, &whole[..whole.len() / 2]).unwrap();
    refused(&copy, |error| matches!(error, OpenError::Truncated { .. }));
    assert_eq!(std::fs::read(beside(&copy, "-wal")).unwrap(), log);
    // A log alone is no file, and must not be poured into a new one.
    std::fs::remove_file(&copy).unwrap();
    let error = Embedded::open(&copy).unwrap_err();
    assert!(matches!(error, OpenError::Truncated { .. }), "{error}");
    assert!(!copy.exists());
    std::fs::write(&copy, &whole).unwrap();
    let killed = Embedded::open(&copy).unwrap();
    let newest = killed.newest(&header("n").arn(), &scope("top")).await.unwrap().unwrap();
    assert_eq!(newest.record, record("top", 1_000));
}

#[tokio::test]
async fn a_torn_log_loses_its_torn_end_alone() {
    let home = filled().await;
    let copy = home.file().with_file_name("torn.db");
    for suffix in ["", "-wal"] {
        std::fs::copy(beside(&home.file(), suffix), beside(&copy, suffix)).unwrap();
    }
    let log = std::fs::read(beside(&copy, "-wal")).unwrap();
    std::fs::write(beside(&copy, "-wal"), &log[..log.len() - 1_000]).unwrap();
    let torn = Embedded::open(&copy).unwrap();
    assert!(torn.header(&header("n").arn()).await.unwrap().is_some());
}

#[tokio::test]
async fn a_damaged_file_gives_errors_and_no_more() {
    let home = filled().await;
    home.close();
    let whole = std::fs::read(home.file()).unwrap();
    let damaged = home.file().with_file_name("damaged.db");
    let arn = header("n").arn();
    for round in 0..60 {
        let mut bytes = whole.clone();
        // After the header of the file, which is looked at before all else.
        for number in 0..=round % 4 {
            let position = 100 + (round * 7_919 + number * 104_729) % (bytes.len() - 100);
            bytes[position] ^= 1 << (round % 8);
        }
        std::fs::write(&damaged, &bytes).unwrap();
        match Embedded::open(&damaged) {
            Err(_) => assert!(std::fs::read(&damaged).unwrap() == bytes, "round {round}"),
            Ok(backend) => {
                // Whatever it answers, it answers.
                let _ = backend.header(&arn).await;
                let _ = backend.records(&arn, None).await;
                let _ = backend.newest(&arn, &scope("top")).await;
                let _ = backend.commit(&arn, &record("top", 1_000), Durability::Now).await;
            }
        }
        for suffix in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(beside(&damaged, suffix));
        }
    }
}

#[tokio::test]
async fn after_a_write_that_failed_nothing_is_accepted() {
    let home = filled().await;
    let backend = home.backend();
    let arn = header("n").arn();
    let shell = rusqlite::Connection::open(home.file()).unwrap();
    shell.execute_batch("ALTER TABLE records RENAME TO hidden").unwrap();
    let lost = record("top", 1_000);
    let result = backend.commit(&arn, &lost, Durability::Now).await;
    assert!(
        matches!(result, Err(CommitError::Store(StoreError::Unavailable { .. }))),
        "{result:?}"
    );
    shell.execute_batch("ALTER TABLE hidden RENAME TO records").unwrap();
    for durability in [Durability::Now, Durability::Later] {
        assert!(backend.commit(&arn, &lost, durability).await.is_err());
    }
    assert!(backend.create(&header("other")).await.is_err());
    assert!(backend.create_machine(&machine("m", "r1")).await.is_err());
    assert!(backend.load(&arn, &scope("top"), lost.sequence).await.is_err());
    // The file is as it was before, and the next process goes on from there.
    drop((backend, shell));
    home.close();
    home.open();
    let newest = home.backend().newest(&arn, &scope("top")).await.unwrap().unwrap();
    assert_eq!(newest.record, record("top", 999));
    assert!(home.backend().header(&header("other").arn()).await.unwrap().is_none());
    home.backend().commit(&arn, &lost, Durability::Now).await.unwrap();
}

#[tokio::test]
async fn a_shell_may_look_into_the_file_while_it_is_used() {
    let home = filled().await;
    let shell = rusqlite::Connection::open(home.file()).unwrap();
    let sql = "SELECT count(*), max(state), max(waits_for) FROM transitions";
    let row = shell.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    assert_eq!(row, (1_000, "A".to_owned(), "continue".to_owned()));
}

#[tokio::test]
async fn what_waits_is_not_in_memory() {
    let home = EmbeddedHome::new();
    let backend = home.backend();
    let distant = backend.now() + SignedDuration::from_hours(1);
    for number in 0..100 {
        let header = header_of("m", &format!("n{number}"), number);
        let waiting = record_with("top", 0, Pending::Until(distant));
        backend.create(&header).await.unwrap();
        backend.commit(&header.arn(), &waiting, Durability::Later).await.unwrap();
    }
    backend.flush().await.unwrap();
    assert_eq!(backend.executions_in_memory(), 0);
    let busy = header("busy");
    backend.create(&busy).await.unwrap();
    backend.commit(&busy.arn(), &record("top", 0), Durability::Now).await.unwrap();
    assert_eq!(backend.executions_in_memory(), 1);
    let stopped = Status::TimedOut { stopped: backend.now() };
    backend.end(&busy.arn(), 0, &stopped).await.unwrap();
    assert_eq!(backend.executions_in_memory(), 0);
    // Looking at many does not keep them.
    for round in 0..5 {
        for number in 0..100 {
            let arn = header_of("m", &format!("n{number}"), number).arn();
            let newest = backend.newest(&arn, &scope("top")).await.unwrap();
            assert!(newest.is_some(), "{round} {number}");
        }
    }
    assert!(backend.executions_in_memory() <= 256);
}

/// A home with an execution of a thousand records.
async fn filled() -> EmbeddedHome {
    let home = EmbeddedHome::new();
    let arn = header("n").arn();
    let backend = home.backend();
    backend.create(&header("n")).await.unwrap();
    for sequence in 0..999 {
        backend.commit(&arn, &record("top", sequence), Durability::Later).await.unwrap();
    }
    backend.commit(&arn, &record("top", 999), Durability::Now).await.unwrap();
    drop(backend);
    home
}

/// Asserts that a file is refused so, and that nothing of it changes.
fn refused(path: &Path, is_so: impl Fn(&OpenError) -> bool) {
    let before = std::fs::read(path).ok();
    let error = Embedded::open(path).unwrap_err();
    assert!(is_so(&error), "{error}");
    assert_eq!(std::fs::read(path).ok(), before);
    assert!(!beside(path, "-new").exists() && !beside(path, "-shm").exists());
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}{suffix}", path.display()))
}
