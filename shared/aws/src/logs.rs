//! CloudWatch Logs: what executions log.
//!
//! Lines are gathered in memory and sent in batches: soon after they came, and at the end of each invocation
//! ([`Aws::flush_logs`]), because nothing runs between two. Each process writes to streams of its own, one a log group and
//! state machine. What cannot be sent is let go: logs are best effort, and hold up nobody.

use crate::Aws;
use crate::error::{reason, unavailable};
use crate::limits::{
    LOG_BATCH_BYTES_MAX, LOG_BATCH_LINES_MAX, LOG_LINGER, LOG_SPAN_MILLIS_MAX, LOGS_BYTES_MAX,
    LOGS_TIME_MAX,
};
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::error::SdkError;
use aws_sdk_cloudwatchlogs::operation::put_log_events::PutLogEventsError;
use aws_sdk_cloudwatchlogs::types::InputLogEvent;
use baton_store::{LogLine, Logs, StoreError, group_name, stream_name};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::sync::Notify;

/// What CloudWatch Logs counts for a line beside its bytes.
const LINE_BYTES: usize = 26;

/// Sends lines. A clone is the same sender.
#[derive(Debug, Clone)]
pub(crate) struct LogSender(Arc<Sender>);

#[derive(Debug)]
struct Sender {
    client: Client,
    since: Timestamp,
    process: u32,
    waiting: Mutex<Waiting>,
    came: Notify,
    /// One sends at a time, so that whoever flushes knows that all has gone.
    sending: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Waiting {
    lines: Vec<LogLine>,
    bytes: usize,
    lost: usize,
}

impl LogSender {
    /// Starts a sender. What it does by itself ends with its last clone.
    pub(crate) fn start(client: Client, since: Timestamp, process: u32) -> Self {
        let sender = Arc::new(Sender {
            client,
            since,
            process,
            waiting: Mutex::default(),
            came: Notify::new(),
            sending: tokio::sync::Mutex::default(),
        });
        tokio::spawn(send_by_itself(Arc::downgrade(&sender)));
        LogSender(sender)
    }
}

async fn send_by_itself(sender: Weak<Sender>) {
    // The notice is waited for only so long, so that a sender that is gone is noticed.
    while let Some(sender) = sender.upgrade() {
        let came = tokio::time::timeout(LOG_LINGER, sender.came.notified()).await;
        if came.is_ok() {
            pause().await;
            sender.flush().await;
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a pause of the process, not of an execution")]
async fn pause() {
    tokio::time::sleep(LOG_LINGER).await;
}

impl Sender {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, lines: Vec<LogLine>) {
        let mut waiting = self.lock();
        for line in lines {
            let bytes = line.text.len().saturating_add(LINE_BYTES);
            if waiting.bytes.saturating_add(bytes) > LOGS_BYTES_MAX {
                waiting.lost = waiting.lost.saturating_add(1);
            } else {
                waiting.bytes = waiting.bytes.saturating_add(bytes);
                waiting.lines.push(line);
            }
        }
        drop(waiting);
        self.came.notify_one();
    }

    /// Sends all that has come.
    async fn flush(&self) {
        let _alone = self.sending.lock().await;
        let Waiting { lines, lost, .. } = std::mem::take(&mut *self.lock());
        if lost > 0 {
            tracing::warn!(lost, "log lines were let go: there were too many at a time");
        }
        let mut streams: BTreeMap<(Arc<str>, Arc<str>), Vec<LogLine>> = BTreeMap::new();
        for line in lines {
            streams.entry((line.group_arn.clone(), line.machine.clone())).or_default().push(line);
        }
        for ((group_arn, machine), lines) in streams {
            let group = group_name(&group_arn);
            let stream = stream_name(&machine, self.since, self.process);
            for batch in batches(lines) {
                let lost = batch.len();
                if let Err(error) = self.put(group, &stream, batch).await {
                    tracing::warn!(group, lost, error, "log lines could not be sent");
                }
            }
        }
    }

    /// Sends a batch; makes its stream if there is none.
    async fn put(&self, group: &str, stream: &str, batch: Vec<LogLine>) -> Result<(), String> {
        let events: Vec<InputLogEvent> = batch.into_iter().filter_map(event).collect();
        match self.try_put(group, stream, events.clone()).await {
            Err(error) if is_not_found(&error) => {}
            answer => return answer.map_err(|error| reason(&error)),
        }
        let create = self.client.create_log_stream();
        let created = create.log_group_name(group).log_stream_name(stream).send().await;
        match created {
            Err(error)
                if !error
                    .as_service_error()
                    .is_some_and(|error| error.is_resource_already_exists_exception()) =>
            {
                return Err(reason(&error));
            }
            Ok(_) | Err(_) => {}
        }
        self.try_put(group, stream, events).await.map_err(|error| reason(&error))
    }

    async fn try_put(
        &self,
        group: &str,
        stream: &str,
        events: Vec<InputLogEvent>,
    ) -> Result<(), SdkError<PutLogEventsError>> {
        let put = self.client.put_log_events().log_group_name(group).log_stream_name(stream);
        put.set_log_events(Some(events)).send().await.map(drop)
    }
}

fn is_not_found(error: &SdkError<PutLogEventsError>) -> bool {
    error.as_service_error().is_some_and(PutLogEventsError::is_resource_not_found_exception)
}

fn event(line: LogLine) -> Option<InputLogEvent> {
    InputLogEvent::builder().timestamp(line.millis).message(line.text).build().ok()
}

/// Lines in the order of their times, in batches as large as one request may be.
fn batches(mut lines: Vec<LogLine>) -> Vec<Vec<LogLine>> {
    lines.sort_by_key(|line| line.millis);
    let mut batches: Vec<Vec<LogLine>> = Vec::new();
    let (mut bytes, mut first_millis) = (0_usize, 0_i64);
    for line in lines {
        let own = line.text.len().saturating_add(LINE_BYTES);
        let fits = |batch: &&mut Vec<LogLine>| {
            batch.len() < LOG_BATCH_LINES_MAX
                && bytes.saturating_add(own) <= LOG_BATCH_BYTES_MAX
                && line.millis.saturating_sub(first_millis) < LOG_SPAN_MILLIS_MAX
        };
        if let Some(batch) = batches.last_mut().filter(fits) {
            bytes = bytes.saturating_add(own);
            batch.push(line);
        } else {
            (bytes, first_millis) = (own, line.millis);
            batches.push(vec![line]);
        }
    }
    batches
}

impl Logs for Aws {
    fn log(&self, lines: Vec<LogLine>) {
        self.logs.0.take(lines);
    }

    /// Asks CloudWatch Logs, of this account and region.
    async fn has_log_group(&self, arn: &str) -> Result<bool, StoreError> {
        let name = group_name(arn);
        let describe = self.logs.0.client.describe_log_groups().log_group_name_prefix(name);
        let answer = describe.send().await.map_err(unavailable("log groups"))?;
        let groups = answer.log_groups.unwrap_or_default();
        // Of all names that begin with this one, it is itself the first.
        Ok(groups.iter().any(|group| group.log_group_name() == Some(name)))
    }
}

impl Aws {
    /// Sends what was logged, as far as it takes no longer than a moment: the end of an invocation.
    pub async fn flush_logs(&self) {
        if tokio::time::timeout(LOGS_TIME_MAX, self.logs.0.flush()).await.is_err() {
            tracing::warn!("log lines were let go: CloudWatch Logs took too long");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_no_larger_than_one_request_may_be() {
        let large = "x".repeat(LOG_BATCH_BYTES_MAX / 2);
        check(vec![line(2, "b"), line(1, "a")], &[2]);
        check(vec![], &[]);
        check(vec![line(1, &large), line(2, &large), line(3, "c")], &[1, 2]);
        check(vec![line(0, "a"), line(LOG_SPAN_MILLIS_MAX, "b")], &[1, 1]);
        check((0..10_001).map(|millis| line(millis, "a")).collect(), &[10_000, 1]);
    }

    fn check(lines: Vec<LogLine>, sizes: &[usize]) {
        let batches = batches(lines);
        assert_eq!(batches.iter().map(Vec::len).collect::<Vec<_>>(), sizes);
        for batch in &batches {
            assert!(batch.is_sorted_by_key(|line| line.millis));
            let bytes: usize = batch.iter().map(|line| line.text.len() + LINE_BYTES).sum();
            assert!(bytes <= LOG_BATCH_BYTES_MAX);
        }
    }

    fn line(millis: i64, text: &str) -> LogLine {
        LogLine { group_arn: "g".into(), machine: "m".into(), millis, text: text.to_owned() }
    }
}
