//! `$partition` and `$range`.

use jsonata_core::value::JValue;

use super::{Answer, Arguments, Fault};
use crate::evaluation::Shared;
use crate::limits::RANGE_ELEMENTS_MAX;

/// `$partition(array, size)`: the array in pieces of that size, the last one perhaps smaller.
pub(super) fn partition(arguments: &Arguments<'_>, _: &Shared) -> Answer {
    if arguments.has_undefined(2)? {
        return Ok(JValue::Undefined);
    }
    let size = usize::try_from(arguments.integer(1)?).ok().filter(|size| *size > 0);
    let size = size.ok_or_else(|| {
        Fault::Thrown("$partition: the size of a partition must be greater than 0".to_owned())
    })?;
    let pieces = arguments.items(0).chunks(size);
    Ok(JValue::array(pieces.map(|piece| JValue::array(piece.to_vec())).collect()))
}

/// `$range(first, last, step)`: the numbers from the first up (or down) to the last, both included.
pub(super) fn range(arguments: &Arguments<'_>, _: &Shared) -> Answer {
    if arguments.has_undefined(3)? {
        return Ok(JValue::Undefined);
    }
    let (first, last) = (arguments.integer(0)?, arguments.integer(1)?);
    let step = arguments.integer(2)?;
    if step == 0 {
        return Err(Fault::Thrown("$range: the step must not be 0".to_owned()));
    }
    let count = (i128::from(last) - i128::from(first)) / i128::from(step) + 1;
    let backwards = (last < first) != (step < 0) && last != first;
    if !backwards && count > RANGE_ELEMENTS_MAX as i128 {
        return Err(Fault::Thrown(format!(
            "$range: the array would have more than {RANGE_ELEMENTS_MAX} elements"
        )));
    }
    let next = |number: &i64| number.checked_add(step).filter(|next| within(*next, last, step));
    let start = (!backwards).then_some(first);
    Ok(JValue::array(std::iter::successors(start, next).map(JValue::from_i64).collect()))
}

fn within(number: i64, last: i64, step: i64) -> bool {
    if step > 0 { number <= last } else { number >= last }
}
