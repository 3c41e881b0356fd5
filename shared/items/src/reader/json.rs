//! JSON: the elements of an array, or the members of an object, anywhere in an object of any size.
//!
//! What leads to the items is passed over byte by byte and never held; an item is held whole, and is checked by a
//! JSON parser before it is given out.

use super::position::OfFormat;
use super::{Out, Parsed, pass_byte_order_mark};
use crate::failure::ReadFailure;
use crate::limits;
use crate::window::Window;
use memchr::memchr2;
use serde::de::IgnoredAny;

/// `ItemsPointer`: a JSON Pointer, the empty one being the whole text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pointer(Vec<String>);

impl Pointer {
    /// Reads a pointer.
    pub fn parse(text: &str) -> Result<Self, ReadFailure> {
        if text.chars().count() >= limits::POINTER_CHARS_MAX {
            return Err(ReadFailure::InvalidPointer);
        }
        if text.is_empty() {
            return Ok(Self::default());
        }
        let tokens = text.strip_prefix('/').ok_or(ReadFailure::InvalidPointer)?;
        Ok(Self(tokens.split('/').map(|t| t.replace("~1", "/").replace("~0", "~")).collect()))
    }

    fn index(&self, level: usize) -> Option<u64> {
        let token = self.0.get(level)?;
        let is_number = token == "0" || !token.starts_with('0');
        token.parse().ok().filter(|_| is_number && token.bytes().all(|b| b.is_ascii_digit()))
    }
}

#[derive(Debug)]
pub(super) struct Parser {
    pointer: Pointer,
    state: State,
}

#[derive(Debug, Clone)]
enum State {
    Start,
    /// A value begins: what the first `level` tokens of the pointer lead to.
    Value {
        level: usize,
    },
    /// Before a member, or the end, of an object on the way.
    Member {
        level: usize,
        is_first: bool,
    },
    Colon {
        level: usize,
        is_way: bool,
    },
    /// Before an element, or the end, of an array on the way.
    Element {
        level: usize,
        index: u64,
    },
    /// Within a value beside the way; what follows it.
    Skip {
        scan: Scan,
        then: Box<State>,
    },
    /// Before an item, or the end.
    Items {
        in_object: bool,
        is_first: bool,
    },
    ItemColon,
    /// Within an item, `seen` bytes of it in the window.
    Item {
        in_object: bool,
        scan: Scan,
        seen: usize,
    },
    /// Behind the items, where they are the whole text.
    Tail,
    Done,
}

impl Parser {
    pub(super) fn new(pointer: Pointer) -> Self {
        Self { pointer, state: State::Start }
    }

    pub(super) fn resume(&mut self, place: &OfFormat) {
        if place.is_begun {
            let is_first = !place.is_behind_item;
            self.state = State::Items { in_object: place.in_object, is_first };
        }
    }

    pub(super) fn note_place(&self, place: &mut OfFormat) {
        if let State::Items { in_object, is_first } = self.state {
            place.is_begun = true;
            place.in_object = in_object;
            place.is_behind_item = !is_first;
        }
    }

    pub(super) fn step(
        &mut self,
        window: &mut Window,
        has_ended: bool,
        index: u64,
        out: &mut Out,
    ) -> Result<Parsed, ReadFailure> {
        loop {
            let state = std::mem::replace(&mut self.state, State::Done);
            let (state, parsed) = match state {
                State::Done => return Ok(Parsed::End),
                State::Tail => Self::tail(window, has_ended)?,
                State::Item { in_object, scan, seen } => {
                    item(window, in_object, scan, seen, index, out)?
                }
                State::Skip { scan, then } => skip(window, scan, then, index)?,
                State::Start if !pass_byte_order_mark(window, has_ended) => {
                    (State::Start, Some(Parsed::Incomplete))
                }
                State::Start => (State::Value { level: 0 }, None),
                State::Items { in_object, is_first } => {
                    self.items(window, in_object, is_first, out)?
                }
                State::ItemColon => match token(window, b":")? {
                    Some(_) => {
                        (State::Item { in_object: true, scan: Scan::default(), seen: 0 }, None)
                    }
                    None => (State::ItemColon, Some(Parsed::Incomplete)),
                },
                State::Value { .. }
                | State::Member { .. }
                | State::Colon { .. }
                | State::Element { .. } => self.lead(window, state)?,
            };
            self.state = state;
            if let Some(parsed) = parsed {
                return Ok(parsed);
            }
        }
    }

    /// One token on the way to the items.
    fn lead(&self, window: &mut Window, state: State) -> Result<Next, ReadFailure> {
        if window.offset() > limits::POINTER_START_BYTES_MAX {
            return Err(ReadFailure::PointerNotFound);
        }
        Ok(match state {
            State::Value { level } => match peek(window) {
                None => (state, Some(Parsed::Incomplete)),
                Some(byte) => (self.enter(window, byte, level)?, None),
            },
            State::Member { level, is_first } => match member(window, is_first)? {
                None => (state, Some(Parsed::Incomplete)),
                Some(Member::End) => return Err(ReadFailure::PointerNotFound),
                Some(Member::Named(name)) => {
                    (State::Colon { level, is_way: self.pointer.0.get(level) == Some(&name) }, None)
                }
            },
            State::Colon { level, is_way } => match token(window, b":")? {
                None => (state, Some(Parsed::Incomplete)),
                Some(_) if is_way => (State::Value { level: level + 1 }, None),
                Some(_) => (skipping(State::Member { level, is_first: false }), None),
            },
            State::Element { level, index } => self.element(window, level, index)?,
            State::Start
            | State::Skip { .. }
            | State::Items { .. }
            | State::ItemColon
            | State::Item { .. }
            | State::Tail
            | State::Done => (state, None),
        })
    }

    /// Takes up a value on the way.
    fn enter(&self, window: &mut Window, byte: u8, level: usize) -> Result<State, ReadFailure> {
        let is_there = level == self.pointer.0.len();
        let state = match byte {
            b'[' if is_there => State::Items { in_object: false, is_first: true },
            b'{' if is_there => State::Items { in_object: true, is_first: true },
            _ if is_there => return Err(self.not_iterable(window)),
            b'[' => State::Element { level, index: 0 },
            b'{' => State::Member { level, is_first: true },
            _ => return Err(ReadFailure::PointerNotFound),
        };
        window.consume(1);
        Ok(state)
    }

    /// A scalar cannot be iterated over; what begins no value at all is not JSON.
    fn not_iterable(&self, window: &Window) -> ReadFailure {
        match peek_rest(window) {
            Some(b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => ReadFailure::NotIterable,
            _ => invalid(window.offset(), "a value was expected"),
        }
    }

    fn element(&self, window: &mut Window, level: usize, index: u64) -> Result<Next, ReadFailure> {
        let state = State::Element { level, index };
        let wanted = self.pointer.index(level).ok_or(ReadFailure::PointerNotFound)?;
        Ok(match peek(window) {
            None => (state, Some(Parsed::Incomplete)),
            Some(b']') => return Err(ReadFailure::PointerNotFound),
            // The comma before an element is passed over together with it.
            Some(b',') if index > 0 => {
                window.consume(1);
                (state, None)
            }
            Some(_) if index == wanted => (State::Value { level: level + 1 }, None),
            Some(_) => (skipping(State::Element { level, index: index + 1 }), None),
        })
    }

    fn items(
        &self,
        window: &mut Window,
        in_object: bool,
        is_first: bool,
        out: &mut Out,
    ) -> Result<Next, ReadFailure> {
        let state = State::Items { in_object, is_first };
        let end = if self.pointer.0.is_empty() { State::Tail } else { State::Done };
        if in_object {
            return Ok(match member(window, is_first)? {
                None => (state, Some(Parsed::Incomplete)),
                Some(Member::End) => (end, None),
                Some(Member::Named(name)) => {
                    out.key = Some(name);
                    (State::ItemColon, None)
                }
            });
        }
        let Some(at) = element_start(window, is_first)? else {
            return Ok((state, Some(Parsed::Incomplete)));
        };
        let is_end = window.rest().get(at) == Some(&b']');
        window.consume(if is_end { at + 1 } else { at });
        Ok(if is_end {
            (end, None)
        } else {
            out.key = None;
            (State::Item { in_object: false, scan: Scan::default(), seen: 0 }, None)
        })
    }

    fn tail(window: &mut Window, has_ended: bool) -> Result<Next, ReadFailure> {
        match peek(window) {
            Some(_) => Err(invalid(window.offset(), "more text follows the value")),
            None if has_ended => Ok((State::Done, None)),
            None => Ok((State::Tail, Some(Parsed::Incomplete))),
        }
    }
}

type Next = (State, Option<Parsed>);

enum Member {
    End,
    Named(String),
}

fn skipping(then: State) -> State {
    State::Skip { scan: Scan::default(), then: Box::new(then) }
}

fn skip(
    window: &mut Window,
    mut scan: Scan,
    then: Box<State>,
    index: u64,
) -> Result<Next, ReadFailure> {
    if window.offset() > limits::POINTER_START_BYTES_MAX {
        return Err(ReadFailure::PointerNotFound);
    }
    match scan.run(window.rest(), u32::MAX, index)? {
        Some(end) => {
            window.consume(end);
            Ok((*then, None))
        }
        None => {
            window.consume(usize::MAX);
            Ok((State::Skip { scan, then }, Some(Parsed::Incomplete)))
        }
    }
}

fn item(
    window: &mut Window,
    in_object: bool,
    mut scan: Scan,
    seen: usize,
    index: u64,
    out: &mut Out,
) -> Result<Next, ReadFailure> {
    let rest = window.rest();
    let unseen = rest.get(seen..).unwrap_or_default();
    let Some(end) = scan.run(unseen, limits::JSON_DEPTH_MAX, index)? else {
        if rest.len() > limits::RECORD_BYTES_MAX {
            return Err(ReadFailure::ItemTooLarge { index });
        }
        return Ok((State::Item { in_object, scan, seen: rest.len() }, Some(Parsed::Incomplete)));
    };
    let end = seen + end;
    if end > limits::RECORD_BYTES_MAX {
        return Err(ReadFailure::ItemTooLarge { index });
    }
    let text = check_item(rest.get(..end).unwrap_or_default(), window.offset(), index)?;
    out.value.clear();
    match &out.key {
        Some(key) if in_object => {
            out.value.push_str("{\"Key\":");
            out.value.push_str(&serde_json::Value::from(key.as_str()).to_string());
            out.value.push_str(",\"Value\":");
            copy_compact(text, &mut out.value);
            out.value.push('}');
        }
        _ => copy_compact(text, &mut out.value),
    }
    window.consume(end);
    Ok((State::Items { in_object, is_first: false }, Some(Parsed::Item)))
}

/// Passes over white space; the byte that follows, left where it is.
fn peek(window: &mut Window) -> Option<u8> {
    let blank = window.rest().iter().take_while(|b| is_blank(**b)).count();
    window.consume(blank);
    peek_rest(window)
}

fn peek_rest(window: &Window) -> Option<u8> {
    window.rest().first().copied()
}

/// Passes over white space and one of `tokens`.
fn token(window: &mut Window, tokens: &[u8]) -> Result<Option<u8>, ReadFailure> {
    let Some(byte) = peek(window) else { return Ok(None) };
    if !tokens.contains(&byte) {
        return Err(invalid(window.offset(), "a comma, colon or bracket is missing"));
    }
    window.consume(1);
    Ok(Some(byte))
}

/// The next member's name, or the object's end. Nothing but white space is consumed until all of it is in sight.
fn member(window: &mut Window, is_first: bool) -> Result<Option<Member>, ReadFailure> {
    let first = peek(window);
    let offset = window.offset();
    let rest = window.rest();
    let mut at = 0;
    match first {
        None => return Ok(None),
        Some(b'}') => {
            window.consume(1);
            return Ok(Some(Member::End));
        }
        Some(b',') if !is_first => at = blanks(rest, 1),
        Some(b'"') if is_first => {}
        Some(_) => return Err(invalid(offset, "a comma or a member name is missing")),
    }
    match rest.get(at) {
        None => return awaited(window),
        Some(b'"') => {}
        Some(_) => return Err(invalid(offset, "a member name is missing")),
    }
    let from = rest.get(at..).unwrap_or_default();
    let Some(end) = Scan::default().run(from, 1, 0)? else {
        return match from.len() > limits::NAME_BYTES_MAX {
            true => Err(invalid(offset, "a member name is too long")),
            false => Ok(None),
        };
    };
    let name = from.get(..end).unwrap_or_default();
    let name = serde_json::from_slice(name).map_err(|e| invalid(offset, e))?;
    window.consume(at + end);
    Ok(Some(Member::Named(name)))
}

/// Where the next element of an array begins, or its `]`. Nothing but white space is consumed until it is in sight.
fn element_start(window: &mut Window, is_first: bool) -> Result<Option<usize>, ReadFailure> {
    let first = peek(window);
    let rest = window.rest();
    match first {
        None => Ok(None),
        Some(b']') => Ok(Some(0)),
        Some(b',') if !is_first => {
            let at = blanks(rest, 1);
            match rest.get(at) {
                None => awaited(window),
                Some(b']' | b',') => Err(invalid(window.offset(), "a value is missing")),
                Some(_) => Ok(Some(at)),
            }
        }
        Some(b',') => Err(invalid(window.offset(), "a value is missing")),
        Some(_) if is_first => Ok(Some(0)),
        Some(_) => Err(invalid(window.offset(), "a comma is missing")),
    }
}

/// More is to come behind a comma, which is held until then: not without end.
fn awaited<T>(window: &Window) -> Result<Option<T>, ReadFailure> {
    if window.rest().len() > limits::RECORD_BYTES_MAX {
        return Err(invalid(window.offset(), "too much white space follows a comma"));
    }
    Ok(None)
}

fn blanks(rest: &[u8], from: usize) -> usize {
    let blank = rest.get(from..).unwrap_or_default().iter().take_while(|b| is_blank(**b)).count();
    from + blank
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

fn invalid(offset: u64, reason: impl ToString) -> ReadFailure {
    ReadFailure::InvalidJson { offset, reason: reason.to_string() }
}

/// Finds the end of a value without understanding it, over any number of pieces.
#[derive(Debug, Clone, Default)]
struct Scan {
    depth: u32,
    in_string: bool,
    is_escaped: bool,
    in_scalar: bool,
}

impl Scan {
    /// The length of what belongs to the value, where its end is in sight.
    fn run(
        &mut self,
        bytes: &[u8],
        depth_max: u32,
        index: u64,
    ) -> Result<Option<usize>, ReadFailure> {
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            if self.in_string {
                let Some(end) = self.string(bytes, at) else { return Ok(None) };
                at = end;
                if self.depth == 0 {
                    return Ok(Some(at));
                }
                continue;
            }
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => {
                    self.depth += 1;
                    if self.depth > depth_max {
                        return Err(ReadFailure::ItemTooDeep { index });
                    }
                }
                b'}' | b']' if self.depth > 1 => self.depth -= 1,
                b'}' | b']' if self.depth == 1 => {
                    self.depth = 0;
                    return Ok(Some(at + 1));
                }
                b'}' | b']' | b',' if self.depth == 0 => return Ok(Some(at)),
                _ if self.depth == 0 && is_blank(*byte) && self.in_scalar => return Ok(Some(at)),
                _ if self.depth == 0 && !is_blank(*byte) => self.in_scalar = true,
                _ => {}
            }
            at += 1;
        }
        Ok(None)
    }

    /// The place behind the string that `at` is in.
    fn string(&mut self, bytes: &[u8], mut at: usize) -> Option<usize> {
        loop {
            if self.is_escaped {
                bytes.get(at)?;
                self.is_escaped = false;
                at += 1;
            }
            at += memchr2(b'"', b'\\', bytes.get(at..)?)?;
            match bytes.get(at) {
                Some(b'"') => {
                    self.in_string = false;
                    return Some(at + 1);
                }
                _ => {
                    self.is_escaped = true;
                    at += 1;
                }
            }
        }
    }
}

/// The text of an item, found to be one JSON value.
pub(super) fn check_item(bytes: &[u8], offset: u64, index: u64) -> Result<&str, ReadFailure> {
    let text = std::str::from_utf8(bytes).map_err(|e| invalid(offset, e))?;
    if opening_brackets(bytes) > limits::JSON_DEPTH_MAX {
        let blank = blanks(bytes, 0);
        Scan::default().run(
            bytes.get(blank..).unwrap_or_default(),
            limits::JSON_DEPTH_MAX,
            index,
        )?;
    }
    serde_json::from_str::<IgnoredAny>(text).map_err(|e| invalid(offset, e))?;
    Ok(text)
}

/// How many brackets open, those within strings too: no value is nested deeper than that. Counted in bytes, which the
/// compiler can do many at a time.
fn opening_brackets(bytes: &[u8]) -> u32 {
    let count =
        |piece: &[u8]| piece.iter().fold(0u8, |n, b| n + u8::from(matches!(b, b'[' | b'{')));
    bytes.chunks(255).map(|piece| u32::from(count(piece))).sum()
}

/// Copies JSON text without the white space between its tokens.
pub(super) fn copy_compact(text: &str, out: &mut String) {
    let mut rest = text.trim_matches(|c: char| c.is_ascii_whitespace());
    if !rest.bytes().fold(false, |found, byte| found | is_blank(byte)) {
        out.push_str(rest);
        return;
    }
    loop {
        let bytes = rest.as_bytes();
        let Some(at) = bytes.iter().position(|b| is_blank(*b) || *b == b'"') else {
            out.push_str(rest);
            return;
        };
        let end = if bytes.get(at) == Some(&b'"') {
            let mut string = Scan { in_string: true, ..Scan::default() };
            let end = string.string(bytes, at + 1).unwrap_or(bytes.len());
            out.push_str(rest.get(..end).unwrap_or_default());
            end
        } else {
            out.push_str(rest.get(..at).unwrap_or_default());
            blanks(bytes, at)
        };
        rest = rest.get(end..).unwrap_or_default();
    }
}
