//! Why a cue was not taken.

use baton_store::{BoxError, CommitError, StoreError};

/// The cue must come again.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    /// The backend did not do its part.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The call could not be prepared; nothing was claimed and nothing started.
    #[error("the call could not be prepared")]
    Unready(#[source] BoxError),
    /// The children's ends do not all show yet.
    #[error("only {found} of {width} children show their end")]
    JoinIncomplete {
        /// How many do.
        found: usize,
        /// How many there are.
        width: u32,
    },
    /// The scope moved on at each try.
    #[error("the execution moved on at each of {tries} tries")]
    Contended {
        /// How many tries there were.
        tries: u32,
    },
}

/// Why a piece of work stopped: the two cases end differently.
#[derive(Debug)]
pub(crate) enum Halt {
    /// It may go well the next time.
    Later(TakeError),
    /// It never will: the execution is to be ended, with this cause.
    Broken(String),
}

impl Halt {
    /// The execution can never go on, because of this.
    pub(crate) fn broken(source: &(dyn std::error::Error + 'static)) -> Self {
        Halt::Broken(chain(source))
    }
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable { .. } => Halt::Later(TakeError::Store(error)),
            StoreError::Corrupt { .. } => Halt::broken(&error),
        }
    }
}

impl From<TakeError> for Halt {
    fn from(error: TakeError) -> Self {
        Halt::Later(error)
    }
}

/// A commit's answer with the one case set apart that every caller handles: `true` if the record was written.
pub(crate) fn is_written(answer: Result<(), CommitError>) -> Result<bool, StoreError> {
    match answer {
        Ok(()) => Ok(true),
        Err(CommitError::Superseded { .. }) => Ok(false),
        Err(CommitError::Store(error)) => Err(error),
    }
}

/// An error with all that lies under it, in one line.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(under) = source {
        text.push_str(": ");
        text.push_str(&under.to_string());
        source = under.source();
    }
    text
}
