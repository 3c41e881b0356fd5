//! The queue, derived anew when the file is opened: it is not kept.

use crate::list;
use crate::read::{HeaderRow, Reader};
use baton_engine::Record;
use baton_store::{Outgoing, StoreError, open_scopes, pending_cues};

/// Every cue that any execution waits for. Costs a few reads for each scope of every running execution.
pub(crate) fn pending(reader: &Reader) -> Result<Vec<Outgoing>, StoreError> {
    let mut cues = Vec::new();
    list::running(reader, |row| {
        cues.extend(of_execution(reader, row)?);
        Ok(())
    })?;
    Ok(cues)
}

fn of_execution(reader: &Reader, row: HeaderRow) -> Result<Vec<Outgoing>, StoreError> {
    let id = row.id;
    let header = reader.outline(row)?;
    let newest = reader.newest_of_all(id)?;
    let records: Vec<Record> = open_scopes(&newest, &header.closed)
        .map(|(scope, sequence)| {
            let scope = scope.to_string();
            let document = list::document(reader, id, &scope, sequence.0)?;
            reader.decode_outline(&document, header.execution.arn.as_ref())
        })
        .collect::<Result<_, _>>()?;
    Ok(pending_cues(&header, &records))
}
