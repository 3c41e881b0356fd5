//! The backend itself, and how it is reached.

use crate::blob::Blobs;
use crate::clock::Time;
use crate::limits::{ATTEMPT_TIMEOUT, ATTEMPTS_MAX, LINGER};
use crate::logs::LogSender;
use crate::queue::{Busy, Gather, SqsQueue};
use crate::roles::Roles;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_dynamodb::Client;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use std::sync::Arc;

/// The stack's resources.
#[derive(Debug, Clone)]
pub struct Names {
    /// The table.
    pub table: Arc<str>,
    /// The bucket.
    pub bucket: Arc<str>,
    /// The queue of transitions.
    pub cue_queue_url: Arc<str>,
    /// The queue of calls to the outside.
    pub task_queue_url: Arc<str>,
    /// The queue of Express executions.
    pub express_queue_url: Arc<str>,
    /// The queue of map runs that read or write objects.
    pub map_queue_url: Arc<str>,
}

/// What may differ from stack to stack.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The stack's resources.
    pub names: Names,
    /// How long an execution is kept after its end.
    pub retention_days: u32,
}

/// The backend on AWS. A clone is the same backend.
#[derive(Debug, Clone)]
pub struct Aws {
    pub(crate) dynamo: Client,
    pub(crate) sqs: aws_sdk_sqs::Client,
    pub(crate) secrets: aws_sdk_secretsmanager::Client,
    pub(crate) roles: Roles,
    pub(crate) table: Arc<str>,
    pub(crate) blobs: Blobs,
    pub(crate) cue_queue: Gather,
    pub(crate) task_queue: Gather,
    pub(crate) express_queue: Gather,
    pub(crate) map_queue: Gather,
    pub(crate) logs: LogSender,
    pub(crate) retention_days: i64,
    pub(crate) time: Time,
    pub(crate) busy: Busy,
}

impl Aws {
    /// Finds region, endpoint and credentials as every SDK does, and makes the clients. Nothing is asked of AWS yet.
    pub async fn connect(settings: &Settings) -> Self {
        let config = aws_config::defaults(BehaviorVersion::latest())
            .http_client(
                aws_smithy_http_client::Builder::new()
                    .tls_provider(Provider::Rustls(CryptoMode::Ring))
                    .build_https(),
            )
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS_MAX))
            .timeout_config(
                TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT_TIMEOUT).build(),
            )
            .load()
            .await;
        Aws::new(&config, settings)
    }

    /// With clients of this configuration: for whoever has another way to AWS, or another AWS.
    #[must_use]
    pub fn new(config: &SdkConfig, settings: &Settings) -> Self {
        let (names, busy) = (&settings.names, Busy::default());
        let sqs = aws_sdk_sqs::Client::new(config);
        let queue = |url: &Arc<str>| {
            Gather::start(SqsQueue { client: sqs.clone(), url: url.clone() }, busy.clone(), LINGER)
        };
        Aws {
            dynamo: Client::new(config),
            table: names.table.clone(),
            blobs: Blobs::new(aws_sdk_s3::Client::new(config), names.bucket.clone()),
            cue_queue: queue(&names.cue_queue_url),
            task_queue: queue(&names.task_queue_url),
            express_queue: queue(&names.express_queue_url),
            map_queue: queue(&names.map_queue_url),
            logs: LogSender::start(
                aws_sdk_cloudwatchlogs::Client::new(config),
                Time::default().now(),
                crate::chance::process(),
            ),
            retention_days: settings.retention_days.into(),
            secrets: aws_sdk_secretsmanager::Client::new(config),
            roles: Roles::new(config),
            sqs,
            time: Time::default(),
            busy,
        }
    }

    /// Where whoever works on cues counts itself, so that sends are gathered no longer than they have to be.
    #[must_use]
    pub fn busy(&self) -> &Busy {
        &self.busy
    }
}
