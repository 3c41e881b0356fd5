//! Rows of Parquet objects. The library that decodes them reads where it likes and waits for what it reads, so it works on
//! a thread of its own, a stretch at a time, and has the object's bytes fetched here.

use super::InRun;
use super::manifest::{Unread, read_failure, unread};
use crate::driver::Driver;
use crate::error::Halt;
use crate::limits::{MAP_OBJECT_PIECE_BYTES, MAP_ROWS_AT_ONCE, MAP_ROWS_BYTES};
use crate::objects::{ObjectAnswer, ObjectError, ObjectRequest};
use crate::tasks::Tasks;
use baton_items::parquet::{ParquetReader, RangedObject};
use baton_items::{ObjectName, ReadFailure, ReadRows};
use baton_store::Backend;
use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, mpsc};
use tokio::sync::mpsc as channel;

/// A Parquet object that is being read.
pub(super) struct OpenObject {
    name: ObjectName,
    etag: String,
    next_row: u64,
    decoder: Decoder,
    wanted: channel::UnboundedReceiver<Wanted>,
}

/// What goes to the thread that decodes, and comes back.
enum Decoder {
    /// Not begun: the object, the first row and its index.
    Fresh(Remote, u64, u64),
    Open(Box<ParquetReader>),
    /// What comes behind the rows that were read before.
    Failed(ReadFailure),
}

/// Bytes that the decoder waits for.
struct Wanted {
    start: u64,
    length: usize,
    answer: mpsc::SyncSender<io::Result<Vec<u8>>>,
}

/// The object as the decoder sees it.
struct Remote {
    length: u64,
    wanted: channel::UnboundedSender<Wanted>,
}

impl RangedObject for Remote {
    fn length(&self) -> u64 {
        self.length
    }

    fn read(&self, start: u64, length: usize) -> io::Result<Vec<u8>> {
        let gone = || io::Error::other("nobody reads any more");
        let (answer, answered) = mpsc::sync_channel(1);
        self.wanted.send(Wanted { start, length, answer }).map_err(|_| gone())?;
        answered.recv().map_err(|_| gone())?
    }
}

/// What is asked for: rows of an object from this one on, so many at most.
#[derive(Clone, Copy)]
pub(super) struct RowsWanted<'a> {
    pub(super) object: &'a ObjectName,
    pub(super) row: u64,
    pub(super) index: u64,
    pub(super) most: u64,
    pub(super) owner: Option<&'a str>,
}

impl<B: Backend, T: Tasks> Driver<B, T> {
    /// The next rows of an object: of the one that is open, if it stands there.
    pub(super) async fn read_rows(
        &self,
        of: InRun<'_>,
        open: &mut Option<OpenObject>,
        wanted: RowsWanted<'_>,
    ) -> Result<ReadRows, Unread> {
        let is_there =
            |open: &OpenObject| open.name == *wanted.object && open.next_row == wanted.row;
        let mut at = match open.take().filter(is_there) {
            Some(open) => open,
            None => self.open_object(of, wanted).await?,
        };
        let (decoder, most) = (at.decoder, wanted.most);
        let mut decoding = tokio::task::spawn_blocking(move || decode(decoder, most));
        // Of a range that cannot be read the decoder only knows that.
        let mut refused = None;
        let decoded = loop {
            tokio::select! {
                decoded = &mut decoding => break decoded,
                Some(range) = at.wanted.recv() => {
                    let read = self.read_range(of, wanted.owner, &at.name, &at.etag, &range).await;
                    let read = read.map_err(|error| {
                        let shown = io::Error::other(error.cause.clone());
                        refused = Some(error);
                        shown
                    });
                    // Whoever asked waits for it, or is gone.
                    let _ = range.answer.send(read);
                }
            }
        };
        if let Some(error) = refused {
            return Err(read_failure(error));
        }
        let decoded = decoded.map_err(|error| Halt::broken(&error))?;
        let (decoder, rows, is_end) = decoded.map_err(|failure| unread(&failure))?;
        let etag = at.etag.clone();
        let next_row = at.next_row.saturating_add(rows.len() as u64);
        *open = (!is_end).then_some(OpenObject { decoder, next_row, ..at });
        Ok(ReadRows { rows, is_end, etag })
    }

    async fn open_object(
        &self,
        of: InRun<'_>,
        wanted: RowsWanted<'_>,
    ) -> Result<OpenObject, Unread> {
        let RowsWanted { object, row, index, owner, .. } = wanted;
        let request = ObjectRequest::Read {
            bucket: &object.bucket,
            key: &object.key,
            version: None,
            etag: None,
            from: 0,
            bytes_max: 4,
        };
        let answer = self.object(of, owner, request).await.map_err(read_failure)?;
        let ObjectAnswer::Bytes { size, etag, .. } = answer else {
            return Err(
                Halt::Broken("an object's bytes were answered by something else".into()).into()
            );
        };
        let (sender, receiver) = channel::unbounded_channel();
        let remote = Remote { length: size, wanted: sender };
        Ok(OpenObject {
            name: object.clone(),
            etag,
            next_row: row,
            decoder: Decoder::Fresh(remote, row, index),
            wanted: receiver,
        })
    }

    /// All of a range, in as many reads as it takes.
    async fn read_range(
        &self,
        of: InRun<'_>,
        owner: Option<&str>,
        object: &ObjectName,
        etag: &str,
        range: &Wanted,
    ) -> Result<Vec<u8>, ObjectError> {
        let mut all = Vec::with_capacity(range.length);
        while all.len() < range.length {
            let left = u32::try_from(range.length - all.len()).unwrap_or(u32::MAX);
            let request = ObjectRequest::Read {
                bucket: &object.bucket,
                key: &object.key,
                version: None,
                etag: Some(etag),
                from: range.start.saturating_add(all.len() as u64),
                bytes_max: left.min(MAP_OBJECT_PIECE_BYTES),
            };
            match self.object(of, owner, request).await? {
                ObjectAnswer::Bytes { bytes, .. } if !bytes.is_empty() => {
                    let left = range.length - all.len();
                    all.extend_from_slice(bytes.get(..left).unwrap_or(&bytes));
                }
                ObjectAnswer::Bytes { .. }
                | ObjectAnswer::Page { .. }
                | ObjectAnswer::Begun(_)
                | ObjectAnswer::Part(_)
                | ObjectAnswer::Done => {
                    return Err(ObjectError::refused("The object is shorter than it was."));
                }
            }
        }
        Ok(all)
    }
}

type Decoded = (Decoder, VecDeque<String>, bool);

/// Decodes some rows. What comes in the way of one is told once those before it have been given.
fn decode(decoder: Decoder, most: u64) -> Result<Decoded, ReadFailure> {
    let mut reader = match decoder {
        Decoder::Failed(failure) => return Err(failure),
        Decoder::Open(reader) => reader,
        Decoder::Fresh(remote, row, index) => {
            let reader = ParquetReader::open(Arc::new(remote), "", row)?;
            Box::new(reader.with_first_index(index.saturating_sub(row)))
        }
    };
    let most = usize::try_from(most).unwrap_or(usize::MAX).min(MAP_ROWS_AT_ONCE);
    let (mut rows, mut bytes) = (VecDeque::new(), 0_usize);
    while rows.len() < most && bytes < MAP_ROWS_BYTES {
        match reader.next() {
            Ok(Some(item)) => {
                bytes = bytes.saturating_add(item.value.len());
                rows.push_back(item.value.to_owned());
            }
            Ok(None) => return Ok((Decoder::Open(reader), rows, true)),
            Err(failure) if rows.is_empty() => return Err(failure),
            Err(failure) => return Ok((Decoder::Failed(failure), rows, false)),
        }
    }
    Ok((Decoder::Open(reader), rows, false))
}
