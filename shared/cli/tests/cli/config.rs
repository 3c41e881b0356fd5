//! `baton.toml`, `--record` and `--replay`.

use crate::place::Place;
use serde_json::{Value, json};

/// States one after another, each a task.
fn tasks(states: &[(&str, &str, Value)]) -> Value {
    let mut all = serde_json::Map::new();
    for (index, (name, resource, parameters)) in states.iter().enumerate() {
        let mut state = json!({
            "Type": "Task", "Resource": format!("arn:aws:states:::{resource}"), "Parameters": parameters,
            "ResultPath": format!("$.{name}"),
            "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 1}],
        });
        match states.get(index + 1) {
            Some((next, _, _)) => state["Next"] = json!(next),
            None => state["End"] = json!(true),
        }
        all.insert((*name).to_owned(), state);
    }
    json!({"StartAt": states[0].0, "States": all})
}

#[test]
fn each_task_is_served_as_its_rule_says() {
    let place = Place::new();
    place.define(&tasks(&[
        ("pay", "lambda:invoke", json!({"FunctionName": "order-pay", "Payload": {"n": 1}})),
        (
            "send",
            "sqs:sendMessage.waitForTaskToken",
            json!({"QueueUrl": "q", "MessageBody.$": "$$.Task.Token"}),
        ),
        ("ship", "ecs:runTask.sync", json!({"TaskDefinition": "t"})),
        ("note", "sns:publish", json!({"Message": "m"})),
    ]));
    place.write(
        "baton.toml",
        r#"
        [[task]]
        function = "order-*"
        command = "cat {name}.json"
        [[task]]
        resource = "sqs:*"
        result = { answered = true }
        [[task]]
        state = "ship"
        results = [{ error = "Busy", cause = "later" }, { result = { shipped = 2 } }]
        [[task]]
        resource = "sns:publish"
        command = "cat"
        "#,
    );
    place.write("order-pay.json", r#"{"by": "order-pay"}"#);
    let ended = place.run(&["--skip-waits", "-q"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let output: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(output["pay"]["Payload"], json!({"by": "order-pay"}));
    assert_eq!(output["send"], json!({"answered": true}));
    assert_eq!(output["ship"], json!({"shipped": 2}));
    assert_eq!(output["note"], json!({"Message": "m"}));
}

#[test]
fn a_recorded_run_is_played_again_without_its_tasks() {
    let place = Place::new();
    place.define(&tasks(&[
        ("pay", "lambda:invoke", json!({"FunctionName": "pay"})),
        ("ship", "sqs:sendMessage", json!({"QueueUrl": "q"})),
    ]));
    place.write(
        "other.toml",
        r#"
        [[task]]
        function = "pay"
        command = "cat paid.json"
        [[task]]
        state = "ship"
        results = [{ error = "Busy", cause = "later" }, { result = { MessageId = "m" } }]
        "#,
    );
    place.write("paid.json", r#"{"paid": 7, "password": "hush"}"#);
    let live = place.run(&["--skip-waits", "-q", "--config", "other.toml", "--record", "tape"]);
    assert_eq!(live.code, Some(0), "{}", live.stderr);
    assert!(live.stdout.contains("hush"));
    let tape = place.read("tape");
    assert_eq!(tape.lines().count(), 3, "{tape}");
    assert!(!tape.contains("hush"), "{tape}");
    let again = place.run(&["--skip-waits", "-q", "--replay", "tape"]);
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    assert!(again.stdout.contains("\"paid\":7") && again.stdout.contains("(left out)"));
    place.write("tape", tape.lines().next().unwrap());
    place.run(&["--skip-waits", "-q", "--replay", "tape"]).check(1, "", &[]);
}

#[test]
fn a_mistake_in_the_file_is_exit_2_and_names_its_place() {
    let place = Place::new();
    place.define(&tasks(&[("a", "sqs:sendMessage", json!({}))]));
    place.write("baton.toml", "[[task]]\nfunction = 'f'\ncomand = 'x'\n");
    place.run(&[]).check(2, "", &["baton.toml", "unknown field `comand`"]);
    place.run(&["--config", "none.toml"]).check(2, "", &["cannot open `none.toml`"]);
}

#[test]
fn an_http_task_says_where_its_connection_is_to_be_described() {
    let place = Place::new();
    let arn = "arn:aws:events:us-east-1:123456789012:connection/pay/1";
    place.define(&tasks(&[("ask", "http:invoke", json!({
        "ApiEndpoint": "https://127.0.0.1:9/", "Method": "GET", "InvocationConfig": {"ConnectionArn": arn},
    }))]));
    place.run(&[]).check(1, "", &["[connections.pay]"]);
    place.write("baton.toml", "[connections.pay]\napi_key = { name = 'k', value = 'v' }\n");
    place.run(&[]).check(1, "", &["States.Http.Socket", "private network"]);
}
