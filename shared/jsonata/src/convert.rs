//! Values on their way into the library and out of it.
//!
//! The library counts in doubles. [`Digits`] remembers the integers that a double cannot hold, so that
//! those which pass through unchanged leave as they came. Both directions bound the depth, and leaving
//! bounds the size as well: an expression can share one value in so many places that it is far larger
//! as text than it is in memory.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use jsonata_core::value::{JArray, JMap, JValue};
use serde_json::{Map, Number, Value};

use crate::limits::VALUE_DEPTH_MAX;
use crate::{EvalError, Exceeded};

/// 2^53: up to here a double holds every integer.
pub(crate) const EXACT_INTEGER_MAX: f64 = 9_007_199_254_740_992.0;

/// What each part of a value counts besides its text, in bytes.
const PART: usize = 8;

/// The integers that lost digits on their way in, by the double that stands for them; none where two
/// of them share one.
#[derive(Debug, Default)]
pub(crate) struct Digits(RefCell<BTreeMap<u64, Option<Number>>>);

impl Digits {
    fn remember(&self, number: &Number, double: f64) {
        if double.abs() < EXACT_INTEGER_MAX || number.is_f64() {
            return;
        }
        let mut known = self.0.borrow_mut();
        let kept = known.entry(double.to_bits()).or_insert_with(|| Some(number.clone()));
        if kept.as_ref().is_some_and(|kept| kept != number) {
            *kept = None;
        }
    }

    fn recall(&self, double: f64) -> Option<Number> {
        self.0.borrow().get(&double.to_bits()).cloned().flatten()
    }
}

/// How much of a result may still be written.
#[derive(Debug)]
pub(crate) struct Budget(usize);

impl Budget {
    pub(crate) fn new(bytes: usize) -> Budget {
        Budget(bytes)
    }

    fn spend(&mut self, bytes: usize) -> Result<(), EvalError> {
        self.0 = self.0.checked_sub(bytes).ok_or(EvalError::Exceeded(Exceeded::Memory))?;
        Ok(())
    }

    /// Copies a value that needs no evaluation, under the same bounds as a result.
    pub(crate) fn copy(&mut self, value: &Value) -> Result<Value, EvalError> {
        self.charge(value, VALUE_DEPTH_MAX)?;
        Ok(value.clone())
    }

    fn charge(&mut self, value: &Value, depth_left: usize) -> Result<(), EvalError> {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => self.spend(PART),
            Value::String(text) => self.spend(PART + text.len()),
            Value::Array(items) => {
                let depth_left = deeper(depth_left)?;
                self.spend(PART)?;
                items.iter().try_for_each(|item| self.charge(item, depth_left))
            }
            Value::Object(members) => {
                let depth_left = deeper(depth_left)?;
                self.spend(PART)?;
                members.iter().try_for_each(|(name, value)| {
                    self.spend(name.len())?;
                    self.charge(value, depth_left)
                })
            }
        }
    }
}

/// Brings a value in.
pub(crate) fn enter(value: &Value, digits: &Digits) -> Result<JValue, EvalError> {
    enter_at(value, digits, VALUE_DEPTH_MAX)
}

/// Brings a value in that stands within another.
pub(crate) fn enter_at(
    value: &Value,
    digits: &Digits,
    depth_left: usize,
) -> Result<JValue, EvalError> {
    Ok(match value {
        Value::Null => JValue::Null,
        Value::Bool(flag) => JValue::Bool(*flag),
        Value::Number(number) => {
            let double = number.as_f64().unwrap_or(f64::NAN);
            digits.remember(number, double);
            JValue::Number(double)
        }
        Value::String(text) => JValue::string(text.as_str()),
        Value::Array(items) => {
            let depth_left = deeper(depth_left)?;
            let flat = !items.iter().any(Value::is_array);
            let items: Result<Vec<_>, _> =
                items.iter().map(|item| enter_at(item, digits, depth_left)).collect();
            JValue::Array(JArray::new_flat(items?, flat))
        }
        Value::Object(members) => {
            let depth_left = deeper(depth_left)?;
            let members: Result<JMap, EvalError> = members
                .iter()
                .map(|(name, value)| Ok((name.clone(), enter_at(value, digits, depth_left)?)))
                .collect();
            JValue::Object(Rc::new(members?))
        }
    })
}

/// Takes a result out.
pub(crate) fn leave(
    value: &JValue,
    digits: &Digits,
    budget: &mut Budget,
) -> Result<Value, EvalError> {
    leave_at(value, digits, budget, VALUE_DEPTH_MAX)
}

fn leave_at(
    value: &JValue,
    digits: &Digits,
    budget: &mut Budget,
    depth_left: usize,
) -> Result<Value, EvalError> {
    match value {
        JValue::Undefined => Err(EvalError::Undefined),
        JValue::Lambda(_) | JValue::Builtin { .. } | JValue::Regex { .. } => {
            Err(EvalError::Unsupported)
        }
        JValue::Null => budget.spend(PART).map(|()| Value::Null),
        JValue::Bool(flag) => budget.spend(PART).map(|()| Value::Bool(*flag)),
        JValue::Number(double) => {
            budget.spend(PART)?;
            leave_number(*double, digits)
        }
        JValue::String(text) => {
            budget.spend(PART + text.len())?;
            Ok(Value::String(text.to_string()))
        }
        JValue::Array(items) => {
            let depth_left = deeper(depth_left)?;
            budget.spend(PART)?;
            let items: Result<Vec<_>, _> = items
                .iter()
                .filter(|item| !item.is_undefined())
                .map(|item| leave_at(item, digits, budget, depth_left))
                .collect();
            items.map(Value::Array)
        }
        JValue::Object(members) => {
            let depth_left = deeper(depth_left)?;
            budget.spend(PART)?;
            let mut left = Map::new();
            for (name, member) in members.iter().filter(|(_, member)| !member.is_undefined()) {
                budget.spend(name.len())?;
                left.insert(name.clone(), leave_at(member, digits, budget, depth_left)?);
            }
            Ok(Value::Object(left))
        }
    }
}

/// Integers leave as integers (`2`, not `2.0`), as JavaScript writes them.
fn leave_number(double: f64, digits: &Digits) -> Result<Value, EvalError> {
    if let Some(number) = digits.recall(double) {
        return Ok(Value::Number(number));
    }
    match integer(double) {
        Some(integer) => Ok(Value::Number(integer.into())),
        None => Number::from_f64(double).map(Value::Number).ok_or_else(|| out_of_range(double)),
    }
}

fn out_of_range(double: f64) -> EvalError {
    let shown = match double {
        f64::INFINITY => "Infinity",
        f64::NEG_INFINITY => "-Infinity",
        _ => "NaN",
    };
    EvalError::thrown(&format!("D1001: Number out of range: {shown}"))
}

/// The double as an integer, if it is one that an `i64` holds.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked: the cast is exact")]
pub(crate) fn integer(double: f64) -> Option<i64> {
    const RANGE: f64 = 9_223_372_036_854_775_808.0; // 2^63
    (double.fract() == 0.0 && (-RANGE..RANGE).contains(&double)).then_some(double as i64)
}

pub(crate) fn deeper(depth_left: usize) -> Result<usize, EvalError> {
    depth_left.checked_sub(1).ok_or(EvalError::Exceeded(Exceeded::Depth))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_come_out_as_they_went_in() {
        check("2", "2");
        check("-0.5", "-0.5");
        check("9007199254740993", "9007199254740993");
        check("-9007199254740993", "-9007199254740993");
        check("18446744073709551615", "18446744073709551615");
        check("[9223372036854775807, 1e300]", "[9223372036854775807,1e+300]");
        check("90.57000000000001", "90.57000000000001");
    }

    #[test]
    fn a_whole_number_is_written_as_an_integer() {
        check("2.0", "2");
        check("-0.0", "0");
        check("1e3", "1000");
    }

    #[test]
    fn digits_that_two_numbers_share_are_not_guessed() {
        check("[9007199254740993, 9007199254740992]", "[9007199254740992,9007199254740992]");
    }

    #[test]
    fn members_keep_their_order() {
        check(r#"{"b":[],"a":{"z":null,"y":true}}"#, r#"{"b":[],"a":{"z":null,"y":true}}"#);
    }

    #[test]
    fn depth_is_bounded_on_both_ways() {
        let nested = |depth: usize| (0..depth).fold(json!(1), |inner, _| json!([inner]));
        let deep = Err(EvalError::Exceeded(Exceeded::Depth));
        let digits = Digits::default();
        assert!(enter(&nested(VALUE_DEPTH_MAX), &digits).is_ok());
        assert_eq!(enter(&nested(VALUE_DEPTH_MAX + 1), &digits), deep);

        let inside = (0..100_000).fold(JValue::Null, |inner, _| JValue::array(vec![inner]));
        assert_eq!(leave(&inside, &digits, &mut Budget::new(1_000_000)), deep_value());
    }

    #[test]
    fn a_value_shared_many_times_is_stopped_by_its_size() {
        let bomb = (0..60).fold(JValue::Null, |inner, _| JValue::array(vec![inner.clone(), inner]));
        assert_eq!(
            leave(&bomb, &Digits::default(), &mut Budget::new(1_000_000)),
            Err(EvalError::Exceeded(Exceeded::Memory))
        );
    }

    fn deep_value() -> Result<Value, EvalError> {
        Err(EvalError::Exceeded(Exceeded::Depth))
    }

    fn check(text: &str, expected: &str) {
        let value: Value = serde_json::from_str(text).unwrap();
        let digits = Digits::default();
        let inside = enter(&value, &digits).unwrap();
        let left = leave(&inside, &digits, &mut Budget::new(1_000_000)).unwrap();
        assert_eq!(left.to_string(), expected);
    }
}
