//! Where a service listens.

use baton_integrations::Service;
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
    /// `AWS_ENDPOINT_URL_LAMBDA` and its like.
    pub own: BTreeMap<Service, Endpoint>,
}

impl Endpoints {
    /// The endpoint that was configured for a service, if one was.
    #[must_use]
    pub fn configured(&self, service: Service) -> Option<&Endpoint> {
        self.own.get(&service).or(self.common.as_ref())
    }

    /// The endpoint of a service in a region.
    pub(crate) fn of(&self, service: Service, region: &str) -> Result<Endpoint, InvalidEndpoint> {
        if let Some(endpoint) = self.configured(service) {
            return Ok(endpoint.clone());
        }
        let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let prefix = service.endpoint_prefix();
        // The region may come from an ARN in a definition: it must not lead elsewhere.
        if region.is_empty() || !region.bytes().all(is_name) {
            return Err(InvalidEndpoint(format!("https://{prefix}.{region}.amazonaws.com")));
        }
        let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        Ok(Endpoint(format!("https://{prefix}.{region}.{suffix}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(text: &str) -> Endpoint {
        Endpoint::parse(text).unwrap()
    }

    #[test]
    fn the_most_specific_endpoint_wins() {
        let mut endpoints = Endpoints::default();
        let of = |endpoints: &Endpoints| endpoints.of(Service::Lambda, "eu-west-1").unwrap();
        assert_eq!(of(&endpoints).as_str(), "https://lambda.eu-west-1.amazonaws.com");
        endpoints.common = Some(endpoint("http://localhost:4566/"));
        assert_eq!(of(&endpoints).as_str(), "http://localhost:4566");
        endpoints.own.insert(Service::Lambda, endpoint("http://localhost:3001"));
        assert_eq!(of(&endpoints).as_str(), "http://localhost:3001");
        assert_eq!(endpoints.of(Service::Sqs, "").unwrap().as_str(), "http://localhost:4566");
    }

    #[test]
    fn china_has_a_domain_of_its_own() {
        let endpoint = Endpoints::default().of(Service::Sns, "cn-north-1").unwrap();
        assert_eq!(endpoint.as_str(), "https://sns.cn-north-1.amazonaws.com.cn");
    }

    #[test]
    fn a_region_cannot_lead_elsewhere() {
        for region in ["", "evil.com/", "eu-west-1@evil.com", "EU"] {
            assert!(Endpoints::default().of(Service::Lambda, region).is_err(), "{region}");
        }
    }

    #[test]
    fn other_texts_are_no_endpoints() {
        for text in ["", "localhost", "ftp://a", "http://", "/a", "http://a/?b", "http://u:p@a"] {
            assert!(Endpoint::parse(text).is_err(), "{text}");
        }
        assert_eq!(endpoint("http://a:1/base/").join("/x"), "http://a:1/base/x");
    }
}
