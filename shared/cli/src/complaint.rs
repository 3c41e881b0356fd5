//! Why a command cannot do what it was asked to.

use std::fmt;

/// What a person has to mend: the text says what is wrong and, where it can, how to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Complaint(pub(crate) String);

impl Complaint {
    /// An error with all that lies under it.
    pub(crate) fn of(what: &str, error: &(dyn std::error::Error + 'static)) -> Self {
        let mut text = what.to_owned();
        let mut next = Some(error);
        while let Some(error) = next {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&error.to_string());
            next = error.source();
        }
        Complaint(text)
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
