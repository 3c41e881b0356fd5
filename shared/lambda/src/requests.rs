//! What the api function is invoked with: requests over HTTP, and events that start an execution.
//!
//! An HTTP request comes from the function's URL, or from whoever invokes the function directly with an event of that shape. An event
//! comes through a rule of EventBridge whose target's input is `{"startExecution": {"stateMachine", "name", "input"}}`. EventBridge may
//! deliver an event twice; the event's id as the execution's name makes that one execution.

use crate::Function;
use crate::doctor::CheckUp;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use baton_api::{Access, Answer};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// An invocation that has no answer.
#[derive(Debug, thiserror::Error)]
pub enum Unanswerable {
    /// It is neither a request nor an event.
    #[error("the event is neither an HTTP request nor a `startExecution`")]
    Unknown(#[source] serde_json::Error),
    /// Its body is not what it says.
    #[error("the request's body is not base64")]
    Body(#[source] base64::DecodeError),
    /// The stack could not be looked at.
    #[error("the executions could not be looked at")]
    Unexamined(#[source] baton_store::StoreError),
    /// The event started nothing. Lambda tries again, and then leaves it to the dead-letter queue.
    #[error("the event did not start an execution: {0}")]
    NotStarted(String),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    start_execution: Option<Start>,
    doctor: Option<CheckUp>,
    request_context: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Start {
    /// A state machine's name or ARN.
    state_machine: String,
    name: Option<String>,
    input: Box<RawValue>,
}

impl Function {
    /// Answers a request, or starts an execution for an event.
    ///
    /// # Errors
    ///
    /// [`Unanswerable`].
    pub async fn answer(&self, event: &RawValue, access: Access) -> Result<Value, Unanswerable> {
        let answer = self.answer_event(event, access).await;
        self.aws.flush_logs().await;
        answer
    }

    async fn answer_event(&self, event: &RawValue, access: Access) -> Result<Value, Unanswerable> {
        let invocation: Invocation =
            serde_json::from_str(event.get()).map_err(Unanswerable::Unknown)?;
        if let Some(start) = &invocation.start_execution {
            return self.start_execution(start, access).await;
        }
        if let Some(asked) = &invocation.doctor {
            return self.check_up(asked).await.map_err(Unanswerable::Unexamined);
        }
        if invocation.request_context.is_none() {
            let error = <serde_json::Error as serde::de::Error>::missing_field("requestContext");
            return Err(Unanswerable::Unknown(error));
        }
        let body = invocation.body()?;
        let (target, trace) =
            (invocation.header("x-amz-target"), invocation.header("x-amzn-trace-id"));
        let target = target.unwrap_or_default();
        if let Some(refusal) = self.api().refusal_of(access, target) {
            return Ok(response(&refusal));
        }
        Ok(response(&self.api().handle_traced(target, &body, trace).await))
    }

    async fn start_execution(&self, start: &Start, access: Access) -> Result<Value, Unanswerable> {
        let target = "AWSStepFunctions.StartExecution";
        if let Some(refusal) = self.api().refusal_of(access, target) {
            let refusal = String::from_utf8_lossy(&refusal.body).into_owned();
            return Err(Unanswerable::NotStarted(refusal));
        }
        let mut request = json!({
            "stateMachineArn": self.machine_arn(&start.state_machine),
            "input": start.input.get(),
        });
        if let (Some(name), Some(request)) = (&start.name, request.as_object_mut()) {
            request.insert("name".to_owned(), name.as_str().into());
        }
        let answer = self.api().handle(target, request.to_string().as_bytes()).await;
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        if answer.status == 200 || is_repeat(&body) {
            tracing::info!(machine = start.state_machine, answer = body, "started by an event");
            return Ok(json!({"answer": body}));
        }
        Err(Unanswerable::NotStarted(body))
    }

    fn machine_arn(&self, machine: &str) -> String {
        if machine.starts_with("arn:") {
            return machine.to_owned();
        }
        let configuration = &self.configuration;
        let (partition, region) = (&configuration.partition, &configuration.region);
        format!("arn:{partition}:states:{region}:{}:stateMachine:{machine}", configuration.account)
    }
}

/// Whether the event was delivered before: its execution has ended meanwhile, or else the start would be repeated.
fn is_repeat(body: &str) -> bool {
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    body.get("__type").and_then(Value::as_str) == Some("ExecutionAlreadyExists")
}

impl Invocation {
    fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    fn body(&self) -> Result<Vec<u8>, Unanswerable> {
        match &self.body {
            None => Ok(Vec::new()),
            Some(body) if self.is_base64_encoded => {
                STANDARD.decode(body).map_err(Unanswerable::Body)
            }
            Some(body) => Ok(body.as_bytes().to_vec()),
        }
    }
}

fn response(answer: &Answer) -> Value {
    let headers: BTreeMap<&str, &str> = answer.headers().into();
    json!({
        "statusCode": answer.status,
        "headers": headers,
        "body": String::from_utf8_lossy(&answer.body),
        "isBase64Encoded": false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invocation(text: &str) -> Invocation {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn headers_are_found_in_any_case() {
        let read = invocation(r#"{"requestContext": {}, "headers": {"X-Amz-Target": "t"}}"#);
        assert_eq!(read.header("x-amz-target"), Some("t"));
        assert_eq!(read.header("x-amzn-trace-id"), None);
        assert!(read.request_context.is_some() && read.start_execution.is_none());
    }

    #[test]
    fn bodies_are_plain_or_base64() {
        let check = |body: &str, expected: &[u8]| {
            assert_eq!(invocation(&format!("{{{body}}}")).body().unwrap(), expected);
        };
        check(r#""body": "{}""#, b"{}");
        check(r#""body": "e30=", "isBase64Encoded": true"#, b"{}");
        check(r#""body": null"#, b"");
        check("", b"");
        let wrong = invocation(r#"{"body": "{}", "isBase64Encoded": true}"#);
        assert!(matches!(wrong.body(), Err(Unanswerable::Body(_))));
    }

    #[test]
    fn an_event_s_input_stays_as_it_came() {
        let read = invocation(
            r#"{"startExecution": {"stateMachine": "m", "name": "e", "input": {"n": 1.0e2, "b": [1, 2]}}}"#,
        );
        let start = read.start_execution.unwrap();
        assert_eq!(start.input.get(), r#"{"n": 1.0e2, "b": [1, 2]}"#);
    }

    #[test]
    fn a_start_that_was_made_before_is_told_from_a_refusal() {
        assert!(is_repeat(r#"{"__type":"ExecutionAlreadyExists","message":"m"}"#));
        assert!(!is_repeat(r#"{"__type":"StateMachineDoesNotExist"}"#));
        assert!(!is_repeat("null"));
    }

    #[test]
    fn an_answer_has_the_shape_of_a_function_url_s() {
        let answer = Answer { status: 400, request_id: "id".to_owned(), body: b"{}".to_vec() };
        let expected = json!({
            "statusCode": 400,
            "headers": {"x-amzn-RequestId": "id", "content-type": "application/x-amz-json-1.0"},
            "body": "{}",
            "isBase64Encoded": false,
        });
        assert_eq!(response(&answer), expected);
    }
}
