//! The API's errors, with AWS's words.
//!
//! Each constructor is one row of AWS's list: what it says, when. [`ApiError`] is an answer like any other; only
//! [`ErrorCode::InternalServerError`] and [`ErrorCode::ServiceUnavailable`] are not the caller's doing.

use baton_store::StoreError;
use serde_json::Value;

/// An operation's refusal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", code.as_str())]
pub struct ApiError {
    /// `__type`.
    pub code: ErrorCode,
    /// `message`.
    pub message: String,
    /// `resourceName`, where the error has one.
    pub resource_name: Option<String>,
}

macro_rules! error_codes {
    ($($name:ident $status:literal,)*) => {
        /// An error's code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[expect(missing_docs, reason = "AWS's names")]
        pub enum ErrorCode { $($name,)* }

        impl ErrorCode {
            /// As on the wire.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(ErrorCode::$name => stringify!($name),)* }
            }

            /// The HTTP status that goes with it.
            #[must_use]
            pub fn status(self) -> u16 {
                match self { $(ErrorCode::$name => $status,)* }
            }
        }
    };
}

error_codes! {
    AccessDeniedException 400,
    ActivityAlreadyExists 400,
    ActivityDoesNotExist 400,
    ActivityWorkerLimitExceeded 400,
    ConflictException 400,
    ExecutionAlreadyExists 400,
    ExecutionDoesNotExist 400,
    ExecutionNotRedrivable 400,
    InternalServerError 500,
    InvalidArn 400,
    InvalidDefinition 400,
    InvalidEncryptionConfiguration 400,
    InvalidExecutionInput 400,
    InvalidLoggingConfiguration 400,
    InvalidName 400,
    InvalidOutput 400,
    InvalidToken 400,
    MissingRequiredParameter 400,
    NotSupportedException 400,
    RequestEntityTooLargeException 413,
    ResourceNotFound 400,
    SerializationException 400,
    ServiceQuotaExceededException 400,
    ServiceUnavailable 503,
    StateMachineAlreadyExists 400,
    StateMachineDeleting 400,
    StateMachineDoesNotExist 400,
    StateMachineTypeNotSupported 400,
    TaskDoesNotExist 400,
    TaskTimedOut 400,
    ThrottlingException 400,
    TooManyTags 400,
    UnknownOperationException 400,
    ValidationException 400,
}

impl ApiError {
    fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        ApiError { code, message: message.into(), resource_name: None }
    }

    /// The answer's body.
    #[must_use]
    pub fn body(&self) -> Value {
        let named = |name: &str, text: &str| (name.to_owned(), Value::from(text));
        let resource_name = self.resource_name.as_deref().map(|name| named("resourceName", name));
        let body = [named("__type", self.code.as_str()), named("message", &self.message)];
        Value::Object(body.into_iter().chain(resource_name).collect())
    }

    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::ValidationException, message)
    }

    pub(crate) fn serialization(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::SerializationException, message)
    }

    /// What the way in does not lead to.
    pub(crate) fn access_denied(operation: &str) -> Self {
        let shown: String = operation.chars().take(100).collect();
        let message = format!("This endpoint is not authorized to perform: states:{shown}");
        Self::new(ErrorCode::AccessDeniedException, message)
    }

    pub(crate) fn unknown_operation(target: &str) -> Self {
        let shown: String = target.chars().take(100).collect();
        let message = format!("The target '{shown}' is not an operation of AWS Step Functions.");
        Self::new(ErrorCode::UnknownOperationException, message)
    }

    pub(crate) fn request_too_large(bytes_max: usize) -> Self {
        let message = format!("The request is larger than {bytes_max} bytes.");
        Self::new(ErrorCode::RequestEntityTooLargeException, message)
    }

    /// Something of Step Functions that Baton does not have.
    pub(crate) fn not_supported(what: &str) -> Self {
        Self::new(ErrorCode::NotSupportedException, format!("Baton does not support {what} yet."))
    }

    pub(crate) fn invalid_arn(detail: &str) -> Self {
        Self::new(ErrorCode::InvalidArn, format!("Invalid Arn: '{detail}'"))
    }

    pub(crate) fn invalid_name(name: &str) -> Self {
        Self::new(ErrorCode::InvalidName, format!("Invalid Name: '{name}'"))
    }

    pub(crate) fn invalid_token() -> Self {
        Self::new(ErrorCode::InvalidToken, "Invalid Token: 'Invalid token'")
    }

    pub(crate) fn invalid_definition(message: String) -> Self {
        Self::new(ErrorCode::InvalidDefinition, message)
    }

    pub(crate) fn invalid_input(detail: &str) -> Self {
        let message = format!("Invalid State Machine Execution Input: '{detail}'");
        Self::new(ErrorCode::InvalidExecutionInput, message)
    }

    pub(crate) fn invalid_output(detail: &str) -> Self {
        Self::new(ErrorCode::InvalidOutput, format!("Invalid Output: '{detail}'"))
    }

    pub(crate) fn invalid_logging(detail: &str) -> Self {
        let message = format!("Invalid Logging Configuration: {detail}");
        Self::new(ErrorCode::InvalidLoggingConfiguration, message)
    }

    pub(crate) fn invalid_encryption(detail: &str) -> Self {
        let message = format!("Invalid Encryption Configuration: {detail}");
        Self::new(ErrorCode::InvalidEncryptionConfiguration, message)
    }

    pub(crate) fn no_such_activity(arn: &str) -> Self {
        let message = format!("Activity Does Not Exist: '{arn}'");
        Self::new(ErrorCode::ActivityDoesNotExist, message)
    }

    pub(crate) fn activity_exists(arn: &str) -> Self {
        let message = format!("Activity Already Exists: '{arn}'");
        Self::new(ErrorCode::ActivityAlreadyExists, message)
    }

    pub(crate) fn too_many_pollers() -> Self {
        Self::new(
            ErrorCode::ActivityWorkerLimitExceeded,
            "The maximum number of workers concurrently polling for activity tasks has been reached.",
        )
    }

    pub(crate) fn nothing_to_update() -> Self {
        Self::new(
            ErrorCode::MissingRequiredParameter,
            "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified",
        )
    }

    pub(crate) fn no_such_machine(arn: &str) -> Self {
        let message = format!("State Machine Does Not Exist: '{arn}'");
        Self::new(ErrorCode::StateMachineDoesNotExist, message)
    }

    pub(crate) fn machine_exists(arn: &str) -> Self {
        let message = format!("State Machine Already Exists: '{arn}'");
        Self::new(ErrorCode::StateMachineAlreadyExists, message)
    }

    pub(crate) fn machine_is_deleting(arn: &str) -> Self {
        let message = format!("State Machine is being deleted: '{arn}'");
        Self::new(ErrorCode::StateMachineDeleting, message)
    }

    pub(crate) fn machine_type_not_supported() -> Self {
        Self::new(
            ErrorCode::StateMachineTypeNotSupported,
            "This operation is not supported by this type of state machine",
        )
    }

    pub(crate) fn contended(arn: &str) -> Self {
        Self::conflict(format!("The resource is being updated by others: '{arn}'"))
    }

    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::ConflictException, message)
    }

    pub(crate) fn quota_exceeded(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::ServiceQuotaExceededException, message)
    }

    /// Something that the request refers to without being about it.
    pub(crate) fn dangling() -> Self {
        let message = "Request references a resource that does not exist.";
        Self::new(ErrorCode::ResourceNotFound, message)
    }

    pub(crate) fn nested_too_deep(most: u32) -> Self {
        let message =
            format!("Executions may start executions {most} deep, and this one is deeper.");
        Self::quota_exceeded(message)
    }

    pub(crate) fn no_such_execution(arn: &str) -> Self {
        let message = format!("Execution Does Not Exist: '{arn}'");
        Self::new(ErrorCode::ExecutionDoesNotExist, message)
    }

    pub(crate) fn execution_exists(arn: &str) -> Self {
        let message = format!("Execution Already Exists: '{arn}'");
        Self::new(ErrorCode::ExecutionAlreadyExists, message)
    }

    pub(crate) fn not_redrivable(reason: impl Into<String>) -> Self {
        Self::new(ErrorCode::ExecutionNotRedrivable, reason)
    }

    pub(crate) fn no_such_resource(arn: &str) -> Self {
        let message = format!("Resource not found: '{arn}'");
        ApiError {
            resource_name: Some(arn.to_owned()),
            ..Self::new(ErrorCode::ResourceNotFound, message)
        }
    }

    pub(crate) fn too_many_tags(arn: &str) -> Self {
        let message = format!("Too many tags: '{arn}'");
        ApiError {
            resource_name: Some(arn.to_owned()),
            ..Self::new(ErrorCode::TooManyTags, message)
        }
    }

    pub(crate) fn no_such_task() -> Self {
        Self::new(
            ErrorCode::TaskDoesNotExist,
            "Task Does Not Exist: 'Provided task does not exist'",
        )
    }

    pub(crate) fn task_is_over() -> Self {
        let message = "Task Timed Out: 'Provided task does not exist anymore'";
        Self::new(ErrorCode::TaskTimedOut, message)
    }

    /// More requests than a quota lets through.
    pub(crate) fn throttled() -> Self {
        Self::new(ErrorCode::ThrottlingException, "Rate exceeded")
    }

    /// The backend did not answer; asking again is safe.
    pub(crate) fn unavailable(source: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error = %chain(source), "the request was not carried out");
        let message = "The service is temporarily unable to answer. Try again.";
        Self::new(ErrorCode::ServiceUnavailable, message)
    }

    /// A request's handling panicked; the panic itself is on stderr.
    #[cfg(feature = "http")]
    pub(crate) fn crashed() -> Self {
        tracing::error!("the handling of a request crashed");
        Self::new(ErrorCode::InternalServerError, "An internal error occurred.")
    }

    /// A bug, or data that cannot be read. The details go to the log, not to the caller.
    pub(crate) fn internal(source: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error = %chain(source), "the request failed");
        Self::new(ErrorCode::InternalServerError, "An internal error occurred.")
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Unavailable { .. } => ApiError::unavailable(&error),
            // A page's name comes from the caller's token.
            StoreError::Corrupt { what: "page", .. } => ApiError::invalid_token(),
            StoreError::Corrupt { .. } => ApiError::internal(&error),
        }
    }
}

/// An error with all that lies under it, in one line.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let sources = std::iter::successors(Some(error), |error| error.source());
    sources.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
