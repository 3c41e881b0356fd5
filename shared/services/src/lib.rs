//! Every action of every AWS service, by the services' API models: JSON arguments to an HTTP request, an HTTP response to
//! JSON or an error.
//!
//! [`action`] finds an action, [`Action::request`] says what to send and [`Action::outcome`] reads the answer, in the
//! spelling of AWS Step Functions: services, members and errors go by the names of the AWS SDK for Java 2, members with
//! a capital first. Signing and sending are left to others.
//!
//! The models are a table that the feature `aws-sdk` embeds; without it no action is known. The table is read in place:
//! nothing is unpacked or built up, and a call looks at the shapes of its own action alone.
//!
//! # Invariants
//!
//! * Nothing here performs I/O: equal arguments give equal requests, equal responses equal outcomes.
//! * A response of any form, however malformed, gives an outcome or an error; its depth and its elements are limited.

mod action;
mod arguments;
mod checksum;
mod datum;
mod endpoint;
mod error;
mod java;
pub mod limits;
mod model;
mod naming;
mod protocol;
mod reader;
mod request;
mod special;
mod table;
mod time;

pub use action::{Action, Context, Unknown, action};
pub use arguments::{Fault, Unfit};
pub use error::ServiceError;
pub use request::{Cluster, Destination, Method, Request, Response, Signing};
pub use table::{Service, Table, table};
