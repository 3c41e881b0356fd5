//! Text to tree.
//!
//! Errors are worded as by the JSON library that AWS runs (Jackson), which also says how far it had
//! read: that is `JsonError::read_to`, one character past an offending character.

use super::position::Lines;
use super::{Kind, Member, Node, Position, Span};
use crate::limits::{JSON_DEPTH_MAX, QUOTED_CHARS_MAX};
use serde_json::Number;
use std::fmt::Write as _;

const VALUE_EXPECTED: &str =
    "JSON String, Number, Array, Object or token 'null', 'true' or 'false'";
/// How much of the text an error quotes, as Jackson does.
const SOURCE_CHARS_MAX: usize = 500;

/// Why a text is not JSON, in AWS's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct JsonError {
    /// What is wrong: `Unexpected character ('}' (code 125)): …`.
    pub message: String,
    /// How AWS names the place: `[Source: (String)"…"; line: 1, column: 4]`.
    pub place: String,
    /// Where the offending piece begins.
    pub start: Position,
    /// Where it ends.
    pub end: Position,
}

/// Whether a text is one JSON value, nested at most as deep as a definition may be.
///
/// # Errors
///
/// [`JsonError`] with the words AWS has for what is wrong.
pub fn check_json(text: &str) -> Result<(), JsonError> {
    read(text).map(drop)
}

/// Reads one JSON value and nothing after it.
pub(crate) fn read(text: &str) -> Result<Node, JsonError> {
    let mut reader = Reader { text, at: 0 };
    reader.document().map_err(|fault| fault.describe(text))
}

/// A fault before its places are worked out.
struct Fault {
    message: String,
    span: Span,
    /// The byte up to which Jackson has read.
    read_to: usize,
    /// The brackets that the message names with their places, innermost only.
    opened: Option<(&'static str, usize)>,
}

impl Fault {
    fn describe(self, text: &str) -> JsonError {
        let lines = Lines::new(text);
        let source_at = |offset: usize| {
            let Position { line, column, .. } = lines.position(offset);
            format!("[Source: (String){}; line: {line}, column: {column}]", excerpt(text))
        };
        let message = match self.opened {
            None => self.message,
            Some((what, offset)) => {
                format!("{} for {what} (start marker at {})", self.message, source_at(offset))
            }
        };
        JsonError {
            message,
            place: source_at(self.read_to),
            start: lines.position(self.span.start),
            end: lines.position(self.span.end),
        }
    }
}

/// The beginning of the text between quotes, control characters but line ends made visible.
fn excerpt(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars().take(SOURCE_CHARS_MAX) {
        if c.is_control() && c != '\n' && c != '\r' {
            _ = write!(quoted, "\\u{:04X}", u32::from(c));
        } else {
            quoted.push(c);
        }
    }
    quoted.push('"');
    let rest = text.chars().count().saturating_sub(SOURCE_CHARS_MAX);
    if rest > 0 {
        _ = write!(quoted, "[truncated {rest} chars]");
    }
    quoted
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

/// An object or array whose closing bracket has not been read.
enum Open {
    /// With the key whose value comes next.
    Object {
        start: usize,
        members: Vec<Member>,
        key: String,
        key_span: Span,
    },
    Array {
        start: usize,
        items: Vec<Node>,
    },
}

/// What a value makes of the brackets around it.
enum Around {
    /// They close: this is the value now.
    Closed(Node),
    /// Another value follows.
    Open(Open),
}

impl<'t> Reader<'t> {
    /// The brackets that are open are kept on the heap, so that nesting costs no stack.
    fn document(&mut self) -> Result<Node, Fault> {
        self.skip_blanks()?;
        if self.peek().is_none() {
            return Err(self.end_of_input("No content to map due to end-of-input", None));
        }
        let mut stack = Vec::new();
        loop {
            let mut around = self.begin(stack.len())?;
            loop {
                let value = match around {
                    Around::Open(open) => {
                        stack.push(open);
                        break;
                    }
                    Around::Closed(value) => value,
                };
                match stack.pop() {
                    Some(open) => around = self.put(open, value)?,
                    None => return self.end(value),
                }
            }
        }
    }

    /// Nothing but blanks follows the value.
    fn end(&mut self, value: Node) -> Result<Node, Fault> {
        self.skip_blanks()?;
        match self.peek() {
            None => Ok(value),
            Some(_) => Err(self.unexpected("expected nothing after the value")),
        }
    }

    /// A scalar, an empty object or array, or the beginning of another one.
    fn begin(&mut self, depth: usize) -> Result<Around, Fault> {
        let start = self.at;
        let kind = match self.peek() {
            Some('{') => {
                self.open(depth)?;
                self.blanks_within(("Object", start))?;
                if !self.take('}') {
                    return self.keyed(start, Vec::new()).map(Around::Open);
                }
                Kind::Object(Vec::new())
            }
            Some('[') => {
                self.open(depth)?;
                self.blanks_within(("Array", start))?;
                if !self.take(']') {
                    return Ok(Around::Open(Open::Array { start, items: Vec::new() }));
                }
                Kind::Array(Vec::new())
            }
            Some('"') => Kind::String(self.string("a string value")?),
            Some('-' | '0'..='9') => Kind::Number(self.number()?),
            Some(_) => self.word()?,
            None => return Err(self.end_of_input("Unexpected end-of-input", None)),
        };
        Ok(Around::Closed(Node { kind, span: Span { start, end: self.at } }))
    }

    /// Puts a value into the brackets around it and reads on to the next value or the closing bracket.
    fn put(&mut self, open: Open, value: Node) -> Result<Around, Fault> {
        match open {
            Open::Object { start, mut members, key, key_span } => {
                members.push(Member { key, key_span, value });
                if self.goes_on("Object", start, '}')? {
                    return self.keyed(start, members).map(Around::Open);
                }
                let span = Span { start, end: self.at };
                Ok(Around::Closed(Node { kind: Kind::Object(members), span }))
            }
            Open::Array { start, mut items } => {
                items.push(value);
                if self.goes_on("Array", start, ']')? {
                    return Ok(Around::Open(Open::Array { start, items }));
                }
                let span = Span { start, end: self.at };
                Ok(Around::Closed(Node { kind: Kind::Array(items), span }))
            }
        }
    }

    /// Whether a comma or the closing bracket follows.
    fn goes_on(&mut self, what: &'static str, start: usize, close: char) -> Result<bool, Fault> {
        self.blanks_within((what, start))?;
        if self.take(close) {
            return Ok(false);
        }
        if !self.take(',') {
            return Err(self.not_separated(what, start));
        }
        self.blanks_within((what, start))?;
        Ok(true)
    }

    /// An object up to its next value.
    fn keyed(&mut self, start: usize, members: Vec<Member>) -> Result<Open, Fault> {
        let key_start = self.at;
        if self.peek() != Some('"') {
            return Err(self.unexpected("was expecting double-quote to start field name"));
        }
        let key = self.string("field name")?;
        let key_span = Span { start: key_start, end: self.at };
        self.blanks_within(("Object", start))?;
        if !self.take(':') {
            let expected = "was expecting a colon to separate field name and value";
            return Err(self.unexpected(expected));
        }
        self.blanks_within(("Object", start))?;
        Ok(Open::Object { start, members, key, key_span })
    }

    /// Consumes an opening bracket.
    fn open(&mut self, depth: usize) -> Result<(), Fault> {
        let opened = self.at;
        self.at += 1;
        if depth < JSON_DEPTH_MAX {
            return Ok(());
        }
        let message = format!(
            "Document nesting depth ({}) exceeds the maximum allowed ({JSON_DEPTH_MAX})",
            depth + 1
        );
        let span = Span { start: opened, end: self.at };
        Err(Fault { message, span, read_to: self.at, opened: None })
    }

    fn not_separated(&self, what: &str, opened: usize) -> Fault {
        match (self.peek(), what) {
            (Some(']'), "Object") => self.mismatched(']', '}', "Object", opened),
            (Some('}'), "Array") => self.mismatched('}', ']', "Array", opened),
            _ => self.unexpected(&format!("was expecting comma to separate {what} entries")),
        }
    }

    fn mismatched(&self, found: char, wanted: char, what: &'static str, opened: usize) -> Fault {
        let Position { line, column, .. } = Lines::new(self.text).position(opened);
        let message = format!(
            "Unexpected close marker '{found}': expected '{wanted}' (for {what} starting at line: {line}, column: {column})"
        );
        let span = Span { start: self.at, end: self.at + 1 };
        Fault { message, span, read_to: self.at + 1, opened: None }
    }

    /// Blanks inside brackets, where the text may not end.
    fn blanks_within(&mut self, opened: (&'static str, usize)) -> Result<(), Fault> {
        self.skip_blanks()?;
        match self.peek() {
            Some(_) => Ok(()),
            None => {
                let message = "Unexpected end-of-input: expected close marker";
                Err(self.end_of_input(message, Some(opened)))
            }
        }
    }

    fn skip_blanks(&mut self) -> Result<(), Fault> {
        while let Some(c) = self.peek() {
            match c {
                ' ' | '\t' | '\r' | '\n' => self.at += 1,
                c if u32::from(c) < 0x20 => {
                    let message = format!(
                        "Illegal character ((CTRL-CHAR, code {})): only regular white space (\\r, \\n, \\t) is allowed between tokens",
                        u32::from(c)
                    );
                    return Err(self.fault_here(message));
                }
                _ => break,
            }
        }
        Ok(())
    }

    /// `null`, `true`, `false`, or whatever stands there instead.
    fn word(&mut self) -> Result<Kind, Fault> {
        let rest = self.rest();
        let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
        let word = rest.split(|c| !is_word(c)).next().unwrap_or("");
        let kind = match word {
            "" => {
                return Err(self.unexpected(&format!("expected a valid value ({VALUE_EXPECTED})")));
            }
            "null" => Kind::Null,
            "true" => Kind::Bool(true),
            "false" => Kind::Bool(false),
            other => {
                let quoted: String = other.chars().take(QUOTED_CHARS_MAX).collect();
                let more = if quoted.len() < other.len() { "..." } else { "" };
                let span = Span { start: self.at, end: self.at + other.len() };
                return Err(Fault {
                    message: format!(
                        "Unrecognized token '{quoted}{more}': was expecting ({VALUE_EXPECTED})"
                    ),
                    span,
                    read_to: span.end,
                    opened: None,
                });
            }
        };
        self.at += word.len();
        Ok(kind)
    }

    fn number(&mut self) -> Result<Number, Fault> {
        let start = self.at;
        let is_part = |c: char| matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E');
        let text = self.rest().split(|c| !is_part(c)).next().unwrap_or("");
        let span = Span { start, end: start + text.len() };
        let invalid = |message: String| Fault { message, span, read_to: span.end, opened: None };
        let digits = text.strip_prefix('-').unwrap_or(text);
        if digits.starts_with('0') && digits.chars().nth(1).is_some_and(|c| c.is_ascii_digit()) {
            let message = "Invalid numeric value: Leading zeroes not allowed".to_owned();
            return Err(invalid(message));
        }
        self.at = span.end;
        let quoted: String = text.chars().take(QUOTED_CHARS_MAX).collect();
        serde_json::from_str::<Number>(text)
            .map_err(|_| invalid(format!("Invalid numeric value: '{quoted}'")))
    }

    fn string(&mut self, what: &str) -> Result<String, Fault> {
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        loop {
            let plain = self.rest().find(|c: char| c == '"' || c == '\\' || u32::from(c) < 0x20);
            let Some(length) = plain else {
                self.at = self.text.len();
                return Err(self.unclosed_string(what, start));
            };
            text.push_str(self.rest().get(..length).unwrap_or(""));
            self.at += length;
            match self.peek() {
                Some('"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some('\\') => text.push(self.escape(what, start)?),
                Some(c) => {
                    let code = u32::from(c);
                    return Err(self.fault_here(format!(
                        "Illegal unquoted character ((CTRL-CHAR, code {code})): has to be escaped using backslash to be included in {what}"
                    )));
                }
                None => return Err(self.unclosed_string(what, start)),
            }
        }
    }

    fn escape(&mut self, what: &str, string_start: usize) -> Result<char, Fault> {
        self.at += 1;
        let Some(c) = self.peek() else { return Err(self.unclosed_string(what, string_start)) };
        let plain = match c {
            '"' | '\\' | '/' => c,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => return self.unicode_escape(),
            c => {
                let message =
                    format!("Unrecognized character escape '{c}' (code {})", u32::from(c));
                return Err(self.fault_here(message));
            }
        };
        self.at += 1;
        Ok(plain)
    }

    /// `\uXXXX`, or two of them for a character beyond the basic plane; the reader stands on the `u`.
    fn unicode_escape(&mut self) -> Result<char, Fault> {
        let start = self.at - 1;
        let first = self.four_digits()?;
        let code = match first {
            0xD800..=0xDBFF if self.rest().starts_with("\\u") => {
                self.at += 1;
                match self.four_digits()? {
                    low @ 0xDC00..=0xDFFF => 0x10000 + ((first - 0xD800) << 10) + (low - 0xDC00),
                    _ => first,
                }
            }
            code => code,
        };
        char::from_u32(code).ok_or_else(|| {
            let span = Span { start, end: self.at };
            let message = "Unpaired surrogate in a character escape: it is not a character".into();
            Fault { message, span, read_to: self.at, opened: None }
        })
    }

    fn four_digits(&mut self) -> Result<u32, Fault> {
        self.at += 1;
        let mut code = 0;
        for _ in 0..4 {
            let c = self.peek();
            let Some(digit) = c.and_then(|c| c.to_digit(16)) else {
                let expected = "expected a hex-digit for character escape sequence";
                return Err(self.unexpected(expected));
            };
            code = code * 16 + digit;
            self.at += 1;
        }
        Ok(code)
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    fn unexpected(&self, expected: &str) -> Fault {
        match self.peek() {
            Some(c) => self.fault_here(format!(
                "Unexpected character ('{c}' (code {})): {expected}",
                u32::from(c)
            )),
            None => self.end_of_input("Unexpected end-of-input", None),
        }
    }

    /// A fault of the character that stands next.
    fn fault_here(&self, message: String) -> Fault {
        let end = self.at + self.peek().map_or(0, char::len_utf8);
        Fault { message, span: Span { start: self.at, end }, read_to: end, opened: None }
    }

    fn end_of_input(&self, message: &str, opened: Option<(&'static str, usize)>) -> Fault {
        let end = self.text.len();
        Fault { message: message.to_owned(), span: Span { start: end, end }, read_to: end, opened }
    }

    fn unclosed_string(&self, what: &str, start: usize) -> Fault {
        let message = match what {
            "field name" => "Unexpected end-of-input in field name".to_owned(),
            _ => format!("Unexpected end-of-input: was expecting closing quote for {what}"),
        };
        let end = self.text.len();
        Fault { message, span: Span { start, end }, read_to: end, opened: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    #[test]
    fn brackets_that_do_not_fit_are_described_in_the_words_of_aws() {
        let texts = [
            "{\"a\": 1,}",
            "{a: 1}",
            "{'a': 1}",
            "{\"a\" 1}",
            "{\"a\": 1 \"b\": 2}",
            "[1 2]",
            "[1,]",
            "{\"a\": [1}",
            "{\"a\": {]",
            "{\"a\": ",
            "{",
            "[\"a",
            "{\"a",
            "{} {}",
            "{}x",
        ];
        check(
            &texts,
            expect![[r#"
            "{\"a\": 1,}"
              "}" at 1, column: 10: Unexpected character ('}' (code 125)): was expecting double-quote to start field name
            "{a: 1}"
              "a" at 1, column: 3: Unexpected character ('a' (code 97)): was expecting double-quote to start field name
            "{'a': 1}"
              "'" at 1, column: 3: Unexpected character (''' (code 39)): was expecting double-quote to start field name
            "{\"a\" 1}"
              "1" at 1, column: 7: Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value
            "{\"a\": 1 \"b\": 2}"
              "\"" at 1, column: 10: Unexpected character ('"' (code 34)): was expecting comma to separate Object entries
            "[1 2]"
              "2" at 1, column: 5: Unexpected character ('2' (code 50)): was expecting comma to separate Array entries
            "[1,]"
              "]" at 1, column: 5: Unexpected character (']' (code 93)): expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')
            "{\"a\": [1}"
              "}" at 1, column: 10: Unexpected close marker '}': expected ']' (for Array starting at line: 1, column: 7)
            "{\"a\": {]"
              "]" at 1, column: 9: Unexpected character (']' (code 93)): was expecting double-quote to start field name
            "{\"a\": "
              "" at 1, column: 7: Unexpected end-of-input: expected close marker for Object (start marker at [Source: (String)"{"a": "; line: 1, column: 1])
            "{"
              "" at 1, column: 2: Unexpected end-of-input: expected close marker for Object (start marker at [Source: (String)"{"; line: 1, column: 1])
            "[\"a"
              "\"a" at 1, column: 4: Unexpected end-of-input: was expecting closing quote for a string value
            "{\"a"
              "\"a" at 1, column: 4: Unexpected end-of-input in field name
            "{} {}"
              "{" at 1, column: 5: Unexpected character ('{' (code 123)): expected nothing after the value
            "{}x"
              "x" at 1, column: 4: Unexpected character ('x' (code 120)): expected nothing after the value
        "#]],
        );
    }

    #[test]
    fn what_is_no_value_is_described_in_the_words_of_aws() {
        let texts = [
            "not a definition",
            "",
            "  ",
            "{\"a\": tru}",
            "{\"a\": True}",
            "{\"a\": #}",
            "01",
            "-",
            "1.",
            "1e999",
            "\u{1}",
            "\u{feff}{}",
            "<html>",
            "nul",
            "é",
        ];
        check(
            &texts,
            expect![[r##"
            "not a definition"
              "not" at 1, column: 4: Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')
            ""
              "" at 1, column: 1: No content to map due to end-of-input
            "  "
              "" at 1, column: 3: No content to map due to end-of-input
            "{\"a\": tru}"
              "tru" at 1, column: 10: Unrecognized token 'tru': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')
            "{\"a\": True}"
              "True" at 1, column: 11: Unrecognized token 'True': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')
            "{\"a\": #}"
              "#" at 1, column: 8: Unexpected character ('#' (code 35)): expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')
            "01"
              "01" at 1, column: 3: Invalid numeric value: Leading zeroes not allowed
            "-"
              "-" at 1, column: 2: Invalid numeric value: '-'
            "1."
              "1." at 1, column: 3: Invalid numeric value: '1.'
            "1e999"
              "1e999" at 1, column: 6: Invalid numeric value: '1e999'
            "\u{1}"
              "\u{1}" at 1, column: 2: Illegal character ((CTRL-CHAR, code 1)): only regular white space (\r, \n, \t) is allowed between tokens
            "\u{feff}{}"
              "\u{feff}" at 1, column: 2: Unexpected character ('﻿' (code 65279)): expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')
            "<html>"
              "<" at 1, column: 2: Unexpected character ('<' (code 60)): expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')
            "nul"
              "nul" at 1, column: 4: Unrecognized token 'nul': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')
            "é"
              "é" at 1, column: 2: Unrecognized token 'é': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')
        "##]],
        );
    }

    #[test]
    fn what_is_no_string_is_described_in_the_words_of_aws() {
        let texts = [
            "\"a\\x\"",
            "\"a\\u12g4\"",
            "\"\\ud800\"",
            "\"\\ud800\\u0041\"",
            "\"\\udc00\"",
            "\"a\tb\"",
            "\"a\nb\"",
        ];
        check(
            &texts,
            expect![[r#"
            "\"a\\x\""
              "x" at 1, column: 5: Unrecognized character escape 'x' (code 120)
            "\"a\\u12g4\""
              "g" at 1, column: 8: Unexpected character ('g' (code 103)): expected a hex-digit for character escape sequence
            "\"\\ud800\""
              "\\ud800" at 1, column: 8: Unpaired surrogate in a character escape: it is not a character
            "\"\\ud800\\u0041\""
              "\\ud800\\u0041" at 1, column: 14: Unpaired surrogate in a character escape: it is not a character
            "\"\\udc00\""
              "\\udc00" at 1, column: 8: Unpaired surrogate in a character escape: it is not a character
            "\"a\tb\""
              "\t" at 1, column: 4: Illegal unquoted character ((CTRL-CHAR, code 9)): has to be escaped using backslash to be included in a string value
            "\"a\nb\""
              "\n" at 2, column: 1: Illegal unquoted character ((CTRL-CHAR, code 10)): has to be escaped using backslash to be included in a string value
        "#]],
        );
    }

    #[test]
    fn a_long_text_is_quoted_in_part() {
        let text = format!("{}x", " ".repeat(600));
        let place = read(&text).unwrap_err().place;
        assert!(place.ends_with("\"[truncated 101 chars]; line: 1, column: 602]"), "{place}");
    }

    #[test]
    fn escapes_become_characters() {
        let text = r#""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#;
        let Kind::String(read) = read(text).unwrap().kind else { panic!() };
        assert_eq!(read, "\"\\/\u{8}\u{c}\n\r\té\u{1f600}");
    }

    #[test]
    fn nesting_ends_before_the_stack_does() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(&nested(JSON_DEPTH_MAX)).is_ok());
        let error = read(&nested(JSON_DEPTH_MAX + 1)).unwrap_err();
        expect!["Document nesting depth (257) exceeds the maximum allowed (256)"]
            .assert_eq(&error.message);
        assert!(read(&"[".repeat(1_000_000)).is_err());
        assert!(read(&"{\"a\":".repeat(100_000)).is_err());
    }

    fn check(texts: &[&str], expected: Expect) {
        let described = texts.iter().map(|text| {
            let error = read(text).unwrap_err();
            let piece = &text[error.start.offset..error.end.offset];
            let place = error.place.rsplit("line: ").next().unwrap();
            let place = place.trim_end_matches(']');
            format!("{text:?}\n  {piece:?} at {place}: {}\n", error.message)
        });
        expected.assert_eq(&described.collect::<String>());
    }
}
