//! The functions on numbers, and how other functions read theirs.

use serde_json::Value;

use super::function::Arguments;
use crate::java::Random;
use crate::scope::Chance;

/// A number cut off at its point, as AWS reads sizes, indexes and bounds.
pub(super) fn integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| whole(value.as_f64()?.trunc()))
}

/// An [`integer`] of 32 bits.
pub(super) fn small_integer(value: &Value) -> Option<i64> {
    integer(value).filter(|number| i32::try_from(*number).is_ok())
}

/// A double without fraction as an integer, if doubles still count by ones there.
fn whole(number: f64) -> Option<i64> {
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "within the range where it is exact")]
    (number.abs() <= EXACT_MAX).then_some(number as i64)
}

/// `States.MathAdd(a, b)`: each is rounded, halves up; numbers and sum have 32 bits.
pub(super) fn add(arguments: &Arguments<'_>) -> Option<Value> {
    let [left, right] = arguments else { return None };
    let sum = i32::try_from(rounded(left)?).ok()?.checked_add(i32::try_from(rounded(right)?).ok()?);
    sum.map(Value::from)
}

fn rounded(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| whole((value.as_f64()? + 0.5).floor()))
}

/// `States.MathRandom(from, to[, seed])`: `to` is excluded. A seed gives the number that
/// `java.util.Random` starts with.
pub(super) fn random(arguments: &Arguments<'_>, chance: &mut dyn Chance) -> Option<Value> {
    let (from, to, seed) = match arguments {
        [from, to] => (from, to, None),
        [from, to, seed] => (from, to, Some(integer(seed)?)),
        _ => return None,
    };
    let (from, to) = (small_integer(from)?, small_integer(to)?);
    if from >= to {
        return None;
    }
    let number = match seed {
        Some(seed) => Random::new(seed).between(from, to),
        None => from + share(chance.unit(), to - from),
    };
    Some(number.into())
}

/// The number below `span` that a share from 0 to 1 falls on.
fn share(unit: f64, span: i64) -> i64 {
    #[expect(clippy::cast_precision_loss, reason = "a span of 32 bits is exact")]
    let scaled = unit.clamp(0.0, 1.0) * span as f64;
    whole(scaled.floor()).unwrap_or_default().min(span - 1)
}
