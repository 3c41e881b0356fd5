//! What a Distributed Map reads and writes.
//!
//! Pure: bytes in, items out; items in, bytes out. Whoever uses it brings the objects.
//!
//! * [`Dataset`] reads what an `ItemReader` field asks for ([`DatasetPlan`]): one object, a listing, the objects of a listing
//!   (LOAD_AND_FLATTEN), an inventory, Athena's files. It says what it needs (bytes, a page) and lends the items; it stops
//!   behind any item and is taken up again from its [`DatasetPosition`]. It stands on the following:
//! * [`ItemReader`] reads one object, CSV, JSON or JSON Lines, plain or as gzip or zstd (told by its first bytes).
//!   [`ItemReader::push`] hands it bytes, [`ItemReader::next`] lends the items, [`ItemReader::position`] says where another
//!   reader can go on. A dataset of many objects is many readers, each with its first index.
//! * `parquet::ParquetReader` (feature `parquet`) reads the rows of a Parquet object.
//! * [`Batcher`] makes children's inputs of items.
//! * [`ListedObject`] makes an item of an object's description; [`Inventory`] and [`athena_objects`] read the manifests that
//!   name a dataset's objects. LOAD_AND_FLATTEN is a listing whose objects are each read by an [`ItemReader`].
//! * [`results`] writes what a map run leaves behind.
//!
//! # Invariants
//!
//! * Memory is bounded whatever the object's size: one pushed piece, one record (at most 1 MiB) and its item, and
//!   for compressed objects the decompressor's window (gzip 32 KiB, zstd at most 32 MiB). With pieces of 8 MiB that is less
//!   than 52 MiB.
//! * Equal bytes give equal items, however they are cut into pieces and wherever reading is taken up again.
//! * No byte of a dataset makes a reader panic, hang, or hold more than that.

mod batch;
mod dataset;
mod failure;
mod item;
pub mod limits;
mod listing;
mod manifests;
#[cfg(feature = "parquet")]
pub mod parquet;
mod plan;
mod reader;
pub mod results;
mod unfold;
#[cfg(feature = "parquet")]
mod varint;
mod window;

pub use batch::{Batch, BatchLimits, Batcher, ItemTooLarge};
pub use dataset::{Dataset, DatasetPosition, DatasetStep, FetchedBytes, Need, ReadRows};
pub use failure::{ITEM_READER_FAILED, ReadFailure};
pub use item::{Item, ItemRef};
pub use listing::ListedObject;
pub use manifests::{Inventory, ObjectName, athena_objects};
pub use plan::DatasetPlan;
pub use reader::{
    CsvDelimiter, CsvFormat, CsvHeaders, Format, ItemReader, Pointer, Position, Step, index_end,
};
