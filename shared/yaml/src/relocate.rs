//! From a place in the JSON back to the YAML.

use crate::Stretch;
use baton_asl::{Diagnostic, Position};
use std::ops::Range;

/// A definition that was read from YAML.
#[derive(Debug, Clone)]
pub struct Source {
    /// The definition in JSON.
    pub json: String,
    /// By where they begin in the JSON, outer ones first.
    pub(crate) marks: Vec<Mark>,
}

/// A piece of the JSON, and the piece of the YAML that says it.
#[derive(Debug, Clone)]
pub(crate) struct Mark {
    pub(crate) json: Range<usize>,
    pub(crate) yaml: Stretch,
    pub(crate) parent: Option<usize>,
    /// For a text that stands in the YAML as in the JSON: how much of the YAML's piece comes before it.
    pub(crate) inner: Option<usize>,
}

impl Source {
    /// A finding about [`Source::json`], shown in the YAML.
    #[must_use]
    pub fn relocate(&self, finding: Diagnostic) -> Diagnostic {
        let (start, end) = (finding.start.offset, finding.end.offset);
        match self.around(start, end) {
            Some(mark) => {
                let place = mark.place(start, end);
                Diagnostic { start: place.start, end: place.end, ..finding }
            }
            None => finding,
        }
    }

    /// The smallest piece that has all of a stretch.
    fn around(&self, start: usize, end: usize) -> Option<&Mark> {
        let after = self.marks.partition_point(|mark| mark.json.start <= start);
        let mut mark = self.marks.get(after.checked_sub(1)?)?;
        // Climbs no further than pieces are nested.
        while mark.json.end < end.max(start + 1) {
            mark = self.marks.get(mark.parent?)?;
        }
        Some(mark)
    }
}

impl Mark {
    /// Where a stretch of this piece stands; the whole piece if that cannot be said.
    fn place(&self, start: usize, end: usize) -> Stretch {
        // Of the JSON's text the first character is the quote.
        let (first, last) = (self.json.start + 1, self.json.end.saturating_sub(1));
        match self.inner {
            Some(before) if first <= start && end <= last => {
                let at = |offset: usize| shift(self.yaml.start, before + offset - first);
                Stretch { start: at(start), end: at(end) }
            }
            Some(_) | None => self.yaml,
        }
    }
}

/// A place so many bytes further in its line. A character of several bytes moves the column by as many.
fn shift(place: Position, bytes: usize) -> Position {
    Position { column: place.column + bytes, offset: place.offset + bytes, ..place }
}
