//! EventBridge.

use super::{Member, Shape, TEXT, optional};

pub(super) const PUT_EVENTS: &[Member] =
    &[optional("FailedEntryCount", Shape::Number), optional("Entries", Shape::List(&ENTRY))];

const ENTRY: Shape = Shape::Structure(&[
    optional("EventId", Shape::Text(0, 64)),
    optional("ErrorCode", TEXT),
    optional("ErrorMessage", TEXT),
]);
