//! The tree as JSON text, with the place that each piece comes from.

use crate::relocate::{Mark, Source};
use crate::scalar;
use crate::tree::{Key, Kind, Node, Scalar, too_deep};
use crate::{Stretch, refusal};
use baton_asl::Diagnostic;
use baton_asl::limits::{DEFINITION_BYTES_MAX, JSON_DEPTH_MAX};

pub(crate) fn write(text: &str, root: &Node) -> Result<Source, Box<Diagnostic>> {
    let mut writer = Writer { text, json: String::new(), marks: Vec::new(), within: Vec::new() };
    writer.node(root)?;
    Ok(Source { json: writer.json, marks: writer.marks })
}

struct Writer<'t> {
    text: &'t str,
    json: String,
    marks: Vec<Mark>,
    /// The marks that are being written, from the outermost.
    within: Vec<usize>,
}

impl Writer<'_> {
    /// Recurses no deeper than the limit.
    fn node(&mut self, node: &Node) -> Result<(), Box<Diagnostic>> {
        if self.within.len() > JSON_DEPTH_MAX {
            return Err(too_deep(node.place));
        }
        self.begin(node.place);
        match &node.kind {
            Kind::Scalar(scalar) => self.scalar(scalar, node.place)?,
            Kind::Sequence(items) => {
                self.json.push('[');
                for (index, item) in items.iter().enumerate() {
                    self.separate(index);
                    self.node(item)?;
                }
                self.json.push(']');
            }
            Kind::Mapping(members) => {
                self.json.push('{');
                for (index, (key, value)) in members.iter().enumerate() {
                    self.separate(index);
                    self.key(key);
                    self.json.push(':');
                    self.node(value)?;
                }
                self.json.push('}');
            }
        }
        self.end();
        if self.json.len() > DEFINITION_BYTES_MAX {
            let message = format!("The definition is longer than {DEFINITION_BYTES_MAX} bytes");
            return Err(refusal(
                node.place,
                message,
                Some("aliases count each time they are used"),
            ));
        }
        Ok(())
    }

    fn scalar(&mut self, scalar: &Scalar, place: Stretch) -> Result<(), Box<Diagnostic>> {
        let json = scalar::json(scalar).map_err(|message| refusal(place, message, None))?;
        self.json.push_str(&json);
        self.note_inner(&scalar.text, place);
        Ok(())
    }

    fn key(&mut self, key: &Key) {
        self.begin(key.place);
        self.json.push_str(&scalar::string(&key.text));
        self.note_inner(&key.text, key.place);
        self.end();
    }

    fn separate(&mut self, index: usize) {
        if index > 0 {
            self.json.push(',');
        }
    }

    fn begin(&mut self, yaml: Stretch) {
        let start = self.json.len();
        let parent = self.within.last().copied();
        self.within.push(self.marks.len());
        self.marks.push(Mark { json: start..start, yaml, parent, inner: None });
    }

    fn end(&mut self) {
        let end = self.json.len();
        if let Some(mark) = self.within.pop().and_then(|index| self.marks.get_mut(index)) {
            mark.json.end = end;
        }
    }

    /// Where the scalar's text begins in the YAML, if it stands there as it does in the JSON.
    fn note_inner(&mut self, scalar: &str, place: Stretch) {
        let Some(mark) = self.within.last().and_then(|index| self.marks.get_mut(*index)) else {
            return;
        };
        let written = self.json.get(mark.json.start..).unwrap_or_default();
        let is_verbatim = written.len() == scalar.len() + 2 && place.start.line == place.end.line;
        let piece = self.text.get(place.start.offset..place.end.offset).unwrap_or_default();
        let quote = usize::from(piece.starts_with(['"', '\'']));
        let stands = piece.get(quote..).is_some_and(|piece| piece.starts_with(scalar));
        mark.inner = (is_verbatim && stands).then_some(quote);
    }
}
