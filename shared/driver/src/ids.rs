//! Names and chance for the interpreter, drawn from the backend.

use baton_engine::{Ids, Nonce, ScopePath, Sequence};
use baton_store::{Chance, ExecutionArn, TokenClaims, TokenKeys};
use std::sync::Arc;

/// The [`Ids`] of one decision. Equal draws of chance give equal ids.
pub(crate) struct DrawnIds<'a, C> {
    pub(crate) chance: &'a C,
    pub(crate) keys: &'a TokenKeys,
    pub(crate) execution: &'a ExecutionArn,
}

impl<C: Chance> DrawnIds<'_, C> {
    fn bits_64(&self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.chance.bits().to_be_bytes();
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }
}

impl<C: Chance> Ids for DrawnIds<'_, C> {
    fn task_token(&mut self, scope: &ScopePath, sequence: Sequence) -> (Arc<str>, Nonce) {
        let nonce = Nonce(self.bits_64());
        let (execution, scope) = (self.execution.clone(), scope.clone());
        let token = self.keys.sign(&TokenClaims { execution, scope, sequence, nonce });
        (token.into(), nonce)
    }

    fn uuid(&mut self) -> String {
        // The version and variant bits of RFC 9562, section 5.4.
        let bits = self.chance.bits() & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
        let hex = format!("{bits:032x}");
        let parts = [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)];
        parts.map(|(from, to)| hex.get(from..to).unwrap_or_default()).join("-")
    }

    fn unit(&mut self) -> f64 {
        // 53 bits are what an f64 holds exactly, so the result never rounds up to 1.
        let [high, low] = [self.bits_64() >> 43, self.bits_64() >> 32]
            .map(|bits| u32::try_from(bits).unwrap_or_default());
        (f64::from(high) + f64::from(low) / 4_294_967_296.0) / 2_097_152.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use baton_store::{KeyId, TokenClaims};

    /// Gives the same bits again and again.
    struct Fixed(u128);

    impl Chance for Fixed {
        fn bits(&self) -> u128 {
            self.0
        }
    }

    fn check<R>(bits: u128, work: impl FnOnce(&mut dyn Ids) -> R) -> R {
        let keys = TokenKeys::new(KeyId(1), &[7; 32]);
        let execution = ExecutionArn::trusted("arn:aws:states:r:1:execution:m:x".into());
        work(&mut DrawnIds { chance: &Fixed(bits), keys: &keys, execution: &execution })
    }

    #[test]
    fn uuids_are_of_version_4() {
        let zero = "00000000-0000-4000-8000-000000000000";
        assert_eq!(check(0, |ids| ids.uuid()), zero);
        let ones = "ffffffff-ffff-4fff-bfff-ffffffffffff";
        assert_eq!(check(u128::MAX, |ids| ids.uuid()), ones);
        let some = "01234567-89ab-4def-8123-456789abcdef";
        assert_eq!(check(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef, |ids| ids.uuid()), some);
    }

    #[test]
    fn units_lie_from_0_to_just_below_1() {
        let check = |bits, from, below| {
            let unit = check(bits, |ids| ids.unit());
            assert!((from..below).contains(&unit), "{unit}");
        };
        check(0, 0.0, f64::MIN_POSITIVE);
        check(1 << 127, 0.5, 0.500_001);
        check(u128::MAX, 0.999_999_9, 1.0);
    }

    #[test]
    fn a_token_says_which_attempt_it_is_for() {
        let scope: ScopePath = "3.1".parse().unwrap();
        let (token, nonce) = check(5 << 64, |ids| ids.task_token(&scope, Sequence(4)));
        assert_eq!(nonce, Nonce(5));
        let claims = TokenKeys::new(KeyId(1), &[7; 32]).verify(&token).unwrap();
        let execution = ExecutionArn::trusted("arn:aws:states:r:1:execution:m:x".into());
        assert_eq!(claims, TokenClaims { execution, scope, sequence: Sequence(4), nonce });
    }
}
