//! State machines: conditions are decided in the file, in the order of all writes.

use crate::Embedded;
use crate::read::{Reader, bytes};
use crate::shared::{durable, failed};
use crate::write::{MachineChange, MachineRow, MachineWrite, Write};
use baton_store::records::{Encoded, encode};
use baton_store::{Machine, MachineArn, Machines, Page, Revision, RevisionId, StoreError};
use rusqlite::params;
use tokio::sync::oneshot;

impl Machines for Embedded {
    async fn create_machine(&self, machine: &Machine) -> Result<Option<Machine>, StoreError> {
        loop {
            if self.change(&machine.arn, MachineChange::Create(row(machine))).await? {
                return Ok(None);
            }
            // One that is deleted in between is created by the next try.
            if let Some(there) = self.machine(&machine.arn).await? {
                return Ok(Some(there));
            }
        }
    }

    async fn machine(&self, arn: &MachineArn) -> Result<Option<Machine>, StoreError> {
        let stamp = match self.shared.machines.get(arn) {
            Ok(machine) => return Ok(Some(machine)),
            Err(stamp) => stamp,
        };
        let sql = "SELECT document FROM machines WHERE arn = ?1";
        let machine = self.shared.read(|reader| {
            let document = reader.one(sql, params![arn.as_str()], |row| bytes(row, 0))?;
            document.flatten().map(|document| reader.decode(&document, arn.as_str())).transpose()
        })?;
        if let Some(machine) = &machine {
            self.shared.machines.put(machine, stamp);
        }
        Ok(machine)
    }

    async fn revision(
        &self,
        machine: &MachineArn,
        id: &RevisionId,
    ) -> Result<Option<Revision>, StoreError> {
        let sql = "SELECT role_arn, definition FROM revisions WHERE machine = ?1 AND id = ?2";
        self.shared.read(|reader| {
            reader.one(sql, params![machine.as_str(), &*id.0], |row| {
                let (role_arn, definition): (String, String) = (row.get(0)?, row.get(1)?);
                Ok(Revision {
                    id: id.clone(),
                    definition: definition.into(),
                    role_arn: role_arn.into(),
                })
            })
        })
    }

    async fn update_machine(
        &self,
        machine: &Machine,
        expected: &RevisionId,
    ) -> Result<bool, StoreError> {
        let change = MachineChange::Update { expected: expected.0.to_string(), row: row(machine) };
        self.change(&machine.arn, change).await
    }

    async fn delete_machine(&self, arn: &MachineArn) -> Result<(), StoreError> {
        self.change(arn, MachineChange::Delete).await.map(drop)
    }

    async fn machines(
        &self,
        place: &str,
        items_max: u32,
        from: Option<&str>,
    ) -> Result<Page<Machine>, StoreError> {
        let after = from.unwrap_or(place).to_owned();
        // Right after all that begins with "…:" comes "…;".
        let end = place.strip_suffix(':').map_or("\u{7f}".to_owned(), |head| format!("{head};"));
        let sql = "SELECT arn, document FROM machines
                   WHERE arn > ?1 AND arn < ?3 ORDER BY arn LIMIT ?2";
        let limit = i64::from(items_max) + 1;
        let read = move |reader: &Reader| {
            let mut rows = reader.all(sql, params![after, limit, end], |row| {
                Ok((row.get::<_, String>(0)?, bytes(row, 1)?.unwrap_or_default()))
            })?;
            let has_more = rows.len() > items_max as usize;
            rows.truncate(items_max as usize);
            let next = rows.last().filter(|_| has_more).map(|(arn, _)| arn.clone());
            let items = rows.iter().map(|(arn, document)| reader.decode(document, arn));
            Ok(Page { items: items.collect::<Result<_, _>>()?, next })
        };
        self.shared.read_aside(read).await
    }
}

impl Embedded {
    /// Changes a machine if the change's condition holds, and tells whether it did.
    async fn change(&self, arn: &MachineArn, change: MachineChange) -> Result<bool, StoreError> {
        let (sender, answer) = oneshot::channel();
        let write = Box::new(MachineWrite { arn: arn.to_string(), change });
        let synced = self.shared.decide(|state| {
            state.accept_machine(Write::Machine(write, sender));
            Ok(state.after_all())
        })?;
        durable(synced).await?;
        answer.await.map_err(|_| failed("the data file is closed"))
    }
}

fn row(machine: &Machine) -> MachineRow {
    let revision = &machine.revision;
    let Encoded { bytes, blobs } = encode(machine);
    MachineRow {
        revision: revision.id.0.to_string(),
        role_arn: revision.role_arn.to_string(),
        definition: revision.definition.to_string(),
        document: bytes,
        blobs: blobs.into_iter().map(Write::blob).collect(),
    }
}
