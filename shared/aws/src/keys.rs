//! The table's keys, all in one place; what lies under them is told by the module of each kind.
//!
//! | what | partition key | sort key |
//! |---|---|---|
//! | execution header | `x#<execution>` | `h` |
//! | record | `x#<execution>` | `r#<scope>#<sequence>` |
//! | join page | `x#<execution>` | `j#<scope>:<fork>#<level>#<page>` |
//! | execution in the lists of its machine | `l#<machine>#<list>#<shard>` | `<start>#<name>` |
//! | state machine | `m#<machine>` | `m` |
//! | revision | `m#<machine>` | `r#<revision>` |
//! | name of a state machine | `n` | `<machine>` |
//! | document | `d#<kind>#<group>` | `k#<key>` |
//! | chunk or lanes of a map run | `d#<kind>#<group>#<key>` | `k#<key>` |
//! | timer | `t#<minute>#<shard>` | `<due>#<execution>#<scope>#<sequence>#<signal>` |
//! | how far timers are swept | `t#swept` | `m` |
//!
//! ARNs stand whole, numbers have leading zeros. No part of a key can hold a `#` but the last: ARNs and scopes have none, for
//! names of executions and machines may not.

use crate::item::{Item, item, s, text};
use crate::limits::{LIST_SHARDS, TIMER_SHARDS};
use baton_engine::{ForkId, ScopePath, Sequence};
use baton_store::{DocumentId, DocumentKind, ExecutionArn, MachineArn, RevisionId, StoreError};
use sha2::{Digest as _, Sha256};
use std::fmt;

/// The partition key's attribute.
pub(crate) const PK: &str = "pk";
/// The sort key's attribute.
pub(crate) const SK: &str = "sk";
/// The attribute that DynamoDB deletes items by, seconds since 1970.
pub(crate) const EXPIRES: &str = "expires";

/// An item's key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) pk: String,
    pub(crate) sk: String,
}

impl Key {
    fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Key { pk: pk.into(), sk: sk.into() }
    }

    /// As attributes.
    pub(crate) fn attributes(&self) -> Item {
        item([(PK, s(&self.pk)), (SK, s(&self.sk))])
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.pk, self.sk)
    }
}

/// The key of an item that was read.
pub(crate) fn key_of(what: &'static str, item: &Item) -> Result<Key, StoreError> {
    let read = |name| text(item, name).map(str::to_owned).map_err(|error| error.of(what, name));
    Ok(Key { pk: read(PK)?, sk: read(SK)? })
}

/// All of an execution.
pub(crate) fn execution(execution: &ExecutionArn) -> String {
    format!("x#{execution}")
}

/// An execution's header.
pub(crate) fn header(arn: &ExecutionArn) -> Key {
    Key::new(execution(arn), "h")
}

/// What the records of a scope begin with.
pub(crate) fn records(scope: &ScopePath) -> String {
    format!("r#{scope}#")
}

/// What all records begin with.
pub(crate) const ALL_RECORDS: &str = "r#";

/// A record.
pub(crate) fn record(arn: &ExecutionArn, scope: &ScopePath, sequence: Sequence) -> Key {
    Key::new(execution(arn), format!("{}{:010}", records(scope), sequence.0))
}

/// What the records under a fork begin with: its children's, and theirs.
pub(crate) fn records_under(fork: &ForkId) -> String {
    if fork.scope.is_top() {
        format!("{ALL_RECORDS}{}.", fork.fork)
    } else {
        format!("{ALL_RECORDS}{}/{}.", fork.scope, fork.fork)
    }
}

/// The child whose own record this is, of those under a fork.
pub(crate) fn child_of(under: &str, sk: &str) -> Option<u32> {
    let (child, _) = sk.strip_prefix(under)?.split_once('#')?;
    child.parse().ok()
}

/// A page of a join.
pub(crate) fn join(arn: &ExecutionArn, fork: &ForkId, level: u32, page: u32) -> Key {
    Key::new(execution(arn), format!("j#{fork}#{level}#{page:06}"))
}

/// A shard of a list of a machine's executions.
pub(crate) fn list(machine: &MachineArn, list: &str, shard: u8) -> String {
    format!("l#{machine}#{list}#{shard}")
}

/// Which shard of the lists an execution is in.
pub(crate) fn list_shard(execution: &ExecutionArn) -> u8 {
    shard(execution, LIST_SHARDS)
}

/// A machine.
pub(crate) fn machine(arn: &MachineArn) -> Key {
    Key::new(format!("m#{arn}"), "m")
}

/// A revision.
pub(crate) fn revision(arn: &MachineArn, id: &RevisionId) -> Key {
    Key::new(format!("m#{arn}"), format!("r#{}", id.0))
}

/// The partition of all machines' names.
pub(crate) const NAMES: &str = "n";

/// A machine's name.
pub(crate) fn name(arn: &MachineArn) -> Key {
    Key::new(NAMES, arn.name())
}

/// The documents of a group.
pub(crate) fn documents(kind: DocumentKind, group: &str) -> String {
    format!("d#{}#{group}", kind.as_str())
}

/// What goes before a document's own key.
pub(crate) const DOCUMENT: &str = "k#";

/// A document. Those that a large map run reads and writes all the time have partitions of their own; they are not listed.
pub(crate) fn document(id: &DocumentId) -> Key {
    let DocumentId { kind, group, key } = id;
    let partition = if matches!(kind, DocumentKind::MapChunk | DocumentKind::MapLanes) {
        documents(*kind, &format!("{group}#{key}"))
    } else {
        documents(*kind, group)
    };
    Key::new(partition, format!("{DOCUMENT}{key}"))
}

/// The timers of a minute, counted since 1970, in one shard.
pub(crate) fn timers(minute: i64, shard: u8) -> String {
    format!("t#{minute}#{shard}")
}

/// Which shard of its minute an execution's timers are in.
pub(crate) fn timer_shard(execution: &ExecutionArn) -> u8 {
    shard(execution, TIMER_SHARDS)
}

/// How far timers are swept.
pub(crate) fn swept() -> Key {
    Key::new("t#swept", "m")
}

/// A timer.
pub(crate) fn timer(minute: i64, shard: u8, due_millis: i64, cue: &str) -> Key {
    Key::new(timers(minute, shard), format!("{due_millis:014}#{cue}"))
}

/// The same for every worker, whatever it was compiled with.
fn shard(execution: &ExecutionArn, shards: u8) -> u8 {
    let first = Sha256::digest(execution.as_str()).first().copied().unwrap_or_default();
    first.checked_rem(shards).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arn() -> ExecutionArn {
        ExecutionArn::parse("arn:aws:states:us-east-1:111111111111:execution:m:n").unwrap()
    }

    #[test]
    fn records_sort_by_scope_then_number() {
        let key =
            |scope: &str, sequence| record(&arn(), &scope.parse().unwrap(), Sequence(sequence)).sk;
        let mut keys = vec![key("top", 10), key("3.0", 1), key("top", 9), key("3.0/1.1", 0)];
        keys.sort();
        assert_eq!(
            keys,
            ["r#3.0#0000000001", "r#3.0/1.1#0000000000", "r#top#0000000009", "r#top#0000000010"]
        );
        assert!(keys.iter().all(|key| key.starts_with(ALL_RECORDS)));
    }

    #[test]
    fn a_scope_s_records_are_no_other_s() {
        let other = record(&arn(), &"3.01".parse().unwrap(), Sequence(0)).sk;
        assert!(!other.starts_with(&records(&"3.0".parse().unwrap())), "{other}");
    }

    #[test]
    fn a_fork_s_children_are_told_from_theirs() {
        let check = |scope: &str, sk: &str, child| {
            let under = records_under(&ForkId { scope: scope.parse().unwrap(), fork: Sequence(3) });
            assert_eq!(child_of(&under, sk), child, "{scope} {sk}");
        };
        check("top", "r#3.7#0000000002", Some(7));
        check("top", "r#3.7/1.2#0000000000", None);
        check("top", "r#30.7#0000000000", None);
        check("1.0", "r#1.0/3.7#0000000000", Some(7));
        check("1.0", "r#3.7#0000000000", None);
    }

    #[test]
    fn executions_spread_over_all_shards() {
        let machine = arn().machine();
        let mut seen = [false; LIST_SHARDS as usize];
        for at in 0..500 {
            seen[usize::from(list_shard(&ExecutionArn::of(&machine, &at.to_string())))] = true;
        }
        assert_eq!(seen, [true; LIST_SHARDS as usize]);
    }
}
