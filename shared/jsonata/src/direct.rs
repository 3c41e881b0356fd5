//! Expressions that only pick a value: `$states.input.order.id`, `$total`.
//!
//! They are what most definitions are full of. Picking needs no library and no conversion.

use jsonata_core::ast::{AstNode, PathStep};
use serde_json::Value;

use crate::references::STATES;
use crate::{Bindings, Member};

/// A member of `$states` or a variable, and names to follow from there.
#[derive(Debug)]
pub(crate) struct Direct {
    root: Root,
    names: Vec<String>,
}

#[derive(Debug)]
enum Root {
    Member(Member),
    Variable(String),
}

/// What a [`Direct`] expression finds.
pub(crate) enum Picked<'v> {
    Value(&'v Value),
    Undefined,
    /// An array is to be mapped, or a function may be meant: a matter for the library.
    Unsure,
}

impl Direct {
    /// The expression as a direct one, if it is.
    pub(crate) fn of(node: &AstNode) -> Option<Direct> {
        let (variable, mut names) = variable_and_names(node)?;
        let root = match variable {
            "" | "$" => return None,
            STATES if names.is_empty() => return None,
            STATES => Root::Member(Member::named(&names.remove(0))?),
            _ => Root::Variable(variable.to_owned()),
        };
        Some(Direct { root, names })
    }

    /// The member of `$states` that is picked as a whole, if it is one.
    pub(crate) fn as_member(&self) -> Option<Member> {
        match &self.root {
            Root::Member(member) if self.names.is_empty() => Some(*member),
            Root::Member(_) | Root::Variable(_) => None,
        }
    }

    pub(crate) fn pick<'v>(&self, bindings: &'v dyn Bindings) -> Picked<'v> {
        let mut value = match &self.root {
            Root::Member(member) => match self.member(*member, bindings) {
                Some(value) => value,
                None => return Picked::Undefined,
            },
            Root::Variable(name) => match bindings.variable(name) {
                Some(value) => value,
                None => return Picked::Unsure,
            },
        };
        for name in &self.names {
            value = match value {
                Value::Object(members) => match members.get(name) {
                    Some(member) => member,
                    None => return Picked::Undefined,
                },
                Value::Array(_) => return Picked::Unsure,
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                    return Picked::Undefined;
                }
            };
        }
        Picked::Value(value)
    }

    fn member<'v>(&self, member: Member, bindings: &'v dyn Bindings) -> Option<&'v Value> {
        match (member, self.names.first().map(String::as_str), self.names.get(1)) {
            (Member::Context, Some("Execution"), Some(name)) if name != "Input" => {
                bindings.context_without_input()
            }
            (Member::Context, Some(name), _) if name != "Execution" => {
                bindings.context_without_input()
            }
            (_, _, _) => bindings.member(member),
        }
    }
}

fn variable_and_names(node: &AstNode) -> Option<(&str, Vec<String>)> {
    if let AstNode::Variable(name) = node {
        return Some((name, Vec::new()));
    }
    let AstNode::Path { steps } = node else { return None };
    let (first, rest) = steps.split_first()?;
    let (AstNode::Variable(variable), true) = (&first.node, is_plain(first)) else { return None };
    let names: Option<Vec<_>> = rest.iter().map(name_of).collect();
    Some((variable, names?))
}

fn is_plain(step: &PathStep) -> bool {
    step.stages.is_empty() && !step.is_tuple && step.focus.is_none() && step.index_var.is_none()
}

fn name_of(step: &PathStep) -> Option<String> {
    match (&step.node, is_plain(step)) {
        (AstNode::Name(name), true) => Some(name.clone()),
        _ => None,
    }
}
