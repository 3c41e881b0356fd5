//! YAML text as a tree whose every node knows its place. An alias is the node it stands for, shared.

use crate::{Stretch, refusal};
use baton_asl::limits::JSON_DEPTH_MAX;
use baton_asl::{Diagnostic, Position};
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, Tag};
use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A node and where it stands.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) place: Stretch,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Scalar(Scalar),
    Sequence(Vec<Rc<Node>>),
    Mapping(Vec<(Key, Rc<Node>)>),
}

#[derive(Debug)]
pub(crate) struct Scalar {
    pub(crate) text: String,
    /// Whether it is written without quotes, so that it may be something else than a text.
    pub(crate) is_plain: bool,
    /// The suffix of a tag of the core schema.
    pub(crate) tag: Option<String>,
}

/// A key: whatever scalar it is, a text in JSON.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) text: String,
    pub(crate) place: Stretch,
}

/// The one document of a text.
pub(crate) fn read(text: &str) -> Result<Rc<Node>, Box<Diagnostic>> {
    let mut reader = Reader {
        places: Places::new(text),
        open: Vec::new(),
        anchors: BTreeMap::new(),
        root: None,
    };
    let mut parser = Parser::new_from_str(text);
    while let Some(next) = parser.next_event() {
        let (event, span) = next.map_err(|error| {
            let at = reader.places.of_error(*error.marker());
            let message = format!("The text is not YAML: {}", error.info());
            refusal(Stretch { start: at, end: at }, message, None)
        })?;
        reader.take(event, span)?;
    }
    reader.root.ok_or_else(|| {
        let start = Position { line: 1, column: 1, offset: 0 };
        refusal(Stretch { start, end: start }, "The text is empty".to_owned(), None)
    })
}

struct Reader<'t> {
    places: Places<'t>,
    /// The collections that have begun, from the outermost.
    open: Vec<Open>,
    anchors: BTreeMap<usize, Rc<Node>>,
    root: Option<Rc<Node>>,
}

/// A collection that has begun.
struct Open {
    anchor: usize,
    start: Position,
    kind: Kind,
    /// The key whose value comes next.
    key: Option<Key>,
}

impl Reader<'_> {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Box<Diagnostic>> {
        let place = self.places.stretch(span);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let tag = core_tag(tag, place)?;
                let is_plain = style == ScalarStyle::Plain;
                let scalar = Scalar { text: text.into_owned(), is_plain, tag };
                self.put(anchor, Node { kind: Kind::Scalar(scalar), place })
            }
            Event::SequenceStart(anchor, tag) => {
                core_tag(tag, place)?;
                self.open(anchor, place, Kind::Sequence(Vec::new()))
            }
            Event::MappingStart(anchor, tag) => {
                core_tag(tag, place)?;
                self.open(anchor, place, Kind::Mapping(Vec::new()))
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(place),
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some(node) => self.add(Rc::clone(node), place),
                None => {
                    let message = "An alias stands within what it stands for".to_owned();
                    Err(refusal(place, message, None))
                }
            },
            Event::DocumentStart(_) if self.root.is_some() => {
                let message = "The text has more than one document".to_owned();
                Err(refusal(place, message, Some("a definition is one document")))
            }
            Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::StreamStart
            | Event::StreamEnd
            | Event::Nothing => Ok(()),
        }
    }

    fn open(&mut self, anchor: usize, place: Stretch, kind: Kind) -> Result<(), Box<Diagnostic>> {
        if self.open.len() >= JSON_DEPTH_MAX {
            return Err(too_deep(place));
        }
        self.open.push(Open { anchor, start: place.start, kind, key: None });
        Ok(())
    }

    fn close(&mut self, place: Stretch) -> Result<(), Box<Diagnostic>> {
        let Some(Open { anchor, start, kind, .. }) = self.open.pop() else { return Ok(()) };
        let last = match &kind {
            Kind::Sequence(items) => items.last().map(|item| item.place.end),
            Kind::Mapping(members) => members.last().map(|(_, value)| value.place.end),
            Kind::Scalar(_) => None,
        };
        // A block ends where its last piece does, not where the next begins.
        let is_flow = place.end.offset > place.start.offset;
        let end = if is_flow { place.end } else { last.unwrap_or(place.end) };
        let place = Stretch { start, end: end.max(start) };
        self.put(anchor, Node { kind, place })
    }

    fn put(&mut self, anchor: usize, node: Node) -> Result<(), Box<Diagnostic>> {
        let (place, node) = (node.place, Rc::new(node));
        if anchor > 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        self.add(node, place)
    }

    /// Adds a node to the innermost collection. `place` is where it is used, which is elsewhere for an alias.
    fn add(&mut self, node: Rc<Node>, place: Stretch) -> Result<(), Box<Diagnostic>> {
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match (&mut open.kind, open.key.take()) {
            (Kind::Sequence(items), _) => items.push(node),
            (Kind::Mapping(members), Some(key)) => members.push((key, node)),
            (Kind::Mapping(_), None) => match &node.kind {
                Kind::Scalar(scalar) => {
                    open.key = Some(Key { text: scalar.text.clone(), place: node.place });
                }
                Kind::Sequence(_) | Kind::Mapping(_) => {
                    return Err(refusal(place, "A key must be a text".to_owned(), None));
                }
            },
            (Kind::Scalar(_), _) => {}
        }
        Ok(())
    }
}

pub(crate) fn too_deep(place: Stretch) -> Box<Diagnostic> {
    let message = format!("The text is nested more than {JSON_DEPTH_MAX} levels deep");
    refusal(place, message, None)
}

/// The suffix of a tag of the core schema; any other is refused.
fn core_tag(tag: Option<Cow<'_, Tag>>, place: Stretch) -> Result<Option<String>, Box<Diagnostic>> {
    match tag {
        None => Ok(None),
        Some(tag) if tag.is_yaml_core_schema() => Ok(Some(tag.suffix.clone())),
        Some(tag) if tag.suffix.is_empty() => Ok(Some("str".to_owned())),
        Some(tag) => {
            let message = format!("The tag `{tag}` means nothing in a definition");
            let help = "CloudFormation's functions are not evaluated: write `${name}` and give its value with --substitute";
            Err(refusal(place, message, Some(help)))
        }
    }
}

/// Where each line of the text begins.
struct Places<'t> {
    text: &'t str,
    starts: Vec<usize>,
    /// The place that was asked for last: the next one is usually close behind it.
    last: Cell<Position>,
}

impl<'t> Places<'t> {
    fn new(text: &'t str) -> Self {
        let after_newline = |(offset, byte): (usize, u8)| (byte == b'\n').then_some(offset + 1);
        let starts = std::iter::once(0).chain(text.bytes().enumerate().filter_map(after_newline));
        let last = Cell::new(Position { line: 1, column: 1, offset: 0 });
        Places { text, starts: starts.collect(), last }
    }

    fn position(&self, marker: Marker) -> Position {
        let (line, column, last) = (marker.line(), marker.col() + 1, self.last.get());
        let start = match last.line == line && last.column <= column {
            true => last,
            false => {
                let start = self.starts.get(line.saturating_sub(1)).copied();
                Position { line, column: 1, offset: start.unwrap_or(self.text.len()) }
            }
        };
        let rest = self.text.get(start.offset..).unwrap_or_default();
        let further =
            rest.char_indices().nth(column - start.column).map_or(rest.len(), |(at, _)| at);
        let position = Position { line, column, offset: start.offset + further };
        self.last.set(position);
        position
    }

    /// Where something is wrong: what is missing at the end is so after the last piece.
    fn of_error(&self, marker: Marker) -> Position {
        let at = self.position(marker);
        let text = self.text.trim_end();
        if at.offset < text.len() {
            return at;
        }
        let start = text.rfind('\n').map_or(0, |newline| newline + 1);
        let column = text.get(start..).unwrap_or_default().chars().count() + 1;
        Position { line: text.matches('\n').count() + 1, column, offset: text.len() }
    }

    /// A piece without the blanks and line ends that follow it.
    fn stretch(&self, span: Span) -> Stretch {
        let [start, end] = [span.start, span.end].map(|marker| self.position(marker));
        let piece = self.text.get(start.offset..end.offset).unwrap_or_default();
        let piece = piece.trim_end();
        let lines = piece.matches('\n').count();
        let last = piece.rsplit('\n').next().unwrap_or_default().chars().count();
        let column = if lines == 0 { start.column + last } else { last + 1 };
        let end = Position { line: start.line + lines, column, offset: start.offset + piece.len() };
        Stretch { start, end }
    }
}
