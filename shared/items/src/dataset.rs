//! A whole dataset, of one object or of many, read in order: says what it needs next, and lends the items.
//!
//! ```text
//! loop {
//!     match dataset.next()? {
//!         DatasetStep::Item(item) => …,
//!         DatasetStep::Needs(Need::Bytes { .. }) => fetch, then dataset.give_bytes(…),
//!         DatasetStep::Needs(Need::Page { .. }) => list, then dataset.give_page(…),
//!         DatasetStep::Needs(Need::Rows { .. }) => read some, then dataset.give_rows(…),
//!         DatasetStep::End => break,
//!     }
//! }
//! ```

use crate::failure::ReadFailure;
use crate::item::ItemRef;
use crate::limits;
use crate::listing::ListedObject;
use crate::manifests::{Inventory, ObjectName, athena_objects};
use crate::plan::{Content, DatasetPlan, Origin};
use crate::reader::{ItemReader, Parsed, Position};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// What a dataset needs to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// Some bytes of an object.
    Bytes {
        /// The object.
        object: ObjectName,
        /// Its version, where one is asked for.
        version: Option<String>,
        /// The first byte.
        from: u64,
        /// The ETag that the object must still have (`If-Match`).
        etag: Option<String>,
    },
    /// A page of a listing.
    Page {
        /// The bucket.
        bucket: String,
        /// What the keys begin with.
        prefix: String,
        /// The continuation token; nothing for the first page.
        token: Option<String>,
    },
    /// Some rows of a Parquet object, which is read here and there (`parquet::ParquetReader`).
    Rows {
        /// The object.
        object: ObjectName,
        /// The first row.
        row: u64,
        /// The index of the item that it is.
        index: u64,
        /// How many rows are of any use.
        most: u64,
        /// The ETag that the object must still have (`If-Match`).
        etag: Option<String>,
    },
}

/// Bytes of an object.
#[derive(Debug, Clone, Copy)]
pub struct FetchedBytes<'a> {
    /// The bytes, from the one that was asked for on: any number of them, up to about 8 MiB.
    pub bytes: &'a [u8],
    /// They are the object's last.
    pub is_end: bool,
    /// The object's ETag.
    pub etag: &'a str,
}

/// Rows of a Parquet object.
#[derive(Debug, Clone)]
pub struct ReadRows {
    /// The rows' texts, from the one that was asked for on: any number of them.
    pub rows: VecDeque<String>,
    /// They are the object's last.
    pub is_end: bool,
    /// The object's ETag.
    pub etag: String,
}

/// What [`Dataset::next`] found.
#[derive(Debug, PartialEq, Eq)]
pub enum DatasetStep<'a> {
    /// An item, lent until the next call.
    Item(ItemRef<'a>),
    /// Something is needed first.
    Needs(Need),
    /// There are no more items.
    End,
}

/// Where a dataset's reading stands: serialisable, and good for the same plan.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetPosition {
    /// The next item's index.
    pub index: u64,
    /// The continuation token of the page at hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    /// How many objects of the page, or of the manifest, are done with.
    #[serde(default)]
    objects: u64,
    /// Where the object at hand stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    object: Option<ObjectPosition>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct ObjectPosition {
    etag: Option<String>,
    /// Text: where its reader stands.
    text: Option<Position>,
    /// Parquet: the next row.
    #[serde(default)]
    row: u64,
}

/// A dataset that is being read.
#[derive(Debug)]
pub struct Dataset {
    plan: DatasetPlan,
    content: Option<Content>,
    index: u64,
    /// What is to come: objects of the page, or all of the manifest.
    queue: VecDeque<Queued>,
    supply: Supply,
    /// The token of the page that the queue is of.
    token: Option<String>,
    objects: u64,
    /// Objects to pass over, after taking up again.
    skip: u64,
    resumed: Option<ObjectPosition>,
    current: Option<Current>,
    /// The item of a listing, and its source.
    listed: String,
    source: String,
}

#[derive(Debug)]
struct Queued {
    name: ObjectName,
    /// Of a listing: the item, and whether there is anything in the object.
    listed: Option<(String, bool)>,
    etag: Option<String>,
}

/// Where the queue is filled from.
#[derive(Debug, PartialEq, Eq)]
enum Supply {
    Manifest(Vec<u8>, Option<String>),
    Page(Option<String>),
    Exhausted,
}

#[derive(Debug)]
struct Current {
    name: ObjectName,
    etag: Option<String>,
    reader: Reader,
    /// The next byte to ask for.
    from: u64,
}

#[derive(Debug)]
enum Reader {
    Text(Box<ItemReader>),
    Rows(Rows),
}

/// Rows of a Parquet object on their way.
#[derive(Debug)]
struct Rows {
    uri: String,
    /// The number of the row behind the one that was lent last.
    row: u64,
    lent: String,
    waiting: VecDeque<String>,
    is_end: bool,
}

impl Rows {
    fn advance(&mut self) -> Parsed {
        match self.waiting.pop_front() {
            Some(row) => {
                self.lent = row;
                self.row += 1;
                Parsed::Item
            }
            None if self.is_end => Parsed::End,
            None => Parsed::Incomplete,
        }
    }
}

enum Advance {
    Listed,
    Read,
    Needs(Need),
    End,
}

impl Dataset {
    /// A dataset from its start, or from where another reading of it stood.
    pub fn new(plan: DatasetPlan, position: DatasetPosition) -> Self {
        let mut queue = VecDeque::new();
        let supply = match &plan.origin {
            Origin::One { object, .. } => {
                queue.push_back(Queued { name: object.clone(), listed: None, etag: None });
                Supply::Exhausted
            }
            Origin::Listing { .. } => Supply::Page(position.token.clone()),
            Origin::Inventory { .. } | Origin::Athena { .. } => Supply::Manifest(Vec::new(), None),
        };
        Self {
            content: plan.content.clone(),
            plan,
            index: position.index,
            queue,
            supply,
            token: position.token,
            objects: 0,
            skip: position.objects,
            resumed: position.object,
            current: None,
            listed: String::new(),
            source: String::new(),
        }
    }

    /// The next item, or what is needed first.
    #[expect(clippy::should_implement_trait, reason = "an iterator cannot lend its items")]
    pub fn next(&mut self) -> Result<DatasetStep<'_>, ReadFailure> {
        let advance = self.advance()?;
        Ok(match advance {
            Advance::End => DatasetStep::End,
            Advance::Needs(need) => DatasetStep::Needs(need),
            Advance::Listed => DatasetStep::Item(ItemRef {
                index: self.index - 1,
                key: None,
                value: &self.listed,
                source: &self.source,
            }),
            Advance::Read => match self.current.as_ref().map(|current| &current.reader) {
                Some(Reader::Text(reader)) => DatasetStep::Item(reader.read_item()),
                Some(Reader::Rows(rows)) => DatasetStep::Item(ItemRef {
                    index: self.index - 1,
                    key: None,
                    value: &rows.lent,
                    source: &rows.uri,
                }),
                None => DatasetStep::End,
            },
        })
    }

    /// Where reading stands, behind the item that was lent last.
    pub fn position(&mut self) -> DatasetPosition {
        let object = self.current.as_mut().map(|current| ObjectPosition {
            etag: current.etag.clone(),
            text: match &mut current.reader {
                Reader::Text(reader) => Some(reader.position()),
                Reader::Rows(_) => None,
            },
            row: match &current.reader {
                Reader::Text(_) => 0,
                Reader::Rows(rows) => rows.row,
            },
        });
        DatasetPosition {
            index: self.index,
            token: self.token.clone(),
            objects: self.objects + self.skip,
            object: object.or_else(|| self.resumed.clone()),
        }
    }

    /// Answers [`Need::Bytes`].
    pub fn give_bytes(&mut self, fetched: FetchedBytes<'_>) -> Result<(), ReadFailure> {
        if let Some(current) = &mut self.current {
            if current.etag.as_deref().is_some_and(|etag| etag != fetched.etag) {
                return Err(ReadFailure::Changed);
            }
            current.etag = Some(fetched.etag.to_owned());
            current.from += fetched.bytes.len() as u64;
            if let Reader::Text(reader) = &mut current.reader {
                reader.push(fetched.bytes);
                if fetched.is_end {
                    reader.end();
                }
            }
            return Ok(());
        }
        let Supply::Manifest(manifest, etag) = &mut self.supply else { return Ok(()) };
        if etag.as_deref().is_some_and(|etag| etag != fetched.etag) {
            return Err(ReadFailure::Changed);
        }
        *etag = Some(fetched.etag.to_owned());
        if manifest.len() + fetched.bytes.len() > limits::MANIFEST_BYTES_MAX {
            return Err(ReadFailure::Manifest { reason: "it is too long".to_owned() });
        }
        manifest.extend_from_slice(fetched.bytes);
        if fetched.is_end { self.read_manifest() } else { Ok(()) }
    }

    /// Answers [`Need::Page`]: the page's objects, and the token of the page after it, if there is one.
    pub fn give_page<'a>(
        &mut self,
        objects: impl IntoIterator<Item = ListedObject<'a>>,
        next_token: Option<String>,
    ) {
        let Origin::Listing { bucket, .. } = &self.plan.origin else { return };
        if let Supply::Page(token) = &mut self.supply {
            self.token = token.take();
            self.objects = 0;
        }
        let queued = |object: ListedObject<'_>| Queued {
            name: ObjectName { bucket: bucket.clone(), key: object.key.to_owned() },
            listed: Some((object.to_item(), object.size > 0)),
            etag: Some(object.etag.to_owned()),
        };
        self.queue.extend(objects.into_iter().map(queued));
        self.supply = match next_token {
            Some(token) => Supply::Page(Some(token)),
            None => Supply::Exhausted,
        };
    }

    /// Answers [`Need::Rows`].
    pub fn give_rows(&mut self, read: ReadRows) -> Result<(), ReadFailure> {
        let Some(current) = &mut self.current else { return Ok(()) };
        if current.etag.as_ref().is_some_and(|etag| *etag != read.etag) {
            return Err(ReadFailure::Changed);
        }
        current.etag = Some(read.etag);
        if let Reader::Rows(rows) = &mut current.reader {
            (rows.waiting, rows.is_end) = (read.rows, read.is_end);
        }
        Ok(())
    }

    fn advance(&mut self) -> Result<Advance, ReadFailure> {
        while self.index < self.plan.index_end {
            if let Some(current) = &mut self.current {
                let parsed = match &mut current.reader {
                    Reader::Text(reader) => reader.parse()?,
                    Reader::Rows(rows) => rows.advance(),
                };
                match parsed {
                    Parsed::Item => {
                        self.index += 1;
                        return Ok(Advance::Read);
                    }
                    Parsed::Incomplete => {
                        let need = match &current.reader {
                            Reader::Text(_) => self.need_bytes(),
                            Reader::Rows(rows) => Need::Rows {
                                object: current.name.clone(),
                                row: rows.row,
                                index: self.index,
                                most: self.plan.index_end - self.index,
                                etag: current.etag.clone(),
                            },
                        };
                        return Ok(Advance::Needs(need));
                    }
                    Parsed::End => {
                        self.current = None;
                        self.objects += 1;
                    }
                }
            } else if let Some(queued) = self.queue.pop_front() {
                if let Some(advance) = self.begin(queued)? {
                    return Ok(advance);
                }
            } else {
                match &self.supply {
                    Supply::Exhausted => break,
                    Supply::Page(token) => {
                        return Ok(Advance::Needs(self.need_page(token.clone())));
                    }
                    Supply::Manifest(..) => return Ok(Advance::Needs(self.need_bytes())),
                }
            }
        }
        Ok(Advance::End)
    }

    /// Takes up an object; where it is an item itself, that is all.
    fn begin(&mut self, queued: Queued) -> Result<Option<Advance>, ReadFailure> {
        if self.skip > 0 {
            self.skip -= 1;
            self.objects += 1;
            return Ok(None);
        }
        let is_empty = queued.listed.as_ref().is_some_and(|(_, has_bytes)| !has_bytes);
        let Some(content) = &self.content else {
            self.objects += 1;
            self.index += 1;
            self.listed = queued.listed.map(|(item, _)| item).unwrap_or_default();
            self.source = format!("S3://{}", queued.name.bucket);
            return Ok(Some(Advance::Listed));
        };
        if is_empty {
            // The markers of folders are objects without bytes.
            self.objects += 1;
            return Ok(None);
        }
        let resumed = self.resumed.take();
        let etag = resumed.as_ref().and_then(|resumed| resumed.etag.clone()).or(queued.etag);
        let uri = uri(&queued.name);
        let (reader, from) = match (content, resumed) {
            (Content::Parquet, resumed) => {
                let row = resumed.map_or(0, |resumed| resumed.row);
                let (lent, waiting) = (String::new(), VecDeque::new());
                (Reader::Rows(Rows { uri, row, lent, waiting, is_end: false }), 0)
            }
            (Content::Text(format), Some(ObjectPosition { text: Some(position), .. })) => {
                let reader = ItemReader::resume(format, &uri, &position)?;
                (Reader::Text(Box::new(reader)), position.resume_from)
            }
            (Content::Text(format), _) => {
                let reader = ItemReader::new(format, &uri)?.with_first_index(self.index);
                (Reader::Text(Box::new(reader)), 0)
            }
        };
        self.current = Some(Current { name: queued.name, etag, reader, from });
        Ok(None)
    }

    fn need_bytes(&self) -> Need {
        let version = match &self.plan.origin {
            Origin::One { version, .. } => version.clone(),
            Origin::Inventory { version, .. } | Origin::Athena { version, .. } => {
                version.clone().filter(|_| self.current.is_none())
            }
            Origin::Listing { .. } => None,
        };
        let (object, from, etag) = match (&self.current, &self.plan.origin, &self.supply) {
            (Some(current), _, _) => (current.name.clone(), current.from, current.etag.clone()),
            (
                None,
                Origin::Inventory { manifest, .. } | Origin::Athena { manifest, .. },
                Supply::Manifest(bytes, etag),
            ) => (manifest.clone(), bytes.len() as u64, etag.clone()),
            (None, Origin::One { object, .. }, _) => (object.clone(), 0, None),
            (None, _, _) => (ObjectName { bucket: String::new(), key: String::new() }, 0, None),
        };
        Need::Bytes { object, version, from, etag }
    }

    fn need_page(&self, token: Option<String>) -> Need {
        let (bucket, prefix) = match &self.plan.origin {
            Origin::Listing { bucket, prefix } => (bucket.clone(), prefix.clone()),
            Origin::One { .. } | Origin::Inventory { .. } | Origin::Athena { .. } => {
                Default::default()
            }
        };
        Need::Page { bucket, prefix, token }
    }

    fn read_manifest(&mut self) -> Result<(), ReadFailure> {
        let Supply::Manifest(bytes, _) = std::mem::replace(&mut self.supply, Supply::Exhausted)
        else {
            return Ok(());
        };
        let objects = match &self.plan.origin {
            Origin::Athena { .. } => athena_objects(&bytes)?,
            Origin::Inventory { .. } | Origin::One { .. } | Origin::Listing { .. } => {
                let inventory = Inventory::parse(&bytes)?;
                self.content = Some(match inventory.format {
                    Some(format) => Content::Text(format),
                    None => Content::Parquet,
                });
                inventory.objects
            }
        };
        let queued = |name| Queued { name, listed: None, etag: None };
        self.queue.extend(objects.into_iter().map(queued));
        Ok(())
    }
}

fn uri(object: &ObjectName) -> String {
    format!("S3://{}/{}", object.bucket, object.key)
}

#[cfg(test)]
mod tests;
