//! The AWS backend over the cloud in memory, as the contract suite needs it.

use super::{CUE_QUEUE, Cloud, EXPRESS_QUEUE, MAP_QUEUE, TASK_QUEUE};
use baton_aws::{Aws, read_cue};
use baton_store::{Clock, Outgoing};
use std::sync::Arc;

/// A backend with the cloud that it is over.
#[derive(Debug)]
pub struct CloudHome {
    pub cloud: Cloud,
    pub backend: Arc<Aws>,
}

impl Default for CloudHome {
    fn default() -> Self {
        let cloud = Cloud::default();
        CloudHome { backend: Arc::new(cloud.backend("suite")), cloud }
    }
}

impl CloudHome {
    /// The next cue, at the time that it is due; timers are swept on the way.
    pub async fn next_cue(&self) -> Outgoing {
        loop {
            if let Some(message) = self.receive() {
                return read_cue(&message).expect("a cue");
            }
            let next = self.cloud.lock().queues.next_visible().filter(|next| *next < i64::MAX);
            let next = next.into_iter().chain(next_sweep(&self.cloud)).min();
            let next = next.expect("no cue will ever be due");
            let now = self.backend.now().as_millisecond().max(next);
            self.cloud.set_now(now);
            self.backend.sweep(self.backend.now(), || false).await.expect("a sweep");
        }
    }

    /// The executions that are there.
    pub async fn executions(&self) -> Vec<baton_store::ExecutionArn> {
        let rows = self.cloud.all_rows("x#").await.into_iter().filter(|row| row["sk"]["S"] == "h");
        let mut arns: Vec<_> = rows
            .filter_map(|row| {
                baton_store::ExecutionArn::parse(row["pk"]["S"].as_str()?.strip_prefix("x#")?).ok()
            })
            .collect();
        arns.dedup();
        arns
    }

    fn receive(&self) -> Option<String> {
        let state = &mut *self.cloud.lock();
        [CUE_QUEUE, TASK_QUEUE, EXPRESS_QUEUE, MAP_QUEUE].into_iter().find_map(|queue| {
            let message = state.queues.receive(queue, state.now, 1, i64::MAX).pop()?;
            state.queues.delete(queue, message.id);
            Some(message.body)
        })
    }

    /// Whether no cue can be received.
    pub fn has_no_cue(&self) -> bool {
        let state = self.cloud.lock();
        state.queues.next_visible().is_none_or(|next| next > state.now)
    }
}

/// When the timer function would turn the next timer into a cue.
pub(super) fn next_sweep(cloud: &Cloud) -> Option<i64> {
    let due = |row: &super::Item| row.get("due")?["N"].as_str()?.parse::<i64>().ok();
    cloud.rows("t#").iter().filter_map(due).min().map(|due| due - 600_000)
}
