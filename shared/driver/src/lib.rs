//! Load, call, decide, commit, send: what one cue does, generic over the backend.
//!
//! [`Driver::take`] does what a cue asks for. [`Driver::start`], [`Driver::stop`] and the `send_task_…` functions are the
//! writes that no cue stands behind: each first sends a *spare cue* for the record it is about to write, so that the
//! work is finished if the process dies in the middle. [`runner`] drains a queue on one machine.
//!
//! # Invariants
//!
//! * What follows from a record is done after its commit, and may be done again at any time: by the cue coming again,
//!   which finds the record there, or by the spare. A record that has a successor has been followed, or nothing followed from it
//!   but its successor ([`Settings::stretch`]).
//! * A call is made only under a claim, at most once.
//! * A fork is closed after all that follows from its parent's moving on. So the cue that moved the parent on keeps
//!   coming until it is closed, and a closed fork has nothing left to be done.
//! * An execution that can never go on (a misfit, damaged data, a loop without an end) is ended with a clear error.
//!
//! # What is durable when
//!
//! Every way in which the outside sees what a record did has a durable write of its own, ordered after the record:
//!
//! | the outside sees | after the durable write |
//! |---|---|
//! | a call, and with it a token | its claim |
//! | that an execution was accepted | its header ([`Driver::start`]) |
//! | that it ended, and its output | its status in the header |
//! | that a task's answer was accepted | the very record that holds the answer |
//! | a worker of an activity, its task | its claim |
//!
//! So only the record of an accepted answer is committed [`Durability::Now`]; all others are
//! [`Durability::Later`], and one append holds a task's result and the next one's claim. What a crash may take is
//! work that nobody saw, which is done again, or a call's answer that nobody acted on: that attempt then ends as
//! [`WORKER_LOST`], just as if the crash had come a moment earlier. A backend is expected to write the others soon,
//! not only when the next durable write comes.
//!
//! [`Durability::Now`]: baton_store::Durability::Now
//! [`Durability::Later`]: baton_store::Durability::Later

mod activity;
mod answer;
mod definitions;
pub mod doctor;
mod driver;
mod error;
mod express;
mod follow;
mod ids;
mod job_events;
mod jobs;
mod limits;
mod logging;
mod map_run;
mod objects;
mod perform;
mod redrive;
pub mod runner;
mod start;
mod stop;
mod stretch;
mod take;
mod tasks;
mod timer;
mod unrecorded;

#[cfg(test)]
mod tests;

pub use activity::{HandedOut, PollError};
pub use answer::AnswerError;
pub use driver::{Driver, Settings};
pub use error::TakeError;
pub use express::Expressed;
pub use job_events::tell_waiters;
pub use map_run::MapProgress;
pub use objects::{ObjectAnswer, ObjectCall, ObjectError, ObjectRequest, ObjectSummary};
pub use redrive::{NotRedrivable, RedriveError};
pub use stop::StopError;
pub use take::{Dropped, Taken};
pub use tasks::{CallAnswer, Job, TaskCall, Tasks, WORKER_LOST};
