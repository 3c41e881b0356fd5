//! The services, and the names that each of them goes by.

use crate::{Destination, Signing, gateway, kubernetes};
use std::collections::BTreeSet;

/// What follows `AWS_ENDPOINT_URL_` in the variables that name endpoints: of all services that can be called.
#[must_use]
pub fn endpoint_variable_suffixes() -> BTreeSet<String> {
    let own = Service::ALL.iter().map(|service| service.endpoint_variable_suffix().to_owned());
    let table = baton_services::table();
    // Distributed Maps read and write objects, whatever tasks can call.
    let others = [
        crate::objects::ENDPOINT_VARIABLE_SUFFIX,
        gateway::ENDPOINT_VARIABLE_SUFFIX,
        kubernetes::ENDPOINT_VARIABLE_SUFFIX,
    ];
    own.chain(others.map(str::to_owned))
        .chain(table.into_iter().flat_map(|table| table.endpoint_variable_suffixes()))
        .collect()
}

/// An AWS service that a task can call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the services' own names")]
pub enum Service {
    Lambda,
    DynamoDb,
    EventBridge,
    Sns,
    Sqs,
    StepFunctions,
}

impl Service {
    /// Every service.
    pub const ALL: [Service; 6] = [
        Service::Lambda,
        Service::DynamoDb,
        Service::EventBridge,
        Service::Sns,
        Service::Sqs,
        Service::StepFunctions,
    ];

    /// The first part of its endpoints, which also is the service's name in signatures.
    #[must_use]
    pub fn endpoint_prefix(self) -> &'static str {
        match self {
            Service::Lambda => "lambda",
            Service::DynamoDb => "dynamodb",
            Service::EventBridge => "events",
            Service::Sns => "sns",
            Service::Sqs => "sqs",
            Service::StepFunctions => "states",
        }
    }

    /// Where it is in a region.
    #[must_use]
    pub fn destination(self, region: &str) -> Destination {
        let prefix = self.endpoint_prefix();
        let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        // The region may come from an ARN in a definition: it must not lead elsewhere.
        let host = match !region.is_empty() && region.bytes().all(is_name) {
            true => format!("{prefix}.{region}.{suffix}"),
            false => String::new(),
        };
        Destination {
            endpoint_variable_suffix: self.endpoint_variable_suffix().into(),
            host,
            path_at_endpoint: None,
            signing: Signing {
                name: Some(prefix.into()),
                region: region.to_owned(),
                leaves_body_out: false,
                is_s3: false,
            },
            cluster: None,
        }
    }

    /// What follows `AWS_ENDPOINT_URL_` in the variable that names its endpoint.
    #[must_use]
    pub fn endpoint_variable_suffix(self) -> &'static str {
        match self {
            Service::Lambda => "LAMBDA",
            Service::DynamoDb => "DYNAMODB",
            Service::EventBridge => "EVENTBRIDGE",
            Service::Sns => "SNS",
            Service::Sqs => "SQS",
            Service::StepFunctions => "SFN",
        }
    }

    /// What the error names of its tasks begin with.
    pub(crate) fn error_prefix(self) -> &'static str {
        match self {
            Service::Lambda => "Lambda",
            Service::DynamoDb => "DynamoDB",
            Service::EventBridge => "EventBridge",
            Service::Sns => "SNS",
            Service::Sqs => "SQS",
            Service::StepFunctions => "StepFunctions",
        }
    }

    /// Its name in causes.
    pub(crate) fn cause_name(self) -> &'static str {
        match self {
            Service::Lambda => "AWSLambda",
            Service::DynamoDb => "AmazonDynamoDBv2",
            Service::EventBridge => "AmazonEventBridge",
            Service::Sns => "AmazonSNS",
            Service::Sqs => "AmazonSQS",
            Service::StepFunctions => "AWSStepFunctions",
        }
    }

    /// The error that stands for every code which has no error of its own.
    pub(crate) fn base_error(self) -> &'static str {
        match self {
            Service::Lambda => "AWSLambdaException",
            Service::DynamoDb => "AmazonDynamoDBException",
            Service::EventBridge => "AmazonEventBridgeException",
            Service::Sns => "AmazonSNSException",
            Service::Sqs => "AmazonSQSException",
            Service::StepFunctions => "AWSStepFunctionsException",
        }
    }

    /// The codes that have an error of their own: those which the API models of the supported actions name.
    pub(crate) fn own_errors(self) -> &'static [&'static str] {
        match self {
            Service::Lambda => LAMBDA_ERRORS,
            Service::DynamoDb => DYNAMODB_ERRORS,
            Service::EventBridge => EVENT_BRIDGE_ERRORS,
            Service::Sns => SNS_ERRORS,
            Service::Sqs => SQS_ERRORS,
            Service::StepFunctions => STEP_FUNCTIONS_ERRORS,
        }
    }
}

const LAMBDA_ERRORS: &[&str] = &[
    "EC2AccessDeniedException",
    "EC2ThrottledException",
    "EC2UnexpectedException",
    "EFSIOException",
    "EFSMountConnectivityException",
    "EFSMountFailureException",
    "EFSMountTimeoutException",
    "ENILimitReachedException",
    "InvalidParameterValueException",
    "InvalidRequestContentException",
    "InvalidRuntimeException",
    "InvalidSecurityGroupIDException",
    "InvalidSubnetIDException",
    "InvalidZipFileException",
    "KMSAccessDeniedException",
    "KMSDisabledException",
    "KMSInvalidStateException",
    "KMSNotFoundException",
    "RecursiveInvocationException",
    "RequestTooLargeException",
    "ResourceConflictException",
    "ResourceNotFoundException",
    "ResourceNotReadyException",
    "ServiceException",
    "SnapStartException",
    "SnapStartNotReadyException",
    "SnapStartTimeoutException",
    "SubnetIPAddressLimitReachedException",
    "TooManyRequestsException",
    "UnsupportedMediaTypeException",
];

const DYNAMODB_ERRORS: &[&str] = &[
    "ConditionalCheckFailedException",
    "InternalServerError",
    "ItemCollectionSizeLimitExceededException",
    "ProvisionedThroughputExceededException",
    "ReplicatedWriteConflictException",
    "RequestLimitExceeded",
    "ResourceNotFoundException",
    "TransactionConflictException",
];

const EVENT_BRIDGE_ERRORS: &[&str] = &["InternalException"];

const SNS_ERRORS: &[&str] = &[
    "AuthorizationError",
    "EndpointDisabled",
    "InternalError",
    "InvalidParameter",
    "InvalidSecurity",
    "KMSAccessDenied",
    "KMSDisabled",
    "KMSInvalidState",
    "KMSNotFound",
    "KMSOptInRequired",
    "KMSThrottling",
    "NotFound",
    "ParameterValueInvalid",
    "PlatformApplicationDisabled",
    "ValidationException",
];

const SQS_ERRORS: &[&str] = &[
    "InvalidAddress",
    "InvalidMessageContents",
    "InvalidSecurity",
    "KmsAccessDenied",
    "KmsDisabled",
    "KmsInvalidKeyUsage",
    "KmsInvalidState",
    "KmsNotFound",
    "KmsOptInRequired",
    "KmsThrottled",
    "QueueDoesNotExist",
    "RequestThrottled",
    "UnsupportedOperation",
];

const STEP_FUNCTIONS_ERRORS: &[&str] = &[
    "ExecutionAlreadyExists",
    "ExecutionLimitExceeded",
    "InvalidArn",
    "InvalidExecutionInput",
    "InvalidName",
    "KmsAccessDeniedException",
    "KmsInvalidStateException",
    "KmsThrottlingException",
    "StateMachineDeleting",
    "StateMachineDoesNotExist",
    "ValidationException",
];
