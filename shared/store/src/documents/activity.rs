//! Activities, and the tasks that wait for their workers.

use super::place::RecordPlace;
use super::{Document, DocumentKind};
use crate::ExecutionArn;
use baton_engine::{Record, ScopePath, Sequence};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// An activity. Group: all of its account and region; key: its ARN.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Activity {
    /// When it was created.
    pub created_millis: i64,
    /// `encryptionConfiguration`.
    pub encryption: Value,
    /// `tags`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

impl Activity {
    /// The group of an activity: what its ARN has before its name.
    #[must_use]
    pub fn group(arn: &str) -> &str {
        arn.rsplit_once(':').map_or(arn, |(group, _)| group)
    }
}

impl Document for Activity {
    const KIND: DocumentKind = DocumentKind::Activity;
}

/// A task that waits for a worker of its activity. It may stand for one that waits no longer: whoever takes it asks the journal.
/// Group: the activity's ARN.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ActivityTask(RecordPlace);

impl Document for ActivityTask {
    const KIND: DocumentKind = DocumentKind::ActivityTask;
}

impl ActivityTask {
    /// The task of a record.
    #[must_use]
    pub fn of(execution: &ExecutionArn, record: &Record) -> Self {
        ActivityTask(RecordPlace::new(execution, &record.scope, record.sequence))
    }

    /// The key of a record's task: the one that was scheduled first comes first.
    #[must_use]
    pub fn key(execution: &ExecutionArn, record: &Record) -> String {
        let (moment, scope, sequence) = (record.moment, &record.scope, record.sequence);
        format!("{:014}.{:010} {execution} {scope} {sequence}", moment.millis, moment.tick)
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
    use crate::records::samples;
    use serde_json::json;

    #[test]
    fn activities_and_their_tasks_read_back() {
        let activity = Activity {
            created_millis: 1,
            encryption: json!({"type": "AWS_OWNED_KEY"}),
            tags: BTreeMap::new(),
        };
        check(
            &activity,
            r#"{"v":1,"d":{"createdMillis":1,"encryption":{"type":"AWS_OWNED_KEY"}}}"#,
        );
        let execution = ExecutionArn::parse("arn:aws:states:us-east-1:1:execution:m:n").unwrap();
        let record = samples::small();
        let task = ActivityTask::of(&execution, &record);
        assert_eq!(task.place(), Some((execution, record.scope, record.sequence)));
        check(
            &ActivityTask(RecordPlace {
                execution: "e".to_owned(),
                scope: "3.0".to_owned(),
                sequence: 7,
            }),
            r#"{"v":1,"d":{"execution":"e","scope":"3.0","sequence":7}}"#,
        );
    }

    #[test]
    fn tasks_sort_by_the_time_they_were_scheduled() {
        let execution = ExecutionArn::parse("arn:aws:states:us-east-1:1:execution:m:n").unwrap();
        let key = |millis, tick| {
            let mut record = samples::small();
            record.moment = baton_engine::Moment { millis, tick };
            ActivityTask::key(&execution, &record)
        };
        assert!(key(999, 0) < key(1_000, 0));
        assert!(key(1_000, 9) < key(1_000, 10));
    }
}
