//! Many calls in one process of the task function.

use baton_lambda::Queue;
use baton_tests::cloud::{Gate, Stack, TASK_QUEUE, Terms};
use serde_json::json;
use std::time::Duration;

const CALLS: usize = 1_000;
/// What each call that is under way may take of this process, an unoptimised build and the cloud in memory included.
const BYTES_EACH_MAX: u64 = 192 * 1024;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_calls_are_under_way_at_once_and_a_slow_one_holds_up_none() {
    raise_open_files();
    let gate = Gate::start().await;
    let mut stack = Stack::at(Terms { batch: 10, call_secs: 0.0 }, gate.address()).await;
    let machine = stack.create("crowd", &crate::chain(&[crate::task("f"), crate::task("g")])).await;
    for number in 0..=CALLS {
        let input = json!({ "slow": number == CALLS });
        stack.start(&machine, &format!("e{number}"), &input).await;
    }
    while stack.deliver(Queue::Cues).await > 0 {}
    let event = serde_json::from_value(stack.receive_all(TASK_QUEUE)).expect("an event");
    let before = resident_bytes();
    let task = stack.task.clone();
    task.begin(stack.cloud.now().as_millisecond().unsigned_abs() + 900_000);
    let taking = tokio::spawn(async move { task.take_each(Queue::Tasks, event).await });
    until("all calls are under way", CALLS + 1, || gate.arrived()).await;
    let under_way = resident_bytes().saturating_sub(before);
    let each = under_way / CALLS as u64;
    assert!(each < BYTES_EACH_MAX, "{each} bytes for each call under way");
    gate.open();
    // Each that has gone on asks for its next call.
    until("the quick ones have ended", CALLS, || stack.visible(TASK_QUEUE)).await;
    assert_eq!(stack.visible(TASK_QUEUE), CALLS, "all calls but the slow one have gone on");
    assert!(!taking.is_finished());
    gate.open_for_all();
    assert!(taking.await.expect("no panic").batch_item_failures.is_empty());
}

fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kibibytes.unwrap_or_default() * 1024
}

#[expect(clippy::disallowed_methods, reason = "calls over sockets take real time")]
async fn until(what: &str, wanted: usize, count: impl Fn() -> usize) {
    for _ in 0..3_000 {
        if count() >= wanted {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("waited in vain until {what}: {} of {wanted}", count());
}

/// Each call is two open files here, as both of its ends are.
fn raise_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
        .expect("a limit of one's own");
}
