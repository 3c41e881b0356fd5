//! What must hold once nothing is left to happen: the execution has ended and its header says how, or it waits for
//! somebody outside.

use baton_engine::{Call, End, Marked, Pending, Record, ScopePath, Sequence};
use baton_store::{Header, Outgoing, Status, StatusName, open_scopes};
use std::collections::BTreeMap;

/// The cues that follow from the journals alone.
pub fn pending_cues(header: &Header, records: &[Marked]) -> Vec<Outgoing> {
    let open = open_records(header, records);
    baton_store::pending_cues(header, open)
}

/// The newest record of each scope that may still move.
fn open_records<'a>(header: &Header, records: &'a [Marked]) -> Vec<&'a Record> {
    let numbers: BTreeMap<ScopePath, Sequence> = records
        .iter()
        .map(|marked| (marked.record.scope.clone(), marked.record.sequence))
        .collect();
    let open: BTreeMap<&ScopePath, Sequence> = open_scopes(&numbers, &header.closed).collect();
    let is_open = |record: &&Record| open.get(&record.scope) == Some(&record.sequence);
    records.iter().map(|marked| &*marked.record).filter(is_open).collect()
}

/// What is wrong with an execution at rest.
pub fn violation(header: Option<&Header>, records: &[Marked]) -> Option<String> {
    let Some(header) = header else { return Some("it was never accepted".to_owned()) };
    let open = open_records(header, records);
    let top = open.iter().find(|record| record.scope.is_top());
    if header.status.is_ended() {
        return top.and_then(|top| disagreement(&header.status, &top.pending));
    }
    let is_waiting = |record: &&&Record| match &record.pending {
        Pending::Callback(callback) => !is_limited(&callback.call),
        Pending::Call(call) => call.is_polled() && !is_limited(call),
        _ => false,
    };
    if open.iter().any(|record| is_waiting(&record)) {
        return None;
    }
    let pending: Vec<String> = open
        .iter()
        .map(|record| format!("{}:{} {:?}", record.scope, record.sequence, record.pending))
        .collect();
    Some(format!("it is running, with nothing pending: {pending:?}"))
}

fn is_limited(call: &Call) -> bool {
    call.timeout_secs.is_some() || call.heartbeat_secs.is_some()
}

/// The header says what the top scope's last record says.
fn disagreement(status: &Status, last: &Pending) -> Option<String> {
    let Pending::Ended(end) = last else {
        return Some("the header says that it has ended, the journal does not".to_owned());
    };
    let name = match end {
        End::Succeeded(_) => StatusName::Succeeded,
        End::Failed { .. } => StatusName::Failed,
        End::Aborted(_) => StatusName::Aborted,
        End::TimedOut => StatusName::TimedOut,
    };
    let is_same_output = match (status, end) {
        (Status::Succeeded { output, .. }, End::Succeeded(kept)) => output.text() == kept.text(),
        _ => true,
    };
    (status.name() != name || !is_same_output)
        .then(|| format!("the header says {status:?}, the journal {end:?}"))
}
