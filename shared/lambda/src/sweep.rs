//! The timer function's work.

use crate::configuration::Configuration;
use crate::deadline::Deadline;
use crate::function::StartError;
use baton_aws::{Aws, Swept};
use baton_store::{Clock as _, StoreError};
use serde::Serialize;
use std::time::Duration;

/// Turns timers that are nearly due into cues.
#[derive(Debug, Clone)]
pub struct Sweeper {
    aws: Aws,
    deadline: Deadline,
}

/// What a sweep did, for whoever invoked it by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// How many timers became cues.
    pub timers: usize,
    /// Whether nothing is left for the next sweep to make up for.
    pub is_complete: bool,
}

impl Sweeper {
    /// Reads the environment and makes the clients.
    ///
    /// # Errors
    ///
    /// [`StartError`]: Lambda starts the function again.
    pub async fn start() -> Result<Self, StartError> {
        let configuration = Configuration::from_env()?;
        Ok(Sweeper::over(Aws::connect(&configuration.backend).await))
    }

    /// Over a backend that is connected.
    #[must_use]
    pub fn over(aws: Aws) -> Self {
        Sweeper { aws, deadline: Deadline::default() }
    }

    /// Sweeps as far as the invocation's time goes: its context's `deadline` says when it ends.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: the next sweep begins where this one stopped.
    pub async fn sweep(&self, deadline_millis: u64) -> Result<Report, StoreError> {
        self.deadline.set(deadline_millis);
        let is_late = || self.deadline.left(&self.aws) == Duration::ZERO;
        let Swept { timers, is_complete } = self.aws.sweep(self.aws.now(), is_late).await?;
        tracing::info!(timers, is_complete, "swept");
        Ok(Report { timers, is_complete })
    }
}
