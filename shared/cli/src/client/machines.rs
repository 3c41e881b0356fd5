//! `baton machines`: state machines, their versions and aliases.

use super::arguments::{Definition, Machines, MachinesAction};
use super::{Client, Named, Reach, set, show, text};
use crate::complaint::Complaint;
use crate::definition;
use crate::environment::Environment;
use serde_json::{Value, json};

/// What signs for a state machine that nobody gave a role; nothing here checks it.
const ANY_ROLE: &str = "arn:aws:iam::123456789012:role/baton-any";
/// How many versions or aliases are listed: AWS's own limit of versions.
const PUBLISHED_MAX: usize = 1_000;

/// Does what was asked for.
pub(crate) async fn machines(
    arguments: Machines,
    environment: &Environment,
) -> Result<(), Complaint> {
    let list = MachinesAction::List { limit: 100, reach: arguments.reach };
    match arguments.action.unwrap_or(list) {
        MachinesAction::List { limit, reach } => list_machines(&reach, limit, environment).await,
        MachinesAction::Describe(named) => one(&named, "DescribeStateMachine", environment).await,
        MachinesAction::Create(definition) => create(&definition, environment).await,
        MachinesAction::Update(definition) => update(&definition, environment).await,
        MachinesAction::Delete(named) => one(&named, "DeleteStateMachine", environment).await,
        MachinesAction::Publish(named) => {
            one(&named, "PublishStateMachineVersion", environment).await
        }
        MachinesAction::Versions(named) => versions(&named, environment).await,
        MachinesAction::Aliases(named) => aliases(&named, environment).await,
    }
}

async fn list_machines(
    reach: &Reach,
    limit: usize,
    environment: &Environment,
) -> Result<(), Complaint> {
    let client = Client::new(reach, environment)?;
    let (machines, is_more) =
        client.list("ListStateMachines", &json!({}), "stateMachines", limit).await?;
    if reach.json {
        show::json(&json!({ "stateMachines": machines }));
        return Ok(());
    }
    let row = |machine: &Value| {
        let created = machine.get("creationDate").map(show::time).unwrap_or_default();
        let cell = |name| show::cell(machine, name);
        vec![cell("name"), cell("type"), created, cell("stateMachineArn")]
    };
    show::table(&["Name", "Type", "Created", "ARN"], machines.iter().map(row).collect());
    show::more(is_more);
    Ok(())
}

/// An action about one state machine.
async fn one(named: &Named, action: &str, environment: &Environment) -> Result<(), Complaint> {
    let client = Client::new(&named.reach, environment)?;
    let arn = client.machine_arn(&named.name).await?;
    show::answer(&client.call(action, &json!({ "stateMachineArn": arn })).await?, &named.reach);
    Ok(())
}

async fn create(definition: &Definition, environment: &Environment) -> Result<(), Complaint> {
    let client = Client::new(&definition.reach, environment)?;
    let mut body = json!({
        "name": definition.name,
        "definition": definition::read(&definition.file, &definition.options)?,
        "roleArn": definition.role.as_deref().unwrap_or(ANY_ROLE),
        "type": if definition.express { "EXPRESS" } else { "STANDARD" },
    });
    if definition.publish {
        set(&mut body, "publish", json!(true));
    }
    show::answer(&client.call("CreateStateMachine", &body).await?, &definition.reach);
    Ok(())
}

async fn update(definition: &Definition, environment: &Environment) -> Result<(), Complaint> {
    let client = Client::new(&definition.reach, environment)?;
    let mut body = json!({
        "stateMachineArn": client.machine_arn(&definition.name).await?,
        "definition": definition::read(&definition.file, &definition.options)?,
    });
    if let Some(role) = &definition.role {
        set(&mut body, "roleArn", json!(role));
    }
    if definition.publish {
        set(&mut body, "publish", json!(true));
    }
    show::answer(&client.call("UpdateStateMachine", &body).await?, &definition.reach);
    Ok(())
}

async fn versions(named: &Named, environment: &Environment) -> Result<(), Complaint> {
    let client = Client::new(&named.reach, environment)?;
    let body = json!({ "stateMachineArn": client.machine_arn(&named.name).await? });
    let list = "stateMachineVersions";
    let (versions, _) = client.list("ListStateMachineVersions", &body, list, PUBLISHED_MAX).await?;
    if named.reach.json {
        show::json(&json!({ list: versions }));
        return Ok(());
    }
    let row = |version: &Value| {
        let arn = text(version, "stateMachineVersionArn");
        let number = arn.rsplit(':').next().unwrap_or_default().to_owned();
        let created = version.get("creationDate").map(show::time).unwrap_or_default();
        vec![number, created, arn.to_owned()]
    };
    show::table(&["Version", "Created", "ARN"], versions.iter().map(row).collect());
    Ok(())
}

async fn aliases(named: &Named, environment: &Environment) -> Result<(), Complaint> {
    let client = Client::new(&named.reach, environment)?;
    let body = json!({ "stateMachineArn": client.machine_arn(&named.name).await? });
    let list = "stateMachineAliases";
    let (aliases, _) = client.list("ListStateMachineAliases", &body, list, PUBLISHED_MAX).await?;
    if named.reach.json {
        show::json(&json!({ list: aliases }));
        return Ok(());
    }
    let mut rows = Vec::new();
    for alias in &aliases {
        let arn = text(alias, "stateMachineAliasArn");
        let body = json!({ "stateMachineAliasArn": arn });
        let described = client.call("DescribeStateMachineAlias", &body).await?;
        rows.push(vec![show::cell(&described, "name"), routes(&described), arn.to_owned()]);
    }
    show::table(&["Alias", "Routes", "ARN"], rows);
    Ok(())
}

/// Where an alias leads: versions and their weights.
fn routes(alias: &Value) -> String {
    let routes = alias.get("routingConfiguration").and_then(Value::as_array);
    let route = |route: &Value| {
        let version = text(route, "stateMachineVersionArn").rsplit(':').next().unwrap_or_default();
        format!("{version} ({} %)", route.get("weight").unwrap_or(&Value::Null))
    };
    let routes: Vec<String> = routes.into_iter().flatten().map(route).collect();
    routes.join(", ")
}
