//! The tables. Users may look into them with the `sqlite3` shell, so names are words, and documents are readable JSON
//! unless they are large.
//!
//! | table | holds |
//! |---|---|
//! | `meta` | the key of task tokens |
//! | `machines`, `revisions` | state machines, and every definition they had |
//! | `executions` | headers |
//! | `records` | the journals, in the order of their commits |
//! | `joins` | children that ended well, in the order they did |
//! | `blobs` | large payloads |
//! | `documents` | versions, aliases, activities and the like |
//! | `logs` | the local log |
//! | `transitions` (a view) | the journals with names |

use rusqlite::Connection;

/// "Bton": what tells the file from those of other programs.
pub(crate) const APPLICATION_ID: u32 = 0x4274_6f6e;

/// The form of the tables.
pub(crate) const VERSION: u32 = 1;

/// A record's row is found by its index and stands at the end of the table: a group of records from many executions
/// touches few pages.
const TABLES: &str = "
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE machines (
    arn TEXT PRIMARY KEY,
    revision TEXT NOT NULL,
    document BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE revisions (
    machine TEXT NOT NULL,
    id TEXT NOT NULL,
    role_arn TEXT NOT NULL,
    definition TEXT NOT NULL,
    PRIMARY KEY (machine, id)
);
CREATE TABLE executions (
    id INTEGER PRIMARY KEY,
    arn TEXT NOT NULL UNIQUE,
    machine TEXT NOT NULL,
    status TEXT NOT NULL,
    started INTEGER NOT NULL,
    stopped INTEGER,
    closed TEXT,
    redrives TEXT,
    facts BLOB NOT NULL,
    outcome BLOB
);
CREATE INDEX executions_by_status ON executions (machine, status, started);
CREATE TABLE records (
    execution INTEGER NOT NULL,
    scope TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    document BLOB NOT NULL,
    claim BLOB,
    heartbeat INTEGER
);
CREATE UNIQUE INDEX records_by_scope ON records (execution, scope, sequence);
CREATE TABLE joins (
    execution INTEGER NOT NULL,
    fork TEXT NOT NULL,
    child INTEGER NOT NULL,
    last INTEGER NOT NULL,
    rank INTEGER NOT NULL,
    PRIMARY KEY (execution, fork, child)
) WITHOUT ROWID;
CREATE TABLE blobs (
    hash BLOB PRIMARY KEY,
    content BLOB NOT NULL
);
CREATE VIEW transitions AS
SELECT
    records.rowid AS number,
    executions.arn AS execution,
    records.scope,
    records.sequence,
    CASE typeof(document) WHEN 'text' THEN json_extract(document, '$.d.a') END AS state,
    CASE typeof(document) WHEN 'text' THEN json_extract(document, '$.d.p') END AS waits_for
FROM records JOIN executions ON executions.id = records.execution;
";

/// Files that are older than this table get it when they are opened.
const DOCUMENTS: &str = "
CREATE TABLE IF NOT EXISTS documents (
    kind TEXT NOT NULL,
    part TEXT NOT NULL,
    key TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (kind, part, key)
) WITHOUT ROWID;
";

/// As [`DOCUMENTS`].
const LOGS: &str = "
CREATE TABLE IF NOT EXISTS logs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    log_group TEXT NOT NULL,
    group_arn TEXT NOT NULL,
    machine TEXT NOT NULL,
    stream TEXT NOT NULL,
    millis INTEGER NOT NULL,
    text TEXT NOT NULL
);
";

/// Gives the tables the columns that they were made without.
pub(crate) fn widen(connection: &Connection) -> rusqlite::Result<()> {
    let sql = "SELECT count(*) FROM pragma_table_info('executions') WHERE name = 'redrives'";
    let has_redrives: i64 = connection.query_row(sql, [], |row| row.get(0))?;
    if has_redrives == 0 {
        connection.execute_batch("ALTER TABLE executions ADD COLUMN redrives TEXT")?;
    }
    Ok(())
}

/// Makes the tables that the file was made without.
pub(crate) fn complete(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(&format!("{DOCUMENTS} {LOGS}"))
}

/// Makes the tables in an empty file, all or nothing.
pub(crate) fn create(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(&format!(
        "PRAGMA synchronous = FULL; BEGIN;
         PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION};
         {TABLES} {DOCUMENTS} {LOGS} COMMIT;"
    ))
}
