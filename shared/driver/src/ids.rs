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
