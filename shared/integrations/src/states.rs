//! `states:startExecution`.

use crate::arguments::{Arguments, as_text};
use crate::call::{Action, Origin};
use crate::metadata::with_metadata;
use crate::{Response, Service, json};
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
        request: json::request(Service::StepFunctions, version, target, origin.region(), &members),
        result,
    })
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
        let origin = Origin { execution_arn: "", machine_arn: "arn:aws:states:us-east-1:1:m:m" };
        let arguments = json!({"StateMachineArn": "arn", "Name": "n", "Input": {"a": 1}});
        let action = start_execution(&arguments.into(), &origin).unwrap();
        let sent = json!({"stateMachineArn": "arn", "name": "n", "input": "{\"a\":1}"});
        assert_eq!(action.request.body, sent.to_string().into_bytes());
        let started = response(200, &[], r#"{"executionArn":"e","startDate":1700000000.123}"#);
        let result = (action.result)(&started).unwrap();
        assert_eq!(result.value().get("ExecutionArn"), Some(&json!("e")));
        assert_eq!(result.value().get("StartDate"), Some(&json!(1_700_000_000_123_i64)));
    }

    #[test]
    fn no_input_is_left_to_the_service() {
        let origin = Origin { execution_arn: "", machine_arn: "arn:aws:states:us-east-1:1:m:m" };
        let arguments = json!({"StateMachineArn": "arn", "Input": null});
        let action = start_execution(&arguments.into(), &origin).unwrap();
        assert_eq!(action.request.body, br#"{"stateMachineArn":"arn"}"#);
    }
}
