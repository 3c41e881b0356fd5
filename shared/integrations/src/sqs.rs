//! `sqs:sendMessage`.

use crate::arguments::{Arguments, as_text};
use crate::call::{Action, Origin};
use crate::{Service, json};
use baton_engine::{Failure, Payload};

/// A request to send one message. A body that is no text is sent as JSON.
pub(crate) fn send_message(arguments: &Payload, origin: &Origin<'_>) -> Result<Action, Failure> {
    let mut members = Arguments::new(arguments)?.members().clone();
    if let Some(body) = members.get_mut("MessageBody").filter(|body| !body.is_null()) {
        *body = as_text(body).into();
    }
    // SQS, unlike the definition, has no null.
    members.retain(|_, value| !value.is_null());
    let (version, target) = (json::Version::V1_0, "AmazonSQS.SendMessage");
    Ok(Action {
        service: Service::Sqs,
        request: json::request(Service::Sqs, version, target, origin.region(), &members),
        result: |response| json::result(Service::Sqs, response),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_body_becomes_text() {
        let origin =
            Origin { execution_arn: "", machine_arn: "arn:aws:states:us-east-1:1:m:m", attempt: 0 };
        for (body, sent) in [
            (json!({"a": [1]}), json!({"QueueUrl": "q", "MessageBody": "{\"a\":[1]}"})),
            (json!("text"), json!({"QueueUrl": "q", "MessageBody": "text"})),
            (json!(null), json!({"QueueUrl": "q"})),
        ] {
            let arguments = json!({"QueueUrl": "q", "MessageBody": body});
            let action = send_message(&arguments.into(), &origin).unwrap();
            assert_eq!(action.request.body, sent.to_string().into_bytes());
        }
    }
}
