//! Definition text in, checked definition or diagnostics out.
//!
//! Reading goes on after a finding, so that one parse reports all there is to mend. Functions that read
//! a part return `None` when they have reported why there is no such part.

mod block;
mod data;
mod expressions;
mod graph;
mod handlers;
mod object;
mod place;
mod reader;
mod state;
mod values;
mod variables;

pub(crate) use expressions::Within;
pub(crate) use object::{Field, Object};
pub(crate) use place::{Place, quoted};
pub(crate) use reader::Reader;
pub(crate) use values::{PathForm, Range, is_dynamic};

use crate::limits::DEFINITION_BYTES_MAX;
use crate::source::{self, Kind, Node, Span};
use crate::{Code, Definition, Diagnostic, ServiceResource, Severity, StateName};

/// What a definition is parsed for.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The machine's type: an Express one may not wait for jobs, callbacks and activities.
    pub machine_type: MachineType,
    /// Whether a service integration exists; by default all do.
    pub is_known_resource: fn(&ServiceResource) -> bool,
    /// What to say to people of a service integration that does not exist: the nearest one that does.
    pub resource_help: fn(&ServiceResource) -> Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            machine_type: MachineType::Standard,
            is_known_resource: |_| true,
            resource_help: |_| None,
        }
    }
}

/// `type` of CreateStateMachine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MachineType {
    /// `STANDARD`.
    #[default]
    Standard,
    /// `EXPRESS`.
    Express,
}

/// What [`parse`] found.
#[derive(Debug)]
pub struct Parsed {
    /// The definition, unless there is an error among the diagnostics.
    pub definition: Option<Definition>,
    /// Every finding: errors and warnings as they were met.
    pub diagnostics: Vec<Diagnostic>,
}

impl Parsed {
    /// Whether the definition is refused.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }
}

/// Reads and checks a state machine's definition.
///
/// ```
/// use baton_asl::{Options, parse};
///
/// let text = r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}"#;
/// let parsed = parse(text, &Options::default());
/// assert!(parsed.diagnostics.is_empty());
/// assert_eq!(parsed.definition.unwrap().blocks.len(), 1);
/// ```
#[must_use]
pub fn parse(text: &str, options: &Options) -> Parsed {
    parse_with(text, options, |reader, node| reader.machine(node))
}

/// Reads and checks a single state, as TestState takes it. The definition has one block with that state
/// alone, so that what the state's transitions name is not there.
#[must_use]
pub fn parse_state(text: &str, name: &StateName, options: &Options) -> Parsed {
    parse_with(text, options, |reader, node| reader.single_state(node, name))
}

fn parse_with(
    text: &str,
    options: &Options,
    read: impl FnOnce(&mut Reader<'_>, &Node) -> Option<Definition>,
) -> Parsed {
    let mut reader = Reader::new(text, options);
    let definition = reader.json(text).and_then(|node| read(&mut reader, &node));
    let definition = if reader.has_errors() { None } else { definition };
    Parsed { definition, diagnostics: reader.diagnostics }
}

impl Reader<'_> {
    /// The text as a tree whose root is an object.
    fn json(&mut self, text: &str) -> Option<Node> {
        let whole = Span { start: 0, end: text.trim_end().len() };
        if text.len() > DEFINITION_BYTES_MAX {
            let message = format!("The definition is longer than {DEFINITION_BYTES_MAX} bytes");
            let first = Span { start: 0, end: 0 };
            self.error_without_place(Code::SchemaValidationFailed, first, &message, None);
            return None;
        }
        let is_blank = text.trim().is_empty();
        let root = if is_blank { Ok(None) } else { source::read(text).map(Some) };
        match root {
            Ok(Some(node)) if matches!(node.kind, Kind::Object(_)) => Some(node),
            Ok(_) => {
                let message = "Definition must be a valid JSON object";
                self.error_without_place(Code::SchemaValidationFailed, whole, message, None);
                None
            }
            Err(error) => {
                self.syntax_error(error);
                None
            }
        }
    }

    /// AWS writes the place twice: at the end of the message, and as the location.
    fn syntax_error(&mut self, error: source::JsonError) {
        let span = Span { start: error.start.offset, end: error.end.offset };
        let message = format!("{}\n at {}", error.message, error.place);
        self.error_without_place(Code::InvalidJsonDescription, span, &message, None);
        if let Some(diagnostic) = self.diagnostics.last_mut() {
            diagnostic.location = Some(error.place);
        }
    }
}
