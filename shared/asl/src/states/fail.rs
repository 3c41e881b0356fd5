//! Fail.

use crate::parse::{Object, Reader};
use crate::{QueryLanguage, TextField};

/// `Fail`: ends its block with an error.
#[derive(Debug)]
pub struct Fail {
    /// `Error`, `ErrorPath`.
    pub error: Option<TextField>,
    /// `Cause`, `CausePath`.
    pub cause: Option<TextField>,
}

impl Fail {
    pub(crate) const FIELDS: &'static [&'static str] =
        &["Type", "Comment", "QueryLanguage", "Error", "ErrorPath", "Cause", "CausePath"];

    pub(crate) fn read(
        reader: &mut Reader<'_>,
        state: &Object<'_>,
        language: QueryLanguage,
    ) -> Option<Self> {
        let error = reader.text_field(state, "Error", language);
        let cause = reader.text_field(state, "Cause", language);
        Some(Fail { error: error?, cause: cause? })
    }
}
