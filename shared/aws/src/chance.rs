//! The system's random numbers.

use crate::Aws;
use baton_store::Chance;

impl Chance for Aws {
    fn bits(&self) -> u128 {
        let mut bytes = [0; 16];
        fill(&mut bytes);
        u128::from_ne_bytes(bytes)
    }
}

/// Two version 4 UUIDs have 122 random bits each: their unhindered halves make 128.
fn fill(bytes: &mut [u8; 16]) {
    let halves = [random_half(), random_half()].concat();
    for (byte, random) in bytes.iter_mut().zip(halves) {
        *byte = random;
    }
}

/// The last eight bytes of a UUID, of which two bits are fixed, mixed with its first eight, of which four are.
fn random_half() -> [u8; 8] {
    #[expect(clippy::disallowed_methods, reason = "the backend's chance is this one")]
    let (high, low) = uuid::Uuid::new_v4().as_u64_pair();
    (high.rotate_left(32) ^ low).to_ne_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_takes_both_values() {
        let (mut ones, mut zeros) = ([0u8; 16], [0u8; 16]);
        for _ in 0..256 {
            let mut bytes = [0; 16];
            fill(&mut bytes);
            for (at, byte) in bytes.into_iter().enumerate() {
                ones[at] |= byte;
                zeros[at] |= !byte;
            }
        }
        assert_eq!((ones, zeros), ([255; 16], [255; 16]));
    }
}
