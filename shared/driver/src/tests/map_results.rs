//! What a map run leaves in S3, however it ends.

use super::definitions::FUNCTION;
use super::map_runs::{count, map, numbers, run_state, work, world};
use super::support::{World, answer, failure};
use baton_engine::ErrorDetail;
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn fields(more: Value) -> Value {
    let mut fields = json!({
        "ResultWriter": {
            "Resource": "arn:aws:states:::s3:putObject",
            "Parameters": { "Bucket": "b", "Prefix": "out" },
        },
    });
    fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    fields
}

fn call() -> Value {
    json!({ "Work": { "Type": "Task", "Resource": FUNCTION, "End": true } })
}

/// Each kind's results, as their status and number; and the manifest.
fn written(world: &World) -> (BTreeMap<String, Vec<String>>, Value) {
    let mut results = BTreeMap::new();
    let mut manifest = Value::Null;
    for path in world.tasks.keys().into_iter().filter(|path| path.starts_with("b/out/")) {
        let bytes = world.tasks.object(&path).unwrap();
        let value: Value = serde_json::from_slice(&bytes).unwrap();
        let file = path.rsplit('/').next().unwrap();
        if file == "manifest.json" {
            manifest = value;
            continue;
        }
        let shown = |result: &Value| {
            let text = |name: &str| result[name].as_str().unwrap_or_default().to_owned();
            format!("{} {}", text("Status"), text("Input"))
        };
        let results: &mut Vec<String> = results.entry(file.to_owned()).or_default();
        results.extend(value.as_array().unwrap().iter().map(shown));
    }
    (results, manifest)
}

fn expected(files: &[(&str, &[&str])]) -> BTreeMap<String, Vec<String>> {
    files
        .iter()
        .map(|(file, results)| {
            ((*file).to_owned(), results.iter().map(|it| (*it).to_owned()).collect())
        })
        .collect()
}

#[tokio::test]
async fn a_run_that_fails_writes_what_it_has() {
    let world = world(numbers(7), map(fields(json!({ "MaxConcurrency": 1 })), call())).await;
    for number in 0..2 {
        world.tasks.script("Work", answer(json!(number)));
    }
    world.tasks.script("Work", failure("Bad"));
    world.start().await;
    world.run_dry().await;
    assert_eq!(world.ended().await, "FAILED States.ExceedToleratedFailureThreshold");
    let (results, manifest) = written(&world);
    assert_eq!(
        results,
        expected(&[
            ("FAILED_0.json", &["FAILED 2", "ABORTED 3"]),
            ("PENDING_0.json", &["PENDING 4", "PENDING 5", "PENDING 6"]),
            ("SUCCEEDED_0.json", &["SUCCEEDED 0", "SUCCEEDED 1"]),
        ])
    );
    let files = &manifest["ResultFiles"];
    for kind in ["FAILED", "PENDING", "SUCCEEDED"] {
        let key = files[kind][0]["Key"].as_str().unwrap();
        let bytes = world.tasks.object(&format!("b/{key}")).unwrap();
        assert_eq!(files[kind][0]["Size"], bytes.len());
    }
    let state = run_state(&world).await;
    assert_eq!((state.results_written, state.items_written), (4, 4));

    // A redrive writes anew, at the same place.
    world.driver.redrive(&world.arn(), None).await.unwrap();
    world.run_dry().await;
    assert!(world.ended().await.starts_with("SUCCEEDED {\"MapRunArn\":"));
    let (_, after) = written(&world);
    assert_eq!(
        (&after["ResultFiles"]["FAILED"], &after["ResultFiles"]["PENDING"]),
        (&json!([]), &json!([]))
    );
    assert_eq!(after["ResultFiles"]["SUCCEEDED"].as_array().unwrap().len(), 1);
    let state = run_state(&world).await;
    assert_eq!((state.results_written, state.items_written), (7, 7));
}

#[tokio::test]
async fn a_run_that_is_stopped_or_out_of_time_writes_what_it_has() {
    for is_stopped in [true, false] {
        let map = map(fields(json!({ "MaxConcurrency": 2 })), work());
        let definition = json!({
            "StartAt": "Items",
            "TimeoutSeconds": if is_stopped { 1_000 } else { 1 },
            "States": {
                "Items": { "Type": "Pass", "Result": { "items": [0, 1, 2] }, "Next": "Map" },
                "Map": map,
            },
        });
        let limit = if is_stopped { None } else { Some(1) };
        let world = World::with_timeout(definition, limit).await;
        world.start().await;
        world.drain().await;
        if is_stopped {
            world.driver.stop(&world.arn(), ErrorDetail::default()).await.unwrap();
        }
        world.run_dry().await;
        let status = if is_stopped { "ABORTED" } else { "TIMED_OUT" };
        assert_eq!(world.status().await.name().as_str(), status);
        assert_eq!(run_state(&world).await.status.as_str(), "ABORTED");
        assert_eq!(count(&world).await.get("RUNNING"), None);
        let (results, manifest) = written(&world);
        let kinds: Vec<&String> = results.keys().collect();
        assert!(kinds.contains(&&"PENDING_0.json".to_owned()) || !is_stopped, "{results:?}");
        assert_eq!(results.values().map(Vec::len).sum::<usize>(), 3, "{results:?}");
        assert_eq!(manifest["DestinationBucket"], "b");
        let counts = run_state(&world).await.final_counts.unwrap().children;
        let ended: u64 = counts.iter().sum();
        assert_eq!(run_state(&world).await.results_written, ended);
    }
}

#[tokio::test]
async fn what_cannot_be_written_fails_a_run_that_went_well_and_no_other() {
    let check = async |items: Value, ended: &str| {
        let mut fields = fields(json!({}));
        fields["ResultWriter"]["Parameters"]["Bucket"] = json!("forbidden");
        let states = json!({
            "Work": { "Type": "Choice", "Choices": [{ "Variable": "$", "NumericLessThan": 1, "Next": "Bad" }], "Default": "Good" },
            "Bad": { "Type": "Fail", "Error": "E" },
            "Good": { "Type": "Succeed" },
        });
        let world = world(items, map(fields, states)).await;
        world.start().await;
        world.run_dry().await;
        assert_eq!(world.ended().await, ended);
        assert_eq!(run_state(&world).await.results_written, 0);
    };
    check(json!([1]), "FAILED States.ResultWriterFailed").await;
    check(json!([0]), "FAILED States.ExceedToleratedFailureThreshold").await;
}

#[tokio::test]
async fn nothing_is_written_of_a_source_that_cannot_be_read() {
    let reader = json!({
        "ItemsPath": null,
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": { "InputType": "JSON" },
            "Parameters": { "Bucket": "b", "Key": "none" },
        },
    });
    let mut map = map(fields(reader), call());
    map.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    let world = world(json!([]), map).await;
    world.start().await;
    world.run_dry().await;
    assert_eq!(world.ended().await, "FAILED States.ItemReaderFailed");
    assert_eq!(world.tasks.keys(), Vec::<String>::new());

    // Once it can be read, a redrive begins with it.
    world.tasks.put("b/none", b"[7, 8]");
    world.driver.redrive(&world.arn(), None).await.unwrap();
    world.run_dry().await;
    assert!(world.ended().await.starts_with("SUCCEEDED {\"MapRunArn\":"));
    assert_eq!(
        written(&world).0,
        expected(&[("SUCCEEDED_0.json", &["SUCCEEDED 7", "SUCCEEDED 8"])])
    );
    assert_eq!(run_state(&world).await.redrives, 1);
}
