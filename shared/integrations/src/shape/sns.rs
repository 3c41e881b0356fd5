//! SNS.

use super::{Member, TEXT, optional};

pub(super) const PUBLISH: &[Member] =
    &[optional("MessageId", TEXT), optional("SequenceNumber", TEXT)];
