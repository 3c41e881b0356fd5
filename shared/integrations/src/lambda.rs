//! Lambda functions: by ARN (the payload in, the payload out) and by `lambda:invoke`.
//!
//! An [`Invocation`] may be sent to Lambda or served by anything else that answers as Lambda does ([`reply`]).

use crate::arguments::{Arguments, as_text};
use crate::limits::{CAUSE_CHARS_MAX, RESULT_BYTES_MAX};
use crate::metadata::with_metadata;
use crate::refusal::Refusal;
use crate::{Method, Request, Response, Service};
use baton_engine::{Failure, Payload};
use serde_json::{Map, Value};
use std::fmt::Write as _;

/// The header that tells that the function, not the service, failed.
const FUNCTION_ERROR: &str = "X-Amz-Function-Error";
const EXECUTED_VERSION: &str = "X-Amz-Executed-Version";
const LOG_RESULT: &str = "X-Amz-Log-Result";

/// One call of a Lambda function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    function: FunctionName,
    payload: String,
    form: Form,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    /// The resource is the function's ARN: its result is the task's.
    Arn,
    /// `lambda:invoke`: the result has an envelope.
    Invoke(Options),
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Options {
    qualifier: Option<String>,
    invocation_type: Option<String>,
    log_type: Option<String>,
    client_context: Option<String>,
}

/// A function as it was named: by its name, a part of its ARN, or its ARN, perhaps with a version or alias.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionName(String);

impl FunctionName {
    /// As it was named.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name alone.
    #[must_use]
    pub fn name(&self) -> &str {
        let rest = match self.0.split_once(":function:") {
            Some((_, rest)) => rest,
            None => self.0.strip_prefix("function:").unwrap_or(&self.0),
        };
        rest.split(':').next().unwrap_or_default()
    }

    /// Whether the name is one that Lambda would allow: it comes from a definition, and may go into a command.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        !self.name().is_empty() && self.name().bytes().all(is_part)
    }

    /// The region of its ARN.
    fn region(&self) -> Option<&str> {
        let mut parts = self.0.split(':');
        let is_arn = parts.next() == Some("arn") && parts.nth(1) == Some("lambda");
        parts.next().filter(|region| is_arn && !region.is_empty())
    }
}

/// Reads the arguments of `lambda:invoke`.
pub(crate) fn invoke(arguments: &Payload) -> Result<Invocation, Failure> {
    let arguments = Arguments::new(arguments)?;
    arguments.check_known(&[
        "FunctionName",
        "Payload",
        "Qualifier",
        "InvocationType",
        "LogType",
        "ClientContext",
    ])?;
    let text = |name| Ok(arguments.text(name)?.map(str::to_owned));
    let client_context = arguments.get("ClientContext").map(as_text);
    Ok(Invocation {
        function: FunctionName(arguments.required_text("FunctionName")?.to_owned()),
        payload: payload_text(arguments.get("Payload")),
        form: Form::Invoke(Options {
            qualifier: text("Qualifier")?,
            invocation_type: text("InvocationType")?,
            log_type: text("LogType")?,
            client_context,
        }),
    })
}

/// What the function gets: nothing becomes an empty object, and a text that holds JSON is that JSON (recorded).
fn payload_text(payload: Option<&Value>) -> String {
    match payload {
        None => "{}".to_owned(),
        Some(Value::String(text)) if is_json(text) => text.clone(),
        Some(value) => value.to_string(),
    }
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<Value>(text).is_ok()
}

impl Invocation {
    /// A call by the function's ARN.
    pub(crate) fn by_arn(arn: &str, input: &Payload) -> Self {
        let (function, payload) = (FunctionName(arn.to_owned()), input.text().to_owned());
        Invocation { function, payload, form: Form::Arn }
    }

    /// The function.
    #[must_use]
    pub fn function(&self) -> &FunctionName {
        &self.function
    }

    /// What the function gets: JSON.
    #[must_use]
    pub fn payload(&self) -> &str {
        &self.payload
    }

    /// Whether nobody waits for the function's answer (`InvocationType: Event`).
    #[must_use]
    pub fn is_event(&self) -> bool {
        matches!(&self.form, Form::Invoke(options) if options.invocation_type.as_deref() == Some("Event"))
    }

    /// What to send to Lambda. The region is the state machine's; an ARN's own comes first.
    #[must_use]
    pub(crate) fn request(&self, region: &str) -> Request {
        let default = Options::default();
        let options = match &self.form {
            Form::Arn => &default,
            Form::Invoke(options) => options,
        };
        let mut path = format!("/2015-03-31/functions/{}/invocations", encoded(&self.function.0));
        if let Some(qualifier) = &options.qualifier {
            path.push_str("?Qualifier=");
            path.push_str(&encoded(qualifier));
        }
        let mut headers = vec![("content-type".into(), "application/json".to_owned())];
        let optional = [
            ("x-amz-invocation-type", &options.invocation_type),
            ("x-amz-log-type", &options.log_type),
            ("x-amz-client-context", &options.client_context),
        ];
        for (name, value) in optional {
            headers.extend(value.as_ref().map(|value| (name.into(), value.clone())));
        }
        Request {
            destination: Service::Lambda.destination(self.function.region().unwrap_or(region)),
            method: Method::Post,
            path,
            headers,
            body: self.payload.clone().into_bytes(),
        }
    }

    /// What the response means.
    ///
    /// # Errors
    ///
    /// The service refused, the function failed, or its result is too large.
    pub fn result(&self, response: &Response) -> Result<Payload, Failure> {
        if !response.is_success() {
            return Err(Refusal::from_json(response).failure(Service::Lambda, response));
        }
        if response.header(FUNCTION_ERROR).is_some() {
            return Err(self.function_failure(&response.text()));
        }
        match &self.form {
            Form::Arn => self.bare_result(response),
            Form::Invoke(_) => Ok(envelope(response)),
        }
    }

    /// Whose result it is, as causes name it (recorded).
    pub(crate) fn whose(&self) -> &str {
        match &self.form {
            Form::Arn => &self.function.0,
            Form::Invoke(_) => "lambda",
        }
    }

    fn bare_result(&self, response: &Response) -> Result<Payload, Failure> {
        let text = response.text();
        // Before it is read: what is too large need not be JSON (recorded).
        if text.len() > RESULT_BYTES_MAX {
            return Err(Failure::too_large(self.whose()));
        }
        Ok(Payload::parse(&text).unwrap_or_else(|_| Payload::new(text.as_ref().into())))
    }

    /// The failure that a function reports of itself. By ARN the cause is its payload as it came.
    fn function_failure(&self, payload: &str) -> Failure {
        let value: Option<Value> = serde_json::from_str(payload).ok();
        let error_type = value.as_ref().and_then(|value| value.get("errorType")?.as_str());
        let Some(error_type) = error_type.filter(|name| !name.is_empty()) else {
            let cause = format!(
                "The cause could not be determined because Lambda did not return an error type. Returned payload: {payload}"
            );
            return Failure::new("Lambda.Unknown", &cut(&cause));
        };
        match (&self.form, &value) {
            (Form::Invoke(_), Some(value)) => Failure::new(error_type, &cut(&value.to_string())),
            _ => Failure::new(error_type, &cut(payload)),
        }
    }
}

/// The result of `lambda:invoke`.
fn envelope(response: &Response) -> Payload {
    let mut answer = Map::new();
    if let Some(version) = response.header(EXECUTED_VERSION) {
        answer.insert("ExecutedVersion".to_owned(), version.into());
    }
    if let Some(log) = response.header(LOG_RESULT) {
        answer.insert("LogResult".to_owned(), log.into());
    }
    let payload = serde_json::from_slice(&response.body);
    answer.insert(
        "Payload".to_owned(),
        payload.unwrap_or_else(|_| Value::String(response.text().into_owned())),
    );
    answer.insert("StatusCode".to_owned(), response.status.into());
    Payload::new(with_metadata(answer, Service::Lambda, response))
}

/// What Lambda would have answered for a function that returned or failed with this payload.
#[must_use]
pub fn reply(payload: Vec<u8>, is_failure: bool, request_id: &str) -> Response {
    let mut headers = vec![
        ("Connection".to_owned(), "keep-alive".to_owned()),
        ("Content-Length".to_owned(), payload.len().to_string()),
        ("Content-Type".to_owned(), "application/json".to_owned()),
        (EXECUTED_VERSION.to_owned(), "$LATEST".to_owned()),
        ("x-amzn-Remapped-Content-Length".to_owned(), "0".to_owned()),
        ("x-amzn-RequestId".to_owned(), request_id.to_owned()),
    ];
    if is_failure {
        headers.push((FUNCTION_ERROR.to_owned(), "Unhandled".to_owned()));
    }
    Response { status: 200, headers, body: payload }
}

/// What Lambda answers when it has taken an event that nobody waits for.
#[must_use]
pub fn accepted(request_id: &str) -> Response {
    let headers = vec![
        ("Connection".to_owned(), "keep-alive".to_owned()),
        ("Content-Length".to_owned(), "0".to_owned()),
        ("x-amzn-Remapped-Content-Length".to_owned(), "0".to_owned()),
        ("x-amzn-RequestId".to_owned(), request_id.to_owned()),
    ];
    Response { status: 202, headers, body: Vec::new() }
}

fn cut(text: &str) -> String {
    text.chars().take(CAUSE_CHARS_MAX).collect()
}

/// Percent-encodes all but RFC 3986's unreserved characters.
pub(crate) fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(byte.into());
            }
            // Writing to a String cannot fail.
            _ => drop(write!(encoded, "%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use serde_json::json;

    const ARN: &str = "arn:aws:lambda:eu-west-1:111111111111:function:f";

    pub(crate) fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
        let headers = headers.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        Response { status, headers: headers.collect(), body: body.into() }
    }

    fn by_arn(input: &str) -> Invocation {
        Invocation::by_arn(ARN, &Payload::parse(input).unwrap())
    }

    fn invocation(arguments: Value) -> Invocation {
        invoke(&arguments.into()).unwrap()
    }

    fn check(result: Result<Payload, Failure>, expected: &Expect) {
        expected.assert_eq(&match result {
            Ok(payload) => payload.text().to_owned(),
            Err(failure) => format!("{}: {}", failure.error.unwrap(), failure.cause.unwrap()),
        });
    }

    #[test]
    fn a_function_is_known_by_its_name_however_it_is_named() {
        for name in ["f", "f:1", "111111111111:function:f:live", ARN, &format!("{ARN}:$LATEST")] {
            assert_eq!(FunctionName(name.to_owned()).name(), "f", "{name}");
        }
        assert_eq!(by_arn("1").request("us-east-1").destination.signing.region, "eu-west-1");
        assert_eq!(
            invocation(json!({"FunctionName": "f"}))
                .request("us-east-1")
                .destination
                .signing
                .region,
            "us-east-1"
        );
    }

    #[test]
    fn the_payload_is_what_the_definition_says() {
        for (arguments, expected) in [
            (json!({"FunctionName": "f"}), "{}"),
            (json!({"FunctionName": "f", "Payload": null}), "{}"),
            (json!({"FunctionName": "f", "Payload": {"b": 1, "a": [2.0]}}), r#"{"b":1,"a":[2.0]}"#),
            (json!({"FunctionName": "f", "Payload": "0.0"}), "0.0"),
            (json!({"FunctionName": "f", "Payload": "\"HelloWorld\""}), "\"HelloWorld\""),
            (json!({"FunctionName": "f", "Payload": "HelloWorld"}), "\"HelloWorld\""),
        ] {
            assert_eq!(invocation(arguments).payload(), expected);
        }
        assert_eq!(by_arn("{ \"a\": 1 }").payload(), "{ \"a\": 1 }");
    }

    #[test]
    fn the_request_is_lambdas() {
        let request = invocation(json!({
            "FunctionName": ARN, "Qualifier": "live/1", "InvocationType": "Event", "LogType": "Tail",
            "ClientContext": "e30=", "Payload": [1]
        }))
        .request("us-east-1");
        let headers: Vec<String> =
            request.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        expect![[r#"
            POST /2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A111111111111%3Afunction%3Af/invocations?Qualifier=live%2F1
            content-type: application/json
            x-amz-invocation-type: Event
            x-amz-log-type: Tail
            x-amz-client-context: e30=

            [1]"#]].assert_eq(&format!(
            "{} {}\n{}\n\n{}",
            request.method.as_str(),
            request.path,
            headers.join("\n"),
            String::from_utf8_lossy(&request.body)
        ));
    }

    #[test]
    fn arguments_that_do_not_fit_fail_for_good() {
        for (arguments, expected) in [
            (
                json!([]),
                expect![
                    "The Parameters '[]' could not be used to start the Task: [The parameters are not an object]"
                ],
            ),
            (
                json!({}),
                expect![[
                    r#"The Parameters '{}' could not be used to start the Task: [The field "FunctionName" is required but was missing]"#
                ]],
            ),
            (
                json!({"FunctionName": 1}),
                expect![[
                    r#"The Parameters '{"FunctionName":1}' could not be used to start the Task: [The value of the field 'FunctionName' has an invalid format]"#
                ]],
            ),
            (
                json!({"FunctionName": "f", "X": 1}),
                expect![[
                    r#"The Parameters '{"FunctionName":"f","X":1}' could not be used to start the Task: [The field "X" is not supported by Step Functions]"#
                ]],
            ),
        ] {
            let failure = invoke(&arguments.into()).unwrap_err();
            assert!(!failure.is_matched_by("States.ALL"));
            expected.assert_eq(&failure.cause.unwrap());
        }
    }

    #[test]
    fn by_arn_the_result_is_the_payload_as_it_came() {
        check(by_arn("1").result(&response(200, &[], "{\"a\": 1.0}")), &expect![[r#"{"a": 1.0}"#]]);
        check(by_arn("1").result(&response(200, &[], "not json")), &expect![[r#""not json""#]]);
    }

    #[test]
    fn by_arn_a_result_over_the_limit_fails_before_it_is_read() {
        check(
            by_arn("1").result(&response(200, &[], &"a".repeat(RESULT_BYTES_MAX + 1))),
            &expect![
                "States.DataLimitExceeded: The state/task 'arn:aws:lambda:eu-west-1:111111111111:function:f' returned a result with a size exceeding the maximum number of bytes service limit."
            ],
        );
        let largest = format!("\"{}\"", "a".repeat(RESULT_BYTES_MAX - 2));
        assert!(by_arn("1").result(&response(200, &[], &largest)).is_ok());
    }

    #[test]
    fn invoke_puts_the_payload_in_an_envelope() {
        let response = reply(b"{\"a\": 1}".to_vec(), false, "7");
        check(
            invocation(json!({"FunctionName": "f"})).result(&response),
            &expect![[
                r#"{"ExecutedVersion":"$LATEST","Payload":{"a":1},"SdkHttpMetadata":{"AllHttpHeaders":{"Connection":["keep-alive"],"Content-Length":["8"],"Content-Type":["application/json"],"X-Amz-Executed-Version":["$LATEST"],"x-amzn-Remapped-Content-Length":["0"],"x-amzn-RequestId":["7"]},"HttpHeaders":{"Connection":"keep-alive","Content-Length":"8","Content-Type":"application/json","X-Amz-Executed-Version":"$LATEST","x-amzn-Remapped-Content-Length":"0","x-amzn-RequestId":"7"},"HttpStatusCode":200},"SdkResponseMetadata":{"RequestId":"7"},"StatusCode":200}"#
            ]],
        );
    }

    #[test]
    fn an_accepted_event_has_no_payload() {
        let event = invocation(json!({"FunctionName": "f", "InvocationType": "Event"}));
        assert!(event.is_event());
        let result = event.result(&accepted("7")).unwrap();
        assert_eq!(result.value().get("Payload"), Some(&json!("")));
        assert_eq!(result.value().get("StatusCode"), Some(&json!(202)));
    }

    #[test]
    fn a_function_names_its_own_error() {
        let payload = "{\"errorMessage\": \"no\", \"errorType\": \"CustomException\"}";
        let failed = reply(payload.into(), true, "7");
        check(
            by_arn("1").result(&failed),
            &expect![[
                r#"CustomException: {"errorMessage": "no", "errorType": "CustomException"}"#
            ]],
        );
        check(
            invocation(json!({"FunctionName": "f"})).result(&failed),
            &expect![[r#"CustomException: {"errorMessage":"no","errorType":"CustomException"}"#]],
        );
    }

    #[test]
    fn an_error_without_a_type_is_unknown() {
        for payload in ["{\"errorMessage\": \"timed out\"}", "boom", "{\"errorType\": 1}"] {
            let failure = by_arn("1").result(&reply(payload.into(), true, "7")).unwrap_err();
            assert_eq!(failure.error.as_deref(), Some("Lambda.Unknown"));
            assert!(failure.cause.unwrap().ends_with(&format!("Returned payload: {payload}")));
        }
    }
}
