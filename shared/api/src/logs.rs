//! The local log, read as CloudWatch Logs' FilterLogEvents reads one: for `baton logs`, `aws logs tail` and every SDK.
//!
//! It is here where the backend keeps logs itself; elsewhere they are where the state machine says, and the operation is not
//! known. Lines are chosen by log group, log stream prefix and time; patterns are not evaluated.

use crate::answer::Answer;
use crate::{Api, ApiError};
use baton_driver::Tasks;
use baton_store::{Backend, LogQuery, LoggedLine, group_name};
use serde::{Deserialize, Serialize};

/// The operation's `X-Amz-Target`.
pub(crate) const TARGET: &str = "Logs_20140328.FilterLogEvents";
/// The most lines of a page, as CloudWatch Logs has it.
const LINES_MAX: u32 = 10_000;
/// What the names of log streams begin with.
const STREAMS: &str = "states/";

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Input {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_names: Option<Vec<String>>,
    log_stream_name_prefix: Option<String>,
    start_time: Option<i64>,
    end_time: Option<i64>,
    filter_pattern: Option<String>,
    next_token: Option<String>,
    limit: Option<u32>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Output {
    events: Vec<Event>,
    searched_log_streams: [(); 0],
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    log_stream_name: String,
    timestamp: i64,
    message: String,
    ingestion_time: i64,
    event_id: String,
}

/// Answers FilterLogEvents.
pub(crate) async fn answer<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    body: &[u8],
    request_id: String,
) -> Answer {
    match filter(api, body).await {
        Ok(output) => Answer::success(request_id, &output),
        Err(error) => Answer::refusal(request_id, &error),
    }
}

async fn filter<B: Backend, T: Tasks>(api: &Api<B, T>, body: &[u8]) -> Result<Output, ApiError> {
    let input: Input = serde_json::from_slice(body)
        .map_err(|error| ApiError::serialization(format!("The request cannot be read: {error}")))?;
    let after = input.next_token.as_deref().map(str::parse).transpose();
    let after = after.map_err(|_| ApiError::validation("The nextToken is not valid."))?;
    let page = api.backend().logged(&input.query()?, after.unwrap_or(0)).await?;
    let page = page.ok_or_else(|| ApiError::unknown_operation(TARGET))?;
    let events = page.items.into_iter().map(Event::from).collect();
    Ok(Output { events, searched_log_streams: [], next_token: page.next })
}

impl Input {
    fn query(&self) -> Result<LogQuery, ApiError> {
        if self.filter_pattern.as_ref().is_some_and(|pattern| !pattern.is_empty()) {
            return Err(ApiError::validation(
                "Baton does not evaluate a filterPattern: filter the lines that it answers.",
            ));
        }
        if self.log_stream_names.as_ref().is_some_and(|names| !names.is_empty()) {
            return Err(ApiError::validation(
                "Baton finds log streams by their prefix: states/<state machine>/.",
            ));
        }
        let group = self.log_group_name.as_deref().or(self.log_group_identifier.as_deref());
        Ok(LogQuery {
            group: group.map(|group| group_name(group).to_owned()),
            machine: self.machine()?,
            from_millis: self.start_time.unwrap_or(i64::MIN),
            before_millis: self.end_time.map_or(i64::MAX, |end| end.saturating_add(1)),
            items_max: self.limit.unwrap_or(LINES_MAX).clamp(1, LINES_MAX),
        })
    }

    /// The state machine whose streams are asked for.
    fn machine(&self) -> Result<Option<String>, ApiError> {
        let Some(prefix) = self.log_stream_name_prefix.as_deref() else { return Ok(None) };
        let rest = prefix.strip_prefix(STREAMS);
        match rest.and_then(|rest| rest.strip_suffix('/')) {
            Some(machine) if !machine.is_empty() && !machine.contains('/') => {
                Ok(Some(machine.to_owned()))
            }
            Some(_) | None => {
                Err(ApiError::validation("A log stream prefix is like states/<state machine>/."))
            }
        }
    }
}

impl From<LoggedLine> for Event {
    fn from(logged: LoggedLine) -> Self {
        let LoggedLine { id, stream, line } = logged;
        Event {
            log_stream_name: stream,
            timestamp: line.millis,
            message: line.text,
            ingestion_time: line.millis,
            event_id: id.to_string(),
        }
    }
}
