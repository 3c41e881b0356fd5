//! Map runs: every item exactly once, whatever the weather; limits, thresholds, stops.

use super::support::{World, dice};
use baton_engine::ErrorDetail;
use baton_store::documents::{self, MapRunOf, MapRunState};
use baton_store::{Cues, ExecutionArn, ExecutionQuery, Journal, Outgoing, StatusName};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(super) fn map(fields: Value, states: Value) -> Value {
    let mut map = json!({
        "Type": "Map",
        "ItemsPath": "$.items",
        "ItemProcessor": {
            "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" },
            "StartAt": "Work",
            "States": states,
        },
        "Label": "l",
        "End": true,
    });
    for (name, value) in fields.as_object().unwrap() {
        map[name] = value.clone();
    }
    map
}

/// Makes items, maps them, and goes on to whatever comes after.
pub(super) async fn world(items: Value, map: Value) -> World {
    let definition = json!({
        "StartAt": "Items",
        "States": {
            "Items": { "Type": "Pass", "Result": { "items": items }, "Next": "Map" },
            "Map": map,
        },
    });
    World::new(definition).await
}

pub(super) fn work() -> Value {
    json!({ "Work": { "Type": "Pass", "Next": "Pause" }, "Pause": { "Type": "Wait", "Seconds": 1, "End": true } })
}

pub(super) fn numbers(count: u32) -> Value {
    (0..count).map(Value::from).collect()
}

/// How the children stand, and how many began at each second.
pub(super) async fn children(world: &World) -> Vec<std::sync::Arc<baton_store::Header>> {
    let machine = world.header.machine.labelled("l");
    let mut found = Vec::new();
    let mut from = None;
    loop {
        let query = ExecutionQuery { machine: machine.clone(), status: None, items_max: 1000 };
        let page = world.memory().executions(&query, from.as_deref()).await.unwrap();
        found.extend(page.items);
        from = page.next;
        if from.is_none() {
            return found;
        }
    }
}

pub(super) async fn count(world: &World) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for child in children(world).await {
        *counts.entry(child.status.name().as_str()).or_default() += 1;
    }
    counts
}

/// The latest map run.
pub(super) async fn run_arn(world: &World) -> String {
    let group = world.arn();
    let of = documents::list::<MapRunOf>(world.memory(), group.as_str(), 10, None).await.unwrap();
    of.items.last().unwrap().1.value.map_run_arn.to_string()
}

pub(super) async fn run_state(world: &World) -> MapRunState {
    let arn = run_arn(world).await;
    documents::find(world.memory(), &arn, MapRunState::KEY).await.unwrap().unwrap().value
}

#[tokio::test]
async fn each_item_is_one_childs_and_outputs_stand_in_their_order() {
    let world = world(numbers(250), map(json!({}), work())).await;
    world.start().await;
    world.run_dry().await;
    assert_eq!(world.ended().await, format!("SUCCEEDED {}", numbers(250)));
    assert_eq!(count(&world).await, [("SUCCEEDED", 250)].into());
    assert_eq!(
        world.journal("top").await,
        ["Items continues", "Map waits for a map run", "Map ended well"]
    );
    let state = run_state(&world).await;
    assert_eq!((state.status.as_str(), state.chunks, state.items), ("SUCCEEDED", 10, 250));
}

#[tokio::test]
async fn no_items_are_a_success_without_children() {
    let world = world(json!([]), map(json!({}), work())).await;
    world.start().await;
    world.run_dry().await;
    assert_eq!(world.ended().await, "SUCCEEDED []");
}

#[tokio::test]
async fn never_more_run_at_a_time_than_allowed_and_never_fewer() {
    for (concurrency, secs) in [(1, 60), (7, 9), (30, 3), (0, 1)] {
        let map = map(json!({ "MaxConcurrency": concurrency }), work());
        let world = world(numbers(60), map).await;
        let began = world.now();
        world.start().await;
        world.run_dry().await;
        assert_eq!(world.ended().await, format!("SUCCEEDED {}", numbers(60)));
        // Each child takes a second, so the time says how many lanes there were. The rest is a spare cue's.
        let stopped =
            children(&world).await.iter().filter_map(|child| child.status.stopped()).max();
        assert_eq!(stopped.unwrap().duration_since(began).as_secs(), secs, "{concurrency}");
    }
}

#[tokio::test]
async fn a_selector_makes_the_childrens_inputs() {
    let selector = json!({ "at.$": "$$.Map.Item.Index", "it.$": "$$.Map.Item.Value", "from.$": "$$.Map.Item.Source", "all.$": "$.items" });
    let map = map(json!({ "ItemSelector": selector }), work());
    let world = world(json!(["a", "b"]), map).await;
    world.start().await;
    world.run_dry().await;
    assert_eq!(
        world.ended().await,
        r#"SUCCEEDED [{"at":0,"it":"a","from":"STATE_DATA","all":["a","b"]},{"at":1,"it":"b","from":"STATE_DATA","all":["a","b"]}]"#
    );
}

fn failing() -> Value {
    json!({
        "Work": { "Type": "Choice", "Choices": [{ "Variable": "$", "NumericLessThan": 10, "Next": "Bad" }], "Default": "Pause" },
        "Bad": { "Type": "Fail", "Error": "E" },
        "Pause": { "Type": "Wait", "Seconds": 1, "End": true },
    })
}

#[tokio::test]
async fn too_many_failures_end_the_run_and_stop_its_children() {
    let check = async |fields: Value, ended: &str, all: bool| {
        let world = world(numbers(40), map(fields.clone(), failing())).await;
        world.start().await;
        world.run_dry().await;
        let counts = count(&world).await;
        assert!(world.ended().await.starts_with(ended), "{fields} {}", world.ended().await);
        assert!(!counts.contains_key("RUNNING"), "{fields} {counts:?}");
        assert_eq!(counts.values().sum::<usize>() == 40, all, "{fields} {counts:?}");
    };
    check(json!({ "MaxConcurrency": 5 }), "FAILED States.ExceedToleratedFailureThreshold", false)
        .await;
    check(
        json!({ "MaxConcurrency": 5, "ToleratedFailureCount": 9 }),
        "FAILED States.Exceed",
        false,
    )
    .await;
    check(json!({ "ToleratedFailureCount": 10 }), "SUCCEEDED", true).await;
    check(json!({ "ToleratedFailurePercentage": 25 }), "SUCCEEDED", true).await;
    check(json!({ "ToleratedFailurePercentage": 24 }), "FAILED States.Exceed", true).await;
    check(json!({ "ToleratedFailurePercentage": 100 }), "SUCCEEDED", true).await;
    let caught = json!({
        "ToleratedFailureCount": 10,
        "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "Items" }],
    });
    check(caught, "SUCCEEDED", true).await;
}

#[tokio::test]
async fn a_retry_is_another_run() {
    let retry = json!({ "Retry": [{ "ErrorEquals": ["States.ALL"], "MaxAttempts": 1 }] });
    let world = world(numbers(12), map(retry, failing())).await;
    world.start().await;
    world.run_dry().await;
    assert_eq!(world.ended().await, "FAILED States.ExceedToleratedFailureThreshold");
    let of = documents::list::<MapRunOf>(world.memory(), world.arn().as_str(), 10, None).await;
    assert_eq!(of.unwrap().items.len(), 2);
}

#[tokio::test]
async fn stopping_the_execution_stops_the_children() {
    let world = world(numbers(40), map(json!({ "MaxConcurrency": 7 }), work())).await;
    world.start().await;
    world.drain().await;
    let counts = count(&world).await;
    assert_eq!(counts, [("RUNNING", 7)].into());
    world.driver.stop(&world.arn(), ErrorDetail::default()).await.unwrap();
    world.run_dry().await;
    assert_eq!(count(&world).await, [("ABORTED", 7)].into());
    assert_eq!(run_state(&world).await.status.as_str(), "ABORTED");
}

/// Wherever the process dies, and whatever of its end the run had noted by then: the stop is obeyed, and the cues end.
#[tokio::test]
async fn a_stop_after_a_crash_at_any_point_ends_all() {
    let mut statuses = BTreeMap::new();
    let mut point = 0;
    loop {
        let mut world = world(numbers(2), map(json!({}), work())).await;
        world.start().await;
        world.backend.die_at(point);
        if !run_and_die(&world).await {
            break;
        }
        world.backend.live();
        world.restart();
        world.driver.stop(&world.arn(), ErrorDetail::default()).await.unwrap();
        world.run_dry().await;
        assert!(world.status().await.is_ended(), "dead at {point}");
        let counts = count(&world).await;
        assert!(!counts.contains_key("RUNNING"), "dead at {point}: {counts:?}");
        *statuses.entry(world.status().await.name().as_str()).or_insert(0) += 1;
        point += 1;
    }
    assert!(statuses.get("ABORTED").is_some_and(|times| *times > 20), "{statuses:?}");
}

/// Wherever the process dies: all items, each once, in one run.
#[tokio::test]
async fn a_crash_at_any_point_changes_nothing() {
    let items = numbers(12);
    let fair = {
        let world = world(items.clone(), map(json!({ "MaxConcurrency": 3 }), work())).await;
        world.backend.die_at(i64::MAX - 1);
        world.start().await;
        world.run_dry().await;
        world.ended().await
    };
    let mut point = 0;
    loop {
        let mut world = world(items.clone(), map(json!({ "MaxConcurrency": 3 }), work())).await;
        world.start().await;
        world.backend.die_at(point);
        let has_died = run_and_die(&world).await;
        world.backend.live();
        world.restart();
        resume(&world).await;
        assert_eq!(world.ended().await, fair, "dead at {point}");
        assert_eq!(count(&world).await, [("SUCCEEDED", 12)].into(), "dead at {point}");
        if !has_died {
            break;
        }
        point += 1;
    }
    assert!(point > 50, "only {point} points");
}

/// Takes cues until the process dies. What was being taken comes again.
pub(super) async fn run_and_die(world: &World) -> bool {
    loop {
        while let Some(cue) = world.memory().take_cue() {
            if world.take(&cue).await.is_err() {
                world.memory().send(vec![cue]).await.unwrap();
                return true;
            }
        }
        match world.memory().next_due() {
            Some(due) => world.memory().set_now(due),
            None => return false,
        }
    }
}

async fn resume(world: &World) {
    world.run_dry().await;
}

/// The queue is lost as a whole, and derived anew.
#[tokio::test]
async fn a_crash_that_takes_the_queue_changes_nothing() {
    let mut point = 0;
    loop {
        let map = map(json!({ "MaxConcurrency": 3 }), work());
        let mut world = world(numbers(8), map).await;
        world.start().await;
        world.backend.die_at(point);
        let has_died = run_and_die(&world).await;
        world.backend.live();
        world.memory().lose_unsynced();
        while let Some(cue) = world.memory().take_cue() {
            drop(cue);
        }
        while let Some(due) = world.memory().next_due() {
            world.memory().set_now(due);
            while world.memory().take_cue().is_some() {}
        }
        world.restart();
        let cues = world.memory().pending_cues();
        world.memory().send(cues).await.unwrap();
        world.run_dry().await;
        assert_eq!(world.ended().await, format!("SUCCEEDED {}", numbers(8)), "dead at {point}");
        assert_eq!(count(&world).await, [("SUCCEEDED", 8)].into(), "dead at {point}");
        if !has_died {
            break;
        }
        point += 7;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn doubled_and_shuffled_cues_change_nothing(seed: u64, concurrency in 1_u32..40) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let map = map(json!({ "MaxConcurrency": concurrency }), work());
            let world = world(numbers(130), map).await;
            world.start().await;
            let mut waiting: Vec<Outgoing> = Vec::new();
            let mut drawn = dice(seed);
            loop {
                world.take_in(&mut waiting, &mut drawn);
                if waiting.is_empty() {
                    if !world.skip() {
                        break;
                    }
                    continue;
                }
                let cue = waiting.swap_remove(drawn(waiting.len()));
                world.take(&cue).await.unwrap();
            }
            assert_eq!(world.ended().await, format!("SUCCEEDED {}", numbers(130)));
            assert_eq!(count(&world).await, [("SUCCEEDED", 130)].into());
        });
    }
}

#[tokio::test]
async fn map_runs_nest() {
    let inner = json!({
        "Work": {
            "Type": "Map",
            "ItemProcessor": {
                "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" },
                "StartAt": "Inner",
                "States": { "Inner": { "Type": "Pass", "End": true } },
            },
            "Label": "inner",
            "End": true,
        },
    });
    let world = world(json!([[1, 2], [3]]), map(json!({}), inner)).await;
    world.start().await;
    world.run_dry().await;
    assert_eq!(world.ended().await, "SUCCEEDED [[1,2],[3]]");
    let machine = world.header.machine.labelled("inner");
    let query = ExecutionQuery { machine, status: Some(StatusName::Succeeded), items_max: 10 };
    let inner = world.memory().executions(&query, None).await.unwrap().items;
    assert_eq!(inner.len(), 3);
    let arn: ExecutionArn = inner[0].arn();
    assert!(arn.as_str().contains(":execution:m/inner:"), "{arn}");
}
