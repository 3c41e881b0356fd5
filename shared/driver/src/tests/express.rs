//! Express executions: run in memory, numbered as histories are, and run again after a crash.

use super::definitions::{everything, map, only, passes, task};
use super::support::{World, answer, failure};
use crate::{Dropped, Expressed, Taken};
use baton_engine::history;
use baton_store::documents::{self, ExpressStart};
use baton_store::{ExecutionArn, Header, LogLevel, LogQuery, Logging, Logs, Status, StatusName};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

#[tokio::test(start_paused = true)]
async fn an_execution_ends_as_it_would_with_a_journal() {
    let standard = World::new(everything()).await;
    standard.start().await;
    standard.run_dry().await;
    let world = World::new(everything()).await;
    let expressed = run(&world).await;
    assert_eq!(shown(&expressed.status), standard.ended().await);
    // It waits where it runs.
    assert!(expressed.duration >= Duration::from_secs(3), "{:?}", expressed.duration);
    assert!(expressed.bytes_max > 0);
    let (mut calls, mut expected) = (world.tasks.calls(), standard.tasks.calls());
    calls.sort();
    expected.sort();
    assert_eq!(calls, expected);
    assert!(world.memory().take_cue().is_none(), "it sends nothing");
}

#[tokio::test(start_paused = true)]
async fn nothing_runs_for_more_than_five_minutes() {
    let wait = |secs: u32| only("Wait", json!({"Type": "Wait", "Seconds": secs}));
    for (definition, secs) in [
        (wait(301), 300),
        (with_timeout(wait(60), 7), 7),
        (with_timeout(wait(400), 1_000), 300),
        (endless(), 300),
    ] {
        let world = World::new(definition).await;
        if secs == 300 {
            world.tasks.hang("Call");
        }
        let expressed = run(&world).await;
        assert_eq!(expressed.status.name(), StatusName::TimedOut);
        assert_eq!(expressed.duration.as_secs(), secs);
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_s_time_and_its_heartbeat_are_kept_to() {
    for (fields, error, secs) in [
        (json!({"TimeoutSeconds": 5}), "States.Timeout", 5),
        (json!({"TimeoutSeconds": 50, "HeartbeatSeconds": 3}), "States.Timeout", 3),
    ] {
        let world = World::new(only("Call", task(fields))).await;
        world.tasks.hang("Call");
        let expressed = run(&world).await;
        assert_eq!(shown(&expressed.status), format!("FAILED {error}"));
        assert_eq!(expressed.duration.as_secs(), secs);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_cannot_be_prepared_at_first_is_made_all_the_same() {
    for (times, expected) in [(3, r#"SUCCEEDED {"n":1}"#), (4, "FAILED States.TaskFailed")] {
        let world = World::new(only("Call", task(json!({})))).await;
        world.tasks.unready(times);
        assert_eq!(shown(&run(&world).await.status), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_loop_without_an_end_does_not_hold_up_others() {
    let spinning = World::new(json!({"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Next": "B"},
        "B": {"Type": "Choice", "Default": "A",
            "Choices": [{"Variable": "$.stop", "IsPresent": true, "Next": "C"}]},
        "C": {"Type": "Succeed"},
    }}))
    .await;
    let other = World::new(passes(3)).await;
    let other = async { run(&other).await };
    tokio::select! {
        biased;
        _ = run(&spinning) => panic!("it ended"),
        expressed = other => assert_eq!(shown(&expressed.status), r#"SUCCEEDED {"n":1}"#),
    }
}

#[tokio::test(start_paused = true)]
async fn a_definition_that_is_gone_fails_the_execution() {
    let mut world = World::new(passes(1)).await;
    world.header.revision = baton_store::RevisionId("gone".into());
    assert_eq!(shown(&run(&world).await.status), "FAILED States.Runtime");
}

#[tokio::test(start_paused = true)]
async fn an_accepted_start_is_run_once_taken_and_then_forgotten() {
    let world = World::new(map(10, 3)).await;
    let arn = start(&world).await;
    let cue = world.memory().take_cue().unwrap();
    assert_eq!((&cue.execution, world.take(&cue).await.unwrap()), (&arn, Taken::Advanced));
    assert_eq!(world.tasks.calls().len(), 10);
    assert_eq!(world.take(&cue).await.unwrap(), Taken::Dropped(Dropped::Ended));
    assert_eq!(world.tasks.calls().len(), 10, "it is not run again");
}

/// Each write has two points: before and after it. A start is a document and a cue, a run ends with a document.
#[tokio::test(start_paused = true)]
async fn an_accepted_start_survives_a_crash_at_any_point() {
    for point in 0..8 {
        let mut world = World::new(only("Call", task(json!({})))).await;
        world.backend.die_at(point);
        let header = express(&world.header);
        let is_accepted = world.driver.start_express(&header).await.is_ok();
        let cue = world.memory().take_cue();
        if let (true, Some(cue)) = (is_accepted, &cue) {
            drop(world.take(cue).await);
        }
        let calls_before = world.tasks.calls().len();
        world.backend.live();
        world.restart();
        // The queue brings the cue again, or it is derived from the documents that are left.
        if has_start(&world, &header.arn()).await {
            let cue = derived_cue(&header.arn());
            assert_eq!(world.take(&cue).await.unwrap(), Taken::Advanced, "point {point}");
        }
        let calls = world.tasks.calls().len();
        assert!(!is_accepted || calls >= 1, "point {point}: it was lost");
        assert!(calls <= calls_before + 1, "point {point}");
        assert!(!has_start(&world, &header.arn()).await);
    }
}

#[tokio::test(start_paused = true)]
async fn what_crashes_what_runs_it_is_given_up_in_the_end() {
    let world = World::new(passes(1)).await;
    let arn = start(&world).await;
    assert_eq!(world.driver.condemn(&arn, "a cue crashed 3 times").await.unwrap(), None);
    assert!(!has_start(&world, &arn).await);
}

#[tokio::test(start_paused = true)]
async fn what_is_logged_has_the_numbers_of_the_history() {
    let retry = json!([{"ErrorEquals": ["States.ALL"], "MaxAttempts": 2}]);
    let each = json!({"Type": "Map", "MaxConcurrency": 1, "Retry": retry, "End": true,
        "ItemsPath": "$.items", "ItemProcessor": only("Call", task(json!({})))});
    let definition = json!({"StartAt": "Begin", "States": {
        "Begin": {"Type": "Pass", "Result": {"items": [1, 2, 3]}, "Next": "First"},
        "First": task(json!({"Next": "Each", "ResultPath": null})),
        "Each": each,
    }});
    let standard = World::new(definition.clone()).await;
    standard.tasks.script("Call", answer(json!(1)));
    standard.tasks.script("Call", failure("Broken"));
    standard.start().await;
    standard.run_dry().await;
    let expected: Vec<String> = history(&standard.records().await)
        .iter()
        .map(|event| format!("{}<{} {}", event.id, event.previous, event.event.detail.type_name()))
        .collect();
    let world = World::new(definition).await;
    world.tasks.script("Call", answer(json!(1)));
    world.tasks.script("Call", failure("Broken"));
    let mut header = express(&world.header);
    header.logging = Some(logging(LogLevel::All));
    world.driver.run_express(Arc::new(header)).await.unwrap();
    assert_eq!(logged(&world).await, expected);
}

#[tokio::test]
async fn a_standard_execution_logs_as_it_goes() {
    let retry = json!([{"ErrorEquals": ["States.ALL"], "MaxAttempts": 2}]);
    let definition = json!({"StartAt": "Begin", "States": {
        "Begin": {"Type": "Pass", "Next": "Call"},
        "Call": task(json!({"Retry": retry, "Next": "Wait"})),
        "Wait": {"Type": "Wait", "Seconds": 1, "Next": "Both"},
        "Both": {"Type": "Parallel", "Branches": [passes(2)], "Next": "Caught"},
        "Caught": {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $nothing.at.all %}",
            "Next": "Wrong"},
        "Wrong": {"Type": "Fail"},
    }});
    let mut world = World::new(definition).await;
    world.header.logging = Some(logging(LogLevel::All));
    world.tasks.script("Call", failure("Broken"));
    world.start().await;
    world.run_dry().await;
    let expected: Vec<String> = history(&world.records().await)
        .iter()
        .map(|event| format!("{}<{} {}", event.id, event.previous, event.event.detail.type_name()))
        .collect();
    assert_eq!(logged(&world).await, expected);
    assert!(expected.iter().any(|event| event.ends_with("EvaluationFailed")), "{expected:?}");
}

#[tokio::test]
async fn a_redrive_is_logged_as_the_history_has_it() {
    let mut world = World::new(only("Call", task(json!({})))).await;
    world.header.logging = Some(logging(LogLevel::All));
    world.tasks.script("Call", failure("Broken"));
    world.start().await;
    world.run_dry().await;
    world.driver.redrive(&world.arn(), None).await.unwrap();
    world.run_dry().await;
    let expected: Vec<String> = history(&world.records().await)
        .iter()
        .map(|event| format!("{}<{} {}", event.id, event.previous, event.event.detail.type_name()))
        .collect();
    assert_eq!(logged(&world).await, expected);
    let lines = lines(&world).await;
    let counts: Vec<(&str, &str)> = lines
        .iter()
        .map(|line| (line["type"].as_str().unwrap(), line["redrive_count"].as_str().unwrap()))
        .collect();
    assert!(counts.contains(&("ExecutionFailed", "0")), "{counts:?}");
    assert!(counts.contains(&("ExecutionRedriven", "1")), "{counts:?}");
    assert!(counts.contains(&("ExecutionSucceeded", "1")), "{counts:?}");
}

#[tokio::test]
async fn a_stop_and_the_end_of_time_are_logged_and_a_repeat_is_not() {
    let mut world =
        World::with_timeout(only("Wait", json!({"Type": "Wait", "Seconds": 60})), Some(9)).await;
    world.header.logging = Some(logging(LogLevel::Fatal));
    world.start().await;
    while let Some(cue) = world.memory().take_cue() {
        world.take(&cue).await.unwrap();
        world.take(&cue).await.unwrap();
    }
    world.run_dry().await;
    assert_eq!(logged(&world).await, ["3<0 ExecutionTimedOut"]);
}

async fn run(world: &World) -> Expressed {
    world.driver.run_express(Arc::new(express(&world.header))).await.unwrap()
}

async fn start(world: &World) -> ExecutionArn {
    let header = express(&world.header);
    world.driver.start_express(&header).await.unwrap();
    header.arn()
}

/// The same execution as an Express one.
fn express(header: &Header) -> Header {
    let arn = ExecutionArn::express(&header.machine, &header.execution.name, "id");
    let mut express = header.clone();
    express.execution.arn = arn.as_str().into();
    express
}

fn derived_cue(arn: &ExecutionArn) -> baton_store::Outgoing {
    use baton_engine::{Cue, Due, ScopePath, Sequence, Signal};
    let (scope, sequence, signal) = (ScopePath::top(), Sequence::FIRST, Signal::Perform);
    let cue = Cue { scope, sequence, signal };
    baton_store::Outgoing { execution: arn.clone(), cue, due: Due::Now }
}

async fn has_start(world: &World, arn: &ExecutionArn) -> bool {
    let found = documents::find::<ExpressStart>(world.memory(), arn.as_str(), ExpressStart::KEY);
    found.await.unwrap().is_some()
}

fn shown(status: &Status) -> String {
    match status {
        Status::Succeeded { output, .. } => format!("SUCCEEDED {}", output.text()),
        Status::Failed { detail, .. } => {
            format!("FAILED {}", detail.error.as_deref().unwrap_or("-"))
        }
        Status::Running | Status::Aborted { .. } | Status::TimedOut { .. } => {
            status.name().as_str().to_owned()
        }
    }
}

fn with_timeout(mut definition: Value, secs: u32) -> Value {
    definition["TimeoutSeconds"] = secs.into();
    definition
}

/// A call that is never answered, in a branch.
fn endless() -> Value {
    only("Both", json!({"Type": "Parallel", "Branches": [only("Call", task(json!({})))]}))
}

fn logging(level: LogLevel) -> Logging {
    Logging { level, has_data: true, group_arn: "g".into() }
}

/// What was logged, a line an event.
async fn logged(world: &World) -> Vec<String> {
    let event = |event: &Value| {
        let text = |name: &str| event[name].as_str().unwrap().to_owned();
        format!("{}<{} {}", text("id"), text("previous_event_id"), text("type"))
    };
    lines(world).await.iter().map(event).collect()
}

async fn lines(world: &World) -> Vec<Value> {
    let (from_millis, before_millis) = (i64::MIN, i64::MAX);
    let query =
        LogQuery { group: None, machine: None, from_millis, before_millis, items_max: 1_000 };
    let page = world.memory().logged(&query, 0).await.unwrap().unwrap();
    page.items.iter().map(|logged| serde_json::from_str(&logged.line.text).unwrap()).collect()
}
