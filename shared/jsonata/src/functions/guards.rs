//! The functions that [`guard`](crate::guard) puts into an expression: they give back what they get,
//! or stop the evaluation.

use jsonata_core::functions::string::{build_regex, extract_regex};
use jsonata_core::value::JValue;

use super::{Answer, Arguments, Fault};
use crate::Exceeded;
use crate::convert::EXACT_INTEGER_MAX;
use crate::evaluation::Shared;

/// The name of [`measured`], which no expression can spell.
pub(crate) const MEASURED: &str = "measured value";
/// The name of [`bound`].
pub(crate) const BOUND: &str = "bound of a range";
/// The functions of the prelude.
pub(crate) const OF_PRELUDE: [&str; 4] = ["_emitted", "_join_fits", "_pad_fits", "_replace_fits"];

/// How deeply an intermediate value may be nested.
const DEPTH_MAX: usize = 1_024;

/// The value, if it is not too large to be copied or written out.
pub(super) fn measured(arguments: &Arguments<'_>, shared: &Shared) -> Answer {
    let value = arguments.values.first().cloned().unwrap_or(JValue::Undefined);
    let mut left = shared.limits.intermediate_size;
    measure(&value, 0, &mut left)?;
    Ok(value)
}

/// Counts parts and characters. A part counts more the deeper it is, as indenting it takes more.
fn measure(value: &JValue, depth: usize, left: &mut usize) -> Result<(), Fault> {
    if depth > DEPTH_MAX {
        return Err(Fault::Exceeded(Exceeded::Depth));
    }
    let own = match value {
        JValue::String(text) => text.len(),
        JValue::Null
        | JValue::Bool(_)
        | JValue::Number(_)
        | JValue::Array(_)
        | JValue::Object(_)
        | JValue::Undefined
        | JValue::Lambda(_)
        | JValue::Builtin { .. }
        | JValue::Regex { .. } => 1,
    };
    spend(left, own + depth)?;
    if let JValue::Array(items) = value {
        items.iter().try_for_each(|item| measure(item, depth + 1, left))
    } else if let JValue::Object(members) = value {
        members.iter().try_for_each(|(name, member)| {
            spend(left, name.len())?;
            measure(member, depth + 1, left)
        })
    } else {
        Ok(())
    }
}

fn spend(left: &mut usize, size: usize) -> Result<(), Fault> {
    *left = left.checked_sub(size).ok_or(Fault::Exceeded(Exceeded::Memory))?;
    Ok(())
}

/// The number, if a double holds it and its neighbours exactly: beyond, a range cannot count.
pub(super) fn bound(arguments: &Arguments<'_>, _: &Shared) -> Answer {
    match arguments.values.first() {
        Some(JValue::Number(number)) if number.abs() >= EXACT_INTEGER_MAX => {
            Err(Fault::Thrown(format!("D2014: The bound {number} of a range is too large")))
        }
        value => Ok(value.cloned().unwrap_or(JValue::Undefined)),
    }
}

/// Checks the size of `$join(texts, separator)`.
pub(super) fn join_fits(arguments: &Arguments<'_>, shared: &Shared) -> Answer {
    let separator = length(arguments.get(1));
    let texts = arguments.items(0).iter();
    fits(texts.map(|text| length(Some(text)).saturating_add(separator)), shared)
}

/// Checks the size of a text padded to a width.
pub(super) fn pad_fits(arguments: &Arguments<'_>, shared: &Shared) -> Answer {
    let width = arguments.get(0).and_then(JValue::as_f64).unwrap_or(0.0).abs();
    let max = f64::from(u32::try_from(shared.limits.intermediate_size).unwrap_or(u32::MAX));
    if width > max { Err(Fault::Exceeded(Exceeded::Memory)) } else { Ok(JValue::Undefined) }
}

/// Checks the size of `$replace(text, pattern, by)` where `by` is a text: it may hold `$1` and the
/// like, each of which may stand for all that was matched.
pub(super) fn replace_fits(arguments: &Arguments<'_>, shared: &Shared) -> Answer {
    let (Some(JValue::String(text)), Some(JValue::String(by))) =
        (arguments.get(0), arguments.get(2))
    else {
        return Ok(JValue::Undefined);
    };
    let matches = match arguments.get(1) {
        Some(JValue::String(pattern)) if !pattern.is_empty() => text.matches(&**pattern).count(),
        Some(pattern) => match extract_regex(pattern) {
            Some((pattern, flags)) => match build_regex(&pattern, &flags) {
                Ok(regex) => regex.find_iter(text).count(),
                Err(_) => 0, // reported by the function itself
            },
            None => text.len() + 1,
        },
        None => 0,
    };
    let groups = by.matches('$').count();
    fits([matches.saturating_mul(by.len()), groups.saturating_mul(text.len()), text.len()], shared)
}

/// Counts what a function puts into a text, over the whole evaluation.
pub(super) fn emitted(arguments: &Arguments<'_>, shared: &Shared) -> Answer {
    let value = arguments.values.first().cloned().unwrap_or(JValue::Undefined);
    let total = shared.emitted.get().saturating_add(length(Some(&value)));
    shared.emitted.set(total);
    fits([total], shared)?;
    Ok(value)
}

fn length(value: Option<&JValue>) -> usize {
    value.and_then(JValue::as_str).map_or(0, str::len)
}

fn fits(sizes: impl IntoIterator<Item = usize>, shared: &Shared) -> Answer {
    let mut left = shared.limits.intermediate_size;
    sizes.into_iter().try_for_each(|size| spend(&mut left, size))?;
    Ok(JValue::Undefined)
}
