//! Poison cues: what was delivered over and over and could not be taken.
//!
//! The execution of such a cue would run for ever and never move, so it is ended with an error that says so. The message
//! itself is kept in a queue that nobody consumes.

use crate::Function;
use crate::batch::{Untaken, chain, failures};
use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use baton_aws::read_cue;

/// What the execution says of its end.
const CAUSE: &str =
    "its cue was delivered over and over and could not be taken; the log of the function says why";

impl Function {
    /// Ends the executions of poison cues, and keeps the cues. The answer names the messages that must come again.
    pub async fn bury_each(&self, event: SqsEvent) -> SqsBatchResponse {
        let mut unburied = Vec::new();
        for message in &event.records {
            if let Err(error) = self.bury(message).await {
                tracing::error!(error = %chain(&error), "a poison cue could not be dealt with");
                unburied.push(message.message_id.clone().unwrap_or_default());
            }
        }
        failures(unburied)
    }

    async fn bury(&self, message: &SqsMessage) -> Result<(), Untaken> {
        let body = message.body.as_deref().ok_or(Untaken::Empty)?;
        match read_cue(body) {
            Ok(cue) => {
                tracing::error!(arn = %cue.execution, scope = %cue.cue.scope, sequence = cue.cue.sequence.0, "a poison cue");
                self.driver.condemn(&cue.execution, CAUSE).await?;
            }
            Err(error) => tracing::error!(%error, "a message that is no cue"),
        }
        if let Some(url) = &self.configuration.kept_queue_url {
            self.aws.keep_message(url, body).await.map_err(baton_driver::TakeError::Store)?;
        }
        Ok(())
    }
}
