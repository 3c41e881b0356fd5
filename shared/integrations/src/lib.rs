//! Service integrations: a task's resource and arguments to a request; the response to a result or a failure.
//!
//! [`Task::new`] reads what a task calls, [`Task::request`] says what to send and [`Task::result`] reads the answer, each
//! in the spelling of AWS Step Functions: its members, its error names, its causes. Sending is left to others, and an
//! answer may as well come from elsewhere: a local command, a recording.
//!
//! # Invariants
//!
//! * Nothing here performs I/O: equal arguments give equal requests, equal responses equal results.
//! * A response of any form, however malformed, gives a result or a failure.

mod arguments;
mod call;
mod dynamodb;
mod events;
mod gateway;
pub mod http_task;
mod jobs;
mod json;
mod known;
mod kubernetes;
pub mod lambda;
pub mod limits;
mod metadata;
pub mod objects;
mod optimised;
mod refusal;
mod sdk;
mod service;
mod shape;
mod sns;
mod sqs;
mod states;
mod xml;

pub use baton_services::{Cluster, Destination, Method, Request, Response, Signing};
pub use call::{Origin, Task};
pub use jobs::{Job, JobState, is_repeatable};
pub use known::{is_known, nearest, optimised_integrations};
pub use optimised::{Event as JobEvent, JobKey, events as job_events};
pub use service::{Service, endpoint_variable_suffixes};
pub use shape::{Mismatch, Strictness, check_result};
