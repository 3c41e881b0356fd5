//! Tags.

use super::{MACHINE, ROLE, World, pass};
use serde_json::{Value, json};

async fn tags(world: &World) -> Value {
    world.call("ListTagsForResource", json!({"resourceArn": MACHINE})).await["tags"].clone()
}

#[tokio::test]
async fn tags_of_the_creation_are_changed_key_by_key() {
    let world = World::new();
    let tags_given = json!([{"key": "a", "value": "1"}, {"key": "b", "value": "2"}]);
    let request =
        json!({"name": "m", "definition": pass().to_string(), "roleArn": ROLE, "tags": tags_given});
    world.call("CreateStateMachine", request).await;
    assert_eq!(tags(&world).await, tags_given);
    let more = json!([{"key": "b", "value": "3"}, {"key": "c", "value": ""}]);
    for _ in 0..2 {
        let request = json!({"resourceArn": MACHINE, "tags": more});
        assert_eq!(world.call("TagResource", request).await, json!({}));
    }
    let request = json!({"resourceArn": MACHINE, "tagKeys": ["a", "a", "unknown"]});
    assert_eq!(world.call("UntagResource", request).await, json!({}));
    assert_eq!(tags(&world).await, more);
    world.call("DeleteStateMachine", json!({"stateMachineArn": MACHINE})).await;
    world.create("m", &pass()).await;
    assert_eq!(tags(&world).await, json!([]), "a namesake has tags of its own");
}

#[tokio::test]
async fn tags_that_cannot_be_are_refused() {
    let world = World::new();
    world.create("m", &pass()).await;
    let many: Vec<Value> =
        (0..51).map(|key| json!({"key": key.to_string(), "value": ""})).collect();
    let version = format!("{MACHINE}:1");
    let other = format!("{MACHINE}2");
    for (arn, tags, expected) in [
        (&*version, json!([]), format!("ResourceNotFound: Resource not found: '{version}'")),
        (&*other, json!([]), format!("ResourceNotFound: Resource not found: '{other}'")),
        ("x", json!([]), "InvalidArn: Invalid Arn: 'Invalid ARN prefix: x'".to_owned()),
        (MACHINE, json!(many), format!("TooManyTags: Too many tags: '{MACHINE}'")),
        (
            MACHINE,
            Value::Null,
            "ValidationException: 1 validation error detected: Value null at 'tags' failed to satisfy constraint: Member must not be null".to_owned(),
        ),
    ] {
        let request = json!({"resourceArn": arn, "tags": tags});
        assert_eq!(world.refusal("TagResource", request).await, expected, "{arn}");
    }
    assert_eq!(tags(&world).await, json!([]));
}
