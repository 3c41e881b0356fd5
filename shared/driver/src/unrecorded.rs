//! Answers of calls that could not be committed yet. The claim forbids calling again, so without these a moment's
//! outage of the backend would cost the attempt. They live in this process only: another one waits for the claim to
//! expire.

use crate::limits::UNRECORDED_MAX;
use baton_engine::{Outcome, ScopePath, Sequence};
use baton_store::ExecutionArn;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

type Attempt = (ExecutionArn, ScopePath, Sequence);

/// At most [`UNRECORDED_MAX`] answers; further ones are let go.
#[derive(Debug, Default)]
pub(crate) struct Unrecorded(Mutex<BTreeMap<Attempt, Outcome>>);

impl Unrecorded {
    pub(crate) fn keep(&self, attempt: Attempt, outcome: Outcome) {
        let mut kept = self.lock();
        if kept.len() < UNRECORDED_MAX {
            kept.insert(attempt, outcome);
        }
    }

    pub(crate) fn take(&self, attempt: &Attempt) -> Option<Outcome> {
        self.lock().remove(attempt)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Attempt, Outcome>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
