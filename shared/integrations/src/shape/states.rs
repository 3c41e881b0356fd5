//! Step Functions itself.

use super::{Member, Shape, TEXT, optional, required};

pub(super) const START_EXECUTION: &[Member] =
    &[required("ExecutionArn", ARN), required("StartDate", TEXT)];

/// A job's times are numbers or texts: integrations differ.
pub(super) const EXECUTION: &[Member] = &[
    required("ExecutionArn", ARN),
    required("StateMachineArn", ARN),
    required("Status", STATUS),
    required("StartDate", Shape::Any),
    optional("Name", NAME),
    optional("Input", TEXT),
    optional("Output", TEXT),
    optional("Error", ERROR),
    optional("Cause", CAUSE),
];

/// With input and output read as JSON.
pub(super) const PARSED_EXECUTION: &[Member] = &[
    required("ExecutionArn", ARN),
    required("StateMachineArn", ARN),
    required("Status", STATUS),
    required("StartDate", Shape::Any),
    optional("Name", NAME),
    optional("Error", ERROR),
    optional("Cause", CAUSE),
];

const ARN: Shape = Shape::Text(1, 256);
const NAME: Shape = Shape::Text(1, 80);
const ERROR: Shape = Shape::Text(0, 256);
const CAUSE: Shape = Shape::Text(0, 32_768);

const STATUS: Shape =
    Shape::OneOf(&["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE"]);
