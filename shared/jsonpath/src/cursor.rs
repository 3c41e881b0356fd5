//! A position in a text, for the hand-written parsers.

use crate::error::ParseError;

/// A reader over `text`. It always stands on a character boundary.
#[derive(Debug)]
pub(crate) struct Cursor<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Cursor<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    pub(crate) fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// The text between an earlier position and this one.
    pub(crate) fn since(&self, start: usize) -> &'t str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    pub(crate) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(crate) fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    pub(crate) fn eat(&mut self, wanted: &str) -> bool {
        let found = self.rest().starts_with(wanted);
        if found {
            self.at += wanted.len();
        }
        found
    }

    pub(crate) fn expect(&mut self, wanted: &str) -> Result<(), ParseError> {
        if self.eat(wanted) { Ok(()) } else { Err(self.error(format!("expected `{wanted}`"))) }
    }

    pub(crate) fn take_while(&mut self, holds: impl Fn(char) -> bool) -> &'t str {
        let start = self.at;
        while self.peek().is_some_and(&holds) {
            self.next();
        }
        self.since(start)
    }

    pub(crate) fn skip_blanks(&mut self) {
        self.take_while(|c| matches!(c, ' ' | '\t' | '\r' | '\n'));
    }

    pub(crate) fn is_done(&self) -> bool {
        self.rest().is_empty()
    }

    pub(crate) fn error(&self, reason: impl Into<String>) -> ParseError {
        let before = self.text.get(..self.at).unwrap_or_default();
        ParseError { reason: reason.into(), position: before.chars().count() + 1 }
    }
}
