//! Whatever a request holds, the answer is one of AWS's, and none of it is our fault.

use super::{MACHINE, World, pass};
use crate::operation::Operation;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// The names of members that operations ask for.
const MEMBERS: [&str; 25] = [
    "activityArn",
    "workerName",
    "clientToken",
    "stateMachineArn",
    "executionArn",
    "name",
    "definition",
    "roleArn",
    "type",
    "input",
    "output",
    "taskToken",
    "error",
    "cause",
    "maxResults",
    "nextToken",
    "reverseOrder",
    "includeExecutionData",
    "statusFilter",
    "includedData",
    "loggingConfiguration",
    "tracingConfiguration",
    "tags",
    "publish",
    "traceHeader",
];

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(json!(MACHINE)),
        Just(json!(format!("{MACHINE}:1"))),
        Just(json!("arn:aws:states:us-east-1:111111111111:execution:m:e")),
        Just(json!(pass().to_string())),
        Just(json!("SUCCEEDED")),
        Just(json!(7)),
        "[A-Za-z0-9_-]{0,60}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(
                "level|destinations|enabled|key|value|[a-z]{1,5}",
                inner,
                0..4
            )
            .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn any_request() -> impl Strategy<Value = Value> {
    let member = (prop::sample::select(MEMBERS.as_slice()), any_value());
    prop::collection::vec(member, 0..6).prop_map(|members| {
        let members = members.into_iter().map(|(name, value)| (name.to_owned(), value));
        Value::Object(members.collect::<Map<_, _>>())
    })
}

fn answer_is_sound((operation, _): (&str, Operation), body: &[u8]) -> Result<(), TestCaseError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let answer = runtime.block_on(async {
        let world = World::new();
        world.create("m", &pass()).await;
        world.start(MACHINE, "e").await;
        world.drain().await;
        world.api.handle(&format!("AWSStepFunctions.{operation}"), body).await
    });
    let parsed: Value = serde_json::from_slice(&answer.body).unwrap();
    prop_assert!(answer.status < 500, "{parsed}");
    prop_assert!(parsed.is_object());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_members_are_answered(
        operation in prop::sample::select(Operation::ALL),
        request in any_request(),
    ) {
        answer_is_sound(operation, request.to_string().as_bytes())?;
    }

    #[test]
    fn any_bytes_are_answered(
        operation in prop::sample::select(Operation::ALL),
        body in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        answer_is_sound(operation, &body)?;
    }
}

#[tokio::test]
async fn every_operation_asks_for_its_members() {
    let world = World::new();
    for (operation, _) in Operation::ALL {
        let answer = world.answer(operation, json!({})).await;
        let has_no_required = ["ListActivities", "ListStateMachines"].contains(operation);
        let expected = if has_no_required { 200 } else { 400 };
        assert_eq!(answer.status, expected, "{operation}");
    }
}
