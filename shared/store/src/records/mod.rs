//! What is kept, in types of its own.
//!
//! Everything that a backend keeps or sends is a *document*: JSON with short keys, its version first, plain or
//! as a zstd frame (`{` and zstd's magic number tell which). A document's payloads stand in one table at its end and are
//! referred to by number, so a payload that several places share is kept once; large ones are kept apart
//! as blobs under the hash of their text.
//!
//! # Invariants
//!
//! * What [`encode`] wrote, [`decode`] reads back equal, and payloads that were the same are the same again.
//! * Every document says its version; one that is not known is refused, not guessed at.
//! * Corrupt bytes give an error; nothing here recurses or allocates beyond [`limits`](crate::limits).
//! * Blobs are written before the document that points to them.
//!
//! # Cost
//!
//! A small record (a Pass state with 100 bytes of data) takes about 300 bytes, 1 µs to write and 3 µs to read.
//! Compression takes about 6 µs a KiB. Only payloads above 8 KiB are hashed.

mod blob;
mod cue;
mod decode;
mod encode;
mod event;
mod frame;
mod header;
mod machine;
mod marks;
mod pending;
mod record;
mod table;
mod value;

#[cfg(test)]
pub(crate) mod samples;

pub use blob::{Blob, BlobCache, BlobHash};
pub use decode::{Decoded, Lacking, decode, decode_whole};
pub use encode::{Encoded, Packing, encode};
pub use frame::unpack;
pub use header::{fork_from_text, fork_text, redrives_text, take_redrives};
pub(crate) use value::is_default;

use crate::StoreError;
use serde::{Deserialize, Serialize};

/// The version that is written.
const VERSION: u32 = 1;

/// What is kept cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// A newer program wrote it.
    #[error("it has version {0}, of which this program knows nothing")]
    Version(u32),
    /// It does not begin as a document does.
    #[error("it does not begin as a document does")]
    Start,
    /// Its frame is damaged, or larger than anything that is kept.
    #[error("it is not a whole compressed text")]
    Frame(#[source] Option<std::io::Error>),
    /// It is not JSON, or a member is missing or of another type.
    #[error("it does not have its form")]
    Form(#[source] serde_json::Error),
    /// A member has a value that cannot be.
    #[error("its {0} cannot be")]
    Value(&'static str),
    /// A blob that it points to was not given.
    #[error("blob {0} is missing")]
    Blob(BlobHash),
}

impl Unreadable {
    /// The store's error for a thing of this kind and key. What a newer program wrote is not damaged: after a rollback whoever
    /// meets it leaves it as it is and tries again, until the newer program is back.
    #[must_use]
    pub fn of(self, what: &'static str, key: &str) -> StoreError {
        match self {
            Unreadable::Version(_) => StoreError::Unavailable { what, source: Box::new(self) },
            Unreadable::Form(ref error) if is_newer(error) => {
                StoreError::Unavailable { what, source: Box::new(self) }
            }
            Unreadable::Start
            | Unreadable::Frame(_)
            | Unreadable::Form(_)
            | Unreadable::Value(_)
            | Unreadable::Blob(_) => {
                StoreError::Corrupt { what, key: key.to_owned(), source: Box::new(self) }
            }
        }
    }
}

/// Whether a text has a variant that this program does not know: a newer one may have added it to the same version.
fn is_newer(error: &serde_json::Error) -> bool {
    error.is_data() && error.to_string().starts_with("unknown variant")
}

/// A type that is kept as a document. Each has its own file here.
pub trait Kept: Sized + sealed::Sealed {
    /// What it is called in errors.
    const WHAT: &'static str;
    /// Its kept form: borrowed from the value or from the text.
    #[doc(hidden)]
    type Form<'a>: Serialize + Deserialize<'a>;
    #[doc(hidden)]
    fn form<'a>(&'a self, payloads: &mut sealed::TableOf<'a>) -> Self::Form<'a>;
    #[doc(hidden)]
    fn from_form(form: Self::Form<'_>, payloads: &sealed::PayloadsOf) -> Result<Self, Unreadable>;
}

mod sealed {
    /// Only types of this module are kept.
    pub trait Sealed {}

    /// The payload table in the making, which only this module can use.
    #[derive(Debug)]
    pub struct TableOf<'a>(pub(super) super::table::Table<'a>);

    /// The payload table read back.
    #[derive(Debug)]
    pub struct PayloadsOf(pub(super) super::table::Payloads);
}
