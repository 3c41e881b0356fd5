//! What the doctor finds, and what it does about it.

use super::support::World;
use crate::doctor::Reason;
use serde_json::json;

#[tokio::test]
async fn an_execution_whose_cue_was_lost_is_found_and_goes_on() {
    for lost_after in 0..4 {
        let world = chain().await;
        world.start().await;
        for _ in 0..lost_after {
            let Some(cue) = world.memory().take_cue() else { break };
            world.take(&cue).await.unwrap();
        }
        world.memory().lose_cues();
        assert_eq!(
            world.driver.check_up(None, true).await.unwrap().stuck,
            [],
            "it may be on its way"
        );
        world.pass(3600);
        let checked = world.driver.check_up(None, false).await.unwrap();
        assert_eq!((checked.running, checked.stuck.len(), checked.cues_sent), (1, 1, 0));
        world.run_dry().await;
        assert!(world.is_running().await, "a look mends nothing");
        let checked = world.driver.check_up(None, true).await.unwrap();
        assert_eq!((checked.stuck.len(), checked.next), (1, None));
        assert!(checked.cues_sent > 0);
        world.run_dry().await;
        assert!(!world.is_running().await, "{lost_after}");
        assert_eq!(world.driver.check_up(None, true).await.unwrap().running, 0);
    }
}

#[tokio::test]
async fn forks_whose_children_or_joins_were_lost_are_found() {
    let states = |end| json!({"StartAt": "P", "States": {"P": {"Type": end, "End": true}}});
    let branches =
        json!([states("Pass"), {"StartAt": "Q", "States": {"Q": {"Type": "Pass", "End": true}}}]);
    let definition = json!({"StartAt": "All", "States": {"All": {"Type": "Parallel", "Branches": branches, "End": true}}});
    for lost_after in 0..8 {
        let world = World::new(definition.clone()).await;
        world.start().await;
        for _ in 0..lost_after {
            let Some(cue) = world.memory().take_cue() else { break };
            world.take(&cue).await.unwrap();
        }
        world.memory().lose_cues();
        world.pass(3600);
        world.driver.check_up(None, true).await.unwrap();
        world.run_dry().await;
        assert!(!world.is_running().await, "{lost_after}");
    }
}

#[tokio::test]
async fn who_waits_for_a_time_or_an_answer_is_well() {
    let wait =
        json!({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 86_400, "End": true}}});
    let ask = json!({"StartAt": "A", "States": {"A": {
        "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"QueueUrl": "q", "MessageBody.$": "$$.Task.Token"}, "End": true,
    }}});
    for (definition, reason) in [(wait, Reason::Time), (ask, Reason::Answer)] {
        let world = World::new(definition).await;
        world.start().await;
        world.drain().await;
        world.pass(7200);
        world.drain().await;
        let examined = world.driver.examine(&world.arn()).await.unwrap().unwrap();
        assert_eq!(examined.waits[0].reason, reason);
        assert_eq!(examined.late_since, None);
    }
}

async fn chain() -> World {
    let states = json!({
        "A": {"Type": "Pass", "Next": "B"},
        "B": {"Type": "Wait", "Seconds": 5, "Next": "C"},
        "C": {"Type": "Pass", "End": true},
    });
    World::new(json!({"StartAt": "A", "States": states})).await
}
