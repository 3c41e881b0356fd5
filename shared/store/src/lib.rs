//! What is kept and sent: the traits of a backend, versioned records, task tokens.
//!
//! # Invariants
//!
//! * What is kept has types of its own ([`records`]), each with a version, so that the engine's types may change
//!   without what is kept changing.
//! * A record's number is its concurrency control: see [`Journal::commit`].
//! * A cue may be lost by no backend, and repeated by every one.

pub mod arn;
pub mod documents;
mod event_details;
mod header;
pub mod limits;
mod log_event;
mod logging;
mod machine;
#[cfg(feature = "memory")]
pub mod memory;
mod pending;
pub mod records;
mod token;
mod traits;

pub use arn::{ExecutionArn, InvalidArn, MachineArn};
pub use documents::{DocumentId, DocumentKind, Documents};
pub use event_details::{EventDetails, EventReader, details_key};
pub use header::{
    Header, MapRunChild, Parent, Redrive, RedriveToken, RevisionId, Status, StatusName,
};
pub use log_event::log_line;
pub use logging::{
    LogLevel, LogLine, LogQuery, LoggedLine, Logging, Logs, group_name, stream_name,
};
pub use machine::{Machine, MachineKind, Revision};
pub use pending::{is_moot, open_scopes, pending_cues};
pub use token::{InvalidToken, KeyId, TokenClaims, TokenKeys};
pub use traits::{
    Backend, BoxError, Chance, ClaimAnswer, Clock, CommitError, Created, Cues, Durability,
    ExecutionQuery, JoinAnswer, JoinMark, Journal, Loaded, Machines, Outgoing, Page, StoreError,
};
