//! What a case of ours tells of its map runs: how they stand, their children, and what they wrote.

use crate::world::World;
use serde_json::{Map, Value, json};

/// How many children are told of.
const CHILDREN_MAX: usize = 100;

/// How much of a child's input is told of.
const INPUT_CHARS_MAX: usize = 100;

/// The execution's map runs, oldest first.
pub async fn arns(world: &World, execution: &str) -> Vec<String> {
    let runs = world.request("ListMapRuns", &json!({ "executionArn": execution })).await;
    let runs = runs.unwrap_or_default();
    let runs = runs["mapRuns"].as_array().cloned().unwrap_or_default();
    runs.iter().map(|run| run["mapRunArn"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Adds what there is to tell of the execution's map runs.
pub async fn tell(world: &World, execution: &str, outcome: &mut Value) -> Result<(), String> {
    let (mut runs, mut children) = (Vec::new(), Vec::new());
    for arn in arns(world, execution).await {
        runs.push(described(world, &arn).await?);
        children.extend(listed(world, &arn).await?);
    }
    if runs.is_empty() {
        return Ok(());
    }
    children.truncate(CHILDREN_MAX);
    outcome["map_runs"] = Value::Array(runs);
    outcome["children"] = Value::Array(children);
    let written = world.outside().objects.written();
    if !written.is_empty() {
        let shown = |bytes: &Vec<u8>| {
            let text = String::from_utf8_lossy(bytes).into_owned();
            serde_json::from_str(&text).unwrap_or(Value::String(text))
        };
        let written = written.iter().map(|(path, bytes)| (path.clone(), shown(bytes)));
        outcome["s3_written"] = Value::Object(written.collect());
    }
    Ok(())
}

async fn described(world: &World, arn: &str) -> Result<Value, String> {
    let run = world.request("DescribeMapRun", &json!({ "mapRunArn": arn })).await;
    let mut run = run.map_err(|error| error.to_string())?;
    for counts in ["itemCounts", "executionCounts"] {
        run[counts].as_object_mut().ok_or("no counts")?.retain(|_, count| *count != json!(0));
    }
    for name in ["mapRunArn", "executionArn", "startDate", "stopDate", "redriveDate"] {
        run.as_object_mut().ok_or("no map run")?.remove(name);
    }
    Ok(run)
}

/// Each child: its status, its input, and how often it was redriven.
async fn listed(world: &World, arn: &str) -> Result<Vec<Value>, String> {
    let children = world.request("ListExecutions", &json!({ "mapRunArn": arn })).await;
    let children = children.map_err(|error| error.to_string())?;
    let mut shown = Vec::new();
    for child in children["executions"].as_array().into_iter().flatten().take(CHILDREN_MAX) {
        let params = json!({ "executionArn": child["executionArn"] });
        let described = world.request("DescribeExecution", &params).await;
        let described = described.map_err(|error| error.to_string())?;
        let text = |name: &str| described[name].as_str().unwrap_or_default();
        let input: String = text("input").chars().take(INPUT_CHARS_MAX).collect();
        let redrives = match described["redriveCount"].as_u64() {
            Some(0) | None => String::new(),
            Some(count) => format!(", redriven {count}"),
        };
        shown.push(format!("{}{redrives}: {input}", text("status")).into());
    }
    Ok(shown)
}

/// The same with every UUID and every time made one, in names too.
pub fn fixed(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(fixed_text(text)),
        Value::Array(items) => items.iter().map(fixed).collect(),
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| (fixed_text(name), fixed(value)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

fn fixed_text(text: &str) -> String {
    let mut fixed = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let found = SHAPES.iter().find(|(shape, _)| has_shape(rest, shape));
        let (put, length) = match found {
            Some((shape, name)) => (*name, shape.len()),
            None => (&rest[..first.len_utf8()], first.len_utf8()),
        };
        fixed.push_str(put);
        rest = &rest[length..];
    }
    fixed
}

/// `x` stands for a hexadecimal digit, `0` for a decimal one.
const SHAPES: [(&str, &str); 2] =
    [("xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", "<uuid>"), ("0000-00-00T00:00:00.000Z", "<date>")];

fn has_shape(text: &str, shape: &str) -> bool {
    let text = text.as_bytes();
    shape.bytes().enumerate().all(|(at, wanted)| {
        text.get(at).is_some_and(|byte| match wanted {
            b'x' => byte.is_ascii_hexdigit(),
            b'0' => byte.is_ascii_digit(),
            other => *byte == other,
        })
    })
}
