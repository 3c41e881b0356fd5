//! Documents: conditions are decided in the file, in the order of all writes.

use crate::Embedded;
use crate::read::Reader;
use crate::shared::{durable, failed};
use crate::write::{DocumentWrite, Write};
use baton_engine::{Cue, Due, ScopePath, Sequence, Signal};
use baton_store::{DocumentId, DocumentKind, Documents, ExecutionArn, Outgoing, Page, StoreError};
use rusqlite::params;
use tokio::sync::oneshot;

impl Documents for Embedded {
    async fn document(&self, id: &DocumentId) -> Result<Option<String>, StoreError> {
        let sql = "SELECT text FROM documents WHERE kind = ?1 AND part = ?2 AND key = ?3";
        self.shared.read(|reader| {
            reader.one(sql, params![id.kind.as_str(), id.group, id.key], |row| row.get(0))
        })
    }

    async fn swap_document(
        &self,
        id: &DocumentId,
        before: Option<&str>,
        after: Option<&str>,
    ) -> Result<bool, StoreError> {
        let (sender, answer) = oneshot::channel();
        let (before, after) = (before.map(str::to_owned), after.map(str::to_owned));
        let write = Box::new(DocumentWrite { id: id.clone(), before, after });
        let synced = self.shared.decide(|state| {
            state.accept_machine(Write::Document(write, sender));
            Ok(state.after_all())
        })?;
        durable(synced).await?;
        answer.await.map_err(|_| failed("the data file is closed"))
    }

    async fn documents(
        &self,
        kind: DocumentKind,
        group: &str,
        items_max: u32,
        from: Option<&str>,
    ) -> Result<Page<(String, String)>, StoreError> {
        // No key is empty but the only one of its group.
        let sql = "SELECT key, text FROM documents
                   WHERE kind = ?1 AND part = ?2 AND (key > ?3 OR ?4) ORDER BY key LIMIT ?5";
        let (group, after, is_first) =
            (group.to_owned(), from.unwrap_or_default().to_owned(), from.is_none());
        let limit = i64::from(items_max) + 1;
        let read = move |reader: &Reader| {
            let values = params![kind.as_str(), group, after, is_first, limit];
            let mut items: Vec<(String, String)> =
                reader.all(sql, values, |row| Ok((row.get(0)?, row.get(1)?)))?;
            let has_more = items.len() > items_max as usize;
            items.truncate(items_max as usize);
            let next = items.last().filter(|_| has_more).map(|(key, _)| key.clone());
            Ok(Page { items, next })
        };
        self.shared.read_aside(read).await
    }
}

/// The cues of the Express executions that were accepted and have not ended.
pub(crate) fn express_cues(reader: &Reader) -> Result<Vec<Outgoing>, StoreError> {
    let sql = "SELECT part FROM documents WHERE kind = ?1";
    let kind = DocumentKind::Express.as_str();
    let arns: Vec<String> = reader.all(sql, params![kind], |row| row.get(0))?;
    let executions = arns.iter().filter_map(|arn| ExecutionArn::parse(arn).ok());
    let cue =
        || Cue { scope: ScopePath::top(), sequence: Sequence::FIRST, signal: Signal::Perform };
    Ok(executions.map(|execution| Outgoing { execution, cue: cue(), due: Due::Now }).collect())
}
