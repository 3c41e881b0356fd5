//! What a definition may not exceed. AWS publishes the ones that are marked; the others keep untrusted
//! text harmless and are far above what a definition of AWS's size needs.

/// Longest definition, in bytes (QUO-01, AWS).
pub const DEFINITION_BYTES_MAX: usize = 1_048_576;
/// Longest `TimeoutSeconds`, `HeartbeatSeconds`, `Seconds` and `IntervalSeconds` (AWS).
pub const SECONDS_MAX: u32 = 99_999_999;
/// Largest `MaxAttempts` (ERR-RETRY-03, AWS).
pub const RETRY_ATTEMPTS_MAX: u32 = 99_999_999;
/// Longest `MaxDelaySeconds` (ERR-RETRY-05, AWS): 366 days.
pub const RETRY_DELAY_SECONDS_MAX: u32 = 31_622_400;
/// Longest name of a variable, in characters (EXPR-VAR-04, AWS).
pub const VARIABLE_NAME_CHARS_MAX: usize = 80;
/// Longest `Label` of a Map state, in characters (DMAP-27, AWS).
pub const LABEL_CHARS_MAX: usize = 40;

/// Deepest nesting of objects and arrays in a definition's text.
pub const JSON_DEPTH_MAX: usize = 256;
/// Deepest nesting within one payload: what is kept must be readable by a JSON parser of depth 128.
pub(crate) const PAYLOAD_DEPTH_MAX: usize = 100;
/// Deepest nesting of Parallel branches and item processors.
pub(crate) const BLOCK_DEPTH_MAX: usize = 32;
/// Deepest nesting of `And`, `Or` and `Not` in one rule of a Choice.
pub(crate) const RULE_DEPTH_MAX: usize = 64;
/// Most errors, and most warnings, that one parse reports; AWS reports 100.
pub(crate) const DIAGNOSTICS_MAX: usize = 500;
/// Longest name quoted in a location, a message or a help, in characters.
pub(crate) const QUOTED_CHARS_MAX: usize = 200;
