//! The payloads of one document.
//!
//! ```json
//! {"v":1,"d":{…,"i":0,…},"b":[[1,"<hash>"]],"t":[[2," 7 "]],"p":[{"order":7},null,null]}
//! ```
//!
//! `p` holds the payloads' texts as they are. Where one is a blob, `b` says which; where blanks stand around the value, which
//! would be lost between the others, `t` has the text as a string. Both leave `null` in their place.

use super::Unreadable;
use super::blob::{Blob, BlobHash};
use super::encode::Packing;
use super::frame;
use crate::limits;
use baton_engine::Payload;
use serde_json::value::RawValue;

/// The payloads of a document being written, each once.
#[derive(Debug, Default)]
pub(super) struct Table<'a> {
    payloads: Vec<&'a Payload>,
}

/// How far back a payload is looked for. Beyond that it may be kept twice, which only costs bytes.
const LOOK_BACK: usize = 256;

impl<'a> Table<'a> {
    /// The payload's number.
    pub(super) fn put(&mut self, payload: &'a Payload) -> u32 {
        let mut recent = self.payloads.iter().enumerate().rev().take(LOOK_BACK);
        let known = recent.find(|(_, kept)| kept.is_same(payload)).map(|(number, _)| number);
        let number = known.unwrap_or_else(|| {
            self.payloads.push(payload);
            self.payloads.len() - 1
        });
        // A document has far fewer payloads than 2^32; if it had more, it could not be read back.
        u32::try_from(number).unwrap_or(u32::MAX)
    }

    /// Adds the table to a document that lacks only its closing brace.
    pub(super) fn write(&self, document: &mut Vec<u8>, packing: &Packing<'_>) -> Vec<Blob> {
        if self.payloads.is_empty() {
            return Vec::new();
        }
        let mut writer = Writer::default();
        let places: Vec<Place> =
            self.payloads.iter().map(|payload| writer.place(payload, packing)).collect();
        let pointers = places.iter().enumerate().filter_map(|(number, place)| match place {
            Place::Apart(hash) => Some(format!("[{number},\"{hash}\"]")),
            Place::Inline | Place::Quoted(_) => None,
        });
        write_member(document, "b", pointers);
        let quoted = places.iter().enumerate().filter_map(|(number, place)| match place {
            Place::Quoted(text) => Some(format!("[{number},{text}]")),
            Place::Inline | Place::Apart(_) => None,
        });
        write_member(document, "t", quoted);
        document.extend_from_slice(b",\"p\":[");
        for (number, (payload, place)) in self.payloads.iter().zip(&places).enumerate() {
            if number > 0 {
                document.push(b',');
            }
            let text = if matches!(place, Place::Inline) { payload.text() } else { "null" };
            document.extend_from_slice(text.as_bytes());
        }
        document.push(b']');
        writer.blobs
    }
}

fn write_member(document: &mut Vec<u8>, name: &str, items: impl Iterator<Item = String>) {
    let items: Vec<String> = items.collect();
    if !items.is_empty() {
        document.extend_from_slice(format!(",\"{name}\":[{}]", items.join(",")).as_bytes());
    }
}

/// Where a payload's text goes.
enum Place {
    Inline,
    Quoted(String),
    Apart(BlobHash),
}

#[derive(Default)]
struct Writer {
    inline_bytes: usize,
    blobs: Vec<Blob>,
}

impl Writer {
    fn place(&mut self, payload: &Payload, packing: &Packing<'_>) -> Place {
        let text = payload.text();
        let is_crowded =
            self.inline_bytes.saturating_add(text.len()) > limits::PAYLOADS_INLINE_BYTES_MAX;
        let is_large = text.len() > limits::PAYLOAD_INLINE_BYTES_MAX;
        if (is_large || is_crowded && text.len() > limits::PAYLOAD_SMALL_BYTES_MAX)
            && let Some(hash) = self.apart(payload, is_crowded, packing)
        {
            return Place::Apart(hash);
        }
        self.inline_bytes = self.inline_bytes.saturating_add(text.len());
        if text.trim_ascii().len() == text.len() {
            Place::Inline
        } else {
            Place::Quoted(serde_json::Value::from(text).to_string())
        }
    }

    /// Makes a blob of a payload, unless it is small once compressed and there is room for it.
    fn apart(
        &mut self,
        payload: &Payload,
        is_crowded: bool,
        packing: &Packing<'_>,
    ) -> Option<BlobHash> {
        if let Some(hash) = packing.known.and_then(|known| known.hash(payload)) {
            return Some(hash);
        }
        let text = payload.text();
        let bytes = frame::compress(text.as_bytes()).unwrap_or_else(|| text.as_bytes().to_vec());
        if bytes.len() <= packing.packed_inline_bytes_max && !is_crowded {
            return None;
        }
        let hash = BlobHash::of(text);
        if self.blobs.iter().all(|blob| blob.hash != hash) {
            self.blobs.push(Blob { hash, payload: payload.clone(), bytes });
        }
        Some(hash)
    }
}

/// The payloads of a document that was read.
#[derive(Debug)]
pub(super) struct Payloads(Vec<Payload>);

impl Payloads {
    /// Reads the table; `None` where a blob is not there.
    pub(super) fn read(
        texts: &[&RawValue],
        pointers: &[(u32, BlobHash)],
        quoted: &[(u32, String)],
        find: &dyn Fn(&BlobHash) -> Option<Payload>,
    ) -> Result<Self, Unreadable> {
        let mut payloads: Vec<Payload> =
            texts.iter().map(|text| kept(text.get())).collect::<Result<_, _>>()?;
        let mut replace = |number: u32, payload| {
            let slot = payloads.get_mut(number as usize);
            *slot.ok_or(Unreadable::Value("payload number"))? = payload;
            Ok(())
        };
        for (number, text) in quoted {
            replace(*number, kept(text)?)?;
        }
        for (number, hash) in pointers {
            replace(*number, find(hash).ok_or(Unreadable::Blob(*hash))?)?;
        }
        Ok(Payloads(payloads))
    }

    /// The payload of a number.
    pub(super) fn get(&self, number: u32) -> Result<Payload, Unreadable> {
        self.0.get(number as usize).cloned().ok_or(Unreadable::Value("payload number"))
    }
}

fn kept(text: &str) -> Result<Payload, Unreadable> {
    Payload::kept(text).map_err(Unreadable::Form)
}
