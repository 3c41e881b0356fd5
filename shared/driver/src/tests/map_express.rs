//! Map runs with Express children: every item at least once and counted once, whatever the weather; limits, thresholds, stops.

use super::map_runs::{self, numbers, run_arn, run_state as state, world};
use super::support::{World, answer, dice, failure};
use crate::Taken;
use baton_engine::ErrorDetail;
use baton_store::documents::{self, MapCounts, MapLanes, MapResults, MapRunOf, MapWorker, map_key};
use baton_store::{Cues, ExecutionArn, Outgoing, StatusName};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::Instant;

fn map(fields: Value, states: Value) -> Value {
    let mut map = map_runs::map(fields, states);
    map["ItemProcessor"]["ProcessorConfig"]["ExecutionType"] = json!("EXPRESS");
    map
}

async fn ran(items: Value, map: Value) -> World {
    let world = world(items, map).await;
    world.start().await;
    world.run_dry().await;
    world
}

fn work() -> Value {
    json!({ "Work": { "Type": "Pass", "Next": "Call" }, "Call": { "Type": "Task", "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f", "End": true } })
}

fn slow(secs: u32) -> Value {
    json!({ "Work": { "Type": "Wait", "Seconds": secs, "End": true } })
}

fn failing() -> Value {
    json!({
        "Work": { "Type": "Choice", "Choices": [{ "Variable": "$", "NumericLessThan": 10, "Next": "Bad" }], "Default": "Good" },
        "Bad": { "Type": "Fail", "Error": "E", "Cause": "less than ten" },
        "Good": { "Type": "Pass", "End": true },
    })
}

async fn counts(world: &World) -> MapCounts {
    let state = state(world).await;
    world.driver.map_progress(&run_arn(world).await, &state).await.unwrap().ended
}

/// How many results there are for each place: the pieces of all chunks.
async fn results(world: &World) -> Vec<(u32, u32)> {
    let (arn, state) = (run_arn(world).await, state(world).await);
    let mut found = Vec::new();
    for chunk in 0..state.chunks {
        let group = MapResults::group(&arn, chunk);
        let page = documents::list::<MapResults>(world.memory(), &group, 1000, None).await.unwrap();
        let places = page.items.iter().flat_map(|(_, piece)| &piece.value.children);
        found.extend(places.map(|result| (chunk, result.place)));
    }
    found
}

#[tokio::test]
async fn each_item_is_one_childs_and_outputs_stand_in_their_order() {
    for (concurrency, chunks) in [(0, 15), (3, 3), (150, 4)] {
        let world =
            ran(numbers(1_500), map(json!({ "MaxConcurrency": concurrency }), work())).await;
        assert_eq!(world.ended().await, format!("SUCCEEDED {}", numbers(1_500)));
        assert_eq!(
            world.journal("top").await,
            ["Items continues", "Map waits for a map run", "Map ended well"]
        );
        let state = state(&world).await;
        assert_eq!((state.status.as_str(), state.chunks), ("SUCCEEDED", chunks), "{concurrency}");
        assert_eq!(counts(&world).await.children, [1_500, 0, 0, 0]);
        assert_eq!(world.tasks.calls().len(), 1_500);
        assert_eq!(results(&world).await.len(), 1_500);
    }
}

#[tokio::test]
async fn no_items_are_a_success_without_children() {
    let world = ran(json!([]), map(json!({}), work())).await;
    assert_eq!(world.ended().await, "SUCCEEDED []");
}

#[tokio::test]
async fn a_batch_is_one_childs() {
    let batches = json!({ "ItemBatcher": { "MaxItemsPerBatch": 7 } });
    let world = ran(numbers(100), map(batches, work())).await;
    assert!(
        world.ended().await.starts_with(r#"SUCCEEDED [{"Items":[0,1,2,3,4,5,6]},{"Items":[7,"#)
    );
    let counts = counts(&world).await;
    assert_eq!((counts.children, counts.items), ([15, 0, 0, 0], [100, 0, 0, 0]));
}

/// Few writes: what many children cost is what their chunks do.
#[tokio::test]
async fn children_that_end_together_are_committed_together() {
    let world = world(numbers(3_100), map(json!({ "MaxConcurrency": 50 }), work())).await;
    world.backend.die_at(1_000_000);
    world.start().await;
    world.run_dry().await;
    let points = 1_000_000 - world.backend.points_left();
    assert_eq!(state(&world).await.chunks, 4);
    assert!(points < 100, "{points} points, two for each write");
}

#[tokio::test(start_paused = true)]
async fn never_more_run_at_a_time_than_allowed_and_never_fewer() {
    for (concurrency, secs) in [(1, 60), (7, 9), (30, 2), (60, 1), (100, 1)] {
        let began = Instant::now();
        let map = map(json!({ "MaxConcurrency": concurrency }), slow(1));
        let world = ran(numbers(60), map).await;
        assert_eq!(world.ended().await, format!("SUCCEEDED {}", numbers(60)));
        let took = began.elapsed();
        let expected = Duration::from_secs(secs);
        assert!(took >= expected && took < expected + Duration::from_millis(100), "{took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_child_holds_up_no_other() {
    let states = json!({ "Work": { "Type": "Wait", "SecondsPath": "$", "End": true } });
    let seconds: Value = (0..1_200).map(|at| json!(if at % 300 == 0 { 100 } else { 1 })).collect();
    let began = Instant::now();
    let world = ran(seconds, map(json!({ "MaxConcurrency": 10 }), states)).await;
    assert!(world.ended().await.starts_with("SUCCEEDED"));
    // The last of the four slow ones begins after 900 others, at about second 110 on ten lanes.
    assert!(began.elapsed() < Duration::from_secs(213), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_child_has_five_minutes_whatever_its_parent_has() {
    let map = map(json!({ "ToleratedFailurePercentage": 100 }), slow(1_000));
    let mut definition = json!({
        "TimeoutSeconds": 2_000,
        "StartAt": "Items",
        "States": { "Items": { "Type": "Pass", "Result": { "items": [1, 2] }, "Next": "Map" } },
    });
    definition["States"]["Map"] = map;
    let world = World::new(definition).await;
    let began = Instant::now();
    world.start().await;
    world.run_dry().await;
    assert_eq!(world.ended().await, "SUCCEEDED []");
    assert_eq!(counts(&world).await.children, [0, 0, 2, 0]);
    assert_eq!(began.elapsed().as_secs(), 300);
}

#[tokio::test]
async fn too_many_failures_end_the_run() {
    let check = async |fields: Value, ended: &str, all: bool| {
        let world = ran(numbers(400), map(fields.clone(), failing())).await;
        let counts = counts(&world).await;
        assert!(world.ended().await.starts_with(ended), "{fields} {}", world.ended().await);
        let is_all = counts.children.iter().sum::<u64>() == 400;
        assert_eq!(is_all, all, "{fields} {counts:?}");
        assert_eq!(state(&world).await.status.as_str(), ended.split(' ').next().unwrap());
    };
    check(json!({ "MaxConcurrency": 5 }), "FAILED States.ExceedToleratedFailureThreshold", false)
        .await;
    let count = json!({ "MaxConcurrency": 5, "ToleratedFailureCount": 9 });
    check(count, "FAILED States.Exceed", false).await;
    check(json!({ "ToleratedFailureCount": 10 }), "SUCCEEDED", true).await;
    check(json!({ "ToleratedFailurePercentage": 2.5 }), "SUCCEEDED", true).await;
    check(json!({ "ToleratedFailurePercentage": 2.4 }), "FAILED States.Exceed", false).await;
}

#[tokio::test]
async fn a_retry_is_another_run() {
    let retry = json!({ "Retry": [{ "ErrorEquals": ["States.ALL"], "MaxAttempts": 1 }] });
    let world = ran(numbers(12), map(retry, failing())).await;
    assert_eq!(world.ended().await, "FAILED States.ExceedToleratedFailureThreshold");
    let of = documents::list::<MapRunOf>(world.memory(), world.arn().as_str(), 10, None).await;
    assert_eq!(of.unwrap().items.len(), 2);
}

#[tokio::test]
async fn a_child_is_found_by_its_arn_once_it_has_ended() {
    let fields = json!({ "ToleratedFailureCount": 10 });
    let world = ran(numbers(12), map(fields, failing())).await;
    let arn = run_arn(&world).await;
    let children = world.driver.ended_express_children(&arn, 0).await.unwrap();
    assert_eq!(children.len(), 12);
    let (mut names, mut statuses) = (BTreeSet::new(), Vec::new());
    for child in children.into_iter().flatten() {
        let arn = child.arn();
        assert!(arn.as_str().contains(":express:m/l:"), "{arn}");
        let found = world.driver.ended_express_child(&arn).await.unwrap();
        assert_eq!(found.as_deref(), Some(&*child));
        names.insert(child.execution.name.clone());
        statuses.push(child.status.name());
    }
    assert_eq!(names.len(), 12);
    assert_eq!(statuses[..10], [StatusName::Failed; 10]);
    assert_eq!(statuses[10..], [StatusName::Succeeded; 2]);
    let other = "arn:aws:states:us-east-1:111111111111:express:m/l:n:u";
    let other = ExecutionArn::parse(other).unwrap();
    assert_eq!(world.driver.ended_express_child(&other).await.unwrap(), None);
}

/// Lets virtual time pass.
async fn pass(secs: u64) {
    let never = std::future::pending::<()>();
    assert!(tokio::time::timeout(Duration::from_secs(secs), never).await.is_err());
}

/// The cue that runs the first group, everything before it taken.
async fn run_cue(world: &World) -> Outgoing {
    loop {
        let cue = world.memory().take_cue().expect("a cue");
        if format!("{:?}", cue.cue.signal).contains("Run {") {
            return cue;
        }
        world.take(&cue).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn stopping_the_execution_drops_the_children() {
    let map = map(json!({ "MaxConcurrency": 7 }), slow(200));
    let world = world(numbers(40), map).await;
    world.start().await;
    let cue = run_cue(&world).await;
    let began = Instant::now();
    let stop = async {
        pass(50).await;
        assert_eq!(running(&world).await, 7);
        world.driver.stop(&world.arn(), ErrorDetail::default()).await.unwrap();
        world.drain().await;
    };
    let (taken, ()) = tokio::join!(world.take(&cue), stop);
    taken.unwrap();
    assert_eq!(began.elapsed().as_secs(), 50);
    world.run_dry().await;
    assert_eq!(state(&world).await.status.as_str(), "ABORTED");
    assert_eq!(counts(&world).await.children, [0, 0, 0, 7]);
}

async fn running(world: &World) -> u64 {
    let state = state(world).await;
    world.driver.map_progress(&run_arn(world).await, &state).await.unwrap().running
}

#[tokio::test(start_paused = true)]
async fn concurrency_changes_while_children_run() {
    let map = map(json!({ "MaxConcurrency": 2 }), slow(10));
    let world = world(numbers(42), map).await;
    world.start().await;
    let cue = run_cue(&world).await;
    let began = Instant::now();
    let update = async {
        pass(15).await;
        let arn = run_arn(&world).await;
        world.driver.update_map_run(&arn, |state| state.concurrency_max = 40).await.unwrap();
        world.drain().await;
    };
    let (taken, ()) = tokio::join!(world.take(&cue), update);
    taken.unwrap();
    world.run_dry().await;
    assert_eq!(world.ended().await, format!("SUCCEEDED {}", numbers(42)));
    // Two in the first ten seconds, two more from then on, and from second 15 on all others.
    assert_eq!(began.elapsed().as_secs(), 25);
}

#[tokio::test(start_paused = true)]
async fn a_process_whose_time_is_short_hands_on() {
    let map = map(json!({ "MaxConcurrency": 2 }), slow(100));
    let world = world(numbers(8), map).await;
    world.start().await;
    let cue = run_cue(&world).await;
    let began = Instant::now();
    let leave = async {
        pass(150).await;
        world.tasks.leave(Duration::from_secs(250));
    };
    let (taken, ()) = tokio::join!(world.take(&cue), leave);
    assert_eq!(taken.unwrap(), Taken::Advanced);
    // Those under way were let end, and no more were begun.
    assert_eq!((began.elapsed().as_secs(), counts(&world).await.children), (200, [4, 0, 0, 0]));
    world.tasks.leave(Duration::from_secs(900));
    world.run_dry().await;
    assert_eq!(world.ended().await, format!("SUCCEEDED {}", numbers(8)));
    assert_eq!(began.elapsed().as_secs(), 400);
}

/// Another process is at it: the cue waits until that one must have died.
#[tokio::test]
async fn a_group_has_one_worker_at_a_time() {
    let mut world = world(numbers(8), map(json!({}), work())).await;
    world.start().await;
    let cue = run_cue(&world).await;
    let arn = run_arn(&world).await;
    let until_millis = world.now().as_millisecond() + 60_000;
    let worker = Some(MapWorker { name: "another".into(), until_millis });
    let lanes = MapLanes { worker, ..MapLanes::default() };
    let key = map_key(0);
    assert!(documents::swap(world.memory(), &arn, &key, None, Some(&lanes)).await.unwrap());
    world.among_others();
    assert_eq!(world.take(&cue).await.unwrap(), Taken::Early);
    assert!(world.tasks.calls().is_empty());
    world.run_dry().await;
    assert_eq!(world.ended().await, format!("SUCCEEDED {}", numbers(8)));
    assert!(world.now().as_millisecond() >= until_millis);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_was_given_up_by_mistake_changes_nothing() {
    let world = world(numbers(8), map(json!({ "MaxConcurrency": 4 }), slow(100))).await;
    world.start().await;
    let cue = run_cue(&world).await;
    let other = world.another();
    let take_over = async {
        pass(20).await;
        world.pass(70);
        other.take(&cue.execution, &cue.cue).await.unwrap()
    };
    let (first, second) = tokio::join!(world.take(&cue), take_over);
    assert!(matches!(first.unwrap(), Taken::Dropped(_)));
    assert_eq!(second, Taken::Advanced);
    world.run_dry().await;
    assert_eq!(world.ended().await, format!("SUCCEEDED {}", numbers(8)));
    assert_eq!(counts(&world).await.children, [8, 0, 0, 0]);
    let mut results = results(&world).await;
    results.sort_unstable();
    results.dedup();
    assert_eq!(results.len(), 8);
}

/// Takes cues until the process dies. What was being taken comes again.
async fn run_and_die(world: &World) -> bool {
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

async fn check_ended(world: &World, items: u32, point: i64) {
    assert_eq!(world.ended().await, format!("SUCCEEDED {}", numbers(items)), "dead at {point}");
    assert_eq!(counts(world).await.children, [items.into(), 0, 0, 0], "dead at {point}");
    let results = results(world).await;
    let places: BTreeSet<_> = results.iter().collect();
    assert_eq!((places.len(), results.len()), (items as usize, items as usize), "dead at {point}");
}

/// Wherever the process dies: all items in one run, each counted once; those under way run again, and no others.
#[tokio::test(start_paused = true)]
async fn a_crash_at_any_point_changes_nothing() {
    const ITEMS: u32 = 260;
    let mut point = 0;
    loop {
        let mut world = world(numbers(ITEMS), map(json!({ "MaxConcurrency": 120 }), work())).await;
        world.start().await;
        world.backend.die_at(point);
        let has_died = run_and_die(&world).await;
        world.backend.live();
        world.restart();
        world.run_dry().await;
        check_ended(&world, ITEMS, point).await;
        let calls = world.tasks.calls().len();
        assert!((260..=360).contains(&calls), "{calls} calls, dead at {point}");
        if !has_died {
            assert_eq!(calls, 260);
            break;
        }
        point += 1;
    }
    assert!(point > 40, "only {point} points");
}

/// The queue is lost as a whole, and derived anew.
#[tokio::test(start_paused = true)]
async fn a_crash_that_takes_the_queue_changes_nothing() {
    let mut point = 0;
    loop {
        let mut world = world(numbers(130), map(json!({ "MaxConcurrency": 3 }), work())).await;
        world.start().await;
        world.backend.die_at(point);
        let has_died = run_and_die(&world).await;
        world.backend.live();
        world.memory().lose_unsynced();
        world.memory().lose_cues();
        world.restart();
        let cues = world.memory().pending_cues();
        world.memory().send(cues).await.unwrap();
        world.run_dry().await;
        check_ended(&world, 130, point).await;
        if !has_died {
            break;
        }
        point += 1;
    }
}

/// Killed again and again, each time a little later.
#[tokio::test(start_paused = true)]
async fn any_number_of_crashes_changes_nothing() {
    let mut world = world(numbers(300), map(json!({ "MaxConcurrency": 150 }), work())).await;
    world.start().await;
    let mut deaths = 0;
    loop {
        world.backend.die_at(4 + deaths % 7);
        let has_died = run_and_die(&world).await;
        world.backend.live();
        world.restart();
        if !has_died {
            break;
        }
        deaths += 1;
        assert!(deaths < 500, "it never ends");
    }
    assert!(deaths > 5, "{deaths}");
    check_ended(&world, 300, deaths).await;
}

#[tokio::test(start_paused = true)]
async fn doubled_and_shuffled_cues_change_nothing() {
    for seed in 0..24_u64 {
        let world = world(numbers(450), map(json!({ "MaxConcurrency": 350 }), work())).await;
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
            if drawn(4) == 0 && !waiting.is_empty() {
                // Two at the same time.
                let other = waiting.swap_remove(drawn(waiting.len()));
                let (one, two) = tokio::join!(world.take(&cue), world.take(&other));
                one.unwrap();
                two.unwrap();
            } else {
                world.take(&cue).await.unwrap();
            }
        }
        check_ended(&world, 450, -1).await;
        assert_eq!(world.tasks.calls().len(), 450);
    }
}

#[tokio::test]
async fn a_childs_failure_is_kept_with_its_reason() {
    let world = world(numbers(2), map(json!({ "ToleratedFailureCount": 1 }), work())).await;
    world.tasks.script("Call", answer(json!("fine")));
    world.tasks.script("Call", failure("Odd"));
    world.start().await;
    world.run_dry().await;
    assert_eq!(world.ended().await, r#"SUCCEEDED ["fine"]"#);
    let group = MapResults::group(&run_arn(&world).await, 0);
    let page = documents::list::<MapResults>(world.memory(), &group, 10, None).await.unwrap();
    let failed = page.items.iter().flat_map(|(_, piece)| &piece.value.children);
    let reasons: Vec<_> = failed.map(|result| result.detail().error).collect();
    assert_eq!(reasons, [None, Some("Odd".into())]);
}

/// Only what had not succeeded runs again, as another execution.
#[tokio::test(start_paused = true)]
async fn a_redrive_runs_what_had_not_succeeded() {
    let fields = json!({ "MaxConcurrency": 4 });
    let world = world(numbers(30), map(fields, work())).await;
    for at in 0..30 {
        let is_bad = at == 3;
        let bad = failure("Odd");
        world.tasks.script("Call", if is_bad { bad } else { answer(json!(at)) });
    }
    world.start().await;
    world.run_dry().await;
    assert_eq!(world.ended().await, "FAILED States.ExceedToleratedFailureThreshold");
    let before = counts(&world).await;
    let ended: u64 = before.children.iter().sum();
    assert!(ended < 30 && before.children[1] >= 1, "{before:?}");
    let calls = world.tasks.calls().len();
    world.pass(1);
    world.driver.redrive(&world.arn(), None).await.unwrap();
    world.run_dry().await;
    assert!(world.ended().await.starts_with("SUCCEEDED"), "{}", world.ended().await);
    let after = counts(&world).await;
    assert_eq!((after.children, after.items), ([30, 0, 0, 0], [30, 0, 0, 0]));
    let succeeded = usize::try_from(before.children[0]).unwrap();
    assert_eq!(world.tasks.calls().len(), calls + 30 - succeeded);
    let arn = run_arn(&world).await;
    let children = world.driver.ended_express_children(&arn, 0).await.unwrap();
    let succeeded = children.iter().flatten();
    assert!(succeeded.map(|child| child.status.name()).all(|it| it == StatusName::Succeeded));
}

#[tokio::test(start_paused = true)]
async fn a_redrive_after_a_stop_runs_what_was_given_up() {
    let map = map(json!({ "MaxConcurrency": 7 }), slow(200));
    let world = world(numbers(40), map).await;
    world.start().await;
    let cue = run_cue(&world).await;
    let stop = async {
        pass(250).await;
        world.driver.stop(&world.arn(), ErrorDetail::default()).await.unwrap();
        world.drain().await;
    };
    let (taken, ()) = tokio::join!(world.take(&cue), stop);
    taken.unwrap();
    world.run_dry().await;
    assert_eq!(counts(&world).await.children, [7, 0, 0, 7]);
    world.pass(1);
    world.driver.redrive(&world.arn(), None).await.unwrap();
    world.run_dry().await;
    assert_eq!(world.ended().await, format!("SUCCEEDED {}", numbers(40)));
    assert_eq!(counts(&world).await.children, [40, 0, 0, 0]);
}
