//! The one thread that writes: everything that waits goes into one transaction and one sync.
//!
//! A group is written as soon as somebody waits for it, and a moment after its first write otherwise. While it is being
//! written the next one gathers, so the slower the disk, the larger the groups.
//!
//! After a group that could not be written nothing is accepted any more: what memory has decided would differ from
//! the file.

use crate::limits;
use crate::shared::Shared;
use crate::state::{Failure, Inbox};
use crate::write::{Statements, Write};
use rusqlite::{Connection, ErrorCode};
use std::sync::{Arc, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// How often a group is begun again while somebody else holds the file's lock, each time for [`limits::BUSY`].
const TRIES_MAX: u32 = 12;

/// Writes groups until the state is closing and all is written.
pub(crate) fn run(shared: &Shared, connection: &Connection) {
    let mut statements = match Statements::prepare(connection) {
        Ok(statements) => statements,
        Err(e) => return shared.fail(&describe(&e)),
    };
    while let Some(group) = next_group(shared) {
        match write(connection, &mut statements, &group.writes) {
            Ok(changes) => settle(shared, group, changes),
            Err(e) => {
                tracing::error!(error = %e, "the data file cannot be written");
                return shared.fail(&describe(&e));
            }
        }
    }
}

/// Waits for a group that is due; nothing at the end.
fn next_group(shared: &Shared) -> Option<Inbox> {
    let mut state = shared.lock();
    loop {
        if !state.inbox.waiters.is_empty() || state.is_closing {
            break;
        }
        if state.inbox.writes.is_empty() {
            state = wait(shared.work.wait(state));
            continue;
        }
        let (guard, timeout) =
            shared.work.wait_timeout(state, limits::LINGER).unwrap_or_else(PoisonError::into_inner);
        state = guard;
        if timeout.timed_out() {
            break;
        }
    }
    if state.inbox.writes.is_empty() && state.inbox.waiters.is_empty() {
        return None;
    }
    let next = Inbox::new(state.inbox.group + 1);
    let mut group = std::mem::replace(&mut state.inbox, next);
    state.in_flight = std::mem::take(&mut group.waiters);
    Some(group)
}

fn wait<'a, T>(
    woken: Result<MutexGuard<'a, T>, PoisonError<MutexGuard<'a, T>>>,
) -> MutexGuard<'a, T> {
    woken.unwrap_or_else(PoisonError::into_inner)
}

/// Writes a group, all or nothing, and tells of each write whether it changed anything.
fn write(
    connection: &Connection,
    statements: &mut Statements<'_>,
    writes: &[Write],
) -> rusqlite::Result<Vec<bool>> {
    begin(connection)?;
    let written: rusqlite::Result<Vec<bool>> =
        writes.iter().map(|write| statements.perform(write)).collect();
    let done = written.and_then(|changes| {
        connection.prepare_cached("COMMIT")?.execute([])?;
        Ok(changes)
    });
    if done.is_err() && !connection.is_autocommit() {
        // What it reports is less than what is reported already.
        let _ = connection.execute_batch("ROLLBACK");
    }
    done
}

fn begin(connection: &Connection) -> rusqlite::Result<()> {
    let mut tries = 1;
    loop {
        match connection.prepare_cached("BEGIN IMMEDIATE")?.execute([]) {
            Err(e) if is_busy(&e) && tries < TRIES_MAX => tries += 1,
            done => return done.map(drop),
        }
        tracing::warn!("another program holds the data file's lock");
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
}

fn settle(shared: &Shared, group: Inbox, changes: Vec<bool>) {
    let (waiters, parked) = {
        let mut state = shared.lock();
        let parked = state.settle(group.group, &group.touched);
        (std::mem::take(&mut state.in_flight), parked)
    };
    for write in &group.writes {
        if let Write::Machine(machine, _) = write {
            shared.machines.forget(&machine.arn);
        }
    }
    // Who has stopped waiting need not be told.
    for (write, is_changed) in group.writes.into_iter().zip(changes) {
        if let Write::Machine(_, answer) | Write::Document(_, answer) = write {
            let _ = answer.send(is_changed);
        }
    }
    tell(waiters, &Ok(()));
    drop(parked);
}

/// Tells everybody who waits.
pub(crate) fn tell(
    waiters: Vec<oneshot::Sender<Result<(), Failure>>>,
    outcome: &Result<(), Failure>,
) {
    for waiter in waiters {
        let _ = waiter.send(outcome.clone());
    }
}

fn describe(error: &rusqlite::Error) -> Failure {
    Arc::from(format!(
        "the data file could not be written ({error}): free space or mend it, then restart"
    ))
}
