//! The functions that Step Functions adds to JSONata, and those of JSONata's own that it takes away or
//! that depend on chance or time.
//!
//! Arguments come in already evaluated. As with JSONata's own functions, an undefined argument gives
//! undefined, and a callback's surplus arguments mean nothing.

mod array;
pub(crate) mod guards;
mod hash;
mod random;
mod text;
mod time;

use std::rc::Rc;

use jsonata_core::evaluator::{Evaluator, EvaluatorError};
use jsonata_core::value::JValue;

use crate::convert::integer;
use crate::evaluation::Shared;
use crate::{EvalError, Exceeded};

/// What a function gives.
type Answer = Result<JValue, Fault>;

/// Why a function gives nothing.
pub(crate) enum Fault {
    /// An error of JSONata, code first.
    Thrown(String),
    /// The evaluation must stop.
    Exceeded(Exceeded),
    /// The stock of chance is dry: the evaluation starts over.
    Dry,
}

impl From<EvaluatorError> for Fault {
    fn from(error: EvaluatorError) -> Fault {
        Fault::Thrown(error.message().to_owned())
    }
}

impl From<EvalError> for Fault {
    fn from(error: EvalError) -> Fault {
        match error {
            EvalError::Exceeded(exceeded) => Fault::Exceeded(exceeded),
            error @ (EvalError::Undefined | EvalError::Unsupported | EvalError::Thrown { .. }) => {
                Fault::Thrown(error.to_string())
            }
        }
    }
}

type Call = fn(&Arguments<'_>, &Shared) -> Answer;

const FUNCTIONS: &[(&str, Call)] = &[
    ("eval", no_function),
    ("hash", hash::hash),
    ("millis", time::millis),
    ("now", time::now),
    ("parse", text::parse),
    ("partition", array::partition),
    ("random", random::random),
    ("range", array::range),
    ("shuffle", random::shuffle),
    ("uuid", random::uuid),
];

/// Makes those functions known that the expression mentions.
pub(crate) fn register(
    evaluator: &mut Evaluator,
    shared: &Rc<Shared>,
    mentioned: impl Fn(&str) -> bool,
) -> Result<(), EvaluatorError> {
    let all = FUNCTIONS.iter().chain(guards::FUNCTIONS);
    for (name, call) in all.filter(|(name, _)| mentioned(name)) {
        let shared = Rc::clone(shared);
        evaluator.register_fn_override(*name, move |values: &[JValue]| {
            call(&Arguments { name, values }, &shared).map_err(|fault| shared.stop(fault))
        })?;
    }
    Ok(())
}

/// `$eval`, which Step Functions does not have.
fn no_function(_: &Arguments<'_>, _: &Shared) -> Answer {
    Err(Fault::Thrown("T1006: Attempted to invoke a non-function".to_owned()))
}

/// The arguments of one call.
struct Arguments<'v> {
    name: &'static str,
    values: &'v [JValue],
}

impl<'v> Arguments<'v> {
    fn first(&self) -> &'v JValue {
        self.values.first().unwrap_or(&JValue::Undefined)
    }

    /// An argument that is there.
    fn get(&self, index: usize) -> Option<&'v JValue> {
        self.values.get(index).filter(|value| !value.is_undefined())
    }

    /// Whether one of the first `count` arguments is undefined, which makes the answer undefined;
    /// one that is not there at all is an error.
    fn has_undefined(&self, count: usize) -> Result<bool, Fault> {
        if self.values.len() < count {
            return Err(self.mismatch(self.values.len()));
        }
        Ok(self.values.iter().take(count).any(JValue::is_undefined))
    }

    /// An integer: other numbers are rounded down.
    fn integer(&self, index: usize) -> Result<i64, Fault> {
        self.get(index)
            .and_then(JValue::as_f64)
            .and_then(|number| integer(number.floor()))
            .ok_or_else(|| self.mismatch(index))
    }

    fn text(&self, index: usize) -> Result<&'v str, Fault> {
        self.get(index).and_then(JValue::as_str).ok_or_else(|| self.mismatch(index))
    }

    /// An array; anything else stands for an array of itself.
    fn items(&self, index: usize) -> &'v [JValue] {
        match self.get(index) {
            Some(JValue::Array(items)) => items,
            Some(value) => std::slice::from_ref(value),
            None => &[],
        }
    }

    fn mismatch(&self, index: usize) -> Fault {
        let number = index + 1;
        let name = self.name;
        Fault::Thrown(format!(
            "T0410: Argument {number} of function \"{name}\" does not match function signature"
        ))
    }
}
