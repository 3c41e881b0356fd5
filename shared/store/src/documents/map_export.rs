//! How far a map run's results have been written to S3.

use super::{Document, DocumentKind};
use crate::records::is_default;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Where whoever writes a map run's results goes on. Group: the map run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MapExport {
    /// For which redrive of the run.
    #[serde(default, skip_serializing_if = "is_default")]
    pub redrives: u32,
    /// The chunk of the next child.
    pub chunk: u32,
    /// Its place there.
    pub place: u32,
    /// Where the files of each kind stand, in the manifest's order of kinds.
    pub files: Vec<Value>,
    /// The uploads under way, by their keys.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub open: BTreeMap<String, MapUpload>,
    /// Those that have all their parts, and wait for all the others to have theirs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub whole: BTreeMap<String, MapUpload>,
}

/// An object that is written in parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MapUpload {
    /// The upload, as S3 calls it.
    pub id: String,
    /// The ETags of its parts.
    pub etags: Vec<String>,
}

impl Document for MapExport {
    const KIND: DocumentKind = DocumentKind::MapExport;
}

impl MapExport {
    /// The key.
    pub const KEY: &'static str = "export";
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;
    use super::*;
    use serde_json::json;

    #[test]
    fn an_export_reads_back() {
        let upload = MapUpload { id: "u".to_owned(), etags: vec!["\"e\"".to_owned()] };
        let export = MapExport {
            redrives: 0,
            chunk: 2,
            place: 1,
            files: vec![json!({"parts": 1})],
            open: [("k".to_owned(), upload)].into(),
            whole: BTreeMap::new(),
        };
        check(
            &export,
            r#"{"v":1,"d":{"chunk":2,"place":1,"files":[{"parts":1}],"open":{"k":{"id":"u","etags":["\"e\""]}}}}"#,
        );
    }
}
