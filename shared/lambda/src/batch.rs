//! Batches of cues: all of them at the same time, and only what must come again reported as failed.

use crate::patience::{PAUSE, patiently};
use crate::{Function, RoleCalls};
use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use baton_aws::{Aws, read_cue};
use baton_driver::{Driver, TakeError};
use baton_store::records::Unreadable;
use std::error::Error as _;
use tokio::task::JoinSet;

/// Where a batch comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queue {
    /// The queue of transitions.
    Cues,
    /// The queue of calls to the outside.
    Tasks,
    /// The queue of Express executions.
    Express,
    /// The queue of map runs that read or write objects.
    Maps,
}

/// Why a message comes again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Untaken {
    #[error("the message is no cue")]
    Unreadable(#[from] Unreadable),
    #[error("the cue was not taken")]
    Later(#[from] TakeError),
    #[error("the message has no body")]
    Empty,
}

impl Function {
    /// Takes each cue of a batch. The answer names those that must come again.
    pub async fn take_each(&self, queue: Queue, event: SqsEvent) -> SqsBatchResponse {
        let mut taking = JoinSet::new();
        let mut unfinished = Vec::new();
        for message in event.records {
            let id = message.message_id.clone().unwrap_or_default();
            let function = self.clone();
            let task = taking.spawn(async move { function.take(queue, &message).await });
            unfinished.push((task.id(), id));
        }
        while let Some(taken) = taking.join_next_with_id().await {
            match taken {
                Ok((task, true)) => unfinished.retain(|(unfinished, _)| *unfinished != task),
                Ok((_, false)) => (),
                Err(error) => tracing::error!(%error, "taking a cue went wrong"),
            }
        }
        self.aws.flush_logs().await;
        failures(unfinished.into_iter().map(|(_, id)| id))
    }

    /// Takes one cue; answers whether it is done with.
    async fn take(&self, queue: Queue, message: &SqsMessage) -> bool {
        let busy = self.aws.busy().begin();
        let taken = match queue {
            // An Express execution that is taken again runs again.
            Queue::Cues | Queue::Express => take_message(&self.driver, message).await,
            Queue::Tasks | Queue::Maps => {
                let attempt = || take_message(&self.driver, message);
                let may_pass = |error: &Untaken| matches!(error, Untaken::Later(_));
                patiently(attempt, may_pass, || self.deadline.left(&self.aws), PAUSE).await
            }
        };
        drop(busy);
        match taken {
            Ok(()) => return true,
            Err(error) => tracing::warn!(error = %chain(&error), "the cue comes again"),
        }
        let deliveries = message.attributes.get("ApproximateReceiveCount");
        let deliveries = deliveries.and_then(|count| count.parse().ok()).unwrap_or(1);
        let receipt = message.receipt_handle.as_deref().unwrap_or_default();
        let names = &self.configuration.backend.names;
        let url = match queue {
            Queue::Cues => &names.cue_queue_url,
            Queue::Tasks => &names.task_queue_url,
            Queue::Express => &names.express_queue_url,
            Queue::Maps => &names.map_queue_url,
        };
        self.aws.retry_soon(url, receipt, deliveries).await;
        false
    }
}

/// The answer that names the messages which must come again.
pub(crate) fn failures(ids: impl IntoIterator<Item = String>) -> SqsBatchResponse {
    let mut response = SqsBatchResponse::default();
    for id in ids {
        let mut failure = BatchItemFailure::default();
        failure.item_identifier = id;
        response.batch_item_failures.push(failure);
    }
    response
}

async fn take_message(
    driver: &Driver<Aws, RoleCalls>,
    message: &SqsMessage,
) -> Result<(), Untaken> {
    let body = message.body.as_deref().ok_or(Untaken::Empty)?;
    let outgoing = read_cue(body)?;
    driver.take(&outgoing.execution, &outgoing.cue).await?;
    Ok(())
}

/// An error with all that lies under it, in one line.
pub(crate) fn chain(error: &Untaken) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(under) = source {
        text.push_str(": ");
        text.push_str(&under.to_string());
        source = under.source();
    }
    text
}
