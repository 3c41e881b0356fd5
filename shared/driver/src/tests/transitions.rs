//! Cues that need nothing from outside, and cues that change nothing.

use super::definitions::{only, passes};
use super::support::World;
use crate::{Driver, Dropped, Settings, Taken};
use baton_engine::Signal;
use baton_store::{Machines, Status};
use serde_json::json;
use std::sync::Arc;

#[tokio::test]
async fn each_cue_makes_one_record_until_the_execution_ends() {
    let world = World::new(passes(3)).await;
    world.start().await;
    assert_eq!(world.drain().await, [Taken::Advanced; 3]);
    assert_eq!(
        world.journal("top").await,
        ["P1 continues", "P2 continues", "P3 continues", "P3 ended well"]
    );
    assert_eq!(world.ended().await, r#"SUCCEEDED {"n":1}"#);
}

#[tokio::test]
async fn an_old_cue_changes_nothing_and_sends_nothing() {
    let world = World::new(passes(3)).await;
    world.start().await;
    let first = world.memory().take_cue().unwrap();
    assert_eq!(world.take(&first).await.unwrap(), Taken::Advanced);
    let second = world.memory().take_cue().unwrap();
    assert_eq!(world.take(&second).await.unwrap(), Taken::Advanced);
    let waiting = world.memory().waiting_cues();
    assert_eq!(world.take(&first).await.unwrap(), Taken::Dropped(Dropped::Stale));
    assert_eq!(world.memory().waiting_cues(), waiting);
}

/// A world whose driver makes so many transitions a cue.
async fn striding(states: u32, stretch: u32) -> World {
    let mut world = World::new(passes(states)).await;
    let settings = Settings { stretch, ..Settings::new("w") };
    let keys = Arc::new(super::support::keys());
    world.driver = Driver::new(world.backend.clone(), world.tasks.clone(), keys, settings);
    world.start().await;
    world
}

#[tokio::test]
async fn transitions_that_touch_nothing_outside_need_one_cue() {
    let world = striding(7, 5).await;
    assert_eq!(world.drain().await, [Taken::Advanced; 2]);
    assert_eq!(world.journal("top").await.len(), 8);
    assert_eq!(world.ended().await, r#"SUCCEEDED {"n":1}"#);
    // However many are asked for, a repeated cue can tell what became of it.
    assert_eq!(striding(40, u32::MAX).await.drain().await, [Taken::Advanced; 2]);
}

#[tokio::test]
async fn a_worker_that_dies_on_its_way_is_followed_by_its_cue() {
    for point in 0.. {
        let world = striding(7, 5).await;
        let cue = world.memory().take_cue().unwrap();
        world.backend.die_at(point);
        let has_died = world.take(&cue).await.is_err();
        world.backend.live();
        world.memory().lose_cues();
        let before = world.journal("top").await.len();
        let again = world.take(&cue).await.unwrap();
        assert!(matches!(again, Taken::Repeated | Taken::Advanced), "{point}: {again:?}");
        assert_eq!(world.memory().waiting_cues().len(), 1, "{point}: {before} records");
        world.drain().await;
        assert_eq!(world.ended().await, r#"SUCCEEDED {"n":1}"#, "{point}");
        assert_eq!(world.journal("top").await.len(), 8, "{point}");
        if !has_died {
            assert!(point > 10, "it died {point} times");
            return;
        }
    }
}

#[tokio::test]
async fn an_old_cue_is_not_taken_for_one_whose_worker_died() {
    let world = striding(60, 5).await;
    let first = world.memory().take_cue().unwrap();
    world.take(&first).await.unwrap();
    for _ in 0..7 {
        let cue = world.memory().take_cue().unwrap();
        world.take(&cue).await.unwrap();
    }
    assert_eq!(world.take(&first).await.unwrap(), Taken::Dropped(Dropped::Stale));
}

#[tokio::test]
async fn a_cue_that_was_committed_and_not_sent_is_sent_again() {
    let world = World::new(passes(3)).await;
    world.start().await;
    let first = world.memory().take_cue().unwrap();
    world.take(&first).await.unwrap();
    world.memory().lose_cues();
    assert_eq!(world.take(&first).await.unwrap(), Taken::Repeated);
    world.drain().await;
    assert_eq!(world.ended().await, r#"SUCCEEDED {"n":1}"#);
}

#[tokio::test]
async fn cues_of_what_does_not_exist_or_does_not_wait_for_them_are_dropped() {
    let world = World::new(passes(2)).await;
    assert_eq!(
        world.signal("top", 0, Signal::Proceed).await,
        Taken::Dropped(Dropped::NoSuchExecution)
    );
    world.start().await;
    let check = async |scope, sequence, signal, dropped| {
        assert_eq!(
            world.signal(scope, sequence, signal).await,
            Taken::Dropped(dropped),
            "{signal:?}"
        );
    };
    check("top", 7, Signal::Proceed, Dropped::NoSuchRecord).await;
    check("0.0", 0, Signal::Proceed, Dropped::NoSuchRecord).await;
    for signal in [
        Signal::Perform,
        Signal::Timeout,
        Signal::Heartbeat,
        Signal::Spawn { from: 0 },
        Signal::Joined,
        Signal::ChildFailed { child: 0 },
    ] {
        check("top", 0, signal, Dropped::Unfit).await;
    }
    check("top", 0, Signal::ExecutionTimeout, Dropped::Unfit).await;
    world.drain().await;
    check("top", 0, Signal::Proceed, Dropped::Ended).await;
    check("top", 0, Signal::ExecutionTimeout, Dropped::Ended).await;
}

#[tokio::test]
async fn a_wait_never_ends_early() {
    let world = World::new(only("Wait", json!({"Type": "Wait", "Seconds": 60}))).await;
    world.start().await;
    world.pass(59);
    assert_eq!(world.signal("top", 0, Signal::Proceed).await, Taken::Early);
    assert!(world.is_running().await);
    world.pass(1);
    assert_eq!(world.signal("top", 0, Signal::Proceed).await, Taken::Advanced);
    assert_eq!(world.ended().await, r#"SUCCEEDED {"n":1}"#);
}

#[tokio::test]
async fn a_loop_without_an_end_is_ended_with_a_clear_error() {
    let again = json!({"StartAt": "A", "States": {
        "A": {"Type": "Choice", "Default": "A", "Choices": [
            {"Variable": "$.n", "NumericEquals": 5, "Next": "B"}]},
        "B": {"Type": "Succeed"},
    }});
    let mut world = World::new(again).await;
    let settings = Settings { transitions_max: 10, ..Settings::new("w") };
    world.driver = Driver::new(
        world.backend.clone(),
        world.tasks.clone(),
        Arc::new(super::support::keys()),
        settings,
    );
    world.start().await;
    world.drain().await;
    let Status::Failed { detail, .. } = world.status().await else { panic!("it runs on") };
    assert_eq!(detail.error.as_deref(), Some("States.Runtime"));
    let cause = detail.cause.unwrap();
    assert_eq!(
        &*cause,
        "Baton could not go on with this execution: scope `top` made 10 transitions."
    );
    assert_eq!(world.journal("top").await.last().unwrap(), "A ended badly");
}

#[tokio::test]
async fn an_execution_whose_definition_is_gone_is_ended_with_a_clear_error() {
    let world = World::new(passes(2)).await;
    world.start().await;
    let mut machine = world.memory().machine(&world.header.machine).await.unwrap().unwrap();
    machine.revision.definition = r#"{"StartAt": "Other"}"#.into();
    let id = machine.revision.id.clone();
    assert!(world.memory().update_machine(&machine, &id).await.unwrap());
    let mut world = world;
    world.restart();
    assert_eq!(world.drain().await, [Taken::Condemned]);
    assert_eq!(world.ended().await, "FAILED States.Runtime");
    assert_eq!(world.journal("top").await, ["P1 continues", "P1 ended badly"]);
}
