//! From documents to values.

use super::blob::BlobHash;
use super::table::Payloads;
use super::{Kept, Unreadable, VERSION, frame, sealed};
use baton_engine::Payload;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::marker::PhantomData;

/// A document that was read.
#[derive(Debug)]
pub enum Decoded<T> {
    /// All of it is there.
    Whole(T),
    /// Some of its payloads are blobs.
    Lacks(Lacking<T>),
}

/// A document whose blobs have to be fetched.
#[derive(Debug)]
pub struct Lacking<T> {
    text: String,
    hashes: Vec<BlobHash>,
    is_apart: bool,
    kind: PhantomData<T>,
}

/// Reads a document as far as it goes without its blobs.
///
/// # Errors
///
/// See [`Unreadable`].
pub fn decode<T: Kept>(bytes: &[u8]) -> Result<Decoded<T>, Unreadable> {
    let text = frame::unpack(bytes)?;
    read(&text, true, &|_| None)
}

/// Reads a document of a kind that has no payloads, or whose payloads do not matter: `null` stands for each blob.
///
/// # Errors
///
/// See [`Unreadable`]; [`Unreadable::Blob`] if the document as a whole is a blob.
pub fn decode_whole<T: Kept>(bytes: &[u8]) -> Result<T, Unreadable> {
    let null = Payload::new(serde_json::Value::Null);
    let text = frame::unpack(bytes)?;
    match read(&text, true, &|_| Some(null.clone()))? {
        Decoded::Whole(value) => Ok(value),
        Decoded::Lacks(lacking) => {
            Err(lacking.hashes.first().map_or(Unreadable::Start, |hash| Unreadable::Blob(*hash)))
        }
    }
}

impl<T: Kept> Lacking<T> {
    /// The blobs to fetch.
    #[must_use]
    pub fn hashes(&self) -> &[BlobHash] {
        &self.hashes
    }

    /// Goes on with the blobs at hand. The document may turn out to lack others, once: it may be a blob itself.
    ///
    /// # Errors
    ///
    /// See [`Unreadable`]; [`Unreadable::Blob`] if one of [`Lacking::hashes`] is not found.
    pub fn resolve(
        self,
        find: impl Fn(&BlobHash) -> Option<Payload>,
    ) -> Result<Decoded<T>, Unreadable> {
        let absent = self.hashes.iter().copied().find(|hash| find(hash).is_none());
        if let Some(hash) = absent {
            return Err(Unreadable::Blob(hash));
        }
        match self.hashes.first().filter(|_| self.is_apart).and_then(find_in(&find)) {
            Some(document) => read(document.text(), false, &find),
            None => read(&self.text, !self.is_apart, &find),
        }
    }
}

fn find_in(
    find: &impl Fn(&BlobHash) -> Option<Payload>,
) -> impl Fn(&BlobHash) -> Option<Payload> + '_ {
    move |hash| find(hash)
}

/// A document as it stands there. `d` is absent where the whole document is the blob `o`.
#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a, F: Deserialize<'de>"))]
struct Document<'a, F> {
    d: Option<F>,
    o: Option<String>,
    #[serde(default)]
    b: Vec<(u32, String)>,
    #[serde(default)]
    t: Vec<(u32, String)>,
    #[serde(default, borrow)]
    p: Vec<&'a RawValue>,
}

fn read<T: Kept>(
    text: &str,
    may_be_apart: bool,
    find: &dyn Fn(&BlobHash) -> Option<Payload>,
) -> Result<Decoded<T>, Unreadable> {
    check_version(text)?;
    let document: Document<'_, T::Form<'_>> =
        serde_json::from_str(text).map_err(Unreadable::Form)?;
    let lacks = |hashes, is_apart| {
        let kind = PhantomData;
        Ok(Decoded::Lacks(Lacking { text: text.to_owned(), hashes, is_apart, kind }))
    };
    let form = match (document.d, document.o) {
        (Some(form), None) => form,
        (None, Some(hash)) if may_be_apart => return lacks(vec![hash.parse()?], true),
        _ => return Err(Unreadable::Start),
    };
    let pointers: Vec<(u32, BlobHash)> = document
        .b
        .into_iter()
        .map(|(number, hash)| Ok((number, hash.parse()?)))
        .collect::<Result<_, Unreadable>>()?;
    if pointers.iter().any(|(_, hash)| find(hash).is_none()) {
        return lacks(pointers.into_iter().map(|(_, hash)| hash).collect(), false);
    }
    let payloads = Payloads::read(&document.p, &pointers, &document.t, find)?;
    T::from_form(form, &sealed::PayloadsOf(payloads)).map(Decoded::Whole)
}

/// Looks at the version before anything else, so that a newer form is told from a damaged one.
fn check_version(text: &str) -> Result<(), Unreadable> {
    let rest = text.strip_prefix("{\"v\":").ok_or(Unreadable::Start)?;
    let digits = rest.split([',', '}']).next().unwrap_or_default();
    match digits.parse() {
        Ok(VERSION) => Ok(()),
        Ok(version) => Err(Unreadable::Version(version)),
        Err(_) => Err(Unreadable::Start),
    }
}
