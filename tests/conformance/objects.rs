//! S3 in a case: the objects that it gives, and those that its map runs write.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use baton_driver::{ObjectAnswer, ObjectError, ObjectRequest, ObjectSummary};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Mutex;

/// By bucket and key.
type Path = (String, String);

/// How many bytes of an object are answered at a time.
const PIECE_BYTES: usize = 64 * 1024;

/// The objects of one case.
#[derive(Debug, Default)]
pub struct Objects {
    given: BTreeMap<Path, Given>,
    written: Mutex<BTreeMap<Path, Vec<u8>>>,
}

#[derive(Debug)]
struct Given {
    bytes: Vec<u8>,
    /// It has another ETag with every look at it.
    changes: Option<Mutex<u32>>,
}

impl Objects {
    /// `s3_objects` of a case: `bucket`, `key`, `text` or `base64`; of ours perhaps `times`, how often the bytes follow one
    /// another, `changing`, and `denied`.
    pub fn new(objects: Option<&Value>) -> Self {
        let objects = objects.and_then(Value::as_array).into_iter().flatten();
        let given = objects.map(|object| {
            let text = |name: &str| object[name].as_str().unwrap_or_default().to_owned();
            let bytes = match object["base64"].as_str() {
                Some(encoded) => BASE64_STANDARD.decode(encoded).expect("objects are base64"),
                None => text("text").into_bytes(),
            };
            let times = object["times"].as_u64().unwrap_or(1);
            let bytes = bytes.repeat(usize::try_from(times).expect("a small number"));
            let changes = (object["changing"] == true).then(Mutex::default);
            ((text("bucket"), text("key")), Given { bytes, changes })
        });
        Objects { given: given.collect(), written: Mutex::default() }
    }

    /// What was written, by `bucket/key`.
    pub fn written(&self) -> BTreeMap<String, Vec<u8>> {
        let written = self.written.lock().unwrap();
        written
            .iter()
            .map(|((bucket, key), bytes)| (format!("{bucket}/{key}"), bytes.clone()))
            .collect()
    }

    pub fn answer(&self, request: &ObjectRequest<'_>) -> Result<ObjectAnswer, ObjectError> {
        match *request {
            ObjectRequest::Read { bucket, key, from, .. } => {
                let object = self.given.get(&(bucket.to_owned(), key.to_owned()));
                let missing = || ObjectError::refused("The specified key does not exist.");
                let Given { bytes, changes } = object.ok_or_else(missing)?;
                let from = usize::try_from(from).unwrap_or(usize::MAX).min(bytes.len());
                let to = bytes.len().min(from + PIECE_BYTES);
                let mut version = changes.as_ref().map(|looks| looks.lock().unwrap());
                if let Some(looks) = &mut version {
                    **looks += 1;
                }
                let etag = format!("\"{}\"", version.map_or(1, |looks| *looks));
                let size = bytes.len() as u64;
                Ok(ObjectAnswer::Bytes { bytes: bytes[from..to].to_vec(), size, etag })
            }
            ObjectRequest::List { bucket, prefix, .. } => {
                let is_wanted = |path: &Path| path.0 == bucket && path.1.starts_with(prefix);
                let listed = self.given.iter().filter(|(path, _)| is_wanted(path));
                let summary = |((_, key), object): (&Path, &Given)| ObjectSummary {
                    key: key.clone(),
                    etag: "\"1\"".to_owned(),
                    modified_secs: 0,
                    size: object.bytes.len() as u64,
                    storage_class: "STANDARD".to_owned(),
                };
                Ok(ObjectAnswer::Page { objects: listed.map(summary).collect(), next: None })
            }
            _ if request.bucket() == "denied" => Err(ObjectError::refused("Access Denied")),
            ObjectRequest::Put { bucket, key, bytes } => {
                let path = (bucket.to_owned(), key.to_owned());
                self.written.lock().unwrap().insert(path, bytes.to_vec());
                Ok(ObjectAnswer::Done)
            }
            ObjectRequest::BeginUpload { .. } => Ok(ObjectAnswer::Begun("1".to_owned())),
            ObjectRequest::WritePart { bucket, key, part, bytes, .. } => {
                let mut written = self.written.lock().unwrap();
                let object = written.entry((bucket.to_owned(), key.to_owned())).or_default();
                if part == 1 {
                    object.clear();
                }
                object.extend_from_slice(bytes);
                Ok(ObjectAnswer::Part(part.to_string()))
            }
            ObjectRequest::EndUpload { .. } | ObjectRequest::AbortUpload { .. } => {
                Ok(ObjectAnswer::Done)
            }
        }
    }
}
