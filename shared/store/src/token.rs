//! Task tokens: what an outside worker shows to answer for one attempt of one task.
//!
//! A token is base64url text of
//!
//! | bytes | |
//! |---|---|
//! | 1 | version |
//! | 4 | id of the key that signed it, big-endian |
//! | 1 to 5 each | sequence, number of hops, then fork and child of every hop: LEB128 |
//! | 8 | nonce, big-endian |
//! | the rest but 32 | the execution's ARN |
//! | 32 | HMAC-SHA-256 of all before it |
//!
//! The longest ARN of an execution gives less than 1,024 characters in scopes of ordinary depth, and never more than AWS's
//! 2,048.
//!
//! # Invariants
//!
//! * Whatever is wrong with a token, the error is the same, and the comparison takes the same time: a guesser learns nothing.
//! * A token verifies as long as its key is known, whichever key signs by then.

use crate::ExecutionArn;
use crate::limits::TASK_TOKEN_CHARS_MAX;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use baton_engine::{Hop, Nonce, ScopePath, Sequence};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::collections::BTreeMap;
use std::fmt;

const VERSION: u8 = 1;
const MAC_BYTES: usize = 32;

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenClaims {
    /// The execution.
    pub execution: ExecutionArn,
    /// The scope of the task.
    pub scope: ScopePath,
    /// The record whose call the token went out with.
    pub sequence: Sequence,
    /// What binds it to that attempt.
    pub nonce: Nonce,
}

/// A token that none of the keys has signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no key has signed this task token")]
pub struct InvalidToken;

/// The id of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub u32);

/// The keys that verify tokens, one of which signs.
#[derive(Clone)]
pub struct TokenKeys {
    signing: (KeyId, Hmac<Sha256>),
    verifying: BTreeMap<KeyId, Hmac<Sha256>>,
}

impl fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<&KeyId> = self.verifying.keys().collect();
        f.debug_struct("TokenKeys").field("signing", &self.signing.0).field("ids", &ids).finish()
    }
}

impl TokenKeys {
    /// One key that signs and verifies.
    #[must_use]
    pub fn new(id: KeyId, secret: &[u8; 32]) -> Self {
        let key = keyed(secret);
        TokenKeys { signing: (id, key.clone()), verifying: BTreeMap::from([(id, key)]) }
    }

    /// Verifies by another key too: one that signed before, or is about to.
    #[must_use]
    pub fn with(mut self, id: KeyId, secret: &[u8; 32]) -> Self {
        self.verifying.insert(id, keyed(secret));
        self
    }

    /// Makes the token of one attempt: the same one however often it is asked for.
    #[must_use]
    pub fn sign(&self, claims: &TokenClaims) -> String {
        let (id, key) = &self.signing;
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&id.0.to_be_bytes());
        write_claims(&mut bytes, claims);
        let mac = key.clone().chain_update(&bytes).finalize().into_bytes();
        bytes.extend_from_slice(&mac);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a token that one of the keys has signed.
    ///
    /// # Errors
    ///
    /// [`InvalidToken`] for every other text.
    pub fn verify(&self, text: &str) -> Result<TokenClaims, InvalidToken> {
        if text.len() > TASK_TOKEN_CHARS_MAX {
            return Err(InvalidToken);
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidToken)?;
        self.read(&bytes).ok_or(InvalidToken)
    }

    fn read(&self, bytes: &[u8]) -> Option<TokenClaims> {
        let (signed, mac) = bytes.split_at_checked(bytes.len().checked_sub(MAC_BYTES)?)?;
        let (version, rest) = signed.split_first()?;
        let (id, claims) = rest.split_first_chunk::<4>()?;
        if *version != VERSION {
            return None;
        }
        let key = self.verifying.get(&KeyId(u32::from_be_bytes(*id)))?;
        key.clone().chain_update(signed).verify_slice(mac).ok()?;
        read_claims(claims)
    }
}

fn keyed(secret: &[u8; 32]) -> Hmac<Sha256> {
    // A key is filled up with zeros to the hash's block, as HMAC has it.
    let mut block = [0; 64];
    block.iter_mut().zip(secret).for_each(|(to, from)| *to = *from);
    Hmac::new(&block.into())
}

fn write_claims(bytes: &mut Vec<u8>, claims: &TokenClaims) {
    let hops = claims.scope.hops();
    // A scope has at most 64 hops.
    let depth = u32::try_from(hops.len()).unwrap_or(u32::MAX);
    let places = hops.iter().flat_map(|hop| [hop.fork.0, hop.child]);
    for number in [claims.sequence.0, depth].into_iter().chain(places) {
        write_number(bytes, number);
    }
    bytes.extend_from_slice(&claims.nonce.0.to_be_bytes());
    bytes.extend_from_slice(claims.execution.as_str().as_bytes());
}

fn read_claims(bytes: &[u8]) -> Option<TokenClaims> {
    let (sequence, rest) = read_number(bytes)?;
    let (depth, mut rest) = read_number(rest)?;
    let mut scope = ScopePath::top();
    if depth as usize > ScopePath::HOPS_MAX {
        return None;
    }
    for _ in 0..depth {
        let (fork, after_fork) = read_number(rest)?;
        let (child, after_child) = read_number(after_fork)?;
        scope = scope.child(Hop { fork: Sequence(fork), child });
        rest = after_child;
    }
    let (nonce, arn) = rest.split_first_chunk::<8>()?;
    let execution = ExecutionArn::parse(std::str::from_utf8(arn).ok()?).ok()?;
    let nonce = Nonce(u64::from_be_bytes(*nonce));
    Some(TokenClaims { execution, scope, sequence: Sequence(sequence), nonce })
}

fn write_number(bytes: &mut Vec<u8>, mut number: u32) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            bytes.push(low & 0x7f);
            return;
        }
        bytes.push(low | 0x80);
    }
}

fn read_number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let mut number = 0_u32;
    for (index, byte) in (0_u32..5).zip(bytes) {
        number |= u32::from(byte & 0x7f).checked_shl(index * 7)?;
        if byte & 0x80 == 0 {
            return Some((number, bytes.get(index as usize + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_verifies_as_what_it_was_signed_for() {
        for scope in ["top", "0.0", "3.0/4294967295.4294967295/127.128"] {
            for sequence in [0, 127, 128, u32::MAX] {
                let claims = claims(ARN, scope, sequence);
                let token = keys().sign(&claims);
                assert_eq!(keys().verify(&token), Ok(claims.clone()), "{token}");
                assert_eq!(keys().sign(&claims), token);
            }
        }
    }

    #[test]
    fn a_token_outlives_the_key_that_signs() {
        let token = keys().sign(&claims(ARN, "top", 3));
        let rotated = TokenKeys::new(KeyId(2), &[2; 32]).with(KeyId(1), &[1; 32]);
        assert!(rotated.verify(&token).is_ok());
        assert!(TokenKeys::new(KeyId(2), &[2; 32]).verify(&token).is_err());
        assert!(TokenKeys::new(KeyId(1), &[2; 32]).verify(&token).is_err());
    }

    #[test]
    fn every_changed_or_truncated_token_is_refused() {
        let token = keys().sign(&claims(ARN, "3.0/7.2", 3));
        for position in 0..token.len() {
            assert_eq!(keys().verify(&token[..position]), Err(InvalidToken));
            let other = if token.as_bytes()[position] == b'A' { "B" } else { "A" };
            let forged = format!("{}{other}{}", &token[..position], &token[position + 1..]);
            assert_eq!(keys().verify(&forged), Err(InvalidToken), "{forged}");
        }
        for text in ["", "=", "é", &format!("{token}A"), &"A".repeat(100_000)] {
            assert_eq!(keys().verify(text), Err(InvalidToken), "{text}");
        }
    }

    #[test]
    fn tokens_stay_below_the_limit() {
        let head = "arn:aws-us-gov:states:us-gov-east-1:123456789012:execution:";
        let longest = format!("{head}{}:{}", "m".repeat(80), "n".repeat(80));
        let nested = vec!["99999.4095"; 16].join("/");
        assert!(keys().sign(&claims(&longest, &nested, u32::MAX)).len() < 1024);
        let any = format!("{head}m:{}", "n".repeat(512 - head.len() - 2));
        assert!(keys().sign(&claims(&any, "0.0", u32::MAX)).len() < 1024);
        let deepest = vec!["4294967295.4294967295"; ScopePath::HOPS_MAX].join("/");
        let token = keys().sign(&claims(&any, &deepest, u32::MAX));
        assert!(token.len() <= TASK_TOKEN_CHARS_MAX);
        assert!(keys().verify(&token).is_ok());
    }

    #[test]
    fn the_oldest_form_verifies_still() {
        let token = concat!(
            "AQAAAAEDAQIAAAAAAAAAAE1hcm46YXdzOnN0YXRlczp1cy1lYXN0LTE6MTIzNDU2Nzg5MDEyOmV4ZWN1dGlvbjptOm5P0Pdc",
            "cPJQTznUhRzURNBhL3n9JL3D2GIEj84RJX1FZA",
        );
        assert_eq!(keys().verify(token), Ok(claims(ARN, "2.0", 3)));
    }

    #[test]
    fn keys_do_not_show() {
        assert_eq!(format!("{:?}", keys()), "TokenKeys { signing: KeyId(1), ids: [KeyId(1)] }");
    }

    const ARN: &str = "arn:aws:states:us-east-1:123456789012:execution:m:n";

    fn keys() -> TokenKeys {
        TokenKeys::new(KeyId(1), &[1; 32])
    }

    fn claims(arn: &str, scope: &str, sequence: u32) -> TokenClaims {
        TokenClaims {
            execution: ExecutionArn::parse(arn).unwrap(),
            scope: scope.parse().unwrap(),
            sequence: Sequence(sequence),
            nonce: Nonce(77),
        }
    }
}
