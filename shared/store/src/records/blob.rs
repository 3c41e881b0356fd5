//! Large payloads, kept apart.
//!
//! Key: the SHA-256 of the payload's text. Value: the text, plain or as a zstd frame. Equal texts are one blob, whoever
//! wrote it, so a state that passes its input through unchanged writes nothing.

use super::Unreadable;
use baton_engine::Payload;
use sha2::{Digest, Sha256};
use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The SHA-256 of a blob's text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobHash(pub [u8; 32]);

/// A payload that is kept apart.
#[derive(Debug, Clone)]
pub struct Blob {
    /// Its key.
    pub hash: BlobHash,
    /// What it holds.
    pub payload: Payload,
    /// As it is kept; [`unpack`](super::unpack) reads it.
    pub bytes: Vec<u8>,
}

impl BlobHash {
    /// The hash of a text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        BlobHash(Sha256::digest(text.as_bytes()).into())
    }
}

impl fmt::Display for BlobHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for BlobHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for BlobHash {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Self, Unreadable> {
        let invalid = Unreadable::Value("blob hash");
        let mut hash = [0; 32];
        let digits = text.as_bytes();
        if digits.len() != hash.len() * 2 {
            return Err(invalid);
        }
        for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).ok();
            match pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
                Some(value) => *byte = value,
                None => return Err(invalid),
            }
        }
        Ok(BlobHash(hash))
    }
}

/// The payloads that were kept apart lately, so that passing one on costs neither hash nor write, and reading it
/// again no read. A backend puts a blob in when it is certain to be there for whoever reads it.
///
/// A look costs one pointer comparison an entry.
#[derive(Debug)]
pub struct BlobCache {
    entries: Mutex<VecDeque<(BlobHash, Payload)>>,
    bytes_max: usize,
}

impl BlobCache {
    const ENTRIES_MAX: usize = 64;

    /// An empty one, for payloads of so many bytes in all.
    #[must_use]
    pub fn new(bytes_max: usize) -> Self {
        BlobCache { entries: Mutex::default(), bytes_max }
    }

    /// Remembers a blob and forgets the oldest ones beyond the limits.
    pub fn put(&self, hash: BlobHash, payload: &Payload) {
        let mut entries = self.lock();
        if entries.iter().any(|(kept, _)| *kept == hash) {
            return;
        }
        entries.push_front((hash, payload.clone()));
        let mut bytes = 0_usize;
        let fitting = entries.iter().take(Self::ENTRIES_MAX).take_while(|(_, payload)| {
            bytes = bytes.saturating_add(payload.bytes());
            bytes <= self.bytes_max
        });
        let count = fitting.count();
        entries.truncate(count);
    }

    /// The payload of a hash.
    #[must_use]
    pub fn payload(&self, hash: &BlobHash) -> Option<Payload> {
        self.lock().iter().find(|(kept, _)| kept == hash).map(|(_, payload)| payload.clone())
    }

    /// The hash of this very payload.
    #[must_use]
    pub fn hash(&self, payload: &Payload) -> Option<BlobHash> {
        self.lock().iter().find(|(_, kept)| kept.is_same(payload)).map(|(hash, _)| *hash)
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(BlobHash, Payload)>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_hash_reads_back_as_written() {
        let hash = BlobHash::of("[]");
        assert_eq!(hash.to_string().parse::<BlobHash>().unwrap(), hash);
        for text in ["", "0", &"g".repeat(64), &"é".repeat(32), &"0".repeat(66)] {
            assert!(text.parse::<BlobHash>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_cache_knows_the_very_payload_and_forgets_the_oldest() {
        let cache = BlobCache::new(20);
        let payloads: Vec<Payload> =
            (0..3).map(|n| Payload::new(json!(format!("{n}2345678")))).collect();
        for payload in &payloads {
            cache.put(BlobHash::of(payload.text()), payload);
        }
        assert_eq!(cache.hash(&payloads[0]), None);
        assert_eq!(cache.hash(&payloads[2]), Some(BlobHash::of(payloads[2].text())));
        assert_eq!(cache.hash(&Payload::new(payloads[2].value().clone())), None);
        let read = cache.payload(&BlobHash::of(payloads[1].text())).unwrap();
        assert!(read.is_same(&payloads[1]));
    }
}
