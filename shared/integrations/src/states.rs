//! `states:startExecution`.

use crate::arguments::{Arguments, as_text};
use crate::call::{Action, Origin};
use crate::jobs::JobState;
use crate::metadata::with_metadata;
use crate::{Request, Response, Service, json};
use baton_engine::{Failure, Payload};
use serde_json::{Map, Value};

/// A request to start an execution. An input that is no text is sent as JSON.
pub(crate) fn start_execution(arguments: &Payload, origin: &Origin<'_>) -> Result<Action, Failure> {
    let arguments = Arguments::new(arguments)?;
    arguments.check_known(&[
        "StateMachineArn",
        "Input",
        "Name",
        "TraceHeader",
        "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID",
    ])?;
    let mut members = Map::new();
    for (name, sent) in
        [("StateMachineArn", "stateMachineArn"), ("Name", "name"), ("TraceHeader", "traceHeader")]
    {
        if let Some(value) = arguments.get(name) {
            members.insert(sent.to_owned(), value.clone());
        }
    }
    if let Some(input) = arguments.get("Input") {
        members.insert("input".to_owned(), as_text(input).into());
    }
    let (version, target) = (json::Version::V1_0, "AWSStepFunctions.StartExecution");
    Ok(Action {
        service: Service::StepFunctions,
        request: json::request(Service::StepFunctions, version, target, origin.region(), &members),
        result,
    })
}

/// A nested execution as a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Nested {
    execution_arn: String,
    /// `.sync:2`: its input and output are shown as what they are, not as text.
    is_parsed: bool,
    region: String,
}

impl Nested {
    /// From what StartExecution answered.
    pub(crate) fn new(submitted: &Payload, is_parsed: bool, origin: &Origin<'_>) -> Option<Self> {
        let execution_arn = submitted.value().get("ExecutionArn")?.as_str()?.to_owned();
        Some(Nested { execution_arn, is_parsed, region: origin.region().to_owned() })
    }

    /// How does it stand?
    pub(crate) fn describe(&self) -> Request {
        self.request("AWSStepFunctions.DescribeExecution")
    }

    /// Stop it.
    pub(crate) fn stop(&self) -> Request {
        self.request("AWSStepFunctions.StopExecution")
    }

    fn request(&self, target: &str) -> Request {
        let members =
            Map::from_iter([("executionArn".to_owned(), Value::from(&*self.execution_arn))]);
        json::request(Service::StepFunctions, json::Version::V1_0, target, &self.region, &members)
    }

    /// What the answer to [`Self::describe`] means. An execution of this home is shown as its event shows it, another as its
    /// description does, as recorded.
    pub(crate) fn state(&self, response: &Response, is_own: bool) -> JobState {
        let description = match json::answer(Service::StepFunctions, response) {
            Ok(description) => description,
            Err(failure) => return JobState::refused(response, failure),
        };
        let status =
            description.get("status").and_then(Value::as_str).unwrap_or_default().to_owned();
        if matches!(&*status, "" | "RUNNING" | "PENDING_REDRIVE") {
            return JobState::Running;
        }
        let mut shown = Map::new();
        for (name, value) in description {
            let value = match name.as_str() {
                "startDate" | "stopDate" | "redriveDate" => millis(value),
                "input" | "output" if self.is_parsed => parsed(value),
                "inputDetails" | "outputDetails" => details(value),
                "redriveCount" | "redriveStatus" | "redriveStatusReason" if is_own => continue,
                _ => value,
            };
            shown.insert(pascal(&name), value);
        }
        shown.sort_keys();
        let shown = Value::Object(shown);
        match status.as_str() {
            "SUCCEEDED" => JobState::Succeeded(Payload::new(shown)),
            _ => JobState::failed(&shown),
        }
    }
}

fn pascal(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().into_iter().map(|first| first.to_ascii_uppercase()).chain(letters).collect()
}

fn parsed(value: Value) -> Value {
    value.as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or(value)
}

fn details(value: Value) -> Value {
    match value.get("included") {
        Some(included) => serde_json::json!({ "Included": included }),
        None => value,
    }
}

fn result(response: &Response) -> Result<Payload, Failure> {
    let mut answer = Map::new();
    for (name, value) in json::answer(Service::StepFunctions, response)? {
        match name.as_str() {
            "executionArn" => answer.insert("ExecutionArn".to_owned(), value),
            "startDate" => answer.insert("StartDate".to_owned(), millis(value)),
            _ => None,
        };
    }
    Ok(Payload::new(with_metadata(answer, Service::StepFunctions, response)))
}

/// The SDK gives dates in milliseconds; the API's are in seconds.
fn millis(seconds: Value) -> Value {
    let millis = seconds.as_f64().map(|seconds| (seconds * 1000.0).round());
    #[expect(clippy::cast_possible_truncation, reason = "a whole number; `as` saturates")]
    millis.map_or(seconds, |millis| Value::from(millis as i64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lambda::tests::response;
    use serde_json::json;

    #[test]
    fn members_are_spelled_as_each_side_spells_them() {
        let origin =
            Origin { execution_arn: "", machine_arn: "arn:aws:states:us-east-1:1:m:m", attempt: 0 };
        let arguments = json!({"StateMachineArn": "arn", "Name": "n", "Input": {"a": 1}});
        let action = start_execution(&arguments.into(), &origin).unwrap();
        let sent = json!({"stateMachineArn": "arn", "name": "n", "input": "{\"a\":1}"});
        assert_eq!(action.request.body, sent.to_string().into_bytes());
        let started = response(200, &[], r#"{"executionArn":"e","startDate":1700000000.123}"#);
        let result = (action.result)(&started).unwrap();
        assert_eq!(result.value().get("ExecutionArn"), Some(&json!("e")));
        assert_eq!(result.value().get("StartDate"), Some(&json!(1_700_000_000_123_i64)));
    }

    fn state(description: Value, is_parsed: bool, is_own: bool) -> String {
        let origin =
            Origin { execution_arn: "", machine_arn: "arn:aws:states:us-east-1:1:m:m", attempt: 0 };
        let submitted = json!({"ExecutionArn": "arn:x", "StartDate": 1}).into();
        let nested = Nested::new(&submitted, is_parsed, &origin).unwrap();
        let asked = String::from_utf8(nested.describe().body).unwrap();
        assert_eq!(asked, r#"{"executionArn":"arn:x"}"#);
        match nested.state(&response(200, &[], &description.to_string()), is_own) {
            JobState::Running => "runs".to_owned(),
            JobState::Asking(request) => format!("asks {}", request.path),
            JobState::Succeeded(output) => output.text().to_owned(),
            JobState::Failed(failure) => {
                format!("{}: {}", failure.error.unwrap(), failure.cause.unwrap())
            }
        }
    }

    #[test]
    fn a_nested_execution_is_shown_as_recorded() {
        let mut ended = json!({
            "executionArn": "arn:x", "input": "{ }", "inputDetails": {"included": true},
            "output": "{\"a\": 1}", "outputDetails": {"included": true}, "status": "SUCCEEDED",
            "startDate": 1.5, "stopDate": 2.0, "redriveCount": 0,
        });
        assert_eq!(
            state(ended.clone(), false, true),
            r#"{"ExecutionArn":"arn:x","Input":"{ }","InputDetails":{"Included":true},"Output":"{\"a\": 1}","OutputDetails":{"Included":true},"StartDate":1500,"Status":"SUCCEEDED","StopDate":2000}"#
        );
        assert_eq!(
            state(ended.clone(), true, false),
            r#"{"ExecutionArn":"arn:x","Input":{},"InputDetails":{"Included":true},"Output":{"a":1},"OutputDetails":{"Included":true},"RedriveCount":0,"StartDate":1500,"Status":"SUCCEEDED","StopDate":2000}"#
        );
        ended["status"] = json!("TIMED_OUT");
        assert!(
            state(ended.clone(), false, true).starts_with(r#"States.TaskFailed: {"ExecutionArn""#)
        );
        ended["status"] = json!("RUNNING");
        assert_eq!(state(ended, false, true), "runs");
    }

    #[test]
    fn no_input_is_left_to_the_service() {
        let origin =
            Origin { execution_arn: "", machine_arn: "arn:aws:states:us-east-1:1:m:m", attempt: 0 };
        let arguments = json!({"StateMachineArn": "arn", "Input": null});
        let action = start_execution(&arguments.into(), &origin).unwrap();
        assert_eq!(action.request.body, br#"{"stateMachineArn":"arn"}"#);
    }
}
