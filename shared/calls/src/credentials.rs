//! Whose signature a call carries.

use crate::error::BoxError;
use crate::limits::PROFILE_BYTES_MAX;
use crate::profile;
use aws_smithy_runtime_api::client::identity::Identity;
use std::fmt;
use std::future::{Future, ready};
use std::io::Read;
use std::path::{Path, PathBuf};

/// An access key.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// `aws_access_key_id`.
    pub access_key_id: String,
    /// `aws_secret_access_key`.
    pub secret_access_key: String,
    /// `aws_session_token`.
    pub session_token: Option<String>,
}

impl Credentials {
    /// As signatures take them.
    pub(crate) fn identity(&self) -> Identity {
        aws_credential_types::Credentials::new(
            self.access_key_id.clone(),
            self.secret_access_key.clone(),
            self.session_token.clone(),
            None,
            "baton",
        )
        .into()
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The secrets stay out of logs.
        f.debug_struct("Credentials")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

/// Why there are no credentials.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// Nobody configured any.
    #[error("the profile `{profile}` has no credentials")]
    Missing {
        /// The profile that was looked in last.
        profile: String,
    },
    /// They would have to be asked for elsewhere.
    #[error(
        "the profile `{profile}` finds its credentials by `{setting}`, which Baton does not follow: run `eval \"$(aws configure export-credentials --profile {profile} --format env)\"` first"
    )]
    Indirect {
        /// The profile.
        profile: String,
        /// The setting that says so.
        setting: &'static str,
    },
    /// A file is there and cannot be read.
    #[error("cannot read `{}`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The role cannot be assumed.
    #[error("cannot assume the role `{role}`")]
    Refused {
        /// The role.
        role: String,
        /// Why.
        #[source]
        source: BoxError,
    },
}

/// Finds credentials.
pub trait CredentialsProvider: Send + Sync {
    /// The credentials for a call that is made with this role.
    fn credentials(
        &self,
        role_arn: &str,
    ) -> impl Future<Output = Result<Credentials, CredentialsError>> + Send;
}

/// One person's credentials, on their own machine: every call is made with them, whatever its role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LocalCredentials {
    /// These.
    Given(Credentials),
    /// Those of a profile, read for each call: they may be replaced at any time.
    Profile(ProfileFiles),
}

/// Where a profile is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileFiles {
    /// The profile's name.
    pub profile: String,
    /// The file `credentials`.
    pub credentials: PathBuf,
    /// The file `config`.
    pub config: PathBuf,
    /// What calls are signed with where the profile has nothing: an emulator wants a signature, and checks none.
    pub stand_in: Option<Credentials>,
}

impl LocalCredentials {
    /// The credentials as they are now, stand-ins aside.
    ///
    /// # Errors
    ///
    /// [`CredentialsError`] if there are none.
    pub fn find(&self) -> Result<Credentials, CredentialsError> {
        match self {
            LocalCredentials::Given(credentials) => Ok(credentials.clone()),
            LocalCredentials::Profile(files) => {
                let [credentials, config] = [read(&files.credentials)?, read(&files.config)?];
                profile::credentials(&credentials, &config, &files.profile)
            }
        }
    }
}

impl CredentialsProvider for LocalCredentials {
    fn credentials(
        &self,
        _role_arn: &str,
    ) -> impl Future<Output = Result<Credentials, CredentialsError>> + Send {
        let stand_in = match self {
            LocalCredentials::Given(_) => None,
            LocalCredentials::Profile(files) => files.stand_in.clone(),
        };
        ready(match (self.find(), stand_in) {
            (Err(CredentialsError::Missing { .. }), Some(stand_in)) => Ok(stand_in),
            (found, _) => found,
        })
    }
}

/// The file's text; none if there is no such file.
fn read(path: &Path) -> Result<String, CredentialsError> {
    let unreadable = |source| CredentialsError::Unreadable { path: path.to_owned(), source };
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(String::new()),
        Err(error) => return Err(unreadable(error)),
    };
    let mut text = String::new();
    file.take(PROFILE_BYTES_MAX).read_to_string(&mut text).map_err(unreadable)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_stay_out_of_logs() {
        let credentials = Credentials {
            access_key_id: "id".into(),
            secret_access_key: "hush".into(),
            session_token: Some("hush".into()),
        };
        assert!(!format!("{:?}", LocalCredentials::Given(credentials)).contains("hush"));
    }

    #[tokio::test]
    async fn files_that_are_not_there_hold_nothing() {
        let stand_in = Credentials {
            access_key_id: "test".into(),
            secret_access_key: "test".into(),
            session_token: None,
        };
        let mut files = ProfileFiles {
            profile: "default".into(),
            credentials: "/nonexistent/credentials".into(),
            config: "/nonexistent/config".into(),
            stand_in: Some(stand_in.clone()),
        };
        let with = LocalCredentials::Profile(files.clone());
        assert!(matches!(with.find(), Err(CredentialsError::Missing { .. })));
        assert_eq!(with.credentials("").await.unwrap(), stand_in);
        files.stand_in = None;
        assert!(LocalCredentials::Profile(files).credentials("").await.is_err());
    }
}
