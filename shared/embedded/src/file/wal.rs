//! What SQLite's write-ahead log holds, told without opening the file it belongs to: to open it would change it.
//!
//! The format is SQLite's "WAL file format": a header, then frames of one page each; those up to the last commit whose
//! checksums hold are as good as written.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};
use std::path::Path;

/// The pages that a log adds.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Log {
    /// How many pages the whole file has.
    pub(super) pages: u32,
    /// Those that are in the log.
    pub(super) has: BTreeSet<u32>,
}

/// Reads a log; nothing if there is none, or no commit in it.
pub(super) fn read(path: &Path) -> std::io::Result<Option<Log>> {
    match File::open(path) {
        Ok(file) => read_log(&mut BufReader::new(file)),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

fn read_log(file: &mut impl Read) -> std::io::Result<Option<Log>> {
    let mut header = [0; 32];
    if !fill(file, &mut header)? {
        return Ok(None);
    }
    let [magic, _, page_bytes, _, salt_1, salt_2, sum_1, sum_2] = words(&header);
    let is_big_endian = match magic {
        0x377f_0682 => false,
        0x377f_0683 => true,
        _ => return Ok(None),
    };
    let (signed, _) = header.split_at(24);
    let mut sum = Checksum { is_big_endian, value: (0, 0) };
    sum.add(signed);
    if sum.value != (sum_1, sum_2) || !(512..=65_536).contains(&page_bytes) {
        return Ok(None);
    }
    read_frames(file, page_bytes as usize, (salt_1, salt_2), sum)
}

fn read_frames(
    file: &mut impl Read,
    page_bytes: usize,
    salts: (u32, u32),
    mut sum: Checksum,
) -> std::io::Result<Option<Log>> {
    let mut log: Option<Log> = None;
    let mut since_commit = BTreeSet::new();
    let (mut header, mut page) = ([0; 24], vec![0; page_bytes]);
    while fill(file, &mut header)? && fill(file, &mut page)? {
        let [number, pages_after, salt_1, salt_2, sum_1, sum_2] = words(&header);
        let (signed, _) = header.split_at(8);
        sum.add(signed);
        sum.add(&page);
        if (salt_1, salt_2) != salts || (sum_1, sum_2) != sum.value {
            break;
        }
        since_commit.insert(number);
        if pages_after > 0 {
            let log = log.get_or_insert_with(|| Log { pages: 0, has: BTreeSet::new() });
            log.pages = pages_after;
            log.has.append(&mut since_commit);
        }
    }
    Ok(log)
}

/// SQLite's checksum: two sums over pairs of words.
struct Checksum {
    is_big_endian: bool,
    value: (u32, u32),
}

impl Checksum {
    fn add(&mut self, bytes: &[u8]) {
        let (pairs, _) = bytes.as_chunks::<8>();
        for [a, b, c, d, e, f, g, h] in pairs {
            let word = if self.is_big_endian { u32::from_be_bytes } else { u32::from_le_bytes };
            let (first, second) = &mut self.value;
            *first = first.wrapping_add(word([*a, *b, *c, *d])).wrapping_add(*second);
            *second = second.wrapping_add(word([*e, *f, *g, *h])).wrapping_add(*first);
        }
    }
}

/// The big-endian numbers of a header.
fn words<const N: usize>(bytes: &[u8]) -> [u32; N] {
    let (fours, _) = bytes.as_chunks::<4>();
    let mut words = [0; N];
    words.iter_mut().zip(fours).for_each(|(word, four)| *word = u32::from_be_bytes(*four));
    words
}

/// Fills the buffer, or tells that the file ends before.
fn fill(file: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<bool> {
    match file.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(e) => Err(e),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::Connection;

    #[test]
    fn a_log_has_the_pages_up_to_its_last_commit() {
        let bytes = log();
        let whole = read_log(&mut &bytes[..]).unwrap().unwrap();
        assert!(whole.pages > 10);
        assert!(whole.has.contains(&whole.pages));
        // The last frame is a commit's, so without its last byte the commit before counts.
        let torn = read_log(&mut &bytes[..bytes.len() - 1]).unwrap().unwrap();
        assert!(torn.pages <= whole.pages && torn.has.is_subset(&whole.has));
        assert_ne!(torn, whole);
    }

    #[test]
    fn what_follows_a_damaged_frame_is_not_counted() {
        let bytes = log();
        let whole = read_log(&mut &bytes[..]).unwrap().unwrap();
        for position in [32, 40, 48, 56, 100, 4_000] {
            let mut damaged = bytes.clone();
            damaged[position] ^= 1;
            assert_eq!(read_log(&mut &damaged[..]).unwrap(), None, "{position}");
        }
        let mut damaged = bytes.clone();
        let middle = bytes.len() / 2;
        damaged[middle] ^= 1;
        assert_ne!(read_log(&mut &damaged[..]).unwrap(), Some(whole));
    }

    #[test]
    fn what_is_no_log_adds_nothing() {
        let bytes = log();
        for length in [0, 1, 31, 32, 55, 56, 4_000] {
            assert_eq!(read_log(&mut &bytes[..length]).unwrap(), None, "{length}");
        }
        for position in [0, 9, 17, 25] {
            let mut damaged = bytes.clone();
            damaged[position] ^= 0x55;
            assert_eq!(read_log(&mut &damaged[..]).unwrap(), None, "{position}");
        }
        assert_eq!(read(Path::new("/nowhere/data.db-wal")).unwrap(), None);
    }

    /// A log as SQLite writes it, of several commits.
    fn log() -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data.db");
        let connection = Connection::open(&path).unwrap();
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())).unwrap();
        connection.execute_batch("CREATE TABLE t (a)").unwrap();
        for _ in 0..10 {
            connection.execute("INSERT INTO t VALUES (zeroblob(9000))", []).unwrap();
        }
        std::fs::read(folder.path().join("data.db-wal")).unwrap()
    }
}
