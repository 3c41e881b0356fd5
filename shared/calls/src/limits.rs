//! The limits of a call.

use std::time::Duration;

/// How long connecting may take.
pub(crate) const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// The longest that an HTTP Task may take (INT-http-invoke).
pub(crate) const HTTP_TASK_LIMIT: Duration = Duration::from_secs(60);
/// How many tokens of connections are kept.
pub(crate) const TOKENS_MAX: usize = 1000;
/// How long a token is good that does not say so.
pub(crate) const TOKEN_TIME: Duration = Duration::from_secs(300);
/// How long before its end a token is not used any more.
pub(crate) const TOKEN_MARGIN: Duration = Duration::from_secs(30);
/// How long a connection nobody uses is kept: shorter than load balancers keep it.
pub(crate) const IDLE_LIMIT: Duration = Duration::from_secs(20);
/// How often a connection that waits for a slow answer shows that it is alive. Network address translators forget a silent one
/// within minutes, and a Lambda function may take fifteen.
pub(crate) const KEEPALIVE: Duration = Duration::from_secs(45);
/// How often a call is made at most, as the AWS SDK for Java 2 has it.
pub(crate) const TRIES_MAX: u32 = 4;
/// How long the first pause between two attempts is at most; each further one is twice as long.
pub(crate) const PAUSE: Duration = Duration::from_millis(100);
/// The same after a throttle.
pub(crate) const THROTTLE_PAUSE: Duration = Duration::from_millis(500);
/// The longest pause.
pub(crate) const PAUSE_MAX: Duration = Duration::from_secs(20);
/// How much of a refusal's body is looked through for its code.
pub(crate) const CODE_BYTES_MAX: usize = 1024;
/// How long a token for a cluster is good: as long as one call may need to arrive.
pub(crate) const CLUSTER_TOKEN_TIME: Duration = Duration::from_secs(60);
/// How many clusters' connections are kept.
pub(crate) const CLUSTERS_MAX: usize = 32;
/// The longest trace header that is passed on.
pub(crate) const TRACE_HEADER_BYTES_MAX: usize = 256;
/// The largest profile file that is read.
pub(crate) const PROFILE_BYTES_MAX: u64 = 1024 * 1024;
/// How long one request about an object may take: a slow line brings some MiB in that time.
pub(crate) const OBJECT_TIME_LIMIT: Duration = Duration::from_secs(60);
/// How often it is tried.
pub(crate) const OBJECT_TRIES_MAX: u32 = 5;
/// How long it waits after the first time; twice as long after each.
pub(crate) const OBJECT_PAUSE: Duration = Duration::from_millis(200);
