//! The limits of what services accept and answer, with AWS's numbers.

/// The most bytes of a task's result (QUO: 256 KiB).
pub const RESULT_BYTES_MAX: usize = 262_144;
/// The most bytes of a synchronous Lambda response: 6 MiB, and some room for its envelope.
pub const RESPONSE_BYTES_MAX: usize = 6 * 1024 * 1024 + 100 * 1024;
/// The most characters of a cause.
pub const CAUSE_CHARS_MAX: usize = 32_768;
/// The most containers of a Kubernetes job whose logs are read.
pub(crate) const JOB_LOGS_MAX: usize = 100;
/// The most pages that are looked through for a name.
pub(crate) const LOOKUP_PAGES_MAX: u32 = 100;
