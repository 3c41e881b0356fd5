//! Documents in memory.

use super::Memory;
use crate::documents::{DocumentId, DocumentKind, Documents};
use crate::{Page, StoreError};
use std::collections::BTreeMap;
use std::ops::Bound;

/// Documents by their places.
pub(super) type DocumentTable = BTreeMap<DocumentId, String>;

impl Documents for Memory {
    async fn document(&self, id: &DocumentId) -> Result<Option<String>, StoreError> {
        Ok(self.lock().documents.get(id).cloned())
    }

    async fn swap_document(
        &self,
        id: &DocumentId,
        before: Option<&str>,
        after: Option<&str>,
    ) -> Result<bool, StoreError> {
        let mut inner = self.lock();
        let there = inner.documents.get(id).map(String::as_str);
        if there == after {
            return Ok(true);
        }
        if there != before {
            return Ok(false);
        }
        match after {
            Some(text) => inner.documents.insert(id.clone(), text.to_owned()),
            None => inner.documents.remove(id),
        };
        Ok(true)
    }

    async fn documents(
        &self,
        kind: DocumentKind,
        group: &str,
        items_max: u32,
        from: Option<&str>,
    ) -> Result<Page<(String, String)>, StoreError> {
        let inner = self.lock();
        let id = |key: &str| DocumentId { kind, group: group.to_owned(), key: key.to_owned() };
        let after = from.map_or(Bound::Included(id("")), |last| Bound::Excluded(id(last)));
        let rest = inner.documents.range((after, Bound::Unbounded));
        let mut rest = rest.take_while(|(id, _)| id.kind == kind && id.group == group);
        let items: Vec<(String, String)> = rest
            .by_ref()
            .take(items_max as usize)
            .map(|(id, text)| (id.key.clone(), text.clone()))
            .collect();
        let next = rest.next().and(items.last()).map(|(key, _)| key.clone());
        Ok(Page { items, next })
    }
}
