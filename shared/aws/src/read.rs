//! Reads of many items, whole: DynamoDB answers as much as it likes of what is asked.

use crate::Aws;
use crate::error::{refused, unavailable};
use crate::item::Item;
use crate::keys::{self, Key};
use crate::limits::{BATCH_ROUNDS_MAX, GET_ITEMS_MAX, REQUESTS_AT_ONCE};
use aws_sdk_dynamodb::types::KeysAndAttributes;
use baton_store::StoreError;
use std::collections::BTreeMap;
use tokio::task::JoinSet;

/// Whether a read sees every write that was answered before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Consistency {
    /// It does, at twice the price.
    Strong,
    /// It may miss those of the last second or so.
    Eventual,
}

impl Aws {
    /// An item, as it is.
    pub(crate) async fn get(
        &self,
        what: &'static str,
        key: &Key,
    ) -> Result<Option<Item>, StoreError> {
        let answer = self
            .dynamo
            .get_item()
            .table_name(&*self.table)
            .set_key(Some(key.attributes()))
            .consistent_read(true)
            .send()
            .await
            .map_err(unavailable(what))?;
        Ok(answer.item)
    }

    /// The items of all these keys that exist, by key. No key may be there twice: DynamoDB refuses that. The answer is consistent.
    pub(crate) async fn get_all(
        &self,
        what: &'static str,
        keys: Vec<Key>,
    ) -> Result<BTreeMap<Key, Item>, StoreError> {
        let mut requests = JoinSet::new();
        let mut items = BTreeMap::new();
        for keys in keys.chunks(GET_ITEMS_MAX) {
            while requests.len() >= REQUESTS_AT_ONCE {
                items.append(&mut finished(what, &mut requests).await?);
            }
            let (aws, keys) = (self.clone(), keys.to_vec());
            requests.spawn(async move { aws.get_some(what, &keys, Consistency::Strong).await });
        }
        while !requests.is_empty() {
            items.append(&mut finished(what, &mut requests).await?);
        }
        Ok(items)
    }

    /// The items of up to a hundred keys.
    pub(crate) async fn get_some(
        &self,
        what: &'static str,
        keys: &[Key],
        consistency: Consistency,
    ) -> Result<BTreeMap<Key, Item>, StoreError> {
        let mut items = BTreeMap::new();
        let mut wanted: Vec<Item> = keys.iter().map(Key::attributes).collect();
        for _ in 0..BATCH_ROUNDS_MAX {
            let keys = KeysAndAttributes::builder()
                .set_keys(Some(wanted))
                .consistent_read(consistency == Consistency::Strong)
                .build()
                .map_err(|error| refused(what, error.to_string()))?;
            let request = self.dynamo.batch_get_item().request_items(&*self.table, keys);
            let answer = request.send().await.map_err(unavailable(what))?;
            let found = answer.responses.and_then(|mut tables| tables.remove(&*self.table));
            for item in found.unwrap_or_default() {
                items.insert(keys::key_of(what, &item)?, item);
            }
            let left = answer.unprocessed_keys.and_then(|mut tables| tables.remove(&*self.table));
            match left {
                Some(left) if !left.keys.is_empty() => wanted = left.keys,
                Some(_) | None => return Ok(items),
            }
        }
        Err(refused(what, "the table reads no faster"))
    }
}

async fn finished(
    what: &'static str,
    requests: &mut JoinSet<Result<BTreeMap<Key, Item>, StoreError>>,
) -> Result<BTreeMap<Key, Item>, StoreError> {
    match requests.join_next().await {
        Some(Ok(answer)) => answer,
        Some(Err(error)) => Err(refused(what, error.to_string())),
        None => Ok(BTreeMap::new()),
    }
}
