//! Who waits for the end of a job of which an event tells.

use super::place::RecordPlace;
use super::{Document, DocumentKind};
use crate::ExecutionArn;
use baton_engine::{ScopePath, Sequence};
use serde::{Deserialize, Serialize};

/// A record that waits for a job's end. It may stand for one that waits no longer: whoever is told asks the journal.
/// Group: the job, by the name that events have for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobWaiter(RecordPlace);

impl Document for JobWaiter {
    const KIND: DocumentKind = DocumentKind::JobWaiter;
}

impl JobWaiter {
    /// The record of this number.
    #[must_use]
    pub fn new(execution: &ExecutionArn, scope: &ScopePath, sequence: Sequence) -> Self {
        JobWaiter(RecordPlace::new(execution, scope, sequence))
    }

    /// Its key.
    #[must_use]
    pub fn key(&self) -> String {
        let RecordPlace { execution, scope, sequence } = &self.0;
        format!("{execution} {scope} {sequence}")
    }

    /// Which record waits; nothing if this is no such thing.
    #[must_use]
    pub fn place(&self) -> Option<(ExecutionArn, ScopePath, Sequence)> {
        self.0.read()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;
    use super::*;

    #[test]
    fn who_waits_for_a_job_reads_back() {
        let execution = ExecutionArn::parse("arn:aws:states:us-east-1:1:execution:m:n").unwrap();
        let waiter = JobWaiter::new(&execution, &"3.0".parse().unwrap(), Sequence(7));
        assert_eq!(waiter.key(), "arn:aws:states:us-east-1:1:execution:m:n 3.0 7");
        assert_eq!(waiter.place(), Some((execution, "3.0".parse().unwrap(), Sequence(7))));
        check(
            &waiter,
            r#"{"v":1,"d":{"execution":"arn:aws:states:us-east-1:1:execution:m:n","scope":"3.0","sequence":7}}"#,
        );
    }
}
