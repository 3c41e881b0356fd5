//! What a request may not exceed, with AWS's numbers.

use std::time::Duration;

/// How deep executions start executions. AWS has no such limit and pays for what never ends; Baton's users would.
pub const NESTING_MAX: u32 = 100;
/// A whole request (QUO-03).
pub const REQUEST_BYTES_MAX: usize = 1_048_576;
/// A definition (QUO-01).
pub const DEFINITION_CHARS_MAX: usize = 1_048_576;
/// An input, output or result (QUO-02).
pub const PAYLOAD_BYTES_MAX: usize = 262_144;
/// The name of a state machine or an execution (QUO-20).
pub const NAME_CHARS_MAX: usize = 80;
/// An ARN (API-ARN).
pub const ARN_CHARS_MAX: usize = 256;
/// The ARN of a Map Run (API-ARN).
pub const LONG_ARN_CHARS_MAX: usize = 2_000;
/// `traceHeader` (API-TRACEHDR).
pub const TRACE_HEADER_CHARS_MAX: usize = 256;
/// A task token as the API takes it (HUM-01).
pub const TASK_TOKEN_CHARS_MAX: usize = 2_048;
/// `error` (QUO-24).
pub const ERROR_CHARS_MAX: usize = 256;
/// `cause` (QUO-24).
pub const CAUSE_CHARS_MAX: usize = 32_768;
/// `nextToken` of most lists (API-PAGING).
pub const PAGE_TOKEN_CHARS_MAX: usize = 1_024;
/// `nextToken` of ListExecutions (API-PAGING).
pub const EXECUTIONS_PAGE_TOKEN_CHARS_MAX: usize = 3_096;
/// How long a `nextToken` can be used (API-PAGING): 24 hours.
pub const PAGE_TOKEN_SECS_MAX: i64 = 86_400;
/// The largest `maxResults`.
pub const PAGE_ITEMS_MAX: u32 = 1_000;
/// What a `maxResults` of 0, or none, stands for.
pub const PAGE_ITEMS_DEFAULT: u32 = 100;
/// Tags of one resource, and the lengths of a key and a value (QUO-19).
pub const TAGS_MAX: usize = 50;
/// A tag's key (QUO-19).
pub const TAG_KEY_CHARS_MAX: usize = 128;
/// A tag's value (QUO-19).
pub const TAG_VALUE_CHARS_MAX: usize = 256;
/// `description` of a version or an alias.
pub const DESCRIPTION_CHARS_MAX: usize = 256;
/// Versions of one state machine (QUO-09).
pub const VERSIONS_MAX: u32 = 1_000;
/// Aliases of one state machine (QUO-09).
pub const ALIASES_MAX: u32 = 100;
/// Versions that an alias leads to.
pub const ROUTES_MAX: usize = 2;
/// What an alias's weights sum up to.
pub const WEIGHT_SUM: i64 = 100;
/// `revisionId`: a UUID, or `INITIAL`.
pub const REVISION_ID_CHARS_MAX: usize = 36;
/// `kmsKeyId`.
pub const KMS_KEY_ID_CHARS_MAX: usize = 2_048;
/// `kmsDataKeyReusePeriodSeconds`, the shortest.
pub const KMS_REUSE_SECS_MIN: i64 = 60;
/// `kmsDataKeyReusePeriodSeconds`, the longest.
pub const KMS_REUSE_SECS_MAX: i64 = 900;
/// A step of the memory that StartSyncExecution bills (PRC-03), in bytes.
pub const BILLED_BYTES_STEP: u64 = 64 * 1024 * 1024;
/// The same in megabytes.
pub const BILLED_MEGABYTES_STEP: u64 = 64;
/// A step of the time that it bills (PRC-03).
pub const BILLED_MILLIS_STEP: u64 = 100;
/// How long TestState may take (API-TestState).
pub const TEST_STATE_SECS_MAX: i64 = 300;
/// `clientToken` of RedriveExecution.
pub const CLIENT_TOKEN_CHARS_MAX: usize = 64;
/// How long GetActivityTask waits (ACT-02).
pub const POLL_PATIENCE: Duration = Duration::from_secs(60);
/// Findings in one answer of ValidateStateMachineDefinition: as many as may be asked for, and the default.
pub const DIAGNOSTICS_MAX: u8 = 100;

/// Payload bytes in one page of a history: a page is cut short rather than grow beyond what a Lambda function may
/// answer (6 MB) once its quotes are escaped. Ours.
pub(crate) const HISTORY_PAGE_BYTES_MAX: usize = 3_000_000;
/// Payload bytes of a history that are held between the two readings of its journal; beyond them it is read twice. Ours.
pub(crate) const HISTORY_HELD_BYTES_MAX: usize = 8_000_000;
/// Executions that one request stops of a state machine that is being deleted; the next request goes on. Ours.
pub(crate) const STOPS_MAX: usize = 1_000;
/// Executions that are read at a time where not all of them are wanted. Ours.
pub(crate) const SCAN_PAGE_ITEMS: u32 = 100;
/// Pages that one request reads where few of the executions on them are wanted; its own page is then a short one. Ours.
pub(crate) const SCAN_PAGES_MAX: u32 = 20;
/// How often an update is tried against others of the same resource. Ours.
pub(crate) const UPDATE_RACES_MAX: u32 = 10;
