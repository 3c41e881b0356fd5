//! What executions cost: the units that AWS bills, counted, and their price.
//!
//! [`Usage`] is a count, whoever makes it: the tests count the requests that the functions really make. [`prices`] are the
//! on-demand list prices; [`units`] is how a size becomes billed units; [`model`] is the one thing that is not counted but
//! assumed: how long an invocation lasts. [`execution`] counts from the records of an
//! execution. [`rivals`] is what AWS Step Functions charges for the same. [`scale`] takes a counted
//! item to a hundred million of them, against AWS's [`quotas`].
//!
//! # Invariants
//!
//! * A count is exact and has no price in it; a price is a constant with its source.
//! * No free tier is counted.

pub mod execution;
pub mod model;
pub mod prices;
pub mod quotas;
pub mod rivals;
pub mod scale;
pub mod units;
mod usage;

pub use usage::{Line, Usage};
