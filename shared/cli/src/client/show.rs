//! How answers look to people.

use super::{Reach, text};
use crate::paint::plain;
use comfy_table::{Table, presets};
use jiff::Timestamp;
use serde_json::Value;
use std::io::Write as _;

/// How much of a value a cell shows.
const CELL_CHARS_MAX: usize = 100;

/// Prints an answer as it is, in one line a program can read.
pub(crate) fn json(answer: &Value) {
    line(&answer.to_string());
}

/// Prints an answer for people, or as it is.
pub(crate) fn answer(answer: &Value, reach: &Reach) {
    if reach.json {
        json(answer);
    } else {
        members(answer);
    }
}

/// Prints a line to stdout.
pub(crate) fn line(text: &str) {
    // Without a stdout nobody is there to be told.
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Says something to a person, beside the result.
pub(crate) fn say(text: &str) {
    // Without a stderr nobody is there to be told.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Prints a table: its columns' titles, then a row an item.
pub(crate) fn table(titles: &[&str], rows: Vec<Vec<String>>) {
    line(&table_text(titles, rows));
}

fn table_text(titles: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(titles.iter().copied());
    for row in rows {
        table.add_row(row.iter().map(|cell| plain(cell, CELL_CHARS_MAX)));
    }
    let text = table.to_string();
    // Without borders the padding of the first column is a margin that nobody asked for.
    let lines: Vec<&str> =
        text.lines().map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end()).collect();
    lines.join("\n")
}

/// Says that a list goes on.
pub(crate) fn more(is_more: bool) {
    if is_more {
        say("There are more: --limit shows them.");
    }
}

/// Prints an answer's members, one a line; JSON texts in them are laid out.
pub(crate) fn members(answer: &Value) {
    let Some(members) = answer.as_object() else { return };
    let width = members.keys().map(String::len).max().unwrap_or_default();
    for (name, value) in members {
        let shown = member(name, value);
        let is_long = shown.contains('\n');
        line(&if is_long {
            format!("{name}:\n{shown}")
        } else {
            format!("{name:width$}  {shown}")
        });
    }
}

fn member(name: &str, value: &Value) -> String {
    match value {
        Value::Number(_) if name.ends_with("Date") => time(value),
        Value::String(text) => match serde_json::from_str::<Value>(text) {
            Ok(inner @ (Value::Object(_) | Value::Array(_))) => pretty(&inner),
            Ok(_) | Err(_) => text.clone(),
        },
        Value::Object(_) | Value::Array(_) => pretty(value),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

/// A value laid out for people.
pub(crate) fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string())
}

/// A time of the API, in UTC, to the second.
pub(crate) fn time(value: &Value) -> String {
    timestamp(value)
        .map_or_else(String::new, |time| time.strftime("%Y-%m-%d %H:%M:%SZ").to_string())
}

/// A time of the API: seconds since the epoch.
pub(crate) fn timestamp(value: &Value) -> Option<Timestamp> {
    #[expect(clippy::cast_possible_truncation, reason = "`as` saturates")]
    let millis = (value.as_f64()? * 1_000.0).round() as i64;
    Timestamp::from_millisecond(millis).ok()
}

/// How long something of a start and an end took; of a start alone, nothing.
pub(crate) fn lasted(item: &Value) -> String {
    let millis = |name: &str| Some(timestamp(item.get(name)?)?.as_millisecond());
    match (millis("startDate"), millis("stopDate")) {
        (Some(start), Some(stop)) => crate::paint::span(stop.saturating_sub(start)),
        (_, _) => String::new(),
    }
}

/// A member's text, for a cell.
pub(crate) fn cell(item: &Value, name: &str) -> String {
    text(item, name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;
    use serde_json::json;

    #[test]
    fn a_table_has_a_row_an_item() {
        let rows = vec![
            vec!["order".to_owned(), "STANDARD".to_owned()],
            vec!["a\nb".to_owned(), String::new()],
        ];
        expect![[r#"
            Name   Type
            order  STANDARD
            a b"#]]
        .assert_eq(&table_text(&["Name", "Type"], rows));
    }

    #[test]
    fn members_are_shown_as_what_they_are() {
        assert_eq!(member("startDate", &json!(1.5)), "1970-01-01 00:00:01Z");
        assert_eq!(member("input", &json!("{\"a\":1}")), "{\n  \"a\": 1\n}");
        assert_eq!(member("input", &json!("7")), "7");
        assert_eq!(member("name", &json!("x")), "x");
        assert_eq!(lasted(&json!({"startDate": 1, "stopDate": 2.5})), "1.5 s");
        assert_eq!(lasted(&json!({"startDate": 1})), "");
    }
}
