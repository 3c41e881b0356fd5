//! The functions that [`guard`](crate::guard) puts into an expression. Those that measure and count
//! give back what they get, or stop the evaluation; no expression can spell their names.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use jsonata_core::functions::string::{build_regex, extract_regex};
use jsonata_core::value::JValue;

use super::{Answer, Arguments, Call, Fault};
use crate::Exceeded;
use crate::convert::EXACT_INTEGER_MAX;
use crate::evaluation::Shared;

/// The name of the function that measures a value.
pub(crate) const MEASURED: &str = "guard: measured";
/// The name of the function that counts what is made.
pub(crate) const COUNTED: &str = "guard: counted";
/// The name of the function that counts what a step of a join gives.
pub(crate) const COUNTED_JOIN: &str = "guard: counted join";
/// The name of the function that checks a bound of a range.
pub(crate) const BOUND: &str = "guard: bound";
/// What the names of the prelude's functions start with.
pub(crate) const PRELUDE_MARK: &str = "guard: ";

pub(super) const FUNCTIONS: &[(&str, Call)] = &[
    (MEASURED, measured),
    (COUNTED, counted),
    (COUNTED_JOIN, counted_join),
    (BOUND, bound),
    ("guard: DISTINCT", distinct),
    ("guard: EMITTED", emitted),
    ("guard: JOIN_FITS", join_fits),
    ("guard: MATCH_FITS", match_fits),
    ("guard: NUMERAL_FITS", numeral_fits),
    ("guard: PAD_FITS", pad_fits),
    ("guard: PICTURE_FITS", picture_fits),
    ("guard: REPLACE_FITS", replace_fits),
    ("guard: SPLIT_FITS", split_fits),
];

/// Whether a name is that of a function of this module.
pub(crate) fn is_guard(name: &str) -> bool {
    name.starts_with(PRELUDE_MARK)
}

/// How deeply an intermediate value may be nested.
const DEPTH_MAX: usize = 1_024;
/// The largest number that may become a Roman numeral: it takes a letter for every thousand.
const NUMERAL_MAX: f64 = 1_000_000.0;
/// The widest part of a formatted date.
const PICTURE_WIDTH_MAX: usize = 1_000;
/// About what an item of an array takes in memory, in bytes; so does a member of an object.
const ITEM_BYTES: usize = 32;
/// About what a text takes besides its characters.
const TEXT_BYTES: usize = 48;
/// About what an object takes besides its members, and each of them besides its value.
const OBJECT_BYTES: usize = 96;
/// About what a match takes: an object with a text, an index and groups.
const MATCH_BYTES: usize = 512;
/// About what a combination of values takes that a join makes.
const COMBINATION_BYTES: usize = 1_024;

/// The value, if it is not too large to be copied or written out.
fn measured(arguments: &Arguments<'_>, shared: &Shared) -> Answer {
    let mut left = shared.limits.intermediate_size;
    measure(arguments.first(), 0, &mut left)?;
    Ok(arguments.first().clone())
}

/// Counts parts and characters. A part counts more the deeper it is, as indenting it takes more.
fn measure(value: &JValue, depth: usize, left: &mut usize) -> Result<(), Fault> {
    if depth > DEPTH_MAX {
        return Err(Fault::Exceeded(Exceeded::Depth));
    }
    let own = value.as_str().map_or(1, str::len);
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

/// Counts what the value takes by itself: of an array its items, whose characters and parts it may
/// share with others.
fn counted(arguments: &Arguments<'_>, shared: &Shared) -> Answer {
    let value = arguments.first();
    let bytes = match value.as_array() {
        Some(items) => items.iter().map(item_bytes).sum(),
        None => length(Some(value)).saturating_add(item_bytes(value)),
    };
    shared.made(bytes)?;
    Ok(value.clone())
}

fn item_bytes(item: &JValue) -> usize {
    if let JValue::String(_) = item {
        ITEM_BYTES + TEXT_BYTES
    } else if let JValue::Object(members) = item {
        members.len().saturating_mul(ITEM_BYTES + OBJECT_BYTES) + OBJECT_BYTES
    } else {
        ITEM_BYTES
    }
}

fn counted_join(arguments: &Arguments<'_>, shared: &Shared) -> Answer {
    let value = arguments.first();
    let combinations = value.as_array().map_or(1, Vec::len);
    shared.made(combinations.saturating_mul(COMBINATION_BYTES))?;
    Ok(value.clone())
}

/// The number, if a double holds it and its neighbours exactly: beyond, a range cannot count.
fn bound(arguments: &Arguments<'_>, _: &Shared) -> Answer {
    let value = arguments.first();
    if let Some(number) = value.as_f64().filter(|number| number.abs() >= EXACT_INTEGER_MAX) {
        return Err(Fault::Thrown(format!("D2014: The bound {number:e} of a range is too large")));
    }
    Ok(value.clone())
}

/// `$distinct(items)`, which is JSONata's own but for the time it takes: that grows with the number of
/// items, not with its square.
fn distinct(arguments: &Arguments<'_>, shared: &Shared) -> Answer {
    let mut left = shared.limits.intermediate_size;
    measure(arguments.first(), 0, &mut left)?;
    let JValue::Array(items) = arguments.first() else { return Ok(arguments.first().clone()) };
    let mut seen = BTreeSet::new();
    let mut different = Vec::new();
    for item in items {
        let mut text = String::new();
        write_identity(item, different.len(), &mut text);
        if seen.insert(text) {
            different.push(item.clone());
        }
    }
    Ok(JValue::Array(if items.len() > 1 && items.sequence {
        items.with_items(different)
    } else if items.len() > 1 {
        different.into()
    } else {
        items.clone()
    }))
}

/// Writes a text that two values share exactly when they are equal; a function equals nothing.
fn write_identity(value: &JValue, unique: usize, text: &mut String) {
    let _ = match value {
        JValue::Null => write!(text, "null"),
        JValue::Bool(flag) => write!(text, "{flag}"),
        JValue::Number(number) => write!(text, "{}", number + 0.0), // 0, not -0
        JValue::String(string) => write!(text, "{string:?}"),
        JValue::Array(items) => {
            text.push('[');
            for item in items {
                write_identity(item, unique, text);
                text.push(',');
            }
            write!(text, "]")
        }
        JValue::Object(members) => {
            let mut names: Vec<_> = members.iter().collect();
            names.sort_unstable_by_key(|(name, _)| *name);
            text.push('{');
            for (name, member) in names {
                let _ = write!(text, "{name:?}:");
                write_identity(member, unique, text);
                text.push(',');
            }
            write!(text, "}}")
        }
        JValue::Undefined | JValue::Lambda(_) | JValue::Builtin { .. } | JValue::Regex { .. } => {
            write!(text, "function {unique}")
        }
    };
}

/// Checks the size of `$join(texts, separator)`.
fn join_fits(arguments: &Arguments<'_>, shared: &Shared) -> Answer {
    let separator = length(arguments.get(1));
    let texts = arguments.items(0).iter();
    fits(texts.map(|text| length(Some(text)).saturating_add(separator)), shared)
}

/// Checks a number that may become a Roman numeral.
fn numeral_fits(arguments: &Arguments<'_>, shared: &Shared) -> Answer {
    let number = arguments.get(0).and_then(JValue::as_f64).unwrap_or(0.0);
    let picture = arguments.get(1).and_then(JValue::as_str).unwrap_or_default();
    if number.abs() > NUMERAL_MAX && picture.starts_with(['i', 'I']) {
        return Err(Fault::Exceeded(Exceeded::Memory));
    }
    fits([length(arguments.get(1))], shared)
}

/// Checks the size of a text padded to a width.
fn pad_fits(arguments: &Arguments<'_>, shared: &Shared) -> Answer {
    let width = arguments.get(0).and_then(JValue::as_f64).unwrap_or(0.0).abs();
    let max = f64::from(u32::try_from(shared.limits.intermediate_size).unwrap_or(u32::MAX));
    if width > max { Err(Fault::Exceeded(Exceeded::Memory)) } else { Ok(JValue::Undefined) }
}

fn picture_fits(arguments: &Arguments<'_>, _: &Shared) -> Answer {
    match arguments.get(0).and_then(JValue::as_str) {
        Some(picture) => check_picture(picture).map(|()| JValue::Undefined),
        None => Ok(JValue::Undefined),
    }
}

/// Checks the widths in the picture of a date: the numbers after a comma, as in `[M01,2-4]`.
pub(super) fn check_picture(picture: &str) -> Result<(), Fault> {
    for part in picture.split(',').skip(1) {
        let widths = part.split(']').next().unwrap_or_default();
        for width in widths.split(|letter: char| !letter.is_ascii_digit()) {
            let too_wide =
                width.parse::<usize>().map_or(!width.is_empty(), |width| width > PICTURE_WIDTH_MAX);
            if too_wide {
                return Err(Fault::Exceeded(Exceeded::Memory));
            }
        }
    }
    Ok(())
}

/// Checks the size of `$replace(text, pattern, by)` where `by` is a text: it may hold `$1` and the
/// like, each of which may stand for all that was matched.
fn replace_fits(arguments: &Arguments<'_>, shared: &Shared) -> Answer {
    let (Some(JValue::String(text)), Some(JValue::String(by))) =
        (arguments.get(0), arguments.get(2))
    else {
        return Ok(JValue::Undefined);
    };
    let matches = match arguments.get(1) {
        Some(JValue::String(pattern)) if pattern.is_empty() => 0, // refused by the function itself
        _ => matches(arguments),
    };
    let groups = by.matches('$').count();
    fits([matches.saturating_mul(by.len()), groups.saturating_mul(text.len()), text.len()], shared)
}

/// Checks how many parts `$split(text, separator, limit)` makes.
fn split_fits(arguments: &Arguments<'_>, shared: &Shared) -> Answer {
    makes(limited_matches(arguments).saturating_mul(ITEM_BYTES + TEXT_BYTES), shared)
}

/// Checks how many objects `$match(text, pattern, limit)` makes.
fn match_fits(arguments: &Arguments<'_>, shared: &Shared) -> Answer {
    makes(limited_matches(arguments).saturating_mul(MATCH_BYTES), shared)
}

/// How often the second argument is found in the first, as far as the third lets anyone look.
fn limited_matches(arguments: &Arguments<'_>) -> usize {
    let limit = arguments.integer(2).ok().and_then(|limit| usize::try_from(limit).ok());
    matches(arguments).min(limit.unwrap_or(usize::MAX))
}

/// How often the second argument is found in the first.
fn matches(arguments: &Arguments<'_>) -> usize {
    let Some(JValue::String(text)) = arguments.get(0) else { return 0 };
    match arguments.get(1) {
        Some(JValue::String(pattern)) => text.matches(&**pattern).count(),
        Some(pattern) => match extract_regex(pattern) {
            Some((pattern, flags)) => match build_regex(&pattern, &flags) {
                Ok(regex) => regex.find_iter(text).count(),
                Err(_) => 0, // reported by the function itself
            },
            None => text.len() + 1,
        },
        None => 0,
    }
}

/// Counts what a function given to `$replace` puts into the text.
fn emitted(arguments: &Arguments<'_>, shared: &Shared) -> Answer {
    let value = arguments.first();
    let total = shared.emitted.get().saturating_add(length(Some(value)));
    shared.emitted.set(total);
    fits([total], shared)?;
    Ok(value.clone())
}

fn length(value: Option<&JValue>) -> usize {
    value.and_then(JValue::as_str).map_or(0, str::len)
}

fn spend(left: &mut usize, size: usize) -> Result<(), Fault> {
    *left = left.checked_sub(size).ok_or(Fault::Exceeded(Exceeded::Memory))?;
    Ok(())
}

/// Checks the bytes that a function is about to make.
fn makes(bytes: usize, shared: &Shared) -> Answer {
    if bytes > shared.limits.total_bytes {
        return Err(Fault::Exceeded(Exceeded::Memory));
    }
    Ok(JValue::Undefined)
}

fn fits(sizes: impl IntoIterator<Item = usize>, shared: &Shared) -> Answer {
    let mut left = shared.limits.intermediate_size;
    sizes.into_iter().try_for_each(|size| spend(&mut left, size))?;
    Ok(JValue::Undefined)
}
