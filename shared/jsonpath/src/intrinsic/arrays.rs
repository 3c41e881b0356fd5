//! The functions on arrays.

use std::collections::BTreeSet;

use serde_json::Value;

use super::function::Arguments;
use super::numbers::{integer, small_integer};
use crate::java::{canonical, equal};
use crate::limits::RANGE_ELEMENTS_MAX;

/// `States.ArrayPartition(array, size)`: the last chunk may be shorter.
pub(super) fn partition(arguments: &Arguments<'_>) -> Option<Value> {
    let [array, size] = arguments else { return None };
    let size = usize::try_from(integer(size)?).ok().filter(|size| *size > 0)?;
    Some(array.as_array()?.chunks(size).map(<[Value]>::to_vec).collect())
}

/// `States.ArrayContains(array, value)`
pub(super) fn contains(arguments: &Arguments<'_>) -> Option<Value> {
    let [array, wanted] = arguments else { return None };
    Some(array.as_array()?.iter().any(|item| equal(item, wanted)).into())
}

/// `States.ArrayRange(first, last, step)`: the last is included if the steps hit it.
pub(super) fn range(arguments: &Arguments<'_>) -> Option<Value> {
    let [first, last, step] = arguments else { return None };
    let (first, last, step) = (small_integer(first)?, small_integer(last)?, small_integer(step)?);
    let distance = (last - first).checked_div(step)?;
    let is_empty = (last - first).signum() * step.signum() < 0;
    let count = if is_empty { 0 } else { distance + 1 };
    (count <= RANGE_ELEMENTS_MAX).then(|| (0..count).map(|at| first + at * step).collect())
}

/// `States.ArrayGetItem(array, index)`. AWS answers null for any index into an empty array.
pub(super) fn get_item(arguments: &Arguments<'_>) -> Option<Value> {
    let [array, index] = arguments else { return None };
    let (array, index) = (array.as_array()?, usize::try_from(integer(index)?).ok()?);
    if array.is_empty() {
        return Some(Value::Null);
    }
    array.get(index).cloned()
}

/// `States.ArrayLength(array)`
pub(super) fn length(arguments: &Arguments<'_>) -> Option<Value> {
    let [array] = arguments else { return None };
    Some(array.as_array()?.len().into())
}

/// `States.ArrayUnique(array)`: the first of each stays, in order.
pub(super) fn unique(arguments: &Arguments<'_>) -> Option<Value> {
    let [array] = arguments else { return None };
    let mut seen = BTreeSet::new();
    let mut unique = Vec::new();
    for item in array.as_array()? {
        if seen.insert(canonical(item)?) {
            unique.push(item.clone());
        }
    }
    Some(Value::Array(unique))
}
