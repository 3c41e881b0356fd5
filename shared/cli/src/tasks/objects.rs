//! What serves S3: an address, or a folder in its place: `DIR/<bucket>/<key>`.

use baton_calls::Endpoint;
use baton_driver::{ObjectAnswer, ObjectError, ObjectRequest, ObjectSummary};
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Component, Path, PathBuf};
use std::time::UNIX_EPOCH;

/// What serves S3 on one machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Store {
    /// A folder.
    Folder(PathBuf),
    /// An address.
    Endpoint(Endpoint),
}

impl Store {
    /// Reads `--s3 DIR|URL`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.starts_with("http://") || text.starts_with("https://") {
            return Endpoint::parse(text).map(Store::Endpoint).map_err(|error| error.to_string());
        }
        Ok(Store::Folder(text.into()))
    }
}

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
        ObjectRequest::Read { bucket, key, etag, from, bytes_max, .. } => {
            read(&bucket_of(folder, bucket)?, key, *etag, *from, *bytes_max)
        }
        ObjectRequest::List { bucket, prefix, token } => {
            list(&bucket_of(folder, bucket)?, prefix, *token)
        }
        ObjectRequest::Put { bucket, key, bytes } => {
            let path = within(&bucket_of(folder, bucket)?, key)?;
            put(&path, bytes).map_err(|error| refused(&error))?;
            Ok(ObjectAnswer::Done)
        }
        // The parts lie beside the object, so an upload needs no name of its own.
        ObjectRequest::BeginUpload { .. } => Ok(ObjectAnswer::Begun("parts".to_owned())),
        ObjectRequest::WritePart { bucket, key, part, bytes, .. } => {
            let path = within(&bucket_of(folder, bucket)?, key)?;
            put(&part_of(&path, *part), bytes).map_err(|error| refused(&error))?;
            Ok(ObjectAnswer::Part(part.to_string()))
        }
        ObjectRequest::EndUpload { bucket, key, etags, .. } => {
            let path = within(&bucket_of(folder, bucket)?, key)?;
            join(&path, etags.len())
        }
        ObjectRequest::AbortUpload { bucket, key, .. } => {
            let path = within(&bucket_of(folder, bucket)?, key)?;
            // A part that is missing is one that has been removed.
            (1..=PARTS_MAX)
                .take_while(|part| fs::remove_file(part_of(&path, *part)).is_ok())
                .count();
            Ok(ObjectAnswer::Done)
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

fn read(
    bucket: &Path,
    key: &str,
    expected: Option<&str>,
    from: u64,
    bytes_max: u32,
) -> Result<ObjectAnswer, ObjectError> {
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
    if expected.is_some_and(|expected| expected != etag) {
        return Err(ObjectError::changed());
    }
    file.seek(SeekFrom::Start(from)).map_err(|error| refused(&error))?;
    let mut bytes = Vec::new();
    file.take(bytes_max.into()).read_to_end(&mut bytes).map_err(|error| refused(&error))?;
    Ok(ObjectAnswer::Bytes { bytes, size, etag })
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

/// How the names of files end that are no objects yet.
const UNFINISHED: &str = ".baton-part";
/// How many parts an object may have.
const PARTS_MAX: u32 = 10_000;

fn part_of(path: &Path, part: u32) -> PathBuf {
    PathBuf::from(format!("{}.{part}{UNFINISHED}", path.display()))
}

/// Writes a file that is there as a whole or not at all.
fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let unfinished = PathBuf::from(format!("{}{UNFINISHED}", path.display()));
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = File::create(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)
}

/// Makes an object of its parts, which are gone then.
fn join(path: &Path, parts: usize) -> Result<ObjectAnswer, ObjectError> {
    let parts = u32::try_from(parts).unwrap_or(u32::MAX).min(PARTS_MAX);
    if !part_of(path, 1).exists() {
        let cause = "The specified upload does not exist.";
        return Err(ObjectError { code: "NoSuchUpload".to_owned(), ..ObjectError::refused(cause) });
    }
    let unfinished = PathBuf::from(format!("{}{UNFINISHED}", path.display()));
    let join = || -> io::Result<()> {
        let mut whole = File::create(&unfinished)?;
        for part in 1..=parts {
            io::copy(&mut File::open(part_of(path, part))?, &mut whole)?;
        }
        whole.sync_all()?;
        fs::rename(&unfinished, path)?;
        // The first last: as long as it is there, all are.
        (1..=parts).rev().try_for_each(|part| fs::remove_file(part_of(path, part)))
    };
    join().map_err(|error| refused(&error))?;
    Ok(ObjectAnswer::Done)
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
        let (bucket, key, upload) = ("b", "p/1", "parts");
        let part = |part, bytes: &[u8]| {
            let write = ObjectRequest::WritePart { bucket, key, upload, part, bytes };
            answer(folder, &write).unwrap();
        };
        part(1, b"x");
        part(1, b"a");
        part(2, b"bc");
        answer(folder, &ObjectRequest::Put { bucket, key: "q", bytes: b"" }).unwrap();
        let listed = |prefix| {
            let list = ObjectRequest::List { bucket, prefix, token: None };
            let Ok(ObjectAnswer::Page { objects, next: None }) = answer(folder, &list) else {
                panic!()
            };
            objects.into_iter().map(|object| (object.key, object.size)).collect::<Vec<_>>()
        };
        assert_eq!(listed(""), [("q".to_owned(), 0)]);
        let etags = ["1".to_owned(), "2".to_owned()];
        let end = ObjectRequest::EndUpload { bucket, key, upload, etags: &etags };
        answer(folder, &end).unwrap();
        assert_eq!(listed("p"), [("p/1".to_owned(), 3)]);
        assert_eq!(answer(folder, &end).unwrap_err().code, "NoSuchUpload");
        let read = |etag, from| {
            let (version, bytes_max) = (None, 10);
            answer(folder, &ObjectRequest::Read { bucket, key, version, etag, from, bytes_max })
        };
        let Ok(ObjectAnswer::Bytes { bytes, size: 3, etag }) = read(None, 1) else { panic!() };
        assert_eq!(bytes, b"bc");
        assert!(read(Some(&etag), 0).is_ok());
        assert_eq!(read(Some("\"other\""), 0), Err(ObjectError::changed()));
        part(1, b"d");
        answer(folder, &ObjectRequest::AbortUpload { bucket, key, upload }).unwrap();
        assert!(!part_of(&folder.join("b/p/1"), 1).exists());
    }

    #[test]
    fn nothing_outside_the_folder_is_touched() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("b")).unwrap();
        for (bucket, key) in
            [("b", "../x"), ("..", "x"), ("b", "/etc/passwd"), ("b", ""), ("c", "x")]
        {
            let (version, etag, from, bytes_max) = (None, None, 0, 10);
            let read = ObjectRequest::Read { bucket, key, version, etag, from, bytes_max };
            assert!(answer(folder.path(), &read).is_err(), "{bucket} {key}");
        }
    }
}
