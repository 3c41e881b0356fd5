//! The system's random numbers.

use crate::Aws;
use baton_store::Chance;

impl Chance for Aws {
    fn bits(&self) -> u128 {
        (u128::from(half()) << 64) | u128::from(half())
    }
}

/// A number that tells this process from others.
pub(crate) fn process() -> u32 {
    u32::try_from(half() >> 32).unwrap_or_default()
}

/// Both halves of a UUID laid over each other, so that each of its six fixed bits meets a random one.
fn half() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "the backend's chance is this one")]
    let (high, low) = uuid::Uuid::new_v4().as_u64_pair();
    high.rotate_left(32) ^ low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_takes_both_values() {
        let draws = || (0..256).map(|_| half());
        assert_eq!(draws().fold(0, |ones, half| ones | half), u64::MAX);
        assert_eq!(draws().fold(u64::MAX, |ones, half| ones & half), 0);
    }
}
