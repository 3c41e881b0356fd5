//! `baton start`: starts an execution, and follows it if asked to.

use super::arguments::Start;
use super::{Client, set, show, text, watch};
use crate::complaint::Complaint;
use crate::environment::Environment;
use crate::files;
use serde_json::{Value, json};
use std::process::ExitCode;

/// Starts it.
pub(crate) async fn start(
    arguments: Start,
    environment: &Environment,
) -> Result<ExitCode, Complaint> {
    let client = Client::new(&arguments.reach, environment)?;
    let mut body = json!({ "stateMachineArn": client.machine_arn(&arguments.machine).await? });
    if let Some(input) = &arguments.input {
        set(&mut body, "input", json!(files::argument(input)?));
    }
    if let Some(name) = &arguments.name {
        set(&mut body, "name", json!(name));
    }
    if arguments.sync {
        return Ok(end(&client.call("StartSyncExecution", &body).await?, arguments.reach.json));
    }
    let started = client.call("StartExecution", &body).await?;
    if arguments.watch {
        let arn = text(&started, "executionArn").to_owned();
        return watch::follow(&client, &arn, arguments.reach.json, environment).await;
    }
    if arguments.reach.json {
        show::json(&started);
    } else {
        show::line(text(&started, "executionArn"));
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints how an execution ended: its output to stdout, a failure to stderr.
pub(crate) fn end(description: &Value, as_json: bool) -> ExitCode {
    let status = text(description, "status");
    let is_success = status == "SUCCEEDED";
    if as_json {
        show::json(description);
    } else if is_success {
        show::line(text(description, "output"));
    }
    if !is_success {
        show::say(&format!("{status} {}", text(description, "error")));
        let cause = text(description, "cause");
        if !cause.is_empty() {
            show::say(cause);
        }
    }
    if is_success { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
