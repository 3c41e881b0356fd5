//! `events:putEvents`.

use crate::arguments::{Arguments, as_text};
use crate::call::{Action, Origin};
use crate::limits::CAUSE_CHARS_MAX;
use crate::{Response, Service, json};
use baton_engine::{Failure, Payload};
use serde_json::{Value, json};

/// A request to put events: a detail that is no text is sent as JSON, and the execution and its state machine
/// are among the resources.
pub(crate) fn put_events(arguments: &Payload, origin: &Origin<'_>) -> Result<Action, Failure> {
    let mut members = Arguments::new(arguments)?.members().clone();
    let entries = members.get_mut("Entries").and_then(Value::as_array_mut);
    for entry in entries.into_iter().flatten().filter_map(Value::as_object_mut) {
        if let Some(detail) = entry.get_mut("Detail").filter(|detail| !detail.is_null()) {
            *detail = as_text(detail).into();
        }
        let resources = entry.entry("Resources").or_insert_with(|| json!([]));
        if let Some(resources) = resources.as_array_mut() {
            resources.extend([origin.machine_arn.into(), origin.execution_arn.into()]);
        }
    }
    let (version, target) = (json::Version::V1_1, "AWSEvents.PutEvents");
    Ok(Action {
        service: Service::EventBridge,
        request: json::request(Service::EventBridge, version, target, origin.region(), &members),
        result,
    })
}

/// The answer, without metadata as recorded. One failed entry fails the task.
fn result(response: &Response) -> Result<Payload, Failure> {
    let mut answer = json::answer(Service::EventBridge, response)?;
    answer.sort_keys();
    let failed = answer.get("FailedEntryCount").and_then(Value::as_u64).unwrap_or_default();
    let answer = Value::Object(answer);
    if failed == 0 {
        return Ok(answer.into());
    }
    let cause: String = answer.to_string().chars().take(CAUSE_CHARS_MAX).collect();
    Err(Failure::new("EventBridge.FailedEntry", &cause))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lambda::tests::response;

    const ORIGIN: Origin<'_> = Origin {
        execution_arn: "arn:aws:states:us-east-1:1:execution:m:e",
        machine_arn: "arn:aws:states:us-east-1:1:stateMachine:m",
        attempt: 0,
    };

    #[test]
    fn an_event_says_where_it_comes_from() {
        let arguments = json!({"Entries": [
            {"Detail": {"a": 1}, "DetailType": "t", "Source": "s"},
            {"Detail": "{}", "DetailType": "t", "Source": "s", "Resources": ["mine"]},
        ]});
        let action = put_events(&arguments.into(), &ORIGIN).unwrap();
        let body: Value = serde_json::from_slice(&action.request.body).unwrap();
        let own = [ORIGIN.machine_arn, ORIGIN.execution_arn];
        let expected = json!({"Entries": [
            {"Detail": "{\"a\":1}", "DetailType": "t", "Source": "s", "Resources": own},
            {"Detail": "{}", "DetailType": "t", "Source": "s", "Resources": ["mine", own[0], own[1]]},
        ]});
        assert_eq!(body, expected);
    }

    #[test]
    fn a_failed_entry_fails_the_task() {
        let put = r#"{"FailedEntryCount":0,"Entries":[{"EventId":"1"}]}"#;
        let expected = r#"{"Entries":[{"EventId":"1"}],"FailedEntryCount":0}"#;
        assert_eq!(result(&response(200, &[], put)).unwrap().text(), expected);
        let refused = r#"{"FailedEntryCount":1,"Entries":[{"ErrorCode":"MalformedDetail"}]}"#;
        let failure = result(&response(200, &[], refused)).unwrap_err();
        assert_eq!(failure.error.as_deref(), Some("EventBridge.FailedEntry"));
        let expected = r#"{"Entries":[{"ErrorCode":"MalformedDetail"}],"FailedEntryCount":1}"#;
        assert_eq!(failure.cause.as_deref(), Some(expected));
    }
}
