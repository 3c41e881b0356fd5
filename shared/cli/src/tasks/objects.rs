//! A folder in place of S3: `DIR/<bucket>/<key>`.

use baton_driver::{ObjectAnswer, ObjectError, ObjectRequest, ObjectSummary};
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Component, Path, PathBuf};
use std::time::UNIX_EPOCH;

/// How many bytes are read at a time.
const PIECE_BYTES: u64 = 1024 * 1024;
/// How many objects a page of a listing has.
const PAGE_ITEMS: usize = 1_000;
/// The deepest folder that a listing goes into.
const DEPTH_MAX: usize = 64;

/// Answers a request from a folder.
pub(crate) fn answer(
    folder: &Path,
    request: &ObjectRequest<'_>,
) -> Result<ObjectAnswer, ObjectError> {
    match request {
        ObjectRequest::Read { bucket, key, from, .. } => {
            read(&bucket_of(folder, bucket)?, key, *from)
        }
        ObjectRequest::List { bucket, prefix, token } => {
            list(&bucket_of(folder, bucket)?, prefix, *token)
        }
        ObjectRequest::Write { bucket, key, part, is_last, bytes } => {
            write(&bucket_of(folder, bucket)?, key, *part, *is_last, bytes)
        }
    }
}

fn bucket_of(folder: &Path, bucket: &str) -> Result<PathBuf, ObjectError> {
    let path = within(folder, bucket)?;
    if path.is_dir() {
        Ok(path)
    } else {
        Err(ObjectError::refused("The specified bucket does not exist"))
    }
}

/// A path that does not leave the folder.
fn within(folder: &Path, name: &str) -> Result<PathBuf, ObjectError> {
    let is_plain = |part: Component<'_>| matches!(part, Component::Normal(_));
    if name.is_empty() || !Path::new(name).components().all(is_plain) {
        return Err(ObjectError::refused(format!("`{name}` cannot be a file's name.")));
    }
    Ok(folder.join(name))
}

fn read(bucket: &Path, key: &str, from: u64) -> Result<ObjectAnswer, ObjectError> {
    let path = within(bucket, key)?;
    let missing = |error: io::Error| {
        if error.kind() == io::ErrorKind::NotFound {
            ObjectError::refused("The specified key does not exist.")
        } else {
            refused(&error)
        }
    };
    let mut file = File::open(&path).map_err(missing)?;
    let size = file.metadata().map_err(|error| refused(&error))?.len();
    let etag = etag(&path)?;
    file.seek(SeekFrom::Start(from)).map_err(|error| refused(&error))?;
    let mut bytes = Vec::new();
    file.take(PIECE_BYTES).read_to_end(&mut bytes).map_err(|error| refused(&error))?;
    let is_end = from.saturating_add(bytes.len() as u64) >= size;
    Ok(ObjectAnswer::Bytes { bytes, is_end, etag })
}

fn list(bucket: &Path, prefix: &str, token: Option<&str>) -> Result<ObjectAnswer, ObjectError> {
    let mut keys = Vec::new();
    collect(bucket, "", 0, &mut keys).map_err(|error| refused(&error))?;
    keys.retain(|key| key.starts_with(prefix) && token.is_none_or(|token| key.as_str() > token));
    keys.sort_unstable();
    let has_more = keys.len() > PAGE_ITEMS;
    keys.truncate(PAGE_ITEMS);
    let next = keys.last().filter(|_| has_more).cloned();
    let mut objects = Vec::with_capacity(keys.len());
    for key in keys {
        let path = bucket.join(&key);
        let metadata = fs::metadata(&path).map_err(|error| refused(&error))?;
        objects.push(ObjectSummary {
            etag: etag(&path)?,
            modified_secs: modified(&metadata)
                .and_then(|(secs, _)| i64::try_from(secs).ok())
                .unwrap_or_default(),
            size: metadata.len(),
            storage_class: "STANDARD".to_owned(),
            key,
        });
    }
    Ok(ObjectAnswer::Page { objects, next })
}

fn collect(folder: &Path, before: &str, depth: usize, keys: &mut Vec<String>) -> io::Result<()> {
    if depth > DEPTH_MAX {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let key = format!("{before}{name}");
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{key}/"), depth + 1, keys)?;
        } else if !name.ends_with(UNFINISHED) {
            keys.push(key);
        }
    }
    Ok(())
}

/// What an object is called while it is written.
const UNFINISHED: &str = ".baton-part";

fn write(
    bucket: &Path,
    key: &str,
    part: u32,
    is_last: bool,
    bytes: &[u8],
) -> Result<ObjectAnswer, ObjectError> {
    let path = within(bucket, key)?;
    let unfinished = PathBuf::from(format!("{}{UNFINISHED}", path.display()));
    let write = || -> io::Result<()> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = if part <= 1 {
            File::create(&unfinished)?
        } else {
            File::options().append(true).open(&unfinished)?
        };
        file.write_all(bytes)?;
        if is_last {
            file.sync_all()?;
            fs::rename(&unfinished, &path)?;
        }
        Ok(())
    };
    write().map_err(|error| refused(&error))?;
    Ok(ObjectAnswer::Written)
}

/// A file that is changed has another.
fn etag(path: &Path) -> Result<String, ObjectError> {
    let metadata = fs::metadata(path).map_err(|error| refused(&error))?;
    let (secs, nanos) = modified(&metadata).unwrap_or_default();
    Ok(format!("\"{:x}-{secs:x}-{nanos:x}\"", metadata.len()))
}

fn modified(metadata: &fs::Metadata) -> Option<(u64, u32)> {
    let since = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some((since.as_secs(), since.subsec_nanos()))
}

fn refused(error: &io::Error) -> ObjectError {
    ObjectError::refused(format!("The folder in place of S3 cannot be used: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_listed() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        fs::create_dir(folder.join("b")).unwrap();
        let write = |key, part, is_last, bytes: &[u8]| {
            answer(folder, &ObjectRequest::Write { bucket: "b", key, part, is_last, bytes })
        };
        write("p/1", 1, false, b"a").unwrap();
        write("p/1", 2, true, b"bc").unwrap();
        write("q", 1, true, b"").unwrap();
        let read = answer(
            folder,
            &ObjectRequest::Read { bucket: "b", key: "p/1", version: None, from: 1 },
        );
        let Ok(ObjectAnswer::Bytes { bytes, is_end: true, .. }) = read else { panic!("{read:?}") };
        assert_eq!(bytes, b"bc");
        let list = ObjectRequest::List { bucket: "b", prefix: "p", token: None };
        let Ok(ObjectAnswer::Page { objects, next: None }) = answer(folder, &list) else {
            panic!()
        };
        assert_eq!((objects.len(), &*objects[0].key, objects[0].size), (1, "p/1", 3));
    }

    #[test]
    fn nothing_outside_the_folder_is_touched() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("b")).unwrap();
        for (bucket, key) in
            [("b", "../x"), ("..", "x"), ("b", "/etc/passwd"), ("b", ""), ("c", "x")]
        {
            let read = ObjectRequest::Read { bucket, key, version: None, from: 0 };
            assert!(answer(folder.path(), &read).is_err(), "{bucket} {key}");
        }
    }
}
