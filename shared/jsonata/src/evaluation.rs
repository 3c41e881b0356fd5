//! One evaluation: the only place that runs the library.
//!
//! The library counts references without locks, so all it needs is built here, inside one call.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use jsonata_core::evaluator::{Context, Evaluator, EvaluatorError, EvaluatorOptions};
use jsonata_core::value::JValue;
use serde_json::Value;

use crate::chance::Stock;
use crate::convert::{Budget, Digits, leave};
use crate::expression::Compiled;
use crate::functions::{self, Fault};
use crate::limits::DRAWS_MAX;
use crate::references::STATES;
use crate::{Chance, Environment, EvalError, Exceeded, Limits};

/// What the functions of one evaluation share with it.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) stock: Stock,
    pub(crate) digits: Rc<Digits>,
    pub(crate) limits: Limits,
    /// What the functions given to `$replace` have put into texts, in bytes.
    pub(crate) emitted: Cell<usize>,
    /// What functions and steps have made, in bytes.
    made: Cell<usize>,
    exceeded: Cell<Option<Exceeded>>,
}

impl Shared {
    /// Counts something that functions and steps make over and over.
    pub(crate) fn made(&self, bytes: usize) -> Result<(), Fault> {
        let total = self.made.get().saturating_add(bytes);
        self.made.set(total);
        if total > self.limits.total_bytes {
            return Err(Fault::Exceeded(Exceeded::Memory));
        }
        Ok(())
    }

    /// Stops the evaluation, and keeps the reason where the library's errors have no room for it.
    pub(crate) fn stop(&self, fault: Fault) -> EvaluatorError {
        EvaluatorError::EvaluationError(match fault {
            Fault::Thrown(message) => message,
            Fault::Exceeded(exceeded) => {
                self.exceeded.set(Some(exceeded));
                exceeded.to_string()
            }
            Fault::Dry => String::new(), // never shown: the evaluation starts over
        })
    }
}

/// Evaluates an expression, drawing from `chance` what it asks for. `$` and `$$` are undefined: all
/// that Step Functions provides is in `$states` and the variables.
pub(crate) fn evaluate(
    expression: &Compiled,
    environment: &Environment<'_>,
    chance: &mut dyn Chance,
    limits: &Limits,
    budget: &mut Budget,
) -> Result<Value, EvalError> {
    evaluate_on(&JValue::Undefined, expression, environment, chance, limits, budget)
}

/// As [`evaluate`], with an input.
pub(crate) fn evaluate_on(
    input: &JValue,
    expression: &Compiled,
    environment: &Environment<'_>,
    chance: &mut dyn Chance,
    limits: &Limits,
    budget: &mut Budget,
) -> Result<Value, EvalError> {
    let shared = Rc::new(Shared {
        stock: Stock::default(),
        digits: Rc::clone(environment.digits()),
        limits: limits.clone(),
        emitted: Cell::new(0),
        made: Cell::new(0),
        exceeded: Cell::new(None),
    });
    if expression.mentions("now") || expression.mentions("millis") {
        shared.stock.set_now(chance);
    }
    loop {
        shared.emitted.set(0);
        shared.made.set(0);
        let result = run(input, expression, environment, &shared);
        if !shared.stock.is_dry() {
            return leave(&result?, &shared.digits, budget);
        }
        if !shared.stock.refill(chance, DRAWS_MAX) {
            return Err(EvalError::Exceeded(Exceeded::Memory));
        }
    }
}

fn run(
    input: &JValue,
    expression: &Compiled,
    environment: &Environment<'_>,
    shared: &Rc<Shared>,
) -> Result<JValue, EvalError> {
    let context = context(expression, environment)?;
    let mut evaluator = Evaluator::with_options(context, options(&shared.limits));
    functions::register(&mut evaluator, shared, |name| expression.mentions(name))
        .map_err(|error| failure(&error))?;
    // Nothing that a panic leaves half done is used again: the evaluator is dropped, and the
    // functions change no more than counters.
    let result = catch_unwind(AssertUnwindSafe(|| evaluator.evaluate(&expression.tree, input)));
    match (shared.exceeded.get(), result) {
        (Some(exceeded), _) => Err(EvalError::Exceeded(exceeded)),
        (None, Ok(Ok(value))) => Ok(value),
        (None, Ok(Err(error))) => Err(failure(&error)),
        (None, Err(_)) => Err(EvalError::thrown("the evaluation failed unexpectedly")),
    }
}

/// Binds what the expression mentions, as far as it exists.
fn context(expression: &Compiled, environment: &Environment<'_>) -> Result<Context, EvalError> {
    let mut context = Context::new();
    for name in &expression.found.mentioned {
        let value = if name == STATES {
            Some(environment.states(&expression.found)?)
        } else {
            environment.variable(name)?
        };
        if let Some(value) = value {
            context.bind(name.clone(), value);
        }
    }
    Ok(context)
}

fn options(limits: &Limits) -> EvaluatorOptions {
    EvaluatorOptions {
        timeout_ms: Some(u64::try_from(limits.time.as_millis()).unwrap_or(u64::MAX)),
        cancel: None,
        max_stack_depth: Some(limits.stack_depth),
        max_sequence_length: Some(limits.sequence_length),
    }
}

/// The library's guards have codes of their own; anything else is an error of the expression.
fn failure(error: &EvaluatorError) -> EvalError {
    match error.code() {
        Some("D1012") => EvalError::Exceeded(Exceeded::Time),
        Some("D1011" | "U1001") => EvalError::Exceeded(Exceeded::Stack),
        Some("D2015") => EvalError::Exceeded(Exceeded::Memory),
        _ => EvalError::thrown(error.message()),
    }
}
