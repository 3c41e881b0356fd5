//! The environment, read in one place: what the template sets, and what Lambda does.

use baton_aws::{Names, Settings};
use baton_calls::{Endpoint, Endpoints};
use baton_integrations::endpoint_variable_suffixes;
use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

/// What a function is told.
#[derive(Debug, Clone)]
pub struct Configuration {
    /// The function's own name.
    pub function: Arc<str>,
    /// The stack's account.
    pub account: Arc<str>,
    /// The partition that it is in: `aws`, `aws-cn` …
    pub partition: Arc<str>,
    /// The stack's region.
    pub region: Arc<str>,
    /// Where the secret that signs task tokens is.
    pub token_secret_arn: Arc<str>,
    /// The role that the function runs with, if it is one that makes calls.
    pub caller_role_arn: Option<Arc<str>>,
    /// Where poison cues are kept, for the function that deals with them.
    pub kept_queue_url: Option<Arc<str>>,
    /// How many transitions a scope may make.
    pub transitions_max: Option<u32>,
    /// How many transitions a second a scope may make.
    pub transitions_per_sec: Option<u32>,
    /// What a check-up of the stack looks at beside executions: queue addresses and function names, for whoever may ask.
    pub examined: Option<Arc<str>>,
    /// Whether events tell the ends of jobs.
    pub hears_events: bool,
    /// The hosts that HTTP Tasks may call wherever they are.
    pub http_hosts: Vec<String>,
    /// The largest input, output or result.
    pub payload_bytes_max: Option<usize>,
    /// The backend's settings.
    pub backend: Settings,
    /// Where services are found.
    pub endpoints: Endpoints,
}

/// A variable that is not there, or says nothing that makes sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// It is not set, or empty.
    #[error("the variable `{0}` is not set: is this function part of Baton's template?")]
    Missing(&'static str),
    /// It is not what it should be.
    #[error("the variable `{name}` is `{value}`, which it cannot be")]
    Value {
        /// Its name.
        name: String,
        /// What it says.
        value: String,
    },
}

impl Configuration {
    /// Reads the process's environment.
    ///
    /// # Errors
    ///
    /// [`Invalid`]: the function cannot work.
    pub fn from_env() -> Result<Self, Invalid> {
        #[expect(clippy::disallowed_methods, reason = "the one place where the functions read it")]
        Configuration::read(&|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    /// Reads an environment by its variables' names.
    ///
    /// # Errors
    ///
    /// [`Invalid`]: the function cannot work.
    pub fn read(find: &impl Fn(&str) -> Option<String>) -> Result<Self, Invalid> {
        let text = |name| find(name).map(Arc::from).ok_or(Invalid::Missing(name));
        let payload_bytes_max: usize = number(find, "BATON_PAYLOAD_BYTES_MAX")?;
        Ok(Configuration {
            function: text("AWS_LAMBDA_FUNCTION_NAME")?,
            account: text("BATON_ACCOUNT")?,
            partition: text("BATON_PARTITION")?,
            region: text("AWS_REGION")?,
            token_secret_arn: text("BATON_TOKEN_SECRET_ARN")?,
            caller_role_arn: find("BATON_CALLER_ROLE_ARN").map(Arc::from),
            kept_queue_url: find("BATON_KEPT_QUEUE_URL").map(Arc::from),
            transitions_max: number_if_any(find, "BATON_TRANSITIONS_MAX")?,
            transitions_per_sec: number_if_any(find, "BATON_TRANSITIONS_PER_SECOND")?,
            examined: find("BATON_EXAMINED").map(Arc::from),
            hears_events: find("BATON_JOB_EVENTS").as_deref() == Some("true"),
            http_hosts: find("BATON_HTTP_HOSTS")
                .map(|hosts| hosts.split(',').map(str::to_owned).collect())
                .unwrap_or_default(),
            payload_bytes_max: (payload_bytes_max > 0).then_some(payload_bytes_max),
            backend: Settings {
                names: Names {
                    table: text("BATON_TABLE")?,
                    bucket: text("BATON_BUCKET")?,
                    cue_queue_url: text("BATON_CUE_QUEUE_URL")?,
                    task_queue_url: text("BATON_TASK_QUEUE_URL")?,
                    express_queue_url: text("BATON_EXPRESS_QUEUE_URL")?,
                    map_queue_url: text("BATON_MAP_QUEUE_URL")?,
                },
                retention_days: number(find, "BATON_RETENTION_DAYS")?,
            },
            endpoints: endpoints(find)?,
        })
    }
}

fn number<T: FromStr>(
    find: &impl Fn(&str) -> Option<String>,
    name: &'static str,
) -> Result<T, Invalid> {
    let value = find(name).ok_or(Invalid::Missing(name))?;
    value.parse().map_err(|_| Invalid::Value { name: name.to_owned(), value })
}

/// A number that need not be there; 0 stands for none.
fn number_if_any(
    find: &impl Fn(&str) -> Option<String>,
    name: &'static str,
) -> Result<Option<u32>, Invalid> {
    let Some(value) = find(name) else { return Ok(None) };
    let number = value.parse().map_err(|_| Invalid::Value { name: name.to_owned(), value })?;
    Ok(Some(number).filter(|number| *number > 0))
}

/// The endpoints that every AWS SDK knows by these variables.
fn endpoints(find: &impl Fn(&str) -> Option<String>) -> Result<Endpoints, Invalid> {
    let endpoint = |name: &str| {
        let parse = |value: String| {
            Endpoint::parse(&value).map_err(|_| Invalid::Value { name: name.to_owned(), value })
        };
        find(name).map(parse).transpose()
    };
    let mut own = BTreeMap::new();
    for suffix in endpoint_variable_suffixes() {
        let found = endpoint(&format!("AWS_ENDPOINT_URL_{suffix}"))?;
        own.extend(found.map(|endpoint| (suffix.into(), endpoint)));
    }
    Ok(Endpoints { common: endpoint("AWS_ENDPOINT_URL")?, own })
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &[(&str, &str)] = &[
        ("AWS_LAMBDA_FUNCTION_NAME", "f"),
        ("AWS_REGION", "eu-west-1"),
        ("BATON_ACCOUNT", "111111111111"),
        ("BATON_TOKEN_SECRET_ARN", "arn:secret"),
        ("BATON_PARTITION", "aws"),
        ("BATON_PAYLOAD_BYTES_MAX", "0"),
        ("BATON_TABLE", "t"),
        ("BATON_BUCKET", "b"),
        ("BATON_CUE_QUEUE_URL", "c"),
        ("BATON_TASK_QUEUE_URL", "q"),
        ("BATON_EXPRESS_QUEUE_URL", "e"),
        ("BATON_MAP_QUEUE_URL", "m"),
        ("BATON_RETENTION_DAYS", "90"),
        ("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:1"),
    ];

    fn read(changed: &[(&str, &str)]) -> Result<Configuration, Invalid> {
        let all: BTreeMap<&str, &str> = WHOLE.iter().chain(changed).copied().collect();
        Configuration::read(&|name| {
            all.get(name).filter(|value| !value.is_empty()).map(|value| (*value).to_owned())
        })
    }

    #[test]
    fn the_template_s_variables_are_read() {
        let read = read(&[]).unwrap();
        assert_eq!((&*read.function, &*read.backend.names.task_queue_url), ("f", "q"));
        assert_eq!((read.payload_bytes_max, read.backend.retention_days), (None, 90));
        assert_eq!(read.caller_role_arn, None);
        assert!(read.endpoints.configured("LAMBDA").is_some());
        assert!(read.endpoints.configured("SQS").is_none());
    }

    #[test]
    fn what_is_missing_or_senseless_is_told_by_name() {
        let check = |name, value, error: &str| {
            assert_eq!(read(&[(name, value)]).unwrap_err().to_string(), error);
        };
        check(
            "BATON_TABLE",
            "",
            "the variable `BATON_TABLE` is not set: is this function part of Baton's template?",
        );
        check(
            "BATON_RETENTION_DAYS",
            "many",
            "the variable `BATON_RETENTION_DAYS` is `many`, which it cannot be",
        );
        check(
            "AWS_ENDPOINT_URL",
            "nowhere",
            "the variable `AWS_ENDPOINT_URL` is `nowhere`, which it cannot be",
        );
    }
}
