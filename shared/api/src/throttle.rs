//! AWS's rate quotas (QUO-14, 15, 17, 18), where they are asked for: a token bucket for each account, region and operation.
//!
//! # Invariants
//!
//! * A bucket that is full again is no bucket: what is kept is bounded by what was asked lately.

use crate::operation::Operation;
use baton_store::MachineKind;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// The most buckets that are kept; beyond them the full ones are let go, and then all.
const BUCKETS_MAX: usize = 10_000;
/// The regions with the higher quotas.
const LARGE_REGIONS: [&str; 3] = ["us-east-1", "us-west-2", "eu-west-1"];

/// How many requests there may be at once, and how many a second after that.
#[derive(Debug, Clone, Copy)]
struct Rate {
    burst: u32,
    per_sec: u32,
}

/// The buckets that are not full.
#[derive(Debug, Default)]
pub(crate) struct Throttle(Mutex<BTreeMap<Key, Bucket>>);

/// An account, a region, and what is counted there.
type Key = (String, String, Counted);

/// What has a bucket of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Counted {
    /// Any operation but StartExecution, which counts nothing here.
    Operation(Operation),
    /// StartExecution, once the state machine's type is known.
    Start(MachineKind),
}

/// What is left in a bucket, in thousandths, and since when.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    rate: Rate,
    left: u64,
    millis: i64,
}

impl Throttle {
    /// Counts a request; whether it is within the quota.
    pub(crate) fn admit(
        &self,
        account: &str,
        region: &str,
        counted: Counted,
        now: Timestamp,
    ) -> bool {
        let Some(rate) = Rate::of(counted, region) else { return true };
        let key = (account.to_owned(), region.to_owned(), counted);
        let millis = now.as_millisecond();
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= BUCKETS_MAX {
            buckets.retain(|_, bucket| bucket.at(millis).left < bucket.rate.full());
            if buckets.len() >= BUCKETS_MAX {
                buckets.clear();
            }
        }
        let bucket = buckets.entry(key).or_insert(Bucket { rate, left: rate.full(), millis });
        *bucket = bucket.at(millis);
        match bucket.left.checked_sub(1_000) {
            Some(left) => {
                bucket.left = left;
                true
            }
            None => false,
        }
    }
}

impl Bucket {
    /// The bucket as it is by then.
    fn at(self, millis: i64) -> Self {
        let elapsed = u64::try_from(millis.saturating_sub(self.millis)).unwrap_or_default();
        let came = elapsed.saturating_mul(u64::from(self.rate.per_sec));
        let left = self.left.saturating_add(came).min(self.rate.full());
        Bucket { left, millis: self.millis.max(millis), ..self }
    }
}

impl Rate {
    fn full(self) -> u64 {
        u64::from(self.burst).saturating_mul(1_000)
    }

    /// The quota, where there is one of its own that is documented.
    fn of(counted: Counted, region: &str) -> Option<Self> {
        let is_large = LARGE_REGIONS.contains(&region);
        let (burst, per_sec) = match counted {
            Counted::Start(MachineKind::Express) => (6_000, 6_000),
            Counted::Start(MachineKind::Standard) if is_large => (1_300, 300),
            Counted::Start(MachineKind::Standard) => (800, 150),
            Counted::Operation(operation) => Self::of_operation(operation, is_large)?,
        };
        Some(Rate { burst, per_sec })
    }

    fn of_operation(operation: Operation, is_large: bool) -> Option<(u32, u32)> {
        Some(match operation {
            // Counted once the state machine's type is known.
            Operation::StartExecution => return None,
            Operation::StartSyncExecution
            | Operation::ListTagsForResource
            | Operation::TagResource
            | Operation::UntagResource => return None,
            Operation::GetActivityTask
            | Operation::SendTaskFailure
            | Operation::SendTaskHeartbeat
            | Operation::SendTaskSuccess => {
                if is_large {
                    (3_000, 500)
                } else {
                    (1_500, 300)
                }
            }
            Operation::RedriveExecution => (1_300, 300),
            Operation::StopExecution => (1_000, 200),
            Operation::GetExecutionHistory => (400, 20),
            Operation::DescribeExecution => (300, 15),
            Operation::DescribeStateMachine => (200, 20),
            Operation::ListExecutions => (200, 5),
            Operation::DescribeActivity
            | Operation::DescribeMapRun
            | Operation::DescribeStateMachineAlias
            | Operation::DescribeStateMachineForExecution => (200, 1),
            Operation::ListActivities => (100, 10),
            Operation::ListStateMachines => (100, 5),
            Operation::TestState => (50, 10),
            Operation::CreateActivity
            | Operation::CreateStateMachine
            | Operation::CreateStateMachineAlias
            | Operation::DeleteActivity
            | Operation::DeleteStateMachine
            | Operation::DeleteStateMachineAlias
            | Operation::DeleteStateMachineVersion
            | Operation::ListMapRuns
            | Operation::ListStateMachineAliases
            | Operation::ListStateMachineVersions
            | Operation::PublishStateMachineVersion
            | Operation::UpdateMapRun
            | Operation::UpdateStateMachine
            | Operation::UpdateStateMachineAlias
            | Operation::ValidateStateMachineDefinition => (100, 1),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: &str = "111111111111";

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(millis).unwrap()
    }

    #[test]
    fn a_burst_is_admitted_and_then_so_many_a_second() {
        let throttle = Throttle::default();
        let list = |millis| {
            throttle.admit(
                ACCOUNT,
                "us-east-1",
                Counted::Operation(Operation::ListExecutions),
                at(millis),
            )
        };
        assert_eq!((0..300).filter(|_| list(0)).count(), 200);
        assert!(!list(199));
        assert!(list(200));
        assert!(!list(200));
        assert_eq!((0..300).filter(|_| list(2_200)).count(), 10);
        // A clock that is set back gives nothing and takes nothing.
        assert!(!list(0));
        assert_eq!((0..300).filter(|_| list(1_000_000)).count(), 200);
    }

    #[test]
    fn each_account_region_and_type_has_a_bucket_of_its_own() {
        let throttle = Throttle::default();
        let starts = |account, region, kind| {
            (0..7_000)
                .filter(|_| throttle.admit(account, region, Counted::Start(kind), at(0)))
                .count()
        };
        assert_eq!(starts(ACCOUNT, "us-east-1", MachineKind::Standard), 1_300);
        assert_eq!(starts(ACCOUNT, "us-east-1", MachineKind::Standard), 0);
        assert_eq!(starts(ACCOUNT, "us-east-1", MachineKind::Express), 6_000);
        assert_eq!(starts(ACCOUNT, "sa-east-1", MachineKind::Standard), 800);
        assert_eq!(starts("222222222222", "us-east-1", MachineKind::Standard), 1_300);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let throttle = Throttle::default();
        for account in 0..3 * BUCKETS_MAX {
            let (account, now) = (account.to_string(), at(i64::try_from(account).unwrap()));
            assert!(throttle.admit(
                &account,
                "us-east-1",
                Counted::Operation(Operation::StopExecution),
                now
            ));
        }
        assert!(throttle.0.lock().unwrap().len() <= BUCKETS_MAX);
    }
}
