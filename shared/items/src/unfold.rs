//! Objects that are stored compressed: gzip and zstd, told by their first bytes and unfolded piece by piece.
//!
//! Nothing is unfolded before it is asked for, so what a small object unfolds to never stands in memory at once. An
//! object may consist of many members (gzip) or frames (zstd); the place where one begins is a place from which
//! reading can be taken up later.

use crate::failure::ReadFailure;
use crate::limits;
use crate::window::Window;
use flate2::bufread::GzDecoder;
use std::collections::VecDeque;
use std::io::{BufRead, ErrorKind, Read};
use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation, OutBuffer};

/// What one step of unfolding makes at most.
const STEP_BYTES: usize = 128 * 1024;
/// Places to take up again from are at least this far apart.
const MARK_BYTES: u64 = 1024 * 1024;

/// A source of plain bytes, whatever the object's coding.
#[derive(Debug)]
pub(crate) struct Source {
    coding: Coding,
    feed: Feed,
    /// Plain bytes, ready to be read.
    pub(crate) window: Window,
    /// Plain bytes that are yet to be passed over, after taking up again within a member.
    skip: u64,
    marks: VecDeque<Mark>,
    unfolded: u64,
}

/// Where an object can be taken up again: at a byte of the object as stored, and so many plain bytes behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) stored: u64,
    pub(crate) plain: u64,
}

enum Coding {
    Unknown,
    Plain,
    Gzip(Option<Box<GzDecoder<Feed>>>),
    Zstd { decoder: Box<Decoder<'static>>, in_frame: bool },
}

impl std::fmt::Debug for Coding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Unknown => "Unknown",
            Self::Plain => "Plain",
            Self::Gzip(_) => "Gzip",
            Self::Zstd { .. } => "Zstd",
        })
    }
}

/// What [`Source::fill`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Filled {
    /// There is more to read.
    More,
    /// Nothing without another push.
    Dry,
    /// The object has ended.
    Ended,
}

impl Source {
    /// A source at the object's start.
    pub(crate) fn new() -> Self {
        Self::at(Mark { stored: 0, plain: 0 }, 0, false)
    }

    /// A source whose first pushed byte is `mark`'s, to be read from `skip` plain bytes behind it on.
    pub(crate) fn at(mark: Mark, skip: u64, plain: bool) -> Self {
        Self {
            coding: if plain { Coding::Plain } else { Coding::Unknown },
            feed: Feed { window: Window::at(mark.stored), ended: false },
            window: Window::at(mark.plain),
            skip,
            marks: VecDeque::from([mark]),
            unfolded: 0,
        }
    }

    /// Hands over the next bytes of the object, as stored.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        match &mut self.coding {
            Coding::Plain => self.window.extend(bytes),
            Coding::Gzip(Some(decoder)) => decoder.get_mut().window.extend(bytes),
            Coding::Unknown | Coding::Gzip(None) | Coding::Zstd { .. } => {
                self.feed.window.extend(bytes);
            }
        }
    }

    /// Says that the object has no more bytes.
    pub(crate) fn end(&mut self) {
        self.feed.ended = true;
        if let Coding::Gzip(Some(decoder)) = &mut self.coding {
            decoder.get_mut().ended = true;
        }
    }

    pub(crate) fn is_plain(&self) -> bool {
        matches!(self.coding, Coding::Plain)
    }

    /// Makes more plain bytes readable.
    pub(crate) fn fill(&mut self) -> Result<Filled, ReadFailure> {
        loop {
            let before = self.window.rest().len();
            let state = self.step()?;
            let gained = self.window.rest().len().saturating_sub(before);
            self.count(gained)?;
            let passed = self.skip.min(gained as u64);
            if passed > 0 {
                // The window was empty: whoever skips has read nothing yet.
                self.window.consume(usize::try_from(passed).unwrap_or(usize::MAX));
                self.skip -= passed;
            }
            match state {
                Filled::More if self.window.is_empty() => {}
                Filled::Ended if self.skip > 0 => {
                    return Err(compression("it is shorter than before"));
                }
                Filled::More | Filled::Dry | Filled::Ended => return Ok(state),
            }
        }
    }

    /// The newest place from which `plain` can be reached, and how far behind it that is.
    pub(crate) fn mark_before(&mut self, plain: u64) -> (Mark, u64) {
        while self.marks.get(1).is_some_and(|next| next.plain <= plain) {
            self.marks.pop_front();
        }
        let mark = self.marks.front().copied().unwrap_or(Mark { stored: 0, plain: 0 });
        (mark, plain.saturating_sub(mark.plain))
    }

    fn step(&mut self) -> Result<Filled, ReadFailure> {
        match &mut self.coding {
            Coding::Unknown => self.recognise(),
            Coding::Plain if self.feed.ended => Ok(Filled::Ended),
            Coding::Plain => Ok(Filled::Dry),
            Coding::Gzip(_) => self.inflate(),
            Coding::Zstd { .. } => self.decompress(),
        }
    }

    fn recognise(&mut self) -> Result<Filled, ReadFailure> {
        let start = self.feed.window.rest();
        if start.len() < 4 && !self.feed.ended {
            return Ok(Filled::Dry);
        }
        if start.starts_with(&[0x1f, 0x8b]) {
            self.coding = Coding::Gzip(None);
        } else if start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            let mut decoder = Decoder::new().map_err(compression)?;
            decoder
                .set_parameter(DParameter::WindowLogMax(limits::ZSTD_WINDOW_LOG_MAX))
                .map_err(compression)?;
            self.coding = Coding::Zstd { decoder: Box::new(decoder), in_frame: false };
        } else {
            self.coding = Coding::Plain;
            self.window.extend(start);
            self.feed.window = Window::default();
            return Ok(if self.window.is_empty() { self.step()? } else { Filled::More });
        }
        self.step()
    }

    fn inflate(&mut self) -> Result<Filled, ReadFailure> {
        let Coding::Gzip(member) = &mut self.coding else { return Ok(Filled::Dry) };
        if member.is_none() {
            if self.feed.window.is_empty() {
                return Ok(if self.feed.ended { Filled::Ended } else { Filled::Dry });
            }
            mark(&mut self.marks, self.feed.window.offset(), &self.window);
            *member = Some(Box::new(GzDecoder::new(std::mem::take(&mut self.feed))));
        }
        let Some(decoder) = member else { return Ok(Filled::Dry) };
        let read = decoder.read(self.window.room(STEP_BYTES));
        self.window.give_back(STEP_BYTES - read.as_ref().map_or(0, |read| *read));
        match read {
            Ok(0) => {
                self.feed = member.take().map(|decoder| decoder.into_inner()).unwrap_or_default();
                Ok(Filled::More)
            }
            Ok(_) => Ok(Filled::More),
            Err(e) if e.kind() == ErrorKind::WouldBlock => Ok(Filled::Dry),
            Err(e) => Err(compression(e)),
        }
    }

    fn decompress(&mut self) -> Result<Filled, ReadFailure> {
        let Coding::Zstd { decoder, in_frame } = &mut self.coding else { return Ok(Filled::Dry) };
        if self.feed.window.is_empty() && !*in_frame {
            return Ok(if self.feed.ended { Filled::Ended } else { Filled::Dry });
        }
        if !*in_frame {
            mark(&mut self.marks, self.feed.window.offset(), &self.window);
            *in_frame = true;
        }
        let (consumed, made, hint) = {
            let mut input = InBuffer::around(self.feed.window.rest());
            let mut output = OutBuffer::around(self.window.room(STEP_BYTES));
            let hint = decoder.run(&mut input, &mut output).map_err(compression)?;
            (input.pos(), output.pos(), hint)
        };
        self.window.give_back(STEP_BYTES - made);
        self.feed.window.consume(consumed);
        *in_frame = hint != 0;
        match (made, consumed, self.feed.ended) {
            (0, 0, true) => Err(compression("it ends too early")),
            (0, 0, false) => Ok(Filled::Dry),
            _ => Ok(Filled::More),
        }
    }

    /// Refuses what unfolds to too much.
    fn count(&mut self, gained: usize) -> Result<(), ReadFailure> {
        let stored = match &self.coding {
            Coding::Unknown | Coding::Plain => return Ok(()),
            Coding::Gzip(Some(decoder)) => decoder.get_ref().window.offset(),
            Coding::Gzip(None) | Coding::Zstd { .. } => self.feed.window.offset(),
        };
        self.unfolded += gained as u64;
        let is_bomb = self.unfolded > limits::UNFOLD_RATIO_FROM_BYTES
            && self.unfolded / limits::UNFOLD_RATIO_MAX > stored;
        if is_bomb || self.unfolded > limits::UNFOLDED_BYTES_MAX {
            return Err(ReadFailure::Bomb { bytes: self.unfolded });
        }
        Ok(())
    }
}

fn mark(marks: &mut VecDeque<Mark>, stored: u64, window: &Window) {
    let plain = window.end();
    if marks.back().is_none_or(|last| plain >= last.plain + MARK_BYTES) {
        marks.push_back(Mark { stored, plain });
    }
}

fn compression(reason: impl ToString) -> ReadFailure {
    ReadFailure::Compression { reason: reason.to_string() }
}

/// Stored bytes that a decompressor pulls: none left is "not yet" until the object has ended.
#[derive(Debug, Default)]
struct Feed {
    window: Window,
    ended: bool,
}

impl BufRead for Feed {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        if self.window.is_empty() && !self.ended {
            return Err(ErrorKind::WouldBlock.into());
        }
        Ok(self.window.rest())
    }

    fn consume(&mut self, count: usize) {
        self.window.consume(count);
    }
}

impl Read for Feed {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let from = self.fill_buf()?;
        let count = from.len().min(into.len());
        for (to, from) in into.iter_mut().zip(from) {
            *to = *from;
        }
        self.consume(count);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What an object of zeros unfolds to before it is refused, or all of it.
    fn unfold(zeros: u64) -> Result<u64, ReadFailure> {
        let mut packed = Vec::new();
        let mut encoder = zstd::stream::Encoder::new(&mut packed, 1).unwrap();
        std::io::copy(&mut std::io::repeat(0).take(zeros), &mut encoder).unwrap();
        encoder.finish().unwrap();
        let mut source = Source::new();
        source.push(&packed);
        source.end();
        let mut unfolded = 0;
        while source.fill()? == Filled::More {
            let made = source.window.rest().len();
            assert!(made <= STEP_BYTES);
            unfolded += made as u64;
            source.window.consume(made);
        }
        Ok(unfolded)
    }

    #[test]
    fn a_bomb_is_refused_and_what_is_small_is_none() {
        let mib = 1024 * 1024;
        assert_eq!(unfold(255 * mib), Ok(255 * mib));
        let failure = unfold(300 * mib).unwrap_err();
        assert!(matches!(failure, ReadFailure::Bomb { bytes } if bytes < 257 * mib), "{failure}");
    }
}
