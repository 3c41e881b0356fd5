//! How far a Distributed Map goes: counted usage of one item, taken to any number of items and lanes.
//!
//! # Assumptions
//!
//! * Usage grows in step with the items: what one item used in a counted run, each uses. (The counted run shows it: the
//!   difference of two sizes is counted, so what is used once a run is left out.)
//! * A lane is never idle: it has a child, or a batch, under way for [`Job::child_secs`], and then the next.
//! * Load is even over time and over the table's partitions; each run's few hot documents are looked at apart, as
//!   [`Job::hot_writes_per_item`].
//! * What a child does while it lasts is waited for in an invocation that waits for others too: as many as a batch has
//!   calls, or a group has Express children. The calls' own cost is not ours.
//! * A process that runs Express children hands on every ten minutes: a message and an invocation, not counted.
//! * A quota is met by running slower: what is over it waits in a queue and is not lost.

use crate::model::MEMORY_GB;
use crate::{Usage, quotas};

/// A job.
#[derive(Debug, Clone, Copy)]
pub struct Job {
    /// Its items.
    pub items: f64,
    /// Its lanes.
    pub lanes: f64,
    /// The items of one child: 1 without an ItemBatcher.
    pub items_per_child: f64,
    /// How long a child takes.
    pub child_secs: f64,
    /// What one item uses, counted.
    pub usage: Usage,
    /// Writes to the busiest item of the table, for one item of the job.
    pub hot_writes_per_item: f64,
    /// Messages that one item has in flight, for as long as its child takes.
    pub in_flight_per_item: f64,
}

/// One thing that a job needs, and what there is of it.
#[derive(Debug, Clone, Copy)]
pub struct Need {
    /// What it is.
    pub name: &'static str,
    /// How much of it is needed for all lanes to be busy.
    pub needed: f64,
    /// How much there is.
    pub quota: f64,
}

impl Need {
    /// The share of the quota that is needed: above 1, the lanes wait.
    #[must_use]
    pub fn share(&self) -> f64 {
        self.needed / self.quota
    }
}

impl Job {
    /// Items a second, with all lanes busy.
    #[must_use]
    pub fn items_second(&self) -> f64 {
        self.lanes * self.items_per_child / self.child_secs
    }

    /// What that needs, the scarcest first.
    #[must_use]
    pub fn needs(&self) -> Vec<Need> {
        let rate = self.items_second();
        let invoked_secs = self.usage.gb_seconds / MEMORY_GB;
        let need = |name, per_item: f64, quota| Need { name, needed: rate * per_item, quota };
        let mut needs = vec![
            need(
                "table, write units a second",
                self.usage.write_units,
                quotas::TABLE_WRITE_UNITS_SECOND,
            ),
            need(
                "table, read units a second",
                self.usage.read_units,
                quotas::TABLE_READ_UNITS_SECOND,
            ),
            need(
                "fresh table, write units a second",
                self.usage.write_units,
                quotas::FRESH_TABLE_WRITE_UNITS_SECOND,
            ),
            need(
                "busiest item, writes a second",
                self.hot_writes_per_item,
                quotas::PARTITION_WRITE_UNITS_SECOND,
            ),
            need("Lambda, concurrency", invoked_secs, quotas::LAMBDA_CONCURRENCY),
            need(
                "Lambda, invocations a second",
                self.usage.invocations,
                quotas::LAMBDA_CONCURRENCY * quotas::INVOCATIONS_SECOND_PER_CONCURRENCY,
            ),
            need(
                "SQS, messages in flight",
                self.in_flight_per_item * self.child_secs,
                quotas::QUEUE_IN_FLIGHT,
            ),
            need("S3, PUTs a second of a prefix", self.usage.s3_puts, quotas::PREFIX_PUTS_SECOND),
            need("S3, GETs a second of a prefix", self.usage.s3_gets, quotas::PREFIX_GETS_SECOND),
        ];
        needs.sort_by(|a, b| b.share().total_cmp(&a.share()));
        needs
    }

    /// Items a second that the quotas allow; `warm`: the table has grown to its quota.
    #[must_use]
    pub fn sustained_items_second(&self, warm: bool) -> f64 {
        let binding = |need: &&Need| !(warm && need.name.starts_with("fresh"));
        let scarcest = self.needs().iter().filter(binding).map(Need::share).fold(1.0, f64::max);
        self.items_second() / scarcest
    }

    /// How long the job takes.
    #[must_use]
    pub fn secs(&self, warm: bool) -> f64 {
        self.items / self.sustained_items_second(warm)
    }

    /// What it costs.
    #[must_use]
    pub fn dollars(&self) -> f64 {
        (self.usage * self.items).dollars()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job() -> Job {
        Job {
            items: 1e8,
            lanes: 10_000.0,
            items_per_child: 1.0,
            child_secs: 1.0,
            usage: Usage {
                write_units: 8.0,
                invocations: 0.1,
                gb_seconds: 0.01,
                ..Usage::default()
            },
            hot_writes_per_item: 0.001,
            in_flight_per_item: 1.0,
        }
    }

    #[test]
    fn the_scarcest_thing_sets_the_pace() {
        let needs = job().needs();
        assert_eq!(needs.first().map(|need| need.name), Some("fresh table, write units a second"));
        // 10,000 items a second want 80,000 write units; a fresh table has 4,000, a grown one 40,000.
        assert!((job().sustained_items_second(false) - 500.0).abs() < 1e-6);
        assert!((job().sustained_items_second(true) - 5_000.0).abs() < 1e-6);
        assert!((job().secs(true) - 20_000.0).abs() < 1e-3);
    }

    #[test]
    fn lanes_that_fit_are_not_slowed() {
        let small = Job { lanes: 100.0, ..job() };
        assert!((small.sustained_items_second(false) - 100.0).abs() < 1e-9);
    }
}
