//! A task that a command or an address serves.

use super::command::{self, Reply};
use super::nobody;
use super::target::Server;
use baton_calls::HttpClient;
use baton_engine::{Failure, Payload};
use baton_integrations::Response;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// One call of a function that is served here.
#[derive(Debug)]
pub(super) struct Served {
    pub(super) server: Server,
    pub(super) payload: String,
    pub(super) name: String,
    pub(super) own_endpoint: String,
    pub(super) client: Arc<HttpClient>,
    pub(super) time_limit: Duration,
}

impl Served {
    pub(super) async fn run(&self) -> Result<Reply, Failure> {
        match &self.server {
            Server::Command(words) => {
                let variables = [
                    ("AWS_LAMBDA_FUNCTION_NAME", self.name.as_str()),
                    ("AWS_ENDPOINT_URL_SFN", self.own_endpoint.as_str()),
                ];
                let run = command::run(words, &variables, &self.payload).await;
                run.map_err(|error| self.not_started(words, &error))
            }
            Server::Address(address) => self.post(address).await,
        }
    }

    fn not_started(&self, words: &[String], error: &std::io::Error) -> Failure {
        let (name, program) = (&self.name, words.first().map_or("", String::as_str));
        let cause =
            format!("The command of the function `{name}` does not start: `{program}`: {error}.");
        nobody("Lambda.ResourceNotFoundException", &cause)
    }

    /// Posts the payload: an answer of status 2xx is the result, unless its header says that it is an error.
    async fn post(&self, address: &str) -> Result<Reply, Failure> {
        let payload = self.payload.clone().into_bytes();
        let answer = self.client.post_json(address, &[], payload, self.time_limit).await;
        let response = answer.map_err(|error| {
            let detail = format!("Unable to execute HTTP request: {}", error.chain());
            Failure::new("Lambda.SdkClientException", &detail)
        })?;
        Ok(reply(response))
    }
}

/// What an HTTP endpoint's answer means for the function that it serves.
fn reply(response: Response) -> Reply {
    let is_success = (200..300).contains(&response.status);
    let is_failure = response.header("X-Amz-Function-Error").is_some();
    let error: Option<serde_json::Value> = serde_json::from_slice(&response.body).ok();
    let is_described = error.is_some_and(|error| error.get("errorType").is_some());
    match (is_success, is_failure || is_described) {
        (true, _) if response.body.trim_ascii().is_empty() => {
            Reply { payload: b"null".to_vec(), is_failure }
        }
        (true, _) => Reply { payload: response.body, is_failure },
        (false, true) => Reply { payload: response.body, is_failure: true },
        (false, false) => {
            let text: String = String::from_utf8_lossy(&response.body).chars().take(1000).collect();
            let message = format!("the address answered {}: {text}", response.status);
            Reply::failure(&format!("HttpError.{}", response.status), &message)
        }
    }
}

/// What a reply means for a task that calls no function: its result, or the failure that it describes.
pub(super) fn outcome(reply: &Reply) -> Result<Payload, Failure> {
    let text = String::from_utf8_lossy(&reply.payload);
    if !reply.is_failure {
        return Ok(Payload::parse(&text).unwrap_or_else(|_| Payload::new(text.as_ref().into())));
    }
    let error: Value = serde_json::from_str(&text).unwrap_or_default();
    let part = |name: &str| error.get(name).and_then(Value::as_str);
    let name = part("errorType").unwrap_or("Error");
    Err(Failure::new(name, part("errorMessage").unwrap_or(&text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, headers: &[(&str, &str)], body: &str, expected: &str) {
        let headers = headers.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        let response = Response { status, headers: headers.collect(), body: body.into() };
        let Reply { payload, is_failure } = reply(response);
        let how = if is_failure { "failed" } else { "answered" };
        assert_eq!(format!("{how} {}", String::from_utf8(payload).unwrap()), expected);
    }

    #[test]
    fn an_addresss_answer_is_its_functions() {
        check(200, &[], "{}", "answered {}");
        check(204, &[], "", "answered null");
        check(200, &[("x-amz-function-error", "Unhandled")], "{}", "failed {}");
        check(500, &[], r#"{"errorType":"E"}"#, r#"failed {"errorType":"E"}"#);
        check(
            404,
            &[],
            "not here",
            r#"failed {"errorMessage":"the address answered 404: not here","errorType":"HttpError.404"}"#,
        );
    }
}
