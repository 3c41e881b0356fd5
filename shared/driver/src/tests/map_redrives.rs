//! Redriven map runs: only what had not succeeded runs again, in the same run, whatever the weather.

use super::definitions::{FUNCTION, only};
use super::map_runs::{children, count, map, numbers, run_and_die, run_state, work, world};
use super::support::{World, answer, dice, failure};
use baton_engine::{ErrorDetail, Halted, Pending};
use baton_store::Outgoing;
use baton_store::documents::{self, MapRunOf};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn calling() -> Value {
    json!({ "Work": call() })
}

fn pausing(secs: u32) -> Value {
    json!({ "Work": { "Type": "Wait", "Seconds": secs, "End": true } })
}

fn call() -> Value {
    json!({ "Type": "Task", "Resource": FUNCTION, "End": true })
}

/// Items 0 to 2 go well, item 3 fails, item 4 is stopped as it begins, the others are never begun.
async fn failed(count: u32) -> World {
    let world = world(numbers(count), map(json!({ "MaxConcurrency": 1 }), calling())).await;
    script(&world);
    world.start().await;
    world.run_dry().await;
    assert_eq!(world.ended().await, "FAILED States.ExceedToleratedFailureThreshold");
    world
}

fn script(world: &World) {
    for number in 0..3 {
        world.tasks.script("Work", answer(json!(number)));
    }
    world.tasks.script("Work", failure("Bad"));
}

async fn redrive(world: &World) {
    world.driver.redrive(&world.arn(), None).await.unwrap();
    world.run_dry().await;
}

async fn history(world: &World) -> Vec<String> {
    let records = world.records().await;
    let events = baton_engine::history(&records);
    let shown = events
        .iter()
        .map(|it| format!("{}<{} {}", it.id, it.previous, it.event.detail.type_name()));
    shown.collect()
}

async fn map_runs(world: &World) -> usize {
    let of = documents::list::<MapRunOf>(world.memory(), world.arn().as_str(), 10, None).await;
    of.unwrap().items.len()
}

/// How often children were redriven, by how many were.
async fn redrives(world: &World) -> BTreeMap<u32, usize> {
    let mut counts = BTreeMap::new();
    for child in children(world).await {
        *counts.entry(child.execution.redrives.count).or_default() += 1;
    }
    counts
}

#[tokio::test]
async fn only_what_had_not_succeeded_runs_again_in_the_same_run() {
    let world = failed(60).await;
    let before = run_state(&world).await;
    assert_eq!(before.final_counts.unwrap().children, [3, 1, 0, 1]);
    world.pass(100);
    redrive(&world).await;
    assert_eq!(world.ended().await, format!("SUCCEEDED {}", numbers(60)));
    assert_eq!(world.tasks.calls().len(), 61);
    assert_eq!(redrives(&world).await, [(0, 58), (1, 2)].into());
    assert_eq!(
        history(&world).await[5..],
        [
            "6<5 MapRunStarted",
            "7<6 MapRunFailed",
            "8<7 MapStateFailed",
            "9<8 ExecutionFailed",
            "10<9 ExecutionRedriven",
            "11<10 MapRunRedriven",
            "12<11 MapRunSucceeded",
            "13<12 MapStateSucceeded",
            "14<11 MapStateExited",
            "15<14 ExecutionSucceeded",
        ]
    );
    let state = run_state(&world).await;
    assert_eq!((map_runs(&world).await, state.redrives, state.sequence), (1, 1, 3));
    assert_eq!(state.final_counts.unwrap().children, [60, 0, 0, 0]);
    let since = state.redriven_millis.unwrap() - before.stopped_millis.unwrap();
    assert!(since >= 100_000, "{since}");
}

#[tokio::test]
async fn a_run_may_be_redriven_over_and_over() {
    let world = failed(40).await;
    for round in 1..=4 {
        script(&world);
        redrive(&world).await;
        assert_eq!(world.ended().await, "FAILED States.ExceedToleratedFailureThreshold");
        let state = run_state(&world).await;
        assert_eq!(state.final_counts.unwrap().children, [3 + 3 * round, 1, 0, 1]);
    }
    redrive(&world).await;
    assert_eq!(count(&world).await, [("SUCCEEDED", 40)].into());
    assert_eq!((map_runs(&world).await, run_state(&world).await.redrives), (1, 5));
    assert_eq!(world.tasks.calls().len(), 45);
}

#[tokio::test]
async fn while_it_runs_what_had_ended_badly_is_pending() {
    let world = world(numbers(100), map(json!({ "MaxConcurrency": 30 }), pausing(500))).await;
    world.start().await;
    world.drain().await;
    world.pass(500);
    world.drain().await;
    world.driver.stop(&world.arn(), ErrorDetail::default()).await.unwrap();
    world.drain().await;
    assert_eq!(run_state(&world).await.final_counts.unwrap().children, [30, 0, 0, 30]);
    let progress = async || {
        let state = run_state(&world).await;
        world.driver.map_progress(&map_run(&world).await, &state).await.unwrap()
    };
    assert_eq!(
        (progress().await.ended.children, progress().await.pending_redrive),
        ([30, 0, 0, 30], [0, 0])
    );
    world
        .driver
        .update_map_run(&map_run(&world).await, |state| state.concurrency_max = 5)
        .await
        .unwrap();
    world.driver.redrive(&world.arn(), None).await.unwrap();
    world.drain().await;
    let now = progress().await;
    assert_eq!((now.ended.children, now.running, now.running_items), ([30, 0, 0, 0], 5, 5));
    assert_eq!(now.pending_redrive, [25, 25]);
    world.driver.stop(&world.arn(), ErrorDetail::default()).await.unwrap();
    world.drain().await;
    let now = progress().await;
    assert_eq!((now.ended.children, now.pending_redrive), ([30, 0, 0, 30], [0, 0]));
    redrive(&world).await;
    assert_eq!(count(&world).await, [("SUCCEEDED", 100)].into());
    assert_eq!(redrives(&world).await, [(0, 70), (1, 25), (2, 5)].into());
}

async fn map_run(world: &World) -> String {
    let of = documents::list::<MapRunOf>(world.memory(), world.arn().as_str(), 10, None).await;
    of.unwrap().items.last().unwrap().1.value.map_run_arn.to_string()
}

#[tokio::test]
async fn what_still_stops_has_stopped_before_it_goes_on() {
    let world = world(numbers(40), map(json!({ "MaxConcurrency": 7 }), work())).await;
    world.start().await;
    world.drain().await;
    world.pass(1);
    world.drain().await;
    assert_eq!(count(&world).await, [("RUNNING", 7), ("SUCCEEDED", 7)].into());
    world.driver.stop(&world.arn(), ErrorDetail::default()).await.unwrap();
    // At once, before anybody has heard of the stop.
    redrive(&world).await;
    assert_eq!(world.ended().await, format!("SUCCEEDED {}", numbers(40)));
    assert_eq!(count(&world).await, [("SUCCEEDED", 40)].into());
    assert_eq!(redrives(&world).await, [(0, 33), (1, 7)].into());
    assert_eq!(run_state(&world).await.redrives, 1);
}

#[tokio::test]
async fn one_that_was_aborted_before_it_began_begins() {
    let world = world(numbers(3), map(json!({}), work())).await;
    world.start().await;
    while !matches!(world.newest("top").await.record.pending, Pending::MapRun(_)) {
        let cue = world.memory().take_cue().unwrap();
        world.take(&cue).await.unwrap();
    }
    world.driver.stop(&world.arn(), ErrorDetail::default()).await.unwrap();
    world.run_dry().await;
    assert_eq!(run_state(&world).await.status.as_str(), "ABORTED");
    redrive(&world).await;
    assert_eq!(world.ended().await, "SUCCEEDED [0,1,2]");
    assert_eq!((map_runs(&world).await, run_state(&world).await.redrives), (1, 1));
}

#[tokio::test]
async fn a_child_whose_time_is_over_stays_failed() {
    let fortnight = 15 * 86_400;
    let states = json!({
        "Work": { "Type": "Choice", "Choices": [{ "Variable": "$", "NumericEquals": 0, "Next": "Bad" }], "Default": "Pause" },
        "Bad": { "Type": "Fail", "Error": "E" },
        "Pause": { "Type": "Wait", "Seconds": fortnight, "Next": "Late" },
        "Late": call(),
    });
    let fields = json!({ "MaxConcurrency": 1, "ToleratedFailureCount": 1 });
    let world = world(numbers(2), map(fields, states)).await;
    world.tasks.script("Late", failure("Bad"));
    world.start().await;
    world.run_dry().await;
    assert_eq!(world.ended().await, "FAILED States.ExceedToleratedFailureThreshold");
    redrive(&world).await;
    assert_eq!(world.ended().await, "SUCCEEDED [1]");
    assert_eq!(redrives(&world).await, [(0, 1), (1, 1)].into());
    let state = run_state(&world).await;
    let progress = world.driver.map_progress(&map_run(&world).await, &state).await.unwrap();
    assert_eq!((progress.ended.children, progress.not_redrivable), ([1, 1, 0, 0], [1, 1]));
}

#[tokio::test]
async fn a_run_in_a_branch_goes_on_in_the_new_branch() {
    let map = map(json!({ "MaxConcurrency": 2 }), work());
    let both = json!({
        "Type": "Parallel",
        "Parameters": { "items": [0, 1, 2, 3, 4, 5] },
        "Branches": [
            only("Map", map),
            { "StartAt": "Delay", "States": {
                "Delay": { "Type": "Wait", "Seconds": 2, "Next": "Risky" },
                "Risky": call() } },
        ],
    });
    let world = World::new(only("Both", both)).await;
    world.tasks.script("Risky", failure("Bad"));
    world.start().await;
    world.run_dry().await;
    assert_eq!(world.ended().await, "FAILED Bad");
    let state = run_state(&world).await;
    assert_eq!(state.status.as_str(), "ABORTED");
    assert_eq!(count(&world).await.get("RUNNING"), None);
    redrive(&world).await;
    assert_eq!(world.ended().await, r#"SUCCEEDED [[0,1,2,3,4,5],{"items":[0,1,2,3,4,5]}]"#);
    assert_eq!(count(&world).await, [("SUCCEEDED", 6)].into());
    let now = run_state(&world).await;
    assert_eq!((map_runs(&world).await, now.redrives), (1, 1));
    assert_ne!(now.scope, state.scope);
}

#[tokio::test]
async fn results_that_were_too_large_take_another_run() {
    let big = "x".repeat(200_000);
    let states = json!({ "Work": { "Type": "Pass", "Result": big, "End": true } });
    let mut world = world(numbers(2), map(json!({}), states)).await;
    world.header.execution.payload_bytes_max = Some(262_144);
    world.start().await;
    world.run_dry().await;
    assert_eq!(world.ended().await, "FAILED States.DataLimitExceeded");
    redrive(&world).await;
    assert_eq!(world.ended().await, "FAILED States.DataLimitExceeded");
    assert_eq!(map_runs(&world).await, 2);
}

#[tokio::test]
async fn a_thousand_redrives_are_the_most() {
    let world = failed(4).await;
    let records = world.records().await;
    let [.., before, last] = &records[..] else { panic!("{records:?}") };
    let mut before = (*before.record).clone();
    let check = |before: &baton_engine::Record| {
        let run = futures_util::future::FutureExt::now_or_never(
            world.driver.run(std::sync::Arc::new(world.header.clone())),
        );
        let run = run.unwrap().unwrap();
        let halted = Halted { last: &last.record, before: Some(before) };
        let arn = world.arn();
        let mut ids = world.driver.ids(&arn);
        let (definition, execution) = (&run.definition, &world.header.execution);
        let now = world.now();
        baton_engine::redrive(definition, execution, halted, None, now, &mut ids).unwrap().pending
    };
    let Pending::MapRun(run) = &mut before.pending else { panic!("{before:?}") };
    run.redrives = 999;
    assert!(matches!(check(&before), Pending::MapRun(run) if run.redrives == 1_000));
    let Pending::MapRun(run) = &mut before.pending else { panic!("{before:?}") };
    run.redrives = 1_000;
    let Pending::Failing(failure) = check(&before) else { panic!("it goes on") };
    assert_eq!(failure.error.as_deref(), Some("States.Runtime"));
}

/// A run of which some children had succeeded, some were stopped, and some never begun.
async fn mixed() -> World {
    let world = world(numbers(12), map(json!({ "MaxConcurrency": 3 }), work())).await;
    world.start().await;
    world.drain().await;
    world.pass(1);
    world.drain().await;
    world.driver.stop(&world.arn(), ErrorDetail::default()).await.unwrap();
    world.run_dry().await;
    assert_eq!(count(&world).await, [("ABORTED", 3), ("SUCCEEDED", 3)].into());
    world
}

/// Wherever the process dies in a redrive: each child is redriven once, and the run is the same.
#[tokio::test]
async fn a_crash_at_any_point_of_a_redrive_changes_nothing() {
    let fair = {
        let world = mixed().await;
        redrive(&world).await;
        (world.ended().await, redrives(&world).await)
    };
    assert!(fair.0.starts_with("SUCCEEDED"), "{fair:?}");
    let mut point = 0;
    loop {
        let mut world = mixed().await;
        world.backend.die_at(point);
        let is_accepted = world.driver.redrive(&world.arn(), None).await.is_ok();
        let has_died = run_and_die(&world).await || !is_accepted;
        world.backend.live();
        world.restart();
        world.run_dry().await;
        if matches!(world.status().await, baton_store::Status::Aborted { .. }) {
            assert!(!is_accepted, "dead at {point}");
            redrive(&world).await;
        }
        assert_eq!((world.ended().await, redrives(&world).await), fair, "dead at {point}");
        assert_eq!(count(&world).await, [("SUCCEEDED", 12)].into(), "dead at {point}");
        if !has_died {
            break;
        }
        point += 1;
    }
    assert!(point > 50, "only {point} points");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Stopped and redriven again and again while cues come twice and in any order.
    #[test]
    fn doubled_and_shuffled_cues_lose_and_repeat_nothing(seed: u64, concurrency in 1_u32..40, stops in 1_u32..5) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let map = map(json!({ "MaxConcurrency": concurrency }), work());
            let world = world(numbers(90), map).await;
            world.start().await;
            let mut drawn = dice(seed);
            let (mut waiting, mut stops): (Vec<Outgoing>, u32) = (Vec::new(), stops);
            loop {
                world.take_in(&mut waiting, &mut drawn);
                if stops > 0 && drawn(60) == 0 && !world.status().await.is_ended() {
                    stops -= 1;
                    world.driver.stop(&world.arn(), ErrorDetail::default()).await.unwrap();
                }
                let is_aborted = matches!(world.status().await, baton_store::Status::Aborted { .. });
                if is_aborted && (waiting.is_empty() || drawn(20) == 0) {
                    world.driver.redrive(&world.arn(), None).await.unwrap();
                    continue;
                }
                if waiting.is_empty() {
                    if !world.skip() {
                        break;
                    }
                    continue;
                }
                let cue = waiting.swap_remove(drawn(waiting.len()));
                world.take(&cue).await.unwrap();
            }
            assert_eq!(world.ended().await, format!("SUCCEEDED {}", numbers(90)));
            assert_eq!(count(&world).await, [("SUCCEEDED", 90)].into());
            let state = run_state(&world).await;
            let counts = state.final_counts.unwrap();
            assert_eq!((counts.children, counts.items), ([90, 0, 0, 0], [90, 0, 0, 0]));
        });
    }
}
