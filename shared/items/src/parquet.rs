//! Parquet: rows as items, by ranged reads.
//!
//! What AWS makes of the types is not documented; here numbers are numbers, decimals too, with all their digits; dates and
//! times are texts of ISO 8601, those of a day in UTC; bytes are base64; structs and maps are objects, lists arrays; what
//! JSON cannot say (NaN) is null.
//!
//! A page of each column is held, and of the object as stored [`CACHE_BYTES`]; pages, row groups and the footer have limits,
//! and what a damaged object makes the decoder do ends in a named failure.

use crate::failure::ReadFailure;
use crate::item::ItemRef;
use crate::limits;
use crate::results::quoted;
use base64::Engine;
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp, civil};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::{ChunkReader, FileReader, Length};
use parquet::file::serialized_reader::{ReadOptionsBuilder, SerializedFileReader};
use parquet::record::reader::RowIter;
use parquet::record::{Field, Row};
use std::collections::VecDeque;
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, OnceLock};

/// What is kept of the object as stored: reads in the neighbourhood of earlier ones cost no request.
pub const CACHE_BYTES: usize = 16 * SEGMENT_BYTES;
const SEGMENT_BYTES: usize = 1024 * 1024;
const CACHED_SEGMENTS: usize = CACHE_BYTES / SEGMENT_BYTES;
const FOOTER_TAIL_BYTES: u64 = 8;

/// An object that can be read anywhere. The calls block: in an asynchronous program, read on a thread of its own.
pub trait RangedObject: Send + Sync {
    /// The object's bytes.
    fn length(&self) -> u64;
    /// The bytes from `start` on, exactly `length` of them.
    fn read(&self, start: u64, length: usize) -> std::io::Result<Vec<u8>>;
}

/// Reads the rows of a Parquet object.
pub struct ParquetReader {
    rows: RowIter<'static>,
    uri: Box<str>,
    value: String,
    row: u64,
    first_index: u64,
    index_end: u64,
}

impl std::fmt::Debug for ParquetReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ParquetReader").field("row", &self.row).finish_non_exhaustive()
    }
}

impl ParquetReader {
    /// A reader from row number `row` on: 0, or what [`Self::next_row`] of another said. Row groups before it are not read.
    pub fn open(object: Arc<dyn RangedObject>, uri: &str, row: u64) -> Result<Self, ReadFailure> {
        let object = Ranges { object, segments: Arc::default(), columns: Arc::default() };
        let (rows, passed) = guarded(|| open_rows(object, row))?;
        let mut reader = Self {
            rows,
            uri: uri.into(),
            value: String::new(),
            row: passed,
            first_index: 0,
            index_end: limits::ITEMS_MAX,
        };
        while reader.row < row && reader.next_in_object()?.is_some() {}
        Ok(reader)
    }

    /// The same, with row 0 having this index: where an object is one of many.
    #[must_use]
    pub fn with_first_index(mut self, index: u64) -> Self {
        self.first_index = index;
        self
    }

    /// The same, stopping once the next item's index would be `end`: see [`crate::index_end`].
    #[must_use]
    pub fn with_index_end(mut self, end: u64) -> Self {
        self.index_end = end.min(limits::ITEMS_MAX);
        self
    }

    /// The next item, lent until the call after.
    #[expect(clippy::should_implement_trait, reason = "an iterator cannot lend its items")]
    pub fn next(&mut self) -> Result<Option<ItemRef<'_>>, ReadFailure> {
        let index = self.first_index + self.row;
        if index >= self.index_end {
            return Ok(None);
        }
        let Some(row) = self.next_in_object()? else { return Ok(None) };
        self.value.clear();
        write_row(&row, &mut self.value, index, 0)?;
        if self.value.len() > limits::ITEM_BYTES_MAX {
            return Err(ReadFailure::ItemTooLarge { index });
        }
        Ok(Some(self.read_item()))
    }

    /// The item that was read last.
    pub(crate) fn read_item(&self) -> ItemRef<'_> {
        let index = (self.first_index + self.row).saturating_sub(1);
        ItemRef { index, key: None, value: &self.value, source: &self.uri }
    }

    /// The number of the row that is next: where another reader can go on.
    pub fn next_row(&self) -> u64 {
        self.row
    }

    fn next_in_object(&mut self) -> Result<Option<Row>, ReadFailure> {
        let row = guarded(|| self.rows.next().transpose())?;
        self.row += u64::from(row.is_some());
        Ok(row)
    }
}

/// The rows from the row group on that holds `row`, and the number of the first of them.
fn open_rows(object: Ranges, row: u64) -> ParquetResult<(RowIter<'static>, u64)> {
    check_footer(&object)?;
    let mut before = 0;
    let is_wanted = move |group: &RowGroupMetaData, _: usize| {
        before += u64::try_from(group.num_rows()).unwrap_or_default();
        before > row
    };
    let options = ReadOptionsBuilder::new().with_predicate(Box::new(is_wanted)).build();
    let columns = object.columns.clone();
    let reader = SerializedFileReader::new_with_options(object, options)?;
    let metadata = reader.metadata();
    let (mut wanted, mut found) = (0, Vec::new());
    for group in metadata.row_groups() {
        let mut bytes = 0_u64;
        for column in group.columns() {
            let (from, stored) = column.byte_range();
            let unfolded = u64::try_from(column.uncompressed_size()).unwrap_or(u64::MAX);
            bytes = bytes.saturating_add(unfolded);
            found.push(Column { from, to: from.saturating_add(stored), unfolded });
        }
        if bytes > limits::PARQUET_ROW_GROUP_BYTES_MAX {
            return Err(general("a row group is larger than 256 MB"));
        }
        wanted += u64::try_from(group.num_rows()).unwrap_or_default();
    }
    found.sort_unstable_by_key(|column| column.from);
    // Set once: nothing else does.
    let _ = columns.set(found);
    let all = u64::try_from(metadata.file_metadata().num_rows()).unwrap_or_default();
    Ok((RowIter::from_file_into(Box::new(reader)), all.saturating_sub(wanted)))
}

fn check_footer(object: &Ranges) -> ParquetResult<()> {
    let start = object.len().checked_sub(FOOTER_TAIL_BYTES);
    let start = start.ok_or_else(|| general("it is too short"))?;
    let tail = object.get_bytes(start, 8)?;
    let length = tail.first_chunk::<4>().map(|length| u32::from_le_bytes(*length));
    if length.is_none_or(|length| length > limits::PARQUET_FOOTER_BYTES_MAX) {
        return Err(general("its footer is larger than 5 MB"));
    }
    Ok(())
}

/// Runs a decoder over bytes that may be anything: if it panics, the object is damaged.
fn guarded<T>(work: impl FnOnce() -> ParquetResult<T>) -> Result<T, ReadFailure> {
    let failure = |reason: String| ReadFailure::Parquet { reason };
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => done.map_err(|e| failure(e.to_string())),
        Err(_) => Err(failure("it is damaged".to_owned())),
    }
}

fn general(reason: &str) -> ParquetError {
    ParquetError::General(reason.to_owned())
}

/// The object, with the segments of it that were read last.
#[derive(Clone)]
struct Ranges {
    object: Arc<dyn RangedObject>,
    segments: Arc<Mutex<VecDeque<(u64, Bytes)>>>,
    /// Where columns lie, once the footer has been read, in their order.
    columns: Arc<OnceLock<Vec<Column>>>,
}

/// The part of a column that one row group has.
struct Column {
    from: u64,
    to: u64,
    unfolded: u64,
}

impl Ranges {
    /// The most that a page at this place may unfold to: no more than its whole column claims, so that all pages at a time
    /// hold no more than a row group may.
    fn page_bytes_max(&self, at: u64) -> u64 {
        let columns = self.columns.get().map(Vec::as_slice).unwrap_or_default();
        let behind = columns.partition_point(|column| column.from <= at);
        let column = behind.checked_sub(1).and_then(|index| columns.get(index));
        let limit = column.filter(|column| at < column.to).map_or(u64::MAX, |it| it.unfolded);
        limit.min(limits::PARQUET_PAGE_BYTES_MAX.into())
    }

    /// The segment that holds the byte `at`.
    fn segment(&self, at: u64) -> std::io::Result<(u64, Bytes)> {
        let start = at - at % SEGMENT_BYTES as u64;
        let mut segments = self.segments.lock().map_err(|_| std::io::Error::other("poisoned"))?;
        if let Some(found) = segments.iter().position(|(segment, _)| *segment == start)
            && let Some(segment) = segments.remove(found)
        {
            segments.push_back(segment.clone());
            return Ok(segment);
        }
        let left = self.object.length().saturating_sub(start);
        let length = usize::try_from(left).unwrap_or(SEGMENT_BYTES).min(SEGMENT_BYTES);
        let bytes = Bytes::from(self.object.read(start, length)?);
        if bytes.len() != length {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        segments.push_back((start, bytes.clone()));
        if segments.len() > CACHED_SEGMENTS {
            segments.pop_front();
        }
        Ok((start, bytes))
    }

    fn stream(&self, at: u64) -> RangeStream {
        RangeStream { ranges: self.clone(), at }
    }
}

impl Length for Ranges {
    fn len(&self) -> u64 {
        self.object.length()
    }
}

impl ChunkReader for Ranges {
    type T = RangeStream;

    /// The decoder reads page headers so (and the last bytes): what they claim is looked at first, for it is believed.
    fn get_read(&self, start: u64) -> ParquetResult<RangeStream> {
        if start + FOOTER_TAIL_BYTES == self.len() {
            return Ok(self.stream(start));
        }
        let mut head = Vec::new();
        std::io::Read::read_to_end(
            &mut std::io::Read::take(self.stream(start), PAGE_HEAD_BYTES),
            &mut head,
        )?;
        let most = self.page_bytes_max(start);
        if claimed_page_bytes(&head).is_none_or(|claimed| u64::from(claimed) > most) {
            return Err(general("a page is damaged, larger than its column or than 16 MiB"));
        }
        Ok(self.stream(start))
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        if length > limits::PARQUET_PAGE_BYTES_MAX as usize {
            return Err(general("a page is larger than 16 MiB"));
        }
        let mut bytes = Vec::with_capacity(length);
        let wanted = std::io::Read::take(self.stream(start), length as u64);
        std::io::Read::read_to_end(&mut { wanted }, &mut bytes)?;
        if bytes.len() != length {
            return Err(general("it is too short"));
        }
        Ok(bytes.into())
    }
}

const PAGE_HEAD_BYTES: u64 = 32;

/// The larger of the two sizes that a page header claims: its second and third field, of which all three are required
/// 32-bit integers. (Thrift's compact protocol: a byte for a field that follows its neighbour, then its value.)
fn claimed_page_bytes(head: &[u8]) -> Option<u32> {
    const NEXT_I32: u8 = 0x15;
    let mut rest = head;
    let mut field = || {
        let (kind, after) = rest.split_first()?;
        rest = after;
        let value = crate::varint::take(&mut rest).filter(|_| *kind == NEXT_I32)?;
        // Zigzag: the lowest bit is the sign.
        (value & 1 == 0).then_some(u32::try_from(value >> 1).ok()?)
    };
    let (_page_type, unfolded, stored) = (field()?, field()?, field()?);
    Some(unfolded.max(stored))
}

/// The object from a place on.
struct RangeStream {
    ranges: Ranges,
    at: u64,
}

impl std::io::Read for RangeStream {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.at >= self.ranges.len() || into.is_empty() {
            return Ok(0);
        }
        let (start, bytes) = self.ranges.segment(self.at)?;
        let from = usize::try_from(self.at - start).unwrap_or(usize::MAX);
        let available = bytes.get(from..).unwrap_or_default();
        let read = std::io::Read::read(&mut { available }, into)?;
        self.at += read as u64;
        Ok(read)
    }
}

fn write_row(row: &Row, out: &mut String, index: u64, depth: u32) -> Result<(), ReadFailure> {
    if depth >= limits::JSON_DEPTH_MAX {
        return Err(ReadFailure::ItemTooDeep { index });
    }
    out.push('{');
    for (at, (name, field)) in row.get_column_iter().enumerate() {
        out.push_str(if at > 0 { "," } else { "" });
        out.push_str(&quoted(name));
        out.push(':');
        write_field(field, out, index, depth)?;
    }
    out.push('}');
    Ok(())
}

fn write_field(field: &Field, out: &mut String, index: u64, depth: u32) -> Result<(), ReadFailure> {
    match field {
        Field::Group(row) => return write_row(row, out, index, depth + 1),
        Field::ListInternal(list) => {
            return write_nested(list.elements(), ["[", "]"], out, index, depth, |field, out| {
                write_field(field, out, index, depth + 1)
            });
        }
        Field::MapInternal(map) => {
            return write_nested(map.entries(), ["{", "}"], out, index, depth, |entry, out| {
                let (key, value) = entry;
                out.push_str(&quoted(&key_text(key)));
                out.push(':');
                write_field(value, out, index, depth + 1)
            });
        }
        Field::Null
        | Field::Bool(_)
        | Field::Byte(_)
        | Field::Short(_)
        | Field::Int(_)
        | Field::Long(_)
        | Field::UByte(_)
        | Field::UShort(_)
        | Field::UInt(_)
        | Field::ULong(_)
        | Field::Float16(_)
        | Field::Float(_)
        | Field::Double(_)
        | Field::Decimal(_)
        | Field::Str(_)
        | Field::Bytes(_)
        | Field::Date(_)
        | Field::TimeMillis(_)
        | Field::TimeMicros(_)
        | Field::TimestampMillis(_)
        | Field::TimestampMicros(_) => write_scalar(field, out),
    }
    Ok(())
}

fn write_nested<T>(
    parts: &[T],
    [open, close]: [&str; 2],
    out: &mut String,
    index: u64,
    depth: u32,
    mut write: impl FnMut(&T, &mut String) -> Result<(), ReadFailure>,
) -> Result<(), ReadFailure> {
    if depth >= limits::JSON_DEPTH_MAX {
        return Err(ReadFailure::ItemTooDeep { index });
    }
    out.push_str(open);
    for (at, part) in parts.iter().enumerate() {
        out.push_str(if at > 0 { "," } else { "" });
        write(part, out)?;
    }
    out.push_str(close);
    Ok(())
}

/// A map's key: a text is itself, anything else as it would be written.
fn key_text(key: &Field) -> String {
    if let Field::Str(text) = key { text.clone() } else { key.to_string() }
}

fn write_scalar(field: &Field, out: &mut String) {
    // Writing to a string cannot fail.
    let _ = match field {
        Field::Bool(value) => write!(out, "{value}"),
        Field::Byte(value) => write!(out, "{value}"),
        Field::Short(value) => write!(out, "{value}"),
        Field::Int(value) => write!(out, "{value}"),
        Field::Long(value) => write!(out, "{value}"),
        Field::UByte(value) => write!(out, "{value}"),
        Field::UShort(value) => write!(out, "{value}"),
        Field::UInt(value) => write!(out, "{value}"),
        Field::ULong(value) => write!(out, "{value}"),
        Field::Float16(value) => float(out, &value.to_f32()),
        Field::Float(value) => float(out, value),
        Field::Double(value) => float(out, value),
        Field::Decimal(_) => write!(out, "{field}"),
        Field::Str(text) => write!(out, "{}", quoted(text)),
        Field::Bytes(bytes) => {
            let text = base64::engine::general_purpose::STANDARD.encode(bytes.data());
            write!(out, "\"{text}\"")
        }
        Field::Date(days) => time(out, date(*days)),
        Field::TimeMillis(millis) => {
            time(out, clock(SignedDuration::from_millis((*millis).into())))
        }
        Field::TimeMicros(micros) => time(out, clock(SignedDuration::from_micros(*micros))),
        Field::TimestampMillis(millis) => time(out, Timestamp::from_millisecond(*millis).ok()),
        Field::TimestampMicros(micros) => time(out, Timestamp::from_microsecond(*micros).ok()),
        Field::Null | Field::Group(_) | Field::ListInternal(_) | Field::MapInternal(_) => {
            write!(out, "null")
        }
    };
}

/// A float in its shortest form; null, where JSON has none.
fn float(out: &mut String, value: &impl serde::Serialize) -> std::fmt::Result {
    out.write_str(&serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned()))
}

/// A time as text; null, where it is out of all range.
fn time(out: &mut String, value: Option<impl std::fmt::Display>) -> std::fmt::Result {
    match value {
        Some(value) => write!(out, "\"{value}\""),
        None => out.write_str("null"),
    }
}

fn date(days: i32) -> Option<civil::Date> {
    civil::date(1970, 1, 1).checked_add(SignedDuration::from_hours(i64::from(days) * 24)).ok()
}

fn clock(since_midnight: SignedDuration) -> Option<civil::Time> {
    civil::Time::midnight().checked_add(since_midnight).ok()
}

#[cfg(test)]
mod tests;
