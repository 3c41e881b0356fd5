//! An EventBridge connection: how a request is authorized, and what is added to each.

use super::{HttpRequest, connection_failure, set};
use crate::lambda::encoded;
use crate::{Request, Response, Service, json};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use baton_engine::Failure;
use serde_json::{Map, Value};

/// A connection with its secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Connection {
    /// How requests are authorized.
    pub authorization: Authorization,
    /// Headers of every request.
    pub headers: Vec<Parameter>,
    /// Query parameters of every request.
    pub query: Vec<Parameter>,
    /// Members of every request's body.
    pub body: Vec<Parameter>,
}

/// How requests are authorized.
#[derive(Clone, PartialEq, Eq)]
pub enum Authorization {
    /// By a name and a password.
    Basic {
        /// The name.
        username: String,
        /// The password.
        password: String,
    },
    /// By a header.
    ApiKey {
        /// The header.
        name: String,
        /// What it says.
        value: String,
    },
    /// By a token that is fetched with the client's credentials.
    OAuth(OAuth),
}

/// Where and with what a token is fetched.
#[derive(Clone, PartialEq, Eq)]
pub struct OAuth {
    /// The address.
    pub endpoint: String,
    /// `GET`, `POST` or `PUT`.
    pub method: String,
    /// `client_id`.
    pub client_id: String,
    /// `client_secret`.
    pub client_secret: String,
    /// Headers of the token's request.
    pub headers: Vec<Parameter>,
    /// Its query parameters.
    pub query: Vec<Parameter>,
    /// Its form fields, `scope` say.
    pub body: Vec<Parameter>,
}

/// A name with a value.
#[derive(Clone, PartialEq, Eq)]
pub struct Parameter {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
}

/// A token.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenAnswer {
    /// The token.
    pub token: String,
    /// For how long it is good, where that is said.
    pub secs: Option<u64>,
}

macro_rules! without_secrets {
    ($($name:ident),*) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}
without_secrets!(Connection, Authorization, OAuth, Parameter, TokenAnswer);

impl Connection {
    pub(super) fn authorize(&self, headers: &mut Vec<(String, String)>, token: Option<&str>) {
        match &self.authorization {
            Authorization::Basic { username, password } => {
                let both = STANDARD.encode(format!("{username}:{password}"));
                set(headers, "authorization", &format!("Basic {both}"));
            }
            Authorization::ApiKey { name, value } => {
                set(headers, &name.to_ascii_lowercase(), value);
            }
            Authorization::OAuth(_) => {
                let token = token.unwrap_or_default();
                set(headers, "authorization", &format!("Bearer {token}"));
            }
        }
    }

    /// Reads what EventBridge (DescribeConnection) and Secrets Manager say of a connection.
    ///
    /// # Errors
    ///
    /// The connection cannot be used, as the task's failure.
    pub fn from_aws(description: &Value, secret: &Value) -> Result<Self, Failure> {
        let state = text(description, "ConnectionState").unwrap_or_default();
        if state != "AUTHORIZED" {
            let cause = format!("The connection is in the state {state}: it must be AUTHORIZED.");
            return Err(connection_failure("InvalidConnectionState", &cause));
        }
        let incomplete = || {
            let cause = "The connection's description and its secret do not say how to authorize.";
            connection_failure("InvalidConnectionState", cause)
        };
        let shown = description.get("AuthParameters").cloned().unwrap_or_default();
        let authorization = authorization(description, &shown, secret).ok_or_else(incomplete)?;
        let own = shown.get("InvocationHttpParameters").cloned().unwrap_or_default();
        let hidden = secret.get("invocation_http_parameters").cloned().unwrap_or_default();
        let parameters =
            |kind: &str, hidden_kind: &str| parameters(own.get(kind), hidden.get(hidden_kind));
        Ok(Connection {
            authorization,
            headers: parameters("HeaderParameters", "header_parameters"),
            query: parameters("QueryStringParameters", "query_string_parameters"),
            body: parameters("BodyParameters", "body_parameters"),
        })
    }
}

/// Asks EventBridge for a connection.
#[must_use]
pub fn description_request(arn: &str) -> Request {
    let members = Map::from_iter([("Name".to_owned(), Value::from(name(arn)))]);
    let (version, target) = (json::Version::V1_1, "AWSEvents.DescribeConnection");
    json::request(Service::EventBridge, version, target, region(arn), &members)
}

/// Asks Secrets Manager for what a connection keeps secret.
#[must_use]
pub fn secret_request(arn: &str, secret_arn: &str) -> Request {
    let members = Map::from_iter([("SecretId".to_owned(), Value::from(secret_arn))]);
    let (version, target) = (json::Version::V1_1, "secretsmanager.GetSecretValue");
    let mut request = json::request(Service::EventBridge, version, target, region(arn), &members);
    let destination = &mut request.destination;
    destination.host = destination.host.replacen("events.", "secretsmanager.", 1);
    destination.endpoint_variable_suffix = "SECRETS_MANAGER".into();
    destination.signing.name = Some("secretsmanager".into());
    request
}

/// What one of the two answered.
///
/// # Errors
///
/// A refusal, as the task's failure.
pub fn connection_answer(response: &Response) -> Result<Value, Failure> {
    let answer: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    if response.is_success() {
        return Ok(answer);
    }
    let code = answer.get("__type").and_then(Value::as_str).unwrap_or_default();
    let name = match code.rsplit('#').next().unwrap_or_default() {
        "ResourceNotFoundException" => "ResourceNotFound",
        "AccessDeniedException" => "AccessDenied",
        "ThrottlingException" => "ThrottlingException",
        _ => "InternalError",
    };
    let text = answer.get("message").or_else(|| answer.get("Message")).and_then(Value::as_str);
    let fallback = format!("The connection could not be read: status {}.", response.status);
    Err(connection_failure(name, text.unwrap_or(&fallback)))
}

/// The name in a connection's ARN: `…:connection/NAME/…`.
#[must_use]
pub fn name(arn: &str) -> &str {
    let rest = arn.rsplit_once(":connection/").map_or(arn, |(_, rest)| rest);
    rest.split('/').next().unwrap_or_default()
}

fn region(arn: &str) -> &str {
    arn.split(':').nth(3).unwrap_or_default()
}

fn authorization(description: &Value, shown: &Value, secret: &Value) -> Option<Authorization> {
    let secret_text = |name: &str| text(secret, name);
    Some(match text(description, "AuthorizationType")?.as_str() {
        "BASIC" => Authorization::Basic {
            username: secret_text("username")
                .or_else(|| text(shown.get("BasicAuthParameters")?, "Username"))?,
            password: secret_text("password")?,
        },
        "API_KEY" => Authorization::ApiKey {
            name: secret_text("api_key_name")
                .or_else(|| text(shown.get("ApiKeyAuthParameters")?, "ApiKeyName"))?,
            value: secret_text("api_key_value")?,
        },
        "OAUTH_CLIENT_CREDENTIALS" => {
            let oauth = shown.get("OAuthParameters")?;
            let own = oauth.get("OAuthHttpParameters").cloned().unwrap_or_default();
            let hidden = secret.get("oauth_http_parameters").cloned().unwrap_or_default();
            let parameters =
                |kind: &str, hidden_kind: &str| parameters(own.get(kind), hidden.get(hidden_kind));
            Authorization::OAuth(OAuth {
                endpoint: text(oauth, "AuthorizationEndpoint")?,
                method: text(oauth, "HttpMethod").unwrap_or_else(|| "POST".to_owned()),
                client_id: secret_text("client_id")
                    .or_else(|| text(oauth.get("ClientParameters")?, "ClientID"))?,
                client_secret: secret_text("client_secret")?,
                headers: parameters("HeaderParameters", "header_parameters"),
                query: parameters("QueryStringParameters", "query_string_parameters"),
                body: parameters("BodyParameters", "body_parameters"),
            })
        }
        _ => return None,
    })
}

fn text(value: &Value, name: &str) -> Option<String> {
    value.get(name)?.as_str().map(str::to_owned)
}

/// Parameters: those that are no secret are in the description with their values, all of them in the secret.
fn parameters(shown: Option<&Value>, hidden: Option<&Value>) -> Vec<Parameter> {
    let mut found: Vec<Parameter> = Vec::new();
    let all = [shown, hidden].into_iter().flatten().filter_map(Value::as_array).flatten();
    for entry in all {
        let part = |upper: &str, lower: &str| text(entry, upper).or_else(|| text(entry, lower));
        if let (Some(name), Some(value)) = (part("Key", "key"), part("Value", "value")) {
            found.retain(|known| known.name != name);
            found.push(Parameter { name, value });
        }
    }
    found
}

impl OAuth {
    /// The request for a token.
    #[must_use]
    pub fn request(&self) -> HttpRequest {
        let mut form = vec![
            ("grant_type", "client_credentials"),
            ("client_id", &self.client_id),
            ("client_secret", &self.client_secret),
        ];
        form.extend(self.body.iter().map(|own| (own.name.as_str(), own.value.as_str())));
        let joined = |pairs: &[(&str, &str)]| {
            let pairs =
                pairs.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
            pairs.collect::<Vec<_>>().join("&")
        };
        let mut headers = Vec::new();
        for Parameter { name, value } in &self.headers {
            set(&mut headers, &name.to_ascii_lowercase(), value);
        }
        let mut query: Vec<(&str, &str)> =
            self.query.iter().map(|own| (own.name.as_str(), own.value.as_str())).collect();
        let body = if self.method == "GET" {
            query.extend(form);
            Vec::new()
        } else {
            let kind = "application/x-www-form-urlencoded";
            set(&mut headers, "content-type", kind);
            joined(&form).into_bytes()
        };
        let separator = if self.endpoint.contains('?') { '&' } else { '?' };
        let address = match query.is_empty() {
            true => self.endpoint.clone(),
            false => format!("{}{separator}{}", self.endpoint, joined(&query)),
        };
        HttpRequest { method: self.method.clone(), address, headers, body }
    }

    /// The token in the answer.
    ///
    /// # Errors
    ///
    /// There is none, as the task's failure.
    pub fn token(&self, response: &Response) -> Result<TokenAnswer, Failure> {
        let answer: Map<String, Value> = serde_json::from_slice(&response.body).unwrap_or_default();
        let token = answer.get("access_token").and_then(Value::as_str);
        match token.filter(|_| response.is_success()) {
            Some(token) if token.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(TokenAnswer {
                token: token.to_owned(),
                secs: answer.get("expires_in").and_then(Value::as_u64),
            }),
            _ => {
                let status = response.status;
                let cause = format!("The authorization endpoint answered {status} and no token.");
                Err(connection_failure("AuthorizationFailed", &cause))
            }
        }
    }
}
