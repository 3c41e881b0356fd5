//! The SDK's errors, as the store's.

use aws_sdk_dynamodb::error::{DisplayErrorContext, SdkError};
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

/// The chain of an SDK error's causes as one text: its own `Display` says no more than "service error".
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Unanswered(String);

/// Whatever the service said, the request may be made again.
pub(crate) fn unavailable<E, R>(what: &'static str) -> impl FnOnce(SdkError<E, R>) -> StoreError
where
    E: Error + 'static,
    R: Debug,
{
    move |error| refused(what, DisplayErrorContext(&error).to_string())
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
