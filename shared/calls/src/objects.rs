//! Objects in S3 over HTTP.

use crate::caller::{Caller, Terms};
use crate::credentials::CredentialsProvider;
use crate::error::CallError;
use crate::limits::{OBJECT_PAUSE, OBJECT_TIME_LIMIT, OBJECT_TRIES_MAX};
use baton_integrations::objects::{ObjectAnswer, ObjectError, ObjectRequest};
use std::time::SystemTime;

/// On what terms objects are asked for.
#[derive(Debug, Clone, Copy)]
pub struct ObjectTerms<'a> {
    /// The role that the request is made with.
    pub role_arn: &'a str,
    /// The bucket's region.
    pub region: &'a str,
    /// The account that the bucket must belong to.
    pub bucket_owner: Option<&'a str>,
}

impl<P: CredentialsProvider> Caller<P> {
    /// Asks S3, again where that may help: every request about an object may be repeated.
    ///
    /// # Errors
    ///
    /// [`ObjectError`]: S3 refuses it, or goes on giving no answer that counts.
    pub async fn object(
        &self,
        request: &ObjectRequest<'_>,
        terms: &ObjectTerms<'_>,
        now: impl Fn() -> SystemTime,
    ) -> Result<ObjectAnswer, ObjectError> {
        let mut tries = 0_u32;
        loop {
            let error = match self.object_once(request, terms, now()).await {
                Err(error) if error.may_pass => error,
                answer => return answer,
            };
            tries = tries.saturating_add(1);
            if tries >= OBJECT_TRIES_MAX {
                // The state's Retry decides what becomes of it, as on AWS.
                return Err(ObjectError { may_pass: false, ..error });
            }
            tracing::warn!(%error, tries, "the request to S3 is tried again");
            pause(tries).await;
        }
    }

    async fn object_once(
        &self,
        request: &ObjectRequest<'_>,
        terms: &ObjectTerms<'_>,
        now: SystemTime,
    ) -> Result<ObjectAnswer, ObjectError> {
        let http = request.to_http(terms.region, terms.bucket_owner)?;
        let terms = Terms {
            role_arn: terms.role_arn,
            trace_header: None,
            time_limit: OBJECT_TIME_LIMIT,
            now,
        };
        match self.call(&http, &terms).await {
            Ok(response) => request.answer(response),
            Err(error) => Err(unanswered(&error)),
        }
    }
}

/// What a request without a response means.
fn unanswered(error: &CallError) -> ObjectError {
    let cause = format!("Unable to execute HTTP request: {}", error.chain());
    match error {
        CallError::Unconnected { .. } | CallError::Broken { .. } | CallError::TimedOut(_) => {
            ObjectError::passing(cause)
        }
        CallError::Credentials(_)
        | CallError::NoCluster(_)
        | CallError::Endpoint(_)
        | CallError::Malformed(_)
        | CallError::TooLarge(_) => ObjectError::refused(cause),
    }
}

/// Doubles with every try.
#[expect(clippy::disallowed_methods, reason = "a service that is busy is given time")]
async fn pause(tries: u32) {
    let times = 2_u32.saturating_pow(tries.saturating_sub(1));
    tokio::time::sleep(OBJECT_PAUSE.saturating_mul(times)).await;
}
