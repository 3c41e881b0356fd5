//! Documents: what is kept beside executions and machines, under its kind, a group and a key.
//!
//! Versions, aliases, activities, their tasks and tags are small, rarely written and read by their names. One trait serves
//! them all, so that a new kind asks nothing of a backend. Each kind has a type of its own here, and [`find`], [`swap`] and
//! [`list`] read and write it.
//!
//! # Invariants
//!
//! * [`Documents::swap_document`] is the one write, and it is atomic: who changes a document says what it was before.
//! * A document's text begins with its version; a newer one is refused, not guessed at.

mod activity;
mod alias;
mod express;
mod job;
mod map_export;
mod map_results;
mod map_run;
mod place;
mod tags;
mod version;

pub use activity::{Activity, ActivityTask};
pub use alias::{Alias, Route};
pub use express::ExpressStart;
pub use job::JobWaiter;
pub use map_export::{MapExport, MapUpload};
pub use map_results::{
    ExpressPlace, MapResult, MapResults, express_child_arn, express_child_place,
};
pub use map_run::{
    Again, MapChild, MapChunk, MapCounts, MapLanes, MapOpen, MapRunFailure, MapRunOf, MapRunState,
    MapRunStatus, MapWorker, Running, map_child_arn, map_child_name, map_key, map_redrive,
    map_redrive_token,
};
pub use tags::Tags;
pub use version::{Publication, Version};

use crate::{Page, StoreError};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::future::Future;

/// The version that is written.
const VERSION: u32 = 1;

/// What a document is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DocumentKind {
    /// The tags of a state machine, once they were changed. Group: the machine.
    Tags,
    /// Which numbers of versions are given. Group: the machine.
    Publication,
    /// A version. Group: the machine; keys sort the newest first.
    Version,
    /// An alias. Group: the machine.
    Alias,
    /// An activity. One group.
    Activity,
    /// A task that waits for an activity's worker. Group: the activity; keys sort the oldest first.
    ActivityTask,
    /// An Express execution that was accepted. Group: the execution.
    Express,
    /// That an execution waits for a job's end, of which events tell. Group: the job.
    JobWaiter,
    /// A map run. Group: its ARN.
    MapRun,
    /// That an execution has a map run. Group: the execution; keys sort the oldest first.
    MapRunOf,
    /// A part of a map run's manifest. Group: the map run. Never listed.
    MapChunk,
    /// A group of a map run's lanes. Group: the map run. Never listed.
    MapLanes,
    /// What Express children of a chunk answered. Group: the map run and the chunk; keys sort the newest first.
    MapResults,
    /// How far a map run's results have been written. Group: the map run.
    MapExport,
}

impl DocumentKind {
    /// Its name in keys.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            DocumentKind::Tags => "tags",
            DocumentKind::Publication => "publication",
            DocumentKind::Version => "version",
            DocumentKind::Alias => "alias",
            DocumentKind::Activity => "activity",
            DocumentKind::ActivityTask => "activity-task",
            DocumentKind::Express => "express",
            DocumentKind::JobWaiter => "job",
            DocumentKind::MapRun => "map-run",
            DocumentKind::MapRunOf => "map-run-of",
            DocumentKind::MapChunk => "map-chunk",
            DocumentKind::MapLanes => "map-lanes",
            DocumentKind::MapResults => "map-results",
            DocumentKind::MapExport => "map-export",
        }
    }
}

/// Where a document is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DocumentId {
    /// Its kind.
    pub kind: DocumentKind,
    /// What it is listed with.
    pub group: String,
    /// Its name there. Documents are listed in the order of its bytes.
    pub key: String,
}

/// Keeps documents.
pub trait Documents: Send + Sync {
    /// A document's text.
    fn document(
        &self,
        id: &DocumentId,
    ) -> impl Future<Output = Result<Option<String>, StoreError>> + Send;

    /// Makes a document that was `before` be `after`, durably; `None` is a document that is not there. Answers whether
    /// it is `after` now: it is, too, if it was so already, as when the answer to the same call was lost.
    fn swap_document(
        &self,
        id: &DocumentId,
        before: Option<&str>,
        after: Option<&str>,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// A group's documents: keys and texts in the order of the keys.
    fn documents(
        &self,
        kind: DocumentKind,
        group: &str,
        items_max: u32,
        from: Option<&str>,
    ) -> impl Future<Output = Result<Page<(String, String)>, StoreError>> + Send;
}

/// A kind of document, as the program has it.
pub trait Document: Serialize + DeserializeOwned + Send + Sync {
    /// Its kind.
    const KIND: DocumentKind;
}

/// A document as it was read: what a [`swap`] takes it to be still.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held<T> {
    /// What it says.
    pub value: T,
    text: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Versioned<T> {
    v: u32,
    d: T,
}

/// Only the version, whatever follows it.
#[derive(Debug, Deserialize)]
struct VersionAlone {
    v: u32,
}

/// What is wrong with a document's text.
#[derive(Debug, thiserror::Error)]
enum Unreadable {
    #[error("it has version {0}, of which this program knows nothing")]
    Version(u32),
    #[error("it does not have its form")]
    Form(#[source] serde_json::Error),
}

/// The document of this group and key.
///
/// # Errors
///
/// [`StoreError`] of the backend, or if what is kept cannot be read.
pub async fn find<T: Document>(
    documents: &impl Documents,
    group: &str,
    key: &str,
) -> Result<Option<Held<T>>, StoreError> {
    let id = id::<T>(group, key);
    let text = documents.document(&id).await?;
    text.map(|text| held(text, &id.group, key)).transpose()
}

/// Makes the document that was `before` be `after`; `None` is one that is not there. Answers whether it is `after` now.
///
/// # Errors
///
/// [`StoreError`] if it is not known whether it took effect. Doing it again is safe.
pub async fn swap<T: Document>(
    documents: &impl Documents,
    group: &str,
    key: &str,
    before: Option<&Held<T>>,
    after: Option<&T>,
) -> Result<bool, StoreError> {
    let text = after.map(|value| text_of(value, group, key)).transpose()?;
    let before = before.map(|held| held.text.as_str());
    documents.swap_document(&id::<T>(group, key), before, text.as_deref()).await
}

/// The same for whoever goes on with the document: it is handed back as it is then.
///
/// # Errors
///
/// [`StoreError`] if it is not known whether it took effect. Doing it again is safe.
pub async fn replace<T: Document>(
    documents: &impl Documents,
    group: &str,
    key: &str,
    before: Option<&Held<T>>,
    after: T,
) -> Result<Option<Held<T>>, StoreError> {
    let text = text_of(&after, group, key)?;
    let before = before.map(|held| held.text.as_str());
    let is_done = documents.swap_document(&id::<T>(group, key), before, Some(&text)).await?;
    Ok(is_done.then_some(Held { value: after, text }))
}

/// A page of a group, with keys, in their order.
///
/// # Errors
///
/// [`StoreError`] of the backend, or if what is kept cannot be read.
pub async fn list<T: Document>(
    documents: &impl Documents,
    group: &str,
    items_max: u32,
    from: Option<&str>,
) -> Result<Page<(String, Held<T>)>, StoreError> {
    let Page { items, next } = documents.documents(T::KIND, group, items_max, from).await?;
    let read = |(key, text): (String, String)| {
        let held = held(text, group, &key)?;
        Ok((key, held))
    };
    Ok(Page { items: items.into_iter().map(read).collect::<Result<_, StoreError>>()?, next })
}

/// Removes every document of a kind in a group.
///
/// # Errors
///
/// [`StoreError`] if it is not known whether all are gone. Doing it again is safe.
pub async fn clear<T: Document>(documents: &impl Documents, group: &str) -> Result<(), StoreError> {
    /// How many are read at a time.
    const PAGE: u32 = 100;
    loop {
        let Page { items, next } = documents.documents(T::KIND, group, PAGE, None).await?;
        for (key, text) in &items {
            documents.swap_document(&id::<T>(group, key), Some(text), None).await?;
        }
        if next.is_none() {
            return Ok(());
        }
    }
}

fn id<T: Document>(group: &str, key: &str) -> DocumentId {
    DocumentId { kind: T::KIND, group: group.to_owned(), key: key.to_owned() }
}

fn text_of<T: Document>(value: &T, group: &str, key: &str) -> Result<String, StoreError> {
    let text = serde_json::to_string(&Versioned { v: VERSION, d: value });
    text.map_err(|error| corrupt(T::KIND, group, key, Unreadable::Form(error)))
}

fn held<T: Document>(text: String, group: &str, key: &str) -> Result<Held<T>, StoreError> {
    match read(&text) {
        Ok(value) => Ok(Held { value, text }),
        Err(error) => Err(corrupt(T::KIND, group, key, error)),
    }
}

fn read<T: Document>(text: &str) -> Result<T, Unreadable> {
    match serde_json::from_str::<VersionAlone>(text).map_err(Unreadable::Form)?.v {
        VERSION => serde_json::from_str(text)
            .map(|versioned: Versioned<T>| versioned.d)
            .map_err(Unreadable::Form),
        version => Err(Unreadable::Version(version)),
    }
}

fn corrupt(kind: DocumentKind, group: &str, key: &str, source: Unreadable) -> StoreError {
    let key = format!("{group} {key}");
    StoreError::Corrupt { what: kind.as_str(), key, source: Box::new(source) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Debug;

    /// A document reads back, and its oldest text gives it.
    pub(super) fn check<T: Document + PartialEq + Debug>(value: &T, oldest: &str) {
        let text = text_of(value, "g", "k").unwrap();
        assert_eq!(text, oldest);
        assert_eq!(held::<T>(text, "g", "k").unwrap().value, *value);
    }

    #[test]
    fn a_newer_version_and_damage_are_told_apart() {
        let error = |text: &str| {
            let error = held::<Tags>(text.to_owned(), "g", "k").unwrap_err();
            std::error::Error::source(&error).unwrap().to_string()
        };
        assert_eq!(
            error(r#"{"v":2,"d":[]}"#),
            "it has version 2, of which this program knows nothing"
        );
        for text in ["", "{}", r#"{"v":1}"#, r#"{"v":1,"d":7}"#] {
            assert_eq!(error(text), "it does not have its form", "{text}");
        }
    }
}
