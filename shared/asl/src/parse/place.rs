//! Where a value stands, as AWS writes it: `/States/A/Choices[0]/Next`.

use crate::limits::QUOTED_CHARS_MAX;
use std::fmt;

/// A chain of steps from the definition's root. It lives on the stack of whoever walks down, so that
/// naming a place costs nothing until something is found there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'p> {
    parent: Option<&'p Place<'p>>,
    step: Step<'p>,
}

#[derive(Debug, Clone, Copy)]
enum Step<'p> {
    Root,
    Field(&'p str),
    Index(usize),
}

impl<'p> Place<'p> {
    /// The definition itself.
    pub(crate) const ROOT: Place<'static> = Place { parent: None, step: Step::Root };

    /// A member of the object here.
    pub(crate) fn field(&'p self, name: &'p str) -> Place<'p> {
        Place { parent: Some(self), step: Step::Field(name) }
    }

    /// An element of the array here.
    pub(crate) fn index(&'p self, index: usize) -> Place<'p> {
        Place { parent: Some(self), step: Step::Index(index) }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.write(f)?;
        }
        match self.step {
            Step::Root => Ok(()),
            Step::Field(name) => write!(f, "/{}", quoted(name)),
            Step::Index(index) => write!(f, "[{index}]"),
        }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parent {
            None => f.write_str("/"),
            Some(_) => self.write(f),
        }
    }
}

/// A name as far as it is worth repeating.
pub(crate) fn quoted(name: &str) -> std::borrow::Cow<'_, str> {
    match name.char_indices().nth(QUOTED_CHARS_MAX) {
        None => name.into(),
        Some((end, _)) => format!("{}…", name.get(..end).unwrap_or("")).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_written_as_aws_writes_it() {
        let states = Place::ROOT.field("States");
        let state = states.field("a/b c");
        let rules = state.field("Choices");
        let rule = rules.index(2);
        assert_eq!(rule.field("Next").to_string(), "/States/a/b c/Choices[2]/Next");
        assert_eq!(Place::ROOT.to_string(), "/");
        let long = "x".repeat(1_000_000);
        assert!(states.field(&long).to_string().len() < 1000);
    }
}
