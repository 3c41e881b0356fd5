//! Wait.

use crate::{NumberField, TextField, Transition};

/// `Wait`: until a time.
#[derive(Debug)]
pub struct Wait {
    /// For how long, or until when.
    pub duration: WaitFor,
    /// `Next` or `End`.
    pub transition: Transition,
}

/// The one of the four fields that is given.
#[derive(Debug)]
pub enum WaitFor {
    /// `Seconds`, `SecondsPath`.
    Seconds(NumberField),
    /// `Timestamp`, `TimestampPath`; a literal is a valid RFC 3339 timestamp.
    Timestamp(TextField),
}
