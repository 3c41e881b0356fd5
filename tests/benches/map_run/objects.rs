//! S3 for the benchmark: an object of JSON Lines that is made as it is read, and whatever is exported in a folder.

use baton_driver::{
    CallAnswer, ObjectAnswer, ObjectCall, ObjectError, ObjectRequest, TaskCall, Tasks,
};
use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;

/// How many bytes a row has, its line break included.
const ROW_BYTES: usize = 64;
/// How many rows are read at a time: 1 MiB.
const ROWS: usize = 1024 * 1024 / ROW_BYTES;

pub struct Objects {
    pub items: usize,
    pub folder: PathBuf,
}

impl Tasks for Objects {
    async fn call(&self, call: &TaskCall<'_>) -> CallAnswer {
        CallAnswer::Succeeded(call.arguments.clone())
    }

    async fn objects(&self, call: &ObjectCall<'_>) -> Result<ObjectAnswer, ObjectError> {
        match call.request {
            ObjectRequest::Read { from, .. } => Ok(self.rows(from)),
            ObjectRequest::Put { key, bytes, .. } => {
                self.write(key, 1, bytes).expect("the folder is there");
                Ok(ObjectAnswer::Done)
            }
            ObjectRequest::BeginUpload { .. } => Ok(ObjectAnswer::Begun("1".to_owned())),
            ObjectRequest::WritePart { key, part, bytes, .. } => {
                self.write(key, part, bytes).expect("the folder is there");
                Ok(ObjectAnswer::Part(part.to_string()))
            }
            ObjectRequest::EndUpload { .. } | ObjectRequest::AbortUpload { .. } => {
                Ok(ObjectAnswer::Done)
            }
            ObjectRequest::List { .. } => Err(ObjectError::refused("nothing to list")),
        }
    }
}

impl Objects {
    fn rows(&self, from: u64) -> ObjectAnswer {
        let first = usize::try_from(from).expect("within memory") / ROW_BYTES;
        let skip = usize::try_from(from).expect("within memory") % ROW_BYTES;
        let end = self.items.min(first + ROWS);
        let mut bytes = Vec::with_capacity(ROWS * ROW_BYTES);
        for row in first..end {
            let name = (row as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            writeln!(
                bytes,
                r#"{{"id":"{row:012}","name":"{name:019x}","count":{:04}}}"#,
                1_000 + row % 9_000
            )
            .expect("memory");
        }
        assert_eq!(bytes.len(), (end - first) * ROW_BYTES, "a row has another length");
        bytes.drain(..skip);
        let size = (self.items * ROW_BYTES) as u64;
        ObjectAnswer::Bytes { bytes, size, etag: "\"1\"".to_owned() }
    }

    fn write(&self, key: &str, part: u32, bytes: &[u8]) -> std::io::Result<()> {
        let path = self.folder.join(key.replace('/', "-"));
        let mut file = if part <= 1 {
            File::create(path)?
        } else {
            File::options().append(true).open(path)?
        };
        file.write_all(bytes)?;
        file.sync_all()
    }
}
