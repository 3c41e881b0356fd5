//! Limits of what is kept.

use jiff::SignedDuration;

/// A payload whose text is longer, and stays longer when compressed, is kept apart under its content's hash.
pub const PAYLOAD_INLINE_BYTES_MAX: usize = 8 * 1024;

/// Once a document holds so much text of payloads, every further one above
/// [`PAYLOAD_SMALL_BYTES_MAX`] is kept apart.
pub const PAYLOADS_INLINE_BYTES_MAX: usize = 64 * 1024;

/// Payloads up to here are never kept apart: the pointer would cost as much.
pub const PAYLOAD_SMALL_BYTES_MAX: usize = 1024;

/// A document that is longer, compressed, is kept apart as a whole. DynamoDB refuses items above 400 KiB.
pub const DOCUMENT_BYTES_MAX: usize = 256 * 1024;

/// The longest text that is read back: what a frame claims to hold beyond this is refused.
pub const TEXT_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Documents up to here are not compressed unless the backend asks for it: one unit of a DynamoDB write.
pub const PLAIN_BYTES_MAX: usize = 1024;

/// `taskToken` in the API's model: at most so many characters.
pub const TASK_TOKEN_CHARS_MAX: usize = 2048;

/// How long an execution may take, redrives included (EXEC-STD-01): a year.
pub const EXECUTION_TIME_MAX: SignedDuration = SignedDuration::from_hours(365 * 24);

/// How long an execution can be redriven after its end (RED-02).
pub const REDRIVE_PERIOD: SignedDuration = SignedDuration::from_hours(14 * 24);

/// How many tokens of redrives are known (RED-09).
pub const REDRIVE_TOKENS_MAX: usize = 10;

/// How long the token of a redrive is known (RED-09).
pub const REDRIVE_TOKEN_TIME_MAX: SignedDuration = SignedDuration::from_mins(15);

/// How much of a payload a log line has, once its characters are escaped: 248 KiB, as AWS has it (OBS-LOG-05).
pub const LOGGED_DATA_BYTES_MAX: usize = 248 * 1024;
