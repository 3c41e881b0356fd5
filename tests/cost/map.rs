//! Distributed Maps: what an item of a map run uses, its price beside AWS's, and how far it goes.
//!
//! Two sizes of each run are counted, and what they differ by is an item's: whatever is used once a run is left out. The
//! smaller one is large enough for every lane to have had a chunk. The state makes its items itself, so that reading them from S3
//! is not counted: a GET for every MiB, or a LIST for every thousand objects. Results are not exported.

use baton_cost::model::{EXPRESS_CHILD_SECS, MEMORY_GB};
use baton_cost::scale::Job;
use baton_cost::{Usage, rivals};
use baton_tests::cloud::{Log, Request, Stack, Terms, Value};
use libtest_mimic::Failed;
use serde_json::json;
use std::collections::BTreeMap;

/// What AWS charges for an item, of what Baton costs for it: the goal for Express children in batches.
const EXPRESS_GOAL: f64 = 0.1;
/// A child's two states, and the transition that its start is to the parent.
const TRANSITIONS: f64 = 3.0;
/// What a child is taken to last, where lanes are counted: a call of a second among its states.
const CHILD_SECS: f64 = 1.0;
/// How many of them wait in one invocation: the lanes of a group of Express children, or a batch of calls.
const LANES_PER_INVOCATION: f64 = 100.0;
const BATCH: f64 = 10.0;
const LANES: f64 = 10_000.0;
const ITEMS: f64 = 1e8;

/// A map run that is counted.
#[derive(Debug, Clone, Copy)]
struct Run {
    name: &'static str,
    is_express: bool,
    per_child: usize,
    /// Two sizes: what they differ by is counted, so that what is used once a run is left out.
    sizes: (usize, usize),
}

const RUNS: [Run; 4] = [
    Run { name: "Standard", is_express: false, per_child: 1, sizes: (250, 500) },
    Run { name: "Standard, 10 a batch", is_express: false, per_child: 10, sizes: (500, 1_000) },
    Run { name: "Express", is_express: true, per_child: 1, sizes: (3_100, 11_100) },
    Run { name: "Express, 10 a batch", is_express: true, per_child: 10, sizes: (5_000, 20_000) },
];

/// What one item of a run used.
struct Counted {
    run: Run,
    usage: Usage,
    hot_writes: f64,
    requests: BTreeMap<(String, String), f64>,
}

pub async fn check() -> Result<(), Failed> {
    let mut counted = Vec::new();
    for run in RUNS {
        counted.push(count(run).await);
    }
    print_prices(&counted);
    print_scale(&counted);
    for item in counted.iter().filter(|item| item.run.is_express && item.run.per_child > 1) {
        let (ours, theirs) = (item.usage.dollars() * 1e6, aws(item.run));
        if ours > theirs * EXPRESS_GOAL {
            return Err(format!(
                "{}: {ours:.3} is more than a tenth of {theirs:.2}",
                item.run.name
            )
            .into());
        }
    }
    Ok(())
}

async fn count(run: Run) -> Counted {
    let (small, small_requests) = used(run, run.sizes.0).await;
    let (large, large_requests) = used(run, run.sizes.1).await;
    let share = 1.0 / (run.sizes.1 - run.sizes.0) as f64;
    let hottest = |requests: &[Request]| writes(requests).into_values().fold(0.0, f64::max);
    let mut requests = summed(&large_requests);
    for (key, count) in summed(&small_requests) {
        *requests.entry(key).or_default() -= count;
    }
    requests.values_mut().for_each(|count| *count *= share);
    let mut usage = (large - small) * share;
    if run.is_express {
        // What the requests do not tell: one invocation runs many children.
        usage.gb_seconds += MEMORY_GB * EXPRESS_CHILD_SECS / run.per_child as f64;
    }
    let hot_writes = (hottest(&large_requests) - hottest(&small_requests)).max(0.0) * share;
    Counted { run, usage, hot_writes, requests }
}

/// A map run over so many items, in batches of ten cues an invocation.
async fn used(run: Run, items: usize) -> (Usage, Vec<Request>) {
    let log = Log::default();
    let _collects = log.collect("info");
    let mut stack = Stack::new(Terms { batch: 10, call_secs: 0.0 }).await;
    let machine = stack.create("job", &definition(run, items)).await;
    stack.take_usage();
    log.take();
    let name = "counted--0000-4b8e-9a55-0c6a4f6b7d21";
    let execution = stack.start(&machine, name, &json!({})).await;
    stack.run().await;
    let (mut usage, requests) = stack.take_usage();
    usage.log_bytes = log.take().len() as f64;
    let described = stack.ask("DescribeExecution", &json!({"executionArn": execution})).await;
    let described = described.expect("a description");
    assert_eq!(described["status"], "SUCCEEDED", "{}: {described}", run.name);
    (usage, requests)
}

fn definition(run: Run, items: usize) -> Value {
    let mut map = json!({
        "Type": "Map",
        "Items": format!("{{% [1..{items}] %}}"),
        "ItemSelector": {
            "id": "{% 10000000 + $states.context.Map.Item.Value * 7919 %}",
            "sku": "{% 'SKU-' & $states.context.Map.Item.Index %}",
        },
        "MaxConcurrency": 100,
        "Output": "done",
        "ItemProcessor": {
            "ProcessorConfig": {
                "Mode": "DISTRIBUTED",
                "ExecutionType": if run.is_express { "EXPRESS" } else { "STANDARD" },
            },
            "StartAt": "Look",
            "States": {
                "Look": {"Type": "Pass", "Next": "Note"},
                "Note": {"Type": "Pass", "Output": "done", "End": true},
            },
        },
        "End": true,
    });
    if run.per_child > 1 {
        map["ItemBatcher"] = json!({"MaxItemsPerBatch": run.per_child});
    }
    json!({"QueryLanguage": "JSONata", "StartAt": "Each", "States": {"Each": map}})
}

/// Writes by the item that they are about.
fn writes(requests: &[Request]) -> BTreeMap<&str, f64> {
    let mut writes = BTreeMap::new();
    for request in requests.iter().filter(|request| request.usage.write_units > 0.0) {
        *writes.entry(request.key.as_str()).or_default() += request.usage.write_units;
    }
    writes
}

fn summed(requests: &[Request]) -> BTreeMap<(String, String), f64> {
    let mut sums = BTreeMap::new();
    for request in requests {
        *sums.entry((request.service.to_owned(), request.operation.clone())).or_default() += 1.0;
    }
    sums
}

/// What AWS charges for a million items.
fn aws(run: Run) -> f64 {
    let child = match run.is_express {
        false => rivals::standard(TRANSITIONS),
        true => rivals::standard(1.0) + rivals::express(0.1, 64.0),
    };
    child / run.per_child as f64
}

fn print_prices(counted: &[Counted]) {
    println!("\nA million items of a Distributed Map, children of two states, in dollars.\n");
    println!(
        "{:<22} {:>8} {:>8} {:>7} {:>8} {:>8} {:>8} {:>8} {:>8}",
        "children", "all", "AWS", "share", "WRU", "RRU", "SQS", "invoc", "GB-s"
    );
    for item in counted {
        let (usage, ours, theirs) = (&item.usage, item.usage.dollars() * 1e6, aws(item.run));
        println!(
            "{:<22} {ours:>8.3} {theirs:>8.2} {:>5.1} % {:>8.4} {:>8.4} {:>8.4} {:>8.4} {:>8.5}",
            item.run.name,
            ours / theirs * 100.0,
            usage.write_units,
            usage.read_units,
            usage.sqs_requests,
            usage.invocations,
            usage.gb_seconds
        );
    }
    for item in counted {
        println!("\n{}: requests of one item", item.run.name);
        for ((service, operation), count) in item.requests.iter().filter(|(_, n)| **n > 1e-6) {
            println!("  {service:<10} {operation:<24} {count:>8.4}");
        }
    }
}

fn print_scale(counted: &[Counted]) {
    println!(
        "\nTaken to {ITEMS:.0} items on {LANES:.0} lanes, children that wait for {CHILD_SECS} s (assumptions: `baton_cost::scale`); what is\nneeded for all lanes to be busy, the scarcest first:\n"
    );
    for item in counted {
        let together = if item.run.is_express { LANES_PER_INVOCATION } else { BATCH };
        let waited = MEMORY_GB * CHILD_SECS / together / item.run.per_child as f64;
        let usage = Usage { gb_seconds: item.usage.gb_seconds + waited, ..item.usage };
        let job = Job {
            items: ITEMS,
            lanes: LANES,
            items_per_child: item.run.per_child as f64,
            child_secs: CHILD_SECS,
            usage,
            hot_writes_per_item: item.hot_writes,
            in_flight_per_item: if item.run.is_express {
                0.0
            } else {
                1.0 / item.run.per_child as f64
            },
        };
        println!(
            "{}: {:.0} $; all lanes busy {:.0} items/s; sustained {:.0} items/s on a fresh table, {:.0} on a warm one ({:.1} h)",
            item.run.name,
            job.dollars(),
            job.items_second(),
            job.sustained_items_second(false),
            job.sustained_items_second(true),
            job.secs(true) / 3_600.0
        );
        for need in job.needs().iter().take(5) {
            println!(
                "  {:<36} {:>12.0} of {:>8.0}  {:>8.2} times",
                need.name,
                need.needed,
                need.quota,
                need.share()
            );
        }
    }
}
