//! An object of the definition and its fields, with their places.

use super::place::Place;
use crate::source::{Member, Node, Span};

/// An object and where it stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Object<'a> {
    pub(crate) node: &'a Node,
    pub(crate) members: &'a [Member],
    pub(crate) place: &'a Place<'a>,
}

/// One of its members.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field<'a> {
    pub(crate) key: &'a str,
    pub(crate) key_span: Span,
    pub(crate) node: &'a Node,
    pub(crate) place: Place<'a>,
}

impl<'a> Object<'a> {
    /// The member of this name; of several the last.
    pub(crate) fn get(&self, name: &str) -> Option<Field<'a>> {
        let member = self.node.member(name)?;
        Some(Field {
            key: &member.key,
            key_span: member.key_span,
            node: &member.value,
            place: self.place.field(&member.key),
        })
    }

    /// Whether there is a member of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.node.member(name).is_some()
    }

    /// What to mark for a finding about the object as a whole: its opening bracket.
    pub(crate) fn head(&self) -> Span {
        let start = self.node.span.start;
        Span { start, end: start + 1 }
    }
}
