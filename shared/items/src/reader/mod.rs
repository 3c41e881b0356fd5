//! Readers: bytes in, items out.

mod csv;
mod java;
mod json;
mod lines;
mod position;

use crate::failure::ReadFailure;
use crate::item::ItemRef;
use crate::limits;
use crate::unfold::{Filled, Source};
use crate::window::Window;
use std::sync::Arc;

#[cfg(test)]
mod tests;

pub use csv::{CsvDelimiter, CsvFormat, CsvHeaders};
pub use json::Pointer;
pub(crate) use position::Place;
pub use position::Position;

/// How an object is made into items: `ReaderConfig`'s InputType and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Format {
    /// Rows become objects of strings.
    Csv(CsvFormat),
    /// The elements of an array, or the members of an object as `{"Key": …, "Value": …}`.
    Json(Pointer),
    /// One value a line; lines of white space alone are none.
    JsonLines,
}

/// The index at which reading stops, by MaxItems: 0 and none mean all, of which there are at most 100,000,000.
pub fn index_end(max_items: Option<i64>) -> Result<u64, ReadFailure> {
    match max_items.map(u64::try_from) {
        None | Some(Ok(0)) => Ok(limits::ITEMS_MAX),
        Some(Ok(max)) => Ok(max.min(limits::ITEMS_MAX)),
        Some(Err(_)) => Err(ReadFailure::NegativeMaxItems),
    }
}

/// What [`ItemReader::next`] found.
#[derive(Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// An item, lent until the next call.
    Item(ItemRef<'a>),
    /// Nothing without more bytes: [`ItemReader::push`], or [`ItemReader::end`] where there are none.
    NeedsBytes,
    /// There are no more items.
    End,
}

/// Reads the items of one object, from bytes that are handed to it piece by piece.
#[derive(Debug)]
pub struct ItemReader {
    source: Source,
    parser: Parser,
    uri: Arc<str>,
    out: Out,
    index: u64,
    index_end: u64,
    /// Where the part to be read ends: a record that begins here or later is not read.
    plain_end: u64,
    place: Place,
    /// The line that the first byte is in belongs to the range before.
    is_aligning: bool,
    part_start: u64,
    is_done: bool,
}

/// The item being made.
#[derive(Debug, Default)]
pub(crate) struct Out {
    pub(crate) value: String,
    pub(crate) key: Option<String>,
}

/// What a parser made of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parsed {
    Item,
    Incomplete,
    End,
}

#[derive(Debug)]
enum Parser {
    Csv(csv::Parser),
    Json(json::Parser),
    Lines(lines::Parser),
}

impl ItemReader {
    /// A reader of an object's items from its first byte on. `uri` is the object's, as `$$.Map.Item.Source` shows it.
    pub fn new(format: &Format, uri: &str) -> Result<Self, ReadFailure> {
        let parser = match format {
            Format::Csv(format) => Parser::Csv(csv::Parser::new(format)?),
            Format::Json(pointer) => Parser::Json(json::Parser::new(pointer.clone())),
            Format::JsonLines => Parser::Lines(lines::Parser::new()),
        };
        let place = Place { plain: 0, of_format: parser.place() };
        Ok(Self {
            source: Source::new(),
            parser,
            uri: uri.into(),
            out: Out::default(),
            index: 0,
            index_end: limits::ITEMS_MAX,
            plain_end: u64::MAX,
            place,
            is_aligning: false,
            part_start: 0,
            is_done: false,
        })
    }

    /// A reader that goes on where another stopped; hand it the object's bytes from [`Position::resume_from`] on.
    pub fn resume(format: &Format, uri: &str, position: &Position) -> Result<Self, ReadFailure> {
        let mut reader = Self::new(format, uri)?;
        reader.source = position.source();
        reader.index = position.index;
        reader.place = position.place();
        reader.is_aligning = position.is_unaligned;
        match &mut reader.parser {
            Parser::Csv(parser) => parser.resume(&position.place().of_format)?,
            Parser::Json(parser) => parser.resume(&position.place().of_format),
            Parser::Lines(parser) => parser.resume(&position.place().of_format),
        }
        Ok(reader)
    }

    /// The same, with the first item's index being `index`: where an object is one of many.
    #[must_use]
    pub fn with_first_index(mut self, index: u64) -> Self {
        self.index = index;
        self
    }

    /// The same, stopping once the next item's index would be `end`: see [`index_end`].
    #[must_use]
    pub fn with_index_end(mut self, end: u64) -> Self {
        self.index_end = end.min(limits::ITEMS_MAX);
        self
    }

    /// The same, stopping before the first record that begins at the plain byte `end` or later.
    #[must_use]
    pub fn with_byte_end(mut self, end: u64) -> Self {
        self.plain_end = end;
        self
    }

    /// Hands over the object's next bytes, as stored. They are copied: pieces of 64 KiB to 8 MiB are best, and another
    /// only after [`Step::NeedsBytes`].
    pub fn push(&mut self, bytes: &[u8]) {
        self.source.push(bytes);
    }

    /// Says that the object has no more bytes.
    pub fn end(&mut self) {
        self.source.end();
    }

    /// The next item.
    #[expect(clippy::should_implement_trait, reason = "an iterator cannot lend its items")]
    pub fn next(&mut self) -> Result<Step<'_>, ReadFailure> {
        let parsed = self.parse()?;
        Ok(match parsed {
            Parsed::Incomplete => Step::NeedsBytes,
            Parsed::End => Step::End,
            Parsed::Item => Step::Item(self.read_item()),
        })
    }

    /// The item that was read last.
    pub(crate) fn read_item(&self) -> ItemRef<'_> {
        ItemRef {
            index: self.index.saturating_sub(1),
            key: self.out.key.as_deref(),
            value: &self.out.value,
            source: &self.uri,
        }
    }

    /// Where to take up again behind the items that were read.
    pub fn position(&mut self) -> Position {
        let mut position = Position::new(self.index, self.place.clone(), &mut self.source);
        position.is_unaligned = self.is_aligning;
        position
    }

    /// Where a reader of the part from the plain byte `from` on begins, so that parts can be read side by side, each
    /// with [`Self::with_byte_end`]. Its indexes begin at 0. Nothing where the format does not allow it (JSON, compressed
    /// objects), and before the first item was read.
    ///
    /// Lines of JSON can be told apart from any byte on. Rows of CSV cannot, because a quoted cell may hold line ends:
    /// a part is rightly read only if the part before it, rightly read itself, stopped where this one began:
    /// [`Position::plain`] of the one equals [`Self::part_start`] of the other. If not, resume the part from the position
    /// of the one before.
    pub fn part(&mut self, from: u64) -> Option<Position> {
        let is_lines = matches!(self.parser, Parser::Csv(_) | Parser::Lines(_));
        let is_begun = self.source.is_plain() && self.place.of_format.is_begun;
        let before = from.checked_sub(1).filter(|_| is_lines && is_begun)?;
        let place = Place { plain: before, ..self.place.clone() };
        let mut position = Position::new(0, place, &mut self.source);
        position.is_unaligned = true;
        Some(position)
    }

    /// Where the first record of a part begins, once that is known.
    pub fn part_start(&self) -> Option<u64> {
        (!self.is_aligning).then_some(self.part_start)
    }

    /// The index that the next item will have: behind the last, the count of all.
    pub fn next_index(&self) -> u64 {
        self.index
    }

    pub(crate) fn parse(&mut self) -> Result<Parsed, ReadFailure> {
        if self.is_done || self.index >= self.index_end {
            return Ok(Parsed::End);
        }
        let mut has_ended = false;
        loop {
            match self.parse_window(has_ended)? {
                Parsed::Item => {
                    self.index += 1;
                    return Ok(Parsed::Item);
                }
                Parsed::End => {
                    self.is_done = true;
                    return Ok(Parsed::End);
                }
                Parsed::Incomplete => {}
            }
            match self.source.fill()? {
                Filled::More => {}
                Filled::Dry => return Ok(Parsed::Incomplete),
                Filled::Ended if has_ended => {
                    return Err(ReadFailure::CutShort { offset: self.source.window.end() });
                }
                Filled::Ended => has_ended = true,
            }
        }
    }

    fn parse_window(&mut self, has_ended: bool) -> Result<Parsed, ReadFailure> {
        let window = &mut self.source.window;
        if self.is_aligning {
            if !self.parser.pass_line(window, has_ended) {
                return Ok(Parsed::Incomplete);
            }
            self.is_aligning = false;
            self.part_start = window.offset();
            self.place.plain = self.part_start;
        }
        let parsed = match &mut self.parser {
            Parser::Csv(parser) => parser.step(window, has_ended, self.plain_end, &mut self.out)?,
            Parser::Json(parser) => parser.step(window, has_ended, self.index, &mut self.out)?,
            Parser::Lines(parser) => {
                parser.step(window, has_ended, self.plain_end, self.index, &mut self.out)?
            }
        };
        if parsed == Parsed::Item {
            if self.out.value.len() > limits::ITEM_BYTES_MAX {
                return Err(ReadFailure::ItemTooLarge { index: self.index });
            }
            self.place.plain = window.offset();
            self.parser.note_place(&mut self.place.of_format);
        }
        Ok(parsed)
    }
}

impl Parser {
    /// Passes over what is left of a line; false: its end is not in sight.
    fn pass_line(&self, window: &mut Window, has_ended: bool) -> bool {
        let rest = window.rest();
        let end = match self {
            Self::Csv(_) => csv::line(rest, has_ended).map(|(_, length)| length),
            Self::Lines(_) | Self::Json(_) => memchr::memchr(b'\n', rest).map(|at| at + 1),
        };
        // The last byte may be the first half of a line end.
        let passed = end.unwrap_or(rest.len().saturating_sub(usize::from(!has_ended)));
        window.consume(passed);
        end.is_some() || has_ended
    }

    fn place(&self) -> position::OfFormat {
        let mut place = position::OfFormat::default();
        self.note_place(&mut place);
        place
    }

    /// Notes what cannot be found again from the bytes that follow. Cheap: it is done for each item.
    fn note_place(&self, place: &mut position::OfFormat) {
        match self {
            Self::Csv(parser) => parser.note_place(place),
            Self::Json(parser) => parser.note_place(place),
            Self::Lines(parser) => parser.note_place(place),
        }
    }
}

/// Passes over a byte order mark; false: not decidable yet.
pub(crate) fn pass_byte_order_mark(window: &mut Window, has_ended: bool) -> bool {
    const MARK: &[u8] = b"\xef\xbb\xbf";
    let start = window.rest();
    if start.starts_with(MARK) {
        window.consume(MARK.len());
        return true;
    }
    has_ended || start.len() >= MARK.len() || !MARK.starts_with(start)
}
