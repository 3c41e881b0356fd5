//! The facts of an execution that never change while it runs.

use crate::Payload;
use baton_asl::BlockId;
use jiff::Timestamp;
use std::sync::Arc;

/// What the interpreter knows of the execution: the Context Object's source.
#[derive(Debug, Clone, PartialEq)]
pub struct Execution {
    /// `Execution.Id`.
    pub arn: Arc<str>,
    /// `Execution.Name`.
    pub name: Arc<str>,
    /// `Execution.RoleArn`.
    pub role_arn: Arc<str>,
    /// `Execution.StartTime`.
    pub started: Timestamp,
    /// `Execution.Input`.
    pub input: Payload,
    /// `StateMachine.Id`: with the version or alias it was started through.
    pub machine_arn: Arc<str>,
    /// `StateMachine.Name`.
    pub machine_name: Arc<str>,
    /// The block it starts in: not the top for a child of a map run.
    pub start: BlockId,
    /// The region that task events name.
    pub region: Arc<str>,
    /// How often it was redriven.
    pub redrives: Redrives,
    /// The most bytes that an input, output or result may have; `None` lifts AWS's limit.
    pub payload_bytes_max: Option<usize>,
}

/// How often an execution was redriven, and when last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Redrives {
    /// `Execution.RedriveCount`.
    pub count: u32,
    /// `Execution.RedriveTime`.
    pub latest: Option<Timestamp>,
}
