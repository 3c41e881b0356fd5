//! The data file: told from others before it is touched, locked, made.
//!
//! # Invariants
//!
//! * A file that is refused is left as it is, byte for byte.
//! * A file under the name that was asked for is complete: it is made under another and then renamed.
//! * One process has it open at a time; others, such as the `sqlite3` shell, may look.

mod wal;

use crate::error::OpenError;
use crate::schema;
use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

/// What SQLite's files begin with.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
const HEADER_BYTES: usize = 100;

/// The lock on a data file, held as long as this lives.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// Makes sure that the file is ours and whole, making it if there is none, and locks it.
pub(crate) fn prepare(path: &Path) -> Result<Lock, OpenError> {
    let exists = check_kind(path)?;
    let lock = lock(path)?;
    if exists {
        check_length(path)?;
    } else if !check_kind(path)? {
        make(path)?;
    }
    Ok(lock)
}

/// Whether there is a file. One that is not Baton's is refused.
fn check_kind(path: &Path) -> Result<bool, OpenError> {
    let foreign = |why| OpenError::Foreign { path: path.to_owned(), why };
    let truncated = |why: &str| OpenError::Truncated { path: path.to_owned(), why: why.to_owned() };
    let Some(header) = read_header(path)? else {
        return match std::fs::metadata(beside(path, "-wal")) {
            Ok(wal) if wal.len() > 0 => Err(truncated("only its write-ahead log is there")),
            _ => Ok(false),
        };
    };
    let start = header.get(..MAGIC.len()).unwrap_or(&header);
    if header.is_empty() {
        return Err(truncated("it is empty"));
    } else if !MAGIC.starts_with(start) {
        return Err(foreign("it is no SQLite file"));
    } else if header.len() < HEADER_BYTES {
        return Err(truncated("it ends within its header"));
    } else if number(&header, 68) != Some(schema::APPLICATION_ID) {
        return Err(foreign("it is a SQLite file of another program"));
    }
    match number(&header, 60) {
        Some(schema::VERSION) => Ok(true),
        Some(found) if found > schema::VERSION => {
            Err(OpenError::Newer { path: path.to_owned(), found, known: schema::VERSION })
        }
        _ => Err(foreign("its form has no number")),
    }
}

/// Refuses a file that ends before its last page, unless the write-ahead log has what is missing.
fn check_length(path: &Path) -> Result<(), OpenError> {
    let io = |source| OpenError::Io { path: path.to_owned(), source };
    let header = read_header(path)?.unwrap_or_default();
    let page_bytes = match header.get(16..18) {
        Some([0, 1]) => 65_536,
        Some([high, low]) => u64::from(u16::from_be_bytes([*high, *low])),
        _ => 0,
    };
    let length = std::fs::metadata(path).map_err(io)?.len();
    let pages = length.checked_div(page_bytes).unwrap_or(0);
    let log = wal::read(&beside(path, "-wal")).map_err(io)?;
    let needed = match (&log, number(&header, 28)) {
        (Some(log), _) => log.pages,
        (None, needed) => needed.unwrap_or(u32::MAX),
    };
    let is_there = |page: u32| {
        u64::from(page) <= pages || log.as_ref().is_some_and(|log| log.has.contains(&page))
    };
    // Every page that the file lacks has to be in the log, so at most as many are looked at as the log has.
    match (1..=needed)
        .rev()
        .take_while(|page| u64::from(*page) > pages)
        .find(|page| !is_there(*page))
    {
        None => Ok(()),
        Some(page) => Err(OpenError::Truncated {
            path: path.to_owned(),
            why: format!("page {page} of {needed} is missing"),
        }),
    }
}

fn lock(path: &Path) -> Result<Lock, OpenError> {
    let io = |source| OpenError::Io { path: path.to_owned(), source };
    // The lock is on a file of its own: closing any handle of the data file would drop SQLite's own locks on it.
    let lock = File::options().write(true).create(true).truncate(false).open(beside(path, "-lock"));
    let file = lock.map_err(io)?;
    match file.try_lock() {
        Ok(()) => Ok(Lock { _file: file }),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { path: path.to_owned() }),
        Err(TryLockError::Error(source)) => Err(io(source)),
    }
}

fn make(path: &Path) -> Result<(), OpenError> {
    let io = |source| OpenError::Io { path: path.to_owned(), source };
    let sqlite = |source| OpenError::Sqlite { path: path.to_owned(), source };
    let new = beside(path, "-new");
    // Left over from a process that died here.
    for file in [&new, &beside(path, "-new-journal")] {
        match std::fs::remove_file(file) {
            Err(e) if e.kind() != ErrorKind::NotFound => return Err(io(e)),
            _ => {}
        }
    }
    let connection = rusqlite::Connection::open(&new).map_err(sqlite)?;
    schema::create(&connection).map_err(sqlite)?;
    connection.close().map_err(|(_, source)| sqlite(source))?;
    std::fs::rename(&new, path).map_err(io)?;
    sync_folder(path).map_err(io)
}

/// Makes a rename durable.
#[cfg(unix)]
fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// Elsewhere a folder cannot be synced.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> std::io::Result<()> {
    Ok(())
}

/// The first bytes of a file, if there is one.
fn read_header(path: &Path) -> Result<Option<Vec<u8>>, OpenError> {
    let io = |source| OpenError::Io { path: path.to_owned(), source };
    let file = match File::open(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        file => file.map_err(io)?,
    };
    let mut header = Vec::with_capacity(HEADER_BYTES);
    file.take(HEADER_BYTES as u64).read_to_end(&mut header).map_err(io)?;
    Ok(Some(header))
}

fn number(bytes: &[u8], offset: usize) -> Option<u32> {
    let (four, _) = bytes.get(offset..)?.split_first_chunk::<4>()?;
    Some(u32::from_be_bytes(*four))
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}
