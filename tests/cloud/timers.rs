//! Waits of any length.

use crate::{chain, stack};
use baton_tests::cloud::Stack;
use serde_json::{Value, json};

const DAY: i64 = 86_400;

/// How late the Wait state of an execution ended, in milliseconds.
async fn lateness(stack: &mut Stack, execution: &str, secs: i64) -> i64 {
    let request = json!({"executionArn": execution, "maxResults": 1000});
    let history = stack.ask("GetExecutionHistory", &request).await.unwrap();
    let at = |kind: &str| {
        let events = history["events"].as_array().unwrap();
        let event = events.iter().find(|event| event["type"] == kind);
        let event = event.unwrap_or_else(|| panic!("no {kind} after {secs} s: {history}"));
        (event["timestamp"].as_f64().unwrap() * 1000.0).round() as i64
    };
    at("WaitStateExited") - at("WaitStateEntered") - secs * 1000
}

fn wait() -> Value {
    chain(&[json!({"Type": "Wait", "SecondsPath": "$.secs"})])
}

#[tokio::test]
async fn waits_from_a_second_to_a_year_are_never_early() {
    let mut stack = stack().await;
    let machine = stack.create("m", &wait()).await;
    let lengths = [1, 2, 59, 60, 899, 900, 901, 3_600, DAY, 30 * DAY, 364 * DAY];
    let mut executions = Vec::new();
    for secs in lengths {
        let execution = stack.start(&machine, &format!("n{secs}"), &json!({"secs": secs})).await;
        executions.push((execution, secs));
    }
    stack.run().await;
    let mut worst = 0;
    for (execution, secs) in executions {
        let late = lateness(&mut stack, &execution, secs).await;
        // SQS delays by whole seconds.
        assert!((0..1_500).contains(&late), "a wait of {secs} s was {late} ms late");
        worst = worst.max(late);
    }
    println!("the latest of {} waits was {worst} ms late", lengths.len());
}

#[tokio::test]
async fn thousands_that_are_due_in_the_same_second_all_end() {
    let mut stack = stack().await;
    let machine = stack.create("m", &wait()).await;
    let start = stack.cloud.now().as_millisecond();
    let due = start + 3_600_000;
    let mut executions = Vec::new();
    for at in 0..2_000 {
        let secs = (due - stack.cloud.now().as_millisecond()) / 1000;
        executions
            .push((stack.start(&machine, &format!("n{at}"), &json!({"secs": secs})).await, secs));
    }
    stack.run().await;
    assert!(
        stack.cloud.rows("t#").iter().all(|row| row["pk"]["S"] == "t#swept"),
        "timers are left"
    );
    for (execution, secs) in executions.iter().step_by(97) {
        let late = lateness(&mut stack, execution, *secs).await;
        assert!((0..1_500).contains(&late), "{late} ms late");
    }
    let query = json!({"stateMachineArn": machine, "statusFilter": "RUNNING"});
    let running = stack.ask("ListExecutions", &query).await.unwrap();
    assert_eq!(running["executions"], json!([]));
}

#[tokio::test]
async fn a_sweep_that_was_down_for_an_hour_catches_up() {
    let mut stack = stack().await;
    let machine = stack.create("m", &wait()).await;
    stack.sweep().await;
    let mut executions = Vec::new();
    for at in 0..120 {
        let secs = 1_000 + at * 30;
        executions
            .push((stack.start(&machine, &format!("n{at}"), &json!({"secs": secs})).await, secs));
    }
    // Cues are taken, timers are not swept.
    for _ in 0..10 {
        stack.deliver(baton_lambda::Queue::Cues).await;
    }
    let later = stack.cloud.now().as_millisecond() + 3_700_000;
    stack.cloud.set_now(later);
    stack.sweep().await;
    stack.run().await;
    for (execution, secs) in executions {
        let late = lateness(&mut stack, &execution, secs).await;
        assert!(late >= 0, "{late} ms early");
        assert!(late <= (3_701_000 - secs * 1000).max(1_500), "{secs} s: {late} ms late");
    }
}
