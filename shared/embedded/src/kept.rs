//! State machines that were read lately, so that a start costs no look into the file.
//!
//! # Invariants
//!
//! * What is kept is what the file has: the committer lets a machine go before anybody is told that it changed.
//! * At most [`limits::MACHINES_KEPT_MAX`] machines and [`limits::MACHINES_KEPT_BYTES_MAX`] bytes of definitions.

use crate::limits;
use baton_store::{Machine, MachineArn};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The machines.
#[derive(Debug, Default)]
pub(crate) struct Machines(Mutex<Kept>);

/// What stood when a machine was about to be read from the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp(u64);

#[derive(Debug, Default)]
struct Kept {
    by_arn: BTreeMap<MachineArn, (Machine, u64)>,
    bytes: usize,
    uses: u64,
    changes: u64,
}

impl Machines {
    /// The machine, or the stamp to keep it under once it was read.
    pub(crate) fn get(&self, arn: &MachineArn) -> Result<Machine, Stamp> {
        let mut kept = self.lock();
        kept.uses = kept.uses.saturating_add(1);
        let uses = kept.uses;
        match kept.by_arn.get_mut(arn) {
            Some((machine, used)) => {
                *used = uses;
                Ok(machine.clone())
            }
            None => Err(Stamp(kept.changes)),
        }
    }

    /// Keeps a machine that was read, unless any changed meanwhile.
    pub(crate) fn put(&self, machine: &Machine, stamp: Stamp) {
        let mut kept = self.lock();
        if stamp != Stamp(kept.changes) {
            return;
        }
        kept.remove(&machine.arn);
        kept.bytes = kept.bytes.saturating_add(bytes(machine));
        let uses = kept.uses;
        kept.by_arn.insert(machine.arn.clone(), (machine.clone(), uses));
        while kept.is_too_much() {
            let oldest = kept.by_arn.iter().min_by_key(|(_, (_, used))| *used);
            let Some(oldest) = oldest.map(|(arn, _)| arn.clone()) else { break };
            kept.remove(&oldest);
        }
    }

    /// Lets a machine go that changed in the file.
    pub(crate) fn forget(&self, arn: &str) {
        let mut kept = self.lock();
        kept.changes = kept.changes.saturating_add(1);
        kept.remove(&MachineArn::trusted(arn.into()));
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn remove(&mut self, arn: &MachineArn) {
        if let Some((machine, _)) = self.by_arn.remove(arn) {
            self.bytes = self.bytes.saturating_sub(bytes(&machine));
        }
    }

    fn is_too_much(&self) -> bool {
        self.by_arn.len() > limits::MACHINES_KEPT_MAX
            || self.bytes > limits::MACHINES_KEPT_BYTES_MAX
    }
}

/// What a machine takes beside some hundred bytes.
fn bytes(machine: &Machine) -> usize {
    machine.revision.definition.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use baton_store::{MachineKind, Revision, RevisionId};
    use jiff::Timestamp;

    #[test]
    fn a_machine_that_changed_while_it_was_read_is_not_kept() {
        let kept = Machines::default();
        let machine = machine("a", 10);
        let stamp = kept.get(&machine.arn).unwrap_err();
        kept.forget(machine.arn.as_str());
        kept.put(&machine, stamp);
        let stamp = kept.get(&machine.arn).unwrap_err();
        kept.put(&machine, stamp);
        assert_eq!(kept.get(&machine.arn), Ok(machine.clone()));
        kept.forget(machine.arn.as_str());
        assert!(kept.get(&machine.arn).is_err());
    }

    #[test]
    fn what_is_kept_is_bounded_and_the_oldest_makes_room() {
        let kept = Machines::default();
        let put = |machine: &Machine| kept.put(machine, kept.get(&machine.arn).unwrap_err());
        for number in 0..limits::MACHINES_KEPT_MAX + 10 {
            put(&machine(&format!("small-{number}"), 10));
        }
        assert_eq!(kept.lock().by_arn.len(), limits::MACHINES_KEPT_MAX);
        assert!(kept.get(&machine("small-0", 0).arn).is_err());
        for number in 0..40 {
            put(&machine(&format!("large-{number}"), 1_000_000));
        }
        let held = kept.lock();
        assert!(held.bytes <= limits::MACHINES_KEPT_BYTES_MAX);
        let sum: usize = held.by_arn.values().map(|(machine, _)| bytes(machine)).sum();
        assert_eq!(held.bytes, sum);
        drop(held);
        assert!(kept.get(&machine("large-39", 0).arn).is_ok());
    }

    fn machine(name: &str, bytes: usize) -> Machine {
        let arn = format!("arn:aws:states:us-east-1:123456789012:stateMachine:{name}");
        let revision = Revision {
            id: RevisionId("1".into()),
            definition: "x".repeat(bytes).into(),
            role_arn: "r".into(),
        };
        Machine {
            arn: MachineArn::trusted(arn.into()),
            kind: MachineKind::Standard,
            created: Timestamp::UNIX_EPOCH,
            updated: None,
            is_deleting: false,
            revision,
            settings: BTreeMap::new(),
            tags: BTreeMap::new(),
        }
    }
}
