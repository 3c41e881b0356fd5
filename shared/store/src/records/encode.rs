//! From values to documents.

use super::blob::{Blob, BlobCache, BlobHash};
use super::table::Table;
use super::{Kept, VERSION, frame, sealed};
use crate::limits;
use baton_engine::Payload;
use serde::Serialize;

/// A document with what has to be written before it.
#[derive(Debug, Clone)]
pub struct Encoded {
    /// The document.
    pub bytes: Vec<u8>,
    /// Its blobs that are not known to be kept.
    pub blobs: Vec<Blob>,
}

/// How documents are packed. None of it matters to whoever reads them.
#[derive(Debug, Clone, Copy)]
pub struct Packing<'a> {
    /// Longer documents are compressed where it pays: 10 µs a KiB that only a priced or slow store earns back.
    pub plain_bytes_max: usize,
    /// Larger payloads that compress to at most so many bytes stay in the document all the same: what is to be had for one
    /// more read or write. With 0 they are always kept apart, where passing them on costs nothing.
    pub packed_inline_bytes_max: usize,
    /// Payloads that are kept apart already.
    pub known: Option<&'a BlobCache>,
}

impl Default for Packing<'_> {
    fn default() -> Self {
        Packing {
            plain_bytes_max: limits::PLAIN_BYTES_MAX,
            packed_inline_bytes_max: limits::PAYLOAD_INLINE_BYTES_MAX,
            known: None,
        }
    }
}

/// Writes a document in the tightest packing.
#[must_use]
pub fn encode<T: Kept>(value: &T) -> Encoded {
    Packing::default().encode(value)
}

#[derive(Serialize)]
struct Head<F> {
    v: u32,
    d: F,
}

impl Packing<'_> {
    /// Writes a document.
    #[must_use]
    pub fn encode<T: Kept>(&self, value: &T) -> Encoded {
        let mut table = sealed::TableOf(Table::default());
        let form = value.form(&mut table);
        let mut document = Vec::with_capacity(1024);
        // Forms have no maps with keys other than strings and no Serialize of their own that could fail, and
        // writing to memory does not fail.
        let written = serde_json::to_writer(&mut document, &Head { v: VERSION, d: form });
        debug_assert!(written.is_ok(), "a form that cannot be written: {written:?}");
        document.pop();
        let blobs = table.0.write(&mut document, self);
        document.push(b'}');
        self.pack(document, blobs)
    }

    fn pack(&self, document: Vec<u8>, mut blobs: Vec<Blob>) -> Encoded {
        let is_plain = document.len() <= self.plain_bytes_max;
        let packed = if is_plain { None } else { frame::compress(&document) };
        let bytes = packed.unwrap_or(document);
        if bytes.len() <= limits::DOCUMENT_BYTES_MAX {
            return Encoded { bytes, blobs };
        }
        match blob_of(bytes) {
            Ok(blob) => {
                let pointer = format!("{{\"v\":{VERSION},\"o\":\"{}\"}}", blob.hash);
                blobs.push(blob);
                Encoded { bytes: pointer.into_bytes(), blobs }
            }
            Err(bytes) => Encoded { bytes, blobs },
        }
    }
}

/// A whole document as a blob: its text is JSON, as every blob's.
fn blob_of(bytes: Vec<u8>) -> Result<Blob, Vec<u8>> {
    let payload = frame::unpack(&bytes).ok().and_then(|text| Payload::kept(&*text).ok());
    match payload {
        Some(payload) => Ok(Blob { hash: BlobHash::of(payload.text()), payload, bytes }),
        None => Err(bytes),
    }
}
