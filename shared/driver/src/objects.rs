//! Users' objects, as map runs read and write them.

pub use baton_integrations::objects::{ObjectAnswer, ObjectError, ObjectRequest, ObjectSummary};

/// What is asked of S3, and with whose rights.
#[derive(Debug, Clone, Copy)]
pub struct ObjectCall<'a> {
    /// The state.
    pub state: &'a str,
    /// The state machine's role.
    pub role_arn: &'a str,
    /// The state machine.
    pub machine_arn: &'a str,
    /// The region.
    pub region: &'a str,
    /// `ExpectedBucketOwner`.
    pub bucket_owner: Option<&'a str>,
    /// The request.
    pub request: ObjectRequest<'a>,
}
