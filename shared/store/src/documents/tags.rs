//! The tags of a state machine.

use super::{Document, DocumentKind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A state machine's tags, in place of those that it was created with. Group: the machine's ARN; one key.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tags(pub BTreeMap<String, String>);

impl Tags {
    /// The key.
    pub const KEY: &'static str = "tags";
}

impl Document for Tags {
    const KIND: DocumentKind = DocumentKind::Tags;
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;
    use super::*;

    #[test]
    fn tags_read_back() {
        let tags = [("a", "1"), ("b", "")].map(|(key, value)| (key.into(), value.into()));
        check(&Tags(tags.into()), r#"{"v":1,"d":{"a":"1","b":""}}"#);
    }
}
