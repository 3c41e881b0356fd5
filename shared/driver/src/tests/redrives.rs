//! Redrive: what failed runs again, what went well does not, whatever dies in between.

use super::definitions::{FUNCTION, map, only, task};
use super::support::{World, answer, failure};
use crate::{NotRedrivable, RedriveError};
use baton_engine::{ErrorDetail, EventDetail};
use baton_store::Journal;
use serde_json::{Value, json};

async fn failed(definition: Value, state: &str) -> World {
    let world = World::new(definition).await;
    world.tasks.script(state, failure("Bad"));
    world.start().await;
    world.run_dry().await;
    assert_eq!(world.ended().await, "FAILED Bad");
    world
}

async fn redrive(world: &World) {
    world.driver.redrive(&world.arn(), None).await.unwrap();
    world.run_dry().await;
}

async fn refused(world: &World) -> NotRedrivable {
    match world.driver.redrive(&world.arn(), None).await {
        Err(RedriveError::NotRedrivable(why)) => why,
        other => panic!("{other:?}"),
    }
}

async fn history(world: &World) -> String {
    let records = world.records().await;
    let events = baton_engine::history(&records);
    let shown = events
        .iter()
        .map(|it| format!("{}<{} {}", it.id, it.previous, it.event.detail.type_name()));
    shown.collect::<Vec<_>>().join(", ")
}

fn calls(world: &World) -> Vec<String> {
    let calls = world.tasks.calls();
    calls.iter().map(|call| format!("{} {}", call.scope, call.state)).collect()
}

#[tokio::test]
async fn a_task_is_scheduled_again_with_all_its_retries() {
    let retry = json!([{"ErrorEquals": ["Bad"], "MaxAttempts": 1, "IntervalSeconds": 1}]);
    let world = World::new(only("Call", task(json!({"Retry": retry})))).await;
    for _ in 0..3 {
        world.tasks.script("Call", failure("Bad"));
    }
    world.start().await;
    world.run_dry().await;
    assert_eq!(world.ended().await, "FAILED Bad");
    redrive(&world).await;
    assert_eq!(world.ended().await, r#"SUCCEEDED {"n":1}"#);
    assert_eq!(
        history(&world).await.split(", ").skip(8).collect::<Vec<_>>().join(", "),
        "9<8 ExecutionFailed, 10<9 ExecutionRedriven, 11<10 LambdaFunctionScheduled, \
         12<11 LambdaFunctionStarted, 13<12 LambdaFunctionFailed, 14<13 LambdaFunctionScheduled, \
         15<14 LambdaFunctionStarted, 16<15 LambdaFunctionSucceeded, 17<16 TaskStateExited, \
         18<17 ExecutionSucceeded"
    );
    assert_eq!(refused(&world).await, NotRedrivable::Succeeded);
}

#[tokio::test]
async fn the_context_tells_of_the_redrive() {
    let parameters = json!({"count.$": "$$.Execution.RedriveCount", "execution.$": "$$.Execution"});
    let state = json!({"Type": "Task", "Resource": FUNCTION, "Parameters": parameters});
    let world = failed(only("Call", state), "Call").await;
    let at = world.driver.redrive(&world.arn(), None).await.unwrap();
    world.run_dry().await;
    let output = world.ended().await;
    let output: Value = serde_json::from_str(output.strip_prefix("SUCCEEDED ").unwrap()).unwrap();
    assert_eq!(output["count"], 1);
    assert_eq!(output["execution"]["RedriveTime"], json!(at.to_string()));
}

fn parallel() -> Value {
    let inner = |name: &str| only(name, task(json!({})));
    only(
        "Both",
        json!({"Type": "Parallel", "Branches": [
            inner("Good"),
            {"StartAt": "First", "States": {
                "First": {"Type": "Pass", "Next": "Nested"},
                "Nested": {"Type": "Parallel", "Branches": [inner("Fine"), inner("Risky")], "End": true}}},
        ]}),
    )
}

#[tokio::test]
async fn of_a_parallel_only_what_failed_runs_again() {
    let world = failed(parallel(), "Risky").await;
    assert_eq!(calls(&world).len(), 3);
    redrive(&world).await;
    assert_eq!(world.ended().await, r#"SUCCEEDED [{"n":1},[{"n":1},{"n":1}]]"#);
    assert_eq!(calls(&world)[3..], ["2.1/0.1 Risky"]);
    let history = history(&world).await;
    assert_eq!(history.matches("ParallelStateStarted").count(), 2);
    assert_eq!(history.matches("ParallelStateSucceeded").count(), 2);
    assert_eq!(history.matches("PassStateEntered").count(), 1);
}

#[tokio::test]
async fn of_a_map_only_iterations_that_did_not_end_well_run_again() {
    for concurrency in [0, 1, 2] {
        let world = World::new(map(5, concurrency)).await;
        for _ in 0..2 {
            world.tasks.script("Call", answer(json!("first")));
        }
        world.tasks.script("Call", failure("Bad"));
        world.start().await;
        world.run_dry().await;
        assert_eq!(world.ended().await, "FAILED Bad");
        let before = calls(&world).len();
        let succeeded = world
            .records()
            .await
            .iter()
            .filter(|it| matches!(&it.record.pending, baton_engine::Pending::Ended(end) if end.is_success()))
            .count();
        redrive(&world).await;
        let output = world.ended().await;
        assert!(output.starts_with("SUCCEEDED ["), "{output}");
        assert_eq!(output.matches("first").count(), 2, "{concurrency}: {output}");
        assert_eq!(calls(&world).len() - before, 5 - succeeded, "{concurrency}");
    }
}

#[tokio::test]
async fn an_aborted_execution_goes_on_with_what_was_under_way() {
    let world = World::new(map(3, 0)).await;
    world.start().await;
    let mut left = Vec::new();
    while let Some(cue) = world.memory().take_cue() {
        if cue.cue.signal == baton_engine::Signal::Perform && left.len() < 2 {
            left.push(cue);
        } else {
            world.take(&cue).await.unwrap();
        }
    }
    assert_eq!(calls(&world).len(), 1);
    world.driver.stop(&world.arn(), ErrorDetail::default()).await.unwrap();
    world.driver.redrive(&world.arn(), None).await.unwrap();
    for cue in &left {
        world.take(cue).await.unwrap();
    }
    assert_eq!(calls(&world).len(), 1, "those of before come too late");
    world.run_dry().await;
    assert_eq!(world.ended().await, "SUCCEEDED [0,1,2]");
    assert_eq!(calls(&world).len(), 3);
}

#[tokio::test]
async fn outputs_that_were_too_large_together_are_made_anew() {
    let large = "x".repeat(200_000);
    let inner = |name: &str| only(name, task(json!({})));
    let world =
        World::new(only("Both", json!({"Type": "Parallel", "Branches": [inner("A"), inner("B")]})))
            .await;
    for state in ["A", "B"] {
        world.tasks.script(state, answer(json!(large)));
    }
    world.start().await;
    world.run_dry().await;
    assert_eq!(world.ended().await, "FAILED States.DataLimitExceeded");
    redrive(&world).await;
    assert_eq!(world.ended().await, r#"SUCCEEDED [{"n":1},{"n":1}]"#);
    assert_eq!(calls(&world).len(), 4);
}

#[tokio::test]
async fn a_wait_ends_when_it_would_have() {
    let wait = |then: Value| {
        json!({"StartAt": "W", "States": {
        "W": {"Type": "Wait", "Seconds": 100, "Next": "Then"}, "Then": then}})
    };
    for (passed, left) in [(10, 90), (200, 0)] {
        let world = World::new(wait(json!({"Type": "Succeed"}))).await;
        world.start().await;
        world.drain().await;
        world.driver.stop(&world.arn(), ErrorDetail::default()).await.unwrap();
        world.pass(passed);
        let before = world.now();
        redrive(&world).await;
        assert_eq!(world.ended().await, r#"SUCCEEDED {"n":1}"#);
        // The spare cue comes a minute later.
        let status = world.status().await;
        let baton_store::Status::Succeeded { stopped: end, .. } = status else {
            panic!("{status:?}")
        };
        assert_eq!(end.duration_since(before).as_secs(), left);
    }
}

#[tokio::test]
async fn the_execution_has_all_its_time_again() {
    let wait = only("W", json!({"Type": "Wait", "Seconds": 100}));
    let world = World::with_timeout(wait, Some(60)).await;
    world.start().await;
    world.run_dry().await;
    assert_eq!(world.ended().await, "TIMED_OUT");
    redrive(&world).await;
    assert_eq!(world.ended().await, r#"SUCCEEDED {"n":1}"#);
}

#[tokio::test]
async fn no_execution_takes_longer_than_a_year() {
    const DAY: i64 = 24 * 3_600;
    let wait = only("W", json!({"Type": "Wait", "Seconds": 400 * DAY}));
    let world = World::new(wait).await;
    world.start().await;
    world.run_dry().await;
    assert_eq!(world.ended().await, "TIMED_OUT");
    assert_eq!(world.now().duration_since(world.header.execution.started).as_hours(), 365 * 24);
    assert_eq!(refused(&world).await, NotRedrivable::TooOld);
}

#[tokio::test]
async fn after_two_weeks_it_is_too_late() {
    const DAY: i64 = 24 * 3_600;
    let world = failed(only("Call", task(json!({}))), "Call").await;
    world.pass(14 * DAY - 120);
    assert_eq!(
        NotRedrivable::of(
            &world.memory().header(&world.arn()).await.unwrap().unwrap(),
            world.now()
        ),
        None
    );
    world.pass(200);
    assert_eq!(refused(&world).await, NotRedrivable::PeriodOver);
}

#[tokio::test]
async fn a_token_redrives_once() {
    let world = failed(only("Call", task(json!({}))), "Call").await;
    world.tasks.script("Call", failure("Bad"));
    let first = world.driver.redrive(&world.arn(), Some("t")).await.unwrap();
    world.run_dry().await;
    assert_eq!(world.ended().await, "FAILED Bad");
    assert_eq!(world.driver.redrive(&world.arn(), Some("t")).await.unwrap(), first);
    assert_eq!(world.ended().await, "FAILED Bad", "the same request again");
    world.driver.redrive(&world.arn(), Some("u")).await.unwrap();
    world.run_dry().await;
    assert_eq!(world.ended().await, r#"SUCCEEDED {"n":1}"#);
}

#[tokio::test]
async fn a_late_end_of_what_was_before_ends_nothing() {
    let world = failed(only("Call", task(json!({}))), "Call").await;
    let ended = world.status().await;
    world.tasks.hang("Call");
    world.driver.redrive(&world.arn(), None).await.unwrap();
    assert!(world.is_running().await);
    world.memory().end(&world.arn(), 0, &ended).await.unwrap();
    assert!(world.is_running().await, "that end was another's");
}

#[tokio::test]
async fn an_accepted_redrive_survives_the_death_of_who_accepted_it() {
    let mut accepted = 0;
    for point in 0..30 {
        let mut world = failed(parallel(), "Risky").await;
        world.backend.die_at(point);
        let answer = world.driver.redrive(&world.arn(), None).await;
        world.backend.live();
        world.memory().lose_unsynced();
        world.restart();
        world.run_dry().await;
        if answer.is_err() && !world.ended().await.starts_with("SUCCEEDED") {
            // Nothing was decided: it can be asked for again.
            redrive(&world).await;
        } else {
            accepted += 1;
        }
        assert_eq!(
            world.ended().await,
            r#"SUCCEEDED [{"n":1},[{"n":1},{"n":1}]]"#,
            "point {point}"
        );
        let is_redrive =
            |detail: &EventDetail| matches!(detail, EventDetail::ExecutionRedriven { .. });
        let records = world.records().await;
        let redrives =
            records.iter().flat_map(|it| &it.record.events).filter(|it| is_redrive(&it.detail));
        assert_eq!(redrives.count(), 1, "point {point}");
    }
    assert!(accepted > 20, "{accepted}");
}

#[tokio::test]
async fn a_history_has_no_more_events_than_it_may() {
    let looping = json!({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericEquals": 2, "Next": "C"}], "Default": "A"}, "C": {"Type": "Succeed"}}});
    let mut world = World::new(looping).await;
    world.driver.settings.history_events_max = Some(50);
    world.start().await;
    world.run_dry().await;
    assert_eq!(world.ended().await, "FAILED States.Runtime");
    let events = baton_engine::history(&world.records().await);
    assert!((48..=50).contains(&events.len()), "{}", events.len());
}
