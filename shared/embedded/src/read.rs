//! Reading the file.

use crate::limits;
use crate::live::Ended;
use baton_engine::{Claim, ForkId, Hop, Marked, Marks, Payload, Record, ScopePath, Sequence};
use baton_store::records::{
    BlobCache, BlobHash, Decoded, Kept, Unreadable, decode, decode_whole, fork_from_text,
    take_redrives, unpack,
};
use baton_store::{Header, Status, StoreError};
use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, params};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// A connection that reads, with the blobs that were read lately.
#[derive(Debug)]
pub(crate) struct Reader {
    connection: Connection,
    blobs: Arc<BlobCache>,
}

/// What of an execution can change.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) id: i64,
    pub(crate) is_ended: bool,
    pub(crate) redrives: u32,
    pub(crate) closed: BTreeSet<ForkId>,
}

/// What of a scope's newest record is needed to decide.
#[derive(Debug)]
pub(crate) struct Brief {
    pub(crate) sequence: Sequence,
    pub(crate) marks: Marks,
}

/// A record with its place in the file.
#[derive(Debug)]
pub(crate) struct Placed {
    pub(crate) scope: String,
    pub(crate) marked: Marked,
}

/// A header's row, not yet read.
#[derive(Debug)]
pub(crate) struct HeaderRow {
    pub(crate) id: i64,
    facts: Vec<u8>,
    closed: Option<String>,
    outcome: Option<Vec<u8>>,
    redrives: Option<String>,
}

impl Reader {
    pub(crate) fn open(path: &Path, blobs: Arc<BlobCache>) -> rusqlite::Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(limits::BUSY)?;
        connection.set_prepared_statement_cache_capacity(32);
        Ok(Reader { connection, blobs })
    }

    /// How an execution stands.
    pub(crate) fn standing(&self, arn: &str) -> Result<Option<Standing>, StoreError> {
        let sql = "SELECT id, status, closed, coalesce(json_extract(redrives, '$.n'), 0)
                   FROM executions WHERE arn = ?1";
        let row = self.one(sql, params![arn], |row| {
            let status: String = row.get(1)?;
            let closed: Option<String> = row.get(2)?;
            Ok((row.get(0)?, status != "RUNNING", closed, row.get(3)?))
        })?;
        row.map(|(id, is_ended, closed, redrives)| {
            let closed = forks(closed.as_deref()).map_err(|e| corrupt("execution", arn, e))?;
            Ok(Standing { id, is_ended, redrives, closed })
        })
        .transpose()
    }

    /// An execution's header.
    pub(crate) fn header(&self, arn: &str) -> Result<Option<Header>, StoreError> {
        let sql = "SELECT id, facts, closed, outcome, redrives FROM executions WHERE arn = ?1";
        let row = self.one(sql, params![arn], header_row)?;
        row.map(|row| {
            let facts = self.decode::<Header>(&row.facts, arn)?;
            let outcome = row.outcome.as_deref();
            let status = outcome.map(|bytes| self.decode::<Status>(bytes, arn)).transpose()?;
            row.combine(facts, status, arn)
        })
        .transpose()
    }

    /// A header without its large payloads.
    pub(crate) fn outline(&self, row: HeaderRow) -> Result<Header, StoreError> {
        let facts = self.decode_outline::<Header>(&row.facts, "execution")?;
        let outcome = row.outcome.as_deref();
        let status =
            outcome.map(|bytes| self.decode_outline::<Status>(bytes, "execution")).transpose()?;
        row.combine(facts, status, "execution")
    }

    /// The newest record of a scope, in brief.
    pub(crate) fn newest(&self, id: i64, scope: &str) -> Result<Option<Brief>, StoreError> {
        let sql = "SELECT sequence, claim, heartbeat FROM records
                   WHERE execution = ?1 AND scope = ?2 ORDER BY sequence DESC LIMIT 1";
        let row = self.one(sql, params![id, scope], |row| {
            Ok((row.get(0)?, bytes(row, 1)?, row.get::<_, Option<i64>>(2)?))
        })?;
        row.map(|(sequence, claim, heartbeat)| {
            let marks = self.marks(claim, heartbeat, scope)?;
            Ok(Brief { sequence: Sequence(sequence), marks })
        })
        .transpose()
    }

    /// A record of this number.
    pub(crate) fn record(
        &self,
        id: i64,
        scope: &str,
        sequence: Sequence,
    ) -> Result<Option<Marked>, StoreError> {
        let sql = "SELECT document, claim, heartbeat FROM records
                   WHERE execution = ?1 AND scope = ?2 AND sequence = ?3";
        let row = self.one(sql, params![id, scope, sequence.0], |row| {
            Ok((bytes(row, 0)?, bytes(row, 1)?, row.get::<_, Option<i64>>(2)?))
        })?;
        row.map(|(document, claim, heartbeat)| {
            let record = self.decode::<Record>(&document.unwrap_or_default(), scope)?;
            Ok(Marked { record: Arc::new(record), marks: self.marks(claim, heartbeat, scope)? })
        })
        .transpose()
    }

    /// The scopes of an execution with the number of each one's newest record. Two looks into the index a scope.
    pub(crate) fn newest_of_all(
        &self,
        id: i64,
    ) -> Result<BTreeMap<ScopePath, Sequence>, StoreError> {
        let sql = "SELECT scope, (SELECT max(sequence) FROM records AS newest
                          WHERE newest.execution = ?1 AND newest.scope = records.scope)
                   FROM records WHERE execution = ?1 AND scope > ?2
                   ORDER BY scope LIMIT 1";
        let mut newest = BTreeMap::new();
        let mut after = String::new();
        loop {
            let next = self.one(sql, params![id, after], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, u32>(1)?))
            })?;
            let Some((scope, sequence)) = next else { return Ok(newest) };
            newest.insert(parse_scope(&scope)?, Sequence(sequence));
            after = scope;
        }
    }

    /// The newest records of a fork's children, by index.
    pub(crate) fn children(
        &self,
        id: i64,
        fork: &ForkId,
    ) -> Result<Vec<(u32, Marked)>, StoreError> {
        let prefix = child_prefix(fork);
        // Below "3." stands everything up to "3/", deeper scopes included.
        let end = format!("{}/", prefix.trim_end_matches('.'));
        let sql = "SELECT scope, max(sequence) FROM records
                   WHERE execution = ?1 AND scope >= ?2 AND scope < ?3 GROUP BY scope";
        let scopes: Vec<(String, u32)> =
            self.all(sql, params![id, prefix, end], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut children = Vec::new();
        for (scope, sequence) in scopes {
            let Some(child) = scope.strip_prefix(&prefix).and_then(|rest| rest.parse().ok()) else {
                continue;
            };
            if let Some(marked) = self.record(id, &scope, Sequence(sequence))? {
                children.push((child, marked));
            }
        }
        children.sort_unstable_by_key(|(child, _)| *child);
        Ok(children)
    }

    /// The children of a fork that ended.
    pub(crate) fn join(&self, id: i64, fork: &ForkId) -> Result<BTreeMap<u32, Ended>, StoreError> {
        let sql = "SELECT child, last, rank FROM joins WHERE execution = ?1 AND fork = ?2";
        let rows = self.all(sql, params![id, fork.to_string()], |row| {
            Ok((row.get(0)?, Ended { last: Sequence(row.get(1)?), rank: row.get(2)? }))
        })?;
        Ok(rows.into_iter().collect())
    }

    /// The records after one, scope by scope.
    pub(crate) fn records_after(
        &self,
        id: i64,
        after: &(String, i64),
        count_max: u32,
    ) -> Result<Vec<Placed>, StoreError> {
        let sql = "SELECT scope, document, claim, heartbeat FROM records
                   WHERE execution = ?1 AND (scope, sequence) > (?2, ?3)
                   ORDER BY scope, sequence LIMIT ?4";
        let (scope, sequence) = after;
        let rows = self.all(sql, params![id, scope, sequence, count_max], |row| {
            let (scope, document) = (row.get::<_, String>(0)?, bytes(row, 1)?);
            Ok((scope, document, bytes(row, 2)?, row.get::<_, Option<i64>>(3)?))
        })?;
        rows.into_iter()
            .map(|(scope, document, claim, heartbeat)| {
                let record = self.decode::<Record>(&document.unwrap_or_default(), &scope)?;
                let marks = self.marks(claim, heartbeat, &scope)?;
                Ok(Placed { scope, marked: Marked { record: Arc::new(record), marks } })
            })
            .collect()
    }

    /// One row.
    pub(crate) fn one<T>(
        &self,
        sql: &str,
        values: impl rusqlite::Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        let row = || self.connection.prepare_cached(sql)?.query_row(values, read).optional();
        row().map_err(unavailable)
    }

    /// All rows.
    pub(crate) fn all<T>(
        &self,
        sql: &str,
        values: impl rusqlite::Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let rows = || -> rusqlite::Result<Vec<T>> {
            self.connection.prepare_cached(sql)?.query_map(values, read)?.collect()
        };
        rows().map_err(unavailable)
    }

    /// Reads a document with its blobs.
    pub(crate) fn decode<T: Kept>(&self, bytes: &[u8], key: &str) -> Result<T, StoreError> {
        let unreadable = |e| corrupt(T::WHAT, key, e);
        let mut decoded = decode::<T>(bytes).map_err(unreadable)?;
        loop {
            match decoded {
                Decoded::Whole(value) => return Ok(value),
                Decoded::Lacks(lacking) => {
                    let mut found = BTreeMap::new();
                    for hash in lacking.hashes() {
                        found.insert(*hash, self.blob(hash)?);
                    }
                    let find = |hash: &BlobHash| found.get(hash).cloned();
                    decoded = lacking.resolve(find).map_err(unreadable)?;
                }
            }
        }
    }

    /// Reads a document without its large payloads.
    pub(crate) fn decode_outline<T: Kept>(&self, bytes: &[u8], key: &str) -> Result<T, StoreError> {
        match decode_whole(bytes) {
            Ok(value) => Ok(value),
            Err(Unreadable::Blob(_)) => self.decode(bytes, key),
            Err(e) => Err(corrupt(T::WHAT, key, e)),
        }
    }

    fn blob(&self, hash: &BlobHash) -> Result<Payload, StoreError> {
        if let Some(payload) = self.blobs.payload(hash) {
            return Ok(payload);
        }
        let key = hash.to_string();
        let sql = "SELECT content FROM blobs WHERE hash = ?1";
        let content = self.one(sql, params![hash.0.as_slice()], |row| bytes(row, 0))?.flatten();
        let content = content.ok_or_else(|| corrupt("payload", &key, Unreadable::Blob(*hash)))?;
        let text = unpack(&content).map_err(|e| corrupt("payload", &key, e))?;
        let payload =
            Payload::kept(&*text).map_err(|e| corrupt("payload", &key, Unreadable::Form(e)))?;
        self.blobs.put(*hash, &payload);
        Ok(payload)
    }

    fn marks(
        &self,
        claim: Option<Vec<u8>>,
        heartbeat: Option<i64>,
        key: &str,
    ) -> Result<Marks, StoreError> {
        let claim = claim.map(|bytes| self.decode::<Claim>(&bytes, key)).transpose()?;
        let at = |millis| {
            Timestamp::from_millisecond(millis)
                .map_err(|_| corrupt("heartbeat", key, Unreadable::Value("time")))
        };
        Ok(Marks { claim, heartbeat: heartbeat.map(at).transpose()? })
    }
}

impl HeaderRow {
    fn combine(
        &self,
        facts: Header,
        status: Option<Status>,
        arn: &str,
    ) -> Result<Header, StoreError> {
        let unreadable = |e| corrupt("execution", arn, e);
        let closed = forks(self.closed.as_deref()).map_err(unreadable)?;
        let mut header = Header { closed, status: status.unwrap_or(Status::Running), ..facts };
        if let Some(redrives) = &self.redrives {
            take_redrives(&mut header, redrives).map_err(unreadable)?;
        }
        Ok(header)
    }
}

/// Reads `id, facts, closed, outcome, redrives`.
pub(crate) fn header_row(row: &Row<'_>) -> rusqlite::Result<HeaderRow> {
    let facts = bytes(row, 1)?.unwrap_or_default();
    let (closed, outcome, redrives) = (row.get(2)?, bytes(row, 3)?, row.get(4)?);
    Ok(HeaderRow { id: row.get(0)?, facts, closed, outcome, redrives })
}

/// The scopes of a fork's children begin so.
fn child_prefix(fork: &ForkId) -> String {
    let child = fork.scope.child(Hop { fork: fork.fork, child: 0 }).to_string();
    child.trim_end_matches('0').to_owned()
}

/// Closed forks as one text.
pub(crate) fn forks_text(forks: &BTreeSet<ForkId>) -> String {
    forks.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

fn forks(text: Option<&str>) -> Result<BTreeSet<ForkId>, Unreadable> {
    text.unwrap_or_default().split_ascii_whitespace().map(fork_from_text).collect()
}

fn parse_scope(text: &str) -> Result<ScopePath, StoreError> {
    text.parse().map_err(|_| corrupt("record", text, Unreadable::Value("scope")))
}

/// A column's bytes, whether they are text or not.
pub(crate) fn bytes(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Vec<u8>>> {
    let value = row.get_ref(column)?;
    Ok(value.as_bytes_or_null()?.map(<[u8]>::to_vec))
}

pub(crate) fn corrupt(what: &'static str, key: &str, source: Unreadable) -> StoreError {
    source.of(what, key)
}

pub(crate) fn unavailable(source: rusqlite::Error) -> StoreError {
    StoreError::Unavailable { what: "data file", source: source.into() }
}
