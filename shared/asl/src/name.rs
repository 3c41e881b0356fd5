//! State names.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

/// A state's name: 1 to 80 characters (ASL-TOP-03).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StateName(Arc<str>);

impl StateName {
    /// The most characters a name may have.
    pub const CHARS_MAX: usize = 80;

    /// Checks the length and keeps the name.
    ///
    /// # Errors
    ///
    /// [`InvalidStateName`] if the name is empty or longer than [`Self::CHARS_MAX`].
    pub fn parse(text: &str) -> Result<Self, InvalidStateName> {
        match text.chars().count() {
            1..=Self::CHARS_MAX => Ok(StateName(text.into())),
            chars => Err(InvalidStateName { chars }),
        }
    }

    /// The name as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for StateName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A state name that is too short or too long.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a state name has 1 to {max} characters, this one {chars}", max = StateName::CHARS_MAX)]
pub struct InvalidStateName {
    /// How many characters it has.
    pub chars: usize,
}
