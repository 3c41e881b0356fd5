//! Lambda.

use super::{Member, Shape, TEXT, optional};

/// The optimised integration has parsed the payload.
pub(super) const INVOKE: &[Member] = &[
    optional("StatusCode", Shape::Number),
    optional("FunctionError", TEXT),
    optional("LogResult", TEXT),
    optional("Payload", Shape::Any),
    optional("ExecutedVersion", VERSION),
];

pub(super) const SDK_INVOKE: &[Member] = &[
    optional("StatusCode", Shape::Number),
    optional("FunctionError", TEXT),
    optional("LogResult", TEXT),
    optional("Payload", Shape::Blob(0)),
    optional("ExecutedVersion", VERSION),
];

const VERSION: Shape = Shape::Text(1, 1_024);
