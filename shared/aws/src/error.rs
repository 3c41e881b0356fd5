//! The SDK's errors, as the store's.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use baton_store::StoreError;
use std::error::Error;
use std::fmt::Debug;

/// What an item lacks.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Malformed {
    #[error("attribute `{0}` is missing or of another type")]
    Attribute(&'static str),
    #[error("attribute `{name}` cannot be read")]
    Unreadable {
        name: &'static str,
        #[source]
        source: baton_store::BoxError,
    },
}

impl Malformed {
    pub(crate) fn unreadable(name: &'static str, source: impl Into<baton_store::BoxError>) -> Self {
        Malformed::Unreadable { name, source: source.into() }
    }

    /// The store's error for the thing of this key.
    pub(crate) fn of(self, what: &'static str, key: &str) -> StoreError {
        StoreError::Corrupt { what, key: key.to_owned(), source: Box::new(self) }
    }
}

/// What the service said, or why it said nothing.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Unanswered(String);

/// Whatever the service said, the request may be made again.
pub(crate) fn unavailable<E, R>(what: &'static str) -> impl FnOnce(SdkError<E, R>) -> StoreError
where
    E: Error + ProvideErrorMetadata + 'static,
    R: Debug + 'static,
{
    move |error| refused(what, reason(&error))
}

/// An error in one line: a service's code and words, or the chain of what lies under a silence. The SDK's own text is the whole
/// response, headers and all.
pub(crate) fn reason<E, R>(error: &SdkError<E, R>) -> String
where
    E: Error + ProvideErrorMetadata + 'static,
    R: Debug + 'static,
{
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        (None, _) => chain(error),
    }
}

/// An error with all that lies under it, in one line.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let sources = std::iter::successors(Some(error), |error| (**error).source());
    sources.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// As [`unavailable`], for what the service left undone without an error of its own.
pub(crate) fn refused(what: &'static str, why: impl Into<String>) -> StoreError {
    StoreError::Unavailable { what, source: Box::new(Unanswered(why.into())) }
}

/// A page that is asked for by a name that none has. The name is the caller's, so little of it is shown.
pub(crate) fn no_such_page(from: &str) -> StoreError {
    let key = from.chars().take(64).collect();
    StoreError::Corrupt { what: "page", key, source: "no page is called so".into() }
}
