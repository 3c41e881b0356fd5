//! Why a data file cannot be opened.

use std::path::PathBuf;

/// Why a data file cannot be opened. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It is not Baton's.
    #[error("`{path}` is not a data file of Baton ({why}): name another file")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it is.
        why: &'static str,
    },
    /// A part of it is missing.
    #[error("`{path}` is not whole ({why}): restore it from a copy, or name another file")]
    Truncated {
        /// The file.
        path: PathBuf,
        /// What is missing.
        why: String,
    },
    /// A later Baton wrote it.
    #[error(
        "`{path}` has the form {found}, and this Baton knows forms up to {known}: use a later one"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its form.
        found: u32,
        /// The newest form that is known.
        known: u32,
    },
    /// Another process has it open.
    #[error("`{path}` is in use by another process")]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The system refuses.
    #[error("could not open `{path}`")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// SQLite refuses.
    #[error("could not open `{path}`")]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
    /// Something in it cannot be read.
    #[error("could not read `{path}`")]
    Store {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: baton_store::StoreError,
    },
}
