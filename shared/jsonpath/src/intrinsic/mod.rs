//! Intrinsic functions: `States.Format('Hello {}', $.name)` and the other seventeen.

mod arrays;
mod function;
mod numbers;
mod parse;
mod strings;

use std::borrow::Cow;

use serde_json::Value;

use crate::budget::Budget;
use crate::error::{EvalError, ParseError};
use crate::path::{Path, Selected};
use crate::scope::{Chance, Scope};
use function::Function;

/// A compiled call of an intrinsic function.
#[derive(Debug, Clone, PartialEq)]
pub struct Intrinsic {
    text: String,
    call: Call,
}

#[derive(Debug, Clone, PartialEq)]
struct Call {
    function: Function,
    arguments: Vec<Argument>,
}

#[derive(Debug, Clone, PartialEq)]
enum Argument {
    /// A string, number, boolean or null. The template of `States.Format` keeps its escapes.
    Literal(Value),
    Path(Path),
    Call(Call),
}

impl Intrinsic {
    /// Compiles a call.
    ///
    /// # Errors
    /// The text is not a call of an intrinsic function, or calls are nested too deeply.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        Ok(Self { text: text.to_owned(), call: parse::call(text)? })
    }

    /// The call as written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// All paths among its arguments, those of nested calls included.
    pub fn references(&self) -> impl Iterator<Item = &Path> {
        let mut paths = Vec::new();
        self.collect(&mut paths);
        paths.into_iter()
    }

    pub(crate) fn collect<'p>(&'p self, paths: &mut Vec<&'p Path>) {
        self.call.collect(paths);
    }

    /// The value of the call.
    ///
    /// # Errors
    /// A path finds nothing, or a function does not take its arguments.
    pub fn eval(&self, scope: &Scope<'_>, chance: &mut dyn Chance) -> Result<Value, EvalError> {
        self.eval_within(scope, chance, &mut Budget::default())
    }

    pub(crate) fn eval_within(
        &self,
        scope: &Scope<'_>,
        chance: &mut dyn Chance,
        budget: &mut Budget,
    ) -> Result<Value, EvalError> {
        Evaluation { text: &self.text, scope, chance, budget }.call(&self.call)
    }
}

impl std::fmt::Display for Intrinsic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl Call {
    fn collect<'p>(&'p self, paths: &mut Vec<&'p Path>) {
        for argument in &self.arguments {
            match argument {
                Argument::Literal(_) => {}
                Argument::Path(path) => paths.push(path),
                Argument::Call(call) => call.collect(paths),
            }
        }
    }
}

/// One evaluation of a whole expression.
struct Evaluation<'e> {
    text: &'e str,
    scope: &'e Scope<'e>,
    chance: &'e mut dyn Chance,
    budget: &'e mut Budget,
}

impl<'e> Evaluation<'e> {
    fn call(&mut self, call: &'e Call) -> Result<Value, EvalError> {
        let mut values = Vec::with_capacity(call.arguments.len());
        for argument in &call.arguments {
            let value = self.argument(argument)?;
            self.budget.take(&value)?;
            values.push(value);
        }
        call.function
            .apply(&values, self.chance)
            .ok_or(EvalError::InvalidArguments { function: call.function.name() })
    }

    fn argument(&mut self, argument: &'e Argument) -> Result<Cow<'e, Value>, EvalError> {
        match argument {
            Argument::Literal(value) => Ok(Cow::Borrowed(value)),
            Argument::Call(call) => self.call(call).map(Cow::Owned),
            Argument::Path(path) => match path.select(self.scope) {
                Ok(Selected::Outside) => Err(self.not_found(path)),
                Ok(selected) => Ok(selected.as_value()),
                Err(reason) if reason.is_absence() => Err(self.not_found(path)),
                Err(reason) => {
                    Err(EvalError::InvalidArgumentPath { function: self.text.to_owned(), reason })
                }
            },
        }
    }

    fn not_found(&self, path: &Path) -> EvalError {
        EvalError::ArgumentNotFound {
            function: self.text.to_owned(),
            path: path.shown().to_owned(),
            input: self.scope.input.to_string(),
        }
    }
}

#[cfg(test)]
mod tests;
