//! Where a reader stopped, so that another can go on.

use super::java::ObjectOrder;
use crate::unfold::{Mark, Source};
use serde::{Deserialize, Serialize};

/// The version that positions are written with.
const VERSION: u32 = 1;

/// Where a reader stopped: serialisable, and good for the same object (compare its ETag) and the same
/// [`super::Format`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    version: u32,
    /// The next item's index.
    pub index: u64,
    /// The object's byte, as stored, from which on it must be read again.
    pub resume_from: u64,
    /// The plain byte at which the next record begins: where the object is not compressed, equal to `resume_from`.
    pub plain: u64,
    /// Plain bytes to pass over behind `resume_from`.
    skip: u64,
    is_plain: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    headers: Option<Vec<String>>,
    #[serde(default)]
    is_begun: bool,
    #[serde(default)]
    in_object: bool,
    #[serde(default)]
    is_behind_item: bool,
    /// It lies within a line, and the first record is behind that.
    #[serde(default)]
    pub(super) is_unaligned: bool,
}

/// The same, as the reader keeps it.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) plain: u64,
    pub(crate) of_format: OfFormat,
}

/// What a format needs to go on.
#[derive(Debug, Clone, Default)]
pub(crate) struct OfFormat {
    /// CSV: the headers that the first row gave.
    pub(crate) headers: Option<std::sync::Arc<ObjectOrder>>,
    /// The start of the object (byte order mark, header row, way to the items) is behind.
    pub(crate) is_begun: bool,
    /// JSON: the items are an object's members.
    pub(crate) in_object: bool,
    /// JSON: an item is behind, so a comma or the end follows.
    pub(crate) is_behind_item: bool,
}

impl Position {
    pub(super) fn new(index: u64, place: Place, source: &mut Source) -> Self {
        let is_plain = source.is_plain() && place.of_format.is_begun;
        let (mark, skip) = if is_plain {
            (Mark { stored: place.plain, plain: place.plain }, 0)
        } else {
            source.mark_before(place.plain)
        };
        Self {
            version: VERSION,
            index,
            resume_from: mark.stored,
            plain: place.plain,
            skip,
            is_plain,
            headers: place.of_format.headers.map(|headers| headers.names().to_vec()),
            is_begun: place.of_format.is_begun,
            in_object: place.of_format.in_object,
            is_behind_item: place.of_format.is_behind_item,
            is_unaligned: false,
        }
    }

    pub(super) fn source(&self) -> Source {
        let mark = Mark { stored: self.resume_from, plain: self.plain - self.skip.min(self.plain) };
        Source::at(mark, self.skip, self.is_plain)
    }

    pub(super) fn place(&self) -> Place {
        Place {
            plain: self.plain,
            of_format: OfFormat {
                headers: self.headers.clone().map(|names| ObjectOrder::new(names).into()),
                is_begun: self.is_begun,
                in_object: self.in_object,
                is_behind_item: self.is_behind_item,
            },
        }
    }
}
