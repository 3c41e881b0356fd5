//! Documents: what is kept beside executions and machines.
//!
//! | attribute | holds |
//! |---|---|
//! | `pk`, `sk` | `d#<kind>#<group>`, `k#<key>` |
//! | `hash` | the document's hash: what a change's condition compares |
//! | `expires` | of map runs: when DynamoDB may delete it |
//! | `text` | the document; one that is too large for an item lies in the bucket under its hash |

use crate::Aws;
use crate::blob::Folder;
use crate::error::{Malformed, no_such_page, unavailable};
use crate::item::{Item, s, text, text_if_any};
use crate::keys::{self, EXPIRES, SK};
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use baton_store::records::BlobHash;
use baton_store::{DocumentId, DocumentKind, Documents, Page, StoreError};

const WHAT: &str = "document";
/// The attribute of a small document.
const TEXT: &str = "text";
/// The attribute of a document's hash.
const HASH: &str = "hash";
/// The largest document in an item; items have at most 400 KB.
const ITEM_BYTES_MAX: usize = 300_000;
/// The same for what is written once and read once or twice: from here on an object costs less than an item.
const ONCE_BYTES_MAX: usize = 8 * 1024;
/// The most documents of a page.
const ITEMS_MAX: u32 = 1000;

impl Documents for Aws {
    async fn document(&self, id: &DocumentId) -> Result<Option<String>, StoreError> {
        match self.get(WHAT, &keys::document(id)).await? {
            Some(item) => self.read_document(id.kind, &item).await.map(Some),
            None => Ok(None),
        }
    }

    async fn swap_document(
        &self,
        id: &DocumentId,
        before: Option<&str>,
        after: Option<&str>,
    ) -> Result<bool, StoreError> {
        match (before, after) {
            (None, None) => Ok(self.document(id).await?.is_none()),
            (_, Some(text)) => self.put_document(id, before, text).await,
            (Some(before), None) => self.delete_document(id, before).await,
        }
    }

    async fn documents(
        &self,
        kind: DocumentKind,
        group: &str,
        items_max: u32,
        from: Option<&str>,
    ) -> Result<Page<(String, String)>, StoreError> {
        let start = from.map(|key| {
            let (group, key) = (group.to_owned(), key.to_owned());
            keys::document(&DocumentId { kind, group, key }).attributes()
        });
        let answer = self
            .dynamo
            .query()
            .table_name(&*self.table)
            .consistent_read(true)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", s(keys::documents(kind, group)))
            .set_exclusive_start_key(start)
            .limit(i32::try_from(items_max.clamp(1, ITEMS_MAX)).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(unavailable(WHAT))?;
        let mut items = Vec::new();
        for item in answer.items.unwrap_or_default() {
            items.push((document_key(&item)?, self.read_document(kind, &item).await?));
        }
        let last = answer.last_evaluated_key;
        let next = last.as_ref().map(document_key).transpose()?;
        Ok(Page { items, next })
    }
}

impl Aws {
    /// When DynamoDB may delete a document: those of map runs go with their executions.
    fn expiry_of(&self, kind: DocumentKind) -> Option<AttributeValue> {
        let is_of_map_run = matches!(
            kind,
            DocumentKind::MapRun
                | DocumentKind::MapRunOf
                | DocumentKind::MapChunk
                | DocumentKind::MapLanes
                | DocumentKind::MapResults
                | DocumentKind::MapExport
        );
        is_of_map_run.then(|| self.expires())
    }

    /// Writes a document over what it was, or over itself: then only an answer was lost.
    async fn put_document(
        &self,
        id: &DocumentId,
        before: Option<&str>,
        after: &str,
    ) -> Result<bool, StoreError> {
        let mut item = keys::document(id).attributes();
        item.insert(HASH.to_owned(), s(hash(after)));
        if let Some(expires) = self.expiry_of(id.kind) {
            item.insert(EXPIRES.to_owned(), expires);
        }
        if after.len() > bytes_max(id.kind) {
            self.blobs.put_text(folder(id.kind), after).await?;
        } else {
            item.insert(TEXT.to_owned(), s(after));
        }
        let (condition, before) = match before {
            None => ("attribute_not_exists(sk) OR #hash = :after", None),
            Some(before) => ("#hash = :before OR #hash = :after", Some(s(hash(before)))),
        };
        let mut request = self
            .dynamo
            .put_item()
            .table_name(&*self.table)
            .set_item(Some(item))
            .condition_expression(condition)
            .expression_attribute_names("#hash", HASH)
            .expression_attribute_values(":after", s(hash(after)));
        if let Some(before) = before {
            request = request.expression_attribute_values(":before", before);
        }
        match request.send().await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(false),
                Some(_) | None => Err(unavailable(WHAT)(error)),
            },
        }
    }

    async fn delete_document(&self, id: &DocumentId, before: &str) -> Result<bool, StoreError> {
        let sent = self
            .dynamo
            .delete_item()
            .table_name(&*self.table)
            .set_key(Some(keys::document(id).attributes()))
            .condition_expression("attribute_not_exists(sk) OR #hash = :before")
            .expression_attribute_names("#hash", HASH)
            .expression_attribute_values(":before", s(hash(before)))
            .send()
            .await;
        match sent {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(DeleteItemError::ConditionalCheckFailedException(_)) => Ok(false),
                Some(_) | None => Err(unavailable(WHAT)(error)),
            },
        }
    }

    async fn read_document(&self, kind: DocumentKind, item: &Item) -> Result<String, StoreError> {
        let corrupt = |error: Malformed| error.of(WHAT, kind.as_str());
        if let Some(text) = text_if_any(item, TEXT).map_err(corrupt)? {
            return Ok(text.to_owned());
        }
        let hash = text(item, HASH).map_err(corrupt)?;
        let hash: BlobHash =
            hash.parse().map_err(|error| corrupt(Malformed::unreadable(HASH, Box::new(error))))?;
        self.blobs.get_text(folder(kind), &hash).await
    }
}

/// The largest document of a kind in an item.
fn bytes_max(kind: DocumentKind) -> usize {
    if matches!(kind, DocumentKind::MapChunk | DocumentKind::MapResults) {
        ONCE_BYTES_MAX
    } else {
        ITEM_BYTES_MAX
    }
}

/// Where the large documents of a kind lie.
fn folder(kind: DocumentKind) -> Folder {
    match kind {
        DocumentKind::Express
        | DocumentKind::JobWaiter
        | DocumentKind::MapRun
        | DocumentKind::MapRunOf
        | DocumentKind::MapChunk
        | DocumentKind::MapLanes
        | DocumentKind::MapResults
        | DocumentKind::MapExport => Folder::Payloads,
        DocumentKind::Tags
        | DocumentKind::Publication
        | DocumentKind::Version
        | DocumentKind::Alias
        | DocumentKind::Activity
        | DocumentKind::ActivityTask => Folder::Definitions,
    }
}

/// The key of an item that was read.
fn document_key(item: &Item) -> Result<String, StoreError> {
    let corrupt = |error: Malformed| error.of(WHAT, SK);
    let key = text(item, SK).map_err(corrupt)?;
    key.strip_prefix(keys::DOCUMENT).map(str::to_owned).ok_or_else(|| no_such_page(key))
}

fn hash(text: &str) -> String {
    BlobHash::of(text).to_string()
}
