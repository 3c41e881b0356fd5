//! The template's rights against what the functions do: each request is granted, and each grant is used.

use crate::jobs::{begin_job, job_ended};
use crate::{ask, chain, describe, stack, task};
use baton_tests::cloud::{Fault, MAP_QUEUE, Stack, TASK_QUEUE};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// What the functions' roles and their common policy grant of the services that are counted here.
fn granted() -> BTreeMap<&'static str, BTreeSet<String>> {
    let template =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml")).unwrap();
    let actions = |resource: &str| -> BTreeSet<String> {
        let (_, text) =
            template.split_once(&format!("\n  {resource}:\n")).expect("it is in the template");
        let end = text.find("\n\n").unwrap_or(text.len());
        let words = text[..end].split(|c: char| !c.is_ascii_alphanumeric() && !":-".contains(c));
        let is_action = |word: &&str| {
            ["dynamodb:", "s3:", "sqs:", "secretsmanager:", "sts:"]
                .iter()
                .any(|service| word.starts_with(service))
        };
        words
            .filter(is_action)
            .map(str::to_owned)
            .filter(|word| !word.ends_with("LeadingKeys"))
            .collect()
    };
    let journal = actions("JournalPolicy");
    let roles = [
        ("transition", "TransitionRole"),
        ("task", "TaskRole"),
        ("map", "MapRole"),
        ("api", "ApiRole"),
        ("timer", "TimerRole"),
        ("event", "EventRole"),
        ("dead-letter", "DeadLetterRole"),
    ];
    let mut granted = BTreeMap::new();
    for (function, role) in roles {
        let mut own = actions(role);
        // Who may run as the role is no right of the role.
        if !["task", "map"].contains(&function) {
            own.remove("sts:AssumeRole");
        }
        if !has_own_rights(function) {
            own.extend(journal.clone());
        }
        granted.insert(function, own);
    }
    granted
}

/// Whether a function moves no executions, and has no part in the policy of those that do.
fn has_own_rights(function: &str) -> bool {
    ["timer", "event"].contains(&function)
}

/// The right that a request takes.
fn right(service: &str, operation: &str) -> String {
    let operation = match operation {
        "SendMessageBatch" => "SendMessage",
        other => other,
    };
    format!("{service}:{operation}")
}

/// Lets the functions do all that they can.
async fn do_everything(stack: &mut Stack) {
    let mut item = task("item");
    item["End"] = json!(true);
    let item = json!({"StartAt": "Item", "States": {"Item": item}});
    let states = [
        json!({"Type": "Map", "ItemProcessor": item, "MaxConcurrency": 1}),
        task("f"),
        json!({"Type": "Wait", "Seconds": 2_000}),
        ask(&json!({"token.$": "$$.Task.Token", "value.$": "$"})),
    ];
    let machine = stack.create("m", &chain(&states)).await;
    let noise: Vec<u64> =
        (0..9_000_u64).map(|n| n.wrapping_mul(6_364_136_223_846_793_005)).collect();
    stack.start(&machine, "small", &json!([1, 2])).await;
    stack.start(&machine, "large", &json!([noise])).await;
    let doomed = stack.start(&machine, "doomed", &json!([])).await;
    stack.cloud.disturb(|request| {
        let is_it = request.function == "transition"
            && request.operation == "PutItem"
            && request.body.contains(":doomed");
        is_it.then_some(Fault::Throttled)
    });
    stack.run().await;
    stack.cloud.calm();
    stack.cloud.send(TASK_QUEUE, "no cue");
    stack.run().await;
    let payloads: Vec<String> = stack.invoked.lock().unwrap().clone();
    for payload in payloads {
        let payload: serde_json::Value = serde_json::from_str(&payload).unwrap();
        let Some(token) = payload["token"].as_str() else { continue };
        let _ = stack.ask("SendTaskHeartbeat", &json!({"taskToken": token})).await;
        let _ = stack.ask("SendTaskSuccess", &json!({"taskToken": token, "output": "{}"})).await;
    }
    stack.run().await;
    for (action, body) in [
        ("ListExecutions", json!({"stateMachineArn": machine})),
        ("GetExecutionHistory", json!({"executionArn": doomed})),
        ("TagResource", json!({"resourceArn": machine, "tags": [{"key": "k", "value": "v"}]})),
        ("UntagResource", json!({"resourceArn": machine, "tagKeys": ["k"]})),
        ("DeleteStateMachine", json!({"stateMachineArn": machine})),
    ] {
        stack.ask(action, &body).await.unwrap();
    }
    let waiting = begin_job(stack, "job").await;
    stack.event.hear(&job_ended("SUCCEEDED")).await.unwrap();
    stack.run().await;
    assert_eq!(describe(stack, &waiting).await["status"], "SUCCEEDED");
    stack.s3.put("data", "in.csv", "a\n1\n");
    let machine = stack.create("rows", &crate::maps::over("in.csv")).await;
    stack.start(&machine, "n", &json!({})).await;
    stack.run().await;
    stack.cloud.send(MAP_QUEUE, "no cue");
    stack.run().await;
    let name = "large-definition";
    let comment: String =
        (0..40_000_u64).map(|n| format!("{:x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect();
    let mut definition = chain(&[json!({"Type": "Pass"})]);
    definition["Comment"] = json!(comment);
    stack.create(name, &definition).await;
}

#[tokio::test]
async fn every_request_is_granted_and_every_grant_is_used() {
    let mut stack = stack().await;
    do_everything(&mut stack).await;
    // The functions read the secret when they start, before anything was noted by name.
    let mut used: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for request in stack.cloud.take_requests() {
        used.entry(request.function)
            .or_default()
            .insert(right(request.service, &request.operation));
    }
    for (function, granted) in granted() {
        let used = &used[function];
        let missing: Vec<_> = used.difference(&granted).collect();
        assert!(missing.is_empty(), "{function} may not {missing:?}");
        let unused: Vec<_> =
            granted.difference(used).filter(|right| !is_of_the_poller(right)).collect();
        let shared_rights = [
            "dynamodb:DeleteItem",
            "dynamodb:Query",
            "dynamodb:GetItem",
            "dynamodb:UpdateItem",
            "dynamodb:BatchGetItem",
            "dynamodb:PutItem",
            "s3:GetObject",
            "s3:PutObject",
            "sqs:SendMessage",
        ];
        // One policy serves all who move executions: what one of them has for the others' sake is said here.
        let unused: Vec<_> = unused
            .into_iter()
            .filter(|right| has_own_rights(function) || !shared_rights.contains(&right.as_str()))
            .collect();
        assert!(unused.is_empty(), "{function} does not need {unused:?}");
    }
    let all: BTreeSet<&String> = used.values().flatten().collect();
    for right in granted().values().flatten().filter(|right| !is_of_the_poller(right)) {
        assert!(all.contains(right), "nobody needs {right}");
    }
}

/// Rights that Lambda itself uses in a function's name, to poll its queue.
fn is_of_the_poller(right: &str) -> bool {
    ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"].contains(&right)
}
