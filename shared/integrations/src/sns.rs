//! `sns:publish`, over the query protocol: a form in, XML out.

use crate::arguments::{Arguments, as_text};
use crate::call::{Action, Origin};
use crate::metadata::with_metadata;
use crate::refusal::Refusal;
use crate::{Method, Request, Response, Service, lambda, xml};
use baton_engine::{Failure, Payload};
use serde_json::{Map, Value};

/// The members that are plain texts.
const TEXTS: [&str; 7] = [
    "TopicArn",
    "TargetArn",
    "PhoneNumber",
    "Subject",
    "MessageStructure",
    "MessageDeduplicationId",
    "MessageGroupId",
];

/// A request to publish one message. A message that is no text is sent as JSON.
pub(crate) fn publish(arguments: &Payload, origin: &Origin<'_>) -> Result<Action, Failure> {
    let arguments = Arguments::new(arguments)?;
    let known: Vec<&str> = TEXTS.into_iter().chain(["Message", "MessageAttributes"]).collect();
    arguments.check_known(&known)?;
    let mut form = Form::new("Publish", "2010-03-31");
    for name in TEXTS {
        if let Some(text) = arguments.text(name)? {
            form.add(name, text);
        }
    }
    if let Some(message) = arguments.get("Message") {
        form.add("Message", &as_text(message));
    }
    add_attributes(&mut form, arguments.get("MessageAttributes"));
    Ok(Action { service: Service::Sns, request: form.request(origin.region()), result })
}

fn add_attributes(form: &mut Form, attributes: Option<&Value>) {
    let attributes = attributes.and_then(Value::as_object);
    for (number, (name, attribute)) in (1..).zip(attributes.into_iter().flatten()) {
        let entry = format!("MessageAttributes.entry.{number}");
        form.add(&format!("{entry}.Name"), name);
        for (member, value) in attribute.as_object().into_iter().flatten() {
            form.add(&format!("{entry}.Value.{member}"), &as_text(value));
        }
    }
}

/// The query protocol's form.
struct Form(String);

impl Form {
    fn new(action: &str, version: &str) -> Self {
        Form(format!("Action={action}&Version={version}"))
    }

    fn add(&mut self, name: &str, value: &str) {
        self.0.push('&');
        self.0.push_str(&lambda::encoded(name));
        self.0.push('=');
        self.0.push_str(&lambda::encoded(value));
    }

    fn request(self, region: &str) -> Request {
        let content_type = "application/x-www-form-urlencoded; charset=utf-8";
        Request {
            destination: Service::Sns.destination(region),
            method: Method::Post,
            path: "/".to_owned(),
            headers: vec![("content-type".into(), content_type.to_owned())],
            body: self.0.into_bytes(),
        }
    }
}

fn result(response: &Response) -> Result<Payload, Failure> {
    let body = response.text();
    if !response.is_success() {
        let refusal = Refusal {
            code: xml::text(&body, "Code").unwrap_or_default(),
            shown_code: None,
            message: xml::text(&body, "Message"),
            request_id: xml::text(&body, "RequestId"),
        };
        return Err(refusal.failure(Service::Sns, response));
    }
    let members = ["MessageId", "SequenceNumber"]
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), Value::from(xml::text(&body, name)?))));
    let answer: Map<String, Value> = members.collect();
    Ok(Payload::new(with_metadata(answer, Service::Sns, response)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lambda::tests::response;
    use serde_json::json;

    #[test]
    fn a_message_is_sent_as_a_form() {
        let origin =
            Origin { execution_arn: "", machine_arn: "arn:aws:states:us-east-1:1:m:m", attempt: 0 };
        let arguments = json!({
            "TopicArn": "arn:t", "Message": {"a": 1},
            "MessageAttributes": {"kind": {"DataType": "String", "StringValue": "x y"}},
        });
        let action = publish(&arguments.into(), &origin).unwrap();
        assert_eq!(
            String::from_utf8(action.request.body).unwrap(),
            "Action=Publish&Version=2010-03-31&TopicArn=arn%3At&Message=%7B%22a%22%3A1%7D\
             &MessageAttributes.entry.1.Name=kind&MessageAttributes.entry.1.Value.DataType=String\
             &MessageAttributes.entry.1.Value.StringValue=x%20y"
        );
    }

    #[test]
    fn the_answer_and_the_refusal_are_read_from_xml() {
        let sent = "<PublishResponse><PublishResult><MessageId>m</MessageId></PublishResult></PublishResponse>";
        let result_of = |status, body| result(&response(status, &[], body));
        assert_eq!(result_of(200, sent).unwrap().value().get("MessageId"), Some(&json!("m")));
        let refused = "<ErrorResponse><Error><Type>Sender</Type><Code>NotFound</Code><Message>Topic does not exist</Message></Error><RequestId>7</RequestId></ErrorResponse>";
        let failure = result_of(404, refused).unwrap_err();
        assert_eq!(failure.error.as_deref(), Some("SNS.NotFoundException"));
        let cause = "Topic does not exist (Service: AmazonSNS; Status Code: 404; Error Code: NotFound; Request ID: 7; Proxy: null)";
        assert_eq!(failure.cause.as_deref(), Some(cause));
    }
}
