//! The bytes between what was pushed and what was read.

/// A stretch of a stream: bytes come in at its end and leave at its start.
#[derive(Debug, Default)]
pub(crate) struct Window {
    bytes: Vec<u8>,
    start: usize,
    offset: u64,
}

impl Window {
    /// An empty window whose first byte will be the stream's byte `offset`.
    pub(crate) fn at(offset: u64) -> Self {
        Self { bytes: Vec::new(), start: 0, offset }
    }

    /// What is not read yet.
    pub(crate) fn rest(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    /// Where in the stream [`Self::rest`] begins.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Where in the stream [`Self::rest`] ends.
    pub(crate) fn end(&self) -> u64 {
        self.offset + self.rest().len() as u64
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest().is_empty()
    }

    /// Takes bytes off the start.
    pub(crate) fn consume(&mut self, count: usize) {
        let count = count.min(self.rest().len());
        self.start += count;
        self.offset += count as u64;
    }

    /// Adds bytes at the end.
    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        self.compact();
        self.bytes.extend_from_slice(bytes);
    }

    /// The room behind the rest, `count` bytes of it, to be written to; [`Self::keep`] says how much was.
    pub(crate) fn room(&mut self, count: usize) -> &mut [u8] {
        self.compact();
        let filled = self.bytes.len();
        self.bytes.resize(filled + count, 0);
        self.bytes.get_mut(filled..).unwrap_or_default()
    }

    /// Gives back the part of the room that was not written to.
    pub(crate) fn give_back(&mut self, unused: usize) {
        self.bytes.truncate(self.bytes.len().saturating_sub(unused));
    }

    fn compact(&mut self) {
        if self.start > 0 {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
    }
}
