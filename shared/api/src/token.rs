//! Page tokens: opaque, bound to the request they continue, and of limited age.
//!
//! A token carries what the operation needs to go on, the time until which it may be used, and a digest over both and over
//! the request's own arguments. The digest finds tokens that were cut, mixed up or made up; it is no signature. Who makes one up
//! carefully can only name another place of the same list.

use crate::{ApiError, limits};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

/// Bytes of the digest that a token carries.
const DIGEST_BYTES: usize = 12;
const SECS_BYTES: usize = 8;

/// What a list is of: its operation and the arguments that must not change from page to page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Listing<'a>(pub(crate) &'a [&'a str]);

impl Listing<'_> {
    /// The token for the page that `place` tells how to find.
    pub(crate) fn seal(&self, now: Timestamp, place: &str) -> String {
        let until = now.as_second().saturating_add(limits::PAGE_TOKEN_SECS_MAX).to_be_bytes();
        let digest = self.digest(until, place.as_bytes());
        let bytes: Vec<u8> = digest.into_iter().chain(until).chain(place.bytes()).collect();
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The place in a token of this list.
    pub(crate) fn open(&self, now: Timestamp, token: &str) -> Result<String, ApiError> {
        let read = || {
            let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
            let (digest, rest) = bytes.split_first_chunk::<DIGEST_BYTES>()?;
            let (until, place) = rest.split_first_chunk::<SECS_BYTES>()?;
            let is_genuine = self.digest(*until, place) == *digest;
            let is_fresh = now.as_second() <= i64::from_be_bytes(*until);
            let place = std::str::from_utf8(place).ok()?;
            (is_genuine && is_fresh).then(|| place.to_owned())
        };
        read().ok_or_else(ApiError::invalid_token)
    }

    fn digest(&self, until: [u8; SECS_BYTES], place: &[u8]) -> [u8; DIGEST_BYTES] {
        let mut hash = Sha256::new();
        for part in self.0 {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        hash.update(until);
        hash.update(place);
        let mut digest = [0; DIGEST_BYTES];
        for (to, from) in digest.iter_mut().zip(hash.finalize()) {
            *to = from;
        }
        digest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: Listing<'static> = Listing(&["ListExecutions", "machine"]);

    #[test]
    fn a_token_leads_back_to_its_place() {
        let now = Timestamp::UNIX_EPOCH;
        let token = LIST.seal(now, "here");
        assert_eq!(LIST.open(now, &token).unwrap(), "here");
        let next_day = Timestamp::from_second(limits::PAGE_TOKEN_SECS_MAX).unwrap();
        assert_eq!(LIST.open(next_day, &token).unwrap(), "here");
    }

    #[test]
    fn other_tokens_are_refused() {
        let now = Timestamp::UNIX_EPOCH;
        let token = LIST.seal(now, "here");
        let too_late = Timestamp::from_second(limits::PAGE_TOKEN_SECS_MAX + 1).unwrap();
        assert!(LIST.open(too_late, &token).is_err());
        assert!(Listing(&["ListExecutions", "machin", "e"]).open(now, &token).is_err());
        for bad in
            ["", "InvalidToken", "ü", &token[1..], &token[..token.len() - 1], &"A".repeat(900)]
        {
            assert_eq!(LIST.open(now, bad), Err(ApiError::invalid_token()), "{bad}");
        }
        for at in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(LIST.open(now, &changed).is_err() || changed == token);
        }
    }
}
