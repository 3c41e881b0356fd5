//! The roles that calls are made with.
//!
//! A state machine's role is assumed with the task function's own rights, and a role that a state names with the state machine's. A
//! session is kept until it is nearly over; roles beyond a bound are asked for anew.

use crate::Aws;
use crate::error::{refused, unavailable};
use aws_config::SdkConfig;
use aws_sdk_sts::Client;
use aws_sdk_sts::config::SharedCredentialsProvider;
use aws_sdk_sts::error::ProvideErrorMetadata as _;
use aws_sdk_sts::types::Credentials as Session;
use baton_calls::Credentials;
use baton_store::{Clock as _, StoreError};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

const WHAT: &str = "role";
/// The sessions' name, which CloudTrail shows.
const SESSION_NAME: &str = "baton";
/// A session this close to its end is not used for another call: one may take a quarter of an hour to be sent twice.
const MARGIN: SignedDuration = SignedDuration::from_mins(5);
/// How many sessions are kept.
const SESSIONS_MAX: usize = 1000;

/// Why a call has no credentials.
#[derive(Debug, thiserror::Error)]
pub enum RoleError {
    /// The role's trust policy, or our own rights, do not allow it. Trying again does not help.
    #[error("the role `{role_arn}` may not be assumed")]
    Denied {
        /// The role.
        role_arn: String,
    },
    /// STS did not answer.
    #[error(transparent)]
    Unavailable(#[from] StoreError),
}

/// The sessions of this process. A clone shares them.
#[derive(Clone)]
pub(crate) struct Roles {
    config: SdkConfig,
    sessions: Arc<Mutex<BTreeMap<Vec<String>, Kept>>>,
}

#[derive(Clone)]
struct Kept {
    credentials: Credentials,
    expires: Timestamp,
}

impl fmt::Debug for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Roles").finish_non_exhaustive()
    }
}

impl Aws {
    /// The credentials of a role for a state machine; with `through`, of one that is assumed with the rights of the first.
    ///
    /// # Errors
    ///
    /// [`RoleError`].
    pub async fn credentials(
        &self,
        role_arn: &str,
        through: Option<&str>,
        machine_arn: &str,
    ) -> Result<Credentials, RoleError> {
        let first = self.session(vec![role_arn.to_owned()], None, machine_arn).await?;
        match through {
            None => Ok(first),
            Some(second) => {
                let roles = vec![role_arn.to_owned(), second.to_owned()];
                self.session(roles, Some(first), machine_arn).await
            }
        }
    }

    /// The session of the last of these roles, assumed with the rights of `with`.
    async fn session(
        &self,
        mut roles: Vec<String>,
        with: Option<Credentials>,
        machine_arn: &str,
    ) -> Result<Credentials, RoleError> {
        let now = self.now();
        let role_arn = roles.last().cloned().unwrap_or_default();
        // A session is its state machine's own: another one is told apart by the role's trust policy.
        roles.push(machine_arn.to_owned());
        if let Some(kept) = self.roles.kept(&roles, now) {
            return Ok(kept);
        }
        let kept = assume(&self.roles.client(with), &role_arn, machine_arn).await?;
        let credentials = kept.credentials.clone();
        self.roles.keep(roles, kept, now);
        Ok(credentials)
    }
}

impl Roles {
    pub(crate) fn new(config: &SdkConfig) -> Self {
        Roles { config: config.clone(), sessions: Arc::default() }
    }

    fn client(&self, with: Option<Credentials>) -> Client {
        let builder = aws_sdk_sts::config::Builder::from(&self.config);
        Client::from_conf(match with {
            None => builder.build(),
            Some(credentials) => builder.credentials_provider(provider(credentials)).build(),
        })
    }

    fn kept(&self, roles: &[String], now: Timestamp) -> Option<Credentials> {
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = sessions.get(roles)?;
        let is_fresh = now.duration_until(kept.expires) > MARGIN;
        is_fresh.then(|| kept.credentials.clone())
    }

    fn keep(&self, roles: Vec<String>, kept: Kept, now: Timestamp) {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        if sessions.len() >= SESSIONS_MAX {
            sessions.retain(|_, kept| kept.expires > now);
        }
        if sessions.len() >= SESSIONS_MAX {
            sessions.pop_first();
        }
        sessions.insert(roles, kept);
    }
}

fn provider(credentials: Credentials) -> SharedCredentialsProvider {
    SharedCredentialsProvider::new(aws_sdk_sts::config::Credentials::new(
        credentials.access_key_id,
        credentials.secret_access_key,
        credentials.session_token,
        None,
        "assumed role",
    ))
}

/// Assumes a role. The state machine's ARN is the external id, as AWS has it: a role's trust policy can ask for it
/// (`sts:ExternalId`), so that no other state machine gets in by naming the role.
async fn assume(client: &Client, role_arn: &str, machine_arn: &str) -> Result<Kept, RoleError> {
    let request = client
        .assume_role()
        .role_arn(role_arn)
        .role_session_name(SESSION_NAME)
        .set_external_id(is_external_id(machine_arn).then(|| machine_arn.to_owned()));
    match request.send().await {
        Ok(answer) => kept(answer.credentials),
        Err(error) if is_denial(error.as_service_error().and_then(|error| error.code())) => {
            Err(RoleError::Denied { role_arn: role_arn.to_owned() })
        }
        Err(error) => Err(unavailable(WHAT)(error).into()),
    }
}

/// Whether STS takes a text for an external id: state machines may have other letters in their names.
fn is_external_id(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@:/-".contains(&byte);
    (2..=1224).contains(&text.len()) && text.bytes().all(is_letter)
}

/// What STS says of a role that may not be assumed, does not exist, or is no role.
fn is_denial(code: Option<&str>) -> bool {
    matches!(
        code,
        Some("AccessDenied" | "AccessDeniedException" | "ValidationError" | "NoSuchEntity")
    )
}

fn kept(session: Option<Session>) -> Result<Kept, RoleError> {
    let session = session.ok_or_else(|| refused(WHAT, "the answer has no credentials"))?;
    let expires = Timestamp::from_second(session.expiration.secs())
        .map_err(|error| refused(WHAT, error.to_string()))?;
    let credentials = Credentials {
        access_key_id: session.access_key_id,
        secret_access_key: session.secret_access_key,
        session_token: Some(session.session_token),
    };
    Ok(Kept { credentials, expires })
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_config::BehaviorVersion;

    fn roles() -> Roles {
        Roles::new(&SdkConfig::builder().behavior_version(BehaviorVersion::latest()).build())
    }

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_second(secs).unwrap()
    }

    fn session(expires: i64) -> Kept {
        let credentials = Credentials {
            access_key_id: "id".to_owned(),
            secret_access_key: "hush".to_owned(),
            session_token: None,
        };
        Kept { credentials, expires: at(expires) }
    }

    #[test]
    fn a_session_is_used_until_it_is_nearly_over() {
        let (roles, role) = (roles(), vec!["a".to_owned()]);
        roles.keep(role.clone(), session(3600), at(0));
        assert!(roles.kept(&role, at(3299)).is_some());
        assert!(roles.kept(&role, at(3300)).is_none());
        assert!(roles.kept(&["b".to_owned()], at(0)).is_none());
    }

    #[test]
    fn a_state_machine_is_an_external_id_where_sts_takes_it() {
        assert!(is_external_id("arn:aws:states:us-east-1:123456789012:stateMachine:order-1"));
        assert!(!is_external_id("arn:aws:states:us-east-1:123456789012:stateMachine:größe"));
        assert!(!is_external_id(""));
    }

    #[test]
    fn no_more_sessions_are_kept_than_the_bound() {
        let roles = roles();
        for number in 0..=SESSIONS_MAX {
            roles.keep(vec![number.to_string()], session(3600), at(0));
        }
        assert_eq!(roles.sessions.lock().unwrap().len(), SESSIONS_MAX);
    }
}
