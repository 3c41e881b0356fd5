//! `baton logs`: what state machines with a logging configuration have logged where no CloudWatch Logs is.

use super::arguments::Logs;
use super::{Client, show, text};
use crate::complaint::Complaint;
use crate::environment::Environment;
use crate::signals::Signals;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// How often a log that is followed is read.
const PAUSE: Duration = Duration::from_millis(500);
/// The most lines of a page, and the most pages of one look.
const LINES_MAX: usize = 10_000;
const PAGES_MAX: usize = 1_000;

/// How far a log was read.
#[derive(Debug, Default)]
struct Read {
    millis: i64,
    id: u64,
}

/// Prints the log, and follows it if asked to.
pub(crate) async fn logs(arguments: Logs, environment: &Environment) -> Result<(), Complaint> {
    let client = Client::new(&arguments.reach, environment)?;
    let mut signals = Signals::listen()?;
    let mut read = Read::default();
    loop {
        let events = read.next(&client, &arguments).await?;
        for event in &events {
            show::line(&line(event, arguments.reach.json));
        }
        if !arguments.follow {
            return Ok(());
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "a person watches; no execution waits for it"
        )]
        let paused = tokio::time::sleep(PAUSE);
        tokio::select! {
            () = paused => {}
            () = signals.next() => return Ok(()),
        }
    }
}

impl Read {
    /// What was logged since.
    async fn next(&mut self, client: &Client, arguments: &Logs) -> Result<Vec<Value>, Complaint> {
        let mut body = Map::new();
        body.insert("limit".to_owned(), json!(LINES_MAX));
        if self.id > 0 {
            body.insert("startTime".to_owned(), json!(self.millis));
        }
        if let Some(group) = &arguments.log_group {
            body.insert("logGroupName".to_owned(), json!(group));
        }
        if let Some(machine) = &arguments.machine {
            let name = machine.rsplit(':').next().unwrap_or(machine);
            body.insert("logStreamNamePrefix".to_owned(), json!(format!("states/{name}/")));
        }
        let mut events = Vec::new();
        for _ in 0..PAGES_MAX {
            let target = "Logs_20140328.FilterLogEvents";
            let mut page = client.call_target(target, &Value::Object(body.clone())).await?;
            if let Some(Value::Array(found)) = page.get_mut("events").map(Value::take) {
                events.extend(found.into_iter().filter(|event| self.is_new(event)));
            }
            match page.get("nextToken").filter(|token| token.is_string()) {
                Some(token) => body.insert("nextToken".to_owned(), token.clone()),
                None => break,
            };
        }
        Ok(events)
    }

    fn is_new(&mut self, event: &Value) -> bool {
        let id = text(event, "eventId").parse().unwrap_or(u64::MAX);
        let is_new = id > self.id;
        if is_new {
            self.id = id;
            self.millis = event.get("timestamp").and_then(Value::as_i64).unwrap_or(self.millis);
        }
        is_new
    }
}

/// An event for people: when, which execution, what; or as it was logged.
fn line(event: &Value, as_json: bool) -> String {
    let message = text(event, "message");
    let logged: Value = serde_json::from_str(message).unwrap_or_default();
    if as_json || logged.is_null() {
        return message.to_owned();
    }
    let millis = event.get("timestamp").and_then(Value::as_i64).unwrap_or_default();
    let time = jiff::Timestamp::from_millisecond(millis).unwrap_or_default();
    let execution = text(&logged, "execution_arn").splitn(7, ':').nth(6).unwrap_or_default();
    let detail = |name: &str| logged.get("details").map_or("", |details| text(details, name));
    let details = ["name", "resource", "error", "cause"].map(detail);
    let details: Vec<&str> = details.into_iter().filter(|detail| !detail.is_empty()).collect();
    let details = crate::paint::plain(&details.join(" "), 160);
    format!(
        "{}  {execution}  {:>4} {}  {details}",
        time.strftime("%Y-%m-%d %H:%M:%S%.3fZ"),
        text(&logged, "id"),
        text(&logged, "type")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_when_where_and_what() {
        let message = json!({"id": "3", "type": "TaskFailed", "execution_arn": "arn:aws:states:us-east-1:1:execution:order:one",
            "details": {"resource": "invoke", "error": "Busy", "cause": "a\nb"}});
        let event = json!({"timestamp": 1_500, "eventId": "7", "message": message.to_string()});
        assert_eq!(
            line(&event, false),
            "1970-01-01 00:00:01.500Z  order:one     3 TaskFailed  invoke Busy a b"
        );
        assert_eq!(line(&event, true), message.to_string());
        let mut read = Read::default();
        assert!(read.is_new(&event) && !read.is_new(&event));
    }
}
