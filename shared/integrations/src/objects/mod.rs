//! Users' objects in S3, as Distributed Maps read and write them: what is asked, as an HTTP request, and the answer.
//!
//! A refusal is worded as the AWS SDK for Java 1 words it, which the optimised integrations show.

mod answer;
mod request;

pub(crate) use request::ENDPOINT_VARIABLE_SUFFIX;

use crate::{Request, Response};
use std::fmt;

/// A request about objects.
#[derive(Debug, Clone, Copy)]
pub enum ObjectRequest<'a> {
    /// Some of an object's bytes.
    Read {
        /// The bucket.
        bucket: &'a str,
        /// The key.
        key: &'a str,
        /// Its version, where one is asked for.
        version: Option<&'a str>,
        /// The ETag that it must still have.
        etag: Option<&'a str>,
        /// The first byte.
        from: u64,
        /// How many bytes at most: as many are answered, but at the object's end.
        bytes_max: u32,
    },
    /// A page of a listing, in the order of the keys.
    List {
        /// The bucket.
        bucket: &'a str,
        /// What the keys begin with.
        prefix: &'a str,
        /// Where the page before ended.
        token: Option<&'a str>,
    },
    /// A whole object.
    Put {
        /// The bucket.
        bucket: &'a str,
        /// The key.
        key: &'a str,
        /// What it holds.
        bytes: &'a [u8],
    },
    /// Begins an object that is written in parts. Until its end nobody sees it.
    BeginUpload {
        /// The bucket.
        bucket: &'a str,
        /// The key.
        key: &'a str,
    },
    /// A part; one that was written before is replaced.
    WritePart {
        /// The bucket.
        bucket: &'a str,
        /// The key.
        key: &'a str,
        /// The upload.
        upload: &'a str,
        /// The part's number, from 1.
        part: u32,
        /// What it holds: at least 5 MiB, but for the last.
        bytes: &'a [u8],
    },
    /// Makes the object of its parts.
    EndUpload {
        /// The bucket.
        bucket: &'a str,
        /// The key.
        key: &'a str,
        /// The upload.
        upload: &'a str,
        /// The parts' ETags in order.
        etags: &'a [String],
    },
    /// Forgets an upload and its parts.
    AbortUpload {
        /// The bucket.
        bucket: &'a str,
        /// The key.
        key: &'a str,
        /// The upload.
        upload: &'a str,
    },
}

/// The answer to a request about objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ObjectAnswer {
    /// To [`ObjectRequest::Read`].
    Bytes {
        /// The bytes.
        bytes: Vec<u8>,
        /// The object's size.
        size: u64,
        /// The object's ETag, in quotes.
        etag: String,
    },
    /// To [`ObjectRequest::List`].
    Page {
        /// The objects.
        objects: Vec<ObjectSummary>,
        /// Where the next page begins; nothing behind the last.
        next: Option<String>,
    },
    /// To [`ObjectRequest::BeginUpload`]: the upload's name.
    Begun(String),
    /// To [`ObjectRequest::WritePart`]: the part's ETag.
    Part(String),
    /// To the others.
    Done,
}

/// An object in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectSummary {
    /// Its key.
    pub key: String,
    /// Its ETag, in quotes.
    pub etag: String,
    /// When it was changed last, seconds since 1970.
    pub modified_secs: i64,
    /// Its bytes.
    pub size: u64,
    /// Its storage class.
    pub storage_class: String,
}

/// A request that was not answered: for the map run to fail with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectError {
    /// What S3 says, for people.
    pub cause: String,
    /// S3's code; empty where it is not S3 that says it.
    pub code: String,
    /// Whether it may be answered the next time.
    pub may_pass: bool,
}

impl ObjectError {
    /// A refusal: asking again does not help.
    #[must_use]
    pub fn refused(cause: impl Into<String>) -> Self {
        ObjectError { cause: cause.into(), code: String::new(), may_pass: false }
    }

    /// No answer, or none that counts: asking again may help.
    #[must_use]
    pub fn passing(cause: impl Into<String>) -> Self {
        ObjectError { may_pass: true, ..ObjectError::refused(cause) }
    }

    /// The object is not the one that was read before.
    #[must_use]
    pub fn changed() -> Self {
        ObjectError::refused("The object has changed while it was being read.")
    }
}

impl fmt::Display for ObjectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.cause)
    }
}

impl std::error::Error for ObjectError {}

impl ObjectRequest<'_> {
    /// What to send to S3 in a region; `owner` is the account that the bucket must belong to.
    ///
    /// # Errors
    ///
    /// [`ObjectError`] if no bucket or object can have such a name.
    pub fn to_http(&self, region: &str, owner: Option<&str>) -> Result<Request, ObjectError> {
        request::of(self, region, owner)
    }

    /// Reads what S3 answered.
    ///
    /// # Errors
    ///
    /// [`ObjectError`], S3's refusal or an answer that makes no sense.
    pub fn answer(&self, response: Response) -> Result<ObjectAnswer, ObjectError> {
        answer::of(self, response)
    }

    /// The action of the integration that such requests belong to.
    #[must_use]
    pub fn action(&self) -> &'static str {
        match self {
            ObjectRequest::Read { .. } => "getObject",
            ObjectRequest::List { .. } => "listObjectsV2",
            ObjectRequest::Put { .. }
            | ObjectRequest::BeginUpload { .. }
            | ObjectRequest::WritePart { .. }
            | ObjectRequest::EndUpload { .. }
            | ObjectRequest::AbortUpload { .. } => "putObject",
        }
    }

    /// The bucket.
    #[must_use]
    pub fn bucket(&self) -> &str {
        match self {
            ObjectRequest::Read { bucket, .. }
            | ObjectRequest::List { bucket, .. }
            | ObjectRequest::Put { bucket, .. }
            | ObjectRequest::BeginUpload { bucket, .. }
            | ObjectRequest::WritePart { bucket, .. }
            | ObjectRequest::EndUpload { bucket, .. }
            | ObjectRequest::AbortUpload { bucket, .. } => bucket,
        }
    }

    /// The object's key; of a listing there is none.
    pub(crate) fn key(&self) -> Option<&str> {
        match self {
            ObjectRequest::List { .. } => None,
            ObjectRequest::Read { key, .. }
            | ObjectRequest::Put { key, .. }
            | ObjectRequest::BeginUpload { key, .. }
            | ObjectRequest::WritePart { key, .. }
            | ObjectRequest::EndUpload { key, .. }
            | ObjectRequest::AbortUpload { key, .. } => Some(key),
        }
    }
}

#[cfg(test)]
mod tests;
