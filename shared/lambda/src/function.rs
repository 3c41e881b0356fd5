//! A function of the stack, connected.

use crate::calls::RoleCalls;
use crate::configuration::{Configuration, Invalid};
use crate::deadline::Deadline;
use baton_api::Api;
use baton_api::limits::POLL_PATIENCE;
use baton_aws::Aws;
use baton_driver::{Driver, Settings};
use baton_store::{Chance as _, StoreError};
use std::sync::Arc;

/// How many transitions one cue makes, where each leads to nothing but the next: a few hundred milliseconds of work for a batch.
pub(crate) const STRETCH: u32 = 25;

/// What the functions that move executions have in common. A clone is the same function.
#[derive(Debug, Clone)]
pub struct Function {
    pub(crate) aws: Aws,
    pub(crate) configuration: Arc<Configuration>,
    pub(crate) driver: Arc<Driver<Aws, RoleCalls>>,
    pub(crate) deadline: Deadline,
}

/// Why a function cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The environment is not that of the stack.
    #[error(transparent)]
    Configuration(#[from] Invalid),
    /// There is no key to sign task tokens with.
    #[error("the key of the task tokens cannot be read")]
    Keys(#[source] StoreError),
}

impl Function {
    /// Reads the environment, makes the clients and fetches the key of the task tokens.
    ///
    /// # Errors
    ///
    /// [`StartError`]: Lambda starts the function again.
    pub async fn start() -> Result<Self, StartError> {
        let configuration = Configuration::from_env()?;
        let aws = Aws::connect(&configuration.backend).await;
        Function::over(aws, configuration).await
    }

    /// Over a backend that is connected: fetches the key of the task tokens.
    ///
    /// # Errors
    ///
    /// [`StartError::Keys`].
    pub async fn over(aws: Aws, configuration: Configuration) -> Result<Self, StartError> {
        let configuration = Arc::new(configuration);
        let keys = aws.token_keys(&configuration.token_secret_arn).await;
        let keys = Arc::new(keys.map_err(StartError::Keys)?);
        let deadline = Deadline::default();
        let calls = RoleCalls::new(aws.clone(), &configuration, deadline.clone());
        // A worker is one start of one process: whoever finds its claim knows which log to read.
        let worker = format!("{}/{:016x}", configuration.function, aws.bits() >> 64);
        let mut settings = Settings::new(worker);
        settings.transitions_max =
            configuration.transitions_max.unwrap_or(settings.transitions_max);
        settings.transitions_per_sec = configuration.transitions_per_sec;
        settings.hears_events = configuration.hears_events;
        settings.stretch = STRETCH;
        let driver = Driver::new(Arc::new(aws.clone()), calls, keys, settings);
        let driver = Arc::new(driver);
        driver.tasks().own().set(&driver, api_settings(&configuration));
        Ok(Function { aws, configuration, driver, deadline })
    }

    /// Notes when Lambda ends the invocation that begins: the `deadline` of its context.
    pub fn begin(&self, deadline_millis: u64) {
        self.deadline.set(deadline_millis);
    }

    /// The API over this function's driver.
    pub(crate) fn api(&self) -> Api<Aws, RoleCalls> {
        let settings = api_settings(&self.configuration);
        let poll_patience = POLL_PATIENCE.min(self.deadline.left(&self.aws));
        Api::new(self.driver.clone(), baton_api::Settings { poll_patience, ..settings })
    }
}

fn api_settings(configuration: &Configuration) -> baton_api::Settings {
    baton_api::Settings {
        account: configuration.account.clone(),
        region: configuration.region.clone(),
        payload_bytes_max: configuration.payload_bytes_max,
        ..baton_api::Settings::default()
    }
}
