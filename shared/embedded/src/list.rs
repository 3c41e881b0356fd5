//! Lists of executions.

use crate::journal::page;
use crate::read::{HeaderRow, Reader, bytes, header_row};
use baton_store::{ExecutionQuery, Header, Page, StatusName, StoreError};
use rusqlite::params;
use std::sync::Arc;

/// A row with what it is sorted by: newest first, of those that started at once the one created last.
type Sorted = ((i64, i64), HeaderRow);

/// A page of a machine's executions before a place, newest first. Each status has an index of its own order, so a list of
/// all is merged from a page of each.
pub(crate) fn executions(
    reader: &Reader,
    query: &ExecutionQuery,
    before: (i64, i64),
) -> Result<Page<Arc<Header>>, StoreError> {
    let wanted = query.items_max as usize;
    let statuses = StatusName::ALL
        .into_iter()
        .filter(|status| query.status.is_none_or(|only| only == *status));
    let mut rows: Vec<Sorted> = Vec::new();
    for status in statuses {
        rows.extend(of_status(reader, query, status, before)?);
    }
    rows.sort_unstable_by_key(|(place, _)| std::cmp::Reverse(*place));
    let has_more = rows.len() > wanted;
    rows.truncate(wanted);
    let last = rows.last().filter(|_| has_more);
    let next = last.map(|((started, id), _)| page(&id.to_string(), *started));
    let items = rows.into_iter().map(|(_, row)| reader.outline(row).map(Arc::new));
    Ok(Page { items: items.collect::<Result<_, _>>()?, next })
}

fn of_status(
    reader: &Reader,
    query: &ExecutionQuery,
    status: StatusName,
    (started, id): (i64, i64),
) -> Result<Vec<Sorted>, StoreError> {
    let sql = "SELECT id, facts, closed, outcome, redrives, started FROM executions
               WHERE machine = ?1 AND status = ?2 AND (started, id) < (?3, ?4)
               ORDER BY started DESC, id DESC LIMIT ?5";
    let limit = i64::from(query.items_max) + 1;
    let values = params![query.machine.as_str(), status.as_str(), started, id, limit];
    reader.all(sql, values, |row| {
        let header = header_row(row)?;
        Ok(((row.get(5)?, header.id), header))
    })
}

/// The executions that run, with what their pending cues are derived from.
pub(crate) fn running(
    reader: &Reader,
    mut each: impl FnMut(HeaderRow) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let machines = "SELECT min(machine) FROM executions WHERE machine > ?1";
    let of_machine = "SELECT id, facts, closed, outcome, redrives FROM executions
                      WHERE machine = ?1 AND status = 'RUNNING' AND id > ?2 ORDER BY id LIMIT 256";
    let mut machine = String::new();
    loop {
        let next = reader.one(machines, params![machine], |row| row.get::<_, Option<String>>(0))?;
        let Some(next) = next.flatten() else { return Ok(()) };
        machine = next;
        let mut after = 0_i64;
        loop {
            let rows = reader.all(of_machine, params![machine, after], header_row)?;
            let Some(last) = rows.last() else { break };
            after = last.id;
            rows.into_iter().try_for_each(&mut each)?;
        }
    }
}

/// A record's document.
pub(crate) fn document(
    reader: &Reader,
    id: i64,
    scope: &str,
    sequence: u32,
) -> Result<Vec<u8>, StoreError> {
    let sql = "SELECT document FROM records
               WHERE execution = ?1 AND scope = ?2 AND sequence = ?3";
    let document = reader.one(sql, params![id, scope, sequence], |row| bytes(row, 0))?;
    Ok(document.flatten().unwrap_or_default())
}
