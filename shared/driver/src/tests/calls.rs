//! Claims, calls, their time limits, and lost workers.

use super::definitions::{callback, only, task};
use super::support::{World, answer, failure};
use crate::{Dropped, Taken, WORKER_LOST};
use baton_engine::Signal;
use serde_json::json;

#[tokio::test]
async fn a_call_is_claimed_made_and_answered_by_one_cue() {
    let world = World::new(only("Call", task(json!({})))).await;
    world.tasks.script("Call", answer(json!("done")));
    world.start().await;
    assert_eq!(world.drain().await, [Taken::Advanced]);
    assert_eq!(world.ended().await, r#"SUCCEEDED "done""#);
    let records = world.records().await;
    let claim = records[0].marks.claim.clone().unwrap();
    assert_eq!(&*claim.worker, "worker-0");
    assert!(claim.moment > records[0].record.moment);
    assert!(records[1].record.moment > claim.moment);
}

#[tokio::test]
async fn a_claim_holds_as_long_as_its_call_may_take() {
    let check = async |fields, secs| {
        let world = World::new(only("Call", task(fields))).await;
        world.start().await;
        world.drain().await;
        let claim = world.records().await[0].marks.claim.clone().unwrap();
        assert_eq!(claim.expires.duration_since(world.now()).as_secs(), secs);
    };
    check(json!({}), 930 + 60).await;
    check(json!({"TimeoutSeconds": 10}), 10 + 60).await;
    check(json!({"TimeoutSeconds": 99_999_999}), 930 + 60).await;
}

#[tokio::test]
async fn a_second_delivery_never_calls_again() {
    let world = World::new(only("Call", task(json!({})))).await;
    world.start().await;
    let cue = world.memory().take_cue().unwrap();
    world.take(&cue).await.unwrap();
    assert_eq!(world.take(&cue).await.unwrap(), Taken::Dropped(Dropped::Ended));
    assert_eq!(world.tasks.calls().len(), 1);
}

#[tokio::test]
async fn an_answer_that_was_committed_and_not_sent_is_followed_without_a_second_call() {
    let call_and_pass = json!({"StartAt": "Call", "States": {
        "Call": {"Type": "Task", "Resource": super::definitions::FUNCTION, "Next": "P"},
        "P": {"Type": "Pass", "End": true},
    }});
    let world = World::new(call_and_pass).await;
    world.start().await;
    let cue = world.memory().take_cue().unwrap();
    world.take(&cue).await.unwrap();
    world.memory().lose_cues();
    assert_eq!(world.take(&cue).await.unwrap(), Taken::Repeated);
    world.drain().await;
    assert_eq!(world.tasks.calls().len(), 1);
    assert!(world.ended().await.starts_with("SUCCEEDED"));
}

#[tokio::test(start_paused = true)]
async fn an_attempt_whose_worker_died_fails_by_name_and_is_retried_if_the_state_says_so() {
    let retry = json!([{"ErrorEquals": [WORKER_LOST], "IntervalSeconds": 1}]);
    for (fields, ended, calls) in [
        (json!({}), "FAILED Baton.WorkerLost", 1),
        (json!({"Retry": retry}), r#"SUCCEEDED {"n":1}"#, 2),
    ] {
        let mut world = World::new(only("Call", task(fields))).await;
        world.tasks.hang("Call");
        world.start().await;
        let cue = world.memory().take_cue().unwrap();
        // The process is killed in the middle of the call.
        let killed =
            tokio::time::timeout(std::time::Duration::from_secs(1), world.take(&cue)).await;
        assert!(killed.is_err());
        world.restart();
        assert_eq!(world.take(&cue).await.unwrap(), Taken::Advanced);
        world.run_dry().await;
        assert_eq!(world.ended().await, ended);
        assert_eq!(world.tasks.calls().len(), calls);
    }
}

#[tokio::test(start_paused = true)]
async fn among_several_workers_a_claim_is_dead_when_it_expires_and_not_before() {
    let mut world = World::new(only("Call", task(json!({})))).await;
    world.tasks.hang("Call");
    world.start().await;
    let cue = world.memory().take_cue().unwrap();
    let killed = tokio::time::timeout(std::time::Duration::from_secs(1), world.take(&cue)).await;
    assert!(killed.is_err());
    world.restart();
    world.driver.settings.is_alone = false;
    assert_eq!(world.take(&cue).await.unwrap(), Taken::Early);
    assert!(world.is_running().await);
    world.run_dry().await;
    assert_eq!(world.ended().await, "FAILED Baton.WorkerLost");
    assert_eq!(world.tasks.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_over_the_state_s_time_is_given_up_at_once() {
    let world = World::new(only("Call", task(json!({"TimeoutSeconds": 5})))).await;
    world.tasks.hang("Call");
    world.start().await;
    let cue = world.memory().take_cue().unwrap();
    assert_eq!(world.take(&cue).await.unwrap(), Taken::Advanced);
    assert_eq!(world.ended().await, "FAILED States.Timeout");
}

#[tokio::test(start_paused = true)]
async fn a_call_without_a_limit_of_its_state_is_given_up_some_time() {
    let world = World::new(only("Call", task(json!({})))).await;
    world.tasks.hang("Call");
    world.start().await;
    world.drain().await;
    assert_eq!(world.ended().await, "FAILED Baton.WorkerLost");
}

#[tokio::test]
async fn a_call_that_cannot_be_prepared_is_not_claimed_and_made_later() {
    let world = World::new(only("Call", task(json!({})))).await;
    world.tasks.unready(1);
    world.start().await;
    let cue = world.memory().take_cue().unwrap();
    assert_eq!(world.take(&cue).await.unwrap_err().to_string(), "the call could not be prepared");
    assert_eq!(world.newest("top").await.marks.claim, None);
    assert_eq!(world.take(&cue).await.unwrap(), Taken::Advanced);
    assert_eq!(world.ended().await, r#"SUCCEEDED {"n":1}"#);
}

#[tokio::test]
async fn failures_are_retried_at_their_time() {
    let retry = json!([{"ErrorEquals": ["Busy"], "IntervalSeconds": 4, "MaxAttempts": 2}]);
    let world = World::new(only("Call", task(json!({"Retry": retry})))).await;
    world.tasks.script("Call", failure("Busy"));
    world.tasks.script("Call", answer(json!(2)));
    world.start().await;
    world.drain().await;
    assert_eq!(world.signal("top", 1, Signal::Proceed).await, Taken::Early);
    world.run_dry().await;
    assert_eq!(world.ended().await, "SUCCEEDED 2");
    let attempts: Vec<u32> = world.tasks.calls().iter().map(|call| call.attempt).collect();
    assert_eq!(attempts, [0, 1]);
}

#[tokio::test]
async fn a_timer_of_an_attempt_that_has_ended_changes_nothing() {
    let then_wait = json!({"StartAt": "Call", "States": {
        "Call": {"Type": "Task", "Resource": super::definitions::FUNCTION, "TimeoutSeconds": 5,
            "HeartbeatSeconds": 3, "Next": "Wait"},
        "Wait": {"Type": "Wait", "Seconds": 60, "End": true},
    }});
    let world = World::new(then_wait).await;
    world.start().await;
    world.drain().await;
    world.pass(5);
    assert_eq!(world.drain().await, [Taken::Dropped(Dropped::Stale); 2]);
}

#[tokio::test]
async fn a_timer_waits_for_a_call_that_has_not_begun() {
    let world = World::new(only("Call", task(json!({"TimeoutSeconds": 5})))).await;
    world.start().await;
    world.pass(60);
    assert_eq!(world.signal("top", 0, Signal::Timeout).await, Taken::Early);
    assert!(world.is_running().await);
}

#[tokio::test]
async fn an_accepted_callback_times_out_counted_from_its_start() {
    let world = World::new(only("Ask", callback(json!({"TimeoutSeconds": 30})))).await;
    world.start().await;
    world.drain().await;
    assert_eq!(world.journal("top").await, ["Ask calls", "Ask awaits"]);
    world.pass(29);
    assert_eq!(world.signal("top", 1, Signal::Timeout).await, Taken::Early);
    world.pass(1);
    world.drain().await;
    assert_eq!(world.ended().await, "FAILED States.Timeout");
}

#[tokio::test]
async fn a_timeout_that_was_committed_and_not_sent_is_followed_when_the_timer_comes_again() {
    let retry = json!({"TimeoutSeconds": 30, "Retry": [{"ErrorEquals": ["States.Timeout"]}]});
    let world = World::new(only("Ask", callback(retry))).await;
    world.start().await;
    world.drain().await;
    world.memory().lose_cues();
    world.pass(30);
    assert_eq!(world.signal("top", 1, Signal::Timeout).await, Taken::Advanced);
    world.memory().lose_cues();
    assert_eq!(world.signal("top", 1, Signal::Timeout).await, Taken::Repeated);
    world.pass(1);
    assert_eq!(world.drain().await[0], Taken::Advanced);
}

#[tokio::test]
async fn a_missed_heartbeat_fails_the_task_and_a_sent_one_puts_it_off() {
    let world = World::new(only("Ask", callback(json!({"HeartbeatSeconds": 10})))).await;
    world.start().await;
    world.drain().await;
    world.pass(9);
    world.driver.send_task_heartbeat(&world.token().await).await.unwrap();
    world.pass(1);
    world.drain().await;
    assert!(world.is_running().await, "the first ten seconds are over, and there was a heartbeat");
    world.pass(9);
    world.drain().await;
    assert_eq!(world.ended().await, "FAILED States.Timeout");
}

#[tokio::test]
async fn an_answer_that_could_not_be_committed_is_not_asked_for_again() {
    let world = World::new(only("Call", task(json!({})))).await;
    world.tasks.script("Call", answer(json!("only once")));
    world.start().await;
    let cue = world.memory().take_cue().unwrap();
    // The claim succeeds (two points), the commit does not.
    world.backend.die_at(2);
    world.take(&cue).await.unwrap_err();
    world.take(&cue).await.unwrap_err();
    world.backend.live();
    assert_eq!(world.take(&cue).await.unwrap(), Taken::Advanced);
    assert_eq!(world.ended().await, r#"SUCCEEDED "only once""#);
    assert_eq!(world.tasks.calls().len(), 1);
}

#[tokio::test]
async fn a_crash_of_what_makes_the_calls_fails_the_attempt() {
    let world = World::new(only("Call", task(json!({})))).await;
    world.tasks.crash();
    world.start().await;
    assert_eq!(world.drain().await, [Taken::Advanced]);
    assert_eq!(world.ended().await, "FAILED Baton.WorkerLost");
}
