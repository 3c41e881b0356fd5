//! On-demand list prices of us-east-1 in US dollars, as of November 2026.
//!
//! (P) is AWS's pricing page, (L) the AWS Price List as of August and September 2026, (D) AWS's documentation, (K) general knowledge
//! that was not read again: check it before you rely on it.

/// DynamoDB, a million write request units, on demand (L).
pub const WRITE_UNITS_MILLION: f64 = 0.625;
/// DynamoDB, a million read request units, on demand (L).
pub const READ_UNITS_MILLION: f64 = 0.125;
/// DynamoDB, a GB kept for a month (L).
pub const TABLE_GB_MONTH: f64 = 0.25;
/// DynamoDB, point-in-time recovery of a GB for a month (L).
pub const RECOVERY_GB_MONTH: f64 = 0.20;
/// SQS, a million requests to a standard queue (P).
pub const SQS_REQUESTS_MILLION: f64 = 0.40;
/// Lambda, a million invocations (P).
pub const INVOCATIONS_MILLION: f64 = 0.20;
/// Lambda, a million GB-seconds on arm64 (L).
pub const GB_SECONDS_MILLION: f64 = 13.3334;
/// S3, a million PUT, COPY, POST or LIST requests (K).
pub const S3_PUTS_MILLION: f64 = 5.0;
/// S3, a million GET requests (K).
pub const S3_GETS_MILLION: f64 = 0.40;
/// S3, a GB kept for a month (K).
pub const S3_GB_MONTH: f64 = 0.023;
/// CloudWatch Logs, a GB taken in, and Lambda's logs are the same (K).
pub const LOG_GB: f64 = 0.50;
/// CloudWatch, an alarm for a month (K).
pub const ALARM_MONTH: f64 = 0.10;
/// Secrets Manager, a secret for a month (K).
pub const SECRET_MONTH: f64 = 0.40;
/// Step Functions Standard, a million state transitions, retries included (P).
pub const STANDARD_TRANSITIONS_MILLION: f64 = 25.0;
/// Step Functions Express, a million executions (P).
pub const EXPRESS_REQUESTS_MILLION: f64 = 1.0;
/// Step Functions Express, a million GB-seconds: 64 MB chunks, tenths of a second (P).
pub const EXPRESS_GB_SECONDS_MILLION: f64 = 16.67;
