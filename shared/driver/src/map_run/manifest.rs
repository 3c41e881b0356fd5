//! The manifest: items become children's inputs, chunk by chunk.

use super::InRun;
use crate::driver::Driver;
use crate::error::Halt;
use crate::limits::{
    MAP_CHUNK_BYTES_MAX, MAP_CHUNK_CHILDREN, MAP_EXPRESS_CHILDREN, MAP_READ_LIMIT,
};
use crate::take::Taken;
use crate::tasks::Tasks;
use baton_engine::{Failure, ItemSource, MapItem, MapSignal, Payload};
use baton_store::Backend;
use baton_store::documents::{self, MapChild, MapChunk, MapRunState, map_key};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

/// `Map.Item.Source` of items that come from the state's own data.
const STATE_DATA: &str = "STATE_DATA";

/// Where reading goes on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Place {
    /// The index of the next item.
    #[serde(rename = "i", default)]
    pub(super) index: u64,
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
        while state.is_open() && !state.is_read {
            state = match self.read_chunk(of, state.chunks).await {
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
    async fn read_chunk(&self, of: InRun<'_>, number: u32) -> Result<MapRunState, Unread> {
        let (group, key) = (of.arn(), map_key(number));
        let there = documents::find::<MapChunk>(&*self.backend, group, &key);
        let chunk = match there.await.map_err(Halt::from)? {
            Some(held) => held.value,
            None => {
                let place = self.place_before(of, number).await?;
                let chunk = self.next_chunk(of, place).await?;
                let written = documents::swap(&*self.backend, group, &key, None, Some(&chunk));
                if written.await.map_err(Halt::from)? {
                    chunk
                } else {
                    // Another reader was faster, and may have drawn other inputs by chance.
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

    async fn next_chunk(&self, of: InRun<'_>, place: Place) -> Result<MapChunk, Unread> {
        match &of.facts.source {
            ItemSource::Given(items) => self.given_chunk(of, items, &place),
            ItemSource::Read { .. } => {
                Err(Failure::new("States.ItemReaderFailed", "Baton cannot read items from S3 yet.")
                    .into())
            }
        }
    }

    /// A chunk of the state's own items.
    fn given_chunk(
        &self,
        of: InRun<'_>,
        items: &Payload,
        place: &Place,
    ) -> Result<MapChunk, Unread> {
        let mut chunker = Chunker::new(of, place);
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
            chunker.push(&self.child_input(of, item)?).map_err(Unread::from)?;
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
        Ok(chunker.close((!is_last).then_some(Place { index })))
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

/// Puts children's inputs together until a chunk is full.
struct Chunker {
    children: Vec<MapChild>,
    bytes: usize,
    children_max: usize,
    first_item: u64,
}

impl Chunker {
    fn new(of: InRun<'_>, place: &Place) -> Self {
        let children_max =
            if of.distributed.is_express { MAP_EXPRESS_CHILDREN } else { MAP_CHUNK_CHILDREN };
        Chunker { children: Vec::new(), bytes: 0, children_max, first_item: place.index }
    }

    fn push(&mut self, input: &Payload) -> Result<(), Failure> {
        let text = input.text();
        self.bytes = self.bytes.saturating_add(text.len());
        let input = RawValue::from_string(text.to_owned())
            .map_err(|error| Failure::runtime(&format!("An item is not JSON: {error}")))?;
        self.children.push(MapChild { input, items: 1 });
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.children.len() >= self.children_max || self.bytes >= MAP_CHUNK_BYTES_MAX
    }

    fn close(self, next: Option<Place>) -> MapChunk {
        let next = next.and_then(|place| serde_json::to_value(place).ok());
        MapChunk { children: self.children, first_item: self.first_item, next }
    }
}
