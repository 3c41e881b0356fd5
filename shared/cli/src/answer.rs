//! `baton answer`: answers a task token, as SendTaskSuccess and SendTaskFailure do.

use crate::arguments::Answer;
use crate::complaint::Complaint;
use crate::files;
use baton_calls::{Endpoint, HttpClient};
use serde_json::{Value, json};
use std::process::ExitCode;
use std::time::Duration;

/// How long the answer to the answer may take.
const TIME_MAX: Duration = Duration::from_secs(30);

/// Sends the answer to whoever serves the API.
pub(crate) async fn answer(arguments: Answer) -> Result<ExitCode, Complaint> {
    let endpoint = Endpoint::parse(&arguments.endpoint);
    let endpoint = endpoint.map_err(|error| Complaint::of("", &error))?;
    let (action, body) = match &arguments.error {
        Some(error) => {
            let mut body = json!({ "taskToken": arguments.token, "error": error });
            if let (Some(cause), Some(body)) = (&arguments.cause, body.as_object_mut()) {
                body.insert("cause".to_owned(), json!(cause));
            }
            ("SendTaskFailure", body)
        }
        None => {
            let output = files::argument(&arguments.output)?;
            ("SendTaskSuccess", json!({ "taskToken": arguments.token, "output": output }))
        }
    };
    let target = format!("AWSStepFunctions.{action}");
    let headers = [("x-amz-target", target.as_str())];
    let body = body.to_string().into_bytes();
    let client = HttpClient::default();
    let address = format!("{endpoint}/");
    let response = client.post_json(&address, &headers, body, TIME_MAX).await;
    let response = response.map_err(|error| Complaint(error.chain()))?;
    if response.status == 200 {
        return Ok(ExitCode::SUCCESS);
    }
    let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    Err(Complaint(format!("{}: {}", text("__type"), text("message"))))
}
