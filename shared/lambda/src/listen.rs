//! The event function's work.

use crate::configuration::Configuration;
use crate::function::StartError;
use baton_aws::Aws;
use baton_integrations::JobKey;
use baton_store::StoreError;
use serde::Serialize;
use serde_json::Value;

/// Hears events that tell ends of jobs.
#[derive(Debug, Clone)]
pub struct Listener {
    aws: Aws,
}

/// What came of an event, for whoever invokes the function by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Heard {
    /// How many executions waited for the job.
    pub told: usize,
}

impl Listener {
    /// Reads the environment and makes the clients.
    ///
    /// # Errors
    ///
    /// [`StartError`]: Lambda starts the function again.
    pub async fn start() -> Result<Self, StartError> {
        let configuration = Configuration::from_env()?;
        Ok(Listener::over(Aws::connect(&configuration.backend).await))
    }

    /// Over a backend that is connected.
    #[must_use]
    pub fn over(aws: Aws) -> Self {
        Listener { aws }
    }

    /// Tells whoever waits for the job that an event is about. Any other event changes nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: Lambda tries again, and then the job is asked in its time.
    pub async fn hear(&self, event: &Value) -> Result<Heard, StoreError> {
        let told = match JobKey::of_event(event) {
            Some(job) => {
                let told = baton_driver::tell_waiters(&self.aws, &job).await?;
                tracing::debug!(%job, told, "a job has ended");
                told
            }
            None => 0,
        };
        Ok(Heard { told })
    }
}
