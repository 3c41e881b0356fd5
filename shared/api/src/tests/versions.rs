//! Versions, aliases, and executions that are started through them.

use super::{MACHINE, ROLE, World, only, pass};
use serde_json::{Value, json};

fn version(number: u32) -> String {
    format!("{MACHINE}:{number}")
}

/// Changes the definition and publishes it; gives the version's ARN.
async fn publish_next(world: &World, marker: &str) -> String {
    let definition = only(json!({"Type": "Pass", "Result": marker, "End": true})).to_string();
    let request = json!({"stateMachineArn": MACHINE, "definition": definition, "publish": true});
    let updated = world.call("UpdateStateMachine", request).await;
    updated["stateMachineVersionArn"].as_str().unwrap().to_owned()
}

async fn published(world: &World) -> Vec<String> {
    let request = json!({"stateMachineArn": MACHINE});
    let listed = world.call("ListStateMachineVersions", request).await;
    let versions = listed["stateMachineVersions"].as_array().unwrap();
    versions.iter().map(|it| it["stateMachineVersionArn"].as_str().unwrap().to_owned()).collect()
}

fn routing(routes: &[(u32, i64)]) -> Value {
    let route =
        |&(number, weight)| json!({"stateMachineVersionArn": version(number), "weight": weight});
    routes.iter().map(route).collect()
}

async fn start_through(world: &World, arn: &str) -> Value {
    let started = world.call("StartExecution", json!({"stateMachineArn": arn})).await;
    world.drain().await;
    let request = json!({"executionArn": started["executionArn"]});
    world.call("DescribeExecution", request).await
}

#[tokio::test]
async fn a_revision_is_published_once_and_a_number_never_again() {
    let world = World::new();
    let create = json!({"name": "m", "definition": pass().to_string(), "roleArn": ROLE, "publish": true, "versionDescription": "d"});
    for _ in 0..2 {
        let created = world.call("CreateStateMachine", create.clone()).await;
        assert_eq!(created["stateMachineVersionArn"], json!(version(1)));
    }
    let again = world.call("PublishStateMachineVersion", json!({"stateMachineArn": MACHINE})).await;
    assert_eq!(again["stateMachineVersionArn"], json!(version(1)));
    assert_eq!(publish_next(&world, "second").await, version(2));
    assert_eq!(published(&world).await, [version(2), version(1)]);
    for _ in 0..2 {
        let request = json!({"stateMachineVersionArn": version(2)});
        assert_eq!(world.call("DeleteStateMachineVersion", request).await, json!({}));
    }
    let third = world.call("PublishStateMachineVersion", json!({"stateMachineArn": MACHINE})).await;
    assert_eq!(third["stateMachineVersionArn"], json!(version(3)));
    assert_eq!(published(&world).await, [version(3), version(1)]);
    let first = world.call("DescribeStateMachine", json!({"stateMachineArn": version(1)})).await;
    assert_eq!(
        (&first["description"], &first["definition"]),
        (&json!("d"), &json!(pass().to_string()))
    );
    assert_eq!((&first["stateMachineArn"], first.get("revisionId")), (&json!(version(1)), None));
}

#[tokio::test]
async fn only_the_revision_that_is_named_is_published() {
    let world = World::new();
    world.create("m", &pass()).await;
    let publish = |revision: &str| json!({"stateMachineArn": MACHINE, "revisionId": revision});
    assert_eq!(
        world.refusal("PublishStateMachineVersion", publish("r")).await,
        "ConflictException: Failed to publish the State Machine version for revision r. The current State Machine revision is INITIAL."
    );
    let first = world.call("PublishStateMachineVersion", publish("INITIAL")).await;
    assert_eq!(first["stateMachineVersionArn"], json!(version(1)));
}

#[tokio::test]
async fn an_execution_keeps_the_version_and_alias_it_was_started_through() {
    let world = World::new();
    world.create("m", &pass()).await;
    publish_next(&world, "one").await;
    publish_next(&world, "two").await;
    let alias = json!({"name": "live", "routingConfiguration": routing(&[(1, 100)])});
    let created = world.call("CreateStateMachineAlias", alias).await;
    let alias = created["stateMachineAliasArn"].as_str().unwrap();
    let by_version = start_through(&world, &version(2)).await;
    assert_eq!(by_version["output"], "\"two\"");
    assert_eq!(by_version["stateMachineVersionArn"], json!(version(2)));
    assert_eq!(by_version.get("stateMachineAliasArn"), None);
    let by_alias = start_through(&world, alias).await;
    assert_eq!(by_alias["output"], "\"one\"");
    assert_eq!(by_alias["stateMachineVersionArn"], json!(version(1)));
    assert_eq!(by_alias["stateMachineAliasArn"], json!(alias));
    start_through(&world, MACHINE).await;
    for (arn, count) in [(MACHINE, 3), (&*version(2), 1), (&*version(1), 1), (alias, 1)] {
        let listed = world.call("ListExecutions", json!({"stateMachineArn": arn})).await;
        assert_eq!(listed["executions"].as_array().unwrap().len(), count, "{arn}");
    }
}

#[tokio::test]
async fn executions_of_a_version_are_listed_page_by_page() {
    let world = World::new();
    world.create("m", &pass()).await;
    publish_next(&world, "one").await;
    for _ in 0..7 {
        world.pass(1);
        start_through(&world, MACHINE).await;
        start_through(&world, &version(1)).await;
    }
    let (mut sizes, mut seen) = (Vec::new(), std::collections::BTreeSet::new());
    let mut request = json!({"stateMachineArn": version(1), "maxResults": 3});
    loop {
        let page = world.call("ListExecutions", request.clone()).await;
        let executions = page["executions"].as_array().unwrap();
        sizes.push(executions.len());
        seen.extend(executions.iter().map(|it| it["name"].to_string()));
        match page.get("nextToken") {
            Some(token) => request["nextToken"] = token.clone(),
            None => break,
        }
    }
    assert_eq!((sizes, seen.len()), (vec![3, 3, 1], 7));
}

#[tokio::test]
async fn an_alias_lives_from_creation_to_deletion() {
    let world = World::new();
    world.create("m", &pass()).await;
    publish_next(&world, "one").await;
    publish_next(&world, "two").await;
    let create = json!({"name": "live", "routingConfiguration": routing(&[(1, 100)])});
    let created = world.call("CreateStateMachineAlias", create.clone()).await;
    let alias = created["stateMachineAliasArn"].clone();
    world.pass(1);
    assert_eq!(world.call("CreateStateMachineAlias", create).await, created);
    let other = json!({"name": "live", "routingConfiguration": routing(&[(2, 100)])});
    assert_eq!(
        world.refusal("CreateStateMachineAlias", other).await,
        "ConflictException: Failed to create alias because an alias with the same name and a different routing configuration already exists."
    );
    let in_use = json!({"stateMachineVersionArn": version(1)});
    assert_eq!(
        world.refusal("DeleteStateMachineVersion", in_use).await,
        "ConflictException: Version to be deleted must not be referenced by an alias. Current list of aliases referencing this version: [live]"
    );
    let second = json!({"name": "later", "routingConfiguration": routing(&[(2, 100)])});
    world.call("CreateStateMachineAlias", second).await;
    let listed = async |request: Value| {
        let listed = world.call("ListStateMachineAliases", request).await;
        let aliases = listed["stateMachineAliases"].as_array().unwrap().clone();
        (aliases, listed.get("nextToken").cloned())
    };
    let (first_page, token) = listed(json!({"stateMachineArn": MACHINE, "maxResults": 1})).await;
    let (second_page, end) = listed(json!({"stateMachineArn": MACHINE, "nextToken": token})).await;
    assert_eq!(first_page[0]["stateMachineAliasArn"], json!(format!("{MACHINE}:later")));
    assert_eq!((&second_page[0]["stateMachineAliasArn"], end), (&alias, None));
    assert_eq!(listed(json!({"stateMachineArn": version(1)})).await.0.len(), 1);
    let update = json!({"stateMachineAliasArn": alias, "routingConfiguration": routing(&[(1, 30), (2, 70)])});
    world.call("UpdateStateMachineAlias", update).await;
    let described =
        world.call("DescribeStateMachineAlias", json!({"stateMachineAliasArn": alias})).await;
    assert_eq!(described["routingConfiguration"], routing(&[(1, 30), (2, 70)]));
    for _ in 0..2 {
        let request = json!({"stateMachineAliasArn": alias});
        assert_eq!(world.call("DeleteStateMachineAlias", request).await, json!({}));
    }
    assert_eq!(
        world.refusal("DescribeStateMachineAlias", json!({"stateMachineAliasArn": alias})).await,
        "ResourceNotFound: Request references a resource that does not exist."
    );
}

#[tokio::test]
async fn routes_that_cannot_be_are_refused() {
    let world = World::new();
    world.create("m", &pass()).await;
    publish_next(&world, "one").await;
    let [one, two] = [version(1), version(2)];
    for (routes, expected) in [
        (json!([{"stateMachineVersionArn": MACHINE, "weight": 100}]), format!("Routing configuration must contain state machine version ARNs. Received: [{MACHINE}]")),
        (routing(&[(1, 50), (1, 50)]), format!("Routing configuration must contain distinct state machine version ARNs. Received: [{one}, {one}]")),
        (routing(&[(1, 70), (2, 29)]), "Sum of routing configuration weights must equal 100. Received: [70, 29]".to_owned()),
        (routing(&[(1, 101)]), "1 validation error detected: Value '101' at 'routingConfiguration.1.member.weight' failed to satisfy constraint: Member must have value less than or equal to 100".to_owned()),
        (routing(&[(1, 50), (2, 50), (1, 0)]), format!("1 validation error detected: Value '[RoutingConfigurationListItem(stateMachineVersionArn={one}, weight=50), RoutingConfigurationListItem(stateMachineVersionArn={two}, weight=50), RoutingConfigurationListItem(stateMachineVersionArn={one}, weight=0)]' at 'routingConfiguration' failed to satisfy constraint: Member must have length less than or equal to 2")),
    ] {
        let request = json!({"name": "a", "routingConfiguration": routes});
        let refusal = world.refusal("CreateStateMachineAlias", request).await;
        assert_eq!(refusal, format!("ValidationException: {expected}"));
    }
    let unknown = json!({"name": "a", "routingConfiguration": routing(&[(7, 100)])});
    assert_eq!(
        world.refusal("CreateStateMachineAlias", unknown).await,
        "ResourceNotFound: Request references a resource that does not exist."
    );
}

#[tokio::test]
async fn deleting_a_machine_stops_its_executions_and_takes_what_belongs_to_it() {
    let world = World::new();
    world.create("m", &only(json!({"Type": "Wait", "Seconds": 60, "End": true}))).await;
    world.call("PublishStateMachineVersion", json!({"stateMachineArn": MACHINE})).await;
    let alias = json!({"name": "live", "routingConfiguration": routing(&[(1, 100)])});
    world.call("CreateStateMachineAlias", alias).await;
    let execution = world.start(MACHINE, "e").await;
    world.call("DeleteStateMachine", json!({"stateMachineArn": MACHINE})).await;
    let described = world.call("DescribeExecution", json!({"executionArn": execution})).await;
    assert_eq!(described["status"], "ABORTED");
    world.pass(1);
    world.create("m", &pass()).await;
    assert!(published(&world).await.is_empty());
    let aliases = world.call("ListStateMachineAliases", json!({"stateMachineArn": MACHINE})).await;
    assert_eq!(aliases["stateMachineAliases"], json!([]));
}
