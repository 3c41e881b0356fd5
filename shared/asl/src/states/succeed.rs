//! Succeed.

/// `Succeed`: ends its block with its output.
#[derive(Debug)]
pub struct Succeed;

impl Succeed {
    pub(crate) const FIELDS: &'static [&'static str] =
        &["Type", "Comment", "QueryLanguage", "InputPath", "OutputPath", "Output"];
}
