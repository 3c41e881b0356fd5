//! Records: a scope's journal.
//!
//! | attribute | holds |
//! |---|---|
//! | `pk`, `sk` | `x#<execution>`, `r#<scope>#<sequence>` |
//! | `doc` | the record, as [`baton_store::records`] writes it |
//! | `by` | which request wrote it: a random number |
//! | `claim` | the claim, once there is one |
//! | `claimed_by` | which request claimed it |
//! | `heartbeat` | the time of the latest heartbeat, milliseconds since 1970 |
//! | `expires` | when DynamoDB may delete it |
//!
//! # Invariants
//!
//! * `doc` is written by one conditional write, and never changed.
//! * A request that finds its own number there has written the record, or claimed it: the answer was lost, not the race.

use super::join;
use crate::Aws;
use crate::blob::Folder;
use crate::document::{self, DOC, attribute, document};
use crate::error::{Malformed, no_such_page, refused, unavailable};
use crate::item::{Item, n, number_if_any, s, text_if_any};
use crate::keys::{self, EXPIRES, Key, SK};
use crate::read::Consistency;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure as OnFailure;
use baton_engine::{Claim, ForkId, Marked, Marks, Record, ScopePath, Sequence};
use baton_store::{Chance as _, ClaimAnswer, CommitError, ExecutionArn, Loaded, Page, StoreError};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

const WHAT: &str = "record";
const BY: &str = "by";
const CLAIM: &str = "claim";
const CLAIMED_BY: &str = "claimed_by";
const HEARTBEAT: &str = "heartbeat";

impl Aws {
    /// The header and a record in one read. Both are what they were for ever, but for status, closed forks and marks, and
    /// nothing is lost where those are a second old: what follows from them is conditional, or repeated. So the cheap read
    /// will do, unless it misses something.
    pub(super) async fn load_both(
        &self,
        execution: &ExecutionArn,
        scope: &ScopePath,
        sequence: Sequence,
    ) -> Result<Option<Loaded>, StoreError> {
        let keys = [keys::header(execution), keys::record(execution, scope, sequence)];
        let mut items = self.get_some(WHAT, &keys, Consistency::Eventual).await?;
        if items.len() < keys.len() {
            items = self.get_some(WHAT, &keys, Consistency::Strong).await?;
        }
        let [header_key, record_key] = &keys;
        let Some(header) = items.get(header_key) else { return Ok(None) };
        let header = Arc::new(self.read_header(header_key, header).await?);
        let record = match items.get(record_key) {
            Some(record) => Some(self.read_record(record_key, record).await?),
            None => None,
        };
        Ok(Some(Loaded { header, record }))
    }

    pub(super) async fn newest_record(
        &self,
        execution: &ExecutionArn,
        scope: &ScopePath,
    ) -> Result<Option<Marked>, StoreError> {
        let answer = self
            .dynamo
            .query()
            .table_name(&*self.table)
            .consistent_read(true)
            .key_condition_expression("pk = :pk AND begins_with(sk, :scope)")
            .expression_attribute_values(":pk", s(keys::execution(execution)))
            .expression_attribute_values(":scope", s(keys::records(scope)))
            .scan_index_forward(false)
            .limit(1)
            .send()
            .await
            .map_err(unavailable(WHAT))?;
        match answer.items.unwrap_or_default().first() {
            Some(item) => Ok(Some(self.read_record(&keys::key_of(WHAT, item)?, item).await?)),
            None => Ok(None),
        }
    }

    pub(super) async fn commit_record(
        &self,
        execution: &ExecutionArn,
        record: &Record,
    ) -> Result<(), CommitError> {
        let key = keys::record(execution, &record.scope, record.sequence);
        let doc = self.blobs.encode(Folder::Payloads, record).await?;
        let mut item = key.attributes();
        item.insert(DOC.to_owned(), attribute(doc));
        let by = self.request_number();
        item.insert(BY.to_owned(), s(&by));
        item.insert(EXPIRES.to_owned(), self.expires());
        let sent = self
            .dynamo
            .put_item()
            .table_name(&*self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(sk)")
            .return_values_on_condition_check_failure(OnFailure::AllOld)
            .send()
            .await;
        let Err(error) = sent else { return Ok(()) };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(held))
                if is_by(held.item(), BY, &by) =>
            {
                Ok(())
            }
            Some(PutItemError::ConditionalCheckFailedException(_)) => {
                let (scope, sequence) = (record.scope.clone(), record.sequence);
                Err(CommitError::Superseded { scope, sequence })
            }
            Some(_) | None => Err(unavailable(WHAT)(error).into()),
        }
    }

    pub(super) async fn claim_record(
        &self,
        execution: &ExecutionArn,
        scope: &ScopePath,
        sequence: Sequence,
        claim: &Claim,
    ) -> Result<ClaimAnswer, StoreError> {
        let key = keys::record(execution, scope, sequence);
        let by = self.request_number();
        let sent = self
            .dynamo
            .update_item()
            .table_name(&*self.table)
            .set_key(Some(key.attributes()))
            .update_expression("SET claim = :claim, claimed_by = :by")
            .condition_expression("attribute_exists(sk) AND attribute_not_exists(claim)")
            .expression_attribute_values(":claim", s(document::text(claim)))
            .expression_attribute_values(":by", s(&by))
            .return_values_on_condition_check_failure(OnFailure::AllOld)
            .send()
            .await;
        let Err(error) = sent else { return Ok(ClaimAnswer::Granted) };
        let Some(UpdateItemError::ConditionalCheckFailedException(held)) = error.as_service_error()
        else {
            return Err(unavailable(WHAT)(error));
        };
        if is_by(held.item(), CLAIMED_BY, &by) {
            return Ok(ClaimAnswer::Granted);
        }
        let Some(held) = held.item() else { return Err(missing(&key)) };
        let read = |error: Malformed| error.of(WHAT, &key.to_string());
        claim_of(held).map_err(read)?.map(ClaimAnswer::Held).ok_or_else(|| missing(&key))
    }

    /// Tells one request from all others.
    fn request_number(&self) -> String {
        format!("{:016x}", self.bits() >> 64)
    }

    pub(super) async fn note_heartbeat(
        &self,
        execution: &ExecutionArn,
        scope: &ScopePath,
        sequence: Sequence,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let key = keys::record(execution, scope, sequence);
        let sent = self
            .dynamo
            .update_item()
            .table_name(&*self.table)
            .set_key(Some(key.attributes()))
            .update_expression("SET heartbeat = :at")
            .condition_expression(
                "attribute_exists(sk) AND (attribute_not_exists(heartbeat) OR heartbeat < :at)",
            )
            .expression_attribute_values(":at", n(at.as_millisecond()))
            .return_values_on_condition_check_failure(OnFailure::AllOld)
            .send()
            .await;
        let Err(error) = sent else { return Ok(()) };
        match error.as_service_error() {
            // A later heartbeat was faster.
            Some(UpdateItemError::ConditionalCheckFailedException(held))
                if held.item().is_some() =>
            {
                Ok(())
            }
            Some(UpdateItemError::ConditionalCheckFailedException(_)) => Err(missing(&key)),
            Some(_) | None => Err(unavailable(WHAT)(error)),
        }
    }

    pub(super) async fn joined_records(
        &self,
        execution: &ExecutionArn,
        fork: &ForkId,
        width: u32,
    ) -> Result<Vec<Arc<Record>>, StoreError> {
        let ends = join::ends(self, execution, fork, width).await?;
        let mut keys = Vec::new();
        for child in 0..width {
            let last = ends.get(&child).ok_or_else(|| {
                refused(join::WHAT, format!("child {child} of {fork} shows no end"))
            })?;
            keys.push(keys::record(execution, &join::child_scope(fork, child), *last));
        }
        let items = self.get_all(WHAT, keys.clone()).await?;
        let mut records = Vec::with_capacity(keys.len());
        for key in &keys {
            let item = items.get(key).ok_or_else(|| missing(key))?;
            records.push(self.read_record(key, item).await?.record);
        }
        Ok(records)
    }

    /// Whatever lies under the fork is read, for scopes sort by their text, but only each child's newest record is unpacked.
    pub(super) async fn newest_of_children(
        &self,
        execution: &ExecutionArn,
        fork: &ForkId,
    ) -> Result<Vec<(u32, Marked)>, StoreError> {
        let prefix = keys::records_under(fork);
        let mut newest: BTreeMap<u32, (Key, Item)> = BTreeMap::new();
        let mut from = None;
        loop {
            let page = self.query_records(execution, &prefix, from.as_deref()).await?;
            for item in page.items {
                let key = keys::key_of(WHAT, &item)?;
                if let Some(child) = keys::child_of(&prefix, &key.sk) {
                    newest.insert(child, (key, item));
                }
            }
            match page.next {
                Some(next) => from = Some(next),
                None => break,
            }
        }
        let mut children = Vec::with_capacity(newest.len());
        for (child, (key, item)) in newest {
            children.push((child, self.read_record(&key, &item).await?));
        }
        Ok(children)
    }

    pub(super) async fn record_page(
        &self,
        execution: &ExecutionArn,
        from: Option<&str>,
    ) -> Result<Page<Marked>, StoreError> {
        let page = self.query_records(execution, keys::ALL_RECORDS, from).await?;
        let mut items = Vec::with_capacity(page.items.len());
        for item in &page.items {
            items.push(self.read_record(&keys::key_of(WHAT, item)?, item).await?);
        }
        Ok(Page { items, next: page.next })
    }

    /// A page of the items whose sort key begins so. The next page begins after the last one's sort key.
    async fn query_records(
        &self,
        execution: &ExecutionArn,
        prefix: &str,
        from: Option<&str>,
    ) -> Result<Page<Item>, StoreError> {
        if let Some(from) = from.filter(|from| !from.starts_with(prefix)) {
            return Err(no_such_page(from));
        }
        let pk = keys::execution(execution);
        let start = from.map(|sk| Key { pk: pk.clone(), sk: sk.to_owned() }.attributes());
        let answer = self
            .dynamo
            .query()
            .table_name(&*self.table)
            .consistent_read(true)
            .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
            .expression_attribute_values(":pk", s(pk))
            .expression_attribute_values(":prefix", s(prefix))
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(unavailable(WHAT))?;
        let last = answer.last_evaluated_key.unwrap_or_default();
        let next = text_if_any(&last, SK).map_err(|error| error.of(WHAT, prefix))?;
        Ok(Page { items: answer.items.unwrap_or_default(), next: next.map(str::to_owned) })
    }

    async fn read_record(&self, key: &Key, item: &Item) -> Result<Marked, StoreError> {
        let read = |error: Malformed| error.of(WHAT, &key.to_string());
        let doc = document(item, DOC).map_err(read)?;
        let record = self.blobs.decode(Folder::Payloads, key, doc).await?;
        let heartbeat = number_if_any::<i64>(item, HEARTBEAT).map_err(read)?;
        let heartbeat = heartbeat
            .map(Timestamp::from_millisecond)
            .transpose()
            .map_err(|error| read(Malformed::unreadable(HEARTBEAT, error)))?;
        let claim = claim_of(item).map_err(read)?;
        Ok(Marked { record: Arc::new(record), marks: Marks { claim, heartbeat } })
    }
}

/// Whether this request wrote what is there.
fn is_by(held: Option<&Item>, name: &'static str, by: &str) -> bool {
    held.and_then(|item| text_if_any(item, name).ok().flatten()) == Some(by)
}

fn claim_of(item: &Item) -> Result<Option<Claim>, Malformed> {
    text_if_any(item, CLAIM)?
        .map(document::from_text)
        .transpose()
        .map_err(|error| Malformed::unreadable(CLAIM, error))
}

fn missing(key: &Key) -> StoreError {
    StoreError::Corrupt { what: WHAT, key: key.to_string(), source: "it is not there".into() }
}
