//! JSON Lines: one value a line.

use super::json::{check_item, copy_compact};
use super::position::OfFormat;
use super::{Out, Parsed, pass_byte_order_mark};
use crate::failure::ReadFailure;
use crate::limits;
use crate::window::Window;
use memchr::memchr;

#[derive(Debug)]
pub(super) struct Parser {
    is_begun: bool,
    /// How much of the window is known to hold no line end.
    seen: usize,
}

impl Parser {
    pub(super) fn new() -> Self {
        Self { is_begun: false, seen: 0 }
    }

    pub(super) fn resume(&mut self, place: &OfFormat) {
        self.is_begun = place.is_begun;
    }

    pub(super) fn note_place(&self, place: &mut OfFormat) {
        place.is_begun = self.is_begun;
    }

    pub(super) fn step(
        &mut self,
        window: &mut Window,
        has_ended: bool,
        plain_end: u64,
        index: u64,
        out: &mut Out,
    ) -> Result<Parsed, ReadFailure> {
        if !self.is_begun {
            if !pass_byte_order_mark(window, has_ended) {
                return Ok(Parsed::Incomplete);
            }
            self.is_begun = true;
        }
        loop {
            let rest = window.rest();
            if window.offset() >= plain_end || (has_ended && rest.is_empty()) {
                return Ok(Parsed::End);
            }
            let end = memchr(b'\n', rest.get(self.seen..).unwrap_or_default());
            let (content, length) = match end {
                Some(at) => (self.seen + at, self.seen + at + 1),
                None if has_ended => (rest.len(), rest.len()),
                None if rest.len() > limits::RECORD_BYTES_MAX => {
                    return Err(ReadFailure::ItemTooLarge { index });
                }
                None => {
                    self.seen = rest.len();
                    return Ok(Parsed::Incomplete);
                }
            };
            self.seen = 0;
            let line = rest.get(..content).unwrap_or_default();
            if line.iter().all(u8::is_ascii_whitespace) {
                window.consume(length);
                continue;
            }
            if length > limits::RECORD_BYTES_MAX {
                return Err(ReadFailure::ItemTooLarge { index });
            }
            let text = check_item(line, window.offset(), index)?;
            out.value.clear();
            copy_compact(text, &mut out.value);
            window.consume(length);
            return Ok(Parsed::Item);
        }
    }
}
