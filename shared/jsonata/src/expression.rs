//! A compiled expression.

use std::fmt;
use std::sync::Arc;

use jsonata_core::ast::AstNode;
use jsonata_core::parser;
use serde_json::Value;

use crate::convert::Budget;
use crate::direct::{Direct, Picked};
use crate::evaluation::evaluate;
use crate::guard::guard;
use crate::limits::EXPRESSION_BYTES_MAX;
use crate::references::{Found, find};
use crate::syntax::syntax_error;
use crate::{Chance, Environment, EvalError, Limits, Member, ParseError, References};

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

    /// The member of `$states` that is all the expression asks for, so that it can be passed on without a copy.
    #[must_use]
    pub fn as_member(&self) -> Option<Member> {
        self.0.direct.as_ref()?.as_member()
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::eval_with;

    #[test]
    fn expressions_see_states_and_variables() {
        check("$states.input.order.id", "7");
        check("$states.input.order.id + 1", "8");
        check("$states.context.State.Name", r#""S""#);
        check("$states.errorOutput", "undefined");
        check("$states.nothing", "undefined");
        check(
            "$states",
            r#"{"input":{"order":{"id":7},"items":[{"n":1},{"n":2}],"big":9007199254740993,"one":[{"n":1}]},"context":{"State":{"Name":"S"}}}"#,
        );
        check("states.input", "undefined");
        check("$", "undefined");
        check("order", "undefined");
        check("$total", "12.5");
        check("$nothing", "undefined");
        check("$variable := 1", "1");
        check("$exists($status) ? 'completed' : 'running'", r#""running""#);
        check("$not($states.input.order.id = 7)", "false");
    }

    #[test]
    fn a_sequence_of_one_is_the_one() {
        check("$states.input.items.n", "[1,2]");
        check("$states.input.items[n = 2].n", "2");
        check("$states.input.items[n = 2].n[]", "[2]");
        check("$states.input.items[n = 3].n", "undefined");
        check("$states.input.one", r#"[{"n":1}]"#);
        check("$states.input.one.n", "1");
        check("[]", "[]");
        check("[1, 'two', 3]", r#"[1,"two",3]"#);
    }

    #[test]
    fn numbers_that_are_not_computed_with_keep_their_digits() {
        check("$states.input.big", "9007199254740993");
        check("{'a': $states.input.big}", r#"{"a":9007199254740993}"#);
        check("$map([1], function() { $states.input.big })", "9007199254740993");
        check("$states.input.big - 1", "9007199254740991");
        check("1 + 1", "2");
        check("1 / 4", "0.25");
        check("$sum([1, 2, 3]) + 1", "7");
    }

    #[test]
    fn what_json_cannot_say_is_no_result() {
        check("$sum", "unsupported");
        check("function($x) { $x }", "unsupported");
        check("/a/", "unsupported");
        check("[$sum]", "unsupported");
        check("{'a': {'b': $sum}}", "unsupported");
        check("$f := function() { 1 }", "unsupported");
    }

    /// The library, and not the short cut, decides where an array or a function is met.
    #[test]
    fn picking_gives_what_evaluating_gives() {
        for text in ["$states.input.order", "$states.input.items.n", "$total", "$total.x", "$sum"] {
            let evaluated = eval_with(&format!("({text})"), given());
            assert_eq!(eval_with(text, given()), evaluated, "{text}");
        }
    }

    #[test]
    fn a_member_that_is_all_is_known() {
        let check = |text: &str| Expression::parse(text).unwrap().as_member();
        assert_eq!(check("$states.input"), Some(Member::Input));
        assert_eq!(check(" $states.result "), Some(Member::Result));
        for text in ["$states.input.a", "$states", "$input", "$states.input[0]", "[$states.input]"]
        {
            assert_eq!(check(text), None, "{text}");
        }
    }

    #[test]
    fn expressions_are_shared_between_threads_and_quoted_trimmed() {
        fn is_shared<T: Send + Sync + Clone>(_: &T) {}
        let expression = Expression::parse("  $a  + 1\n").unwrap();
        is_shared(&expression);
        assert_eq!(expression.text(), "$a  + 1");
        assert_eq!(format!("{expression:?}"), r#"Expression("$a  + 1")"#);
    }

    fn given() -> Value {
        json!({
            "input": {
                "order": {"id": 7},
                "items": [{"n": 1}, {"n": 2}],
                "big": 9_007_199_254_740_993_u64,
                "one": [{"n": 1}],
            },
            "context": {"State": {"Name": "S"}},
            "total": 12.5,
        })
    }

    fn check(text: &str, expected: &str) {
        let found = match eval_with(text, given()) {
            Ok(value) => value.to_string(),
            Err(EvalError::Undefined) => "undefined".to_owned(),
            Err(EvalError::Unsupported) => "unsupported".to_owned(),
            Err(error) => error.to_string(),
        };
        assert_eq!(found, expected, "{text}");
    }
}
