//! The interpreter: what one cue does to one execution.
//!
//! [`begin`], [`begin_child`], [`advance`], [`redrive`] and [`redrive_child`] are the whole surface; [`inspect`] tries one state by itself. They perform no I/O and are handed
//! time and chance, so any run can be replayed.
//!
//! # Invariants
//!
//! * One call makes at most one state transition, and makes exactly one record.
//! * Equal arguments give equal records.
//! * Effects are derived from the record ([`Record::effects`]) and performed elsewhere, after the commit.

mod advance;
mod context;
mod effect;
mod event;
mod execution;
mod failure;
mod fault;
mod flow;
mod handlers;
mod history;
#[cfg(test)]
mod hostile;
pub mod inspect;
mod limits;
mod outcome;
mod payload;
mod record;
mod redrive;
mod scope;
mod states;
mod step;

pub use advance::{Misfit, advance, begin, begin_child, select_item};
pub use effect::{Cue, Due, Effect, MapSignal, Signal};
pub use event::{ErrorDetail, Event, EventDetail, Link, StateType, TaskResource};
pub use execution::{Execution, Redrives};
pub use failure::{Failure, FailureKind};
pub use history::{
    EventTypeName, Numbered, Numbering, Outline, Roll, Trail, estimate, estimate_started, history,
};
pub use outcome::{ChildFailure, Ids, Outcome};
pub use payload::Payload;
pub use record::{
    Batch, Call, Callback, Claim, End, Fork, ItemSource, MapItem, MapRun, Marked, Marks, Nonce,
    Pending, Record, Variables, Visit,
};
pub use redrive::{Halted, redrive, redrive_child};
pub use scope::{ForkId, Hop, InvalidScope, Moment, ScopePath, Sequence};
