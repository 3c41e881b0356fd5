//! What the committer writes: each kind of write, and its statement.

use crate::logs::{Keeper, LogRow};
use baton_store::DocumentId;
use baton_store::records::{Blob, BlobHash};
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Statement, params};
use tokio::sync::oneshot;

/// One accepted write. Its condition, if it has one, was decided in memory, except for machines.
#[derive(Debug)]
pub(crate) enum Write {
    /// A large payload.
    Blob { hash: BlobHash, content: Vec<u8> },
    /// An execution's header.
    Create(Box<ExecutionRow>),
    /// A record.
    Record { execution: i64, scope: String, sequence: u32, document: Vec<u8> },
    /// A claim on a record.
    Claim { execution: i64, scope: String, sequence: u32, claim: Vec<u8> },
    /// A heartbeat on a record.
    Heartbeat { execution: i64, scope: String, sequence: u32, millis: i64 },
    /// All closed forks of an execution.
    Close { execution: i64, closed: String },
    /// An execution's end.
    End { execution: i64, status: &'static str, stopped: Option<i64>, outcome: Vec<u8> },
    /// An execution that runs again.
    Reopen { execution: i64, closed: String, redrives: String },
    /// A child's end.
    Join { execution: i64, fork: String, child: u32, last: u32, rank: u32 },
    /// A machine and its revision, or its end; whether it was written is answered.
    Machine(Box<MachineWrite>, oneshot::Sender<bool>),
    /// A document's change; whether it is as it should be is answered.
    Document(Box<DocumentWrite>, oneshot::Sender<bool>),
    /// A line of the log.
    Log(Box<LogRow>),
}

/// A new row of `executions`.
#[derive(Debug)]
pub(crate) struct ExecutionRow {
    pub(crate) id: i64,
    pub(crate) arn: String,
    pub(crate) machine: String,
    pub(crate) started: i64,
    pub(crate) facts: Vec<u8>,
}

/// A write of a machine. Its condition is decided in the file.
#[derive(Debug)]
pub(crate) struct MachineWrite {
    pub(crate) arn: String,
    pub(crate) change: MachineChange,
}

/// A change of a document. Its condition is decided in the file.
#[derive(Debug)]
pub(crate) struct DocumentWrite {
    pub(crate) id: DocumentId,
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
}

/// What happens to a machine.
#[derive(Debug)]
pub(crate) enum MachineChange {
    /// Written if there is none.
    Create(MachineRow),
    /// Written if the current revision is this one.
    Update { expected: String, row: MachineRow },
    /// Removed.
    Delete,
}

/// A row of `machines` and one of `revisions`.
#[derive(Debug)]
pub(crate) struct MachineRow {
    pub(crate) revision: String,
    pub(crate) role_arn: String,
    pub(crate) definition: String,
    pub(crate) document: Vec<u8>,
    /// What the document points to.
    pub(crate) blobs: Vec<Write>,
}

impl Write {
    /// A blob's write.
    pub(crate) fn blob(blob: Blob) -> Self {
        Write::Blob { hash: blob.hash, content: blob.bytes }
    }

    /// About how much memory it takes while it waits.
    pub(crate) fn bytes(&self) -> usize {
        let data = match self {
            Write::Blob { content, .. } => content.len(),
            Write::Create(row) => row.facts.len(),
            Write::Record { document, .. } => document.len(),
            Write::End { outcome, .. } => outcome.len(),
            Write::Document(write, _) => write.after.as_ref().map_or(0, String::len),
            Write::Log(row) => row.bytes(),
            Write::Claim { .. }
            | Write::Heartbeat { .. }
            | Write::Close { .. }
            | Write::Reopen { .. }
            | Write::Join { .. }
            | Write::Machine(..) => 0,
        };
        data.saturating_add(256)
    }
}

/// A document: text where it is, so that people can read it.
pub(crate) struct Document<'a>(pub(crate) &'a [u8]);

impl ToSql for Document<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let is_text = self.0.starts_with(b"{");
        let value = if is_text { ValueRef::Text(self.0) } else { ValueRef::Blob(self.0) };
        Ok(ToSqlOutput::Borrowed(value))
    }
}

/// The prepared statements of the committer.
pub(crate) struct Statements<'c> {
    blob: Statement<'c>,
    create: Statement<'c>,
    record: Statement<'c>,
    claim: Statement<'c>,
    heartbeat: Statement<'c>,
    close: Statement<'c>,
    end: Statement<'c>,
    reopen: Statement<'c>,
    join: Statement<'c>,
    create_machine: Statement<'c>,
    update_machine: Statement<'c>,
    delete_machine: Statement<'c>,
    revision: Statement<'c>,
    document: Statement<'c>,
    put_document: Statement<'c>,
    delete_document: Statement<'c>,
    connection: &'c Connection,
    log: Keeper,
}

impl<'c> Statements<'c> {
    pub(crate) fn prepare(connection: &'c Connection) -> rusqlite::Result<Self> {
        Ok(Statements {
            blob: connection
                .prepare("INSERT OR IGNORE INTO blobs (hash, content) VALUES (?1, ?2)")?,
            create: connection.prepare(
                "INSERT INTO executions (id, arn, machine, status, started, facts)
                 VALUES (?1, ?2, ?3, 'RUNNING', ?4, ?5)",
            )?,
            record: connection.prepare(
                "INSERT INTO records (execution, scope, sequence, document)
                 VALUES (?1, ?2, ?3, ?4)",
            )?,
            claim: connection.prepare(
                "UPDATE records SET claim = ?4
                 WHERE execution = ?1 AND scope = ?2 AND sequence = ?3",
            )?,
            heartbeat: connection.prepare(
                "UPDATE records SET heartbeat = ?4
                 WHERE execution = ?1 AND scope = ?2 AND sequence = ?3",
            )?,
            close: connection.prepare("UPDATE executions SET closed = ?2 WHERE id = ?1")?,
            end: connection.prepare(
                "UPDATE executions SET status = ?2, stopped = ?3, outcome = ?4 WHERE id = ?1",
            )?,
            reopen: connection.prepare(
                "UPDATE executions SET status = 'RUNNING', stopped = NULL, outcome = NULL,
                 closed = ?2, redrives = ?3 WHERE id = ?1",
            )?,
            join: connection.prepare(
                "INSERT OR IGNORE INTO joins (execution, fork, child, last, rank)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?,
            create_machine: connection.prepare(
                "INSERT OR IGNORE INTO machines (arn, revision, document) VALUES (?1, ?2, ?3)",
            )?,
            update_machine: connection.prepare(
                "UPDATE machines SET revision = ?2, document = ?3
                 WHERE arn = ?1 AND revision = ?4",
            )?,
            delete_machine: connection.prepare("DELETE FROM machines WHERE arn = ?1")?,
            revision: connection.prepare(
                "INSERT OR IGNORE INTO revisions (machine, id, role_arn, definition)
                 VALUES (?1, ?2, ?3, ?4)",
            )?,
            document: connection
                .prepare("SELECT text FROM documents WHERE kind = ?1 AND part = ?2 AND key = ?3")?,
            put_document: connection.prepare(
                "INSERT OR REPLACE INTO documents (kind, part, key, text)
                 VALUES (?1, ?2, ?3, ?4)",
            )?,
            delete_document: connection
                .prepare("DELETE FROM documents WHERE kind = ?1 AND part = ?2 AND key = ?3")?,
            connection,
            log: Keeper::default(),
        })
    }

    /// Performs one write within the transaction of its group, and tells whether it changed anything.
    pub(crate) fn perform(&mut self, write: &Write) -> rusqlite::Result<bool> {
        let changed = match write {
            Write::Blob { hash, content } => {
                self.blob.execute(params![hash.0.as_slice(), Document(content)])
            }
            Write::Create(row) => self.create.execute(params![
                row.id,
                row.arn,
                row.machine,
                row.started,
                Document(&row.facts)
            ]),
            Write::Record { execution, scope, sequence, document } => {
                self.record.execute(params![execution, scope, sequence, Document(document)])
            }
            Write::Claim { execution, scope, sequence, claim } => {
                self.claim.execute(params![execution, scope, sequence, Document(claim)])
            }
            Write::Heartbeat { execution, scope, sequence, millis } => {
                self.heartbeat.execute(params![execution, scope, sequence, millis])
            }
            Write::Close { execution, closed } => self.close.execute(params![execution, closed]),
            Write::End { execution, status, stopped, outcome } => {
                self.end.execute(params![execution, status, stopped, Document(outcome)])
            }
            Write::Reopen { execution, closed, redrives } => {
                self.reopen.execute(params![execution, closed, redrives])
            }
            Write::Join { execution, fork, child, last, rank } => {
                self.join.execute(params![execution, fork, child, last, rank])
            }
            Write::Machine(write, _) => self.perform_machine(write),
            Write::Document(write, _) => self.perform_document(write),
            Write::Log(row) => self.log.write(self.connection, row),
        };
        changed.map(|rows| rows > 0)
    }

    fn perform_machine(&mut self, write: &MachineWrite) -> rusqlite::Result<usize> {
        let (changed, row) = match &write.change {
            MachineChange::Create(row) => {
                let document = Document(&row.document);
                (self.create_machine.execute(params![write.arn, row.revision, document])?, row)
            }
            MachineChange::Update { expected, row } => {
                let document = Document(&row.document);
                let values = params![write.arn, row.revision, document, expected];
                (self.update_machine.execute(values)?, row)
            }
            MachineChange::Delete => return self.delete_machine.execute(params![write.arn]),
        };
        if changed > 0 {
            for blob in &row.blobs {
                self.perform(blob)?;
            }
            let values = params![write.arn, row.revision, row.role_arn, row.definition];
            self.revision.execute(values)?;
        }
        Ok(changed)
    }

    /// Counts the document that is as it should be.
    fn perform_document(&mut self, write: &DocumentWrite) -> rusqlite::Result<usize> {
        let DocumentWrite { id: DocumentId { kind, group, key }, before, after } = write;
        let kind = kind.as_str();
        let there: Option<String> =
            self.document.query_row(params![kind, group, key], |row| row.get(0)).optional()?;
        if there == *after {
            return Ok(1);
        }
        if there != *before {
            return Ok(0);
        }
        match after {
            Some(text) => self.put_document.execute(params![kind, group, key, text]),
            None => self.delete_document.execute(params![kind, group, key]),
        }
    }
}
