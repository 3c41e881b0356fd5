//! Throttles, lost answers and functions that start anew.

use crate::{describe, stack, task};
use baton_tests::cloud::Fault;
use serde_json::json;
use std::collections::BTreeMap;

/// A small generator, so that a failure can be repeated.
fn dice(seed: u64) -> impl FnMut(u64) -> u64 + Send {
    let mut state = seed;
    move |sides| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % sides
    }
}

#[tokio::test]
async fn throttles_and_lost_answers_change_no_outcome_and_repeat_no_attempt() {
    for seed in 0..4 {
        let mut stack = stack().await;
        let mut item = task("item");
        item["Next"] = json!("Pass on");
        let states = json!({"Item": item, "Pass on": {"Type": "Pass", "End": true}});
        let item = json!({"StartAt": "Item", "States": states});
        let fork =
            json!({"Type": "Map", "MaxConcurrency": 3, "ItemProcessor": item, "Next": "After"});
        let wait = json!({"Type": "Wait", "Seconds": 1200, "Next": "Last"});
        let mut last = task("last");
        last["End"] = json!(true);
        let definition =
            json!({"StartAt": "Each", "States": {"Each": fork, "After": wait, "Last": last}});
        let machine = stack.create("m", &definition).await;
        let mut executions = Vec::new();
        for at in 0..5 {
            let items: Vec<String> = (0..7).map(|item| format!("{at}-{item}")).collect();
            executions.push((stack.start(&machine, &format!("n{at}"), &json!(items)).await, items));
        }
        let mut draw = dice(seed);
        stack.cloud.disturb(move |request| {
            // The task function's answers are in its memory until they are written: it tries for half a minute, which
            // here takes no time but its patience.
            let is_spared = ["task", "api", "timer"].contains(&request.function.as_str());
            let is_start = request.service == "secretsmanager";
            let is_fault = !is_spared && !is_start && draw(5) == 0;
            is_fault.then(|| if draw(2) == 0 { Fault::Throttled } else { Fault::Unanswered })
        });
        for _ in 0..3 {
            let until = stack.cloud.now().as_millisecond() + 10_000;
            stack.run_until(until).await;
            stack.redeploy().await;
        }
        stack.run().await;
        for (execution, items) in &executions {
            let described = describe(&mut stack, execution).await;
            assert_eq!(described["status"], "SUCCEEDED", "seed {seed}: {described}");
            assert_eq!(described["output"], json!(items).to_string(), "seed {seed}");
        }
        let mut calls: BTreeMap<String, u32> = BTreeMap::new();
        for payload in stack.invoked.lock().unwrap().iter() {
            *calls.entry(payload.clone()).or_default() += 1;
        }
        assert_eq!(calls.len(), 5 * 7 + 5);
        assert!(calls.values().all(|times| *times == 1), "seed {seed}: {calls:?}");
    }
}
