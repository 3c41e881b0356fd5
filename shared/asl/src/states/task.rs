//! Task.

use crate::{Handlers, NumberField, Resource, TextField, Transition};

/// `Task`: work outside.
#[derive(Debug)]
pub struct Task {
    /// `Resource`.
    pub resource: Resource,
    /// `TimeoutSeconds`, `TimeoutSecondsPath`.
    pub timeout: Option<NumberField>,
    /// `HeartbeatSeconds`, `HeartbeatSecondsPath`.
    pub heartbeat: Option<NumberField>,
    /// `Credentials`.
    pub credentials: Option<Credentials>,
    /// `Retry`, `Catch`.
    pub handlers: Handlers,
    /// `Next` or `End`.
    pub transition: Transition,
}

/// `Credentials`: the role that the call is made with.
#[derive(Debug)]
pub struct Credentials {
    /// `RoleArn` or `RoleArn.$`.
    pub role_arn: TextField,
}
