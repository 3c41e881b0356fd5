//! When a cue that could not be worked on comes again.

use crate::Aws;
use crate::error::reason;
use aws_sdk_sqs::Client;

/// The longest wait between two deliveries of a cue that fails.
const WAIT_SECS_MAX: i32 = 900;

impl Aws {
    /// Makes a failed cue visible again soon instead of after the queue's visibility timeout: after a second at first, then after
    /// ever more, fifteen minutes at most. A failure to do so is no failure: the cue comes again later.
    pub async fn retry_soon(&self, queue_url: &str, receipt: &str, deliveries: u32) {
        let wait_secs = wait_secs(deliveries);
        let answer = change(&self.sqs, queue_url, receipt, wait_secs).await;
        if let Err(error) = answer {
            tracing::warn!(error, wait_secs, "the cue could not be made visible again soon");
        }
    }
}

async fn change(client: &Client, url: &str, receipt: &str, secs: i32) -> Result<(), String> {
    client
        .change_message_visibility()
        .queue_url(url)
        .receipt_handle(receipt)
        .visibility_timeout(secs)
        .send()
        .await
        .map(|_| ())
        .map_err(|error| reason(&error))
}

/// Doubles with every delivery.
fn wait_secs(deliveries: u32) -> i32 {
    1_i32
        .checked_shl(deliveries.saturating_sub(1).min(30))
        .map_or(WAIT_SECS_MAX, |secs| secs.min(WAIT_SECS_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_fifteen_minutes() {
        let waits: Vec<i32> = [0, 1, 2, 3, 10, 11, 100].map(wait_secs).into();
        assert_eq!(waits, [1, 1, 2, 4, 512, 900, 900]);
    }
}
