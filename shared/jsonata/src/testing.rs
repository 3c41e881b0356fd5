//! What the tests of this crate share: bindings made of a JSON object, and chance that counts.

use serde_json::{Value, json};

use crate::{Bindings, Chance, Environment, EvalError, Expression, Limits, Member};

/// `input`, `result`, `errorOutput` and `context` are the members of `$states`, all else variables.
pub(crate) struct Given(pub(crate) Value);

impl Bindings for Given {
    fn member(&self, member: Member) -> Option<&Value> {
        self.0.get(member.name())
    }

    fn variable(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }
}

/// Ids and numbers in order, at a fixed time.
#[derive(Default)]
pub(crate) struct Counted {
    pub(crate) uuids: usize,
    pub(crate) units: usize,
}

impl Chance for Counted {
    fn uuid(&mut self) -> String {
        self.uuids += 1;
        format!("uuid-{}", self.uuids)
    }

    fn unit(&mut self) -> f64 {
        self.units += 1;
        f64::from(u32::try_from(self.units % 8).unwrap()) / 8.0
    }

    fn now_millis(&mut self) -> i64 {
        1_600_000_000_123
    }
}

/// Evaluates without any bindings.
pub(crate) fn eval(text: &str) -> Result<Value, EvalError> {
    eval_with(text, json!({}))
}

/// Evaluates with these bindings.
pub(crate) fn eval_with(text: &str, given: Value) -> Result<Value, EvalError> {
    let given = Given(given);
    let expression = Expression::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    expression.eval(&Environment::new(&given), &mut Counted::default(), &Limits::default())
}
