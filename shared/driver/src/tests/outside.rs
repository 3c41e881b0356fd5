//! Starting, stopping, running out of time, and giving up.

use super::definitions::{map, only, passes};
use super::support::World;
use crate::{Dropped, StopError, Taken};
use baton_engine::{Due, ErrorDetail, Signal};
use baton_store::{Created, Status};
use serde_json::json;

fn detail() -> ErrorDetail {
    ErrorDetail { error: Some("Enough".into()), cause: Some("of this".into()) }
}

#[tokio::test]
async fn an_execution_is_started_once() {
    let world = World::new(passes(1)).await;
    world.start().await;
    let Created::Exists(existing) = world.driver.start(&world.header).await.unwrap() else {
        panic!("it was started twice");
    };
    assert_eq!(*existing, world.header);
    world.drain().await;
    assert_eq!(world.journal("top").await.len(), 2);
}

#[tokio::test]
async fn an_accepted_start_survives_the_death_of_who_accepted_it() {
    // Spare cue, header, record, cues: two points each. Up to the header's second, nothing was answered.
    for point in 4..8 {
        let mut world = World::new(passes(2)).await;
        world.backend.die_at(point);
        world.driver.start(&world.header).await.unwrap();
        world.backend.live();
        world.memory().lose_unsynced();
        world.restart();
        world.run_dry().await;
        assert_eq!(world.ended().await, r#"SUCCEEDED {"n":1}"#, "point {point}");
    }
}

#[tokio::test]
async fn an_execution_is_stopped_in_the_middle_of_anything() {
    for definition in [map(5, 0), passes(2), only("Wait", json!({"Type": "Wait", "Seconds": 60}))] {
        let world = World::new(definition).await;
        world.start().await;
        if let Some(cue) = world.memory().take_cue() {
            world.take(&cue).await.unwrap();
        }
        let status = world.driver.stop(&world.arn(), detail()).await.unwrap();
        assert_eq!(status, Status::Aborted { stopped: world.now(), detail: detail() });
        assert_eq!(world.status().await, status);
        let again = world.driver.stop(&world.arn(), ErrorDetail::default()).await.unwrap();
        assert_eq!(again, status);
        let records = world.records().await.len();
        world.run_dry().await;
        assert_eq!(world.records().await.len(), records, "nothing happens after the end");
    }
}

#[tokio::test]
async fn stopping_what_does_not_exist_is_an_error() {
    let world = World::new(passes(1)).await;
    let answer = world.driver.stop(&world.arn(), detail()).await;
    assert!(matches!(answer, Err(StopError::NoSuchExecution)), "{answer:?}");
}

#[tokio::test]
async fn an_execution_that_was_accepted_and_not_begun_can_be_stopped() {
    let world = World::new(passes(1)).await;
    world.backend.die_at(4);
    world.driver.start(&world.header).await.unwrap();
    world.backend.live();
    assert!(world.records().await.is_empty());
    world.driver.stop(&world.arn(), detail()).await.unwrap();
    assert_eq!(world.journal("top").await, ["P1 continues", "P1 ended badly"]);
}

#[tokio::test]
async fn a_stop_that_was_committed_is_finished_by_its_spare() {
    let mut world = World::new(only("Wait", json!({"Type": "Wait", "Seconds": 600}))).await;
    world.start().await;
    world.backend.die_at(4);
    world.driver.stop(&world.arn(), detail()).await.unwrap_err();
    world.backend.live();
    world.restart();
    assert!(world.is_running().await);
    world.pass(60);
    world.drain().await;
    assert_eq!(world.ended().await, "ABORTED Enough");
}

#[tokio::test]
async fn the_execution_s_own_time_ends_it_and_not_before() {
    let wait = only("Wait", json!({"Type": "Wait", "Seconds": 600}));
    let world = World::with_timeout(wait, Some(90)).await;
    world.start().await;
    let cues = world.memory().waiting_cues();
    let timeout = cues.iter().find(|cue| cue.cue.signal == Signal::ExecutionTimeout).unwrap();
    let over = world.now() + jiff::SignedDuration::from_secs(90);
    assert_eq!(timeout.due, Due::At(over));
    assert_eq!(world.take(timeout).await.unwrap(), Taken::Early);
    assert!(world.is_running().await);
    world.pass(90);
    world.drain().await;
    assert_eq!(world.status().await, Status::TimedOut { stopped: over });
    assert_eq!(world.take(timeout).await.unwrap(), Taken::Dropped(Dropped::Ended));
}

#[tokio::test]
async fn giving_up_says_why_whatever_the_execution_waits_for() {
    for (definition, started) in [(passes(1), false), (map(3, 0), true)] {
        let world = World::new(definition).await;
        if started {
            world.start().await;
        } else {
            world.backend.die_at(4);
            world.driver.start(&world.header).await.unwrap();
            world.backend.live();
        }
        let status =
            world.driver.condemn(&world.arn(), "its cue is poison").await.unwrap().unwrap();
        let Status::Failed { detail, .. } = &status else { panic!("{status:?}") };
        assert_eq!(
            detail.cause.as_deref(),
            Some("Baton could not go on with this execution: its cue is poison.")
        );
        assert_eq!(world.status().await, status);
        let again = world.driver.condemn(&world.arn(), "again").await.unwrap();
        assert_eq!(again, Some(status));
    }
}
