//! The interpreter's limits, with AWS's numbers.

/// How many iterations of an inline Map run at a time at most (QUO-12).
pub(crate) const INLINE_CONCURRENCY_MAX: u32 = 40;
/// How many iterations of a Map have their inputs shown when the state is tried by itself. Ours.
pub(crate) const ITEMS_INSPECTED_MAX: u32 = 1_000;
/// The longest wait: more seconds than this ahead fail the state (ASL-WAIT-07).
pub(crate) const WAIT_SECS_MAX: i64 = 2_147_483_647;
/// The longest `TimeoutSeconds`, `HeartbeatSeconds` and retry delay.
pub(crate) const SECS_MAX: u32 = 99_999_999;
/// How long after its start a job is first asked for its end. Ours.
pub(crate) const POLL_SECS: u32 = 5;
/// How long after its start a nested execution is asked for its end, should its own message have been lost. Ours.
pub(crate) const NESTED_POLL_SECS: u32 = 60;
/// The most bytes of one variable, and of one `Assign` (EXPR-VAR-09).
pub(crate) const VARIABLE_BYTES_MAX: usize = 262_144;
/// The most bytes of all variables in sight of a state.
pub(crate) const VARIABLES_BYTES_MAX: usize = 10 * 1024 * 1024;
/// How often a map run can be redriven (RED-06).
pub(crate) const MAP_RUN_REDRIVES_MAX: u32 = 1_000;
