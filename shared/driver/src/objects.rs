//! Users' objects, as map runs read and write them.

use std::fmt;

/// What is asked of S3, and with whose rights.
#[derive(Debug, Clone, Copy)]
pub struct ObjectCall<'a> {
    /// The state machine's role.
    pub role_arn: &'a str,
    /// The region.
    pub region: &'a str,
    /// `ExpectedBucketOwner`.
    pub bucket_owner: Option<&'a str>,
    /// The request.
    pub request: ObjectRequest<'a>,
}

/// A request about objects.
#[derive(Debug, Clone, Copy)]
pub enum ObjectRequest<'a> {
    /// Some of an object's bytes: as many as the other side likes, at most a few MiB.
    Read {
        /// The bucket.
        bucket: &'a str,
        /// The key.
        key: &'a str,
        /// Its version, where one is asked for.
        version: Option<&'a str>,
        /// The first byte.
        from: u64,
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
    /// A part of an object. The first begins it anew, the last makes it be there.
    Write {
        /// The bucket.
        bucket: &'a str,
        /// The key.
        key: &'a str,
        /// The part's number, from 1.
        part: u32,
        /// Whether it is the last.
        is_last: bool,
        /// What it holds.
        bytes: &'a [u8],
    },
}

/// The answer to a request about objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ObjectAnswer {
    /// To [`ObjectRequest::Read`].
    Bytes {
        /// The bytes.
        bytes: Vec<u8>,
        /// Whether they are the object's last.
        is_end: bool,
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
    /// To [`ObjectRequest::Write`].
    Written,
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

/// A request that was not answered: for the run to fail with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectError {
    /// What S3 says, for people.
    pub cause: String,
    /// Whether it may be answered the next time.
    pub may_pass: bool,
}

impl ObjectError {
    /// A refusal: asking again does not help.
    #[must_use]
    pub fn refused(cause: impl Into<String>) -> Self {
        ObjectError { cause: cause.into(), may_pass: false }
    }
}

impl fmt::Display for ObjectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.cause)
    }
}

impl std::error::Error for ObjectError {}
