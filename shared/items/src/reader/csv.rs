//! Delimited text.
//!
//! The documentation's rules, which are those of a well-known Java library: cells are strings and are not trimmed;
//! a cell may be quoted, and then hold delimiters and line ends; a quote is written twice or behind a backslash; a
//! backslash counts before a quote, a delimiter or a backslash, and is dropped before anything else. Rows shorter than
//! the header are filled with empty strings, longer ones cut. An empty line is a row with one empty cell.

use super::java::ObjectOrder;
use super::position::OfFormat;
use super::{Out, Parsed, pass_byte_order_mark};
use crate::failure::ReadFailure;
use crate::limits;
use crate::window::Window;
use memchr::{memchr2, memchr2_iter};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

/// CSV's part of a `ReaderConfig`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CsvFormat {
    /// `CSVDelimiter`.
    pub delimiter: CsvDelimiter,
    /// `CSVHeaderLocation` and `CSVHeaders`.
    pub headers: CsvHeaders,
}

/// What stands between two cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CsvDelimiter {
    /// `,`
    #[default]
    Comma,
    /// `|`
    Pipe,
    /// `;`
    Semicolon,
    /// A space.
    Space,
    /// A tab.
    Tab,
}

/// Where the cells' names come from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum CsvHeaders {
    /// From the object's first row.
    #[default]
    FirstRow,
    /// From the definition.
    Given(Vec<String>),
}

impl CsvDelimiter {
    /// The delimiter of `ReaderConfig`'s name.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "COMMA" => Self::Comma,
            "PIPE" => Self::Pipe,
            "SEMICOLON" => Self::Semicolon,
            "SPACE" => Self::Space,
            "TAB" => Self::Tab,
            _ => return None,
        })
    }

    fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Pipe => b'|',
            Self::Semicolon => b';',
            Self::Space => b' ',
            Self::Tab => b'\t',
        }
    }
}

#[derive(Debug)]
pub(super) struct Parser {
    delimiter: u8,
    headers: Option<Arc<ObjectOrder>>,
    is_begun: bool,
    /// The ends of the cells of the row at hand, in its text.
    cells: Vec<Cell>,
    /// The text of the row at hand, where it is not the window's.
    text: String,
    /// Some cell may hold characters that JSON escapes.
    has_escapes: bool,
}

type Cell = (usize, usize);

/// Where a row that is read in one go is with its quotes.
#[derive(Clone, Copy)]
enum Quotes {
    Outside,
    Inside,
    /// Closed at this place: a delimiter or the end must follow.
    Closed(usize),
}

impl Parser {
    pub(super) fn new(format: &CsvFormat) -> Result<Self, ReadFailure> {
        let headers = match &format.headers {
            CsvHeaders::FirstRow => None,
            CsvHeaders::Given(names) => Some(headers(names.clone())?),
        };
        let delimiter = format.delimiter.byte();
        Ok(Self {
            delimiter,
            headers,
            is_begun: false,
            cells: Vec::new(),
            text: String::new(),
            has_escapes: false,
        })
    }

    pub(super) fn resume(&mut self, place: &OfFormat) -> Result<(), ReadFailure> {
        self.is_begun = place.is_begun;
        if let Some(order) = &place.headers {
            self.headers = Some(headers(order.names().to_vec())?);
        }
        Ok(())
    }

    pub(super) fn note_place(&self, place: &mut OfFormat) {
        if place.is_begun != self.is_begun || place.headers.is_none() {
            place.is_begun = self.is_begun;
            place.headers.clone_from(&self.headers);
        }
    }

    pub(super) fn step(
        &mut self,
        window: &mut Window,
        has_ended: bool,
        plain_end: u64,
        out: &mut Out,
    ) -> Result<Parsed, ReadFailure> {
        if !self.is_begun {
            if !pass_byte_order_mark(window, has_ended) {
                return Ok(Parsed::Incomplete);
            }
            if self.headers.is_none() && !self.read_header(window, has_ended)? {
                return Ok(if has_ended { Parsed::End } else { Parsed::Incomplete });
            }
            self.is_begun = true;
        }
        if window.offset() >= plain_end || (has_ended && window.is_empty()) {
            return Ok(Parsed::End);
        }
        let Some(length) = self.read_row(window.rest(), has_ended, window.offset())? else {
            return Ok(Parsed::Incomplete);
        };
        self.write_item(window.rest(), length, &mut out.value);
        window.consume(length);
        Ok(Parsed::Item)
    }

    fn read_header(&mut self, window: &mut Window, has_ended: bool) -> Result<bool, ReadFailure> {
        let rest = window.rest();
        let Some(length) = self.read_row(rest, has_ended, window.offset())? else {
            let is_too_long = rest.len() > limits::CSV_HEADER_BYTES_MAX;
            return if is_too_long { Err(ReadFailure::HeaderTooLong) } else { Ok(false) };
        };
        if length == 0 {
            return Ok(false);
        }
        if length > limits::CSV_HEADER_BYTES_MAX {
            return Err(ReadFailure::HeaderTooLong);
        }
        let row = rest.get(..length).unwrap_or_default();
        let row = if self.text.is_empty() { row } else { self.text.as_bytes() };
        let name = |(start, end): &Cell| {
            String::from_utf8_lossy(row.get(*start..*end).unwrap_or_default()).into_owned()
        };
        self.headers = Some(headers(self.cells.iter().map(name).collect())?);
        window.consume(length);
        Ok(true)
    }

    /// Finds the next row's cells; gives the row's length with its line end, or nothing where the row's end is not
    /// in sight.
    fn read_row(
        &mut self,
        rest: &[u8],
        has_ended: bool,
        offset: u64,
    ) -> Result<Option<usize>, ReadFailure> {
        self.cells.clear();
        self.text.clear();
        let Some((content, length)) = line(rest, has_ended) else {
            return self.unfinished(rest);
        };
        let row = rest.get(..content).unwrap_or_default();
        if self.read_plain_row(row) {
            return self.checked(length);
        }
        self.cells.clear();
        let mut row = QuotedRow { delimiter: self.delimiter, ..QuotedRow::default() };
        let mut at = 0;
        loop {
            let Some((content, length)) = line(rest.get(at..).unwrap_or_default(), has_ended)
            else {
                return self.unfinished(rest);
            };
            row.line(rest.get(at..at + content).unwrap_or_default());
            at += length;
            if !row.in_quotes {
                break;
            }
            if has_ended && at >= rest.len() {
                return Err(ReadFailure::QuoteNotClosed { offset });
            }
            row.text.push(b'\n');
        }
        (self.text, self.cells) = row.finish();
        self.has_escapes = true;
        self.checked(at)
    }

    /// Finds the cells of a row in which each cell is either free of quotes or in quotes as a whole, which is nearly
    /// every row there is. They are then parts of the row as it stands.
    fn read_plain_row(&mut self, row: &[u8]) -> bool {
        let (mut has_control, mut has_backslash) = (false, false);
        for byte in row {
            has_control |= *byte < 0x20;
            has_backslash |= *byte == b'\\';
        }
        if has_backslash {
            return false;
        }
        self.has_escapes = has_control;
        let mut start = 0;
        let mut cell = Quotes::Outside;
        for at in memchr2_iter(self.delimiter, b'"', row) {
            let is_quote = row.get(at) == Some(&b'"');
            cell = match cell {
                Quotes::Outside if is_quote && at == start => Quotes::Inside,
                Quotes::Inside if is_quote => Quotes::Closed(at),
                Quotes::Inside => cell,
                Quotes::Outside if !is_quote => {
                    self.cells.push((start, at));
                    start = at + 1;
                    cell
                }
                Quotes::Closed(end) if !is_quote && at == end + 1 => {
                    self.cells.push((start + 1, end));
                    start = at + 1;
                    Quotes::Outside
                }
                Quotes::Outside | Quotes::Closed(_) => return false,
            };
        }
        match cell {
            Quotes::Outside => self.cells.push((start, row.len())),
            Quotes::Closed(end) if end + 1 == row.len() => self.cells.push((start + 1, end)),
            Quotes::Inside | Quotes::Closed(_) => return false,
        }
        true
    }

    fn checked(&self, length: usize) -> Result<Option<usize>, ReadFailure> {
        if length > limits::RECORD_BYTES_MAX { Err(self.too_long()) } else { Ok(Some(length)) }
    }

    fn unfinished(&self, rest: &[u8]) -> Result<Option<usize>, ReadFailure> {
        if rest.len() > limits::RECORD_BYTES_MAX { Err(self.too_long()) } else { Ok(None) }
    }

    fn too_long(&self) -> ReadFailure {
        match &self.headers {
            None => ReadFailure::HeaderTooLong,
            Some(_) => ReadFailure::RowTooLong,
        }
    }

    /// Makes the row's item. Cells begin and end beside single bytes, so where the row is text, they are too.
    fn write_item(&self, rest: &[u8], length: usize, out: &mut String) {
        let row = rest.get(..length).unwrap_or_default();
        match std::str::from_utf8(row) {
            _ if !self.text.is_empty() => {
                self.write_cells(out, |cell| Cow::Borrowed(part(&self.text, cell)))
            }
            Ok(text) => self.write_cells(out, |cell| Cow::Borrowed(part(text, cell))),
            Err(_) => self.write_cells(out, |(start, end)| {
                String::from_utf8_lossy(row.get(start..end).unwrap_or_default())
            }),
        }
    }

    fn write_cells<'a>(&self, out: &mut String, text: impl Fn(Cell) -> Cow<'a, str>) {
        out.clear();
        let Some(order) = &self.headers else { return };
        for (column, before) in order.members() {
            out.push_str(before);
            match self.cells.get(*column) {
                Some(cell) if self.has_escapes => push_escaped(out, &text(*cell)),
                Some(cell) => out.push_str(&text(*cell)),
                None => {}
            }
        }
        out.push_str(if order.members().is_empty() { "{}" } else { "\"}" });
    }
}

fn part(text: &str, (start, end): Cell) -> &str {
    text.get(start..end).unwrap_or_default()
}

fn headers(names: Vec<String>) -> Result<Arc<ObjectOrder>, ReadFailure> {
    let distinct: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    if distinct.len() < names.len() {
        return Err(ReadFailure::DuplicateHeaders);
    }
    Ok(Arc::new(ObjectOrder::new(names)))
}

/// The next line: the length of its content, and with its line end, which is `\n`, `\r\n` or `\r`.
pub(super) fn line(rest: &[u8], has_ended: bool) -> Option<(usize, usize)> {
    let Some(at) = memchr2(b'\n', b'\r', rest) else {
        return has_ended.then_some((rest.len(), rest.len()));
    };
    match (rest.get(at), rest.get(at + 1)) {
        (Some(b'\n'), _) => Some((at, at + 1)),
        (_, Some(b'\n')) => Some((at, at + 2)),
        (_, None) if !has_ended => None,
        (_, _) => Some((at, at + 1)),
    }
}

/// Writes a cell as the inside of a JSON string.
fn push_escaped(out: &mut String, cell: &str) {
    let is_special = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
    let mut rest = cell;
    while let Some(at) = rest.bytes().position(is_special) {
        let (plain, special) = rest.split_at(at);
        out.push_str(plain);
        let mut bytes = special.chars();
        match bytes.next() {
            Some('"') => out.push_str("\\\""),
            Some('\\') => out.push_str("\\\\"),
            Some('\t') => out.push_str("\\t"),
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\u{8}') => out.push_str("\\b"),
            Some('\u{c}') => out.push_str("\\f"),
            Some(other) => out.push_str(&format!("\\u{:04x}", u32::from(other))),
            None => {}
        }
        rest = bytes.as_str();
    }
    out.push_str(rest);
}

/// A row with quotes or backslashes in it, line by line.
#[derive(Debug, Default)]
struct QuotedRow {
    delimiter: u8,
    text: Vec<u8>,
    ends: Vec<usize>,
    start: usize,
    in_quotes: bool,
    /// Within the text of a cell, quoted or not: only there does a backslash escape.
    in_cell: bool,
}

impl QuotedRow {
    fn line(&mut self, line: &[u8]) {
        let mut at = 0;
        while let Some(&byte) = line.get(at) {
            let next = line.get(at + 1).copied();
            match byte {
                b'\\' => {
                    let escapes =
                        next.filter(|n| matches!(n, b'"' | b'\\') || *n == self.delimiter);
                    if let Some(escaped) = escapes {
                        self.text.push(escaped);
                        at += 1;
                    }
                    self.in_cell = true;
                }
                b'"' if (self.in_quotes || self.in_cell) && next == Some(b'"') => {
                    self.text.push(b'"');
                    at += 1;
                }
                b'"' => {
                    let before = at.checked_sub(1).and_then(|before| line.get(before)).copied();
                    self.quote(before, next);
                }
                _ if byte == self.delimiter && !self.in_quotes => self.end_cell(),
                _ => {
                    self.text.push(byte);
                    self.in_cell = true;
                }
            }
            at += 1;
        }
    }

    /// A single quote: opens or closes, and where it stands in the midst of a cell it is part of it too.
    fn quote(&mut self, before: Option<u8>, next: Option<u8>) {
        self.in_quotes = !self.in_quotes;
        let at_edge = |neighbour: Option<u8>| neighbour.is_none_or(|n| n == self.delimiter);
        if !at_edge(before) && !at_edge(next) {
            let cell = self.text.get(self.start..).unwrap_or_default();
            if !cell.is_empty() && cell.iter().all(u8::is_ascii_whitespace) {
                self.text.truncate(self.start);
            } else {
                self.text.push(b'"');
            }
        }
        self.in_cell = !self.in_cell;
    }

    fn end_cell(&mut self) {
        self.ends.push(self.text.len());
        self.start = self.text.len();
        self.in_cell = false;
    }

    fn finish(mut self) -> (String, Vec<Cell>) {
        self.end_cell();
        let mut text = String::with_capacity(self.text.len());
        let mut cells = Vec::with_capacity(self.ends.len());
        let mut start = 0;
        for end in self.ends {
            let from = text.len();
            text.push_str(&String::from_utf8_lossy(self.text.get(start..end).unwrap_or_default()));
            cells.push((from, text.len()));
            start = end;
        }
        // A text that is empty would be taken for the window's.
        text.push('\n');
        (text, cells)
    }
}
