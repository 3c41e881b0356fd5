//! Map Runs: DescribeMapRun, ListMapRuns, UpdateMapRun, their children listed, and what a redrive changes in all that.

use super::{World, only};
use serde_json::{Value, json};

/// Six items: the first two fail unless they are redriven, all others take ten seconds.
fn definition(fields: &Value) -> Value {
    let mut map = json!({
        "Type": "Map",
        "Items": [0, 1, 2, 3, 4, 5],
        "Label": "l",
        "MaxConcurrency": 4,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "C",
            "States": {
                "C": {"Type": "Choice", "Choices": [
                    {"Condition": "{% $states.input >= 2 or $states.context.Execution.RedriveCount > 0 %}", "Next": "W"}]},
                "W": {"Type": "Wait", "Seconds": 10, "End": true},
            },
        },
        "End": true,
    });
    map.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let mut definition = only(map);
    definition["QueryLanguage"] = json!("JSONata");
    definition
}

async fn started(world: &World, fields: Value) -> (String, String) {
    let machine = world.create("m", &definition(&fields)).await;
    let execution = world.start(&machine, "x").await;
    world.drain().await;
    let runs = world.call("ListMapRuns", json!({"executionArn": execution})).await;
    let run = runs["mapRuns"][0]["mapRunArn"].as_str().unwrap().to_owned();
    (execution, run)
}

async fn described(world: &World, run: &str) -> Value {
    world.call("DescribeMapRun", json!({"mapRunArn": run})).await
}

/// The counts that are not zero.
fn counted(counts: &Value) -> Value {
    let counts = counts.as_object().unwrap().iter().filter(|(_, count)| **count != json!(0));
    Value::Object(counts.map(|(name, count)| (name.clone(), count.clone())).collect())
}

/// The inputs' numbers of those that are listed.
async fn listed(world: &World, run: &str, filters: Value) -> Vec<Value> {
    let mut request = json!({"mapRunArn": run});
    request.as_object_mut().unwrap().extend(filters.as_object().unwrap().clone());
    let listed = world.call("ListExecutions", request).await;
    let mut inputs = Vec::new();
    for item in listed["executions"].as_array().unwrap() {
        let described =
            world.call("DescribeExecution", json!({"executionArn": item["executionArn"]})).await;
        assert_eq!(described["status"], item["status"]);
        assert_eq!(described["redriveCount"], item["redriveCount"]);
        assert_eq!((&item["mapRunArn"], &item["itemCount"]), (&described["mapRunArn"], &json!(1)));
        inputs.push(serde_json::from_str(described["input"].as_str().unwrap()).unwrap());
    }
    inputs
}

#[tokio::test]
async fn a_run_is_described_and_its_children_listed() {
    let world = World::new();
    let (execution, run) = started(&world, json!({"ToleratedFailureCount": 5})).await;
    let now = described(&world, &run).await;
    assert_eq!((&now["executionArn"], &now["mapRunArn"]), (&json!(execution), &json!(run)));
    assert_eq!((&now["status"], &now["maxConcurrency"]), (&json!("RUNNING"), &json!(4)));
    assert_eq!((&now["toleratedFailureCount"], &now["redriveCount"]), (&json!(5), &json!(0)));
    assert_eq!((now.get("stopDate"), now.get("redriveDate")), (None, None));
    let counts = json!({"total": 6, "failed": 2, "running": 4});
    assert_eq!(
        (counted(&now["itemCounts"]), counted(&now["executionCounts"])),
        (counts.clone(), counts)
    );
    assert_eq!(listed(&world, &run, json!({"statusFilter": "FAILED"})).await, [0, 1]);
    assert_eq!(listed(&world, &run, json!({"statusFilter": "RUNNING"})).await, [2, 3, 4, 5]);
    assert_eq!(listed(&world, &run, json!({"redriveFilter": "REDRIVEN"})).await, [0; 0]);
    world.pass(10);
    world.drain().await;
    let ended = described(&world, &run).await;
    assert_eq!(ended["status"], "SUCCEEDED");
    assert_eq!(counted(&ended["itemCounts"]), json!({"total": 6, "failed": 2, "succeeded": 4}));
    let runs = world.call("ListMapRuns", json!({"executionArn": execution})).await;
    assert_eq!(runs["mapRuns"][0]["stopDate"], ended["stopDate"]);
    let machine = runs["mapRuns"][0]["stateMachineArn"].as_str().unwrap();
    assert!(machine.ends_with(":stateMachine:m/l"), "{machine}");
}

#[tokio::test]
async fn a_redriven_run_says_what_waits_and_goes_on() {
    let world = World::new();
    let (execution, run) = started(&world, json!({"MaxConcurrency": 2})).await;
    world.drain().await;
    let failed = described(&world, &run).await;
    assert_eq!(failed["status"], "FAILED");
    let child = world.call("ListExecutions", json!({"mapRunArn": run})).await["executions"][0]
        ["executionArn"]
        .clone();
    let described_child =
        world.call("DescribeExecution", json!({"executionArn": child.clone()})).await;
    assert_eq!(described_child["redriveStatus"], "REDRIVABLE");
    assert_eq!(
        world.refusal("RedriveExecution", json!({"executionArn": child})).await,
        format!(
            "ExecutionNotRedrivable: Child workflow executions of a Map Run are redriven by redriving their parent execution: '{execution}'"
        )
    );
    let update = json!({"mapRunArn": run, "maxConcurrency": 1});
    assert_eq!(
        world.refusal("UpdateMapRun", update).await,
        "ValidationException: Map Run is completed and cannot be updated."
    );
    world.pass(60);
    let redriven = world.call("RedriveExecution", json!({"executionArn": execution})).await;
    // Until a lane takes them up, they wait.
    while described(&world, &run).await["status"] != "RUNNING" {
        let cue = world.backend().take_cue().unwrap();
        world.api.driver.take(&cue.execution, &cue.cue).await.unwrap();
    }
    let counts = counted(&described(&world, &run).await["executionCounts"]);
    assert_eq!(
        counts["pendingRedrive"],
        counted(&failed["executionCounts"])["failed"].as_u64().unwrap()
            + counted(&failed["executionCounts"])["aborted"].as_u64().unwrap_or_default()
    );
    assert_eq!((counts.get("failed"), counts.get("aborted")), (None, None));
    let waiting = listed(&world, &run, json!({"statusFilter": "PENDING_REDRIVE"})).await;
    assert_eq!(waiting[..2], [0, 1]);
    assert_eq!(listed(&world, &run, json!({"statusFilter": "FAILED"})).await, [0; 0]);
    let now = described(&world, &run).await;
    assert_eq!((&now["redriveCount"], &now["redriveDate"]), (&json!(1), &redriven["redriveDate"]));
    for _ in 0..4 {
        world.drain().await;
        world.pass(10);
    }
    world.drain().await;
    let ended = described(&world, &run).await;
    assert_eq!((&ended["status"], &ended["redriveCount"]), (&json!("SUCCEEDED"), &json!(1)));
    assert_eq!(counted(&ended["executionCounts"]), json!({"total": 6, "succeeded": 6}));
    let again = listed(&world, &run, json!({"redriveFilter": "REDRIVEN"})).await;
    assert_eq!(again[..2], [0, 1]);
    let not = listed(&world, &run, json!({"redriveFilter": "NOT_REDRIVEN"})).await;
    assert_eq!(again.len() + not.len(), 6);
    let history = world.call("GetExecutionHistory", json!({"executionArn": execution})).await;
    let events = history["events"].as_array().unwrap();
    let event = events.iter().find(|event| event["type"] == "MapRunRedriven").unwrap();
    assert_eq!(event["mapRunRedrivenEventDetails"], json!({"mapRunArn": run, "redriveCount": 1}));
}

#[tokio::test]
async fn limits_change_while_a_run_goes_on() {
    let world = World::new();
    let fields = json!({"ToleratedFailureCount": 5, "MaxConcurrency": 3});
    let (_, run) = started(&world, fields).await;
    let update =
        json!({"mapRunArn": run, "maxConcurrency": 40, "toleratedFailurePercentage": 90.5});
    assert_eq!(world.call("UpdateMapRun", update).await, json!({}));
    world.drain().await;
    let now = described(&world, &run).await;
    assert_eq!(
        (&now["maxConcurrency"], &now["toleratedFailurePercentage"], &now["toleratedFailureCount"]),
        (&json!(40), &json!(90.5), &json!(5))
    );
    assert_eq!(counted(&now["executionCounts"]), json!({"total": 6, "failed": 2, "running": 4}));
    for (request, refusal) in [
        (json!({"mapRunArn": "nope"}), "InvalidArn: "),
        (json!({"mapRunArn": format!("{run}x")}), "ResourceNotFound: "),
        (json!({"mapRunArn": run, "toleratedFailurePercentage": 101}), "ValidationException: "),
        (json!({"mapRunArn": run, "maxConcurrency": -1}), "ValidationException: "),
    ] {
        let refused = world.refusal("UpdateMapRun", request).await;
        assert!(refused.starts_with(refusal), "{refused}");
    }
}
