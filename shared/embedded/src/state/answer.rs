//! What the state answers.

use super::Synced;
use crate::live::{Live, Newest};
use baton_engine::ForkId;
use baton_store::{Header, Status};
use std::collections::BTreeSet;
use std::sync::Arc;

/// An answer of the state, unless writes have to become durable before it can be given.
#[derive(Debug)]
pub(crate) enum Step<T> {
    Done(T),
    /// Ask again after this.
    After(Synced),
}

/// What an accepted record's caller does next.
#[derive(Debug)]
pub(crate) enum Committed {
    /// Goes on.
    Accepted,
    /// Waits until the record is durable.
    Waiting(Synced),
    /// Gives up: the number is taken.
    Superseded,
}

/// A record as the state knows it.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) id: i64,
    /// The header, or what of it may be newer than the file.
    pub(crate) header: KnownHeader,
    pub(crate) record: FoundRecord,
}

/// The record that was asked for.
#[derive(Debug)]
pub(crate) enum FoundRecord {
    Absent,
    Newest(Newest),
    /// It has a successor, and is in the file.
    Older,
}

/// What of a header may be newer than the file.
#[derive(Debug, Clone)]
pub(crate) struct Overlay {
    pub(crate) ended: Option<Status>,
    pub(crate) closed: BTreeSet<ForkId>,
}

impl Overlay {
    pub(crate) fn apply(self, mut header: Header) -> Header {
        header.closed.extend(self.closed);
        if let Some(status) = self.ended {
            header.status = status;
        }
        header
    }
}

/// A header that is in memory, or what of it may be newer than the file.
pub(crate) type KnownHeader = Result<Arc<Header>, Overlay>;

/// Children of a fork.
#[derive(Debug)]
pub(crate) enum Children<T> {
    /// All of them are in memory.
    Known(Vec<T>),
    /// They are in the file, under this execution's number.
    InFile(i64),
}

/// The header as far as it is in memory.
pub(super) fn known_header(live: &Live) -> KnownHeader {
    live.header
        .clone()
        .ok_or_else(|| Overlay { ended: live.ended.clone(), closed: live.closed.clone() })
}
