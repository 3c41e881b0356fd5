//! `http:invoke`: a request to any HTTPS address, with the authorization of an EventBridge connection.
//!
//! # Invariants
//!
//! * What the connection says goes before what the definition says: a header, query or body parameter of the connection
//!   cannot be replaced.
//! * The headers by which a request says who sends it, and those of the connection to the server, are not the definition's to set.

mod body;
mod connection;
mod url;

pub use connection::{
    Authorization, Connection, OAuth, Parameter, TokenAnswer, connection_answer,
    description_request, name as connection_name, secret_request,
};

use crate::arguments::{Arguments, as_text};
use crate::limits::CAUSE_CHARS_MAX;
use crate::{Origin, Response};
use baton_engine::{Failure, FailureKind, Payload};
use serde_json::{Map, Value, json};

/// How many bytes of an answer are asked for: as many as a result may have.
const RANGE: &str = "bytes=0-262144";
/// The error of a request that got no answer.
const SOCKET: &str = "States.Http.Socket";

/// Headers that the definition may not set.
const FORBIDDEN: &[&str] = &[
    "a-im",
    "accept-charset",
    "accept-datetime",
    "accept-encoding",
    "authorization",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-md5",
    "date",
    "expect",
    "forwarded",
    "from",
    "host",
    "http2-settings",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "keep-alive",
    "max-forwards",
    "origin",
    "pragma",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "referer",
    "server",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
    "warning",
];
const FORBIDDEN_PREFIXES: &[&str] = &["x-forwarded", "x-amz-", "x-amzn-"];
const METHODS: &[&str] = &["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"];
/// What cannot be read as a result.
const BINARY: &[&str] = &["application/octet-stream", "image/", "video/", "audio/"];

/// An HTTP Task, read and checked.
#[derive(Debug, Clone)]
pub struct HttpTask {
    endpoint: url::Url,
    method: String,
    connection_arn: String,
    headers: Vec<(String, String)>,
    query: Vec<(String, String)>,
    body: Option<Value>,
    encoding: body::Encoding,
    region: String,
}

/// What to send.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// `GET` and so on.
    pub method: String,
    /// The address.
    pub address: String,
    /// The headers; names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl std::fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The rest may hold what the connection keeps secret.
        f.debug_struct("HttpRequest").field("method", &self.method).finish_non_exhaustive()
    }
}

impl HttpTask {
    /// Reads a task's arguments.
    ///
    /// # Errors
    ///
    /// They do not fit: the task fails.
    pub fn new(arguments: &Payload, origin: &Origin<'_>) -> Result<Self, Failure> {
        let arguments = Arguments::new(arguments)?;
        arguments.check_known(&[
            "ApiEndpoint",
            "Method",
            "Authentication",
            "InvocationConfig",
            "Headers",
            "QueryParameters",
            "RequestBody",
            "Transform",
        ])?;
        let endpoint = arguments.required_text("ApiEndpoint")?;
        let endpoint =
            url::Url::parse(endpoint).ok_or_else(|| arguments.malformed("ApiEndpoint"))?;
        let method = arguments.required_text("Method")?.to_owned();
        if !METHODS.contains(&method.as_str()) {
            return Err(arguments.malformed("Method"));
        }
        Ok(HttpTask {
            endpoint,
            method,
            connection_arn: connection_arn(&arguments)?,
            headers: headers(&arguments)?,
            query: query(&arguments)?,
            body: arguments.get("RequestBody").cloned(),
            encoding: body::Encoding::read(&arguments)?,
            region: origin.region().to_owned(),
        })
    }

    /// The connection that authorizes the request.
    #[must_use]
    pub fn connection_arn(&self) -> &str {
        &self.connection_arn
    }

    /// The request, with all that the connection adds. A token is for a connection by OAuth.
    #[must_use]
    pub fn request(&self, connection: &Connection, token: Option<&str>) -> HttpRequest {
        let mut headers = self.headers.clone();
        let (mut query, mut body) = (self.query.clone(), self.body.clone());
        let is_form = self.encoding.is_form();
        if body.is_some() && !has(&headers, "content-type") {
            headers.push(("content-type".to_owned(), content_type(is_form).to_owned()));
        }
        connection.authorize(&mut headers, token);
        for Parameter { name, value } in &connection.headers {
            set(&mut headers, &name.to_ascii_lowercase(), value);
        }
        for Parameter { name, value } in &connection.query {
            query.retain(|(known, _)| known != name);
            query.push((name.clone(), value.clone()));
        }
        if !connection.body.is_empty() {
            body = Some(with_parameters(body, &connection.body));
        }
        set(
            &mut headers,
            "user-agent",
            &format!("Amazon|StepFunctions|HttpInvoke|{}", self.region),
        );
        set(&mut headers, "range", RANGE);
        let body = body.map(|body| self.encoding.write(&body)).unwrap_or_default();
        HttpRequest {
            method: self.method.clone(),
            address: self.endpoint.with_query(&query),
            headers,
            body,
        }
    }

    /// What the answer means. The text goes with its status.
    ///
    /// # Errors
    ///
    /// The task fails: the status is none of success, or the answer cannot be a result.
    pub fn result(&self, response: &Response, status_text: &str) -> Result<Payload, Failure> {
        let content_type = response.header("content-type").unwrap_or_default().to_ascii_lowercase();
        if BINARY.iter().any(|binary| content_type.starts_with(binary)) {
            let cause = format!(
                "The response has the content type '{content_type}', which is not supported."
            );
            return Err(Failure { kind: FailureKind::Ordinary, ..Failure::runtime(&cause) });
        }
        let answer = json!({
            "Headers": headers_of(response),
            "ResponseBody": response_body(response),
            "StatusCode": response.status,
            "StatusText": status_text,
        });
        if response.is_success() {
            return Ok(Payload::new(answer));
        }
        let cause: String = answer.to_string().chars().take(CAUSE_CHARS_MAX).collect();
        Err(Failure::new(&format!("States.Http.StatusCode.{}", response.status), &cause))
    }
}

/// The failure of a request that got no answer. The detail says what is known of it.
#[must_use]
pub fn unanswered(detail: &str) -> Failure {
    Failure::new(SOCKET, detail)
}

/// The failure of a task whose connection cannot be used.
#[must_use]
pub fn connection_failure(name: &str, cause: &str) -> Failure {
    Failure::new(&format!("Events.ConnectionResource.{name}"), cause)
}

fn connection_arn(arguments: &Arguments<'_>) -> Result<String, Failure> {
    let place = ["InvocationConfig", "Authentication"];
    let found = place.iter().find_map(|name| arguments.get(name)?.get("ConnectionArn"));
    match found.and_then(Value::as_str).filter(|arn| arn.contains(":connection/")) {
        Some(arn) => Ok(arn.to_owned()),
        None if found.is_some() => Err(arguments.malformed("ConnectionArn")),
        None => Err(arguments.missing("InvocationConfig")),
    }
}

fn headers(arguments: &Arguments<'_>) -> Result<Vec<(String, String)>, Failure> {
    let mut headers = Vec::new();
    for (name, value) in members(arguments, "Headers")? {
        let name = name.to_ascii_lowercase();
        let is_forbidden = FORBIDDEN.contains(&name.as_str())
            || FORBIDDEN_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
        if is_forbidden {
            return Err(arguments.unsupported(&name));
        }
        let values = match value {
            Value::Array(values) => values.iter().map(as_text).collect::<Vec<_>>().join(","),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Object(_) => as_text(value),
        };
        let is_name =
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':');
        if !is_name || values.chars().any(char::is_control) {
            return Err(arguments.malformed("Headers"));
        }
        headers.push((name, values));
    }
    Ok(headers)
}

fn query(arguments: &Arguments<'_>) -> Result<Vec<(String, String)>, Failure> {
    let mut query = Vec::new();
    for (name, value) in members(arguments, "QueryParameters")? {
        match value {
            Value::Array(values) => {
                query.extend(values.iter().map(|value| (name.clone(), as_text(value))));
            }
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Object(_) => query.push((name.clone(), as_text(value))),
        }
    }
    Ok(query)
}

fn members<'a>(
    arguments: &Arguments<'a>,
    name: &str,
) -> Result<impl Iterator<Item = (&'a String, &'a Value)>, Failure> {
    match arguments.get(name) {
        None => Ok(None),
        Some(Value::Object(members)) => Ok(Some(members)),
        Some(_) => Err(arguments.malformed(name)),
    }
    .map(|members| members.into_iter().flatten())
}

fn content_type(is_form: bool) -> &'static str {
    if is_form { "application/x-www-form-urlencoded" } else { "application/json" }
}

fn has(headers: &[(String, String)], name: &str) -> bool {
    headers.iter().any(|(known, _)| known == name)
}

pub(super) fn set(headers: &mut Vec<(String, String)>, name: &str, value: &str) {
    headers.retain(|(known, _)| known != name);
    headers.push((name.to_owned(), value.to_owned()));
}

/// The body with the connection's parameters. One that is no object has no place for them.
fn with_parameters(body: Option<Value>, parameters: &[Parameter]) -> Value {
    let mut members = match body {
        None => Map::new(),
        Some(Value::Object(members)) => members,
        Some(
            other @ (Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)),
        ) => return other,
    };
    for Parameter { name, value } in parameters {
        members.insert(name.clone(), value.as_str().into());
    }
    Value::Object(members)
}

fn headers_of(response: &Response) -> Value {
    let mut all: Map<String, Value> = Map::new();
    for (name, value) in &response.headers {
        let values = all.entry(name.to_ascii_lowercase()).or_insert_with(|| json!([]));
        if let Some(values) = values.as_array_mut() {
            values.push(value.as_str().into());
        }
    }
    Value::Object(all)
}

/// JSON as what it says, anything else as text.
fn response_body(response: &Response) -> Value {
    let text = response.text();
    Payload::parse(&text).map_or_else(|_| Value::from(text.as_ref()), Payload::into_value)
}

#[cfg(test)]
mod tests;
