//! The backend on AWS: DynamoDB keeps, SQS delivers, S3 holds what is large.
//!
//! The only crate that names an AWS SDK. [`Aws`] implements the traits of `baton-store`; the functions build one with
//! [`Aws::connect`].
//!
//! # Invariants
//!
//! * A record is one item, written by one conditional write. Nothing else decides who moves a scope on.
//! * What a request did is never guessed: after a lost answer the same request gives the same result again.
//! * A cue is acknowledged by nobody here; it is sent before its send is answered, by tens where several wait.

mod blob;
mod chance;
mod clock;
mod connect;
mod document;
mod documents;
mod error;
mod item;
mod journal;
mod keys;
mod limits;
mod logs;
mod machines;
mod queue;
mod read;
mod roles;
mod secret;
mod timer;

pub use connect::{Aws, Names, Settings};
pub use document::read_cue;
pub use queue::Busy;
pub use roles::RoleError;
pub use timer::Swept;
