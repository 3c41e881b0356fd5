//! A compiled expression.

use std::fmt;
use std::sync::Arc;

use jsonata_core::ast::AstNode;
use jsonata_core::parser::{self, ParserError};
use serde_json::Value;

use crate::convert::Budget;
use crate::direct::{Direct, Picked};
use crate::evaluation::evaluate;
use crate::guard::guard;
use crate::limits::EXPRESSION_BYTES_MAX;
use crate::references::{Found, find};
use crate::{Chance, Environment, EvalError, Limits, ParseError, References};

/// A compiled expression. Compiled once, shared between threads, cheap to clone.
#[derive(Clone)]
pub struct Expression(pub(crate) Arc<Compiled>);

pub(crate) struct Compiled {
    text: String,
    pub(crate) tree: AstNode,
    pub(crate) found: Found,
    direct: Option<Direct>,
}

impl Compiled {
    /// Whether `$name` occurs in the expression.
    pub(crate) fn mentions(&self, name: &str) -> bool {
        self.found.mentioned.contains(name)
    }
}

impl Expression {
    /// Compiles the text between `{%` and `%}`.
    ///
    /// # Errors
    ///
    /// The text is too long or is not JSONata.
    pub fn parse(text: &str) -> Result<Expression, ParseError> {
        if text.len() > EXPRESSION_BYTES_MAX {
            return Err(ParseError::TooLong { length: text.len(), max: EXPRESSION_BYTES_MAX });
        }
        let text = text.trim();
        let mut tree = parser::parse(text).map_err(syntax_error)?;
        let mut found = find(&mut tree);
        let direct = Direct::of(&tree);
        guard(&mut tree, &mut found);
        Ok(Expression(Arc::new(Compiled { text: text.to_owned(), tree, found, direct })))
    }

    /// The text, trimmed, as AWS quotes it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// What the expression takes from its surroundings.
    #[must_use]
    pub fn references(&self) -> &References {
        &self.0.found.references
    }

    /// Evaluates the expression.
    ///
    /// # Errors
    ///
    /// The expression has no value that JSON can say, or was stopped at one of the limits.
    pub fn eval(
        &self,
        environment: &Environment<'_>,
        chance: &mut dyn Chance,
        limits: &Limits,
    ) -> Result<Value, EvalError> {
        let mut budget = Budget::new(limits.output_bytes);
        self.eval_within(environment, chance, limits, &mut budget)
    }

    pub(crate) fn eval_within(
        &self,
        environment: &Environment<'_>,
        chance: &mut dyn Chance,
        limits: &Limits,
        budget: &mut Budget,
    ) -> Result<Value, EvalError> {
        match self.0.direct.as_ref().map(|direct| direct.pick(environment.bindings())) {
            Some(Picked::Value(value)) => budget.copy(value),
            Some(Picked::Undefined) => Err(EvalError::Undefined),
            Some(Picked::Unsure) | None => evaluate(&self.0, environment, chance, limits, budget),
        }
    }
}

/// The library's text, in JSONata's form: the code first.
fn syntax_error(error: ParserError) -> ParseError {
    ParseError::Syntax(match error {
        ParserError::InvalidSyntax(message) => message,
        ParserError::UnclosedComment => "S0106: Comment has no closing tag".to_owned(),
        error @ (ParserError::UnexpectedToken(_)
        | ParserError::UnexpectedEnd
        | ParserError::InvalidNumber(_)
        | ParserError::UnclosedString
        | ParserError::InvalidEscape(_)
        | ParserError::UnclosedBacktick
        | ParserError::Expected { .. }
        | ParserError::Coded { .. }) => error.to_string(),
    })
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expression").field(&self.text()).finish()
    }
}

/// Two expressions are equal if their texts are.
impl PartialEq for Expression {
    fn eq(&self, other: &Expression) -> bool {
        self.text() == other.text()
    }
}

impl Eq for Expression {}
