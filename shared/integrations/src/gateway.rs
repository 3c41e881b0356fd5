//! `apigateway:invoke`: an API of Amazon API Gateway, signed where it wants a role.

use crate::arguments::{Arguments, as_text};
use crate::lambda::encoded;
use crate::limits::CAUSE_CHARS_MAX;
use crate::{Destination, Method, Request, Response, Signing};
use baton_engine::{Failure, Payload};
use serde_json::{Map, Value, json};
use std::borrow::Cow;

/// What follows `AWS_ENDPOINT_URL_` in the variable that names another place of APIs.
pub(crate) const ENDPOINT_VARIABLE_SUFFIX: &str = "APIGATEWAY";

const KNOWN: &[&str] = &[
    "ApiEndpoint",
    "Method",
    "Headers",
    "Stage",
    "Path",
    "QueryParameters",
    "RequestBody",
    "AllowNullValues",
    "AuthType",
];
/// Headers that the definition may not set.
const FORBIDDEN: &[&str] = &[
    "authorization",
    "connection",
    "content-md5",
    "expect",
    "host",
    "max-forwards",
    "proxy-authenticate",
    "server",
    "te",
    "transfer-encoding",
    "trailer",
    "upgrade",
    "via",
    "www-authenticate",
    "content-length",
    "user-agent",
];

/// A call of an API.
#[derive(Debug, Clone)]
pub(crate) struct GatewayCall(Request);

impl GatewayCall {
    pub(crate) fn new(arguments: &Payload) -> Result<Self, Failure> {
        let arguments = Arguments::new(arguments)?;
        arguments.check_known(KNOWN)?;
        let endpoint = arguments.required_text("ApiEndpoint")?;
        let region = region(endpoint).ok_or_else(|| arguments.malformed("ApiEndpoint"))?;
        let method = Method::parse(arguments.required_text("Method")?);
        let is_signed = match arguments.text("AuthType")? {
            None | Some("NO_AUTH") => false,
            Some("IAM_ROLE" | "RESOURCE_POLICY") => true,
            Some(_) => return Err(arguments.malformed("AuthType")),
        };
        let body = body(&arguments);
        let mut headers = headers(&arguments)?;
        if !body.is_empty() && !headers.iter().any(|(name, _)| name == "content-type") {
            headers.push(("content-type".into(), "application/json".to_owned()));
        }
        Ok(GatewayCall(Request {
            destination: Destination {
                endpoint_variable_suffix: ENDPOINT_VARIABLE_SUFFIX.into(),
                host: endpoint.to_owned(),
                path_at_endpoint: None,
                signing: Signing {
                    name: is_signed.then(|| "execute-api".into()),
                    region: region.to_owned(),
                    leaves_body_out: false,
                    is_s3: false,
                },
                cluster: None,
            },
            method: method.ok_or_else(|| arguments.malformed("Method"))?,
            path: path(&arguments)?,
            headers,
            body,
        }))
    }

    pub(crate) fn request(&self) -> &Request {
        &self.0
    }

    /// The answer in AWS's form; a status that is none of success fails the task with the body as its cause.
    pub(crate) fn result(&self, response: &Response) -> Result<Payload, Failure> {
        let text = response.text();
        if !response.is_success() {
            let cause: String = text.chars().take(CAUSE_CHARS_MAX).collect();
            return Err(Failure::new(&format!("ApiGateway.{}", response.status), &cause));
        }
        let mut headers: Map<String, Value> = Map::new();
        for (name, value) in &response.headers {
            let values = headers.entry(name.clone()).or_insert_with(|| json!([]));
            if let Some(values) = values.as_array_mut() {
                values.push(value.as_str().into());
            }
        }
        let body = Payload::parse(&text);
        Ok(Payload::new(json!({
            "Headers": headers,
            "ResponseBody": body.map_or_else(|_| Value::from(text.as_ref()), Payload::into_value),
            "StatusCode": response.status,
            "StatusText": status_text(response.status),
        })))
    }

    pub(crate) fn unreachable(&self, detail: &str) -> Failure {
        let cause = format!("Unable to execute HTTP request: {detail}");
        Failure::new("ApiGateway.SdkClientException", &cause)
    }
}

/// The region in an API's host; nothing if it is no such host: a definition must not lead elsewhere.
fn region(host: &str) -> Option<&str> {
    let is_name = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    let (api, rest) = host.split_once(".execute-api.")?;
    let (region, domain) = rest.split_once('.')?;
    let is_aws = matches!(
        domain,
        "amazonaws.com" | "amazonaws.com.cn" | "vpce.amazonaws.com" | "localhost.localstack.cloud"
    );
    (is_name(api) && is_name(region) && is_aws).then_some(region)
}

fn headers(arguments: &Arguments<'_>) -> Result<Vec<(Cow<'static, str>, String)>, Failure> {
    let mut headers = Vec::new();
    for (name, values) in lists(arguments, "Headers")? {
        let name = name.to_ascii_lowercase();
        let is_name =
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':');
        if FORBIDDEN.contains(&name.as_str())
            || name.starts_with("x-amz")
            || name.starts_with("x-forwarded")
        {
            return Err(arguments.unsupported(&name));
        }
        for value in values {
            if !is_name || value.chars().any(char::is_control) {
                return Err(arguments.malformed("Headers"));
            }
            headers.push((Cow::Owned(name.clone()), value));
        }
    }
    Ok(headers)
}

/// Names with lists of values. A plain value is of another form, as recorded for headers.
pub(crate) fn lists<'a>(
    arguments: &Arguments<'a>,
    name: &str,
) -> Result<Vec<(&'a String, Vec<String>)>, Failure> {
    let members = match arguments.get(name) {
        None => return Ok(Vec::new()),
        Some(Value::Object(members)) => members,
        Some(_) => return Err(arguments.malformed(name)),
    };
    let list = |value: &Value| Some(value.as_array()?.iter().map(as_text).collect());
    members
        .iter()
        .map(|(key, value)| Ok((key, list(value).ok_or_else(|| arguments.malformed(name))?)))
        .collect()
}

fn path(arguments: &Arguments<'_>) -> Result<String, Failure> {
    let mut path = String::new();
    for name in ["Stage", "Path"] {
        let text = arguments.text(name)?.unwrap_or_default();
        for part in text.split('/').filter(|part| !part.is_empty()) {
            path.push('/');
            path.push_str(&encoded(part));
        }
    }
    if path.is_empty() {
        path.push('/');
    }
    let query: Vec<String> = lists(arguments, "QueryParameters")?
        .into_iter()
        .flat_map(|(name, values)| {
            values.into_iter().map(move |value| format!("{}={}", encoded(name), encoded(&value)))
        })
        .collect();
    Ok(if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) })
}

/// The body as JSON. Null values are left out of an object unless the definition keeps them.
fn body(arguments: &Arguments<'_>) -> Vec<u8> {
    let keeps_null = arguments.get("AllowNullValues") == Some(&Value::Bool(true));
    match arguments.get("RequestBody") {
        None => Vec::new(),
        Some(body) if keeps_null => body.to_string().into_bytes(),
        Some(body) => without_nulls(body).to_string().into_bytes(),
    }
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name.clone(), without_nulls(value)))
            .collect(),
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// What HTTP calls a status.
pub(crate) fn status_text(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        206 => "Partial Content",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        410 => "Gone",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Entity",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lambda::tests::response;

    const HOST: &str = "a1.execute-api.us-east-1.amazonaws.com";

    #[test]
    fn a_call_is_addressed_and_signed_as_its_arguments_say() {
        let arguments = json!({
            "ApiEndpoint": HOST, "Method": "POST", "Stage": "prod", "Path": "/a b/c", "AuthType": "IAM_ROLE",
            "Headers": {"X-One": ["1", "2"]}, "QueryParameters": {"q": ["x y"]}, "RequestBody": {"a": 1, "b": null},
        });
        let call = GatewayCall::new(&arguments.into()).unwrap();
        let request = call.request();
        assert_eq!(request.path, "/prod/a%20b/c?q=x%20y");
        assert_eq!(request.destination.signing.name.as_deref(), Some("execute-api"));
        assert_eq!(request.destination.host, HOST);
        assert_eq!(request.headers.iter().filter(|(name, _)| name == "x-one").count(), 2);
        assert_eq!(request.body, br#"{"a":1}"#);
    }

    #[test]
    fn what_leads_elsewhere_or_is_of_another_form_is_refused() {
        for more in [
            json!({"ApiEndpoint": "example.com"}),
            json!({"ApiEndpoint": "evil.com/x.execute-api.us-east-1.amazonaws.com"}),
            json!({"ApiEndpoint": "a.execute-api.us-east-1.amazonaws.com.evil.com"}),
            json!({"ApiEndpoint": "169.254.169.254"}),
            json!({"Method": "TRACE"}),
            json!({"Headers": "X"}),
            json!({"Headers": {"X": "1"}}),
            json!({"Headers": {"Host": ["x"]}}),
            json!({"Headers": {"X": ["a\r\nb"]}}),
            json!({"AuthType": "OTHER"}),
            json!({"Other": 1}),
        ] {
            let mut arguments = json!({"ApiEndpoint": HOST, "Method": "GET"});
            arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            assert!(GatewayCall::new(&arguments.into()).is_err(), "{more}");
        }
    }

    #[test]
    fn answers_are_read_as_recorded() {
        let call = GatewayCall::new(&json!({"ApiEndpoint": HOST, "Method": "GET"}).into()).unwrap();
        let got = call.result(&response(200, &[("Date", "now")], "{}")).unwrap();
        assert_eq!(
            got.text(),
            r#"{"Headers":{"Date":["now"]},"ResponseBody":{},"StatusCode":200,"StatusText":"OK"}"#
        );
        let body = r#"{"message":"Missing Authentication Token"}"#;
        let failure = call.result(&response(403, &[], body)).unwrap_err();
        assert_eq!(failure.error.as_deref(), Some("ApiGateway.403"));
        assert_eq!(failure.cause.as_deref(), Some(body));
    }
}
