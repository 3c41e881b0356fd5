//! Messages that nobody could work on.

use crate::Aws;
use crate::error::unavailable;
use baton_store::StoreError;

impl Aws {
    /// Sends a message on to another queue as it is, for people to look at.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: it is not known whether the queue has it.
    pub async fn keep_message(&self, queue_url: &str, body: &str) -> Result<(), StoreError> {
        let request = self.sqs.send_message().queue_url(queue_url).message_body(body);
        request.send().await.map_err(unavailable("queue"))?;
        Ok(())
    }
}
