//! `$random`, `$uuid` and `$shuffle`: the functions of chance.

use jsonata_core::value::JValue;

use super::{Answer, Arguments, Fault};
use crate::evaluation::Shared;

/// `$random([seed])`: a number from 0 up to but without 1, always the same for the same seed.
pub(super) fn random(arguments: &Arguments<'_>, shared: &Shared) -> Answer {
    let number = match arguments.get(0) {
        Some(_) => seeded(arguments.integer(0)?),
        None if arguments.values.is_empty() => shared.stock.unit().ok_or(Fault::Dry)?,
        None => return Ok(JValue::Undefined),
    };
    Ok(JValue::from_f64(number))
}

/// `$uuid()`: a version 4 UUID.
pub(super) fn uuid(_: &Arguments<'_>, shared: &Shared) -> Answer {
    shared.stock.uuid().map(JValue::string).ok_or(Fault::Dry)
}

/// `$shuffle(array)`: the same elements in another order.
pub(super) fn shuffle(arguments: &Arguments<'_>, shared: &Shared) -> Answer {
    if arguments.has_undefined(1)? {
        return Ok(JValue::Undefined);
    }
    let mut items = arguments.items(0).to_vec();
    for last in (1..items.len()).rev() {
        let unit = shared.stock.unit().ok_or(Fault::Dry)?;
        items.swap(last, below(unit, last + 1));
    }
    Ok(JValue::array(items))
}

/// An index below `count`, which is at least 1, as evenly spread as `unit`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "no array has 2^53 elements, and the product is not negative"
)]
fn below(unit: f64, count: usize) -> usize {
    ((unit * count as f64) as usize).min(count - 1)
}

/// The first number of `java.util.Random` with this seed, on which Step Functions runs: its linear
/// congruential generator is part of Java's specification.
#[expect(clippy::cast_sign_loss, reason = "the bits of the seed count, not its value")]
fn seeded(seed: i64) -> f64 {
    const MULTIPLIER: u64 = 0x5_DEEC_E66D;
    const MASK: u64 = (1 << 48) - 1;
    let step = |state: u64| state.wrapping_mul(MULTIPLIER).wrapping_add(0xB) & MASK;
    let first = step((seed as u64 ^ MULTIPLIER) & MASK);
    let second = step(first);
    let bits = ((first >> 22) << 27) + (second >> 21);
    bits as f64 / 9_007_199_254_740_992.0 // 2^53
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `new java.util.Random(seed).nextDouble()`, as Java documents it.
    #[test]
    fn seeds_give_java_s_numbers() {
        assert_eq!(seeded(0).to_string(), "0.730967787376657");
        assert_eq!(seeded(42).to_string(), "0.7275636800328681");
    }

    #[test]
    fn an_index_stays_below_its_count() {
        assert_eq!(below(0.0, 3), 0);
        assert_eq!(below(0.999_999, 3), 2);
        assert_eq!(below(1.0, 3), 2);
    }
}
