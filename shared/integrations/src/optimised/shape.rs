//! Where an integration's arguments are not those of the service's own action.

use serde_json::{Map, Value};

pub(super) fn same(members: Map<String, Value>) -> Map<String, Value> {
    members
}

/// `ClusterId` as the only one of `JobFlowIds`.
pub(super) fn cluster_to_flows(members: Map<String, Value>) -> Map<String, Value> {
    renamed(members, "ClusterId", "JobFlowIds", |value| Value::Array(vec![value]))
}

/// `ClusterId` as `JobFlowId`, `Step` as the only one of `Steps`.
pub(super) fn step_of_flow(members: Map<String, Value>) -> Map<String, Value> {
    let members = renamed(members, "ClusterId", "JobFlowId", |value| value);
    renamed(members, "Step", "Steps", |value| Value::Array(vec![value]))
}

/// `StepId` as the only one of `StepIds`.
pub(super) fn step_to_steps(members: Map<String, Value>) -> Map<String, Value> {
    renamed(members, "StepId", "StepIds", |value| Value::Array(vec![value]))
}

/// `InstanceGroup` as the only one of `InstanceGroups`.
pub(super) fn group_to_groups(members: Map<String, Value>) -> Map<String, Value> {
    renamed(members, "InstanceGroup", "InstanceGroups", |value| Value::Array(vec![value]))
}

/// The body of a model's invocation is JSON.
pub(super) fn model_body(mut members: Map<String, Value>) -> Map<String, Value> {
    members.entry("ContentType").or_insert_with(|| "application/json".into());
    members
}

fn renamed(
    mut members: Map<String, Value>,
    from: &str,
    to: &str,
    change: impl Fn(Value) -> Value,
) -> Map<String, Value> {
    if let Some(value) = members.remove(from) {
        members.insert(to.to_owned(), change(value));
    }
    members
}

/// The answer, by the integration's own names.
pub(super) fn answer(action: &str, mut members: Map<String, Value>) -> Map<String, Value> {
    match action {
        "createCluster" => renamed(members, "JobFlowId", "ClusterId", |value| value),
        "addStep" => renamed(members, "StepIds", "StepId", |value| first(&value)),
        "cancelStep" => {
            renamed(members, "CancelStepsInfoList", "CancelStepsInfo", |value| first(&value))
        }
        "invokeModel" => {
            // What a model answers is JSON, and shown as such.
            let parsed = members.get("Body").and_then(Value::as_str);
            if let Some(parsed) = parsed.and_then(|text| serde_json::from_str(text).ok()) {
                members.insert("Body".to_owned(), parsed);
            }
            members
        }
        _ => members,
    }
}

fn first(value: &Value) -> Value {
    value.get(0).cloned().unwrap_or_default()
}
