//! The local log: what executions log, beside everything else in the file.
//!
//! Lines are written with the groups of other writes, and nobody waits for them. The newest [`limits::LOG_LINES_MAX`]
//! lines are kept, as long as they have no more than [`limits::LOG_BYTES_MAX`].

use crate::Embedded;
use crate::limits;
use crate::read::Reader;
use crate::write::Write;
use baton_store::{LogLine, LogQuery, LoggedLine, Logs, Page, StoreError, stream_name};
use jiff::Timestamp;
use rusqlite::{Connection, Row, params};
use std::sync::atomic::{AtomicBool, Ordering};

/// What the log streams of this process are called after.
#[derive(Debug)]
pub(crate) struct Stream {
    since: Timestamp,
    process: u32,
    /// Whether somebody was told that lines are let go.
    has_warned: AtomicBool,
}

/// A new row of `logs`.
#[derive(Debug)]
pub(crate) struct LogRow {
    stream: String,
    line: LogLine,
}

impl LogRow {
    pub(crate) fn bytes(&self) -> usize {
        self.line.text.len()
    }
}

impl Stream {
    pub(crate) fn new(since: Timestamp, process: u32) -> Self {
        Stream { since, process, has_warned: AtomicBool::new(false) }
    }
}

impl Logs for Embedded {
    fn log(&self, lines: Vec<LogLine>) {
        let stream = &self.stream;
        let rows: Vec<LogRow> = lines
            .into_iter()
            .map(|line| LogRow {
                stream: stream_name(&line.machine, stream.since, stream.process),
                line,
            })
            .collect();
        let taken = self.shared.decide(|state| {
            let has_room = state.inbox.bytes < limits::WAITING_LOG_BYTES_MAX;
            if has_room {
                rows.into_iter().for_each(|row| state.accept_machine(Write::Log(Box::new(row))));
            }
            Ok(has_room)
        });
        let is_lost = !taken.unwrap_or(false);
        if is_lost && !stream.has_warned.swap(true, Ordering::Relaxed) {
            tracing::warn!("lines of the log were let go: the disk does not keep up");
        }
    }

    async fn logged(
        &self,
        query: &LogQuery,
        after: u64,
    ) -> Result<Option<Page<LoggedLine>>, StoreError> {
        self.all_durable().await?;
        let (query, after) = (query.clone(), i64::try_from(after).unwrap_or(i64::MAX));
        self.shared.read_aside(move |reader| read(reader, &query, after).map(Some)).await
    }
}

fn read(reader: &Reader, query: &LogQuery, after: i64) -> Result<Page<LoggedLine>, StoreError> {
    let sql = "SELECT id, stream, group_arn, machine, millis, text FROM logs
               WHERE id > ?1 AND millis >= ?2 AND millis < ?3
                 AND (?4 IS NULL OR log_group = ?4) AND (?5 IS NULL OR machine = ?5)
               ORDER BY id LIMIT ?6";
    let LogQuery { group, machine, from_millis, before_millis, items_max } = query;
    let limit = i64::from(*items_max) + 1;
    let values = params![after, from_millis, before_millis, group, machine, limit];
    let mut items = reader.all(sql, values, logged_line)?;
    let has_more = items.len() > *items_max as usize;
    items.truncate(*items_max as usize);
    let next = items.last().filter(|_| has_more).map(|line| line.id.to_string());
    Ok(Page { items, next })
}

fn logged_line(row: &Row<'_>) -> rusqlite::Result<LoggedLine> {
    let text = |column| row.get::<_, String>(column);
    let line = LogLine {
        group_arn: text(2)?.into(),
        machine: text(3)?.into(),
        millis: row.get(4)?,
        text: text(5)?,
    };
    let id = u64::try_from(row.get::<_, i64>(0)?).unwrap_or_default();
    Ok(LoggedLine { id, stream: text(1)?, line })
}

/// Writes the log and keeps it bounded: the committer's.
#[derive(Debug, Default)]
pub(crate) struct Keeper {
    /// Lines and bytes that are kept, once they were counted.
    kept: Option<(i64, i64)>,
}

impl Keeper {
    pub(crate) fn write(
        &mut self,
        connection: &Connection,
        row: &LogRow,
    ) -> rusqlite::Result<usize> {
        let (lines, bytes) = match self.kept {
            Some(kept) => kept,
            None => count(connection)?,
        };
        let LogRow { stream, line } = row;
        let sql = "INSERT INTO logs (log_group, group_arn, machine, stream, millis, text)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let group = baton_store::group_name(&line.group_arn);
        let values =
            params![group, &*line.group_arn, &*line.machine, stream, line.millis, line.text];
        let changed = connection.prepare_cached(sql)?.execute(values)?;
        let added = i64::try_from(row.bytes()).unwrap_or(i64::MAX);
        self.kept = Some((lines.saturating_add(1), bytes.saturating_add(added)));
        if lines >= limits::LOG_LINES_MAX || bytes >= limits::LOG_BYTES_MAX {
            self.prune(connection, lines)?;
        }
        Ok(changed)
    }

    /// Lets the oldest quarter go.
    fn prune(&mut self, connection: &Connection, lines: i64) -> rusqlite::Result<()> {
        let sql =
            "DELETE FROM logs WHERE id <= (SELECT id FROM logs ORDER BY id LIMIT 1 OFFSET ?1)";
        connection.execute(sql, params![lines / 4])?;
        self.kept = Some(count(connection)?);
        Ok(())
    }
}

fn count(connection: &Connection) -> rusqlite::Result<(i64, i64)> {
    let sql = "SELECT count(*), coalesce(sum(length(CAST(text AS BLOB))), 0) FROM logs";
    connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_come_back_in_order_by_group_machine_and_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        let embedded = Embedded::open(&path).unwrap();
        embedded.log(vec![line("g", "m", 1), line("g", "n", 2)]);
        embedded.log(vec![line("h", "m", 3)]);
        let group = LogQuery { group: Some("g".to_owned()), ..all() };
        assert_eq!(texts(&embedded, &group, 0).await, ["1", "2"]);
        let machine = LogQuery { machine: Some("m".to_owned()), ..all() };
        assert_eq!(texts(&embedded, &machine, 0).await, ["1", "3"]);
        assert_eq!(texts(&embedded, &LogQuery { from_millis: 2, ..all() }, 0).await, ["2", "3"]);
        assert_eq!(texts(&embedded, &all(), 2).await, ["3"]);
        let page = LogQuery { items_max: 2, ..all() };
        let page = embedded.logged(&page, 0).await.unwrap().unwrap();
        assert_eq!(page.next.as_deref(), Some("2"));
        drop(embedded);
        let embedded = Embedded::open(&path).unwrap();
        assert_eq!(texts(&embedded, &all(), 0).await, ["1", "2", "3"]);
    }

    #[test]
    fn the_oldest_lines_make_room() {
        let connection = Connection::open_in_memory().unwrap();
        crate::schema::complete(&connection).unwrap();
        let mut keeper = Keeper::default();
        let row = |text: String| LogRow {
            stream: "s".to_owned(),
            line: LogLine { text, ..line("g", "m", 0) },
        };
        let large = usize::try_from(limits::LOG_BYTES_MAX / 10).unwrap();
        for _ in 0..40 {
            keeper.write(&connection, &row("x".repeat(large))).unwrap();
            let (lines, bytes) = count(&connection).unwrap();
            assert_eq!(keeper.kept, Some((lines, bytes)));
            assert!(bytes <= limits::LOG_BYTES_MAX + i64::try_from(large).unwrap());
        }
        assert!(count(&connection).unwrap().0 >= 5);
    }

    async fn texts(embedded: &Embedded, query: &LogQuery, after: u64) -> Vec<String> {
        let page = embedded.logged(query, after).await.unwrap().unwrap();
        page.items.into_iter().map(|line| line.line.text).collect()
    }

    fn all() -> LogQuery {
        let (from_millis, before_millis) = (i64::MIN, i64::MAX);
        LogQuery { group: None, machine: None, from_millis, before_millis, items_max: 100 }
    }

    fn line(group: &str, machine: &str, millis: i64) -> LogLine {
        let group_arn = format!("arn:aws:logs:r:1:log-group:{group}:*").into();
        LogLine { group_arn, machine: machine.into(), millis, text: millis.to_string() }
    }
}
