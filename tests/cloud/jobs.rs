//! Jobs: their ends are told by events, and found by asking where they are not.

use crate::{chain, describe, stack};
use baton_tests::cloud::{Fault, Stack, Value};
use serde_json::json;

/// An execution that waits for a job of Glue's, which has been asked for its end once.
pub async fn begin_job(stack: &mut Stack, name: &str) -> String {
    stack.answer("AWSGlue.StartJobRun", &json!({"JobRunId": "jr_1"}));
    stack.answer("AWSGlue.GetJobRun", &job_run("RUNNING"));
    let states = [json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::glue:startJobRun.sync",
        "Parameters": {"JobName": "nightly"},
    })];
    let machine = stack.create(name, &chain(&states)).await;
    let execution = stack.start(&machine, "waits", &json!({})).await;
    let now = stack.cloud.now().as_millisecond();
    stack.run_until(now + 6_000).await;
    stack.answer("AWSGlue.GetJobRun", &job_run("SUCCEEDED"));
    execution
}

fn job_run(state: &str) -> Value {
    json!({"JobRun": {"Id": "jr_1", "JobName": "nightly", "JobRunState": state}})
}

/// What Glue tells EventBridge, as far as it matters here.
pub fn job_ended(state: &str) -> Value {
    json!({
        "version": "0",
        "id": "3f0c1a52-0000-0000-0000-000000000000",
        "source": "aws.glue",
        "detail-type": "Glue Job State Change",
        "account": "123456789012",
        "region": "us-east-1",
        "detail": {"jobName": "nightly", "jobRunId": "jr_1", "state": state, "severity": "INFO"},
    })
}

/// Hears an event, and takes all cues that are due without time going on; answers how many waited for it.
async fn hear(stack: &mut Stack, event: &Value) -> usize {
    let told = stack.event.hear(event).await.unwrap().told;
    let now = stack.cloud.now().as_millisecond();
    stack.run_until(now).await;
    told
}

/// Who is noted as waiting for a job.
fn noted(stack: &Stack) -> usize {
    stack.cloud.rows("d#job#").len()
}

/// How often the job was asked how it stands.
fn questions(stack: &Stack) -> usize {
    let invoked = stack.invoked.lock().unwrap();
    invoked.iter().filter(|body| body.contains("\"RunId\"")).count()
}

#[tokio::test]
async fn an_event_ends_the_wait_at_once() {
    let mut stack = stack().await;
    let execution = begin_job(&mut stack, "m").await;
    assert_eq!((noted(&stack), questions(&stack)), (1, 1));
    assert_eq!(describe(&mut stack, &execution).await["status"], "RUNNING");
    assert_eq!(hear(&mut stack, &job_ended("SUCCEEDED")).await, 1);
    let ended = describe(&mut stack, &execution).await;
    assert_eq!(ended["status"], "SUCCEEDED");
    assert!(ended["output"].as_str().unwrap().contains("jr_1"), "{ended}");
    assert_eq!((noted(&stack), questions(&stack)), (0, 2));
    // What asked it from time to time finds nothing left.
    stack.run().await;
    assert_eq!((noted(&stack), questions(&stack)), (0, 2));
}

#[tokio::test]
async fn without_an_event_the_job_is_asked() {
    let mut stack = stack().await;
    let execution = begin_job(&mut stack, "m").await;
    stack.run().await;
    assert_eq!(describe(&mut stack, &execution).await["status"], "SUCCEEDED");
    assert_eq!(noted(&stack), 0);
}

#[tokio::test]
async fn a_false_event_costs_two_questions_and_changes_nothing() {
    let mut stack = stack().await;
    let execution = begin_job(&mut stack, "m").await;
    stack.answer("AWSGlue.GetJobRun", &job_run("RUNNING"));
    let asked = questions(&stack);
    for event in [json!({}), json!([1]), job_ended("RUNNING")] {
        assert_eq!(hear(&mut stack, &event).await, 0);
    }
    let mut other = job_ended("SUCCEEDED");
    other["detail"]["jobRunId"] = json!("jr_2");
    assert_eq!(hear(&mut stack, &other).await, 0);
    assert_eq!(questions(&stack), asked);
    assert_eq!(hear(&mut stack, &job_ended("FAILED")).await, 1);
    let begun = stack.cloud.now().as_millisecond();
    stack.run_until(begun + 3_600_000).await;
    // Within the hour it is asked after ever longer pauses, as if nothing had been told, and two times more.
    let usual = questions(&without_events(3_600_000).await) - asked;
    assert_eq!(questions(&stack) - asked, usual + 2);
    assert_eq!(describe(&mut stack, &execution).await["status"], "RUNNING");
}

async fn without_events(millis: i64) -> Stack {
    let mut stack = stack().await;
    begin_job(&mut stack, "m").await;
    stack.answer("AWSGlue.GetJobRun", &job_run("RUNNING"));
    let begun = stack.cloud.now().as_millisecond();
    stack.run_until(begun + millis).await;
    stack
}

#[tokio::test]
async fn an_event_that_comes_twice_ends_one_wait_once() {
    let mut stack = stack().await;
    let execution = begin_job(&mut stack, "m").await;
    for _ in 0..2 {
        assert_eq!(stack.event.hear(&job_ended("SUCCEEDED")).await.unwrap().told, 1);
    }
    stack.run().await;
    assert_eq!(hear(&mut stack, &job_ended("SUCCEEDED")).await, 0);
    let history =
        stack.ask("GetExecutionHistory", &json!({"executionArn": execution})).await.unwrap();
    let ends = |kind: &str| {
        history["events"].as_array().unwrap().iter().filter(|event| event["type"] == kind).count()
    };
    assert_eq!((ends("TaskSucceeded"), ends("ExecutionSucceeded")), (1, 1));
}

#[tokio::test]
async fn an_end_that_the_service_does_not_know_yet_is_asked_for_once_more() {
    let mut stack = stack().await;
    let execution = begin_job(&mut stack, "m").await;
    stack.answer("AWSGlue.GetJobRun", &job_run("RUNNING"));
    assert_eq!(hear(&mut stack, &job_ended("SUCCEEDED")).await, 1);
    stack.answer("AWSGlue.GetJobRun", &job_run("SUCCEEDED"));
    let now = stack.cloud.now().as_millisecond();
    stack.run_until(now + 5_000).await;
    assert_eq!(describe(&mut stack, &execution).await["status"], "SUCCEEDED");
}

#[tokio::test]
async fn a_stopped_execution_waits_for_no_event() {
    let mut stack = stack().await;
    stack.answer("AWSGlue.BatchStopJobRun", &json!({"SuccessfulSubmissions": [], "Errors": []}));
    let execution = begin_job(&mut stack, "m").await;
    stack.ask("StopExecution", &json!({"executionArn": execution})).await.unwrap();
    stack.run().await;
    assert_eq!(describe(&mut stack, &execution).await["status"], "ABORTED");
    assert_eq!(noted(&stack), 0);
    assert!(stack.invoked.lock().unwrap().iter().any(|body| body.contains("JobRunIds")));
    assert_eq!(hear(&mut stack, &job_ended("STOPPED")).await, 0);
}

#[tokio::test]
async fn a_note_that_could_not_be_taken_away_is_in_the_end() {
    let mut stack = stack().await;
    let execution = begin_job(&mut stack, "m").await;
    stack.cloud.disturb(|request| (request.operation == "DeleteItem").then_some(Fault::Throttled));
    hear(&mut stack, &job_ended("SUCCEEDED")).await;
    assert_eq!(describe(&mut stack, &execution).await["status"], "SUCCEEDED");
    assert_eq!(noted(&stack), 1);
    stack.cloud.calm();
    stack.run().await;
    assert_eq!(noted(&stack), 0);
}

/// What a job of an hour costs from its first question on, in dollars a million.
async fn price(is_heard: bool) -> f64 {
    let mut stack = stack().await;
    if !is_heard {
        stack.hear_no_events().await;
    }
    begin_job(&mut stack, "m").await;
    stack.answer("AWSGlue.GetJobRun", &job_run("RUNNING"));
    stack.take_usage();
    let begun = stack.cloud.now().as_millisecond();
    stack.run_until(begun + 3_600_000).await;
    stack.answer("AWSGlue.GetJobRun", &job_run("SUCCEEDED"));
    if is_heard {
        hear(&mut stack, &job_ended("SUCCEEDED")).await;
    }
    stack.run().await;
    let (usage, _) = stack.take_usage();
    usage.dollars() * 1e6
}

#[tokio::test]
async fn a_job_that_is_heard_of_costs_less_than_one_that_is_asked() {
    let (heard, asked) = (price(true).await, price(false).await);
    println!("a job of an hour: {heard:.2} dollars a million heard of, {asked:.2} asked");
    assert!(heard < asked, "{heard:.2} >= {asked:.2}");
}
