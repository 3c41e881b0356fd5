//! `baton connect`: a loopback port on which a stack in AWS is the Step Functions API, for clients that cannot sign for it.
//!
//! Standard SDKs sign for the service `states`; a Lambda function, by its URL or by Invoke, takes signatures for `lambda` alone. Each request is
//! sent on, signed anew with the caller's own credentials: IAM decides as if the caller had signed.
//!
//! # Invariants
//!
//! * The port is open to this machine only; what a client signed is neither checked nor passed on.
//! * A request has at most the API's size, and each is sent once.

use crate::complaint::Complaint;
use crate::environment::Environment;
use crate::function;
use crate::signals::Signals;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use baton_calls::{CallError, Caller, Endpoint, HttpClient, LocalCredentials, Terms};
use baton_integrations::{Method, Request, Service};
use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::net::TcpListener;

/// How long an answer may take: a synchronous Express execution's five minutes, and some.
const TIME_MAX: Duration = Duration::from_secs(330);
/// The most bytes of a request, as the API has it.
const REQUEST_BYTES_MAX: usize = 1024 * 1024 + 64 * 1024;

#[derive(Debug, Args)]
pub(crate) struct Connect {
    /// The stack's endpoint (its output ApiEndpoint), or the name or ARN of its function (ApiFunctionName)
    #[arg(value_name = "URL|FUNCTION")]
    to: String,
    /// The port
    #[arg(short, long, default_value_t = 8083)]
    port: u16,
    /// The stack's region [default: the endpoint's, AWS_REGION, or us-east-1]
    #[arg(long)]
    region: Option<String>,
}

/// The way to the stack.
struct Way {
    caller: Caller<LocalCredentials>,
    region: String,
    /// The function to invoke; without one the endpoint is a function URL.
    function: Option<String>,
}

/// Sends requests on until a signal comes.
pub(crate) async fn connect(arguments: Connect, environment: Environment) -> Result<(), Complaint> {
    let mut signals = Signals::listen()?;
    let (port, to) = (arguments.port, arguments.to.clone());
    let way = Arc::new(Way::new(arguments, environment)?);
    let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(|error| {
        let what = format!("cannot listen on port {port} (choose another with --port)");
        Complaint::of(&what, &error)
    })?;
    let address = listener.local_addr().map_err(|error| Complaint::of("", &error))?;
    say(&format!("Step Functions API at http://{address}, by {to} with your own credentials"));
    say(&format!("  export AWS_ENDPOINT_URL_SFN=http://{address}"));
    let serving = baton_api::http::serve(listener, router(way), async move {
        signals.next().await;
    });
    serving.await.map_err(|error| Complaint::of("the port is not usable", &error))
}

fn router(way: Arc<Way>) -> Router {
    Router::new()
        .route("/", post(forward))
        .layer(DefaultBodyLimit::max(REQUEST_BYTES_MAX))
        .with_state(way)
}

async fn forward(State(way): State<Arc<Way>>, headers: HeaderMap, body: Bytes) -> Response {
    let header = |name: &str| Some(headers.get(name)?.to_str().ok()?.to_owned());
    let target = header("x-amz-target").unwrap_or_default();
    let trace = header("x-amzn-trace-id");
    match way.send(&target, trace.as_deref(), &body).await {
        Ok(answer) => answer,
        Err(error) => {
            tracing::warn!(error = error.chain(), "the stack did not answer");
            let message = format!("baton connect: {}", error.chain());
            let body = json!({ "__type": "ServiceUnavailableException", "message": message });
            let kind = [(header::CONTENT_TYPE, "application/x-amz-json-1.0")];
            (StatusCode::SERVICE_UNAVAILABLE, kind, body.to_string()).into_response()
        }
    }
}

impl Way {
    fn new(arguments: Connect, environment: Environment) -> Result<Self, Complaint> {
        let mut endpoints = environment.endpoints;
        let is_url = arguments.to.contains("://");
        let mut region = arguments.region.or_else(|| region_in(&arguments.to));
        if is_url {
            let endpoint = Endpoint::parse(&arguments.to);
            let endpoint = endpoint.map_err(|error| Complaint::of("", &error))?;
            endpoints.own.insert("LAMBDA".into(), endpoint);
        }
        let client = Arc::new(HttpClient::default());
        Ok(Way {
            caller: Caller::new(client, endpoints, environment.credentials),
            region: region.take().or(environment.region).unwrap_or_else(|| "us-east-1".to_owned()),
            function: (!is_url).then_some(arguments.to),
        })
    }

    async fn send(
        &self,
        target: &str,
        trace: Option<&str>,
        body: &Bytes,
    ) -> Result<Response, CallError> {
        let terms = Terms {
            role_arn: "",
            trace_header: trace,
            time_limit: TIME_MAX,
            now: SystemTime::from(Timestamp::now()),
        };
        let request = self.request(target, body);
        let answer = self.caller.call(&request, &terms).await?;
        if self.function.is_some() && answer.status == 200 {
            return Ok(invoked(&answer.body));
        }
        let kept = ["content-type", "x-amzn-requestid", "x-amzn-errortype"];
        let headers = answer.headers.iter().filter(|(name, _)| kept.contains(&name.as_str()));
        let headers = headers.map(|(name, value)| (name.as_str(), value.as_str()));
        Ok(response(answer.status, headers, answer.body.clone()))
    }

    fn request(&self, target: &str, body: &Bytes) -> Request {
        let (path, headers, body) = match &self.function {
            None => {
                let headers = vec![
                    ("content-type".into(), "application/x-amz-json-1.0".to_owned()),
                    ("x-amz-target".into(), target.to_owned()),
                ];
                ("/".to_owned(), headers, body.to_vec())
            }
            Some(function) => {
                let event = json!({
                    "requestContext": {},
                    "headers": { "x-amz-target": target },
                    "body": String::from_utf8_lossy(body),
                });
                let headers = vec![("content-type".into(), "application/json".to_owned())];
                (function::invocation_path(function), headers, event.to_string().into_bytes())
            }
        };
        let destination = Service::Lambda.destination(&self.region);
        Request { destination, method: Method::Post, path, headers, body }
    }
}

/// The answer of the api function, out of that of its invocation.
fn invoked(body: &[u8]) -> Response {
    let answer = function::answer(body).unwrap_or_default();
    let status = answer.get("statusCode").and_then(Value::as_u64);
    let status = status.and_then(|status| u16::try_from(status).ok()).unwrap_or(502);
    let text = answer.get("body").and_then(Value::as_str);
    let headers = answer.get("headers").and_then(Value::as_object);
    let headers = headers.into_iter().flatten();
    let headers = headers.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)));
    // A function that failed answers with its error, and has no body.
    let body = text.map_or_else(|| body.to_vec(), |text| text.as_bytes().to_vec());
    response(status, headers, body)
}

fn response<'a>(
    status: u16,
    headers: impl Iterator<Item = (&'a str, &'a str)>,
    body: Vec<u8>,
) -> Response {
    let mut builder = Response::builder().status(status);
    for (name, value) in headers {
        builder = builder.header(name, value);
    }
    builder.body(body.into()).unwrap_or_else(|_| StatusCode::BAD_GATEWAY.into_response())
}

/// The region in a function URL or a function's ARN.
fn region_in(to: &str) -> Option<String> {
    let region = match to.strip_prefix("arn:") {
        Some(arn) => arn.split(':').nth(2),
        None => to.split_once(".lambda-url.")?.1.split('.').next(),
    };
    region.map(str::to_owned)
}

fn say(text: &str) {
    // Without a stderr nobody is there to be told.
    let _ = writeln!(std::io::stderr(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_in_the_url_or_the_arn() {
        for (to, expected) in [
            ("https://x.lambda-url.eu-west-1.on.aws/", Some("eu-west-1")),
            ("arn:aws:lambda:us-west-2:123456789012:function:api", Some("us-west-2")),
            ("baton-ApiFunction-1", None),
            ("http://127.0.0.1:9000", None),
        ] {
            assert_eq!(region_in(to).as_deref(), expected, "{to}");
        }
    }

    #[test]
    fn an_invocations_answer_is_unpacked() {
        let answer =
            invoked(br#"{"statusCode": 400, "headers": {"x-amzn-requestid": "1"}, "body": "{}"}"#);
        assert_eq!(answer.status(), 400);
        assert_eq!(answer.headers().get("x-amzn-requestid").unwrap(), "1");
        assert_eq!(invoked(br#"{"errorMessage": "timed out"}"#).status(), 502);
    }
}
