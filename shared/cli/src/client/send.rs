//! `baton send`: what workers and people answer to a task token.

use super::arguments::{Send, SendWhat};
use super::{Client, Reach, set, show};
use crate::complaint::Complaint;
use crate::environment::Environment;
use crate::files;
use serde_json::{Value, json};

/// Sends an answer or a sign of life.
pub(crate) async fn send(arguments: Send, environment: &Environment) -> Result<(), Complaint> {
    let (action, body, reach) = request(arguments.what)?;
    let client = Client::new(&reach, environment)?;
    let answer = client.call(action, &body).await?;
    if reach.json {
        show::json(&answer);
    }
    Ok(())
}

fn request(what: SendWhat) -> Result<(&'static str, Value, Reach), Complaint> {
    Ok(match what {
        SendWhat::Success { token, output, reach } => {
            let output = files::argument(&output)?;
            ("SendTaskSuccess", json!({ "taskToken": token, "output": output }), reach)
        }
        SendWhat::Failure { token, error, cause, reach } => {
            let mut body = json!({ "taskToken": token });
            for (name, value) in [("error", error), ("cause", cause)] {
                if let Some(value) = value {
                    set(&mut body, name, json!(value));
                }
            }
            ("SendTaskFailure", body, reach)
        }
        SendWhat::Heartbeat { token, reach } => {
            ("SendTaskHeartbeat", json!({ "taskToken": token }), reach)
        }
    })
}
