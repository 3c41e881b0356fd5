//! State machines in memory.

use super::Memory;
use crate::{Machine, MachineArn, Machines, Page, Revision, RevisionId, StoreError};
use std::collections::BTreeMap;
use std::ops::Bound;

/// Machines by ARN, and every revision there ever was.
#[derive(Debug, Default)]
pub(super) struct MachineTable {
    machines: BTreeMap<MachineArn, Machine>,
    revisions: BTreeMap<(MachineArn, RevisionId), Revision>,
}

impl MachineTable {
    fn put(&mut self, machine: &Machine) {
        let revision = machine.revision.clone();
        self.revisions.insert((machine.arn.clone(), revision.id.clone()), revision);
        self.machines.insert(machine.arn.clone(), machine.clone());
    }
}

impl Machines for Memory {
    async fn create_machine(&self, machine: &Machine) -> Result<Option<Machine>, StoreError> {
        let table = &mut self.lock().machines;
        let existing = table.machines.get(&machine.arn).cloned();
        if existing.is_none() {
            table.put(machine);
        }
        Ok(existing)
    }

    async fn machine(&self, arn: &MachineArn) -> Result<Option<Machine>, StoreError> {
        Ok(self.lock().machines.machines.get(arn).cloned())
    }

    async fn revision(
        &self,
        machine: &MachineArn,
        id: &RevisionId,
    ) -> Result<Option<Revision>, StoreError> {
        Ok(self.lock().machines.revisions.get(&(machine.clone(), id.clone())).cloned())
    }

    async fn update_machine(
        &self,
        machine: &Machine,
        expected: &RevisionId,
    ) -> Result<bool, StoreError> {
        let table = &mut self.lock().machines;
        let is_expected =
            table.machines.get(&machine.arn).is_some_and(|there| there.revision.id == *expected);
        if is_expected {
            table.put(machine);
        }
        Ok(is_expected)
    }

    async fn delete_machine(&self, arn: &MachineArn) -> Result<(), StoreError> {
        self.lock().machines.machines.remove(arn);
        Ok(())
    }

    async fn machines(
        &self,
        place: &str,
        items_max: u32,
        from: Option<&str>,
    ) -> Result<Page<Machine>, StoreError> {
        let inner = self.lock();
        let table = &inner.machines.machines;
        let start = from.map(|last| MachineArn::trusted(last.into()));
        let after = start.map_or(Bound::Unbounded, Bound::Excluded);
        let is_there = |(arn, _): &(&MachineArn, &Machine)| arn.as_str().starts_with(place);
        let all = table.range((after, Bound::Unbounded)).filter(is_there);
        let mut rest = all.map(|(_, machine)| machine.clone());
        let items: Vec<Machine> = rest.by_ref().take(items_max as usize).collect();
        let next = rest.next().and(items.last()).map(|last| last.arn.as_str().to_owned());
        Ok(Page { items, next })
    }
}
