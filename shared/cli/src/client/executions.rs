//! `baton executions`, `describe`, `history`, `stop`, `redrive`.

use super::arguments::{Executions, History, Stop};
use super::{Client, Named, Reach, set, show, text};
use crate::complaint::Complaint;
use crate::environment::Environment;
use crate::paint::plain;
use serde_json::{Value, json};

/// How much of an event's details a line shows.
const DETAIL_CHARS_MAX: usize = 160;

/// Lists executions, the newest first.
pub(crate) async fn executions(
    arguments: Executions,
    environment: &Environment,
) -> Result<(), Complaint> {
    let client = Client::new(&arguments.reach, environment)?;
    let mut body = match (&arguments.map_run, &arguments.of) {
        (Some(map_run), _) => json!({ "mapRunArn": client.map_run_arn(map_run).await? }),
        (None, Some(map_run)) if map_run.contains(":mapRun:") => json!({ "mapRunArn": map_run }),
        (None, machine) => {
            let machine = client.machine_arn(machine.as_deref().unwrap_or_default()).await?;
            json!({ "stateMachineArn": machine })
        }
    };
    if let Some(status) = &arguments.status {
        set(&mut body, "statusFilter", json!(status.to_ascii_uppercase()));
    }
    let (executions, is_more) =
        client.list("ListExecutions", &body, "executions", arguments.limit).await?;
    if arguments.reach.json {
        show::json(&json!({ "executions": executions }));
        return Ok(());
    }
    let row = |execution: &Value| {
        let started = execution.get("startDate").map(show::time).unwrap_or_default();
        let cell = |name| show::cell(execution, name);
        vec![cell("name"), cell("status"), started, show::lasted(execution), cell("executionArn")]
    };
    let rows = executions.iter().map(row).collect();
    show::table(&["Name", "Status", "Started", "Lasted", "ARN"], rows);
    show::more(is_more);
    Ok(())
}

/// Describes whatever an ARN or a name is of.
pub(crate) async fn describe(named: Named, environment: &Environment) -> Result<(), Complaint> {
    let client = Client::new(&named.reach, environment)?;
    let (action, body) = match kind(&named.name) {
        Kind::Execution => {
            let arn = client.execution_arn(&named.name).await?;
            ("DescribeExecution", json!({ "executionArn": arn }))
        }
        Kind::Machine => {
            let arn = client.machine_arn(&named.name).await?;
            ("DescribeStateMachine", json!({ "stateMachineArn": arn }))
        }
        Kind::MapRun => ("DescribeMapRun", json!({ "mapRunArn": named.name })),
        Kind::Activity => ("DescribeActivity", json!({ "activityArn": named.name })),
    };
    answer(&client.call(action, &body).await?, &named.reach);
    Ok(())
}

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Execution,
    Machine,
    MapRun,
    Activity,
}

/// What a name is of: an ARN says it; otherwise an execution's has a colon.
fn kind(name: &str) -> Kind {
    if !name.starts_with("arn:") {
        return if name.contains(':') { Kind::Execution } else { Kind::Machine };
    }
    match name.split(':').nth(5) {
        Some("execution" | "express") => Kind::Execution,
        Some("mapRun") => Kind::MapRun,
        Some("activity") => Kind::Activity,
        Some(_) | None => Kind::Machine,
    }
}

/// Lists an execution's events.
pub(crate) async fn history(
    arguments: History,
    environment: &Environment,
) -> Result<(), Complaint> {
    let client = Client::new(&arguments.reach, environment)?;
    let arn = client.execution_arn(&arguments.name).await?;
    let body = json!({
        "executionArn": arn,
        "reverseOrder": arguments.reverse,
        "includeExecutionData": arguments.data || arguments.reach.json,
    });
    let (events, is_more) =
        client.list("GetExecutionHistory", &body, "events", arguments.limit).await?;
    if arguments.reach.json {
        show::json(&json!({ "events": events }));
        return Ok(());
    }
    let first = events.iter().filter_map(millis).min().unwrap_or_default();
    let row = |event: &Value| {
        let number = |name| event.get(name).unwrap_or(&Value::Null).to_string();
        let elapsed = millis(event).unwrap_or(first).saturating_sub(first);
        let elapsed = format!("{}.{:03}", elapsed / 1_000, elapsed % 1_000);
        let detail = if arguments.data { String::new() } else { detail(event) };
        vec![number("id"), number("previousEventId"), elapsed, show::cell(event, "type"), detail]
    };
    if arguments.data {
        for event in &events {
            show::line(&row(event).join("  "));
            if let Some(details) = details(event) {
                show::members(details);
            }
        }
    } else {
        let rows = events.iter().map(row).collect();
        show::table(&["Id", "Previous", "Seconds", "Event", "Details"], rows);
    }
    show::more(is_more);
    Ok(())
}

fn millis(event: &Value) -> Option<i64> {
    Some(show::timestamp(event.get("timestamp")?)?.as_millisecond())
}

fn details(event: &Value) -> Option<&Value> {
    let mut members = event.as_object()?.iter();
    members.find(|(name, _)| name.ends_with("EventDetails")).map(|(_, details)| details)
}

/// What tells an event from others of its type, in a line.
fn detail(event: &Value) -> String {
    let Some(details) = details(event) else { return String::new() };
    let names =
        ["name", "index", "resourceType", "resource", "error", "cause", "mapRunArn", "length"];
    let shown: Vec<String> = names
        .iter()
        .filter_map(|name| match details.get(name)? {
            Value::String(text) => Some(text.clone()),
            value @ (Value::Number(_) | Value::Bool(_) | Value::Object(_) | Value::Array(_)) => {
                Some(value.to_string())
            }
            Value::Null => None,
        })
        .collect();
    plain(&shown.join(" "), DETAIL_CHARS_MAX)
}

/// Stops an execution.
pub(crate) async fn stop(arguments: Stop, environment: &Environment) -> Result<(), Complaint> {
    let client = Client::new(&arguments.reach, environment)?;
    let mut body = json!({ "executionArn": client.execution_arn(&arguments.name).await? });
    for (name, value) in [("error", &arguments.error), ("cause", &arguments.cause)] {
        if let Some(value) = value {
            set(&mut body, name, json!(value));
        }
    }
    answer(&client.call("StopExecution", &body).await?, &arguments.reach);
    Ok(())
}

/// Lets an execution go on from where it failed.
pub(crate) async fn redrive(named: Named, environment: &Environment) -> Result<(), Complaint> {
    let client = Client::new(&named.reach, environment)?;
    let body = json!({ "executionArn": client.execution_arn(&named.name).await? });
    answer(&client.call("RedriveExecution", &body).await?, &named.reach);
    Ok(())
}

fn answer(answer: &Value, reach: &Reach) {
    if reach.json {
        show::json(answer);
        return;
    }
    let status = text(answer, "status");
    if status.is_empty() {
        show::members(answer);
        return;
    }
    let mut told = answer.clone();
    if let Some(members) = told.as_object_mut() {
        // What is always the same tells a person nothing.
        members.retain(|name, _| !name.ends_with("Details") || name == "billingDetails");
    }
    show::members(&told);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_says_what_it_is_of() {
        let arn = |kind: &str| format!("arn:aws:states:us-east-1:123456789012:{kind}:a");
        assert_eq!(kind(&arn("execution")), Kind::Execution);
        assert_eq!(kind(&arn("express")), Kind::Execution);
        assert_eq!(kind(&arn("stateMachine")), Kind::Machine);
        assert_eq!(kind(&arn("mapRun")), Kind::MapRun);
        assert_eq!(kind(&arn("activity")), Kind::Activity);
        assert_eq!(kind("order"), Kind::Machine);
        assert_eq!(kind("order:first"), Kind::Execution);
    }

    #[test]
    fn an_events_line_tells_it_from_others() {
        let event = json!({"id": 3, "type": "TaskFailed",
            "taskFailedEventDetails": {"resource": "invoke", "resourceType": "lambda", "error": "E", "cause": "a\nb"}});
        assert_eq!(detail(&event), "lambda invoke E a b");
        assert_eq!(detail(&json!({"id": 1})), "");
    }
}
