//! `[connections.NAME]`: what EventBridge and Secrets Manager know of a connection on AWS.

use baton_integrations::http_task::{Authorization, Connection, OAuth, Parameter, connection_name};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Connections by their names or ARNs.
#[derive(Debug, Default)]
pub(crate) struct Connections(BTreeMap<String, Connection>);

type Pairs = BTreeMap<String, String>;
type Variable<'a> = &'a dyn Fn(&str) -> Option<String>;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ConnectionForm {
    basic: Option<BasicForm>,
    api_key: Option<KeyForm>,
    oauth: Option<OAuthForm>,
    headers: Pairs,
    query: Pairs,
    body: Pairs,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BasicForm {
    username: String,
    password: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyForm {
    name: String,
    value: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OAuthForm {
    endpoint: String,
    #[serde(default)]
    method: Option<String>,
    client_id: String,
    client_secret: String,
    #[serde(default)]
    headers: Pairs,
    #[serde(default)]
    query: Pairs,
    #[serde(default)]
    body: Pairs,
}

impl Connections {
    pub(super) fn read(
        forms: BTreeMap<String, ConnectionForm>,
        variable: Variable<'_>,
    ) -> Result<Self, String> {
        let read = |(name, form): (String, ConnectionForm)| match form.connection(variable) {
            Ok(connection) => Ok((name, connection)),
            Err(fault) => Err(format!("connections.{name}: {fault}")),
        };
        forms.into_iter().map(read).collect::<Result<_, _>>().map(Connections)
    }

    /// The connection of an ARN: `…:connection/NAME/…`.
    pub(crate) fn find(&self, arn: &str) -> Option<&Connection> {
        self.0.get(arn).or_else(|| self.0.get(connection_name(arn)))
    }
}

impl ConnectionForm {
    fn connection(self, variable: Variable<'_>) -> Result<Connection, String> {
        let filled = |text: String| fill_in(&text, variable);
        let pairs = |pairs: Pairs| parameters(pairs, variable);
        let authorization = match (self.basic, self.api_key, self.oauth) {
            (Some(form), None, None) => Authorization::Basic {
                username: filled(form.username)?,
                password: filled(form.password)?,
            },
            (None, Some(form), None) => {
                Authorization::ApiKey { name: filled(form.name)?, value: filled(form.value)? }
            }
            (None, None, Some(form)) => Authorization::OAuth(OAuth {
                endpoint: filled(form.endpoint)?,
                method: form.method.unwrap_or_else(|| "POST".to_owned()),
                client_id: filled(form.client_id)?,
                client_secret: filled(form.client_secret)?,
                headers: pairs(form.headers)?,
                query: pairs(form.query)?,
                body: pairs(form.body)?,
            }),
            _ => return Err("it has one of `basic`, `api_key` and `oauth`".to_owned()),
        };
        Ok(Connection {
            authorization,
            headers: pairs(self.headers)?,
            query: pairs(self.query)?,
            body: pairs(self.body)?,
        })
    }
}

fn parameters(pairs: Pairs, variable: Variable<'_>) -> Result<Vec<Parameter>, String> {
    let read =
        |(name, value): (String, String)| Ok(Parameter { name, value: fill_in(&value, variable)? });
    pairs.into_iter().map(read).collect()
}

/// Puts the environment's variables in place of `${NAME}`.
fn fill_in(text: &str, variable: Variable<'_>) -> Result<String, String> {
    let mut parts = text.split("${");
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}').ok_or("a `${` has no `}`")?;
        let value = variable(name).ok_or_else(|| format!("the variable `{name}` is not set"))?;
        filled.push_str(&value);
        filled.push_str(rest);
    }
    Ok(filled)
}
