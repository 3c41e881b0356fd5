//! What a backend does. The driver and the API are generic over these traits; a contract suite holds every
//! backend to them.

use crate::arn::{ExecutionArn, MachineArn};
use crate::documents::Documents;
use crate::header::{Header, Redrive, RevisionId, Status, StatusName};
use crate::logging::Logs;
use crate::machine::{Machine, Revision};
use baton_engine::{Claim, Cue, Due, ForkId, Marked, Record, ScopePath, Sequence};
use jiff::Timestamp;
use std::future::Future;
use std::sync::Arc;

/// What lies under an error of a backend.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The backend did not answer, or answered nonsense. Nothing is known of whether the request took effect.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Try again: the cue comes again by itself.
    #[error("could not reach the {what}")]
    Unavailable {
        /// Which store.
        what: &'static str,
        /// Why.
        #[source]
        source: BoxError,
    },
    /// What is kept cannot be read; trying again does not help.
    #[error("cannot read the {what} of `{key}`")]
    Corrupt {
        /// What kind of thing.
        what: &'static str,
        /// Its key.
        key: String,
        /// Why.
        #[source]
        source: BoxError,
    },
}

/// A record was not committed.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Another delivery of the same cue was faster. Drop this one; nothing is lost.
    #[error("scope `{scope}` already has record {sequence}")]
    Superseded {
        /// The scope.
        scope: ScopePath,
        /// The number that is taken.
        sequence: Sequence,
    },
    /// The cue comes again by itself.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How soon a record must survive a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Before the call returns: something outside is about to see what the record did.
    Now,
    /// With or before the next one that is committed durably. A crash in between loses the record and everything
    /// after it in this execution, none of which anybody has seen. A backend may always do better.
    Later,
}

/// What [`Journal::create`] found.
#[derive(Debug)]
pub enum Created {
    /// The header is written.
    New,
    /// There was one already; it is unchanged.
    Exists(Box<Header>),
}

/// An execution's header with one of its records.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The header.
    pub header: Arc<Header>,
    /// The record, if it exists.
    pub record: Option<Marked>,
}

/// What [`Journal::claim`] decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimAnswer {
    /// The claim is this worker's: make the call.
    Granted,
    /// Somebody claimed it before.
    Held(Claim),
}

/// What [`Journal::join`] found after marking a child's end. The same call gives the same answer again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JoinAnswer {
    /// Every child has ended.
    pub is_complete: bool,
    /// The child that was held back and is this one's to start.
    pub next: Option<u32>,
}

/// One child's end in a join.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinMark {
    /// The fork.
    pub fork: ForkId,
    /// The child that ended well.
    pub child: u32,
    /// The number of its last record.
    pub last: Sequence,
    /// How many children the fork has.
    pub width: u32,
    /// How many run at a time: the first so many were started with the fork, each end starts one more.
    pub concurrency: u32,
}

impl JoinMark {
    /// The answer to the child before which `rank` others ended. It depends on nothing else, so that a repeat of
    /// the mark is answered alike: the end of rank r starts the child `concurrency + r`, and the last rank completes.
    #[must_use]
    pub fn answer(&self, rank: u32) -> JoinAnswer {
        JoinAnswer {
            is_complete: rank.saturating_add(1) >= self.width,
            next: self.concurrency.checked_add(rank).filter(|index| *index < self.width),
        }
    }
}

/// A page of something, and where the next begins.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The items, in order.
    pub items: Vec<T>,
    /// Handed back for the next page; nothing at the end. Opaque to the caller.
    pub next: Option<String>,
}

/// Executions: headers, records, joins. The one rule: a record is written if its number is free in its
/// scope, and never changed in what it says.
pub trait Journal: Send + Sync {
    /// Writes a header if there is none under its ARN, durably.
    fn create(&self, header: &Header) -> impl Future<Output = Result<Created, StoreError>> + Send;

    /// The header, and the record of this number, in one read.
    fn load(
        &self,
        execution: &ExecutionArn,
        scope: &ScopePath,
        sequence: Sequence,
    ) -> impl Future<Output = Result<Option<Loaded>, StoreError>> + Send;

    /// The header alone.
    fn header(
        &self,
        execution: &ExecutionArn,
    ) -> impl Future<Output = Result<Option<Arc<Header>>, StoreError>> + Send;

    /// A scope's newest record.
    fn newest(
        &self,
        execution: &ExecutionArn,
        scope: &ScopePath,
    ) -> impl Future<Output = Result<Option<Marked>, StoreError>> + Send;

    /// Writes a record if its number is free. For a number above 0 the record before it is known to exist.
    fn commit(
        &self,
        execution: &ExecutionArn,
        record: &Arc<Record>,
        durability: Durability,
    ) -> impl Future<Output = Result<(), CommitError>> + Send;

    /// Marks a record as claimed unless it is, durably. On a record that has a successor, which means that its call is
    /// over, a backend that sees this may answer [`ClaimAnswer::Held`] by nobody.
    fn claim(
        &self,
        execution: &ExecutionArn,
        scope: &ScopePath,
        sequence: Sequence,
        claim: &Claim,
    ) -> impl Future<Output = Result<ClaimAnswer, StoreError>> + Send;

    /// Notes a heartbeat on a record.
    fn heartbeat(
        &self,
        execution: &ExecutionArn,
        scope: &ScopePath,
        sequence: Sequence,
        at: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Lists a fork as closed in the header.
    fn close(
        &self,
        execution: &ExecutionArn,
        fork: &ForkId,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Sets the header's status if it is still running and was redriven so often, durably. Else the end is one that a redrive
    /// has left behind.
    fn end(
        &self,
        execution: &ExecutionArn,
        redrives: u32,
        status: &Status,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Lets the header of an execution that has ended take in its next redrive ([`Header::take_redrive`]), durably. One that was
    /// taken in before changes nothing.
    fn reopen(
        &self,
        execution: &ExecutionArn,
        redrive: &Redrive,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Marks a child's end.
    fn join(
        &self,
        execution: &ExecutionArn,
        mark: &JoinMark,
    ) -> impl Future<Output = Result<JoinAnswer, StoreError>> + Send;

    /// The last records of a complete join's children, by index.
    fn joined(
        &self,
        execution: &ExecutionArn,
        fork: &ForkId,
        width: u32,
    ) -> impl Future<Output = Result<Vec<Arc<Record>>, StoreError>> + Send;

    /// The newest record of each child of a fork that has any, with its index.
    fn children(
        &self,
        execution: &ExecutionArn,
        fork: &ForkId,
    ) -> impl Future<Output = Result<Vec<(u32, Marked)>, StoreError>> + Send;

    /// The execution's records, scope by scope, each in order.
    fn records(
        &self,
        execution: &ExecutionArn,
        from: Option<&str>,
    ) -> impl Future<Output = Result<Page<Marked>, StoreError>> + Send;

    /// A machine's executions, newest first. These headers are outlines: their inputs and outputs may be null.
    fn executions(
        &self,
        query: &ExecutionQuery,
        from: Option<&str>,
    ) -> impl Future<Output = Result<Page<Arc<Header>>, StoreError>> + Send;
}

/// Which executions [`Journal::executions`] lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionQuery {
    /// The machine.
    pub machine: MachineArn,
    /// Only those of this status.
    pub status: Option<StatusName>,
    /// How many a page has at most.
    pub items_max: u32,
}

/// A cue on its way.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing {
    /// The execution.
    pub execution: ExecutionArn,
    /// The cue.
    pub cue: Cue,
    /// When it is due.
    pub due: Due,
}

/// The queue. It may deliver a cue twice, late and out of order, but delivers it.
pub trait Cues: Send + Sync {
    /// Accepts cues. Once it has answered, each is delivered, not before it is due.
    fn send(&self, cues: Vec<Outgoing>) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// State machines.
pub trait Machines: Send + Sync {
    /// Writes a machine if there is none under its ARN; else gives the one there is.
    fn create_machine(
        &self,
        machine: &Machine,
    ) -> impl Future<Output = Result<Option<Machine>, StoreError>> + Send;

    /// The machine.
    fn machine(
        &self,
        arn: &MachineArn,
    ) -> impl Future<Output = Result<Option<Machine>, StoreError>> + Send;

    /// A revision, kept as long as any execution of it.
    fn revision(
        &self,
        machine: &MachineArn,
        id: &RevisionId,
    ) -> impl Future<Output = Result<Option<Revision>, StoreError>> + Send;

    /// Replaces a machine if its current revision is the one named and the machine exists. Answers whether it did.
    fn update_machine(
        &self,
        machine: &Machine,
        expected: &RevisionId,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Removes a machine; its revisions stay for the executions that run them.
    fn delete_machine(
        &self,
        arn: &MachineArn,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The machines whose ARNs begin so, in order of their names. `place` ends with a colon, or is empty for all of them.
    fn machines(
        &self,
        place: &str,
        items_max: u32,
        from: Option<&str>,
    ) -> impl Future<Output = Result<Page<Machine>, StoreError>> + Send;
}

/// Time. Everything that is kept takes its time from here.
pub trait Clock: Send + Sync {
    /// The current time; its milliseconds are what is kept.
    fn now(&self) -> Timestamp;
}

/// Chance: names, nonces, jitter.
pub trait Chance: Send + Sync {
    /// 128 unpredictable bits.
    fn bits(&self) -> u128;
}

/// All that the driver and the API need.
pub trait Backend: Journal + Cues + Machines + Documents + Logs + Clock + Chance + 'static {}

impl<T: Journal + Cues + Machines + Documents + Logs + Clock + Chance + 'static> Backend for T {}
