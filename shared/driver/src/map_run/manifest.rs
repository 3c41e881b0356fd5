//! The manifest: items become children's inputs, chunk by chunk.

use super::InRun;
use super::ahead::Ahead;
use crate::driver::Driver;
use crate::error::Halt;
use crate::limits::{
    MAP_CHUNK_BYTES_MAX, MAP_CHUNK_CHILDREN, MAP_EXPRESS_CHILDREN, MAP_EXPRESS_FIRST_CHILDREN,
    MAP_READ_LIMIT,
};
use crate::objects::{ObjectAnswer, ObjectCall, ObjectError, ObjectRequest};
use crate::take::Taken;
use crate::tasks::Tasks;
use baton_asl::states::ReaderAction;
use baton_engine::{Failure, ItemSource, MapItem, MapSignal, Payload};
use baton_items::{
    BatchLimits, Batcher, Dataset, DatasetPlan, DatasetPosition, DatasetStep, FetchedBytes,
    ITEM_READER_FAILED, ListedObject, Need, ObjectName, ReadFailure, ReadRows,
};
use baton_store::Backend;
use baton_store::documents::{self, MapChild, MapChunk, MapRunState, map_key};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

/// `Map.Item.Source` of items that come from the state's own data.
const STATE_DATA: &str = "STATE_DATA";

/// Where reading goes on.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Place {
    /// The index of the next item.
    #[serde(rename = "i", default)]
    pub(super) index: u64,
    /// Where the dataset stands, if it is read from S3.
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    dataset: Option<DatasetPosition>,
    /// Items that were read and belong to a batch of the next chunk.
    #[serde(rename = "b", default, skip_serializing_if = "Vec::is_empty")]
    batch: Vec<Box<RawValue>>,
}

/// A dataset that is being read, from chunk to chunk.
#[derive(Default)]
struct Reading<'a> {
    dataset: Option<Dataset>,
    ahead: Ahead<'a>,
    /// The Parquet object at hand.
    #[cfg(feature = "parquet")]
    rows: Option<super::rows::OpenObject>,
}

/// Why no more can be read.
pub(super) enum Unread {
    /// The run fails.
    Failed(Failure),
    /// The execution can never go on, or the cue comes again.
    Halt(Halt),
}

impl From<Halt> for Unread {
    fn from(halt: Halt) -> Self {
        Unread::Halt(halt)
    }
}

impl From<Failure> for Unread {
    fn from(failure: Failure) -> Self {
        Unread::Failed(failure)
    }
}

impl<B: Backend, T: Tasks> Driver<B, T> {
    /// Reads on, until everything is read or the time is up.
    pub(super) async fn read_map(&self, of: InRun<'_>, from: u32) -> Result<Taken, Halt> {
        let Some(state) = self.map_run_state(of.arn()).await? else { return Ok(Taken::Repeated) };
        let mut state = state.value;
        if !state.is_open() || state.is_read || state.chunks > from {
            // This cue came before and got so far. Who was fed then may not have been told.
            self.look_after(of, &state).await?;
        }
        let began = self.backend.now();
        let mut reading = Reading::default();
        while state.is_open() && !state.is_read {
            state = match self.read_chunk(of, state.chunks, &mut reading).await {
                Ok(state) => state,
                Err(Unread::Failed(failure)) => {
                    self.fail_map(of, &failure).await?;
                    return Ok(Taken::Advanced);
                }
                Err(Unread::Halt(halt)) => return Err(halt),
            };
            let is_late = self.backend.now().duration_since(began) > MAP_READ_LIMIT;
            if is_late && !state.is_read {
                let more = MapSignal::Read { chunk: state.chunks };
                self.backend.send(vec![of.cue(more)]).await?;
                break;
            }
        }
        Ok(Taken::Advanced)
    }

    /// Reads one chunk, unless somebody has, and publishes it.
    async fn read_chunk<'a>(
        &'a self,
        of: InRun<'a>,
        number: u32,
        reading: &mut Reading<'a>,
    ) -> Result<MapRunState, Unread> {
        let (group, key) = (of.arn(), map_key(number));
        let there = documents::find::<MapChunk>(&*self.backend, group, &key);
        let chunk = match there.await.map_err(Halt::from)? {
            Some(held) => {
                reading.dataset = None;
                held.value
            }
            None => {
                let place = self.place_before(of, number).await?;
                let chunk = self.next_chunk(of, place, reading).await?;
                let written = documents::swap(&*self.backend, group, &key, None, Some(&chunk));
                if written.await.map_err(Halt::from)? {
                    chunk
                } else {
                    // Another reader was faster, and may have drawn other inputs by chance.
                    reading.dataset = None;
                    let there = documents::find::<MapChunk>(&*self.backend, group, &key);
                    there.await.map_err(Halt::from)?.map_or(chunk, |held| held.value)
                }
            }
        };
        Ok(self.publish(of, number, chunk).await?)
    }

    async fn place_before(&self, of: InRun<'_>, number: u32) -> Result<Place, Halt> {
        let Some(before) = number.checked_sub(1) else { return Ok(Place::default()) };
        let chunk = self.chunk(of.arn(), before).await?;
        let next = chunk.next.clone().unwrap_or(Value::Null);
        serde_json::from_value(next).map_err(|error| Halt::broken(&error))
    }

    async fn publish(
        &self,
        of: InRun<'_>,
        number: u32,
        chunk: MapChunk,
    ) -> Result<MapRunState, Halt> {
        let (children, items) = (chunk.children.len() as u64, chunk.items());
        let is_last = chunk.next.is_none();
        self.gathering.keep_chunk(of.arn(), number, chunk);
        let mut fed = Vec::new();
        let state = self
            .change_map_run(of.arn(), |state| {
                fed.clear();
                if state.chunks != number || state.is_read {
                    return false;
                }
                // A chunk without children is not handed out.
                if children > 0 {
                    state.chunks = state.chunks.saturating_add(1);
                }
                state.children = state.children.saturating_add(children);
                state.items = state.items.saturating_add(items);
                state.is_read = is_last;
                fed = state.feed();
                true
            })
            .await?;
        let Some(state) = state else {
            return Err(Halt::Broken(format!("map run `{}` is gone", of.arn())));
        };
        let mut cues = of.fills(&fed);
        if state.is_drained() {
            cues.push(of.cue(MapSignal::Collect { chunk: 0 }));
        }
        if !cues.is_empty() {
            self.backend.send(cues).await?;
        }
        Ok(state)
    }

    async fn next_chunk<'a>(
        &'a self,
        of: InRun<'a>,
        place: Place,
        reading: &mut Reading<'a>,
    ) -> Result<MapChunk, Unread> {
        match &of.facts.source {
            ItemSource::Given(items) => self.given_chunk(of, items, &place),
            ItemSource::Read { arguments, config, items_max } => {
                let mut dataset = match reading.dataset.take() {
                    Some(dataset) => dataset,
                    None => {
                        let reader = of.distributed.reader.as_ref();
                        let is_listing =
                            reader.is_some_and(|reader| reader.action == ReaderAction::ListObjects);
                        let (arguments, config) = (arguments.value(), config.value());
                        let plan = DatasetPlan::parse(is_listing, arguments, config, *items_max)
                            .map_err(|failure| unread(&failure))?;
                        Dataset::new(plan, place.dataset.clone().unwrap_or_default())
                    }
                };
                let chunk = self.read_items(of, &mut dataset, &place, reading).await?;
                reading.dataset = Some(dataset);
                Ok(chunk)
            }
        }
    }

    async fn read_items<'a>(
        &'a self,
        of: InRun<'a>,
        dataset: &mut Dataset,
        place: &Place,
        reading: &mut Reading<'a>,
    ) -> Result<MapChunk, Unread> {
        let mut chunker = Chunker::new(of, place)?;
        loop {
            let need = match dataset.next().map_err(|failure| unread(&failure))? {
                DatasetStep::End => return Ok(chunker.close(None)?),
                DatasetStep::Needs(need) => need,
                DatasetStep::Item(item) => {
                    let item = MapItem {
                        index: u32::try_from(item.index).unwrap_or(u32::MAX),
                        key: item.key.map(Into::into),
                        value: Payload::kept(item.value).map_err(|error| Halt::broken(&error))?,
                        source: Some(item.source.into()),
                    };
                    let index = u64::from(item.index).saturating_add(1);
                    chunker.push(&self.child_input(of, item)?)?;
                    if chunker.is_full() {
                        let dataset = Some(dataset.position());
                        return Ok(chunker.close(Some(Place {
                            index,
                            dataset,
                            batch: Vec::new(),
                        }))?);
                    }
                    continue;
                }
            };
            match &need {
                Need::Rows { object, row, index, most, .. } => {
                    let rows = (object, *row, *index, *most);
                    let owner = bucket_owner(of);
                    let read = self.rows(of, reading, rows, owner).await?;
                    dataset.give_rows(read).map_err(|failure| unread(&failure))?;
                }
                Need::Bytes { .. } | Need::Page { .. } => {
                    self.fetch(of, dataset, &mut reading.ahead, &need).await?;
                }
            }
        }
    }

    /// The next rows of a Parquet object.
    #[cfg(feature = "parquet")]
    async fn rows(
        &self,
        of: InRun<'_>,
        reading: &mut Reading<'_>,
        (object, row, index, most): (&ObjectName, u64, u64, u64),
        owner: Option<&str>,
    ) -> Result<ReadRows, Unread> {
        let wanted = super::rows::RowsWanted { object, row, index, most, owner };
        self.read_rows(of, &mut reading.rows, wanted).await
    }

    #[cfg(not(feature = "parquet"))]
    async fn rows(
        &self,
        _: InRun<'_>,
        _: &mut Reading<'_>,
        (object, ..): (&ObjectName, u64, u64, u64),
        _: Option<&str>,
    ) -> Result<ReadRows, Unread> {
        let cause = format!("Parquet objects are read by another function: {}", object.key);
        Err(Failure::new(ITEM_READER_FAILED, &cause).into())
    }

    /// Brings a dataset what it needs to go on.
    async fn fetch<'a>(
        &'a self,
        of: InRun<'a>,
        dataset: &mut Dataset,
        ahead: &mut Ahead<'a>,
        need: &Need,
    ) -> Result<(), Unread> {
        let owner = bucket_owner(of);
        let answer = match need {
            Need::Bytes { .. } => self.piece(of, ahead, owner, need).await,
            Need::Page { bucket, prefix, token } => {
                let list = ObjectRequest::List { bucket, prefix, token: token.as_deref() };
                self.object(of, owner, list).await
            }
            Need::Rows { .. } => return Ok(()),
        };
        match answer.map_err(read_failure)? {
            ObjectAnswer::Bytes { bytes, size, etag } => {
                let Need::Bytes { from, .. } = need else { return Ok(()) };
                let is_end = from.saturating_add(bytes.len() as u64) >= size;
                let fetched = FetchedBytes { bytes: &bytes, is_end, etag: &etag };
                dataset.give_bytes(fetched).map_err(|failure| unread(&failure))
            }
            ObjectAnswer::Page { objects, next } => {
                let listed = objects.iter().map(|object| ListedObject {
                    etag: &object.etag,
                    key: &object.key,
                    last_modified_secs: object.modified_secs,
                    size: object.size,
                    storage_class: &object.storage_class,
                });
                dataset.give_page(listed, next);
                Ok(())
            }
            ObjectAnswer::Begun(_) | ObjectAnswer::Part(_) | ObjectAnswer::Done => Ok(()),
        }
    }

    /// Asks S3 with the state machine's rights.
    pub(super) async fn object(
        &self,
        of: InRun<'_>,
        bucket_owner: Option<&str>,
        request: ObjectRequest<'_>,
    ) -> Result<ObjectAnswer, ObjectError> {
        let execution = of.run.execution();
        let call = ObjectCall {
            state: of.record.state.as_str(),
            role_arn: &execution.role_arn,
            machine_arn: of.run.header.machine.as_str(),
            region: &execution.region,
            bucket_owner,
            request,
        };
        self.tasks.objects(&call).await
    }

    /// A chunk of the state's own items.
    fn given_chunk(
        &self,
        of: InRun<'_>,
        items: &Payload,
        place: &Place,
    ) -> Result<MapChunk, Unread> {
        let mut chunker = Chunker::new(of, place)?;
        let from = usize::try_from(place.index).unwrap_or(usize::MAX);
        let mut index = place.index;
        let mut push = |chunker: &mut Chunker, key: Option<&str>, value: &Value| {
            let number = u32::try_from(index).unwrap_or(u32::MAX);
            index = index.saturating_add(1);
            let value = Payload::new(match key {
                Some(key) => serde_json::json!({ "Key": key, "Value": value }),
                None => value.clone(),
            });
            let item = MapItem {
                index: number,
                key: key.map(Into::into),
                value,
                source: Some(STATE_DATA.into()),
            };
            chunker.push(&self.child_input(of, item)?)?;
            Ok::<bool, Unread>(chunker.is_full())
        };
        let mut is_last = true;
        match items.value() {
            Value::Array(items) => {
                for value in items.iter().skip(from) {
                    if push(&mut chunker, None, value)? {
                        is_last = false;
                        break;
                    }
                }
            }
            Value::Object(members) => {
                for (key, value) in members.iter().skip(from) {
                    if push(&mut chunker, Some(key), value)? {
                        is_last = false;
                        break;
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
        let next = Place { index, ..Place::default() };
        Ok(chunker.close((!is_last).then_some(next))?)
    }

    /// What a child gets for an item.
    fn child_input(&self, of: InRun<'_>, item: MapItem) -> Result<Payload, Unread> {
        if of.map.item_selector.is_none() {
            return Ok(item.value);
        }
        let mut ids = self.ids(&of.run.arn);
        let (definition, now) = (&of.run.definition, self.backend.now());
        let execution = of.run.execution();
        let selected =
            baton_engine::select_item(definition, execution, of.record, item, now, &mut ids)
                .map_err(|misfit| crate::driver::broken(&misfit))?;
        Ok(selected?)
    }
}

/// `ExpectedBucketOwner` of the reader.
fn bucket_owner(of: InRun<'_>) -> Option<&str> {
    let ItemSource::Read { arguments, .. } = &of.facts.source else { return None };
    arguments.value().get("ExpectedBucketOwner").and_then(Value::as_str)
}

pub(super) fn unread(failure: &ReadFailure) -> Unread {
    Failure::new(ITEM_READER_FAILED, &failure.to_string()).into()
}

pub(super) fn read_failure(error: ObjectError) -> Unread {
    if error.may_pass {
        return Unread::Halt(Halt::Later(crate::error::TakeError::Unready(error.into())));
    }
    Failure::new(ITEM_READER_FAILED, &error.cause).into()
}

/// Puts children's inputs together until a chunk is full.
struct Chunker {
    children: Vec<MapChild>,
    bytes: usize,
    children_max: usize,
    first_item: u64,
    batcher: Option<Batcher>,
    /// The items of the batch that is being filled.
    open: Vec<Box<RawValue>>,
}

/// How many children a chunk may have. Express children come in small chunks until every lane may have had one, so that few
/// items are spread over all lanes; many items come in large chunks, which cost less.
fn children_max(of: InRun<'_>, place: &Place) -> usize {
    if !of.distributed.is_express {
        return MAP_CHUNK_CHILDREN;
    }
    let lanes = MapRunState::lanes_of(of.facts.concurrency_max);
    let batch = of.facts.batch.as_ref().and_then(|batch| batch.items_max).unwrap_or(1);
    if place.index < u64::from(lanes).saturating_mul(batch) {
        MAP_EXPRESS_FIRST_CHILDREN
    } else {
        MAP_EXPRESS_CHILDREN
    }
}

impl Chunker {
    fn new(of: InRun<'_>, place: &Place) -> Result<Self, Failure> {
        let children_max = children_max(of, place);
        let batcher = of.facts.batch.as_ref().map(|batch| {
            let limits = BatchLimits { items: batch.items_max, bytes: batch.bytes_max };
            Batcher::new(limits, batch.input.as_ref().map(Payload::text))
        });
        let first_item = place.index.saturating_sub(place.batch.len() as u64);
        let (children, open) = (Vec::new(), Vec::new());
        let mut chunker = Chunker { children, bytes: 0, children_max, first_item, batcher, open };
        for item in &place.batch {
            chunker.push_text(item.get())?;
        }
        Ok(chunker)
    }

    fn push(&mut self, input: &Payload) -> Result<(), Failure> {
        self.push_text(input.text())
    }

    fn push_text(&mut self, text: &str) -> Result<(), Failure> {
        let Some(batcher) = &mut self.batcher else { return self.add(text.to_owned(), 1) };
        let closed = batcher.push(text);
        let closed =
            closed.map_err(|error| Failure::new(ITEM_READER_FAILED, &error.to_string()))?;
        let item = raw(text.to_owned())?;
        let Some(batch) = closed else {
            self.open.push(item);
            return Ok(());
        };
        // The item filled the batch, or was the first that did not fit.
        let is_within = batch.items > self.open.len() as u64;
        self.open.clear();
        if !is_within {
            self.open.push(item);
        }
        self.add(batch.input, u32::try_from(batch.items).unwrap_or(u32::MAX))
    }

    fn add(&mut self, input: String, items: u32) -> Result<(), Failure> {
        self.bytes = self.bytes.saturating_add(input.len());
        self.children.push(MapChild { input: raw(input)?, items });
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.children.len() >= self.children_max || self.bytes >= MAP_CHUNK_BYTES_MAX
    }

    /// The chunk; behind the last one the batch that is being filled is a child too.
    fn close(mut self, next: Option<Place>) -> Result<MapChunk, Failure> {
        if next.is_none()
            && let Some(batch) = self.batcher.as_mut().and_then(Batcher::finish)
        {
            self.add(batch.input, u32::try_from(batch.items).unwrap_or(u32::MAX))?;
        }
        let next = next.map(|place| Place { batch: std::mem::take(&mut self.open), ..place });
        let next = next.and_then(|place| serde_json::to_value(place).ok());
        Ok(MapChunk { children: self.children, first_item: self.first_item, next })
    }
}

fn raw(text: String) -> Result<Box<RawValue>, Failure> {
    RawValue::from_string(text)
        .map_err(|error| Failure::runtime(&format!("An item is not JSON: {error}")))
}
