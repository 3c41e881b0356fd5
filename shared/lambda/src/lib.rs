//! What the Lambda functions share: configuration, tracing, batch answers.
//!
//! Each function is a page of wiring over this crate: [`Function::start`] reads the environment and connects, and
//! [`Function::take_each`] or [`Function::answer`] handles what Lambda hands in. [`Sweeper`] is the timer's, [`Listener`] the event function's.
//!
//! # Invariants
//!
//! * The environment is read here and nowhere else.
//! * Only cues that must come again are reported as failed; a cue that fails says so in the log, with its reason.
//! * Calls are made with the state machine's role, never with the function's own rights.

mod batch;
mod burial;
mod calls;
mod configuration;
mod deadline;
mod doctor;
mod function;
mod listen;
mod log;
mod patience;
mod requests;
mod sweep;

pub use batch::Queue;
pub use baton_api::Access;
pub use calls::RoleCalls;
pub use configuration::{Configuration, Invalid};
pub use function::{Function, StartError};
pub use listen::{Heard, Listener};
pub use log::{init_tracing, subscriber};
pub use requests::Unanswerable;
pub use sweep::{Report, Sweeper};
