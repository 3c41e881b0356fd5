//! Requests and responses of HTTP, as far as calls of services need them.

use std::borrow::Cow;

/// What to send, but for the signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Whom to send it to.
    pub destination: Destination,
    /// How.
    pub method: Method,
    /// The path, encoded, with its query.
    pub path: String,
    /// Headers beside `host`, `content-length` and those of the signature. Names in lower case.
    pub headers: Vec<(Cow<'static, str>, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// Where a request goes, and how it is signed there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// What follows `AWS_ENDPOINT_URL_` in the variable that names the service's endpoint.
    pub endpoint_variable_suffix: Cow<'static, str>,
    /// The host on AWS.
    pub host: String,
    /// The path where an endpoint is configured, if it is another than on AWS: S3's buckets are part of the host there.
    pub path_at_endpoint: Option<String>,
    /// The signature.
    pub signing: Signing,
    /// The cluster, where it goes to the Kubernetes API of one.
    pub cluster: Option<Cluster>,
}

/// A Kubernetes cluster of Amazon EKS. It takes a token in place of a signature, and has a certificate authority of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// Its name, which the token is for.
    pub name: String,
    /// The certificates that it is trusted by: PEM, in Base64.
    pub certificate_authority: String,
    /// The host of STS, by which the cluster learns whose token it is.
    pub token_host: String,
}

/// For what a request is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signing {
    /// The service's name in signatures; none where the action takes no signature.
    pub name: Option<Cow<'static, str>>,
    /// The region.
    pub region: String,
    /// Whether the signature leaves the body out.
    pub leaves_body_out: bool,
    /// Whether it is signed as S3 has it: paths as they are, and the body's hash in a header.
    pub is_s3: bool,
}

/// An HTTP method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "HTTP's own names")]
pub enum Method {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    /// As HTTP spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Head => "HEAD",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        }
    }

    /// Reads HTTP's spelling; nothing if it is none of these.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "GET" => Method::Get,
            "HEAD" => Method::Head,
            "POST" => Method::Post,
            "PUT" => Method::Put,
            "PATCH" => Method::Patch,
            "DELETE" => Method::Delete,
            _ => return None,
        })
    }
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The headers in order. A name's letters may have any case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// The first header of a name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let is_named = |(key, _): &&(String, String)| key.eq_ignore_ascii_case(name);
        self.headers.iter().find(is_named).map(|(_, value)| value.as_str())
    }

    /// Whether the service has done what it was asked to.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as text; bytes that are none become `U+FFFD`.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }
}
