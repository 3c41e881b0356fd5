//! `baton.toml`: how tasks are served on one machine.
//!
//! ```toml
//! [[task]]                        # the first whose patterns all fit decides
//! function = "order-*"            # a function's name or ARN
//! command = "./order-task {name}"
//!
//! [[task]]
//! resource = "sqs:sendMessage*"   # as in the ARN, pattern included
//! result = { MessageId = "m-1" }
//!
//! [[task]]
//! state = "Charge"
//! results = [{ error = "Busy", cause = "later" }, { result = { paid = true } }]   # by attempt
//!
//! [[task]]
//! resource = "dynamodb:*"
//! endpoint = "http://127.0.0.1:8000"
//!
//! [[task]]
//! function = "*"
//! aws = true                      # on AWS itself, whatever AWS_ENDPOINT_URL says
//!
//! [http]
//! allow = ["localhost", "*.internal"]   # hosts that HTTP Tasks may call wherever they are
//!
//! [connections.payments]          # an EventBridge connection's name, or its ARN
//! api_key = { name = "X-Api-Key", value = "${PAYMENTS_KEY}" }
//!
//! [record]
//! leave_out = ["iban"]            # members that --record leaves out, besides those that look like secrets
//! ```
//!
//! `${NAME}` in a connection stands for a variable of the environment: secrets need not stand in the file.

mod connections;
mod rule;

pub(crate) use connections::Connections;
pub(crate) use rule::{How, Rule};

use crate::complaint::Complaint;
use crate::files;
use connections::ConnectionForm;
use rule::RuleForm;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The file's name.
const NAME: &str = "baton.toml";

/// What the file says.
#[derive(Debug, Default)]
pub(crate) struct Config {
    /// How tasks are served, the first that fits.
    pub(crate) rules: Vec<Rule>,
    /// The hosts that HTTP Tasks may call wherever they are.
    pub(crate) allowed_hosts: Vec<String>,
    /// The connections of HTTP Tasks.
    pub(crate) connections: Connections,
    /// The members that recordings leave out.
    pub(crate) left_out: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    task: Vec<RuleForm>,
    http: HttpForm,
    connections: BTreeMap<String, ConnectionForm>,
    record: RecordForm,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct HttpForm {
    allow: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RecordForm {
    leave_out: Vec<String>,
}

impl Config {
    /// Reads the file that is named, else the one in this folder, if it is there.
    pub(crate) fn find(
        named: Option<&Path>,
        folder: &Path,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, Complaint> {
        let beside = folder.join(NAME);
        let path: PathBuf = match named {
            Some(path) => path.to_owned(),
            None if beside.is_file() => beside,
            None => return Ok(Config::default()),
        };
        let text = files::read(&path)?;
        Config::parse(&text, variable)
            .map_err(|fault| Complaint(format!("{}: {fault}", path.display())))
    }

    fn parse(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        let rules = file.task.into_iter().enumerate();
        let rules = rules.map(|(index, form)| {
            form.rule().map_err(|fault| format!("task {}: {fault}", index.saturating_add(1)))
        });
        Ok(Config {
            rules: rules.collect::<Result<_, _>>()?,
            allowed_hosts: file.http.allow,
            connections: Connections::read(file.connections, variable)?,
            left_out: file.record.leave_out,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use baton_asl::Resource;
    use baton_integrations::http_task::Authorization;

    fn parse(text: &str) -> Result<Config, String> {
        Config::parse(text, &|name| (name == "KEY").then(|| "hush".to_owned()))
    }

    #[test]
    fn the_first_rule_whose_patterns_fit_decides() {
        let config = parse(
            r#"
            [[task]]
            function = "order-*"
            state = "Pay"
            command = "pay {name}"
            [[task]]
            function = "order-*"
            url = "http://127.0.0.1:1/{name}"
            [[task]]
            resource = "sqs:sendMessage*"
            result = { a = [1] }
            [[task]]
            state = "Ship"
            results = [{ error = "Busy" }, { result = 1 }]
            [[task]]
            resource = "dynamodb:*"
            endpoint = "http://127.0.0.1:2"
            "#,
        )
        .unwrap();
        let arn = |text: &str| Resource::parse(&format!("arn:aws:{text}")).unwrap();
        let check =
            |state: &str, resource: &str, function: Option<&str>, expected: Option<usize>| {
                let found =
                    config.rules.iter().position(|rule| rule.fits(state, &arn(resource), function));
                assert_eq!(found, expected, "{state} {resource}");
            };
        check("Pay", "states:::lambda:invoke", Some("order-pay"), Some(0));
        check("Other", "lambda:us-east-1:1:function:order-x", Some("order-x"), Some(1));
        check("Other", "states:::lambda:invoke", Some("other"), None);
        check("Other", "states:::sqs:sendMessage.waitForTaskToken", None, Some(2));
        check("Ship", "states:::sns:publish", None, Some(3));
        check("Other", "states:::dynamodb:putItem", None, Some(4));
        check("Other", "states:::aws-sdk:dynamodb:putItem", None, None);
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        for (text, expected) in [
            ("[[task]]\nfunction = 'f'", "task 1: say how it is served"),
            ("[[task]]\ncommand = 'x'", "task 1: say which tasks it is about"),
            (
                "[[task]]\nfunction = 'f'\ncommand = 'x'\nurl = 'http://x'",
                "task 1: it is served in two ways",
            ),
            ("[[task]]\nfunction = 'f'\ncomand = 'x'", "unknown field `comand`"),
            ("[[task]]\nfunction = 'f'\nendpoint = 'x'", "`x` is not an endpoint"),
            ("[[task]]\nstate = 'f'\nresults = []", "task 1: there is no answer"),
            ("[[task]]\nstate = 'f'\nresults = [{}]", "an answer has a `result` or an `error`"),
            ("[connections.c]", "connections.c: it has one of `basic`, `api_key` and `oauth`"),
            (
                "[connections.c]\nbasic = { username = 'u', password = '${NONE}' }",
                "the variable `NONE` is not set",
            ),
            ("x", "expected"),
        ] {
            let fault = parse(text).unwrap_err();
            assert!(fault.contains(expected), "{text}: {fault}");
        }
    }

    #[test]
    fn a_connection_is_found_by_its_name_or_arn_and_takes_secrets_from_the_environment() {
        let config = parse("[connections.pay]\napi_key = { name = 'X-Key', value = 'k-${KEY}' }\nheaders = { a = '1' }").unwrap();
        let arn = "arn:aws:events:us-east-1:1:connection/pay/0-1";
        let connection = config.connections.find(arn).unwrap();
        let expected = Authorization::ApiKey { name: "X-Key".into(), value: "k-hush".into() };
        assert!(connection.authorization == expected);
        assert!(
            config.connections.find("arn:aws:events:us-east-1:1:connection/other/0-1").is_none()
        );
        assert!(!format!("{config:?}").contains("hush"));
    }
}
