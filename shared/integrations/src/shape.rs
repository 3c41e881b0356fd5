//! What the services' answers look like by their API models, in the spelling of Step Functions: what TestState holds
//! a mocked result to.
//!
//! # Invariants
//!
//! * An answer whose form is not known here is not judged, nor is a member that its service may have added since.

mod dynamodb;
mod events;
mod kms;
mod lambda;
mod s3;
mod secrets;
mod sns;
mod sqs;
mod states;

use baton_asl::{Pattern, ServiceResource};
use serde_json::Value;

/// The form of a value.
#[derive(Debug)]
enum Shape {
    /// Whatever the service or its caller makes of it.
    Any,
    /// A string of so many characters at least and at most; also a time.
    Text(usize, usize),
    /// One of these strings.
    OneOf(&'static [&'static str]),
    /// Bytes, as text in Base64: so many at least.
    Blob(usize),
    Number,
    Boolean,
    List(&'static Shape),
    /// An object with any keys.
    Map(&'static Shape),
    Structure(&'static [Member]),
}

#[derive(Debug)]
struct Member {
    name: &'static str,
    shape: Shape,
    is_required: bool,
}

const fn optional(name: &'static str, shape: Shape) -> Member {
    Member { name, shape, is_required: false }
}

const fn required(name: &'static str, shape: Shape) -> Member {
    Member { name, shape, is_required: true }
}

/// A string of any length.
const TEXT: Shape = Shape::Text(0, usize::MAX);

/// How much of the API's model a result is held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strictness {
    /// Required members are there, and every member has the model's form.
    Strict,
    /// Every member that is there has the model's form.
    Present,
}

/// Where a result departs from the API's model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{subject} {fault}")]
pub struct Mismatch {
    subject: String,
    fault: &'static str,
}

/// Checks the result of a call as its state receives it.
///
/// # Errors
///
/// The first departure from the API's model, in AWS's words.
pub fn check_result(
    resource: &ServiceResource,
    result: &Value,
    strictness: Strictness,
) -> Result<(), Mismatch> {
    match shape_of(resource) {
        Some(shape) => shape.check("", result, strictness),
        None => Ok(()),
    }
}

/// The form of a resource's result, where it is known. What a callback brings is its sender's choice.
fn shape_of(resource: &ServiceResource) -> Option<Shape> {
    let members = match (resource.pattern, resource.service.as_str(), resource.action.as_str()) {
        (Pattern::WaitForCallback, _, _) => return None,
        (Pattern::RequestResponse, "dynamodb" | "aws-sdk:dynamodb", action) => {
            dynamodb::answer(action)?
        }
        (Pattern::RequestResponse, "events" | "aws-sdk:eventbridge", "putEvents") => {
            events::PUT_EVENTS
        }
        (Pattern::RequestResponse, "lambda", "invoke") => lambda::INVOKE,
        (Pattern::RequestResponse, "aws-sdk:lambda", "invoke") => lambda::SDK_INVOKE,
        (Pattern::RequestResponse, "sns" | "aws-sdk:sns", "publish") => sns::PUBLISH,
        (Pattern::RequestResponse, "sqs" | "aws-sdk:sqs", "sendMessage") => sqs::SEND_MESSAGE,
        (Pattern::RequestResponse, "states" | "aws-sdk:sfn", "startExecution") => {
            states::START_EXECUTION
        }
        (Pattern::RunJob, "states", "startExecution") => states::EXECUTION,
        (Pattern::RunJobParsed, "states", "startExecution") => states::PARSED_EXECUTION,
        (Pattern::RequestResponse, "aws-sdk:sfn", "describeExecution") => states::EXECUTION,
        (Pattern::RequestResponse, "aws-sdk:s3", "getObject") => s3::GET_OBJECT,
        (Pattern::RequestResponse, "aws-sdk:s3", "putObject") => s3::PUT_OBJECT,
        (Pattern::RequestResponse, "aws-sdk:kms", "encrypt") => kms::ENCRYPT,
        (Pattern::RequestResponse, "aws-sdk:kms", "decrypt") => kms::DECRYPT,
        (Pattern::RequestResponse, "aws-sdk:secretsmanager", "getSecretValue") => {
            secrets::GET_SECRET_VALUE
        }
        (Pattern::RequestResponse, "aws-sdk:ssm", "getParameter") => secrets::GET_PARAMETER,
        (Pattern::RequestResponse | Pattern::RunJob | Pattern::RunJobParsed, _, _) => return None,
    };
    Some(Shape::Structure(members))
}

impl Shape {
    /// Checks a value; `field` is the nearest name around it.
    fn check(&self, field: &str, value: &Value, strictness: Strictness) -> Result<(), Mismatch> {
        let wanted = match (self, value) {
            (Shape::Any, _)
            | (Shape::Number, Value::Number(_))
            | (Shape::Boolean, Value::Bool(_)) => return Ok(()),
            (Shape::Text(min, max), Value::String(text)) => {
                return check_length(field, text.chars().count(), *min, *max);
            }
            (Shape::Blob(min), Value::String(text)) => {
                return check_length(field, text.len(), *min, usize::MAX);
            }
            (Shape::OneOf(words), Value::String(text)) if words.contains(&text.as_str()) => {
                return Ok(());
            }
            (Shape::OneOf(_), Value::String(_)) => "is not an expected value",
            (Shape::List(each), Value::Array(items)) => {
                return items.iter().try_for_each(|item| each.check(field, item, strictness));
            }
            (Shape::Map(each), Value::Object(members)) => {
                return members.values().try_for_each(|item| each.check(field, item, strictness));
            }
            (Shape::Structure(members), Value::Object(values)) => {
                return check_members(members, values, strictness);
            }
            (Shape::Text(..) | Shape::OneOf(_) | Shape::Blob(_), _) => "must be a string",
            (Shape::Number, _) => "must be a number",
            (Shape::Boolean, _) => "must be a boolean",
            (Shape::List(_), _) => "must be an array",
            (Shape::Map(_) | Shape::Structure(_), _) => "must be an object",
        };
        Err(mismatch(field, wanted))
    }
}

fn check_members(
    members: &[Member],
    values: &serde_json::Map<String, Value>,
    strictness: Strictness,
) -> Result<(), Mismatch> {
    let missing = |member: &&Member| member.is_required && !values.contains_key(member.name);
    if strictness == Strictness::Strict
        && let Some(member) = members.iter().find(missing)
    {
        let subject = format!("Required field '{}'", member.name);
        return Err(Mismatch { subject, fault: "is missing" });
    }
    members.iter().try_for_each(|member| match values.get(member.name) {
        Some(value) => member.shape.check(member.name, value, strictness),
        None => Ok(()),
    })
}

fn check_length(field: &str, length: usize, min: usize, max: usize) -> Result<(), Mismatch> {
    if length < min {
        Err(mismatch(field, "is smaller than the minimum length"))
    } else if length > max {
        Err(mismatch(field, "exceeds the maximum length"))
    } else {
        Ok(())
    }
}

fn mismatch(field: &str, fault: &'static str) -> Mismatch {
    let subject = match field {
        "" => "The result".to_owned(),
        field => format!("Field '{field}'"),
    };
    Mismatch { subject, fault }
}

#[cfg(test)]
mod tests {
    use super::*;
    use baton_asl::Resource;
    use serde_json::json;

    #[test]
    fn members_have_the_form_of_the_model() {
        check("lambda:invoke", json!({"StatusCode": 200, "Payload": {"any": []}}), "fits");
        check("lambda:invoke", json!({"StatusCode": "200"}), "Field 'StatusCode' must be a number");
        check("aws-sdk:lambda:invoke", json!({"Payload": {}}), "Field 'Payload' must be a string");
        check(
            "events:putEvents",
            json!({"Entries": [{"EventId": "a"}, {"EventId": []}]}),
            "Field 'EventId' must be a string",
        );
        check("events:putEvents", json!({"Entries": {}}), "Field 'Entries' must be an array");
        check("events:putEvents", json!({"Entries": [1]}), "Field 'Entries' must be an object");
        check(
            "dynamodb:putItem",
            json!({"ConsumedCapacity": {"Table": {"CapacityUnits": true}}}),
            "Field 'CapacityUnits' must be a number",
        );
        check("dynamodb:getItem", json!([]), "The result must be an object");
        check(
            "aws-sdk:s3:getObject",
            json!({"BucketKeyEnabled": "yes"}),
            "Field 'BucketKeyEnabled' must be a boolean",
        );
        check(
            "aws-sdk:s3:getObject",
            json!({"StorageClass": "Papyrus"}),
            "Field 'StorageClass' is not an expected value",
        );
        check("aws-sdk:s3:getObject", json!({"StorageClass": "GLACIER"}), "fits");
    }

    #[test]
    fn attributes_hold_attributes() {
        let nested = |innermost: Value| json!({"Item": {"a": {"L": [{"M": {"b": innermost}}]}}});
        check("dynamodb:getItem", nested(json!({"N": "1"})), "fits");
        check("dynamodb:getItem", nested(json!({"N": 1})), "Field 'N' must be a string");
        check("dynamodb:getItem", nested(json!({"SS": ["a", 1]})), "Field 'SS' must be a string");
        check("dynamodb:getItem", nested(json!({"NULL": "x"})), "Field 'NULL' must be a boolean");
    }

    #[test]
    fn lengths_are_those_of_the_model() {
        let short = "is smaller than the minimum length";
        check(
            "aws-sdk:kms:encrypt",
            json!({"CiphertextBlob": ""}),
            &format!("Field 'CiphertextBlob' {short}"),
        );
        check("aws-sdk:kms:encrypt", json!({"KeyId": ""}), &format!("Field 'KeyId' {short}"));
        check(
            "aws-sdk:kms:encrypt",
            json!({"KeyId": "é".repeat(2_049)}),
            "Field 'KeyId' exceeds the maximum length",
        );
        check("aws-sdk:kms:encrypt", json!({"KeyId": "é".repeat(2_048)}), "fits");
    }

    #[test]
    fn only_the_strict_ask_for_required_members() {
        let check_present = |result: Value, expected: &str| {
            let result = check_result(&resource(START), &result, Strictness::Present);
            assert_eq!(shown(result), expected);
        };
        check(START, json!({}), "Required field 'ExecutionArn' is missing");
        check(START, json!({"ExecutionArn": "a"}), "Required field 'StartDate' is missing");
        check(START, json!({"executionArn": "a"}), "Required field 'ExecutionArn' is missing");
        check_present(json!({}), "fits");
        check_present(json!({"StartDate": true}), "Field 'StartDate' must be a string");
    }

    #[test]
    fn a_job_is_its_final_description() {
        let execution = json!({"ExecutionArn": "e", "StateMachineArn": "m", "Status": "SUCCEEDED", "StartDate": 1_730_000_000_000_u64, "Output": {"a": 1}});
        check("states:startExecution.sync:2", execution.clone(), "fits");
        check("states:startExecution.sync", execution, "Field 'Output' must be a string");
        check(
            "states:startExecution.sync",
            json!({"ExecutionArn": "e"}),
            "Required field 'StateMachineArn' is missing",
        );
    }

    #[test]
    fn what_is_not_known_is_not_judged() {
        check("sqs:sendMessage", json!({"MessageId": "m", "Newer": 1}), "fits");
        check("sqs:sendMessage.waitForTaskToken", json!("anything"), "fits");
        check("aws-sdk:quantum:entangle", json!([]), "fits");
        check("glue:startJobRun.sync", json!([]), "fits");
        check("dynamodb:query", json!([]), "fits");
    }

    const START: &str = "states:startExecution";

    fn resource(text: &str) -> ServiceResource {
        let arn = format!("arn:aws:states:::{text}");
        let Ok(Resource::Service(service)) = Resource::parse(&arn) else { panic!("{arn}") };
        service
    }

    fn shown(result: Result<(), Mismatch>) -> String {
        result.map_or_else(|mismatch| mismatch.to_string(), |()| "fits".to_owned())
    }

    fn check(text: &str, result: Value, expected: &str) {
        let result = check_result(&resource(text), &result, Strictness::Strict);
        assert_eq!(shown(result), expected, "{text}");
    }
}
