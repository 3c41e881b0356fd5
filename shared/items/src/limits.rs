//! The limits of what a Distributed Map reads and writes: AWS's where it has one, ours where it has none.

/// Largest item, in bytes of its JSON text: it must fit a child's input.
pub const ITEM_BYTES_MAX: usize = 262_144;
/// Most items of one map run.
pub const ITEMS_MAX: u64 = 100_000_000;
/// Longest header of a CSV object.
pub const CSV_HEADER_BYTES_MAX: usize = 10 * 1024;
/// Longest ItemsPointer, exclusive.
pub const POINTER_CHARS_MAX: usize = 2_000;
/// Where the node that ItemsPointer names must have begun.
pub const POINTER_START_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Longest row, line or value as it stands in the source. An item's text is shorter only by its white space and
/// its escapes, so nothing that could become an item is refused.
pub const RECORD_BYTES_MAX: usize = 1024 * 1024;
/// Longest member name of a JSON object on the way to the items, or of an item.
pub const NAME_BYTES_MAX: usize = 64 * 1024;
/// Deepest nesting of an item: what is kept must be readable by a JSON parser of depth 128.
pub const JSON_DEPTH_MAX: u32 = 100;

/// Most bytes that one compressed object may unfold to.
pub const UNFOLDED_BYTES_MAX: u64 = 10 * 1024 * 1024 * 1024;
/// From here on an object that unfolds more than [`UNFOLD_RATIO_MAX`] times is taken for a bomb.
pub const UNFOLD_RATIO_FROM_BYTES: u64 = 256 * 1024 * 1024;
/// Just above what gzip can reach at all (1,032).
pub const UNFOLD_RATIO_MAX: u64 = 1_100;
/// Largest window of a zstd frame, as a power of two: 32 MiB. `zstd -19` uses 8 MiB, `--ultra -22` 128 MiB.
pub const ZSTD_WINDOW_LOG_MAX: u32 = 25;

/// Largest result file: 5 GB.
pub const RESULT_FILE_BYTES_MAX: u64 = 5 * 1024 * 1024 * 1024;
/// Longest manifest of an inventory or of Athena: it is held whole.
pub const MANIFEST_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Most objects that one lists.
pub const MANIFEST_OBJECTS_MAX: usize = 100_000;

/// Largest row group of a Parquet object.
#[cfg(feature = "parquet")]
pub const PARQUET_ROW_GROUP_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Largest footer of one.
#[cfg(feature = "parquet")]
pub const PARQUET_FOOTER_BYTES_MAX: u32 = 5 * 1024 * 1024;
/// Largest page of one, as stored and unfolded: one of each column is held. Writers make them of about 1 MiB.
#[cfg(feature = "parquet")]
pub const PARQUET_PAGE_BYTES_MAX: u32 = 16 * 1024 * 1024;
