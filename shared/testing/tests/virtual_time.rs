//! What a test of a state machine sees: ends, times and histories, in no time.

#![cfg(test)]

use baton_testing::{Answer, Ended, Unfinished, Workflow};
use serde_json::{Value, json};
use std::time::Duration;

const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:work";

#[test]
fn a_month_of_waiting_is_in_every_timestamp() {
    let end = workflow(&json!({"StartAt": "Wait", "States": {
        "Wait": {"Type": "Wait", "Seconds": 30 * 86_400, "Next": "Then"},
        "Then": {"Type": "Pass", "End": true, "Parameters": {"at.$": "$$.State.EnteredTime"}},
    }}));
    let end = end.run(&json!({})).unwrap();
    assert_eq!(end.output, Some(json!({"at": "2026-01-31T00:00:00Z"})));
    assert_eq!(end.states(), ["Wait", "Then"]);
    assert_eq!(seconds(&end), 30 * 86_400);
    assert_eq!(end.history.len(), 6);
}

#[test]
fn retries_back_off_until_it_works() {
    let retry = json!([{"ErrorEquals": ["Busy"], "IntervalSeconds": 60, "MaxDelaySeconds": 100}]);
    let end = workflow(&task(&json!({"Retry": retry})))
        .function("work", |call| match call.attempt {
            3 => Answer::of(json!("done")),
            _ => Answer::error("Busy", "later"),
        })
        .run(&json!({}))
        .unwrap();
    assert_eq!(end.output, Some(json!("done")));
    assert_eq!(seconds(&end), 60 + 100 + 100);
}

#[test]
fn a_slow_task_runs_into_its_timeout() {
    for (answer, expected) in [
        (Answer::of(json!(1)).after(Duration::from_secs(599)), (None, 599)),
        (Answer::of(json!(1)).after(Duration::from_secs(601)), (Some("States.Timeout"), 600)),
        (Answer::never(), (Some("States.Timeout"), 600)),
    ] {
        let end = workflow(&task(&json!({"TimeoutSeconds": 600})))
            .function("work", move |_| answer.clone())
            .run(&json!({}))
            .unwrap();
        assert_eq!((end.error.as_deref(), seconds(&end)), expected);
    }
}

#[test]
fn a_callback_is_answered_in_time_or_not() {
    let day = Duration::from_secs(86_400);
    let limits = json!({"TimeoutSeconds": 3 * 86_400, "HeartbeatSeconds": 3_600});
    let beating = |days| Answer::of(json!("yes")).after(days * day).with_heartbeat_every(day / 48);
    for (answer, expected) in [
        (beating(2), (None, 2 * 86_400)),
        (beating(4), (Some("States.Timeout"), 3 * 86_400)),
        (Answer::of(json!("yes")).after(day), (Some("States.Timeout"), 3_600)),
        (Answer::error("No", "not today").after(day / 48), (Some("No"), 1_800)),
        (Answer::never(), (Some("States.Timeout"), 3_600)),
    ] {
        let end = workflow(&callback(&limits))
            .callback("Only", move |_| answer.clone())
            .run(&json!({}))
            .unwrap();
        assert_eq!((end.error.as_deref(), seconds(&end)), expected);
    }
}

#[test]
fn a_state_is_answered_whatever_it_calls() {
    let state = json!({"Type": "Task", "Resource": "arn:aws:states:::dynamodb:getItem", "End": true,
        "Parameters": {"TableName": "t", "Key": {}}, "ResultSelector": {"n.$": "$.Item.n.N"}});
    let end = workflow(&json!({"StartAt": "Get", "States": {"Get": state}}))
        .state("Get", |call| {
            assert_eq!(call.arguments["TableName"], "t");
            Answer::of(json!({"Item": {"n": {"N": "7"}}}))
        })
        .run(&json!({}))
        .unwrap();
    assert_eq!(end.output, Some(json!({"n": "7"})));
}

#[test]
fn items_wait_beside_each_other() {
    let wait = json!({"StartAt": "Wait", "States": {
        "Wait": {"Type": "Wait", "SecondsPath": "$", "End": true}}});
    let map = json!({"StartAt": "Map", "States": {"Map": {
        "Type": "Map", "MaxConcurrency": 2, "ItemProcessor": wait, "End": true}}});
    let end = workflow(&map).run(&json!([100, 10, 20, 30])).unwrap();
    assert_eq!(end.output, Some(json!([100, 10, 20, 30])));
    assert_eq!(seconds(&end), 100);
}

#[test]
fn equal_runs_have_equal_histories() {
    let machine = workflow(&json!({"StartAt": "Draw", "States": {"Draw": {
        "Type": "Pass", "Parameters": {"id.$": "States.UUID()"}, "End": true}}}));
    let [first, second] = [machine.run(&json!({})).unwrap(), machine.run(&json!({})).unwrap()];
    assert_eq!(first, second);
    assert_ne!(machine.seed(1).run(&json!({})).unwrap().output, first.output);
}

#[test]
fn definitions_may_be_yaml() {
    let text = "StartAt: Wait\nStates:\n  Wait: {Type: Wait, Seconds: 60, End: true}\n";
    let end = Workflow::from_yaml(text).unwrap().run(&json!({})).unwrap();
    assert_eq!(seconds(&end), 60);
    let refused = Workflow::from_yaml("a: [").unwrap_err().to_string();
    assert!(refused.contains("The text is not YAML"), "{refused}");
}

#[test]
fn what_does_not_end_says_why() {
    let standing = workflow(&callback(&json!({}))).state("Only", |_| Answer::of(json!({})));
    let error = standing.run(&json!({})).unwrap_err();
    assert!(matches!(&error, Unfinished::StandsStill(state) if state == "Only"), "{error}");
    let slow = json!({"Type": "Wait", "Seconds": 401 * 86_400, "End": true});
    let slow = workflow(&json!({"StartAt": "Wait", "States": {"Wait": slow}}));
    // As on AWS, no execution lasts for more than a year.
    let end = slow.run(&json!({})).unwrap();
    assert_eq!((end.status.as_str(), seconds(&end)), ("TIMED_OUT", 365 * 86_400));
    let refused = Workflow::new("{\"StartAt\": \"A\"}").unwrap_err().to_string();
    assert!(refused.contains("These fields are required: [States]"), "{refused}");
    let unanswered =
        workflow(&task(&json!({"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Only"}]})));
    let end = unanswered.run(&json!({})).unwrap();
    assert_eq!(end.error.as_deref(), Some("Baton.NoAnswer"));
    assert!(end.cause.unwrap().contains("the function `work`: see `Workflow::function`"));
}

fn workflow(definition: &Value) -> Workflow {
    Workflow::new(&definition.to_string()).unwrap()
}

fn seconds(end: &Ended) -> u64 {
    end.lasted().as_secs()
}

fn task(more: &Value) -> Value {
    only(json!({"Type": "Task", "Resource": FUNCTION, "End": true}), more)
}

fn callback(more: &Value) -> Value {
    let state = json!({"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"QueueUrl": "q", "MessageBody.$": "$$.Task.Token"}, "End": true});
    only(state, more)
}

fn only(mut state: Value, more: &Value) -> Value {
    state.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"StartAt": "Only", "States": {"Only": state}})
}
