//! Texts as bytes: plain, or compressed.
//!
//! A plain text begins with any character of JSON, a zstd frame with its magic number, which is none.

use super::Unreadable;
use crate::limits;
use std::borrow::Cow;
use std::cell::RefCell;
use zstd::bulk::Compressor;

const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Fast, and close to the best for a few KiB of JSON.
const LEVEL: i32 = 1;

thread_local! {
    /// A compressor's tables take longer to make than a record to compress.
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
}

/// Compresses a text if that saves an eighth at least; else nothing.
pub(super) fn compress(text: &[u8]) -> Option<Vec<u8>> {
    COMPRESSOR.with_borrow_mut(|slot| {
        if slot.is_none() {
            let mut compressor = Compressor::new(LEVEL).ok()?;
            compressor.include_checksum(true).ok()?;
            *slot = Some(compressor);
        }
        let bytes = slot.as_mut()?.compress(text).ok()?;
        (bytes.len() < text.len() - text.len() / 8).then_some(bytes)
    })
}

/// Reads the text of a blob or a document.
///
/// # Errors
///
/// [`Unreadable::Frame`] if the bytes are damaged or would be longer than any text that is kept.
pub fn unpack(bytes: &[u8]) -> Result<Cow<'_, str>, Unreadable> {
    if !bytes.starts_with(&ZSTD_MAGIC) {
        let text = std::str::from_utf8(bytes).map_err(|_| Unreadable::Frame(None))?;
        return Ok(Cow::Borrowed(text));
    }
    let claimed = zstd::zstd_safe::get_frame_content_size(bytes).ok().flatten();
    let length = claimed
        .and_then(|length| usize::try_from(length).ok())
        .filter(|length| *length <= limits::TEXT_BYTES_MAX)
        .ok_or(Unreadable::Frame(None))?;
    let text = zstd::bulk::decompress(bytes, length).map_err(|e| Unreadable::Frame(Some(e)))?;
    String::from_utf8(text).map(Cow::Owned).map_err(|_| Unreadable::Frame(None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_reads_back() {
        let text = r#"{"a":"bbbbbbbb"}"#.repeat(100);
        let bytes = compress(text.as_bytes()).unwrap();
        assert!(bytes.len() < text.len() / 2);
        assert_eq!(unpack(&bytes).unwrap(), text);
        assert_eq!(unpack(text.as_bytes()).unwrap(), text);
        assert!(compress(b"abcdefg").is_none());
    }

    #[test]
    fn damaged_frames_are_refused() {
        let bytes = compress("ab".repeat(1000).as_bytes()).unwrap();
        for length in 0..bytes.len() {
            assert_ne!(unpack(&bytes[..length]).ok().as_deref(), Some(&*"ab".repeat(1000)));
        }
        for position in 4..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[position] ^= 0x40;
            assert!(unpack(&damaged).is_err(), "{position}");
        }
        assert!(unpack(&[0xff, 0xfe]).is_err());
    }
}
