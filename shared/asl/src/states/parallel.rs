//! Parallel.

use crate::{BlockId, Handlers, Transition};

/// `Parallel`: every branch at once, over the same input.
#[derive(Debug)]
pub struct Parallel {
    /// `Branches` in order; never empty.
    pub branches: Vec<BlockId>,
    /// `Retry`, `Catch`.
    pub handlers: Handlers,
    /// `Next` or `End`.
    pub transition: Transition,
}
