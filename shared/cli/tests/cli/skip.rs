//! `baton run --skip-waits`: a month in no time, with the times that it would have taken.

use crate::place::{Ended, Place, request};
use serde_json::{Value, json};

const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:work";
const DAY: u64 = 24 * 3_600;

#[test]
fn a_month_takes_no_time_and_is_there_in_every_timestamp() {
    let place = Place::new();
    place.define(&json!({"StartAt": "Wait", "States": {
        "Wait": {"Type": "Wait", "Seconds": 30 * DAY, "Next": "Then"},
        "Then": {"Type": "Pass", "End": true, "Parameters": {
            "started.$": "$$.Execution.StartTime", "entered.$": "$$.State.EnteredTime"}},
    }}));
    let end = skip(&place, &[]);
    assert_eq!(end["status"], "SUCCEEDED", "{end}");
    assert_lasted(&end["output"]["started"], &end["output"]["entered"], 30 * DAY);
    assert_lasted(&end["startDate"], &end["stopDate"], 30 * DAY);
}

#[test]
fn retries_back_off_in_the_executions_time() {
    let place = Place::new();
    place.define(&task(json!({
        "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 3_600, "BackoffRate": 3.0}],
    })));
    let end = skip(&place, &["--task", "work=sh -c 'echo x >> calls; exit 1'"]);
    assert_eq!(end["error"], "Runtime.ExitError", "{end}");
    assert_eq!(place.read("calls"), "x\nx\nx\nx\n");
    assert_lasted(&end["startDate"], &end["stopDate"], 3_600 * (1 + 3 + 9));
}

#[test]
fn what_nobody_answers_times_out() {
    for (more, seconds) in [
        (json!({"TimeoutSeconds": 7 * DAY}), 7 * DAY),
        (json!({"TimeoutSeconds": 7 * DAY, "HeartbeatSeconds": 600}), 600),
    ] {
        let place = Place::new();
        place.define(&callback(more));
        let end = skip(&place, &["--task", "work=true"]);
        assert_eq!(end["error"], "States.Timeout", "{end}");
        assert_lasted(&end["startDate"], &end["stopDate"], seconds);
    }
}

#[test]
fn an_answer_that_is_known_comes_before_the_time_is_over() {
    let place = Place::new();
    place.define(&callback(json!({"TimeoutSeconds": 60, "HeartbeatSeconds": 1})));
    let end = skip(&place, &["--task", "work=true", "--answer", "Only=\"yes\""]);
    assert_eq!(end["output"], "yes", "{end}");
    assert_lasted(&end["startDate"], &end["stopDate"], 0);
}

#[test]
fn time_stands_by_what_really_runs() {
    let place = Place::new();
    let work = json!({"Type": "Task", "Resource": FUNCTION, "TimeoutSeconds": 20, "End": true});
    let wait = json!({"Type": "Wait", "Seconds": DAY, "End": true});
    place.define(&json!({"StartAt": "Both", "States": {"Both": {"Type": "Parallel", "End": true,
    "Branches": [
        {"StartAt": "Wait", "States": {"Wait": wait}},
        {"StartAt": "Work", "States": {"Work": work}},
    ]}}}));
    let end = skip(&place, &["--task", "work=sh -c 'sleep 0.5; echo 1'"]);
    assert_eq!(end["output"], json!([{}, 1]), "{end}");
    assert_lasted(&end["startDate"], &end["stopDate"], DAY);
    place.define(&task(json!({"TimeoutSeconds": 1})));
    let end = skip(&place, &["--task", "work=sleep 600"]);
    assert_eq!(end["error"], "States.Timeout", "{end}");
    assert_lasted(&end["startDate"], &end["stopDate"], 1);
}

#[test]
fn timers_of_what_is_over_take_no_time() {
    let place = Place::new();
    let mut ask = callback(json!({}))["States"]["Only"].clone();
    ask["Resource"] = json!("arn:aws:states:::lambda:invoke.waitForTaskToken");
    place.define(&json!({"StartAt": "First", "States": {
        "First": {"Type": "Task", "Resource": FUNCTION, "TimeoutSeconds": DAY, "Next": "Only"},
        "Only": ask,
    }}));
    let arguments = ["run", "machine.json", "--skip-waits", "--json", "--task", "work=cat"];
    let mut running = place.start(&arguments);
    let line = running.line_with("baton answer");
    let (endpoint, token) = {
        let words: Vec<&str> = line.split_whitespace().collect();
        let at = words.iter().position(|word| *word == "--endpoint").unwrap();
        (words[at + 1].to_owned(), words[at + 2].to_owned())
    };
    let answer = json!({"taskToken": token, "output": "\"late\""});
    assert_eq!(request(&endpoint, "SendTaskSuccess", &answer).0, 200);
    let (_, stdout, stderr) = running.end();
    let end: Value = serde_json::from_str(&stdout).expect(&stderr);
    assert_eq!(end["output"], "late");
    assert_lasted(&end["startDate"], &end["stopDate"], 0);
}

/// Runs the place's definition in skipped time, and gives its end.
fn skip(place: &Place, arguments: &[&str]) -> Value {
    let begun = jiff::Timestamp::now();
    let arguments: Vec<&str> =
        ["--skip-waits", "--json"].into_iter().chain(arguments.iter().copied()).collect();
    let Ended { stdout, stderr, .. } = place.run(&arguments);
    assert!(jiff::Timestamp::now().duration_since(begun).as_secs() < 60, "{stderr}");
    serde_json::from_str(&stdout).expect(&stderr)
}

/// So many seconds lie between two times, and no more than a busy machine adds to them.
fn assert_lasted(from: &Value, to: &Value, seconds: u64) {
    let time = |value: &Value| value.as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let lasted = time(to).duration_since(time(from)).as_secs_f64();
    let (least, most) = (seconds as f64, seconds as f64 + 30.0);
    assert!((least..most).contains(&lasted), "{lasted} s, not {seconds}");
}

fn task(more: Value) -> Value {
    only(json!({"Type": "Task", "Resource": FUNCTION, "End": true}), more)
}

/// A state that waits for its token.
fn callback(more: Value) -> Value {
    let state = json!({
        "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "End": true,
        "Parameters": {"FunctionName": "work", "Payload": {"token.$": "$$.Task.Token"}},
    });
    only(state, more)
}

fn only(mut state: Value, more: Value) -> Value {
    state.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"StartAt": "Only", "States": {"Only": state}})
}
