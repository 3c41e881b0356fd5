//! What goes back to the caller, whatever carries it.

use crate::ApiError;
use serde::Serialize;

/// An answer in AWS's JSON 1.0 protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The id that names the request in logs.
    pub request_id: String,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The content type of every answer.
    pub const CONTENT_TYPE: &'static str = "application/x-amz-json-1.0";

    /// The answer's headers.
    #[must_use]
    pub fn headers(&self) -> [(&'static str, &str); 2] {
        [("x-amzn-RequestId", &self.request_id), ("content-type", Self::CONTENT_TYPE)]
    }

    pub(crate) fn success(request_id: String, output: &impl Serialize) -> Self {
        match serde_json::to_vec(output) {
            Ok(body) => Answer { status: 200, request_id, body },
            Err(error) => Self::refusal(request_id, &ApiError::internal(&error)),
        }
    }

    pub(crate) fn refusal(request_id: String, error: &ApiError) -> Self {
        let body = error.body().to_string().into_bytes();
        Answer { status: error.code.status(), request_id, body }
    }
}
