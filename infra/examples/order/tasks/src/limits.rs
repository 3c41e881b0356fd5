//! How large an order may be.

/// Lambda's limit for a request, in bytes.
pub const EVENT_BYTES_MAX: u64 = 6 * 1024 * 1024;

pub(crate) const ID_CHARS_MAX: usize = 64;
pub(crate) const TEXT_CHARS_MAX: usize = 100;
pub(crate) const LINES_MAX: usize = 100;
pub(crate) const QUANTITY_MAX: u64 = 10_000;
pub(crate) const UNIT_PRICE_CENTS_MAX: u64 = 10_000_000;

/// A week.
pub(crate) const APPROVAL_TIMEOUT_SECS_MAX: u64 = 604_800;
/// Thirty days.
pub(crate) const DISPATCH_DELAY_SECS_MAX: u64 = 2_592_000;

/// An answer of the Step Functions API that only says whether the task token was good.
pub(crate) const REPLY_BYTES_MAX: u64 = 64 * 1024;
