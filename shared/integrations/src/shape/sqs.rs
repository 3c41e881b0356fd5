//! SQS.

use super::{Member, TEXT, optional};

pub(super) const SEND_MESSAGE: &[Member] = &[
    optional("MD5OfMessageBody", TEXT),
    optional("MD5OfMessageAttributes", TEXT),
    optional("MD5OfMessageSystemAttributes", TEXT),
    optional("MessageId", TEXT),
    optional("SequenceNumber", TEXT),
];
