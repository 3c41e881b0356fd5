//! Why a call has no response.

use crate::credentials::CredentialsError;
use crate::endpoint::InvalidEndpoint;
use baton_engine::Failure;
use baton_integrations::Task;
use std::time::Duration;

/// What lies under an error.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A call that got no response.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// There is nothing to sign it with. Nothing was sent.
    #[error("there are no credentials to sign the request with")]
    Credentials(#[source] CredentialsError),
    /// There is nowhere to send it. Nothing was sent.
    #[error(transparent)]
    Endpoint(#[from] InvalidEndpoint),
    /// The host is none that a cluster's token may be sent to. Nothing was sent.
    #[error("`{0}` is no endpoint of an Amazon EKS cluster")]
    NoCluster(String),
    /// It cannot be formed: a header that HTTP does not allow, say. Nothing was sent.
    #[error("the request cannot be formed")]
    Malformed(#[source] BoxError),
    /// The host could not be reached. Nothing was sent.
    #[error("could not connect to `{host}`")]
    Unconnected {
        /// The host.
        host: String,
        /// Why.
        #[source]
        source: BoxError,
    },
    /// The connection broke. The request may have been carried out.
    #[error("the connection to `{host}` broke before the response was complete")]
    Broken {
        /// The host.
        host: String,
        /// Why.
        #[source]
        source: BoxError,
    },
    /// No response in time. The request may have been carried out.
    #[error("no response within {} seconds", .0.as_secs_f64())]
    TimedOut(Duration),
    /// A response that is too large. The request was carried out.
    #[error("the response has more than {0} bytes")]
    TooLarge(usize),
}

impl CallError {
    /// Whether the request certainly has not arrived: sending it again repeats nothing.
    #[must_use]
    pub fn is_certainly_unsent(&self) -> bool {
        match self {
            CallError::Credentials(_)
            | CallError::Endpoint(_)
            | CallError::NoCluster(_)
            | CallError::Malformed(_)
            | CallError::Unconnected { .. } => true,
            CallError::Broken { .. } | CallError::TimedOut(_) | CallError::TooLarge(_) => false,
        }
    }

    /// How a task fails by it.
    #[must_use]
    pub fn failure(&self, task: &Task) -> Failure {
        match self {
            CallError::TooLarge(_) => task.oversized(),
            CallError::Credentials(_)
            | CallError::Endpoint(_)
            | CallError::NoCluster(_)
            | CallError::Malformed(_)
            | CallError::Unconnected { .. }
            | CallError::Broken { .. }
            | CallError::TimedOut(_) => task.unreachable(&self.chain()),
        }
    }

    /// The error with all that lies under it, in one line.
    #[must_use]
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut source = std::error::Error::source(self);
        while let Some(under) = source {
            text.push_str(": ");
            text.push_str(&under.to_string());
            source = under.source();
        }
        text
    }
}
