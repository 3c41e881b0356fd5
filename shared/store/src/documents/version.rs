//! Versions of state machines, and the numbers they have.

use super::{Document, DocumentKind};
use crate::{Machine, Revision, RevisionId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A version: a state machine as it was when it was published. Its definition and role are its revision's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    /// The revision's id.
    pub revision: Arc<str>,
    /// Whether that is the machine's first revision, whose id AWS does not show.
    pub is_first: bool,
    /// When it was published.
    pub created_millis: i64,
    /// `description`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The machine's configurations.
    pub settings: BTreeMap<String, Value>,
}

impl Document for Version {
    const KIND: DocumentKind = DocumentKind::Version;
}

impl Version {
    /// The key of a number: a larger one comes first.
    #[must_use]
    pub fn key(number: u32) -> String {
        format!("{:010}", u32::MAX.saturating_sub(number))
    }

    /// The number of a key.
    #[must_use]
    pub fn number(key: &str) -> Option<u32> {
        key.parse::<u32>().ok().map(|inverted| u32::MAX.saturating_sub(inverted))
    }

    /// The revision's id.
    #[must_use]
    pub fn revision_id(&self) -> RevisionId {
        RevisionId(self.revision.clone())
    }

    /// The machine as it was at this version.
    #[must_use]
    pub fn of(&self, machine: &Machine, revision: Revision) -> Machine {
        Machine { revision, settings: self.settings.clone(), ..machine.clone() }
    }
}

/// Which numbers a state machine's versions have: none is given twice, whatever is deleted. Group: the machine's ARN; one key.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Publication {
    /// The latest number.
    pub last: u32,
    /// The revision that was published under it.
    pub revision: String,
}

impl Publication {
    /// The key.
    pub const KEY: &'static str = "publication";
}

impl Document for Publication {
    const KIND: DocumentKind = DocumentKind::Publication;
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;
    use super::*;
    use serde_json::json;

    #[test]
    fn versions_read_back() {
        let version = Version {
            revision: "r".into(),
            is_first: true,
            created_millis: 5,
            description: Some("d".to_owned()),
            settings: [("s".to_owned(), json!({"a": 1}))].into(),
        };
        check(
            &version,
            r#"{"v":1,"d":{"revision":"r","isFirst":true,"createdMillis":5,"description":"d","settings":{"s":{"a":1}}}}"#,
        );
        check(
            &Publication { last: 3, revision: "r".to_owned() },
            r#"{"v":1,"d":{"last":3,"revision":"r"}}"#,
        );
    }

    #[test]
    fn later_versions_sort_first() {
        let mut keys = [9, 10, 1, u32::MAX].map(Version::key);
        keys.sort();
        assert_eq!(keys.map(|key| Version::number(&key).unwrap()), [u32::MAX, 10, 9, 1]);
        assert_eq!(Version::number("x"), None);
    }
}
