//! A request's members, read the way AWS reads them.
//!
//! A member of the wrong JSON type refuses the request at once (SerializationException). Members that are missing, too long
//! or out of range are collected, and refuse it together (ValidationException). Members that nobody asks for are ignored.

use crate::ApiError;
use serde_json::{Map, Value};
use std::ops::RangeInclusive;

/// An object of the request.
#[derive(Debug)]
pub(crate) struct Members {
    /// What goes before a member's name in messages: empty, or `loggingConfiguration.`.
    prefix: String,
    members: Map<String, Value>,
    problems: Vec<String>,
}

/// What a string member must be like.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text {
    pub(crate) chars: (usize, usize),
    /// Its value is not repeated in messages.
    pub(crate) is_sensitive: bool,
    pub(crate) is_ascii: bool,
}

impl Text {
    pub(crate) const fn up_to(chars_max: usize) -> Self {
        Text { chars: (0, chars_max), is_sensitive: false, is_ascii: false }
    }

    pub(crate) const fn non_empty(chars_max: usize) -> Self {
        Text { chars: (1, chars_max), ..Text::up_to(chars_max) }
    }

    pub(crate) const fn sensitive(self) -> Self {
        Text { is_sensitive: true, ..self }
    }

    pub(crate) const fn ascii(self) -> Self {
        Text { is_ascii: true, ..self }
    }
}

impl Members {
    /// Reads a request's body. No body at all is a request without members.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, ApiError> {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Members::of("", Map::new()));
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => Ok(Members::of("", members)),
            Ok(value) => Err(unexpected(&value, "a structure")),
            Err(error) => Err(ApiError::serialization(format!("The body is not JSON: {error}"))),
        }
    }

    fn of(prefix: &str, members: Map<String, Value>) -> Self {
        Members { prefix: prefix.to_owned(), members, problems: Vec::new() }
    }

    /// Refuses the request if anything was found wrong with it.
    pub(crate) fn finish(self) -> Result<(), ApiError> {
        let problems = self.problems;
        let errors = match problems.len() {
            0 => return Ok(()),
            1 => "error",
            _ => "errors",
        };
        let message =
            format!("{} validation {errors} detected: {}", problems.len(), problems.join("; "));
        Err(ApiError::validation(message))
    }

    pub(crate) fn text(&mut self, name: &str, rule: Text) -> Result<Option<String>, ApiError> {
        let text = match self.take(name) {
            None => return Ok(None),
            Some(Value::String(text)) => text,
            Some(other) => return Err(unexpected(&other, "a String")),
        };
        self.check_text(name, &text, rule);
        Ok(Some(text))
    }

    /// As [`Members::text`]; a missing one is a problem, and empty here.
    pub(crate) fn required_text(&mut self, name: &str, rule: Text) -> Result<String, ApiError> {
        let text = self.text(name, rule)?;
        Ok(text.unwrap_or_else(|| {
            self.missing(name);
            String::new()
        }))
    }

    pub(crate) fn flag(&mut self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(other) => Err(unexpected(&other, "a Boolean")),
        }
    }

    pub(crate) fn integer(
        &mut self,
        name: &str,
        range: RangeInclusive<i64>,
    ) -> Result<Option<i64>, ApiError> {
        let number = match self.take(name) {
            None => return Ok(None),
            Some(Value::Number(number)) => number,
            Some(other) => return Err(unexpected(&other, "an Integer")),
        };
        let is_integer = |number: &i64| i32::try_from(*number).is_ok();
        let Some(value) = number.as_i64().filter(is_integer) else {
            return Err(unexpected(&Value::Number(number), "an Integer"));
        };
        if value > *range.end() {
            let limit = format!("Member must have value less than or equal to {}", range.end());
            self.problem(name, Some(&number.to_string()), &limit);
        } else if value < *range.start() {
            let limit =
                format!("Member must have value greater than or equal to {}", range.start());
            self.problem(name, Some(&number.to_string()), &limit);
        }
        Ok(Some(value))
    }

    /// A number, with a fraction or without.
    pub(crate) fn number(
        &mut self,
        name: &str,
        range: RangeInclusive<f64>,
    ) -> Result<Option<f64>, ApiError> {
        let number = match self.take(name) {
            None => return Ok(None),
            Some(Value::Number(number)) => number,
            Some(other) => return Err(unexpected(&other, "a Float")),
        };
        let value = number.as_f64().unwrap_or(f64::NAN);
        if !range.contains(&value) {
            let limit = if value > *range.end() {
                format!("Member must have value less than or equal to {}", range.end())
            } else {
                format!("Member must have value greater than or equal to {}", range.start())
            };
            self.problem(name, Some(&number.to_string()), &limit);
        }
        Ok(Some(value))
    }

    /// One of a set of values. `names` is in the order that AWS's message has.
    pub(crate) fn choice(
        &mut self,
        name: &str,
        names: &[&'static str],
    ) -> Result<Option<&'static str>, ApiError> {
        let Some(text) = self.text(name, Text::up_to(usize::MAX))? else { return Ok(None) };
        let found = names.iter().find(|name| **name == text).copied();
        if found.is_none() {
            let set = format!("Member must satisfy enum value set: [{}]", names.join(", "));
            self.problem(name, Some(&text), &set);
        }
        Ok(found)
    }

    /// As [`Members::choice`]; a missing one is a problem. Empty where there is a problem.
    pub(crate) fn required_choice(
        &mut self,
        name: &str,
        names: &[&'static str],
    ) -> Result<&'static str, ApiError> {
        if self.members.get(name).is_none_or(Value::is_null) {
            self.missing(name);
        }
        Ok(self.choice(name, names)?.unwrap_or_default())
    }

    /// A structure, read by `read`.
    pub(crate) fn structure<R>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut Members) -> Result<R, ApiError>,
    ) -> Result<Option<R>, ApiError> {
        match self.take(name) {
            None => Ok(None),
            Some(value) => self.read_structure(name, value, read).map(Some),
        }
    }

    /// A list of structures, each read by `read`.
    pub(crate) fn structures<R>(
        &mut self,
        name: &str,
        mut read: impl FnMut(&mut Members) -> Result<R, ApiError>,
    ) -> Result<Option<Vec<R>>, ApiError> {
        let items = match self.take(name) {
            None => return Ok(None),
            Some(Value::Array(items)) => items,
            Some(other) => return Err(unexpected(&other, "a list")),
        };
        let each = (1..).zip(items).map(|(number, item)| {
            self.read_structure(&format!("{name}.{number}.member"), item, &mut read)
        });
        each.collect::<Result<Vec<R>, ApiError>>().map(Some)
    }

    /// A list of strings.
    pub(crate) fn texts(
        &mut self,
        name: &str,
        rule: Text,
    ) -> Result<Option<Vec<String>>, ApiError> {
        let items = match self.take(name) {
            None => return Ok(None),
            Some(Value::Array(items)) => items,
            Some(other) => return Err(unexpected(&other, "a list")),
        };
        let mut texts = Vec::with_capacity(items.len());
        for (number, item) in (1..).zip(items) {
            let Value::String(text) = item else { return Err(unexpected(&item, "a String")) };
            self.check_text(&format!("{name}.{number}.member"), &text, rule);
            texts.push(text);
        }
        Ok(Some(texts))
    }

    /// Notes that a list has too many items, or too few. `shown` is the list as AWS prints it.
    pub(crate) fn check_length(
        &mut self,
        name: &str,
        length: usize,
        range: RangeInclusive<usize>,
        shown: &str,
    ) {
        if length > *range.end() {
            let limit = format!("Member must have length less than or equal to {}", range.end());
            self.problem(name, Some(shown), &limit);
        } else if length < *range.start() {
            let limit =
                format!("Member must have length greater than or equal to {}", range.start());
            self.problem(name, Some(shown), &limit);
        }
    }

    /// Notes that a text does not match a pattern.
    pub(crate) fn mismatch(&mut self, name: &str, text: &str, pattern: &str) {
        let limit = format!("Member must satisfy regular expression pattern: {pattern}");
        self.problem(name, Some(text), &limit);
    }

    fn read_structure<R>(
        &mut self,
        name: &str,
        value: Value,
        read: impl FnOnce(&mut Members) -> Result<R, ApiError>,
    ) -> Result<R, ApiError> {
        let Value::Object(members) = value else { return Err(unexpected(&value, "a structure")) };
        let mut inner = Members::of(&format!("{}{name}.", self.prefix), members);
        let answer = read(&mut inner)?;
        self.problems.append(&mut inner.problems);
        Ok(answer)
    }

    /// A member that is not null.
    fn take(&mut self, name: &str) -> Option<Value> {
        self.members.remove(name).filter(|value| !value.is_null())
    }

    /// AWS counts as Java does, in UTF-16 units.
    fn check_text(&mut self, name: &str, text: &str, rule: Text) {
        let shown = (!rule.is_sensitive).then_some(text);
        let is_longer = |max: usize| text.len() > max && text.encode_utf16().count() > max;
        let (min, max) = rule.chars;
        if is_longer(max) {
            let limit = format!("Member must have length less than or equal to {max}");
            self.problem(name, shown, &limit);
        } else if min > 0 && text.is_empty() {
            let limit = format!("Member must have length greater than or equal to {min}");
            self.problem(name, shown, &limit);
        }
        if rule.is_ascii && !text.is_ascii() {
            let pattern = "Member must satisfy regular expression pattern: \\p{ASCII}*";
            self.problem(name, shown, pattern);
        }
    }

    /// Notes that a member is missing.
    pub(crate) fn missing(&mut self, name: &str) {
        self.problems.push(format!(
            "Value null at '{}{name}' failed to satisfy constraint: Member must not be null",
            self.prefix
        ));
    }

    fn problem(&mut self, name: &str, value: Option<&str>, constraint: &str) {
        let value = value.map_or_else(String::new, |value| format!(" '{value}'"));
        self.problems.push(format!(
            "Value{value} at '{}{name}' failed to satisfy constraint: {constraint}",
            self.prefix
        ));
    }
}

/// A member of the wrong type.
fn unexpected(value: &Value, wanted: &str) -> ApiError {
    let found = match value {
        Value::Object(_) => {
            return ApiError::serialization("Start of structure or map found where not expected.");
        }
        Value::Array(_) => {
            return ApiError::serialization("Start of list found where not expected.");
        }
        Value::Null => "NULL_VALUE",
        Value::Bool(true) => "TRUE_VALUE",
        Value::Bool(false) => "FALSE_VALUE",
        Value::Number(number) if number.is_f64() => "DECIMAL_VALUE",
        Value::Number(_) => "NUMBER_VALUE",
        Value::String(_) => "STRING_VALUE",
    };
    ApiError::serialization(format!("{found} can not be converted to {wanted}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    #[test]
    fn problems_are_collected() {
        check(r#"{"name": "n"}"#, expect![[r#"name Some("n")"#]]);
        check(
            "{}",
            expect![
                "ValidationException: 1 validation error detected: Value null at 'name' failed to satisfy constraint: Member must not be null"
            ],
        );
        check(
            r#"{"name": "", "max": 11, "kind": "c", "secret": "abcd"}"#,
            expect![
                "ValidationException: 4 validation errors detected: Value '' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '11' at 'max' failed to satisfy constraint: Member must have value less than or equal to 10; Value 'c' at 'kind' failed to satisfy constraint: Member must satisfy enum value set: [a, b]; Value at 'secret' failed to satisfy constraint: Member must have length less than or equal to 3"
            ],
        );
        check(
            r#"{"name": "n", "max": -1, "list": [{"key": "k"}, {"key": "é"}]}"#,
            expect![
                "ValidationException: 2 validation errors detected: Value '-1' at 'max' failed to satisfy constraint: Member must have value greater than or equal to 0; Value 'é' at 'list.2.member.key' failed to satisfy constraint: Member must satisfy regular expression pattern: \\p{ASCII}*"
            ],
        );
    }

    #[test]
    fn lengths_are_counted_in_utf_16() {
        check(r#"{"name": "💡💡"}"#, expect![[r#"name Some("💡💡")"#]]);
        check(
            r#"{"name": "💡💡a"}"#,
            expect![
                "ValidationException: 1 validation error detected: Value '💡💡a' at 'name' failed to satisfy constraint: Member must have length less than or equal to 4"
            ],
        );
    }

    #[test]
    fn wrong_types_refuse_the_request_at_once() {
        for (body, expected) in [
            (r#"{"name": 1}"#, "NUMBER_VALUE can not be converted to a String"),
            (r#"{"name": 1.5}"#, "DECIMAL_VALUE can not be converted to a String"),
            (r#"{"name": true}"#, "TRUE_VALUE can not be converted to a String"),
            (r#"{"name": {}}"#, "Start of structure or map found where not expected."),
            (r#"{"name": []}"#, "Start of list found where not expected."),
            (r#"{"max": "1"}"#, "STRING_VALUE can not be converted to an Integer"),
            (r#"{"max": 99999999999}"#, "NUMBER_VALUE can not be converted to an Integer"),
            (r#"{"list": [1]}"#, "NUMBER_VALUE can not be converted to a structure"),
            (r#"{"list": {}}"#, "Start of structure or map found where not expected."),
            ("[]", "Start of list found where not expected."),
            ("7", "NUMBER_VALUE can not be converted to a structure"),
            ("{", "The body is not JSON: EOF while parsing an object at line 1 column 1"),
            ("\u{1}", "The body is not JSON: expected value at line 1 column 1"),
        ] {
            assert_eq!(read(body.as_bytes()), format!("SerializationException: {expected}"));
        }
        let deep = "[".repeat(10_000);
        assert!(read(deep.as_bytes()).starts_with("SerializationException: "));
        assert!(read(&[0xff, 0xfe]).starts_with("SerializationException: "));
    }

    #[test]
    fn null_is_absent_and_strangers_are_ignored() {
        check(r#"{"name": "n", "max": null, "x": [[]]}"#, expect![[r#"name Some("n")"#]]);
        let missing = read(b" \n");
        assert!(missing.contains("Value null at 'name'"), "{missing}");
    }

    fn check(body: &str, expected: Expect) {
        expected.assert_eq(&read(body.as_bytes()));
    }

    fn read(body: &[u8]) -> String {
        let read = || {
            let mut members = Members::parse(body)?;
            let name = members.required_text("name", Text::non_empty(4))?;
            members.integer("max", 0..=10)?;
            members.choice("kind", &["a", "b"])?;
            members.text("secret", Text::up_to(3).sensitive())?;
            members.structures("list", |item| item.text("key", Text::up_to(9).ascii()))?;
            members.finish()?;
            Ok::<_, ApiError>(Some(name))
        };
        match read() {
            Ok(name) => format!("name {name:?}"),
            Err(error) => error.to_string(),
        }
    }
}
