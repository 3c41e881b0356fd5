//! The bounds that keep untrusted expressions and data harmless. AWS publishes the few that are
//! marked; the others are far above what a definition of AWS's size can need.

/// Longest path or intrinsic expression, in bytes.
pub(crate) const EXPRESSION_BYTES_MAX: usize = 64 * 1024;
/// Most steps of one path.
pub(crate) const STEPS_MAX: usize = 256;
/// Deepest nesting of filters, brackets and negations in one path.
pub(crate) const FILTER_DEPTH_MAX: usize = 16;
/// Longest variable name, in characters (AWS).
pub(crate) const VARIABLE_NAME_CHARS_MAX: usize = 80;
/// Values one selection may look at before it is given up.
pub(crate) const VISITS_MAX: usize = 4_000_000;
/// Values one selection may result in.
pub(crate) const RESULTS_MAX: usize = 1_000_000;
/// Size of what an indefinite path may select, in bytes: 256 times AWS's payload limit.
pub(crate) const RESULT_BYTES_MAX: usize = 256 * 262_144;
/// Deepest nesting of a payload template, and of a value that is compared or rendered.
pub(crate) const VALUE_DEPTH_MAX: usize = 256;
/// Deepest nesting of intrinsic calls (AWS).
pub(crate) const NESTED_CALLS_MAX: usize = 10;
/// Most elements that `States.ArrayRange` makes (AWS).
pub(crate) const RANGE_ELEMENTS_MAX: i64 = 1_000;
/// Longest string that the Base64 and hash functions take, in characters (AWS).
pub(crate) const CODED_CHARS_MAX: usize = 10_000;
/// Longest string an intrinsic may make, in bytes: 64 times AWS's payload limit.
pub(crate) const TEXT_BYTES_MAX: usize = 64 * 262_144;
