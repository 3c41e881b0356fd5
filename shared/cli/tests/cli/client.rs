//! The commands that speak to an API, against `baton serve`.

use crate::place::{Ended, Place, Running};
use crate::serve::serve;
use serde_json::{Value, json};

/// A served API, and the commands that speak to it.
struct Served {
    place: Place,
    endpoint: String,
    _running: Running,
}

impl Served {
    fn new() -> Self {
        let place = Place::new();
        let (running, endpoint) = serve(&place, &[]);
        place.define(&json!({"StartAt": "Rest", "States": {
            "Rest": {"Type": "Wait", "SecondsPath": "$.rest", "Next": "Well?"},
            "Well?": {"Type": "Choice", "Default": "Lost",
                "Choices": [{"Variable": "$.well", "BooleanEquals": true, "Next": "Done"}]},
            "Done": {"Type": "Succeed"},
            "Lost": {"Type": "Fail", "Error": "Lost", "Cause": "for good"},
        }}));
        Served { place, endpoint, _running: running }
    }

    fn baton(&self, arguments: &[&str]) -> Ended {
        let endpoint = ["--endpoint", self.endpoint.as_str()];
        let all: Vec<&str> = arguments.iter().copied().chain(endpoint).collect();
        self.place.baton(&all)
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let all: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
        let ended = self.baton(&all);
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        serde_json::from_str(&ended.stdout).unwrap()
    }
}

#[test]
fn a_state_machine_is_made_run_and_removed() {
    let served = Served::new();
    let made = served.json(&["machines", "create", "rest", "machine.json"]);
    let arn = "arn:aws:states:us-east-1:123456789012:stateMachine:rest";
    assert_eq!(made["stateMachineArn"], arn);
    let listed = served.baton(&["machines"]);
    assert!(listed.stdout.contains(arn) && listed.stdout.starts_with("Name"), "{}", listed.stdout);

    let input = r#"{"rest": 0, "well": true}"#;
    let ended = served.baton(&["start", "rest", "-n", "good", "-i", input, "--watch"]);
    ended.check(0, &format!("{input}\n"), &["✓ Rest Wait", "✓ Done Succeed"]);
    let input = r#"{"rest": 0, "well": false}"#;
    let ended = served.baton(&["start", "rest", "-n", "bad", "-i", input, "--watch"]);
    ended.check(1, "", &["✗ Lost Fail", "FAILED Lost\nfor good\n"]);
    served.baton(&["watch", "rest:bad"]).check(1, "", &["FAILED Lost"]);

    let failed = served.json(&["executions", "rest", "--status", "failed"]);
    let names: Vec<&Value> =
        failed["executions"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["bad"]);
    assert_eq!(served.json(&["describe", "rest:bad"])["cause"], "for good");
    let events = served.json(&["history", "rest:good", "--limit", "2"]);
    assert_eq!(events["events"].as_array().unwrap().len(), 2);
    let events = served.baton(&["history", "rest:bad"]);
    assert!(events.stdout.contains("FailStateEntered"), "{}", events.stdout);

    served.json(&["machines", "publish", "rest"]);
    assert!(served.baton(&["machines", "versions", "rest"]).stdout.contains("rest:1"));
    served.json(&["machines", "delete", "rest"]);
}

#[test]
fn an_execution_is_stopped() {
    let served = Served::new();
    served.json(&["machines", "create", "rest", "machine.json"]);
    served.baton(&["start", "rest", "-n", "long", "-i", r#"{"rest": 600}"#]);
    served.json(&["stop", "rest:long", "--error", "Enough", "--cause", "seen"]);
    let description = served.json(&["describe", "rest:long"]);
    assert_eq!(
        (&description["status"], &description["error"]),
        (&json!("ABORTED"), &json!("Enough"))
    );
}

/// A Distributed Map over the input's items; those that are 0 fail, the others wait so many seconds.
fn distributed() -> Value {
    json!({"StartAt": "Each", "States": {"Each": {
        "Type": "Map", "End": true, "MaxConcurrency": 2, "ToleratedFailureCount": 1, "Label": "Items",
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "Good?",
            "States": {
                "Good?": {"Type": "Choice", "Default": "Rest",
                    "Choices": [{"Variable": "$", "NumericEquals": 0, "Next": "Lost"}]},
                "Rest": {"Type": "Wait", "SecondsPath": "$", "End": true},
                "Lost": {"Type": "Fail", "Error": "Lost"},
            },
        },
    }}})
}

#[test]
fn map_runs_are_listed_followed_and_changed() {
    let served = Served::new();
    served.place.define(&distributed());
    served.json(&["machines", "create", "each", "machine.json"]);
    served.baton(&["start", "each", "-n", "run", "-i", "[1, 0, 1, 600]"]);
    let arn = loop {
        let listed = served.json(&["map-runs", "list", "each:run"]);
        if let Some(arn) = listed["mapRuns"][0]["mapRunArn"].as_str() {
            break arn.to_owned();
        }
    };
    assert!(arn.contains(":mapRun:each/Items:"), "{arn}");
    served.baton(&["map-runs", "update", "each:run"]).check(2, "", &["--concurrency <COUNT>"]);
    let update = ["map-runs", "update", "each:run", "--concurrency", "7", "--tolerated-count", "2"];
    served.baton(&update).check(0, "", &[]);
    let described = served.json(&["map-runs", "describe", "each:run"]);
    assert_eq!(
        (&described["maxConcurrency"], &described["toleratedFailureCount"]),
        (&json!(7), &json!(2))
    );
    let failed = loop {
        let failed = served.json(&["executions", "--map-run", &arn, "--status", "failed"]);
        if failed["executions"].as_array().unwrap().len() == 1 {
            break failed;
        }
    };
    assert_eq!(failed["executions"][0]["mapRunArn"], *arn);
    let shown = served.baton(&["map-runs", "executions", "each:run"]).stdout;
    assert!(shown.starts_with("Name") && shown.contains("FAILED"), "{shown}");
    served.baton(&["stop", "each:run"]);
    let followed = served.baton(&["map-runs", "describe", &arn, "--watch", "--json"]);
    assert_eq!(followed.code, Some(1), "{}", followed.stderr);
    let last: Value = serde_json::from_str(&followed.stdout).unwrap();
    assert_eq!(last["status"], "ABORTED");
    assert!(followed.stderr.contains(" of 4 items"), "{}", followed.stderr);
    let listed = served.baton(&["map-runs", "list", "each:run"]).stdout;
    assert!(listed.contains("Items") && listed.contains("ABORTED"), "{listed}");
}

#[test]
fn a_map_runs_progress_is_shown_while_it_is_watched() {
    let served = Served::new();
    served.place.define(&distributed());
    served.json(&["machines", "create", "each", "machine.json"]);
    let ended = served.baton(&["start", "each", "-n", "run", "-i", "[2, 1, 0, 1]", "--watch"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stderr.contains(" of 4 items"), "{}", ended.stderr);
    let ended = served.place.run(&["--input", "[2, 1, 0, 1]"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stderr.contains(" of 4 items"), "{}", ended.stderr);
}

#[test]
fn what_is_logged_is_printed() {
    let served = Served::new();
    let group = "arn:aws:logs:us-east-1:123456789012:log-group:orders:*";
    let machine = json!({
        "name": "logged", "roleArn": "arn:aws:iam::123456789012:role/any", "type": "EXPRESS",
        "definition": served.place.read("machine.json"),
        "loggingConfiguration": {"level": "ALL", "includeExecutionData": true,
            "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": group}}]},
    });
    served.json(&["api", "CreateStateMachine", &machine.to_string()]);
    let input = r#"{"rest": 0, "well": false}"#;
    served.baton(&["start", "logged", "--sync", "-i", input]).check(1, "", &["FAILED Lost"]);
    let lines = served.baton(&["logs", "logged", "--log-group", "orders"]);
    assert!(lines.stdout.contains("FailStateEntered  Lost"), "{}", lines.stdout);
    let raw = served.baton(&["logs", "--json"]).stdout;
    let last: Value = serde_json::from_str(raw.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&last["type"], &last["details"]["error"]),
        (&json!("ExecutionFailed"), &json!("Lost"))
    );
    assert_eq!(served.baton(&["logs", "other"]).stdout, "");
}

#[test]
fn what_is_not_there_is_named() {
    let served = Served::new();
    served.baton(&["start", "none"]).check(2, "", &["there is no state machine `none`"]);
    served.baton(&["stop", "none"]).check(
        2,
        "",
        &["`none` is neither an ARN nor like STATE-MACHINE:EXECUTION"],
    );
    let arn = "arn:aws:states:us-east-1:123456789012:execution:a:b";
    served.baton(&["describe", arn]).check(2, "", &["ExecutionDoesNotExist: "]);
    served.baton(&["send", "heartbeat", "x"]).check(2, "", &["InvalidToken: "]);
    served.baton(&["api", "ListStateMachines", "{"]).check(2, "", &["the parameters are not JSON"]);
    served.baton(&["api", "Nothing"]).check(2, "", &["UnknownOperationException"]);
    let nobody = ["machines", "--endpoint", "http://127.0.0.1:9"];
    served.place.baton(&nobody).check(
        2,
        "",
        &["no answer from http://127.0.0.1:9", "`baton serve` serves one"],
    );
}

#[test]
fn shells_complete_its_commands() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ended = Place::new().baton(&["completions", shell]);
        assert!(ended.code == Some(0) && ended.stdout.contains("executions"), "{shell}");
    }
}
