//! The commands that speak to a Step Functions API: one that `baton serve` serves, one in an AWS account, or AWS's own.
//!
//! [`Client`] sends what an SDK would send. Commands differ in what they ask and how they show it.

mod activities;
mod arguments;
mod executions;
mod logs;
mod machines;
mod map_runs;
mod names;
mod raw;
mod send;
mod show;
mod start;
mod watch;

pub(crate) use arguments::Command;

use crate::complaint::Complaint;
use crate::environment::Environment;
use crate::refusal::Refusal;
use arguments::{Named, Reach};
use baton_calls::{Caller, Endpoint, HttpClient, LocalCredentials, Terms};
use baton_integrations::{Method, Request, Service};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Where `baton serve` listens unless it is told otherwise.
const LOCAL: &str = "http://127.0.0.1:8083";
/// What follows `AWS_ENDPOINT_URL_` in the variable for Step Functions.
const SFN: &str = "SFN";
/// How long an answer may take: a synchronous Express execution's five minutes, and some.
const TIME_MAX: Duration = Duration::from_secs(330);
/// The most pages that one command reads.
const PAGES_MAX: usize = 1_000;

/// Does what a command asks for.
pub(crate) async fn perform(
    command: Command,
    environment: &Environment,
) -> Result<ExitCode, Complaint> {
    match command {
        Command::Start(arguments) => return start::start(arguments, environment).await,
        Command::Watch(named) => return watch::watch(named, environment).await,
        Command::MapRuns(arguments) => return map_runs::map_runs(arguments, environment).await,
        Command::Machines(arguments) => machines::machines(arguments, environment).await,
        Command::Executions(arguments) => executions::executions(arguments, environment).await,
        Command::Describe(named) => executions::describe(named, environment).await,
        Command::History(arguments) => executions::history(arguments, environment).await,
        Command::Stop(arguments) => executions::stop(arguments, environment).await,
        Command::Redrive(named) => executions::redrive(named, environment).await,
        Command::Logs(arguments) => logs::logs(arguments, environment).await,
        Command::Send(arguments) => send::send(arguments, environment).await,
        Command::Activities(arguments) => activities::activities(arguments, environment).await,
        Command::Api(arguments) => raw::call_api(arguments, environment).await,
    }
    .map(|()| ExitCode::SUCCESS)
}

/// An API, as its clients see it.
#[derive(Debug)]
pub(crate) struct Client {
    caller: Caller<LocalCredentials>,
    /// What requests are signed for: a function URL takes Lambda's signatures only.
    service: Service,
    region: String,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("no answer from {endpoint}: {why}{hint}")]
    Unreached { endpoint: String, why: String, hint: &'static str },
}

impl From<ClientError> for Complaint {
    fn from(error: ClientError) -> Self {
        Complaint(error.to_string())
    }
}

impl Client {
    /// The API that the arguments and the environment name.
    pub(crate) fn new(reach: &Reach, environment: &Environment) -> Result<Self, Complaint> {
        let mut endpoints = environment.endpoints.clone();
        let given = match reach.endpoint.as_deref() {
            Some("aws") => {
                endpoints.common = None;
                endpoints.own.clear();
                None
            }
            Some(url) => Some(url.to_owned()),
            None if endpoints.configured(SFN).is_none() => Some(LOCAL.to_owned()),
            None => None,
        };
        if let Some(url) = given {
            let endpoint = Endpoint::parse(&url).map_err(|error| Complaint::of("", &error))?;
            endpoints.own.insert(SFN.into(), endpoint);
        }
        let address = endpoints.configured(SFN).cloned();
        let host = address.as_ref().map_or("", |endpoint| host(endpoint.as_str()));
        let service = if host.contains(".lambda-url.") {
            endpoints.own.extend(address.clone().map(|endpoint| ("LAMBDA".into(), endpoint)));
            Service::Lambda
        } else {
            Service::StepFunctions
        };
        let region = reach.region.clone().or_else(|| region_in(host));
        let region = region.or_else(|| environment.region.clone());
        Ok(Client {
            caller: Caller::new(
                Arc::new(HttpClient::default()),
                endpoints,
                environment.credentials.clone(),
            ),
            service,
            region: region.unwrap_or_else(|| "us-east-1".to_owned()),
        })
    }

    /// Asks for an action.
    pub(crate) async fn call(&self, action: &str, body: &Value) -> Result<Value, ClientError> {
        self.call_target(&format!("AWSStepFunctions.{action}"), body).await
    }

    /// Asks for an action by its whole `X-Amz-Target`.
    async fn call_target(&self, target: &str, body: &Value) -> Result<Value, ClientError> {
        let (status, body) = self.exchange(target, body.to_string().into_bytes()).await?;
        let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
        if status == 200 {
            return Ok(answer);
        }
        Err(Refusal::read(status, &answer, &body).into())
    }

    /// All members `list` of a paged action, up to a number; and whether there are more.
    pub(crate) async fn list(
        &self,
        action: &str,
        body: &Value,
        list: &str,
        items_max: usize,
    ) -> Result<(Vec<Value>, bool), ClientError> {
        let mut items = Vec::new();
        let mut body = body.clone();
        for _ in 0..PAGES_MAX {
            let left = items_max.saturating_sub(items.len()).clamp(1, 1_000);
            set(&mut body, "maxResults", json!(left));
            let mut page = self.call(action, &body).await?;
            if let Some(Value::Array(found)) = page.get_mut(list).map(Value::take) {
                items.extend(found);
            }
            let next = page.get("nextToken").filter(|token| token.is_string()).cloned();
            let is_enough = items.len() >= items_max;
            match next {
                None => return Ok((items, false)),
                Some(_) if is_enough => return Ok((items, true)),
                Some(token) => set(&mut body, "nextToken", token),
            }
        }
        Ok((items, true))
    }

    async fn exchange(&self, target: &str, body: Vec<u8>) -> Result<(u16, Vec<u8>), ClientError> {
        let request = Request {
            destination: self.service.destination(&self.region),
            method: Method::Post,
            path: "/".to_owned(),
            headers: vec![
                ("content-type".into(), "application/x-amz-json-1.0".to_owned()),
                ("x-amz-target".into(), target.to_owned()),
            ],
            body,
        };
        let now = SystemTime::from(Timestamp::now());
        let terms = Terms { role_arn: "", trace_header: None, time_limit: TIME_MAX, now };
        match self.caller.call(&request, &terms).await {
            Ok(response) => Ok((response.status, response.body)),
            Err(error) => {
                let endpoint =
                    self.caller.endpoints().configured(self.service.endpoint_variable_suffix());
                let endpoint =
                    endpoint.map_or_else(|| "AWS".to_owned(), |endpoint| endpoint.to_string());
                let is_local = host(&endpoint).starts_with("127.0.0.1");
                let hint = if error.is_certainly_unsent() && is_local {
                    " (`baton serve` serves one; --endpoint names another)"
                } else {
                    ""
                };
                Err(ClientError::Unreached { endpoint, why: error.chain(), hint })
            }
        }
    }
}

/// Sets a member of an object.
pub(crate) fn set(object: &mut Value, name: &str, value: Value) {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}

/// A member that is text.
pub(crate) fn text<'a>(object: &'a Value, name: &str) -> &'a str {
    object.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}

/// The region that an endpoint of AWS names: `….lambda-url.eu-west-1.on.aws`, `states.eu-west-1.amazonaws.com`.
fn region_in(host: &str) -> Option<String> {
    let mut labels =
        host.split('.').skip_while(|label| *label != "lambda-url" && *label != "states");
    let is_aws = host.ends_with(".on.aws") || host.contains(".amazonaws.com");
    labels.nth(1).filter(|_| is_aws).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_read_from_awss_own_endpoints_alone() {
        for (host, expected) in [
            ("abc.lambda-url.eu-west-1.on.aws", Some("eu-west-1")),
            ("states.us-west-2.amazonaws.com", Some("us-west-2")),
            ("states.evil.example", None),
            ("127.0.0.1:8083", None),
        ] {
            assert_eq!(region_in(host).as_deref(), expected, "{host}");
        }
        assert_eq!(host("https://a.b:1/c/d"), "a.b:1");
    }
}
