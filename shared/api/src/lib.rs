//! The Step Functions API: one module an action, generic over the backend.
//!
//! [`Api::handle`] takes an `X-Amz-Target` and a body in AWS's JSON 1.0 protocol and gives the answer; whoever has an
//! HTTP request (the server in `http`, a Lambda function) hands it on. Writes go through the driver, reads to the backend.
//!
//! # Invariants
//!
//! * A request is read and checked whole before anything is done: what is refused has changed nothing.
//! * Whatever the bytes of a request, the answer is AWS's JSON: an output or an error with its code.
//! * Each answer's form is a type of its own, apart from what is kept.
//! * Nothing grows with what a request asks for: bodies, pages and tokens have limits ([`limits`]).
//!
//! # What an operation costs
//!
//! | operation | reads | writes | messages |
//! |---|---|---|---|
//! | StartExecution | machine; revision once a process | header (durable), first record | spare cue, first cue |
//! | StartExecution, Express | machine | start (durable) | cue |
//! | StartSyncExecution | machine; revision once a process | | |
//! | DescribeExecution | header | | |
//! | GetExecutionHistory | header; a page's records, or the whole journal (see `history.rs`) | | |
//! | ListExecutions | machine, one page of headers | | |
//! | DescribeMapRun | the run's document and those of its groups of lanes | | |

mod access;
mod actions;
mod answer;
mod api;
mod configuration;
mod deletion;
mod error;
mod history;
#[cfg(feature = "http")]
pub mod http;
pub mod limits;
mod logs;
mod members;
mod names;
mod operation;
mod own;
mod place;
mod publication;
mod resolve;
mod revision;
mod throttle;
mod time;
mod token;

#[cfg(test)]
mod tests;

pub use access::Access;
pub use answer::Answer;
pub use api::{Api, Settings};
pub use error::{ApiError, ErrorCode};
pub use own::{OwnApi, is_elsewhere};
