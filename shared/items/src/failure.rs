//! Why a dataset cannot be read.

use crate::limits;

/// The error name that a reader's failure has for Retry and Catch.
pub const ITEM_READER_FAILED: &str = "States.ItemReaderFailed";

/// Why a dataset cannot be read. Printed, it is the cause; the error's name is [`ITEM_READER_FAILED`].
///
/// The texts that AWS was seen to give are AWS's, to the letter; the others are ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadFailure {
    /// A header stands twice, in the definition or in the object.
    #[error("CSV headers cannot contain duplicates.")]
    DuplicateHeaders,
    /// What should be iterated over is neither array nor object.
    #[error("Attempting to map over non-iterable node.")]
    NotIterable,
    /// MaxItems is negative.
    #[error("field MaxItems must be positive")]
    NegativeMaxItems,
    /// The header row is longer than 10 KiB.
    #[error("The CSV header is longer than {} bytes.", limits::CSV_HEADER_BYTES_MAX)]
    HeaderTooLong,
    /// A row is longer than any item may be.
    #[error("A CSV row is longer than {} bytes.", limits::RECORD_BYTES_MAX)]
    RowTooLong,
    /// The object ends within a quoted cell.
    #[error("The quoted cell in the CSV row at byte {offset} does not end.")]
    QuoteNotClosed {
        /// Where the row begins.
        offset: u64,
    },
    /// A line, value or manifest is not JSON.
    #[error("The text at byte {offset} is not valid JSON: {reason}")]
    InvalidJson {
        /// Where the text begins.
        offset: u64,
        /// What the parser says.
        reason: String,
    },
    /// The object ends within a value.
    #[error("The object ends at byte {offset}, within a JSON value.")]
    CutShort {
        /// The object's length.
        offset: u64,
    },
    /// ItemsPointer is no JSON Pointer, or too long.
    #[error("The ItemsPointer is not a valid JSON Pointer of less than 2,000 characters.")]
    InvalidPointer,
    /// The object has no such node, or it begins too late.
    #[error("The ItemsPointer names no node within the first 16 MB of the object.")]
    PointerNotFound,
    /// One item does not fit a child's input.
    #[error("The item at index {index} is larger than {} bytes.", limits::ITEM_BYTES_MAX)]
    ItemTooLarge {
        /// Its index.
        index: u64,
    },
    /// One item is nested too deeply.
    #[error("The item at index {index} is nested deeper than {} levels.", limits::JSON_DEPTH_MAX)]
    ItemTooDeep {
        /// Its index.
        index: u64,
    },
    /// A gzip or zstd object is damaged or ends too early.
    #[error("The compressed object cannot be read: {reason}")]
    Compression {
        /// What the decompressor says.
        reason: String,
    },
    /// A compressed object unfolds to too much.
    #[error("The compressed object unfolds to more than may be read ({bytes} bytes so far).")]
    Bomb {
        /// What it had unfolded to.
        bytes: u64,
    },
    /// An inventory's or Athena's manifest is not of the form that it should have.
    #[error("The manifest cannot be read: {reason}")]
    Manifest {
        /// What is wrong with it.
        reason: String,
    },
    /// A field of the `ItemReader` is missing, or has a value that it cannot have.
    #[error("The field {name} of the ItemReader is missing or invalid.")]
    Misfit {
        /// The field.
        name: &'static str,
    },
    /// The object was replaced while it was being read.
    #[error("The object has changed while it was being read.")]
    Changed,
    /// A Parquet object is damaged, or of a form that is not read.
    #[error("The Parquet object cannot be read: {reason}")]
    Parquet {
        /// What is wrong with it.
        reason: String,
    },
}
