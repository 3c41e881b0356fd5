//! How a service's refusal, or its silence, fails a task: error names and causes as the AWS SDK for Java 1 forms them.

use crate::limits::CAUSE_CHARS_MAX;
use crate::{Response, Service};
use baton_engine::Failure;
use serde_json::Value;

/// What a service refused with.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// What decides the error's name.
    pub(crate) code: String,
    /// The code that the cause shows, where it is another.
    pub(crate) shown_code: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) request_id: Option<String>,
}

impl Refusal {
    /// Reads a refusal of one of the JSON protocols, REST or not.
    pub(crate) fn from_json(response: &Response) -> Self {
        let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        let code = response.header("x-amzn-errortype").map(str::to_owned);
        let code = code.or_else(|| text("__type")).or_else(|| text("code"));
        let queried = response.header("x-amzn-query-error");
        Refusal {
            code: bare(&code.unwrap_or_default()).to_owned(),
            shown_code: queried.and_then(|text| Some(text.split(';').next()?.to_owned())),
            message: text("message").or_else(|| text("Message")),
            request_id: None,
        }
    }

    pub(crate) fn failure(self, service: Service, response: &Response) -> Failure {
        let prefix = service.error_prefix();
        let name = error_name(service, &self.code);
        let message = self.message.unwrap_or_else(|| "null".to_owned());
        let code = match self.shown_code.unwrap_or(self.code) {
            code if code.is_empty() => response.status.to_string(),
            code => code,
        };
        let id = self.request_id.as_deref().or_else(|| request_id(response)).unwrap_or("null");
        let (who, status) = (service.cause_name(), response.status);
        let tail = format!(
            " (Service: {who}; Status Code: {status}; Error Code: {code}; Request ID: {id}; Proxy: null)"
        );
        let cause: String = message.chars().take(CAUSE_CHARS_MAX).chain(tail.chars()).collect();
        Failure::new(&format!("{prefix}.{name}"), &cause)
    }
}

/// No answer came, or none that HTTP knows. Whether the service has carried out the request is for the detail to say.
pub(crate) fn unreachable(service: Service, detail: &str) -> Failure {
    let error = format!("{}.SdkClientException", service.error_prefix());
    Failure::new(&error, &format!("Unable to execute HTTP request: {detail}"))
}

pub(crate) fn request_id(response: &Response) -> Option<&str> {
    response.header("x-amzn-requestid").or_else(|| response.header("x-amz-request-id"))
}

/// The code without the namespace before it and the address after it.
fn bare(code: &str) -> &str {
    let code = code.split(':').next().unwrap_or_default();
    code.rsplit('#').next().unwrap_or_default()
}

fn error_name(service: Service, code: &str) -> String {
    if !service.own_errors().contains(&code) {
        return service.base_error().to_owned();
    }
    if code.ends_with("Exception") { code.to_owned() } else { format!("{code}Exception") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(
        service: Service,
        status: u16,
        headers: &[(&str, &str)],
        body: &str,
        expected: &Expect,
    ) {
        let headers =
            headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let response = Response { status, headers, body: body.into() };
        let failure = Refusal::from_json(&response).failure(service, &response);
        expected.assert_eq(&format!("{}: {}", failure.error.unwrap(), failure.cause.unwrap()));
    }

    #[test]
    fn a_code_of_the_model_names_the_error() {
        check(
            Service::Lambda,
            404,
            &[
                ("x-amzn-ErrorType", "ResourceNotFoundException:http://internal.amazon.com/"),
                ("x-amzn-RequestId", "7"),
            ],
            r#"{"Type":"User","Message":"Function not found: arn:f:$LATEST"}"#,
            &expect![
                "Lambda.ResourceNotFoundException: Function not found: arn:f:$LATEST (Service: AWSLambda; Status Code: 404; Error Code: ResourceNotFoundException; Request ID: 7; Proxy: null)"
            ],
        );
        check(
            Service::StepFunctions,
            400,
            &[],
            r#"{"__type":"com.amazonaws.swf.service.v2.model#StateMachineDoesNotExist","message":"State Machine Does Not Exist: 'x'"}"#,
            &expect![
                "StepFunctions.StateMachineDoesNotExistException: State Machine Does Not Exist: 'x' (Service: AWSStepFunctions; Status Code: 400; Error Code: StateMachineDoesNotExist; Request ID: null; Proxy: null)"
            ],
        );
    }

    #[test]
    fn any_other_code_has_the_services_base_error() {
        check(
            Service::DynamoDb,
            400,
            &[],
            r#"{"__type":"com.amazon.coral.validate#ValidationException","message":"1 validation error detected"}"#,
            &expect![
                "DynamoDB.AmazonDynamoDBException: 1 validation error detected (Service: AmazonDynamoDBv2; Status Code: 400; Error Code: ValidationException; Request ID: null; Proxy: null)"
            ],
        );
        check(
            Service::Sqs,
            400,
            &[("x-amzn-query-error", "MissingParameter;Sender")],
            r#"{"__type":"com.amazon.coral.service#MissingRequiredParameterException","message":"The request must contain the parameter MessageBody."}"#,
            &expect![
                "SQS.AmazonSQSException: The request must contain the parameter MessageBody. (Service: AmazonSQS; Status Code: 400; Error Code: MissingParameter; Request ID: null; Proxy: null)"
            ],
        );
    }

    #[test]
    fn a_refusal_that_is_no_json_still_fails_the_task() {
        check(
            Service::Lambda,
            502,
            &[],
            "<html>",
            &expect![
                "Lambda.AWSLambdaException: null (Service: AWSLambda; Status Code: 502; Error Code: 502; Request ID: null; Proxy: null)"
            ],
        );
    }
}
