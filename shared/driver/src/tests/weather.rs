//! The same execution in bad weather: cues doubled and shuffled, the process killed at every point. It ends the same.

use super::definitions::everything;
use super::support::{Seen, World};
use baton_store::{Cues, Outgoing};
use proptest::prelude::*;
use std::collections::BTreeMap;

type Picture = (String, BTreeMap<String, Vec<String>>);

async fn fair() -> (Picture, Vec<Seen>) {
    let world = World::new(everything()).await;
    world.start().await;
    world.run_dry().await;
    let mut calls = world.tasks.calls();
    calls.sort();
    (world.picture().await, calls)
}

#[tokio::test]
async fn in_fair_weather_the_picture_is_this() {
    let ((ended, journals), calls) = fair().await;
    assert_eq!(ended, r#"SUCCEEDED [[1,2,3,4,5],{"items":[1,2,3,4,5]}]"#);
    assert_eq!(calls.len(), 6);
    assert_eq!(
        journals["top"],
        [
            "Begin continues",
            "Call first calls",
            "Wait waits",
            "Both forked",
            "Risky forked",
            "Done continues",
            "Done ended well"
        ]
    );
}

#[tokio::test]
async fn everything_twice_changes_nothing() {
    let world = World::new(everything()).await;
    world.start().await;
    for _ in 0..2_000 {
        while let Some(cue) = world.memory().take_cue() {
            world.take(&cue).await.unwrap();
            world.take(&cue).await.unwrap();
        }
        match world.memory().next_due() {
            Some(due) => world.memory().set_now(due),
            None => break,
        }
    }
    let mut calls = world.tasks.calls();
    calls.sort();
    assert_eq!((world.picture().await, calls), fair().await);
}

/// Takes cues in any order, some of them again and again, none of them lost.
async fn storm(seed: u64) -> (Picture, Vec<Seen>) {
    let world = World::new(everything()).await;
    world.start().await;
    let mut waiting: Vec<Outgoing> = Vec::new();
    let mut seen: Vec<Outgoing> = Vec::new();
    let mut dice = seed;
    let mut roll = |sides: usize| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(dice >> 33).unwrap() % sides
    };
    loop {
        while let Some(cue) = world.memory().take_cue() {
            waiting.push(cue);
        }
        if waiting.is_empty() {
            let Some(due) = world.memory().next_due() else { break };
            world.memory().set_now(due);
            continue;
        }
        let cue = waiting.swap_remove(roll(waiting.len()));
        world.take(&cue).await.unwrap();
        seen.push(cue);
        if roll(3) == 0 {
            let old = seen[roll(seen.len())].clone();
            world.take(&old).await.unwrap();
        }
        assert!(seen.len() < 5_000, "the cues never end");
    }
    let mut calls = world.tasks.calls();
    calls.sort();
    (world.picture().await, calls)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn order_and_repeats_change_nothing(seed: u64) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let (stormy, fair) = runtime.block_on(async { (storm(seed).await, fair().await) });
        prop_assert_eq!(without_marks(stormy), without_marks(fair));
    }
}

/// Which of the children got how far before a sibling failed is the weather's to say.
fn without_marks(((ended, mut journals), calls): (Picture, Vec<Seen>)) -> (Picture, Vec<Seen>) {
    journals.retain(|scope, _| !scope.starts_with("4."));
    ((ended, journals), calls)
}

/// Kills the process at one point and lets another go on. Answers nothing once the point lies behind the end.
async fn killed_at(point: i64, recover: Recovery) -> Option<World> {
    let mut world = World::new(everything()).await;
    world.backend.die_at(point);
    let mut taken: Option<Outgoing> = None;
    let is_accepted = world.driver.start(&world.header).await.is_ok();
    while !world.backend.is_dead() {
        taken = world.memory().take_cue();
        match &taken {
            Some(cue) => drop(world.take(cue).await),
            None => match world.memory().next_due() {
                Some(due) => world.memory().set_now(due),
                None => return None,
            },
        }
    }
    world.backend.live();
    world.restart();
    if !is_accepted {
        // Nothing was answered: whoever started it tries again.
        world.driver.start(&world.header).await.unwrap();
    }
    match recover {
        Recovery::SameQueue => {
            if let Some(cue) = taken {
                world.take(&cue).await.unwrap();
            }
        }
        Recovery::FromJournals => {
            world.memory().lose_cues();
            world.memory().lose_unsynced();
            let derived = world.derived_cues().await;
            world.memory().send(derived).await.unwrap();
        }
    }
    world.run_dry().await;
    Some(world)
}

#[derive(Debug, Clone, Copy)]
enum Recovery {
    /// The queue lives on, and the cue that was being taken comes again: as on AWS.
    SameQueue,
    /// Queue and unsynced writes are gone: as on one machine.
    FromJournals,
}

/// The states that the top scope went through; a retried attempt adds none.
async fn top_states(world: &World) -> Vec<String> {
    let records = world.records().await;
    let of_top = records.iter().filter(|marked| marked.record.scope.is_top());
    let mut states: Vec<String> = of_top.map(|marked| marked.record.state.to_string()).collect();
    states.dedup();
    states
}

async fn check_killed(recover: Recovery) {
    let ((ended, _), fair_calls) = fair().await;
    let states = ["Begin", "Call first", "Wait", "Both", "Risky", "Done"];
    let mut points = 0;
    while let Some(world) = killed_at(points, recover).await {
        assert_eq!(world.ended().await, ended, "{recover:?} at point {points}");
        let calls = world.tasks.calls();
        let mut attempts: Vec<_> =
            calls.iter().map(|call| (call.scope.clone(), call.sequence)).collect();
        attempts.sort();
        attempts.dedup();
        assert_eq!(attempts.len(), calls.len(), "an attempt began twice at point {points}");
        assert!(calls.len() <= fair_calls.len() + 1, "at most the killed attempt is retried");
        assert_eq!(top_states(&world).await, states, "point {points}");
        points += 1;
    }
    assert!(points > 100, "only {points} points");
}

#[tokio::test]
async fn killed_at_any_point_it_ends_the_same_when_the_queue_lives_on() {
    check_killed(Recovery::SameQueue).await;
}

#[tokio::test]
async fn killed_at_any_point_it_ends_the_same_from_its_journals_alone() {
    check_killed(Recovery::FromJournals).await;
}
