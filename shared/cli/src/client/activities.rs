//! `baton activities`: activities, and their next tasks.

use super::arguments::{Activities, ActivitiesAction};
use super::{Client, Named, Reach, set, show, text};
use crate::complaint::Complaint;
use crate::environment::Environment;
use serde_json::{Value, json};

/// Does what was asked for.
pub(crate) async fn activities(
    arguments: Activities,
    environment: &Environment,
) -> Result<(), Complaint> {
    let list = ActivitiesAction::List { limit: 100, reach: arguments.reach };
    match arguments.action.unwrap_or(list) {
        ActivitiesAction::List { limit, reach } => list_all(&reach, limit, environment).await,
        ActivitiesAction::Create(Named { name, reach }) => {
            let client = Client::new(&reach, environment)?;
            show::answer(&client.call("CreateActivity", &json!({ "name": name })).await?, &reach);
            Ok(())
        }
        ActivitiesAction::Delete(Named { name, reach }) => {
            let client = Client::new(&reach, environment)?;
            let body = json!({ "activityArn": client.activity_arn(&name).await? });
            show::answer(&client.call("DeleteActivity", &body).await?, &reach);
            Ok(())
        }
        ActivitiesAction::Poll { name, worker, reach } => {
            poll(&name, worker.as_deref(), &reach, environment).await
        }
    }
}

async fn list_all(reach: &Reach, limit: usize, environment: &Environment) -> Result<(), Complaint> {
    let client = Client::new(reach, environment)?;
    let (items, is_more) = client.list("ListActivities", &json!({}), "activities", limit).await?;
    if reach.json {
        show::json(&json!({ "activities": items }));
        return Ok(());
    }
    let row = |item: &Value| {
        let created = item.get("creationDate").map(show::time).unwrap_or_default();
        vec![show::cell(item, "name"), created, show::cell(item, "activityArn")]
    };
    show::table(&["Name", "Created", "ARN"], items.iter().map(row).collect());
    show::more(is_more);
    Ok(())
}

/// Waits as long as one poll lasts.
async fn poll(
    name: &str,
    worker: Option<&str>,
    reach: &Reach,
    environment: &Environment,
) -> Result<(), Complaint> {
    let client = Client::new(reach, environment)?;
    let mut body = json!({ "activityArn": client.activity_arn(name).await? });
    if let Some(worker) = worker {
        set(&mut body, "workerName", json!(worker));
    }
    let task = client.call("GetActivityTask", &body).await?;
    if reach.json {
        show::json(&task);
    } else if text(&task, "taskToken").is_empty() {
        show::say("No task came while this poll lasted.");
    } else {
        show::members(&task);
    }
    Ok(())
}
