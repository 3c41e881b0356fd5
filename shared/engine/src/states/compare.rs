//! The comparison operators of Choice.

use crate::fault::Fault;
use crate::flow::parse_timestamp;
use baton_asl::states::{Comparison, Operand, Relation, StringPattern, Test};
use baton_jsonpath::{Path, PathError, Scope, Selected};
use serde_json::{Number, Value};
use std::borrow::Cow;
use std::cmp::Ordering;

/// Whether a test holds. Later parts of `And` and `Or` are looked at only if they matter. The parser bounds the depth.
pub(crate) fn holds(test: &Test, scope: &Scope<'_>) -> Result<bool, Fault> {
    match test {
        Test::And(tests) => {
            for test in tests {
                if !holds(test, scope)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        Test::Or(tests) => {
            for test in tests {
                if holds(test, scope)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Test::Not(test) => Ok(!holds(test, scope)?),
        Test::Compare { variable, comparison: Comparison::IsPresent(wanted) } => {
            Ok(is_present(variable, scope) == *wanted)
        }
        Test::Compare { variable, comparison } => {
            let value = value(variable, scope)?;
            compare(&value, comparison, scope)
        }
    }
}

fn is_present(path: &Path, scope: &Scope<'_>) -> bool {
    match path.select(scope) {
        Ok(Selected::Many(values)) => !values.is_empty(),
        Ok(Selected::Outside) | Err(_) => false,
        Ok(Selected::One(_) | Selected::Computed(_)) => true,
    }
}

fn value<'a>(path: &Path, scope: &Scope<'a>) -> Result<Cow<'a, Value>, Fault> {
    path.select(scope).map(|selected| selected.as_value()).map_err(|reason| invalid(path, &reason))
}

fn invalid(path: &Path, reason: &PathError) -> Fault {
    Fault::runtime(format!(
        "Invalid path '{}': The choice state's condition path references an invalid value. {reason}",
        path.text()
    ))
}

/// A value of another type than the operator's makes it false, without an error.
fn compare(value: &Value, comparison: &Comparison, scope: &Scope<'_>) -> Result<bool, Fault> {
    Ok(match comparison {
        Comparison::String(relation, right) => {
            let right = operand(right, scope, |value| value.as_str().map(str::to_owned))?;
            related(
                *relation,
                value.as_str().zip(right.as_deref()).map(|(left, right)| by_code_unit(left, right)),
            )
        }
        Comparison::Numeric(relation, right) => {
            let right = operand(right, scope, |value| value.as_number().cloned())?;
            let left = value.as_number();
            related(
                *relation,
                left.zip(right.as_ref()).and_then(|(left, right)| by_number(left, right)),
            )
        }
        Comparison::Boolean(right) => {
            let right = operand(right, scope, Value::as_bool)?;
            value.as_bool().is_some_and(|left| Some(left) == right)
        }
        Comparison::Timestamp(relation, right) => {
            let right = operand(right, scope, |value| value.as_str().and_then(parse_timestamp))?;
            let left = value.as_str().and_then(parse_timestamp);
            related(*relation, left.zip(right).map(|(left, right)| left.cmp(&right)))
        }
        Comparison::StringMatches(pattern) => {
            value.as_str().is_some_and(|text| matches(pattern, text))
        }
        Comparison::IsNull(wanted) => value.is_null() == *wanted,
        Comparison::IsPresent(wanted) => *wanted,
        Comparison::IsNumeric(wanted) => value.is_number() == *wanted,
        Comparison::IsString(wanted) => value.is_string() == *wanted,
        Comparison::IsBoolean(wanted) => value.is_boolean() == *wanted,
        Comparison::IsTimestamp(wanted) => {
            value.as_str().and_then(parse_timestamp).is_some() == *wanted
        }
    })
}

fn operand<T: Clone>(
    operand: &Operand<T>,
    scope: &Scope<'_>,
    read: impl FnOnce(&Value) -> Option<T>,
) -> Result<Option<T>, Fault> {
    match operand {
        Operand::Literal(literal) => Ok(Some(literal.clone())),
        Operand::Path(path) => {
            let value = value(path, scope)?;
            Ok(read(&value))
        }
    }
}

fn related(relation: Relation, ordering: Option<Ordering>) -> bool {
    let Some(ordering) = ordering else { return false };
    match relation {
        Relation::Equals => ordering.is_eq(),
        Relation::LessThan => ordering.is_lt(),
        Relation::GreaterThan => ordering.is_gt(),
        Relation::LessThanEquals => ordering.is_le(),
        Relation::GreaterThanEquals => ordering.is_ge(),
    }
}

fn by_code_unit(left: &str, right: &str) -> Ordering {
    left.encode_utf16().cmp(right.encode_utf16())
}

/// Integers exactly, anything else as floating point.
fn by_number(left: &Number, right: &Number) -> Option<Ordering> {
    match (left.as_i128(), right.as_i128()) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}

/// Whether the pieces occur in order, the first at the start and the last at the end. Linear: each piece is
/// looked for once, from where the one before it ended.
fn matches(pattern: &StringPattern, text: &str) -> bool {
    let Some((first, rest)) = pattern.pieces.split_first() else { return false };
    let Some((last, middle)) = rest.split_last() else { return text == first };
    let Some(mut text) = text.strip_prefix(first.as_str()) else { return false };
    for piece in middle {
        let Some((_, after)) = text.split_once(piece.as_str()) else { return false };
        text = after;
    }
    text.ends_with(last.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        let check = |pieces: &[&str], text: &str| {
            let pieces = pieces.iter().map(|piece| (*piece).to_owned()).collect();
            matches(&StringPattern { pieces }, text)
        };
        assert!(check(&["log-", ".txt"], "log-1.txt"));
        assert!(check(&["log-", ".txt"], "log-.txt"));
        assert!(check(&["", "b", ""], "abc"));
        assert!(check(&["a"], "a"));
        assert!(!check(&["a"], "ab"));
        assert!(!check(&["ab", "bc"], "abc"));
        assert!(!check(&["a", "x", "c"], "abc"));
    }

    #[test]
    fn numbers_compare_by_value() {
        let check =
            |left: &str, right: &str| by_number(&left.parse().unwrap(), &right.parse().unwrap());
        assert_eq!(check("1", "1.0"), Some(Ordering::Equal));
        assert_eq!(check("9007199254740993", "9007199254740992"), Some(Ordering::Greater));
        assert_eq!(check("-1", "0.5"), Some(Ordering::Less));
    }
}
