//! Places as people count them.

/// A place in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The character within the line, from 1.
    pub column: usize,
    /// The byte within the text, from 0.
    pub offset: usize,
}

/// Where each line of a text begins.
#[derive(Debug)]
pub(crate) struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        let after_newline = |(offset, byte): (usize, u8)| (byte == b'\n').then_some(offset + 1);
        let starts = std::iter::once(0).chain(text.bytes().enumerate().filter_map(after_newline));
        Lines { text, starts: starts.collect() }
    }

    /// The place of a byte; of one past the end, the end.
    pub(crate) fn position(&self, offset: usize) -> Position {
        let offset = offset.min(self.text.len());
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let column = self.text.get(start..offset).map_or(0, |before| before.chars().count()) + 1;
        Position { line, column, offset }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, offset: usize, line: usize, column: usize) {
        let position = Lines::new(text).position(offset);
        assert_eq!((position.line, position.column), (line, column), "{text:?} at {offset}");
    }

    #[test]
    fn lines_and_columns_count_from_one_and_characters_not_bytes() {
        check("", 0, 1, 1);
        check("ab\ncd", 0, 1, 1);
        check("ab\ncd", 2, 1, 3);
        check("ab\ncd", 3, 2, 1);
        check("ab\ncd", 5, 2, 3);
        check("ab\ncd", 99, 2, 3);
        check("é=\u{1F600}x", 7, 1, 4);
    }
}
