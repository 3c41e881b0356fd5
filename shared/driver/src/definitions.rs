//! Compiled definitions by revision. A revision never changes, so what is kept is never stale.

use crate::error::Halt;
use crate::limits::DEFINITIONS_MAX;
use baton_asl::Definition;
use baton_store::{Header, Machines, RevisionId};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The definitions in use, at most [`DEFINITIONS_MAX`]; the one unused for longest makes room.
#[derive(Debug, Default)]
pub(crate) struct Definitions {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    by_id: BTreeMap<RevisionId, (Arc<Definition>, u64)>,
    uses: u64,
}

impl Definitions {
    /// The definition that an execution runs, compiled at its first use.
    pub(crate) async fn get(
        &self,
        machines: &impl Machines,
        header: &Header,
    ) -> Result<Arc<Definition>, Halt> {
        if let Some(definition) = self.with(|kept| kept.touch(&header.revision)) {
            return Ok(definition);
        }
        let revision = machines.revision(&header.machine.unlabelled(), &header.revision).await?;
        let revision = revision.ok_or_else(|| {
            Halt::Broken(format!("revision `{}` of the state machine is gone", header.revision.0))
        })?;
        let definition = Arc::new(compile(&revision.definition)?);
        self.with(|kept| kept.put(header.revision.clone(), definition.clone()));
        Ok(definition)
    }

    fn with<R>(&self, work: impl FnOnce(&mut Kept) -> R) -> R {
        work(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Kept {
    fn touch(&mut self, id: &RevisionId) -> Option<Arc<Definition>> {
        self.uses = self.uses.saturating_add(1);
        let (definition, used) = self.by_id.get_mut(id)?;
        *used = self.uses;
        Some(definition.clone())
    }

    fn put(&mut self, id: RevisionId, definition: Arc<Definition>) {
        self.by_id.insert(id, (definition, self.uses));
        if self.by_id.len() > DEFINITIONS_MAX {
            let oldest = self.by_id.iter().min_by_key(|(_, (_, used))| *used);
            if let Some(oldest) = oldest.map(|(id, _)| id.clone()) {
                self.by_id.remove(&oldest);
            }
        }
    }
}

/// Compiles a text that was accepted when its machine was created.
fn compile(text: &str) -> Result<Definition, Halt> {
    let parsed = baton_asl::parse(text, &baton_asl::Options::default());
    let why = || baton_asl::aws_message(&parsed.diagnostics);
    match parsed.definition {
        Some(definition) => Ok(definition),
        None => Err(Halt::Broken(format!("the definition is no longer accepted: {}", why()))),
    }
}
