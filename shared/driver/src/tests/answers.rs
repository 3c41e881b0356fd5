//! Answers to task tokens: accepted once, from the start of the call to its end.

use super::definitions::{callback, only};
use super::support::{World, payload};
use crate::{AnswerError, Dropped, Taken};
use baton_engine::{ErrorDetail, Signal};
use baton_store::TokenClaims;
use serde_json::{Value, json};

async fn asked(fields: Value) -> World {
    let world = World::new(only("Ask", callback(fields))).await;
    world.start().await;
    world.drain().await;
    world
}

#[tokio::test]
async fn success_becomes_the_result() {
    let world = asked(json!({})).await;
    let token = world.token().await;
    world.driver.send_task_success(&token, payload(json!({"yes": true}))).await.unwrap();
    world.drain().await;
    assert_eq!(world.ended().await, r#"SUCCEEDED {"yes":true}"#);
}

#[tokio::test]
async fn failure_is_what_handlers_see() {
    let world = asked(json!({"Retry": [{"ErrorEquals": ["Again"], "IntervalSeconds": 1}]})).await;
    let fail = async |error: &str| {
        let detail = ErrorDetail { error: Some(error.into()), cause: None };
        world.driver.send_task_failure(&world.token().await, detail).await.unwrap();
    };
    fail("Again").await;
    world.pass(2);
    world.drain().await;
    fail("Enough").await;
    world.drain().await;
    assert_eq!(world.ended().await, "FAILED Enough");
}

#[tokio::test]
async fn an_attempt_is_answered_once() {
    let world =
        asked(json!({"Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1}]})).await;
    let token = world.token().await;
    let check_late = async || {
        for answer in [
            world.driver.send_task_success(&token, payload(json!(1))).await,
            world.driver.send_task_failure(&token, ErrorDetail::default()).await,
            world.driver.send_task_heartbeat(&token).await,
        ] {
            assert!(matches!(answer, Err(AnswerError::TimedOut)), "{answer:?}");
        }
    };
    world.driver.send_task_failure(&token, ErrorDetail::default()).await.unwrap();
    check_late().await;
    world.pass(2);
    world.drain().await;
    assert_ne!(world.token().await, token, "each attempt has a token of its own");
    check_late().await;
    world.driver.stop(&world.arn(), ErrorDetail::default()).await.unwrap();
    check_late().await;
}

#[tokio::test]
async fn what_our_keys_did_not_sign_is_no_token() {
    let world = asked(json!({})).await;
    for token in ["", "x", "a|b|c|d"] {
        let answer = world.driver.send_task_success(token, payload(json!(1))).await;
        assert!(matches!(answer, Err(AnswerError::InvalidToken)), "{token}");
    }
}

#[tokio::test]
async fn an_answer_counts_from_the_moment_the_call_was_begun() {
    let world = World::new(only("Ask", callback(json!({})))).await;
    world.start().await;
    let record = world.newest("top").await.record;
    let baton_engine::Pending::Call(call) = &record.pending else { panic!("it calls") };
    let nonce = call.nonce.unwrap();
    let (scope, sequence) = (record.scope.clone(), record.sequence);
    let claims = TokenClaims { execution: world.arn(), scope, sequence, nonce };
    let token = super::support::keys().sign(&claims);
    let early = world.driver.send_task_success(&token, payload(json!(1))).await;
    assert!(matches!(early, Err(AnswerError::DoesNotExist)), "{early:?}");

    // The claim is there, the answer of the service is not: whoever was called may be faster.
    world.tasks.hang("Ask");
    let cue = world.memory().take_cue().unwrap();
    tokio::select! {
        biased;
        _ = world.take(&cue) => panic!("the call hangs"),
        () = std::future::ready(()) => {}
    }
    world.driver.send_task_success(&token, payload(json!(1))).await.unwrap();
    world.drain().await;
    assert_eq!(world.ended().await, "SUCCEEDED 1");
}

#[tokio::test]
async fn an_accepted_answer_survives_the_death_of_who_accepted_it() {
    let mut world = asked(json!({})).await;
    let token = world.token().await;
    // It dies after the commit: the spare cue was sent (two points), the record is written (two more).
    world.backend.die_at(4);
    world.driver.send_task_success(&token, payload(json!("kept"))).await.unwrap();
    world.backend.live();
    world.restart();
    world.memory().lose_unsynced();
    assert!(world.is_running().await);
    world.run_dry().await;
    assert_eq!(world.ended().await, r#"SUCCEEDED "kept""#);
}

#[tokio::test]
async fn the_spare_cue_of_an_answer_changes_nothing_when_all_went_well() {
    let world =
        asked(json!({"Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 300}]})).await;
    let token = world.token().await;
    world.driver.send_task_failure(&token, ErrorDetail::default()).await.unwrap();
    let before = world.journal("top").await;
    world.pass(60);
    // That of the start is stale; that of the answer finds a record whose time has not come.
    assert_eq!(world.drain().await, [Taken::Dropped(Dropped::Stale), Taken::Early]);
    assert_eq!(world.journal("top").await, before);
    assert_eq!(world.signal("top", 1, Signal::Timeout).await, Taken::Dropped(Dropped::Unfit));
}

#[tokio::test]
async fn a_given_up_branch_accepts_no_answer_even_if_its_fork_was_never_closed() {
    let risk = only("Risk", super::definitions::task(json!({})));
    let ask = only("Ask", callback(json!({})));
    let both = json!({"StartAt": "Both", "States": {
        "Both": {"Type": "Parallel", "Branches": [ask, risk], "Next": "Wait",
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Wait"}]},
        "Wait": {"Type": "Wait", "Seconds": 60, "End": true},
    }});
    let world = World::new(both).await;
    world.tasks.script("Risk", super::support::failure("Bad"));
    world.start().await;
    while let Some(cue) = world.memory().take_cue() {
        if matches!(cue.cue.signal, Signal::ChildFailed { .. }) {
            // Commit and send succeed (two points each); the closing and the cue are lost.
            world.backend.die_at(4);
            world.take(&cue).await.unwrap_err();
            world.backend.live();
        } else {
            world.take(&cue).await.unwrap();
        }
    }
    let ask = world.tasks.calls().into_iter().find(|call| call.state == "Ask").unwrap();
    let answer = world.driver.send_task_success(&ask.token.unwrap(), payload(json!(1))).await;
    assert!(matches!(answer, Err(AnswerError::TimedOut)), "{answer:?}");
}
