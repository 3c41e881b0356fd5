//! Every signal at every kind of record: one table, refusals included.

use super::definitions::{callback, job, map, only, passes, task};
use super::support::{World, failure};
use crate::{Dropped, Taken};
use baton_engine::{Claim, ErrorDetail, Moment, ScopePath, Sequence, Signal};
use baton_store::Journal;
use expect_test::expect;
use serde_json::json;
use std::fmt::Write;

const SIGNALS: [Signal; 11] = [
    Signal::Proceed,
    Signal::Perform,
    Signal::Timeout,
    Signal::Heartbeat,
    Signal::Spawn { from: 0 },
    Signal::Joined,
    Signal::ChildFailed { child: 0 },
    Signal::ExecutionTimeout,
    Signal::Poll,
    Signal::Told { is_last: false },
    Signal::Cancel,
];

const KINDS: [&str; 14] = [
    "continue",
    "failing",
    "until",
    "retry",
    "call",
    "claimed call",
    "callback",
    "begun job",
    "job",
    "fork",
    "failed fork",
    "ended child",
    "ended top",
    "ended execution",
];

/// An execution with a record of this kind, which is the newest of its scope.
async fn prepared(kind: &str) -> (World, &'static str, u32) {
    let limits = json!({"TimeoutSeconds": 30, "HeartbeatSeconds": 10});
    let retry = json!({"Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 60}]});
    let definition = match kind {
        "failing" => only("A", task(json!({"Parameters": {"x.$": "$.missing"}}))),
        "until" => only("A", json!({"Type": "Wait", "Seconds": 60})),
        "retry" => only("A", task(retry)),
        "call" | "claimed call" => only("A", task(limits)),
        "callback" => only("A", callback(limits)),
        "begun job" | "job" => only("A", job(limits)),
        "fork" | "failed fork" => map(2, 0),
        "ended child" => map(2, 1),
        _ => passes(2),
    };
    let world = World::with_timeout(definition, Some(600)).await;
    if kind == "retry" || kind == "failed fork" {
        world.tasks.script("A", failure("Busy"));
        world.tasks.script("Call", failure("Bad"));
    }
    world.start().await;
    match kind {
        "retry" | "callback" | "job" | "ended execution" => drop(world.drain().await),
        "fork" | "failed fork" | "ended child" => {
            step(&world, if kind == "fork" { 1 } else { 2 }).await
        }
        "claimed call" => claim(&world).await,
        "ended top" => {
            world.backend.die_at(4);
            world.driver.stop(&world.arn(), ErrorDetail::default()).await.unwrap_err();
            world.backend.live();
        }
        _ => {}
    }
    let (scope, sequence) = match kind {
        "retry" | "callback" | "job" | "fork" | "failed fork" | "ended top" => ("top", 1),
        "ended execution" => ("top", 2),
        "ended child" => ("1.0", 1),
        _ => ("top", 0),
    };
    (world, scope, sequence)
}

async fn step(world: &World, cues: usize) {
    for _ in 0..cues {
        let cue = world.memory().take_cue().unwrap();
        world.take(&cue).await.unwrap();
    }
}

async fn claim(world: &World) {
    let claim = Claim {
        moment: Moment { millis: world.now().as_millisecond(), tick: 1 },
        worker: "worker-0".into(),
        expires: world.now() + jiff::SignedDuration::from_secs(90),
    };
    let (top, first) = (ScopePath::top(), Sequence::FIRST);
    world.memory().claim(&world.arn(), &top, first, &claim).await.unwrap();
}

fn word(taken: Taken) -> &'static str {
    match taken {
        Taken::Advanced => "advanced",
        Taken::Repeated => "repeated",
        Taken::Early => "early",
        Taken::Condemned => "condemned",
        Taken::Dropped(Dropped::Unfit) => "-",
        Taken::Dropped(Dropped::Stale) => "stale",
        Taken::Dropped(Dropped::Ended) => "ended",
        Taken::Dropped(Dropped::Closed) => "closed",
        Taken::Dropped(Dropped::NoSuchExecution | Dropped::NoSuchRecord) => "nothing there",
    }
}

#[tokio::test]
async fn every_signal_meets_every_record() {
    let mut table = String::new();
    for kind in KINDS {
        write!(table, "{kind:<16}").unwrap();
        for signal in SIGNALS {
            let (world, scope, sequence) = prepared(kind).await;
            let taken = world.signal(scope, sequence, signal).await;
            write!(table, "{:<10}", word(taken)).unwrap();
        }
        table.push('\n');
    }
    let table: String = table.lines().map(|line| format!("{}\n", line.trim_end())).collect();
    expect![[r#"
        continue        advanced  -         -         -         -         -         -         early     -         -         -
        failing         advanced  -         -         -         -         -         -         early     -         -         -
        until           early     -         -         -         -         -         -         early     -         -         -
        retry           early     -         -         -         -         -         -         early     -         -         -
        call            repeated  advanced  early     early     -         -         -         early     -         -         -
        claimed call    repeated  early     early     early     -         -         -         early     -         -         -
        callback        repeated  -         early     early     -         -         -         early     -         -         -
        begun job       repeated  advanced  early     early     -         -         -         early     early     -         -
        job             repeated  -         early     early     -         -         -         early     early     early     advanced
        fork            repeated  -         -         -         advanced  condemned -         early     -         -         advanced
        failed fork     repeated  -         -         -         advanced  condemned advanced  early     -         -         advanced
        ended child     repeated  -         -         -         -         -         -         early     -         -         -
        ended top       repeated  -         -         -         -         -         -         early     -         -         -
        ended execution ended     ended     ended     ended     ended     ended     ended     ended     ended     ended     -
    "#]]
    .assert_eq(&table);
}
