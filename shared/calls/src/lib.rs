//! Performs integration requests over HTTP: endpoints, credentials, Signature Version 4.
//!
//! A [`Caller`] sends what [`baton_integrations`] says and hands back the response; what the response means is for them to
//! read. It is told everything: endpoints, credentials, the time. The environment is read by others.
//!
//! # Invariants
//!
//! * A call is bounded in time and in the size of its response, and follows no redirect.
//! * What may have been carried out is sent again only where whoever calls says that a repeat is the same call. An error says
//!   whether the request may have arrived.
//! * No trace lineage is passed on: Lambda's recursion guard would count the callee into our own chain.

mod caller;
mod cluster;
mod credentials;
mod endpoint;
mod error;
mod guard;
mod http;
mod http_task;
mod limits;
mod objects;
mod patience;
mod profile;
mod signature;
mod trace;

pub use caller::{Caller, Terms, ask_first};
pub use credentials::{
    Credentials, CredentialsError, CredentialsProvider, LocalCredentials, ProfileFiles,
};
pub use endpoint::{Endpoint, Endpoints, InvalidEndpoint};
pub use error::CallError;
pub use guard::AllowedHosts;
pub use http::HttpClient;
pub use http_task::HttpTasks;
pub use objects::ObjectTerms;
pub use patience::{Attempted, Patience};
pub use profile::region as profile_region;
