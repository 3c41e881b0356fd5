//! Paths: compiled once, applied to many documents.
//!
//! A path is a root and steps. It is *definite* while every step leads to one value at most; then
//! it selects that value or fails. An indefinite path never fails: what does not fit is left out,
//! and the result is an array.

mod error;
mod function;
mod parse;
mod select;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde_json::Value;

pub use error::PathError;
pub(crate) use function::Function;
pub(crate) use parse::PathParser;
pub(crate) use select::Selection;

use crate::error::ParseError;
use crate::filter::Filter;
use crate::scope::Scope;

/// A compiled JSONPath with its root.
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    text: String,
    root: Root,
    steps: Steps,
}

/// What a path starts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Root {
    /// `$`
    Input,
    /// `$$`
    Context,
    /// `$name`
    Variable(String),
}

/// The steps of a path after its root, and the function at its end.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Steps {
    pub(crate) steps: Vec<Step>,
    pub(crate) function: Option<Function>,
    /// Of a whole path.
    reach: Reach,
}

/// Which part of the Context Object a path needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Reach {
    /// All of it, or it does not start there.
    #[default]
    Anything,
    /// Not `Execution.Input`.
    BesideInput,
    /// `Execution.Input`, and one value in that.
    WithinInput,
}

impl Reach {
    fn of(root: &Root, steps: &Steps) -> Self {
        // A filter may look at the whole document.
        if steps.steps.iter().any(|step| matches!(step, Step::Filter(_))) {
            return Reach::Anything;
        }
        match (root, steps.steps.as_slice()) {
            (Root::Context, [Step::Name(first), Step::Name(second), ..])
                if first == "Execution" && second == "Input" =>
            {
                let is_one = steps.is_definite() && steps.function.is_none();
                if is_one { Reach::WithinInput } else { Reach::Anything }
            }
            (Root::Context, [Step::Name(first), Step::Name(_), ..]) if first == "Execution" => {
                Reach::BesideInput
            }
            (Root::Context, [Step::Name(first), ..]) if first != "Execution" => Reach::BesideInput,
            (Root::Context | Root::Input | Root::Variable(_), _) => Reach::Anything,
        }
    }
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    /// `.name`, `['name']`
    Name(String),
    /// `['a','b']`
    Names(Vec<String>),
    /// `[0]`, `[-1]`
    Index(i64),
    /// `[0,1]`
    Indexes(Vec<i64>),
    /// `[1:3]`, with at least one bound
    Slice { from: Option<i64>, to: Option<i64> },
    /// `.*`, `[*]`
    Wildcard,
    /// `..`: the next step, at every depth
    Descend,
    /// `[?(…)]`
    Filter(Filter),
}

/// What a path selects.
#[derive(Debug, Clone, PartialEq)]
pub enum Selected<'a> {
    /// The value of a definite path.
    One(&'a Value),
    /// The values of an indefinite path: an array.
    Many(Vec<&'a Value>),
    /// A value that the path computes: by a function at its end, or by several names in one step.
    Computed(Value),
    /// A definite path ends with an index outside its array. Where a value is needed, AWS takes
    /// null; as an argument of an intrinsic function the path has found nothing.
    Outside,
}

impl<'a> Selected<'a> {
    /// The value, cloned only if it is not computed.
    #[must_use]
    pub fn into_value(self) -> Value {
        match self {
            Self::One(value) => value.clone(),
            Self::Many(values) => Value::Array(values.into_iter().cloned().collect()),
            Self::Computed(value) => value,
            Self::Outside => Value::Null,
        }
    }

    /// The value, borrowed if it is one of the document's.
    #[must_use]
    pub fn as_value(&self) -> Cow<'a, Value> {
        match self {
            Self::One(value) => Cow::Borrowed(value),
            Self::Many(_) | Self::Computed(_) | Self::Outside => {
                Cow::Owned(self.clone().into_value())
            }
        }
    }
}

impl Path {
    /// Compiles a path: `$…`, `$$…` or `$name…`.
    ///
    /// # Errors
    /// The text is not a path.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let mut parser = PathParser::new(text)?;
        let path = parser.path()?;
        parser.end()?;
        Ok(path)
    }

    pub(crate) fn new(text: &str, root: Root, steps: Steps) -> Self {
        let reach = Reach::of(&root, &steps);
        Self { text: text.to_owned(), root, steps: Steps { reach, ..steps } }
    }

    /// The path as written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What the path starts from.
    #[must_use]
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// Whether the path selects one value or fails; otherwise it selects an array.
    #[must_use]
    pub fn is_definite(&self) -> bool {
        self.steps.is_definite()
    }

    /// Whether the path is just `$`, so that the input itself can be passed on without a copy.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.root == Root::Input && self.steps.is_empty()
    }

    /// Whether the path is a root and names and single indexes only: what AWS calls a reference
    /// path, with any root.
    #[must_use]
    pub fn is_reference(&self) -> bool {
        self.steps.function.is_none()
            && self.steps.steps.iter().all(|step| matches!(step, Step::Name(_) | Step::Index(_)))
    }

    /// Selects from the scope.
    ///
    /// # Errors
    /// A definite path finds nothing, the variable is not assigned, or a bound is reached.
    pub fn select<'a>(&self, scope: &Scope<'a>) -> Result<Selected<'a>, PathError> {
        if let Some(selected) = self.select_part(scope) {
            return Ok(selected);
        }
        let document = self.document(scope)?;
        Selection::new(document).select(&self.steps, document)
    }

    /// What a path finds in the part of the Context Object that it leads to; if nothing, the whole is asked, for it is what a
    /// failure tells of.
    fn select_part<'a>(&self, scope: &Scope<'a>) -> Option<Selected<'a>> {
        match self.steps.reach {
            Reach::Anything => None,
            Reach::BesideInput => {
                let document = scope.context.without_input();
                Selection::new(document).select(&self.steps, document).ok()
            }
            // The first two steps lead to the input itself.
            Reach::WithinInput => select::definite(&self.steps, 2, scope.context.input()?).ok(),
        }
    }

    /// The document that the path is applied to: the input, the Context Object or the variable.
    ///
    /// # Errors
    /// The variable is not assigned.
    pub fn document<'a>(&self, scope: &Scope<'a>) -> Result<&'a Value, PathError> {
        match &self.root {
            Root::Input => Ok(scope.input),
            Root::Context => Ok(scope.context.value()),
            Root::Variable(name) => scope
                .variables
                .get(name)
                .ok_or_else(|| PathError::NoVariable { name: name.clone() }),
        }
    }

    /// The steps of a path of names and indexes from 0 only; none for any other path.
    pub(crate) fn keys<K>(
        &self,
        name: impl Fn(&str) -> K,
        index: impl Fn(usize) -> K,
    ) -> Option<Vec<K>> {
        let key = |step: &Step| match step {
            Step::Name(text) => Some(name(text)),
            Step::Index(number) => usize::try_from(*number).ok().map(&index),
            Step::Names(_)
            | Step::Indexes(_)
            | Step::Slice { .. }
            | Step::Wildcard
            | Step::Descend
            | Step::Filter(_) => None,
        };
        if self.steps.function.is_some() {
            return None;
        }
        self.steps.steps.iter().map(key).collect()
    }

    /// The path as AWS names it in a cause: the Context Object is its own document there.
    pub(crate) fn shown(&self) -> &str {
        match self.root {
            Root::Context => self.text.strip_prefix('$').unwrap_or(&self.text),
            Root::Input | Root::Variable(_) => &self.text,
        }
    }
}

impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::str::FromStr for Path {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

impl Steps {
    pub(crate) fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.function.is_none()
    }

    pub(crate) fn is_definite(&self) -> bool {
        let last = self.steps.len().saturating_sub(1);
        self.steps.iter().enumerate().all(|(at, step)| match step {
            Step::Name(_) | Step::Index(_) => true,
            // Several names at the end make one object of the members that are there.
            Step::Names(_) => at == last,
            Step::Indexes(_)
            | Step::Slice { .. }
            | Step::Wildcard
            | Step::Descend
            | Step::Filter(_) => false,
        })
    }
}
