//! Parquet objects as sources of map runs.

use super::map_runs::{count, map, run_state, world};
use super::support::World;
use serde_json::{Value, json};

const ROWS: &[u8] = include_bytes!("parquet/rows.parquet");
/// A hundred rows in seven row groups.
const MANY: &[u8] = include_bytes!("parquet/many.parquet");
/// Two rows, the second of 300,000 bytes.
const LARGE: &[u8] = include_bytes!("parquet/large.parquet");

/// A run over `b/k`, read with these further fields.
async fn reading(config: Value, fields: Value, object: Option<&[u8]>) -> World {
    let mut all = json!({
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": { "InputType": "PARQUET" },
            "Parameters": { "Bucket": "b", "Key": "k" },
        },
    });
    all["ItemReader"]["ReaderConfig"].as_object_mut().unwrap().extend(object_of(config));
    all.as_object_mut().unwrap().extend(object_of(fields));
    let pass = json!({ "Work": { "Type": "Pass", "End": true } });
    let mut map = map(all, pass);
    map.as_object_mut().unwrap().remove("ItemsPath");
    let world = world(json!([]), map).await;
    if let Some(bytes) = object {
        world.tasks.put("b/k", bytes);
    }
    world.start().await;
    world.run_dry().await;
    world
}

fn object_of(value: Value) -> serde_json::Map<String, Value> {
    value.as_object().unwrap().clone()
}

#[tokio::test]
async fn rows_are_items_with_their_columns() {
    let world = reading(json!({}), json!({}), Some(ROWS)).await;
    let ended = world.ended().await;
    let rows: Value = serde_json::from_str(ended.strip_prefix("SUCCEEDED ").unwrap()).unwrap();
    assert_eq!(
        rows[0],
        json!({
            "id": 1, "name": "one", "price": 1.50, "at": "2024-01-02T03:04:05.678Z",
            "day": "2024-01-02", "ok": true, "tags": ["a", "b"], "nested": { "x": 1, "y": "z" },
            "ratio": 0.5,
        })
    );
    assert_eq!(rows[2]["ratio"], Value::Null);
    assert_eq!(rows.as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_large_object_is_read_on_from_chunk_to_chunk_and_only_as_far_as_it_is_wanted() {
    let selector = json!({ "ItemSelector": { "n.$": "$$.Map.Item.Value.n" } });
    let numbers = |count: u32| -> Value { (0..count).map(|n| json!({ "n": n })).collect() };
    let world = reading(json!({}), selector.clone(), Some(MANY)).await;
    assert_eq!(world.ended().await, format!("SUCCEEDED {}", numbers(100)));
    assert_eq!(run_state(&world).await.chunks, 4);
    let world = reading(json!({ "MaxItems": 42 }), selector, Some(MANY)).await;
    assert_eq!(world.ended().await, format!("SUCCEEDED {}", numbers(42)));
    let batches = json!({ "ItemBatcher": { "MaxItemsPerBatch": 30 } });
    let world = reading(json!({}), batches, Some(MANY)).await;
    assert_eq!(count(&world).await, [("SUCCEEDED", 4)].into());
}

#[tokio::test]
async fn what_cannot_be_read_fails_the_reader_and_leaves_nothing_running() {
    let mut damaged = MANY.to_vec();
    damaged[20..60].fill(0xff);
    let cut = &MANY[..MANY.len() - 1];
    for object in [None, Some(&b"PAR1 and no more PAR1"[..]), Some(&damaged), Some(cut), Some(&[])]
    {
        let world = reading(json!({}), json!({}), object).await;
        assert_eq!(world.ended().await, "FAILED States.ItemReaderFailed");
        assert_eq!(count(&world).await.get("RUNNING"), None);
    }
    let world = reading(json!({}), json!({}), Some(LARGE)).await;
    assert_eq!(world.ended().await, "FAILED States.ItemReaderFailed");
    // What lies behind the items that are wanted is nobody's business.
    let world = reading(json!({ "MaxItems": 1 }), json!({}), Some(LARGE)).await;
    assert_eq!(world.ended().await, r#"SUCCEEDED [{"n":1,"x":"a"}]"#);
}
