//! What shows that AWS runs on Java: how values are compared and turned into text, and which
//! random numbers a seed gives.

use std::cmp::Ordering;
use std::fmt::Write as _;

use serde_json::{Map, Number, Value};

use crate::limits::VALUE_DEPTH_MAX;

/// Whether two values are the same JSON value: `1` is `1.0`, the order of members means nothing.
pub(crate) fn equal(left: &Value, right: &Value) -> bool {
    let mut waiting = vec![(left, right)];
    while let Some(pair) = waiting.pop() {
        let same = match pair {
            (Value::Number(left), Value::Number(right)) => compare_numbers(left, right).is_eq(),
            (Value::Array(left), Value::Array(right)) => {
                waiting.extend(left.iter().zip(right));
                left.len() == right.len()
            }
            (Value::Object(left), Value::Object(right)) => {
                left.len() == right.len() && pair_members(left, right, &mut waiting)
            }
            (left, right) => left == right,
        };
        if !same {
            return false;
        }
    }
    true
}

/// Queues the members of two objects in pairs; false if one has no partner.
fn pair_members<'v>(
    left: &'v Map<String, Value>,
    right: &'v Map<String, Value>,
    waiting: &mut Vec<(&'v Value, &'v Value)>,
) -> bool {
    left.iter().all(|(name, value)| {
        let partner = right.get(name);
        waiting.extend(partner.map(|partner| (value, partner)));
        partner.is_some()
    })
}

/// Compares by value.
pub(crate) fn compare_numbers(left: &Number, right: &Number) -> Ordering {
    match (whole(left), whole(right)) {
        (Some(left), Some(right)) => left.cmp(&right),
        _ => float(left).partial_cmp(&float(right)).unwrap_or(Ordering::Equal),
    }
}

/// Compares as `String.compareTo` does: by UTF-16 code units.
pub(crate) fn compare_strings(left: &str, right: &str) -> Ordering {
    left.encode_utf16().cmp(right.encode_utf16())
}

/// The number as a double.
pub(crate) fn float(number: &Number) -> f64 {
    number.as_f64().unwrap_or(f64::MAX)
}

fn whole(number: &Number) -> Option<i128> {
    number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
}

/// A text that two values share exactly when they are [`equal`]; none if the value is nested too
/// deeply.
pub(crate) fn canonical(value: &Value) -> Option<String> {
    let mut text = String::new();
    write_canonical(value, VALUE_DEPTH_MAX, &mut text)?;
    Some(text)
}

fn write_canonical(value: &Value, depth_left: usize, text: &mut String) -> Option<()> {
    let deeper = depth_left.checked_sub(1)?;
    match value {
        Value::Number(number) => text.push_str(&canonical_number(number)),
        Value::Array(items) => {
            text.push('[');
            for item in items {
                write_canonical(item, deeper, text)?;
                text.push(',');
            }
            text.push(']');
        }
        Value::Object(members) => {
            let mut names: Vec<_> = members.iter().collect();
            names.sort_unstable_by_key(|(name, _)| *name);
            text.push('{');
            for (name, value) in names {
                let _ = write!(text, "{name:?}:");
                write_canonical(value, deeper, text)?;
                text.push(',');
            }
            text.push('}');
        }
        Value::Null | Value::Bool(_) | Value::String(_) => {
            let _ = write!(text, "{value}");
        }
    }
    Some(())
}

fn canonical_number(number: &Number) -> String {
    let value = float(number);
    match whole(number) {
        Some(whole) => whole.to_string(),
        // Beyond 2^53 a double is an integer too, and prints as one.
        None if value == 0.0 => "0".to_owned(),
        None => format!("{value}"),
    }
}

/// `Object.toString`: strings bare, objects as `{a=1, b=[]}`; none if the value is nested too deeply.
pub(crate) fn text(value: &Value) -> Option<String> {
    let mut text = String::new();
    write_text(value, VALUE_DEPTH_MAX, &mut text)?;
    Some(text)
}

fn write_text(value: &Value, depth_left: usize, text: &mut String) -> Option<()> {
    let deeper = depth_left.checked_sub(1)?;
    match value {
        Value::String(own) => text.push_str(own),
        Value::Number(number) => text.push_str(&number_text(number)),
        Value::Array(items) => {
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                text.push_str(if at == 0 { "" } else { ", " });
                write_text(item, deeper, text)?;
            }
            text.push(']');
        }
        Value::Object(members) => {
            text.push('{');
            for (at, (name, value)) in members.iter().enumerate() {
                let _ = write!(text, "{}{name}=", if at == 0 { "" } else { ", " });
                write_text(value, deeper, text)?;
            }
            text.push('}');
        }
        Value::Null | Value::Bool(_) => {
            let _ = write!(text, "{value}");
        }
    }
    Some(())
}

/// `Integer.toString`, `Double.toString`: the latter with an exponent from 10^7 on and below 10^-3.
pub(crate) fn number_text(number: &Number) -> String {
    if whole(number).is_some() {
        return number.to_string();
    }
    let value = float(number);
    let size = value.abs();
    if value == 0.0 || (1e-3..1e7).contains(&size) {
        return format!("{value:?}");
    }
    let text = format!("{value:E}");
    match text.split_once('E') {
        Some((digits, exponent)) if !digits.contains('.') => format!("{digits}.0E{exponent}"),
        _ => text,
    }
}

/// `java.util.Random`: a linear congruential generator of 48 bits.
#[derive(Debug)]
pub(crate) struct Random {
    state: u64,
}

const MULTIPLIER: u64 = 0x5_DEEC_E66D;
const MASK: u64 = (1 << 48) - 1;

impl Random {
    pub(crate) fn new(seed: i64) -> Self {
        Self { state: (seed.cast_unsigned() ^ MULTIPLIER) & MASK }
    }

    /// The next bits, 32 at most.
    fn next(&mut self, bits: u32) -> i64 {
        self.state = self.state.wrapping_mul(MULTIPLIER).wrapping_add(0xB) & MASK;
        i64::try_from(self.state >> (48 - bits)).unwrap_or_default()
    }

    /// A number from `from` to `to`, exclusive; both have 32 bits, and `from` is the smaller one.
    pub(crate) fn between(&mut self, from: i64, to: i64) -> i64 {
        let span = to - from;
        if span <= i64::from(i32::MAX) {
            return from + self.below(span);
        }
        // The span covers more than half of all numbers, so few are drawn in vain.
        loop {
            let bits = self.next(32);
            let number = if bits > i64::from(i32::MAX) { bits - (1 << 32) } else { bits };
            if (from..to).contains(&number) {
                return number;
            }
        }
    }

    /// `nextInt(bound)`: a number from 0 to `bound`, exclusive. The bound is from 1 to 2^31 - 1.
    fn below(&mut self, bound: i64) -> i64 {
        let mut bits = self.next(31);
        if bound & (bound - 1) == 0 {
            return (bound * bits) >> 31;
        }
        // Bits from the last, incomplete run of `bound` would favour small numbers.
        while bits - bits % bound + (bound - 1) > i64::from(i32::MAX) {
            bits = self.next(31);
        }
        bits % bound
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check_text(value: Value, expected: &str) {
        assert_eq!(text(&value).as_deref(), Some(expected));
    }

    #[test]
    fn values_print_as_java_objects_do() {
        check_text(json!("a b"), "a b");
        check_text(json!(null), "null");
        check_text(json!([true, "a", null, [], {}]), "[true, a, null, [], {}]");
        check_text(json!({"Arg1": 1, "Arg2": []}), "{Arg1=1, Arg2=[]}");
    }

    #[test]
    fn numbers_print_as_java_numbers_do() {
        check_text(json!(-7), "-7");
        check_text(json!(9_007_199_254_740_993_i64), "9007199254740993");
        check_text(json!(1.0), "1.0");
        check_text(json!(1.1), "1.1");
        check_text(json!(1e7), "1.0E7");
        check_text(json!(123_456_789.5), "1.234567895E8");
        check_text(json!(0.001), "0.001");
        check_text(json!(0.0001), "1.0E-4");
        check_text(json!(-2.5e-9), "-2.5E-9");
    }

    #[test]
    fn equality_looks_at_values_not_at_their_spelling() {
        let pairs = [
            (json!(1), json!(1.0), true),
            (json!(-0.0), json!(0), true),
            (json!(u64::MAX), json!(i64::MAX), false),
            (json!(9_007_199_254_740_993_i64), json!(9_007_199_254_740_992_i64), false),
            (json!({"a": 1, "b": [2]}), json!({"b": [2.0], "a": 1}), true),
            (json!({"a": 1}), json!({"b": 1}), false),
            (json!([1, 2]), json!([2, 1]), false),
            (json!([1]), json!([1, 1]), false),
            (json!("1"), json!(1), false),
            (json!(null), json!(false), false),
        ];
        for (left, right, expected) in pairs {
            assert_eq!(equal(&left, &right), expected, "{left} and {right}");
            let same = canonical(&left) == canonical(&right);
            assert_eq!(same, expected, "canonical {left} and {right}");
        }
    }

    #[test]
    fn strings_are_ordered_by_utf16_units() {
        // U+1F197 starts with the unit D83C, which is below U+FF01.
        assert!(compare_strings("\u{1F197}", "\u{FF01}").is_lt());
        assert!("\u{1F197}" > "\u{FF01}");
    }

    #[test]
    fn a_seed_gives_what_java_util_random_gives() {
        let first = |seed, bound| Random::new(seed).between(0, bound);
        assert_eq!(first(42, 100), 30);
        assert_eq!(first(0, 100), 60);
        assert_eq!(first(1, 100), 85);
        assert_eq!(first(42, 16), 11);
        // The first nextInt() of seed 42, which lies in this range.
        assert_eq!(Random::new(42).between(i32::MIN.into(), i32::MAX.into()), -1_170_105_035);
    }

    #[test]
    fn values_nested_too_deeply_have_no_text() {
        let deep = (0..VALUE_DEPTH_MAX).fold(json!(0), |inner, _| json!([inner]));
        assert_eq!(text(&deep), None);
        assert_eq!(canonical(&deep), None);
    }
}
