//! How a service's refusal fails a task: names and causes as the AWS SDK for Java 2 forms them.

use crate::Response;
use crate::limits::MESSAGE_CHARS_MAX;

/// A call that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceError {
    /// The client's name, `DynamoDb`, by which the error goes.
    pub client: String,
    /// The error's name there, `ResourceNotFoundException`.
    pub exception: String,
    /// What the service says, or what is known of a call without an answer.
    pub message: String,
    /// The code in the service's answer.
    pub code: String,
    /// The answer, if there was one that can be read.
    pub answer: Option<Refused>,
    /// How often the call was made.
    pub attempts: u32,
}

/// What is known of an answer that refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The status.
    pub status: u16,
    /// The request's id, if the service says one.
    pub request_id: Option<String>,
    /// S3's second id.
    pub extended_request_id: Option<String>,
}

/// What an answer of some protocol says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: String,
    pub(crate) message: Option<String>,
    pub(crate) request_id: Option<String>,
}

impl ServiceError {
    /// The error's name as Retry and Catch match it.
    #[must_use]
    pub fn error(&self) -> String {
        format!("{}.{}", self.client, self.exception)
    }

    /// The cause.
    #[must_use]
    pub fn cause(&self) -> String {
        let mut cause: String = self.message.chars().take(MESSAGE_CHARS_MAX).collect();
        if let Some(answer) = &self.answer {
            let id = answer.request_id.as_deref().unwrap_or("null");
            cause += &format!(
                " (Service: {}, Status Code: {}, Request ID: {id}",
                self.client, answer.status
            );
            if let Some(id) = &answer.extended_request_id {
                cause += &format!(", Extended Request ID: {id}");
            }
            cause.push(')');
        }
        format!("{cause} (SDK Attempt Count: {})", self.attempts)
    }

    /// The failure of a call without an answer that can be read.
    pub(crate) fn without_answer(client: String, message: String) -> Self {
        let exception = "SdkClientException".to_owned();
        ServiceError { client, exception, message, code: String::new(), answer: None, attempts: 1 }
    }
}

impl Refused {
    pub(crate) fn new(response: &Response, stated: Option<String>) -> Self {
        let header = |name: &str| response.header(name).map(str::to_owned);
        let id = header("x-amzn-requestid").or_else(|| header("x-amz-request-id"));
        Refused {
            status: response.status,
            request_id: id.or(stated),
            extended_request_id: header("x-amz-id-2"),
        }
    }
}
