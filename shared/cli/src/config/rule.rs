//! `[[task]]`: which tasks, and how they are served.

use crate::tasks::{Mock, Server, fits};
use baton_asl::Resource;
use baton_calls::{Endpoint, Endpoints};
use baton_engine::{Failure, Payload};
use serde::Deserialize;

/// One `[[task]]`.
#[derive(Debug)]
pub(crate) struct Rule {
    state: Option<String>,
    function: Option<String>,
    resource: Option<String>,
    /// How they are served.
    pub(crate) how: How,
}

/// How tasks are served.
#[derive(Debug)]
pub(crate) enum How {
    /// By a command or an address.
    Serve(Server),
    /// By these answers, by attempt; the last one for all that follow.
    Answer(Vec<Mock>),
    /// By the services at these endpoints.
    Send(Endpoints),
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RuleForm {
    state: Option<String>,
    function: Option<String>,
    resource: Option<String>,
    command: Option<String>,
    url: Option<String>,
    result: Option<toml::Value>,
    results: Option<Vec<AnswerForm>>,
    endpoint: Option<String>,
    aws: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct AnswerForm {
    result: Option<toml::Value>,
    error: Option<String>,
    cause: Option<String>,
}

impl Rule {
    /// Whether it is about this task. The function is the one that the task calls, if it calls one.
    pub(crate) fn fits(&self, state: &str, resource: &Resource, function: Option<&str>) -> bool {
        let is_fit = |pattern: &Option<String>, names: &[&str]| match pattern {
            None => true,
            Some(pattern) => names.iter().any(|name| fits(pattern, name)),
        };
        let action = action(resource);
        let name =
            function.map(|function| function.rsplit(":function:").next().unwrap_or(function));
        let functions: Vec<&str> = function.into_iter().chain(name).collect();
        is_fit(&self.state, &[state])
            && is_fit(&self.resource, &[&action, resource.arn()])
            && is_fit(&self.function, &functions)
    }
}

/// What is called, as the ARN of an integration names it.
fn action(resource: &Resource) -> String {
    match resource {
        Resource::Lambda { .. } => "lambda:invoke".to_owned(),
        Resource::Activity { arn } => arn.clone(),
        Resource::Service(service) => {
            format!("{}:{}", service.service, service.action_with_pattern())
        }
    }
}

impl RuleForm {
    pub(super) fn rule(self) -> Result<Rule, String> {
        if self.state.is_none() && self.function.is_none() && self.resource.is_none() {
            return Err("say which tasks it is about: `state`, `function` or `resource`".to_owned());
        }
        let RuleForm { state, function, resource, command, url, result, results, endpoint, aws } =
            self;
        let mut ways: Vec<Result<How, String>> = Vec::new();
        ways.extend(command.map(|words| Server::command(&words).map(How::Serve)));
        ways.extend(url.map(|url| Server::address(&url).map(How::Serve)));
        ways.extend(result.map(|result| Ok(How::Answer(vec![Mock::Return(payload(result)?)]))));
        ways.extend(results.map(answers));
        ways.extend(endpoint.map(|text| at_endpoint(&text)));
        ways.extend(aws.filter(|is_on| *is_on).map(|_| Ok(How::Send(Endpoints::default()))));
        let how = ways.pop().unwrap_or_else(|| {
            Err("say how it is served: `command`, `url`, `result`, `results`, `endpoint` or `aws = true`".to_owned())
        });
        if !ways.is_empty() {
            return Err("it is served in two ways".to_owned());
        }
        Ok(Rule { state, function, resource, how: how? })
    }
}

fn at_endpoint(text: &str) -> Result<How, String> {
    let endpoint = Endpoint::parse(text).map_err(|error| error.to_string())?;
    Ok(How::Send(Endpoints { common: Some(endpoint), ..Endpoints::default() }))
}

fn answers(forms: Vec<AnswerForm>) -> Result<How, String> {
    if forms.is_empty() {
        return Err("there is no answer in `results`".to_owned());
    }
    let answers = forms.into_iter().map(|form| match (form.result, form.error) {
        (Some(result), None) => Ok(Mock::Return(payload(result)?)),
        (None, Some(error)) => {
            Ok(Mock::Throw(Failure::new(&error, &form.cause.unwrap_or_default())))
        }
        (Some(_), Some(_)) | (None, None) => {
            Err("an answer has a `result` or an `error` with a `cause`".to_owned())
        }
    });
    Ok(How::Answer(answers.collect::<Result<_, String>>()?))
}

fn payload(value: toml::Value) -> Result<Payload, String> {
    serde_json::to_value(value).map(Payload::new).map_err(|error| error.to_string())
}
