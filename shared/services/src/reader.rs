//! The bytes of the table. Whatever is not there reads as nothing, so that reading never fails.

/// Reads numbers one after the other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Reader(bytes)
    }

    pub(crate) fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((byte, rest)) => {
                self.0 = rest;
                *byte
            }
            None => 0,
        }
    }

    /// A number of seven bits a byte, the lowest first.
    pub(crate) fn number(&mut self) -> u32 {
        let mut number = 0_u32;
        for shift in (0..32).step_by(7) {
            let byte = self.byte();
            number |= u32::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        number
    }

    /// A number that counts or finds something.
    pub(crate) fn index(&mut self) -> usize {
        usize::try_from(self.number()).unwrap_or_default()
    }
}

/// Parts one after the other, with their count and ends in front.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sections<'a>(&'a [u8]);

impl<'a> Sections<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Sections(bytes)
    }

    pub(crate) fn len(self) -> usize {
        self.word(0)
    }

    /// The part of this number; of one that is not there, no bytes.
    pub(crate) fn part(self, index: usize) -> &'a [u8] {
        let count = self.len();
        if index >= count {
            return &[];
        }
        let start = if index == 0 { 0 } else { self.word(index) };
        let end = self.word(index.saturating_add(1));
        let head = count.saturating_add(1).saturating_mul(4);
        self.0.get(head..).and_then(|data| data.get(start..end)).unwrap_or_default()
    }

    pub(crate) fn text(self, index: usize) -> &'a str {
        std::str::from_utf8(self.part(index)).unwrap_or_default()
    }

    pub(crate) fn section(self, index: usize) -> Sections<'a> {
        Sections(self.part(index))
    }

    fn word(self, index: usize) -> usize {
        let start = index.saturating_mul(4);
        let word = self.0.get(start..start.saturating_add(4));
        let word = word.and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_le_bytes);
        usize::try_from(word).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_found_by_their_number() {
        let bytes = [2, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, b'a', b'b', b'c'];
        let sections = Sections::new(&bytes);
        assert_eq!(sections.len(), 2);
        assert_eq!([sections.text(0), sections.text(1), sections.text(2)], ["a", "bc", ""]);
        assert_eq!(Sections::new(&bytes[..13]).text(1), "", "cut off");
        assert_eq!(Sections::new(&[]).len(), 0);
    }

    #[test]
    fn numbers_have_seven_bits_a_byte() {
        let mut reader = Reader::new(&[5, 0xAC, 0x02, 0xFF]);
        assert_eq!([reader.number(), reader.number(), reader.number()], [5, 300, 127]);
        assert_eq!(Reader::new(&[0xFF; 9]).number(), u32::MAX);
    }
}
