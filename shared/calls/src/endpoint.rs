//! Where a service listens.

use crate::cluster;
use crate::error::CallError;
use baton_integrations::Destination;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// An HTTP address: scheme, host with port, and perhaps a path that goes before every other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint(String);

/// A text that is no endpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an endpoint: it should be like `http://127.0.0.1:4566`")]
pub struct InvalidEndpoint(pub String);

impl Endpoint {
    /// Reads an address.
    ///
    /// # Errors
    ///
    /// [`InvalidEndpoint`] if it is none, has a query, or names a user.
    pub fn parse(text: &str) -> Result<Self, InvalidEndpoint> {
        let invalid = || InvalidEndpoint(text.to_owned());
        let uri: http::Uri = text.parse().map_err(|_| invalid())?;
        let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
        let host = uri.host().filter(|host| !host.is_empty());
        let is_plain = uri.query().is_none() && !text.contains('@');
        if !is_web || host.is_none() || !is_plain {
            return Err(invalid());
        }
        Ok(Endpoint(text.trim_end_matches('/').to_owned()))
    }

    /// The address of a path there.
    pub(crate) fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The rules by which services are found: one's own endpoint, else the common one, else AWS's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Endpoints {
    /// `AWS_ENDPOINT_URL`.
    pub common: Option<Endpoint>,
    /// `AWS_ENDPOINT_URL_LAMBDA` and its like, by what follows `AWS_ENDPOINT_URL_`.
    pub own: BTreeMap<Cow<'static, str>, Endpoint>,
}

impl Endpoints {
    /// The endpoint that was configured for a service, if one was: by what follows `AWS_ENDPOINT_URL_` in its variable.
    #[must_use]
    pub fn configured(&self, variable_suffix: &str) -> Option<&Endpoint> {
        self.own.get(variable_suffix).or(self.common.as_ref())
    }

    /// Where a path of a destination is.
    pub(crate) fn address(
        &self,
        destination: &Destination,
        path: &str,
    ) -> Result<String, CallError> {
        if let Some(endpoint) = self.configured(&destination.endpoint_variable_suffix) {
            return Ok(endpoint.join(destination.path_at_endpoint.as_deref().unwrap_or(path)));
        }
        if destination.cluster.is_some() && !cluster::is_cluster(&destination.host) {
            return Err(CallError::NoCluster(destination.host.clone()));
        }
        // Parts of the host may come from a definition: they must not lead elsewhere.
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
        let host = &destination.host;
        if host.is_empty() || !host.bytes().all(is_name) {
            return Err(InvalidEndpoint(format!("https://{host}")).into());
        }
        Ok(format!("https://{host}{path}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use baton_integrations::Service;

    fn endpoint(text: &str) -> Endpoint {
        Endpoint::parse(text).unwrap()
    }

    #[test]
    fn the_most_specific_endpoint_wins() {
        let mut endpoints = Endpoints::default();
        let lambda = Service::Lambda.destination("eu-west-1");
        let of = |endpoints: &Endpoints| endpoints.address(&lambda, "/a").unwrap();
        assert_eq!(of(&endpoints), "https://lambda.eu-west-1.amazonaws.com/a");
        endpoints.common = Some(endpoint("http://localhost:4566/"));
        assert_eq!(of(&endpoints), "http://localhost:4566/a");
        endpoints.own.insert("LAMBDA".into(), endpoint("http://localhost:3001"));
        assert_eq!(of(&endpoints), "http://localhost:3001/a");
        let sqs = Service::Sqs.destination("");
        assert_eq!(endpoints.address(&sqs, "/").unwrap(), "http://localhost:4566/");
        let bucket = Destination { path_at_endpoint: Some("/bucket/key".to_owned()), ..sqs };
        assert_eq!(endpoints.address(&bucket, "/key").unwrap(), "http://localhost:4566/bucket/key");
    }

    #[test]
    fn china_has_a_domain_of_its_own() {
        let sns = Service::Sns.destination("cn-north-1");
        let address = Endpoints::default().address(&sns, "/").unwrap();
        assert_eq!(address, "https://sns.cn-north-1.amazonaws.com.cn/");
    }

    #[test]
    fn a_region_cannot_lead_elsewhere() {
        for region in ["", "evil.com/", "eu-west-1@evil.com", "EU"] {
            let lambda = Service::Lambda.destination(region);
            assert!(Endpoints::default().address(&lambda, "/").is_err(), "{region}");
        }
        let odd =
            Destination { host: "a/b".to_owned(), ..Service::Lambda.destination("eu-west-1") };
        assert!(Endpoints::default().address(&odd, "/").is_err());
    }

    #[test]
    fn other_texts_are_no_endpoints() {
        for text in ["", "localhost", "ftp://a", "http://", "/a", "http://a/?b", "http://u:p@a"] {
            assert!(Endpoint::parse(text).is_err(), "{text}");
        }
        assert_eq!(endpoint("http://a:1/base/").join("/x"), "http://a:1/base/x");
    }
}
