//! Children: begun, joined, held back, failed, given up.

use super::definitions::{map, only, task};
use super::support::{World, answer, failure};
use crate::{Dropped, Taken};
use baton_engine::Signal;
use serde_json::{Value, json};

#[tokio::test]
async fn a_map_of_any_width_joins_once_with_its_outputs_in_order() {
    for (count, concurrency) in [(0, 0), (1, 0), (3, 1), (7, 2), (39, 0), (150, 0), (150, 3)] {
        let world = World::new(map(count, concurrency)).await;
        world.start().await;
        let taken = world.drain().await;
        let outputs: Vec<u32> = (0..count).collect();
        assert_eq!(
            world.ended().await,
            format!("SUCCEEDED {}", json!(outputs)),
            "{count}/{concurrency}"
        );
        assert_eq!(world.tasks.calls().len(), count as usize);
        let repeats = taken.iter().filter(|taken| **taken != Taken::Advanced).count();
        assert_eq!(repeats, 0, "in fair weather nothing is done twice");
        assert_eq!(world.journal("top").await.len(), 3);
    }
}

#[tokio::test]
async fn branches_beyond_a_slice_are_begun_by_cues_of_their_own() {
    let branch = |number| only(&format!("P{number}"), json!({"Type": "Pass", "Result": number}));
    let branches: Vec<Value> = (0..250).map(branch).collect();
    let world = World::new(only("All", json!({"Type": "Parallel", "Branches": branches}))).await;
    world.start().await;
    let begun = async || world.records().await.len() - 1;
    assert_eq!(begun().await, 100);
    world.drain().await;
    let outputs: Vec<u32> = (0..250).collect();
    assert_eq!(world.ended().await, format!("SUCCEEDED {}", json!(outputs)));
}

#[tokio::test]
async fn no_more_children_run_than_may_at_a_time() {
    let world = World::new(map(10, 3)).await;
    world.start().await;
    let items = world.memory().take_cue().unwrap();
    world.take(&items).await.unwrap();
    let open = async || {
        let records = world.records().await;
        let of = |end: bool| {
            let is_last = |pending: &baton_engine::Pending| {
                matches!(pending, baton_engine::Pending::Ended(_))
            };
            records
                .iter()
                .filter(|marked| !marked.record.scope.is_top())
                .filter(|marked| {
                    (marked.record.sequence.0 == 0) != end && is_last(&marked.record.pending) == end
                })
                .count()
        };
        of(false) - of(true)
    };
    assert_eq!(open().await, 3);
    while let Some(cue) = world.memory().take_cue() {
        world.take(&cue).await.unwrap();
        assert!(open().await <= 3);
    }
    assert_eq!(world.journal("top").await.last().unwrap(), "Each ended well");
}

#[tokio::test]
async fn a_child_that_was_written_and_not_sent_goes_on_when_its_fork_is_sent_again() {
    let world = World::new(map(5, 0)).await;
    world.start().await;
    let cue = world.memory().take_cue().unwrap();
    world.take(&cue).await.unwrap();
    world.memory().lose_cues();
    assert_eq!(world.take(&cue).await.unwrap(), Taken::Repeated);
    world.drain().await;
    assert_eq!(world.ended().await, "SUCCEEDED [0,1,2,3,4]");
}

fn risky() -> Value {
    let slow = json!({"StartAt": "Slow", "States": {"Slow": {"Type": "Wait", "Seconds": 60, "Next": "Never"},
        "Never": {"Type": "Task", "Resource": super::definitions::FUNCTION, "End": true}}});
    json!({"StartAt": "Both", "States": {
        "Both": {"Type": "Parallel", "Branches": [only("Risk", task(json!({}))), slow], "Next": "Done",
            "Catch": [{"ErrorEquals": ["Bad"], "ResultPath": null, "Next": "Wait"}]},
        "Wait": {"Type": "Wait", "Seconds": 300, "Next": "Done"},
        "Done": {"Type": "Succeed"},
    }})
}

#[tokio::test]
async fn when_a_child_fails_the_parent_moves_on_and_the_others_are_given_up() {
    let world = World::new(risky()).await;
    world.tasks.script("Risk", failure("Bad"));
    world.start().await;
    world.drain().await;
    assert_eq!(world.journal("top").await, ["Both forked", "Wait waits"]);
    assert_eq!(world.signal("0.1", 0, Signal::Proceed).await, Taken::Dropped(Dropped::Closed));
    assert_eq!(
        world.signal("top", 0, Signal::ChildFailed { child: 0 }).await,
        Taken::Dropped(Dropped::Closed)
    );
    assert_eq!(world.signal("top", 0, Signal::Joined).await, Taken::Dropped(Dropped::Closed));
    world.run_dry().await;
    assert_eq!(world.ended().await, r#"SUCCEEDED {"n":1}"#);
    assert_eq!(world.journal("0.1").await, ["Slow waits"]);
}

#[tokio::test]
async fn a_crash_before_the_fork_is_closed_leaves_nobody_alive_and_nobody_stuck() {
    let world = World::new(risky()).await;
    world.tasks.script("Risk", failure("Bad"));
    world.start().await;
    while let Some(cue) = world.memory().take_cue() {
        if !matches!(cue.cue.signal, Signal::ChildFailed { .. }) {
            world.take(&cue).await.unwrap();
            continue;
        }
        // Commit and send succeed (two points each), the closing does not.
        world.backend.die_at(4);
        world.take(&cue).await.unwrap_err();
        world.backend.live();
        assert_eq!(world.take(&cue).await.unwrap(), Taken::Repeated);
    }
    assert_eq!(world.signal("0.1", 0, Signal::Proceed).await, Taken::Dropped(Dropped::Closed));
    world.run_dry().await;
    assert_eq!(world.ended().await, r#"SUCCEEDED {"n":1}"#);
}

#[tokio::test]
async fn a_retried_fork_has_children_of_its_own() {
    let retry = json!([{"ErrorEquals": ["Bad"], "IntervalSeconds": 1}]);
    let each = json!({"Type": "Map", "Retry": retry, "ItemsPath": "$.items", "MaxConcurrency": 1,
        "ItemProcessor": only("Call", task(json!({})))});
    let world = World::new(json!({"StartAt": "Items", "States": {
        "Items": {"Type": "Pass", "Result": {"items": [1, 2]}, "Next": "Each"},
        "Each": {"Type": each["Type"], "Retry": each["Retry"], "ItemsPath": each["ItemsPath"],
            "MaxConcurrency": 1, "ItemProcessor": each["ItemProcessor"], "End": true},
    }}))
    .await;
    world.tasks.script("Call", answer(json!("first")));
    world.tasks.script("Call", failure("Bad"));
    world.start().await;
    world.run_dry().await;
    assert_eq!(world.ended().await, "SUCCEEDED [1,2]");
    let scopes: Vec<String> = world.tasks.calls().into_iter().map(|call| call.scope).collect();
    assert_eq!(scopes, ["1.0", "1.1", "3.0", "3.1"]);
}

#[tokio::test]
async fn forks_at_the_beginning_of_forks_take_turns() {
    let mut block = only("P", json!({"Type": "Pass"}));
    for depth in 0..20 {
        block = only(&format!("D{depth}"), json!({"Type": "Parallel", "Branches": [block]}));
    }
    let world = World::new(block).await;
    world.start().await;
    world.drain().await;
    assert!(world.ended().await.starts_with("SUCCEEDED [["));
}

#[tokio::test]
async fn a_join_is_not_believed_before_all_children_show_their_end() {
    let world = World::new(map(2, 0)).await;
    world.start().await;
    let cue = world.memory().take_cue().unwrap();
    world.take(&cue).await.unwrap();
    let joined = baton_engine::Cue {
        scope: baton_engine::ScopePath::top(),
        sequence: baton_engine::Sequence(1),
        signal: Signal::ChildFailed { child: 1 },
    };
    assert_eq!(
        world.driver.take(&world.arn(), &joined).await.unwrap(),
        Taken::Dropped(Dropped::Unfit)
    );
    world.drain().await;
    assert_eq!(world.ended().await, "SUCCEEDED [0,1]");
}
