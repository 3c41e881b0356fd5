//! Lists: a machine's executions by their start, all of them and those of each status.
//!
//! | attribute | holds |
//! |---|---|
//! | `pk`, `sk` | `l#<machine>#<list>#<shard>`, `<start>#<name>` |
//! | `expires` | when DynamoDB may delete it |
//!
//! The lists are `all` and the names of the statuses. An entry says no more than that there may be such an execution: it is written before
//! the header, and moves from list to list after the header has changed. A start under a name that is taken leaves an entry, too,
//! with a time of its own. Whoever reads a list reads the headers too, and leaves out what is not as listed.

use crate::Aws;
use crate::error::{no_such_page, refused, unavailable};
use crate::item::{Item, s, text};
use crate::keys::{self, EXPIRES, Key, SK};
use crate::limits::LIST_SHARDS;
use aws_sdk_dynamodb::types::AttributeValue;
use baton_store::{ExecutionArn, ExecutionQuery, Header, MachineArn, StatusName, StoreError};
use jiff::Timestamp;
use tokio::task::JoinSet;

const WHAT: &str = "list of executions";
const ALL: &str = "all";
/// The most entries of a page.
const ITEMS_MAX: u32 = 1000;

fn list_name(status: Option<StatusName>) -> &'static str {
    status.map_or(ALL, StatusName::as_str)
}

fn key(arn: &ExecutionArn, started: Timestamp, status: Option<StatusName>) -> Key {
    Key {
        pk: keys::list(&arn.machine(), list_name(status), keys::list_shard(arn)),
        sk: format!("{:014}#{}", started.as_millisecond(), arn.name()),
    }
}

impl Aws {
    /// Lists an execution that is about to be created.
    pub(super) async fn list_started(&self, header: &Header) -> Result<(), StoreError> {
        let (arn, started) = (header.arn(), header.execution.started);
        let lists = [None, Some(StatusName::Running)].map(|status| key(&arn, started, status));
        let [all, running] = lists.map(|key| self.list(key, self.expires()));
        tokio::try_join!(all, running)?;
        Ok(())
    }

    /// Moves an execution that has ended to the list of its status.
    pub(super) async fn list_ended(
        &self,
        arn: &ExecutionArn,
        started: Timestamp,
        status: StatusName,
    ) -> Result<(), StoreError> {
        self.list(key(arn, started, Some(status)), self.expires_ended()).await?;
        self.unlist(key(arn, started, Some(StatusName::Running))).await
    }

    /// Moves an execution that runs again from the list of its status.
    pub(super) async fn list_reopened(
        &self,
        arn: &ExecutionArn,
        started: Timestamp,
        status: StatusName,
    ) -> Result<(), StoreError> {
        self.list(key(arn, started, None), self.expires()).await?;
        self.list(key(arn, started, Some(StatusName::Running)), self.expires()).await?;
        self.unlist(key(arn, started, Some(status))).await
    }

    async fn unlist(&self, key: Key) -> Result<(), StoreError> {
        let request = self.dynamo.delete_item().table_name(&*self.table);
        request.set_key(Some(key.attributes())).send().await.map_err(unavailable(WHAT))?;
        Ok(())
    }

    async fn list(&self, key: Key, expires: AttributeValue) -> Result<(), StoreError> {
        let mut entry = key.attributes();
        entry.insert(EXPIRES.to_owned(), expires);
        let request = self.dynamo.put_item().table_name(&*self.table).set_item(Some(entry));
        request.send().await.map_err(unavailable(WHAT))?;
        Ok(())
    }

    /// A page of listed executions, newest first, and where the next begins.
    pub(super) async fn listed(
        &self,
        query: &ExecutionQuery,
        from: Option<&str>,
    ) -> Result<(Vec<Entry>, Option<String>), StoreError> {
        if let Some(from) = from.filter(|from| !from.contains('#')) {
            return Err(no_such_page(from));
        }
        let items_max = query.items_max.clamp(1, ITEMS_MAX);
        let mut shards = JoinSet::new();
        for shard in 0..LIST_SHARDS {
            let pk = keys::list(&query.machine, list_name(query.status), shard);
            let (aws, from) = (self.clone(), from.map(str::to_owned));
            shards.spawn(async move { aws.list_shard(pk, from, items_max).await });
        }
        let mut entries = Vec::new();
        let mut has_more = false;
        while let Some(shard) = shards.join_next().await {
            let shard = shard.map_err(|error| refused(WHAT, error.to_string()))??;
            has_more |= shard.has_more;
            entries.extend(shard.entries);
        }
        entries.sort_unstable_by(|a, b| b.cmp(a));
        let items_max = usize::try_from(items_max).unwrap_or(usize::MAX);
        has_more |= entries.len() > items_max;
        entries.truncate(items_max);
        let next = entries.last().cloned().filter(|_| has_more);
        Ok((entries.iter().filter_map(|entry| Entry::read(&query.machine, entry)).collect(), next))
    }

    async fn list_shard(
        self,
        pk: String,
        from: Option<String>,
        items_max: u32,
    ) -> Result<Shard, StoreError> {
        let request = self
            .dynamo
            .query()
            .table_name(&*self.table)
            .expression_attribute_values(":pk", s(pk))
            .scan_index_forward(false)
            .limit(i32::try_from(items_max).unwrap_or(i32::MAX));
        let request = match from {
            None => request.key_condition_expression("pk = :pk"),
            Some(from) => request
                .key_condition_expression("pk = :pk AND sk < :from")
                .expression_attribute_values(":from", s(from)),
        };
        let answer = request.send().await.map_err(unavailable(WHAT))?;
        let has_more = answer.last_evaluated_key.is_some();
        let entries = answer.items.unwrap_or_default();
        let sort_key = |entry: &Item| text(entry, SK).map(str::to_owned);
        let entries = entries.iter().map(sort_key).collect::<Result<_, _>>();
        Ok(Shard { entries: entries.map_err(|error| error.of(WHAT, SK))?, has_more })
    }
}

/// A page of one shard.
struct Shard {
    entries: Vec<String>,
    has_more: bool,
}

/// What a list says of an execution.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) execution: ExecutionArn,
    started_millis: i64,
}

impl Entry {
    /// Reads an entry's sort key.
    fn read(machine: &MachineArn, entry: &str) -> Option<Self> {
        let (started, name) = entry.split_once('#')?;
        let started_millis = started.parse().ok()?;
        Some(Entry { execution: ExecutionArn::of(machine, name), started_millis })
    }

    /// Whether it is the entry of this very execution, not of a start that found the name taken.
    pub(super) fn is_of(&self, header: &Header) -> bool {
        header.execution.started.as_millisecond() == self.started_millis
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_leads_back_to_its_execution() {
        let execution =
            ExecutionArn::parse("arn:aws:states:us-east-1:111111111111:execution:m:a#b").unwrap();
        let started = Timestamp::from_millisecond(1_700_000_000_123).unwrap();
        let key = key(&execution, started, Some(StatusName::TimedOut));
        assert_eq!(key.sk, "01700000000123#a#b");
        assert!(key.pk.contains("#TIMED_OUT#"), "{}", key.pk);
        let entry = Entry { started_millis: 1_700_000_000_123, execution: execution.clone() };
        assert_eq!(Entry::read(&execution.machine(), &key.sk), Some(entry));
    }

    #[test]
    fn entries_sort_by_start() {
        let arn = |name| {
            ExecutionArn::parse(&format!(
                "arn:aws:states:us-east-1:111111111111:execution:m:{name}"
            ))
        };
        let sk = |millis, name| {
            key(&arn(name).unwrap(), Timestamp::from_millisecond(millis).unwrap(), None).sk
        };
        assert!(sk(999, "z") < sk(1000, "a"));
    }
}
