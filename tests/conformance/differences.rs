//! Known differences from AWS, each with its reason: `tests/differences.toml`.

use std::collections::BTreeMap;
use std::path::Path;

/// The cases that are known to differ.
#[derive(Debug, Default)]
pub struct Differences {
    reasons: BTreeMap<String, String>,
}

impl Differences {
    /// Reads the file: `[[difference]]` tables with `reason` and `cases`.
    pub fn read(file: &Path) -> Self {
        let text = std::fs::read_to_string(file).expect("tests/differences.toml is there");
        let table: toml::Table = text.parse().expect("tests/differences.toml is TOML");
        let listed = table.get("difference").and_then(toml::Value::as_array).into_iter().flatten();
        let mut reasons = BTreeMap::new();
        for difference in listed {
            let reason = difference["reason"].as_str().expect("each difference has a reason");
            for case in difference["cases"].as_array().expect("each difference lists its cases") {
                let case = case.as_str().expect("a case's id").to_owned();
                let twice = reasons.insert(case, reason.to_owned());
                assert!(twice.is_none(), "a case is listed twice");
            }
        }
        Differences { reasons }
    }

    /// Why the case differs, if it is known to.
    pub fn reason(&self, id: &str) -> Option<&str> {
        self.reasons.get(id).map(String::as_str)
    }
}
