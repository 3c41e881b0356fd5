//! What one execution uses, told from its records: the requests that the functions make for each of them.
//!
//! The rules here are the functions' own, written down once more; a test holds them to what is really counted.

use crate::units::{read_units, write_units};
use crate::{Usage, model};
use baton_engine::{Due, Effect, EventDetail, Pending, Record, ScopePath, Sequence, Signal};
use baton_store::records::{BlobCache, Kept, Packing};
use baton_store::{Header, Status};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is assumed of the stack and of what it calls.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Terms {
    /// How many messages a function gets at a time: up to ten, where there is as much to do.
    pub batch: f64,
    /// How long each call takes.
    pub call_secs: f64,
    /// How long the definition is.
    pub definition_bytes: usize,
}

/// What the names and other attributes of an item take beside its keys and its document.
const ITEM_BYTES: usize = 45;
/// What a claim adds to a record.
const CLAIM_BYTES: usize = 150;
/// An entry in a list of executions, a page of a join and a timer are a write unit each.
const SMALL: f64 = 1.0;
/// The longest that SQS delays a message; what is due later is a timer.
const DELAY_SECS_MAX: i64 = 900;
/// The log's line about an execution's end.
const END_LOG_BYTES: f64 = 330.0;
/// How many transitions one cue makes at most.
const STRETCH: u32 = 25;
/// Children that one cue begins.
const SLICE: usize = 100;
/// Payloads larger than this, compressed, lie in the bucket.
const CACHE_BYTES: usize = 32 * 1024 * 1024;

/// How many transitions AWS bills for these records: states that were entered, and retries.
#[must_use]
pub fn transitions(records: &[Arc<Record>]) -> u32 {
    let entered = records
        .iter()
        .flat_map(|record| &record.events)
        .filter(|event| matches!(event.detail, EventDetail::StateEntered { .. }));
    let retries = records.iter().filter(|record| matches!(record.pending, Pending::Retry { .. }));
    u32::try_from(entered.count().saturating_add(retries.count())).unwrap_or(u32::MAX)
}

/// What an execution used, from its start to its end. `records` may come in any order.
#[must_use]
pub fn usage(header: &Header, records: &[Arc<Record>], terms: &Terms) -> Usage {
    let mut count = Count::new(header, records, *terms);
    count.start();
    let mut ordered: Vec<&Arc<Record>> = records.iter().collect();
    ordered.sort_by_key(|record| record.moment);
    for record in ordered {
        count.commit(record);
        if !count.goes_on(record) {
            for effect in record.effects() {
                count.effect(record, &effect);
            }
        }
        count.pending(record);
    }
    count.usage
}

struct Count<'a> {
    header: &'a Header,
    terms: Terms,
    header_bytes: usize,
    /// The sizes of the records as items.
    sizes: BTreeMap<(ScopePath, Sequence), usize>,
    known: BlobCache,
    /// How many further transitions the cue of each scope may make.
    left: BTreeMap<ScopePath, u32>,
    usage: Usage,
}

impl<'a> Count<'a> {
    fn new(header: &'a Header, records: &[Arc<Record>], terms: Terms) -> Self {
        let known = BlobCache::new(CACHE_BYTES);
        let mut count = Count {
            header,
            terms,
            header_bytes: 0,
            sizes: BTreeMap::new(),
            known,
            left: BTreeMap::new(),
            usage: Usage::default(),
        };
        count.header_bytes = count.document(header).saturating_add(count.keys("h"));
        let mut ordered: Vec<&Arc<Record>> = records.iter().collect();
        ordered.sort_by_key(|record| record.moment);
        for record in ordered {
            let sort_key = format!("r#{}#0000000000", record.scope);
            let bytes = count.document(&**record).saturating_add(count.keys(&sort_key));
            count.sizes.insert((record.scope.clone(), record.sequence), bytes);
        }
        count
    }

    /// The size of a value's document; its blobs are written to the bucket and read from there once.
    fn document<T: Kept>(&mut self, value: &T) -> usize {
        let packing = Packing { known: Some(&self.known), ..Packing::default() };
        let encoded = packing.encode(value);
        for blob in encoded.blobs {
            self.usage.s3_puts += 1.0;
            self.known.put(blob.hash, &blob.payload);
        }
        encoded.bytes.len()
    }

    fn keys(&self, sort_key: &str) -> usize {
        let partition_key = self.header.execution.arn.len().saturating_add(2);
        partition_key.saturating_add(sort_key.len()).saturating_add(ITEM_BYTES)
    }

    /// StartExecution: the machine is read, the spare cue sent, the lists and the header written.
    fn start(&mut self) {
        self.usage.read_units += read_units(self.terms.definition_bytes / 2, true);
        self.usage.write_units += SMALL + SMALL + write_units(self.header_bytes);
        self.api_request(6.0);
        self.spare();
    }

    /// An invocation of the api function.
    fn api_request(&mut self, requests: f64) {
        self.usage.invocations += 1.0;
        self.usage.gb_seconds += model::gb_seconds(1.0, requests, 0.0);
    }

    /// The spare cue of a write that no cue stands behind: sent alone, taken for nothing.
    fn spare(&mut self) {
        self.usage.sqs_requests += 1.0;
        self.taken(2.0, 0.0);
        self.usage.read_units += 1.0;
    }

    /// A message that is received, taken in a batch and deleted.
    fn taken(&mut self, requests: f64, wait_secs: f64) {
        let batch = self.terms.batch;
        self.usage.sqs_requests += 2.0 / batch;
        self.usage.invocations += 1.0 / batch;
        self.usage.gb_seconds += model::gb_seconds(batch, requests * batch, wait_secs) / batch;
    }

    fn size(&self, record: &Record) -> usize {
        self.sizes.get(&(record.scope.clone(), record.sequence)).copied().unwrap_or_default()
    }

    /// Whether the worker goes on from a record without a cue; what the next transition then takes is counted.
    fn goes_on(&mut self, record: &Record) -> bool {
        let left = self.left.remove(&record.scope).unwrap_or_default();
        if left > 0 && record.onward().is_some() {
            self.left.insert(record.scope.clone(), left.saturating_sub(1));
            self.usage.gb_seconds += model::further_gb_seconds(1.0)
                + model::MEMORY_GB * model::REQUEST_SECS / self.terms.batch;
            return true;
        }
        // Those whose cue goes on once it has been taken.
        if matches!(
            record.pending,
            Pending::Continue
                | Pending::Failing(_)
                | Pending::Until(_)
                | Pending::Retry { .. }
                | Pending::Call(_)
        ) {
            self.left.insert(record.scope.clone(), STRETCH.saturating_sub(1));
        }
        false
    }

    fn commit(&mut self, record: &Record) {
        self.usage.write_units += write_units(self.size(record));
    }

    /// What a record sends, and what is done when it arrives.
    fn effect(&mut self, record: &Record, effect: &Effect) {
        match effect {
            Effect::Cue(cue, due) => self.cue(record, cue.signal, *due),
            Effect::Spawn { from, to } => {
                // A slice beyond the first has a cue of its own.
                let slices = to.saturating_sub(*from) as usize / SLICE;
                for _ in 1..slices.max(1) {
                    self.cue(record, Signal::Proceed, Due::Now);
                }
            }
            Effect::Join { .. } => {
                // The fork is read, the page marked.
                self.usage.read_units += 1.0;
                self.usage.write_units += SMALL;
            }
            Effect::End => self.end(),
            // The offer to an activity is a small document.
            Effect::Offer { .. } => self.usage.write_units += SMALL,
        }
    }

    fn cue(&mut self, record: &Record, signal: Signal, due: Due) {
        let is_first = record.scope.is_top() && record.sequence == Sequence::FIRST;
        self.usage.sqs_requests += if is_first { 1.0 } else { 1.0 / self.terms.batch };
        if let Due::At(at) = due
            && seconds(record.time(), at) > DELAY_SECS_MAX
        {
            // The timer's row is written, swept and deleted; the message is sent then.
            self.usage.write_units += SMALL + SMALL;
        }
        let wait_secs = if signal.is_call() { self.terms.call_secs } else { 0.0 };
        self.taken(3.0, wait_secs);
        self.usage.read_units +=
            read_units(self.header_bytes, false) + read_units(self.size(record), false);
        if matches!(signal, Signal::Timeout | Signal::Heartbeat) {
            // Most come when their attempt is over, which is looked up.
            self.usage.read_units += 1.0;
        }
    }

    /// What a record costs while it waits.
    fn pending(&mut self, record: &Record) {
        match &record.pending {
            Pending::Call(call) if !call.is_polled() => {
                self.usage.write_units +=
                    write_units(self.size(record).saturating_add(CLAIM_BYTES));
            }
            Pending::Callback(_) => {
                // The answer: header and newest record are read, the next cue sent alone.
                self.api_request(5.0);
                self.spare();
                self.usage.read_units += 2.0;
                self.usage.sqs_requests += 1.0 - 1.0 / self.terms.batch;
            }
            Pending::Fork(fork) => {
                // The joining cue, and the children's ends.
                self.usage.sqs_requests += 1.0 / self.terms.batch;
                self.taken(4.0, 0.0);
                self.usage.read_units +=
                    1.0 + f64::from(fork.width) + f64::from(fork.width.div_ceil(100));
            }
            // The children of a map run are executions of their own, counted by themselves.
            Pending::MapRun(_)
            | Pending::Call(_)
            | Pending::Continue
            | Pending::Failing(_)
            | Pending::Until(_)
            | Pending::Retry { .. }
            | Pending::Ended(_) => {}
        }
    }

    /// The header's status and the lists.
    fn end(&mut self) {
        let standing = self.document(&self.header.status.clone());
        self.usage.write_units +=
            write_units(self.header_bytes.saturating_add(standing)) + SMALL + SMALL;
        self.usage.log_bytes += END_LOG_BYTES;
        // Whoever reads it next finds the large payloads in the bucket.
        self.usage.s3_gets += self.usage.s3_puts.min(1.0);
        debug_assert!(
            !matches!(self.header.status, Status::Running),
            "a running execution has not ended"
        );
    }
}

fn seconds(from: Timestamp, to: Timestamp) -> i64 {
    to.duration_since(from).as_secs()
}
