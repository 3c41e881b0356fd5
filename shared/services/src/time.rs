//! Timestamps: as definitions and services write them, and as Step Functions shows them.

use crate::model::TimestampFormat;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use serde_json::{Number, Value};

/// Reads a timestamp in any form that services use: seconds since 1970, ISO 8601, RFC 822.
pub(crate) fn read(value: &Value) -> Option<Timestamp> {
    match value {
        Value::Number(number) => from_seconds(number),
        Value::String(text) => read_text(text.trim()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

pub(crate) fn read_text(text: &str) -> Option<Timestamp> {
    if let Ok(time) = text.parse() {
        return Some(time);
    }
    if let Ok(number) = text.parse::<Number>() {
        return from_seconds(&number);
    }
    rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}

#[expect(clippy::cast_possible_truncation, reason = "a float becomes the nearest integer there is")]
fn from_seconds(number: &Number) -> Option<Timestamp> {
    match number.as_i64() {
        Some(seconds) => Timestamp::from_second(seconds).ok(),
        None => Timestamp::from_microsecond((number.as_f64()? * 1e6).round() as i64).ok(),
    }
}

/// As Step Functions shows it: ISO 8601, with three, six or nine digits behind the point, or none.
pub(crate) fn shown(time: Timestamp) -> String {
    let nanos = time.subsec_nanosecond();
    let digits = match nanos {
        0 => 0,
        _ if nanos % 1_000_000 == 0 => 3,
        _ if nanos % 1_000 == 0 => 6,
        _ => 9,
    };
    format!("{time:.digits$}")
}

/// As text in a format of the models.
pub(crate) fn text(time: Timestamp, format: TimestampFormat) -> String {
    match format {
        TimestampFormat::Iso8601 => shown(time),
        TimestampFormat::Unix => seconds(time).to_string(),
        TimestampFormat::Rfc822 => {
            let printer = rfc2822::DateTimePrinter::new();
            printer.timestamp_to_rfc9110_string(&time).unwrap_or_default()
        }
    }
}

/// The seconds since 1970, with a fraction where there is one.
pub(crate) fn seconds(time: Timestamp) -> Number {
    let micros = time.as_microsecond();
    let fraction = micros % 1_000_000;
    if fraction == 0 {
        return time.as_second().into();
    }
    #[expect(clippy::cast_precision_loss, reason = "exact for 285 years")]
    let seconds = micros as f64 / 1e6;
    Number::from_f64(seconds).unwrap_or_else(|| time.as_second().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_form_is_read_and_shown_as_one() {
        for (value, expected) in [
            (json!(1_700_000_000), "2023-11-14T22:13:20Z"),
            (json!(1_700_000_000.25), "2023-11-14T22:13:20.250Z"),
            (json!("2023-11-14T23:13:20.1+01:00"), "2023-11-14T22:13:20.100Z"),
            (json!("1700000000"), "2023-11-14T22:13:20Z"),
            (json!("Tue, 14 Nov 2023 22:13:20 GMT"), "2023-11-14T22:13:20Z"),
        ] {
            assert_eq!(shown(read(&value).unwrap()), expected, "{value}");
        }
        for value in [json!("soon"), json!(true), json!(1e300), json!("")] {
            assert_eq!(read(&value), None, "{value}");
        }
    }

    #[test]
    fn it_is_written_in_the_models_formats() {
        let time = read(&json!("2023-11-14T22:13:20.25Z")).unwrap();
        assert_eq!(text(time, TimestampFormat::Iso8601), "2023-11-14T22:13:20.250Z");
        assert_eq!(text(time, TimestampFormat::Unix), "1700000000.25");
        assert_eq!(text(time, TimestampFormat::Rfc822), "Tue, 14 Nov 2023 22:13:20 GMT");
    }
}
