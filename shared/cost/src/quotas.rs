//! AWS's default quotas, per region and account: what a large job meets first.
//!
//! (D) is AWS's documentation; (K) general knowledge that was not read again. Those marked "on request" are raised by a
//! support case; the others are hard.

/// DynamoDB: write request units a second of one on-demand table, on request (D).
pub const TABLE_WRITE_UNITS_SECOND: f64 = 40_000.0;
/// DynamoDB: read request units a second of one on-demand table, on request (D).
pub const TABLE_READ_UNITS_SECOND: f64 = 40_000.0;
/// DynamoDB: write units a second that a fresh on-demand table takes before it has grown or was warmed (D).
pub const FRESH_TABLE_WRITE_UNITS_SECOND: f64 = 4_000.0;
/// DynamoDB: write units a second of one partition, hence of one item (D).
pub const PARTITION_WRITE_UNITS_SECOND: f64 = 1_000.0;
/// SQS: messages in flight of one standard queue, on request (D).
pub const QUEUE_IN_FLIGHT: f64 = 120_000.0;
/// Lambda: concurrent executions, on request (D).
pub const LAMBDA_CONCURRENCY: f64 = 1_000.0;
/// Lambda: the most that one SQS event source mapping invokes at a time (D).
pub const MAPPING_CONCURRENCY: f64 = 1_000.0;
/// Lambda: invocations a second for each unit of concurrency (D).
pub const INVOCATIONS_SECOND_PER_CONCURRENCY: f64 = 10.0;
/// S3: PUT requests a second of one prefix (D).
pub const PREFIX_PUTS_SECOND: f64 = 3_500.0;
/// S3: GET requests a second of one prefix (D).
pub const PREFIX_GETS_SECOND: f64 = 5_500.0;
/// Step Functions: children that one map run has under way (D).
pub const MAP_RUN_CONCURRENCY: f64 = 10_000.0;
