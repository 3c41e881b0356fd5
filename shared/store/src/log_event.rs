//! A history event as a log line, in AWS's form: every number is a text.

use crate::event_details::{EventDetails, EventReader, details_key};
use crate::{Header, LogLine, Logging};
use baton_engine::{EventDetail, Numbered};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// The line of an event, if the execution logs such events.
#[must_use]
pub fn log_line(header: &Header, logging: &Logging, event: &Numbered) -> Option<LogLine> {
    if !logging.level.takes(&event.event.detail) {
        return None;
    }
    let form = LogEvent { header, event, has_data: logging.has_data };
    Some(LogLine {
        group_arn: logging.group_arn.clone(),
        machine: header.execution.machine_name.clone(),
        millis: event.millis,
        text: serde_json::to_string(&form).ok()?,
    })
}

struct LogEvent<'a> {
    header: &'a Header,
    event: &'a Numbered,
    has_data: bool,
}

impl Serialize for LogEvent<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let LogEvent { header, event: Numbered { id, previous, millis, event }, has_data } = *self;
        let mut map = serializer.serialize_map(Some(7))?;
        map.serialize_entry("id", &id.to_string())?;
        map.serialize_entry("type", &event.detail.type_name().to_string())?;
        map.serialize_entry("details", &Details { event: &event.detail, header, has_data })?;
        map.serialize_entry("previous_event_id", &previous.to_string())?;
        map.serialize_entry("event_timestamp", &millis.to_string())?;
        map.serialize_entry("execution_arn", &*header.execution.arn)?;
        map.serialize_entry("redrive_count", &header.execution.redrives.count.to_string())?;
        map.end()
    }
}

/// The event's details; empty for the types that have none.
struct Details<'a> {
    event: &'a EventDetail,
    header: &'a Header,
    has_data: bool,
}

impl Serialize for Details<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Details { event, header, has_data } = *self;
        match details_key(event) {
            Some(_) => EventDetails { event, header, has_data, reader: EventReader::Log }
                .serialize(serializer),
            None => serializer.serialize_map(Some(0))?.end(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LogLevel;
    use crate::records::samples;
    use baton_engine::{Event, Link, Payload, StateType};
    use expect_test::{Expect, expect};
    use serde_json::json;

    #[test]
    fn numbers_are_texts_and_data_is_left_out_unless_asked_for() {
        let started = EventDetail::MapStateStarted { length: 3 };
        check(
            &started,
            false,
            expect![[
                r#"{"id":"4","type":"MapStateStarted","details":{"length":"3"},"previous_event_id":"3","event_timestamp":"1763640000123","execution_arn":"arn:aws:states:r:1:execution:m:n","redrive_count":"0"}"#
            ]],
        );
        let entered = EventDetail::StateEntered {
            state_type: StateType::Fail,
            name: "S".into(),
            input: Payload::new(json!({"a": 1})),
        };
        check(
            &entered,
            false,
            expect![[
                r#"{"id":"4","type":"FailStateEntered","details":{"name":"S"},"previous_event_id":"3","event_timestamp":"1763640000123","execution_arn":"arn:aws:states:r:1:execution:m:n","redrive_count":"0"}"#
            ]],
        );
        check(
            &entered,
            true,
            expect![[
                r#"{"id":"4","type":"FailStateEntered","details":{"name":"S","input":"{\"a\":1}","inputDetails":{"truncated":false}},"previous_event_id":"3","event_timestamp":"1763640000123","execution_arn":"arn:aws:states:r:1:execution:m:n","redrive_count":"0"}"#
            ]],
        );
        check(
            &EventDetail::ParallelStateStarted,
            true,
            expect![[
                r#"{"id":"4","type":"ParallelStateStarted","details":{},"previous_event_id":"3","event_timestamp":"1763640000123","execution_arn":"arn:aws:states:r:1:execution:m:n","redrive_count":"0"}"#
            ]],
        );
    }

    #[test]
    fn what_the_level_does_not_take_is_no_line() {
        let logging = logging(LogLevel::Fatal, true);
        assert_eq!(
            log_line(&samples::header(), &logging, &numbered(&EventDetail::ExecutionStarted)),
            None
        );
    }

    fn check(detail: &EventDetail, has_data: bool, expected: Expect) {
        let logging = logging(LogLevel::All, has_data);
        let line = log_line(&samples::header(), &logging, &numbered(detail)).unwrap();
        assert_eq!((line.millis, &*line.group_arn), (1_763_640_000_123, "g"));
        expected.assert_eq(&line.text);
    }

    fn logging(level: LogLevel, has_data: bool) -> Logging {
        Logging { level, has_data, group_arn: "g".into() }
    }

    fn numbered(detail: &EventDetail) -> Numbered {
        let event = Event { link: Link::Previous, detail: detail.clone() };
        Numbered { id: 4, previous: 3, millis: 1_763_640_000_123, event }
    }
}
