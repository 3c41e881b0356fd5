//! The process's surroundings, read here and nowhere else.

use baton_calls::{
    Credentials, Endpoint, Endpoints, InvalidEndpoint, LocalCredentials, ProfileFiles,
    profile_region,
};
use baton_integrations::endpoint_variable_suffixes;
use std::path::PathBuf;

/// What the environment's variables say, by AWS's own names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Environment {
    /// The region, where one is configured.
    pub(crate) region: Option<String>,
    /// The endpoints that are not AWS's own.
    pub(crate) endpoints: Endpoints,
    /// Whose calls these are.
    pub(crate) credentials: LocalCredentials,
    /// Whether output may be coloured (`NO_COLOR`).
    pub(crate) may_colour: bool,
}

/// A variable that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{variable}: {source}")]
pub(crate) struct InvalidVariable {
    variable: String,
    source: InvalidEndpoint,
}

impl Environment {
    /// A variable that `baton.toml` names.
    #[expect(clippy::unused_self, reason = "whoever has no environment may not read it")]
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        #[expect(clippy::disallowed_methods, reason = "this is the one place")]
        std::env::var(name).ok()
    }

    /// Reads the process's environment.
    pub(crate) fn read() -> Result<Self, InvalidVariable> {
        #[expect(clippy::disallowed_methods, reason = "this is the one place")]
        let variable = |name: &str| std::env::var(name).ok();
        Self::from_variables(&variable)
    }

    fn from_variables(variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, InvalidVariable> {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let endpoints = endpoints(&variable)?;
        let profile = variable("AWS_PROFILE").unwrap_or_else(|| "default".to_owned());
        let home = PathBuf::from(variable("HOME").unwrap_or_default()).join(".aws");
        let file = |name: &str, default: &str| {
            variable(name).map_or_else(|| home.join(default), PathBuf::from)
        };
        let files = ProfileFiles {
            profile: profile.clone(),
            credentials: file("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
            config: file("AWS_CONFIG_FILE", "config"),
            // Our own API and emulators check no signature; without one emulators refuse.
            stand_in: Some(Credentials {
                access_key_id: "test".to_owned(),
                secret_access_key: "test".to_owned(),
                session_token: None,
            }),
        };
        let region = variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION"));
        let region = region
            .or_else(|| profile_region(&std::fs::read_to_string(&files.config).ok()?, &profile));
        let given = variable("AWS_ACCESS_KEY_ID").zip(variable("AWS_SECRET_ACCESS_KEY"));
        let credentials = match given {
            Some((access_key_id, secret_access_key)) => LocalCredentials::Given(Credentials {
                access_key_id,
                secret_access_key,
                session_token: variable("AWS_SESSION_TOKEN"),
            }),
            None => LocalCredentials::Profile(files),
        };
        let may_colour = variable("NO_COLOR").is_none();
        Ok(Environment { region, endpoints, credentials, may_colour })
    }
}

fn endpoints(variable: &dyn Fn(&str) -> Option<String>) -> Result<Endpoints, InvalidVariable> {
    let mut endpoints = Endpoints::default();
    if variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").as_deref() == Some("true") {
        return Ok(endpoints);
    }
    let endpoint = |name: &str| match variable(name) {
        None => Ok(None),
        Some(text) => match Endpoint::parse(&text) {
            Ok(endpoint) => Ok(Some(endpoint)),
            Err(source) => Err(InvalidVariable { variable: name.to_owned(), source }),
        },
    };
    endpoints.common = endpoint("AWS_ENDPOINT_URL")?;
    for suffix in endpoint_variable_suffixes() {
        let found = endpoint(&format!("AWS_ENDPOINT_URL_{suffix}"))?;
        endpoints.own.extend(found.map(|endpoint| (suffix.into(), endpoint)));
    }
    Ok(endpoints)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Result<Environment, InvalidVariable> {
        Environment::from_variables(&|name| {
            let found = variables.iter().find(|(known, _)| *known == name)?;
            Some(found.1.to_owned())
        })
    }

    #[test]
    fn variables_go_by_awss_names() {
        let environment = environment(&[
            ("HOME", "/nonexistent"),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_DEFAULT_REGION", "us-west-2"),
            ("AWS_ENDPOINT_URL", "http://localhost:4566"),
            ("AWS_ENDPOINT_URL_LAMBDA", "http://localhost:3001"),
            ("AWS_ACCESS_KEY_ID", "id"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("NO_COLOR", "1"),
        ])
        .unwrap();
        assert_eq!(environment.region.as_deref(), Some("eu-west-1"));
        let lambda = environment.endpoints.configured("LAMBDA").unwrap();
        assert_eq!(lambda.as_str(), "http://localhost:3001");
        let sqs = environment.endpoints.configured("SQS").unwrap();
        assert_eq!(sqs.as_str(), "http://localhost:4566");
        assert_eq!(environment.credentials.find().unwrap().access_key_id, "id");
        assert!(!environment.may_colour);
    }

    #[test]
    fn nothing_set_means_awss_defaults() {
        let environment = environment(&[("HOME", "/nonexistent"), ("AWS_REGION", "")]).unwrap();
        assert_eq!(environment.region, None);
        assert_eq!(environment.endpoints, Endpoints::default());
        assert!(environment.credentials.find().is_err());
        let LocalCredentials::Profile(files) = environment.credentials else { panic!("a profile") };
        assert_eq!(files.credentials, PathBuf::from("/nonexistent/.aws/credentials"));
    }

    #[test]
    fn an_endpoint_that_is_none_is_named() {
        let error = environment(&[("AWS_ENDPOINT_URL_SQS", "localhost")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "AWS_ENDPOINT_URL_SQS: `localhost` is not an endpoint: it should be like `http://127.0.0.1:4566`"
        );
    }
}
