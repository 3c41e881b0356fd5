//! S3: texts too large for an item.
//!
//! A blob lies under the hash of its text, so equal texts are kept once, and writing one twice does no harm. It is written before
//! whatever points to it. Its first folder says how long it is kept: `payloads` until no execution can point to it,
//! `definitions` for good.

use crate::error::{refused, unavailable};
use crate::limits::{BLOB_BYTES_MAX, BLOB_CACHE_BYTES_MAX};
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use baton_engine::Payload;
use baton_store::records::{self, Blob, BlobCache, BlobHash, Decoded, Kept, Packing};
use baton_store::{BoxError, StoreError};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The bucket, and what was lately written to it or read from it.
#[derive(Debug, Clone)]
pub(crate) struct Blobs {
    client: Client,
    bucket: Arc<str>,
    payloads: Arc<BlobCache>,
    definitions: Arc<BlobCache>,
}

/// Whose blob it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Folder {
    /// An execution's.
    Payloads,
    /// A state machine's.
    Definitions,
}

const WHAT: &str = "bucket";

impl Folder {
    fn key(self, hash: &BlobHash) -> String {
        match self {
            Folder::Payloads => format!("payloads/{hash}"),
            Folder::Definitions => format!("definitions/{hash}"),
        }
    }
}

impl Blobs {
    pub(crate) fn new(client: Client, bucket: Arc<str>) -> Self {
        let known = || Arc::new(BlobCache::new(BLOB_CACHE_BYTES_MAX));
        Blobs { client, bucket, payloads: known(), definitions: known() }
    }

    /// What is in a folder for certain.
    fn known(&self, folder: Folder) -> &BlobCache {
        match folder {
            Folder::Payloads => &self.payloads,
            Folder::Definitions => &self.definitions,
        }
    }

    /// Makes the document of a value. Its blobs are written when this returns.
    pub(crate) async fn encode<T: Kept>(
        &self,
        folder: Folder,
        value: &T,
    ) -> Result<Vec<u8>, StoreError> {
        let packing = Packing { known: Some(self.known(folder)), ..Packing::default() };
        let encoded = packing.encode(value);
        for blob in encoded.blobs {
            self.put(folder, blob).await?;
        }
        Ok(encoded.bytes)
    }

    /// Reads a document with its blobs.
    pub(crate) async fn decode<T: Kept>(
        &self,
        folder: Folder,
        key: &impl fmt::Display,
        document: &[u8],
    ) -> Result<T, StoreError> {
        let corrupt = |error: records::Unreadable| error.of(T::WHAT, &key.to_string());
        let mut decoded = records::decode(document).map_err(corrupt)?;
        let mut found = BTreeMap::new();
        loop {
            let lacking = match decoded {
                Decoded::Whole(value) => return Ok(value),
                Decoded::Lacks(lacking) => lacking,
            };
            for hash in lacking.hashes() {
                found.insert(*hash, self.get(folder, hash).await?);
            }
            decoded = lacking.resolve(|hash| found.get(hash).cloned()).map_err(corrupt)?;
        }
    }

    /// Writes a JSON text that is read by its hash.
    pub(crate) async fn put_text(&self, folder: Folder, text: &str) -> Result<(), StoreError> {
        let payload = Payload::kept(text).map_err(|error| corrupt(WHAT, "text", error))?;
        let (hash, bytes) = (BlobHash::of(text), text.as_bytes().to_vec());
        self.put(folder, Blob { hash, payload, bytes }).await
    }

    /// Reads a JSON text by its hash.
    pub(crate) async fn get_text(
        &self,
        folder: Folder,
        hash: &BlobHash,
    ) -> Result<String, StoreError> {
        Ok(self.get(folder, hash).await?.text().to_owned())
    }

    async fn put(&self, folder: Folder, blob: Blob) -> Result<(), StoreError> {
        self.client
            .put_object()
            .bucket(&*self.bucket)
            .key(folder.key(&blob.hash))
            .content_type("application/octet-stream")
            .body(ByteStream::from(blob.bytes))
            .send()
            .await
            .map_err(unavailable(WHAT))?;
        self.known(folder).put(blob.hash, &blob.payload);
        Ok(())
    }

    async fn get(&self, folder: Folder, hash: &BlobHash) -> Result<Payload, StoreError> {
        if let Some(payload) = self.known(folder).payload(hash) {
            return Ok(payload);
        }
        let key = folder.key(hash);
        let bytes = self.fetch(&key).await?;
        let text = records::unpack(&bytes).map_err(|error| corrupt(WHAT, &key, error))?;
        if BlobHash::of(&text) != *hash {
            return Err(corrupt(WHAT, &key, "its content is not what was written"));
        }
        let payload = Payload::kept(&*text).map_err(|error| corrupt(WHAT, &key, error))?;
        self.known(folder).put(*hash, &payload);
        Ok(payload)
    }

    async fn fetch(&self, key: &str) -> Result<Vec<u8>, StoreError> {
        let sent = self.client.get_object().bucket(&*self.bucket).key(key).send().await;
        let answer = match sent {
            Ok(answer) => answer,
            Err(error) if error.as_service_error().is_some_and(|error| error.is_no_such_key()) => {
                return Err(corrupt(WHAT, key, "it is not there"));
            }
            Err(error) => return Err(unavailable(WHAT)(error)),
        };
        if answer.content_length().is_some_and(|bytes| bytes > BLOB_BYTES_MAX) {
            return Err(corrupt(WHAT, key, "it is larger than anything that is written"));
        }
        let body = answer.body.collect().await;
        Ok(body.map_err(|error| refused(WHAT, error.to_string()))?.to_vec())
    }
}

fn corrupt(what: &'static str, key: &str, source: impl Into<BoxError>) -> StoreError {
    StoreError::Corrupt { what, key: key.to_owned(), source: source.into() }
}
