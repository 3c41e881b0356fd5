//! The books: a folder of small files, the only thing the functions share.
//!
//! # Invariants
//!
//! * [`OpenBooks`] exists at most once at a time for a folder, over all processes: it holds the folder's lock,
//!   which the operating system drops with the process.
//! * A file is replaced as a whole or not at all; only `analytics.jsonl` grows, line by line.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;

use serde_json::{Map, Value};

use crate::failure::Failure;

/// Where the functions keep what they know.
#[derive(Debug, Clone)]
pub struct Books {
    folder: PathBuf,
}

impl Books {
    /// The books in this folder, which is made when it is first needed.
    #[must_use]
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Waits until nobody else has them open.
    pub(crate) fn open(&self) -> Result<OpenBooks<'_>, Failure> {
        let path = self.folder.join("lock");
        let lock = fs::create_dir_all(&self.folder)
            .and_then(|()| OpenOptions::new().create(true).append(true).open(&path))
            .and_then(|file| file.lock().map(|()| file))
            .map_err(|source| Failure::books(&path, &source))?;
        Ok(OpenBooks { books: self, _lock: lock })
    }
}

/// The books in one hand.
#[derive(Debug)]
pub(crate) struct OpenBooks<'a> {
    books: &'a Books,
    _lock: File,
}

impl OpenBooks<'_> {
    /// The JSON object in a file, if there is one.
    pub(crate) fn read(&self, name: &str) -> Result<Option<Map<String, Value>>, Failure> {
        let Some(text) = self.read_text(name)? else { return Ok(None) };
        serde_json::from_str(&text).map(Some).map_err(|source| {
            Failure::books(&self.path(name), &io::Error::new(io::ErrorKind::InvalidData, source))
        })
    }

    pub(crate) fn write(&self, name: &str, content: &Value) -> Result<(), Failure> {
        self.write_text(name, &format!("{content:#}\n"))
    }

    /// The text in a file, if there is one.
    pub(crate) fn read_text(&self, name: &str) -> Result<Option<String>, Failure> {
        let path = self.path(name);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Failure::books(&path, &error)),
        }
    }

    pub(crate) fn write_text(&self, name: &str, text: &str) -> Result<(), Failure> {
        let path = self.path(name);
        // The lock makes this name ours.
        let draft = self.path("draft");
        let replace = || -> io::Result<()> {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(&draft, text)?;
            fs::rename(&draft, &path)
        };
        replace().map_err(|source| Failure::books(&path, &source))
    }

    /// Adds a line. A last line that a dying process left half-written stays a line of its own.
    pub(crate) fn append(&self, name: &str, line: &Value) -> Result<(), Failure> {
        let path = self.path(name);
        let whole =
            self.read_text(name)?.is_none_or(|text| text.is_empty() || text.ends_with('\n'));
        let start = if whole { "" } else { "\n" };
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .and_then(|mut file| file.write_all(format!("{start}{line}\n").as_bytes()))
            .map_err(|source| Failure::books(&path, &source))
    }

    pub(crate) fn remove(&self, name: &str) -> Result<(), Failure> {
        let path = self.path(name);
        match fs::remove_file(&path) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(Failure::books(&path, &error)),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.books.folder.join(name)
    }
}
