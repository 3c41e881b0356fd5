//! What is common to reading everything: the findings, the names in sight, the blocks so far.

use super::object::{Field, Object};
use super::place::Place;
use super::{MachineType, Options};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::limits::DIAGNOSTICS_MAX;
use crate::source::{Kind, Lines, Node, Span};
use crate::{Block, QueryLanguage};
use std::collections::BTreeSet;

/// The longest list of fields that helps.
const FIELDS_LISTED_MAX: usize = 30;

/// The state of one parse.
#[derive(Debug)]
pub(crate) struct Reader<'t> {
    lines: Lines<'t>,
    pub(crate) options: &'t Options,
    /// What executes the current place: the machine, or the children of a Distributed Map.
    pub(crate) machine_type: MachineType,
    pub(crate) diagnostics: Vec<Diagnostic>,
    errors: usize,
    warnings: usize,
    /// The machine's own query language.
    pub(crate) language: QueryLanguage,
    /// The blocks by number; one that is being read, or could not be, is not there.
    pub(crate) blocks: Vec<Option<Block>>,
    /// How many blocks the current place is within.
    pub(crate) block_depth: usize,
    /// The names of all states so far.
    pub(crate) state_names: BTreeSet<String>,
    /// The labels of all Map states so far.
    pub(crate) labels: BTreeSet<String>,
    /// The variables that each block in sight assigns, outermost first.
    pub(crate) variables: Vec<BTreeSet<String>>,
    /// The variables that may be assigned when each state around the current place begins.
    pub(crate) taken_variables: Vec<BTreeSet<String>>,
    /// How many of those the current block is within: a state's own fields may assign what is taken
    /// for the blocks in it.
    pub(crate) taken_depth: usize,
    /// What it took to find those.
    pub(crate) steps_taken: usize,
}

impl<'t> Reader<'t> {
    pub(crate) fn new(text: &'t str, options: &'t Options) -> Self {
        Reader {
            lines: Lines::new(text),
            options,
            machine_type: options.machine_type,
            diagnostics: Vec::new(),
            errors: 0,
            warnings: 0,
            language: QueryLanguage::JsonPath,
            blocks: Vec::new(),
            block_depth: 0,
            state_names: BTreeSet::new(),
            labels: BTreeSet::new(),
            variables: Vec::new(),
            taken_variables: Vec::new(),
            taken_depth: 0,
            steps_taken: 0,
        }
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// A field is missing, misplaced, of the wrong type or out of range.
    pub(crate) fn schema(&mut self, place: &Place<'_>, span: Span, message: impl Into<String>) {
        self.error(Code::SchemaValidationFailed, place, span, message);
    }

    /// An error with no mend beyond its message.
    pub(crate) fn error(
        &mut self,
        code: Code,
        place: &Place<'_>,
        span: Span,
        message: impl Into<String>,
    ) {
        self.error_with_help(code, place, span, message, None);
    }

    /// An error with its mend.
    pub(crate) fn error_with_help(
        &mut self,
        code: Code,
        place: &Place<'_>,
        span: Span,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        self.errors += 1;
        if self.errors <= DIAGNOSTICS_MAX {
            self.push(Severity::Error, code, Some(place.to_string()), span, message.into(), help);
        }
    }

    /// An error of the whole definition, which has no place for AWS.
    pub(crate) fn error_without_place(
        &mut self,
        code: Code,
        span: Span,
        message: &str,
        help: Option<String>,
    ) {
        self.errors += 1;
        self.push(Severity::Error, code, None, span, message.to_owned(), help);
    }

    /// Something to look at that does not refuse the definition.
    pub(crate) fn warn(
        &mut self,
        code: Code,
        place: &Place<'_>,
        span: Span,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        self.warnings += 1;
        if self.warnings <= DIAGNOSTICS_MAX {
            self.push(Severity::Warning, code, Some(place.to_string()), span, message.into(), help);
        }
    }

    fn push(
        &mut self,
        severity: Severity,
        code: Code,
        location: Option<String>,
        span: Span,
        message: String,
        help: Option<String>,
    ) {
        let (start, end) = (self.lines.position(span.start), self.lines.position(span.end));
        self.diagnostics.push(Diagnostic { severity, code, message, location, start, end, help });
    }

    /// The members of an object, each of which has a name of its own; anything else is an error.
    pub(crate) fn object<'a>(
        &mut self,
        node: &'a Node,
        place: &'a Place<'a>,
    ) -> Option<Object<'a>> {
        let object = self.members(node, place)?;
        self.repeated_fields(&object);
        Some(object)
    }

    /// The members of an object, whatever their names; anything else is an error.
    pub(crate) fn members<'a>(
        &mut self,
        node: &'a Node,
        place: &'a Place<'a>,
    ) -> Option<Object<'a>> {
        match &node.kind {
            Kind::Object(members) => Some(Object { node, members, place }),
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) | Kind::Array(_) => {
                self.expected("OBJECT", node, place);
                None
            }
        }
    }

    /// The elements of an array that must not be empty; anything else is an error.
    pub(crate) fn items<'a>(&mut self, field: &Field<'a>) -> Option<&'a [Node]> {
        match &field.node.kind {
            Kind::Array(items) if items.is_empty() => {
                self.schema(&field.place, field.node.span, "Value cannot be empty");
                None
            }
            Kind::Array(items) => Some(items),
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) | Kind::Object(_) => {
                self.expected("ARRAY", field.node, &field.place);
                None
            }
        }
    }

    /// A string; anything else is an error.
    pub(crate) fn string<'a>(&mut self, node: &'a Node, place: &Place<'_>) -> Option<&'a str> {
        match &node.kind {
            Kind::String(text) => Some(text),
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Array(_) | Kind::Object(_) => {
                self.expected("STRING", node, place);
                None
            }
        }
    }

    /// One of a few words; anything else is an error.
    pub(crate) fn one_of<'w>(&mut self, field: &Field<'_>, words: &[&'w str]) -> Option<&'w str> {
        let text = self.string(field.node, &field.place)?;
        let found = words.iter().find(|word| **word == text).copied();
        if found.is_none() {
            let message = format!("Value should be one of the following: [{}]", words.join(", "));
            let help = crate::suggest::did_you_mean(text, words.iter().copied());
            let code = Code::SchemaValidationFailed;
            self.error_with_help(code, &field.place, field.node.span, message, help);
        }
        found
    }

    /// `Comment`, if it is there.
    pub(crate) fn comment(&mut self, object: &Object<'_>) -> Option<String> {
        let field = object.get("Comment")?;
        self.string(field.node, &field.place).map(str::to_owned)
    }

    /// A value is of another type than it must be.
    pub(crate) fn expected(&mut self, wanted: &str, node: &Node, place: &Place<'_>) {
        self.schema(place, node.span, format!("Expected value of type [{wanted}]"));
    }

    /// Required fields that are missing, named in AWS's order.
    pub(crate) fn require(&mut self, object: &Object<'_>, names: &[&str]) {
        let missing: Vec<&str> = names.iter().filter(|name| !object.has(name)).copied().collect();
        if !missing.is_empty() {
            let message = format!("These fields are required: [{}]", missing.join(", "));
            self.schema(object.place, object.head(), message);
        }
    }

    /// Alternatives of which at most one may stand, and if `required` one must.
    pub(crate) fn exclusive(
        &mut self,
        object: &Object<'_>,
        names: &[&str],
        required: bool,
    ) -> bool {
        let given = object.members.iter().filter(|m| names.contains(&m.key.as_str()));
        let mut given: Vec<_> = given.collect();
        given.dedup_by(|a, b| a.key == b.key);
        let list = names.join(", ");
        match given.as_slice() {
            [] if required => {
                let message =
                    format!("This object should have only one of the following fields: [{list}]");
                self.schema(object.place, object.head(), message);
                false
            }
            [] | [_] => true,
            [_, second, ..] => {
                let message = format!("There should only be one of the following fields: [{list}]");
                self.schema(object.place, second.key_span, message);
                false
            }
        }
    }

    /// Reports the members that are not among the fields the object may have.
    pub(crate) fn only(&mut self, object: &Object<'_>, allowed: &[&str]) {
        for member in object.members {
            if !allowed.contains(&member.key.as_str()) {
                self.unsupported_field(object, &member.key, member.key_span, allowed);
            }
        }
    }

    /// A member that the object may not have.
    pub(crate) fn unsupported_field(
        &mut self,
        object: &Object<'_>,
        key: &str,
        span: Span,
        allowed: &[&str],
    ) {
        let message = format!("Field '{}' is not supported", super::place::quoted(key));
        let near = crate::suggest::did_you_mean(key, allowed.iter().copied());
        let list = || format!("the fields here are {}", allowed.join(", "));
        let help = near.or_else(|| (allowed.len() <= FIELDS_LISTED_MAX).then(list));
        let code = Code::SchemaValidationFailed;
        self.error_with_help(code, object.place, span, message, help);
    }

    fn repeated_fields(&mut self, object: &Object<'_>) {
        let mut seen = BTreeSet::new();
        for member in object.members {
            if !seen.insert(member.key.as_str()) {
                let name = super::place::quoted(&member.key);
                let message = format!("The field '{name}' appears more than once");
                let help = Some("only the last one counts".to_owned());
                self.warn(Code::DuplicateField, object.place, member.key_span, message, help);
            }
        }
    }
}
