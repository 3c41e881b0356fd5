//! `baton run`, `baton validate` and `baton answer`, as people type them.

use crate::place::Place;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpListener;

const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:work";

/// A task by the function's ARN, with more fields.
fn work(more: Value) -> Value {
    let mut state = json!({"Type": "Task", "Resource": FUNCTION, "End": true});
    state.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"StartAt": "Work", "States": {"Work": state}})
}

/// A state that waits for its token, then one that passes the answer on.
fn callback() -> Value {
    json!({"StartAt": "Ask", "States": {"Ask": {
        "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "End": true,
        "Parameters": {"FunctionName": "work", "Payload": {"token.$": "$$.Task.Token"}},
    }}})
}

fn one(state: Value) -> Value {
    json!({"StartAt": "Only", "States": {"Only": state}})
}

#[test]
fn the_output_goes_to_stdout_and_the_rest_to_stderr() {
    let place = Place::new();
    place.define(&one(json!({"Type": "Pass", "End": true})));
    place.run(&["--input", "{\"a\": 1.0}"]).check(0, "{\"a\": 1.0}\n", &["✓ Only"]);
    place.write("input.json", "[1]");
    place.run(&["--input", "@input.json"]).check(0, "[1]\n", &[":execution:machine:"]);
    let quiet = place.run(&["-q", "--name", "mine", "--region", "eu-west-1"]);
    quiet.check(0, "{}\n", &[]);
    assert_eq!(quiet.stderr, "");
}

#[test]
fn a_failed_execution_is_exit_1() {
    let place = Place::new();
    place.define(&one(json!({"Type": "Fail", "Error": "Lost", "Cause": "for good"})));
    place.run(&[]).check(1, "", &["✗ Only  Lost: for good", "FAILED Lost\nfor good\n"]);
    let told: Value = serde_json::from_str(&place.run(&["--json", "--name", "n"]).stdout).unwrap();
    assert_eq!(told["status"], "FAILED");
    assert_eq!(told["error"], "Lost");
    assert_eq!(told["executionArn"], "arn:aws:states:us-east-1:123456789012:execution:machine:n");
}

#[test]
fn what_cannot_be_run_is_exit_2() {
    let place = Place::new();
    place.write("machine.json", "{\"StartAt\": \"A\",\n \"States\": {\"A\": {\"Type\": \"Pas\"}}}");
    let place_of_error = "--> machine.json:2:27";
    place.run(&[]).check(2, "", &[place_of_error, "did you mean `Pass`?", "has an error"]);
    place.baton(&["validate", "machine.json"]).check(2, "", &[place_of_error]);
    place.baton(&["run", "none.json"]).check(2, "", &["cannot open `none.json`"]);
    place.define(&one(json!({"Type": "Succeed"})));
    place.baton(&["validate", "machine.json"]).check(0, "", &[]);
    place.run(&["--input", "{"]).check(2, "", &["the input is not JSON: EOF while parsing"]);
    place.run(&["--task", "work"]).check(2, "", &["it should be like"]);
    place.run(&["--name", "a b"]).check(2, "", &["InvalidName"]);
    place.write("data", "this is no database");
    place.run(&["--data", "data"]).check(2, "", &["is not a data file of Baton"]);
    assert_eq!(place.read("data"), "this is no database");
}

#[test]
fn a_command_serves_a_function() {
    let place = Place::new();
    place.define(&work(json!({})));
    place.run(&["--task", "work=cat", "-i", "{\"a\":1}"]).check(0, "{\"a\":1}\n", &["calls work"]);
    let name = "w*=sh -c 'printf \"\\\"%s\\\"\" {name}-$AWS_LAMBDA_FUNCTION_NAME'";
    place.run(&["--task", name]).check(0, "\"work-work\"\n", &[]);
    let error = "*=sh -c 'echo \"{\\\"errorType\\\":\\\"Odd\\\",\\\"errorMessage\\\":\\\"m\\\"}\" >&2; exit 1'";
    let cause = "FAILED Odd\n{\"errorType\":\"Odd\",\"errorMessage\":\"m\"}";
    place.run(&["--task", error]).check(1, "", &[cause]);
}

#[test]
fn a_function_that_nothing_serves_says_how_to_serve_it() {
    let place = Place::new();
    place.define(&work(json!({"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Work"}]})));
    let help = "Give a command or an address with --task 'work=COMMAND'";
    place.run(&[]).check(1, "", &["FAILED Lambda.ResourceNotFoundException", help]);
    place.run(&["--task", "work=/nonexistent"]).check(
        1,
        "",
        &["The command of the function `work` does not start: `/nonexistent`"],
    );
}

#[test]
fn a_failed_attempt_is_retried_and_the_last_one_caught() {
    let place = Place::new();
    place.define(&json!({"StartAt": "Work", "States": {
        "Work": {"Type": "Task", "Resource": FUNCTION, "End": true,
            "Retry": [{"ErrorEquals": ["Runtime.ExitError"], "IntervalSeconds": 1, "MaxAttempts": 1}],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught", "ResultPath": null}]},
        "Caught": {"Type": "Pass", "Result": "caught", "End": true},
    }}));
    let ended = place.run(&["--task", "work=sh -c 'echo x >> calls; exit 3'"]);
    ended.check(0, "\"caught\"\n", &["again in 1.0 s", "(attempt 2)", "caught Runtime.ExitError"]);
    assert_eq!(place.read("calls"), "x\nx\n");
}

#[test]
fn a_command_ends_with_its_states_time() {
    let place = Place::new();
    place.define(&work(json!({"TimeoutSeconds": 1})));
    let task = "work=sh -c 'echo $$ > id; sleep 600'";
    place.run(&["--task", task]).check(1, "", &["FAILED States.Timeout"]);
    let id = place.read("id");
    let is_there = std::process::Command::new("kill").args(["-0", id.trim()]).output().unwrap();
    assert!(!is_there.status.success());
}

#[test]
fn an_address_serves_a_function() {
    let (address, peer) = peer("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
    let task = format!("work={address}/{{name}}");
    let place = Place::new();
    place.define(&work(json!({})));
    place.run(&["--task", &task, "-i", "[7]"]).check(0, "{}\n", &[]);
    assert!(peer.join().unwrap().starts_with("POST /work HTTP/1.1"));
}

#[test]
fn what_no_task_serves_is_called_at_the_endpoint_of_its_service() {
    let answer = "HTTP/1.1 200 OK\r\nx-amz-function-error: Unhandled\r\ncontent-length: 17\r\n\r\n{\"errorType\":\"E\"}";
    let (address, peer) = peer(answer);
    let place = Place::new();
    place.define(&work(json!({})));
    let mut command = place.command(&["run", "machine.json", "-i", "[7]"]);
    let output = command.env("AWS_ENDPOINT_URL_LAMBDA", address).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("FAILED E\n{\"errorType\":\"E\"}"), "{stderr}");
    let sent = peer.join().unwrap();
    let path = "POST /2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Awork/invocations HTTP/1.1";
    assert!(sent.starts_with(path), "{sent}");
    assert!(sent.contains("AWS4-HMAC-SHA256 Credential=test/"), "{sent}");
}

/// A peer that reads one request with the body `[7]`, answers, and gives what it read.
fn peer(answer: &'static str) -> (String, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let peer = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut read = String::new();
        let mut byte = [0];
        while !read.ends_with("[7]") {
            stream.read_exact(&mut byte).unwrap();
            read.push(byte[0].into());
        }
        stream.write_all(answer.as_bytes()).unwrap();
        read
    });
    (address, peer)
}

#[test]
fn mocks_answer_instead_of_calls() {
    let place = Place::new();
    place.define(&work(json!({"Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 1}]})));
    place.write(
        "mocks.json",
        &json!({
            "StateMachines": {"any": {"TestCases": {"good": {"Work": "W"}, "bad": {"Work": "X"}}}},
            "MockedResponses": {
                "W": {"0": {"Throw": {"Error": "Busy"}}, "1": {"Return": {"done": true}}},
                "X": {"0": {"Throw": {"Error": "Broken", "Cause": "no"}}},
            },
        })
        .to_string(),
    );
    place.run(&["--mocks", "mocks.json#good"]).check(0, "{\"done\":true}\n", &["again in 1.0 s"]);
    place.run(&["--mocks", "mocks.json#bad"]).check(1, "", &["FAILED Broken\nno"]);
    place.run(&["--mocks", "mocks.json"]).check(
        2,
        "",
        &["name one test case as FILE#CASE: bad, good"],
    );
}

#[test]
fn a_callback_is_answered_beforehand() {
    let place = Place::new();
    place.define(&callback());
    let ended = place.run(&["--task", "work=cat", "--answer", "Ask={\"yes\":1}"]);
    ended.check(0, "{\"yes\":1}\n", &["waits for an answer to its task token"]);
}

#[test]
fn a_mocked_callback_has_its_answer_too() {
    let place = Place::new();
    place.define(&callback());
    place.write(
        "mocks.json",
        r#"{"StateMachines": {"m": {"TestCases": {"t": {"Ask": "A"}}}}, "MockedResponses": {"A": {"0": {"Return": [1]}}}}"#,
    );
    place.run(&["--mocks", "mocks.json"]).check(0, "[1]\n", &[]);
}

#[test]
fn a_callback_is_answered_from_another_terminal() {
    for (extra, code, stdout) in
        [(vec!["{\"yes\":1}"], 0, "{\"yes\":1}\n"), (vec!["--error", "No"], 1, "")]
    {
        let place = Place::new();
        place.define(&callback());
        let mut running = place.start(&["run", "machine.json", "--task", "work=cat"]);
        let line = running.line_with("baton answer");
        let words: Vec<&str> = line.split(' ').skip(1).take(4).chain(extra).collect();
        place.baton(&words).check(0, "", &[]);
        let (status, out, _) = running.end();
        assert_eq!((status.code(), out.as_str()), (Some(code), stdout));
    }
}

#[test]
fn an_answer_to_no_task_is_refused() {
    let place = Place::new();
    place.define(&callback());
    let mut running = place.start(&["run", "machine.json", "--task", "work=cat"]);
    let line = running.line_with("baton answer");
    let endpoint = line.split(' ').nth(3).unwrap();
    let answer = ["answer", "--endpoint", endpoint, "forged"];
    place.baton(&answer).check(2, "", &["InvalidToken"]);
}

/// Two tasks with a wait between them; each leaves a line.
fn long(place: &Place) -> [&'static str; 2] {
    let task = |next: &str| json!({"Type": "Task", "Resource": FUNCTION, "Next": next});
    place.define(&json!({"StartAt": "First", "States": {
        "First": task("Rest"),
        "Rest": {"Type": "Wait", "Seconds": 1, "Next": "Second"},
        "Second": task("Done"),
        "Done": {"Type": "Succeed"},
    }}));
    ["--task", "work=sh -c 'echo x >> calls; cat'"]
}

#[test]
fn a_killed_execution_goes_on_where_it_was() {
    let place = Place::new();
    let task = long(&place);
    let kept = ["--data", "kept.db", "--name", "mine", task[0], task[1]];
    let arguments: Vec<&str> =
        ["run", "machine.json", "-i", "[1]"].into_iter().chain(kept).collect();
    let mut running = place.start(&arguments);
    running.line_with("→ Rest");
    running.signal("KILL");
    drop(running);
    let ended = place.run(&kept);
    ended.check(0, "[1]\n", &["✓ First", "Going on with", "✓ Second"]);
    assert_eq!(place.read("calls"), "x\nx\n");
    // Once more: it has ended, and nothing runs again.
    place.run(&kept).check(0, "[1]\n", &["had ended before"]);
    assert_eq!(place.read("calls"), "x\nx\n");
}

#[test]
fn an_interrupted_execution_says_how_to_go_on() {
    let place = Place::new();
    let task = long(&place);
    let mut running = place.start(&[
        "run",
        "machine.json",
        "--data",
        "kept.db",
        "--name",
        "mine",
        task[0],
        task[1],
    ]);
    running.line_with("→ Rest");
    running.signal("INT");
    let (status, stdout, stderr) = running.end();
    assert_eq!((status.code(), stdout.as_str()), (Some(130), ""));
    let mend = "Go on with: baton run machine.json --data kept.db --name mine";
    assert!(stderr.contains(mend), "{stderr}");
}

#[test]
fn branches_and_items_show_where_they_are() {
    let place = Place::new();
    let leaf =
        |name: &str| json!({"StartAt": name, "States": {name: {"Type": "Pass", "End": true}}});
    place.define(&json!({"StartAt": "Both", "States": {
        "Both": {"Type": "Parallel", "Branches": [leaf("A"), leaf("B")], "Next": "Each"},
        "Each": {"Type": "Map", "ItemProcessor": leaf("C"), "End": true},
    }}));
    let ended = place.run(&["-i", "1"]);
    let lines = ["→ Both  2 branches", "[1] ✓ B", "→ Each  2 items", "[0] ✓ C", "✓ Each"];
    ended.check(0, "[1,1]\n", &lines);
}

#[test]
fn a_machine_starts_another_that_is_kept_in_the_same_file() {
    let place = Place::new();
    place.define(&one(json!({"Type": "Pass", "End": true})));
    place.run(&["--data", "kept.db"]).check(0, "{}\n", &[]);
    let target = "arn:aws:states:us-east-1:123456789012:stateMachine:machine";
    let start = one(json!({
        "Type": "Task", "Resource": "arn:aws:states:::states:startExecution", "End": true,
        "Parameters": {"StateMachineArn": target, "Name": "child", "Input": {"a": 1}},
        "ResultSelector": {"arn.$": "$.ExecutionArn"},
    }));
    place.write("parent.json", &start.to_string());
    let ended = place.baton(&["run", "parent.json", "--data", "kept.db"]);
    let child = "arn:aws:states:us-east-1:123456789012:execution:machine:child";
    ended.check(0, &format!("{{\"arn\":\"{child}\"}}\n"), &[]);
}

#[test]
fn a_definition_may_be_yaml_with_values_put_in() {
    let place = Place::new();
    place.write(
        "machine.yaml",
        "# Greets.\nStartAt: Greet\nStates:\n  Greet:\n    Type: Pass\n    Result: 'hello, ${whom}'\n    End: true\n",
    );
    let run =
        |arguments: &[&str]| place.baton(&[&["run", "machine.yaml", "-q"], arguments].concat());
    run(&["--substitute", "whom=world"]).check(0, "\"hello, world\"\n", &[]);
    run(&[]).check(0, "\"hello, ${whom}\"\n", &[]);
    run(&["--substitute", "who=world"]).check(2, "", &["there is no `${who}` in `machine.yaml`"]);
    place
        .write("machine.yaml", "StartAt: Greet\nStates:\n  Greet:\n    Type: Pas\n    End: true\n");
    let marked = "4 |     Type: Pas\n  |           ^^^\n";
    run(&[]).check(2, "", &["--> machine.yaml:4:11", marked, "did you mean `Pass`?"]);
    place.write("machine.yaml", "StartAt: [Greet");
    run(&[]).check(2, "", &["The text is not YAML", "--> machine.yaml:1:16"]);
}

#[test]
fn findings_are_told_to_programs() {
    let place = Place::new();
    let job = json!({"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "End": true,
        "Parameters": {"a": "$.b"}});
    place.define(&one(job));
    let validate = |arguments: &[&str]| {
        place.baton(&[&["validate", "machine.json", "--json"], arguments].concat())
    };
    let ended = validate(&[]);
    ended.check(0, &ended.stdout, &[]);
    let found: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(found[0]["result"], "OK");
    assert_eq!(found[0]["diagnostics"][0]["code"], "NO_DOLLAR");
    let ended = validate(&["--type", "express"]);
    ended.check(2, &ended.stdout, &["`machine.json` has an error"]);
    let found: Value = serde_json::from_str(&ended.stdout).unwrap();
    let error =
        &found[0]["diagnostics"].as_array().unwrap().iter().find(|it| it["severity"] == "ERROR");
    assert_eq!(error.unwrap()["location"], "/States/Only/Resource");
    assert_eq!(error.unwrap()["line"], 1);
}
