//! The runner: everything is taken, calls do not hold up transitions, poison ends its execution.

use super::definitions::{map, only, passes, task};
use super::support::{Faulty, Scripted, World};
use crate::runner::{Lanes, Source, run};
use baton_store::{Journal, Outgoing, Status};
use serde_json::json;
use std::future::{Future, pending};
use std::sync::Arc;
use std::time::Duration;

/// Hands out what the memory has, moving its clock; ends when the execution has.
struct Turning {
    backend: Arc<Faulty>,
    header: baton_store::Header,
}

impl Source for Turning {
    async fn next(&mut self, _is_idle: bool) -> Option<Outgoing> {
        loop {
            let header = self.backend.memory.header(&self.header.arn()).await.unwrap().unwrap();
            if header.status.is_ended() {
                return None;
            }
            if let Some(cue) = self.backend.memory.take_cue() {
                return Some(cue);
            }
            // Other tasks get their turn before the clock moves on.
            tokio::time::advance(Duration::from_millis(1)).await;
            let memory = &self.backend.memory;
            if memory.waiting_cues().iter().all(is_late)
                && let Some(due) = memory.next_due()
            {
                memory.set_now(due);
            }
        }
    }
}

fn is_late(cue: &Outgoing) -> bool {
    matches!(cue.due, baton_engine::Due::At(_))
}

async fn run_all(
    world: World,
    lanes: Lanes,
    stop: impl Future<Output = ()> + Send,
) -> (Arc<Faulty>, Scripted, Status) {
    let World { backend, tasks, driver, header, .. } = world;
    let source = Turning { backend: backend.clone(), header: header.clone() };
    run(Arc::new(driver), source, lanes, stop).await;
    let status = backend.memory.header(&header.arn()).await.unwrap().unwrap().status.clone();
    (backend, tasks, status)
}

#[tokio::test(start_paused = true)]
async fn everything_that_is_due_is_taken() {
    for lanes in [Lanes::default(), Lanes { calls_max: 1, transitions_max: 1, ..Lanes::default() }]
    {
        let world = World::new(map(50, 0)).await;
        world.start().await;
        let (_, tasks, status) = run_all(world, lanes, pending()).await;
        assert_eq!(status.name().as_str(), "SUCCEEDED");
        assert_eq!(tasks.calls().len(), 50);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_without_an_answer_does_not_hold_up_the_other_branch() {
    let both = json!({"StartAt": "Both", "States": {"Both": {"Type": "Parallel", "End": true, "Branches": [
        only("Hang", task(json!({}))),
        {"StartAt": "Break", "States": {"Break": {"Type": "Fail", "Error": "Broken"}}},
    ]}}});
    let world = World::new(both).await;
    world.tasks.hang("Hang");
    world.start().await;
    let grace = Duration::from_millis(10);
    let lanes = Lanes { calls_max: 1, transitions_max: 1, grace, ..Lanes::default() };
    let (_, tasks, status) = run_all(world, lanes, pending()).await;
    let Status::Failed { detail, .. } = status else { panic!("{status:?}") };
    assert_eq!(detail.error.as_deref(), Some("Broken"));
    assert_eq!(tasks.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_cue_that_the_backend_could_not_serve_comes_again() {
    let world = World::new(passes(5)).await;
    world.start().await;
    let backend = world.backend.clone();
    backend.die_at(5);
    let revived = backend.clone();
    tokio::spawn(async move {
        while !revived.is_dead() {
            tokio::task::yield_now().await;
        }
        revived.live();
    });
    let (_, _, status) = run_all(world, Lanes::default(), pending()).await;
    assert_eq!(status.name().as_str(), "SUCCEEDED");
}

#[tokio::test(start_paused = true)]
async fn poison_ends_its_execution_with_a_clear_error() {
    let check = async |poison: fn(&Scripted), cause: &str| {
        let world = World::new(only("Call", task(json!({})))).await;
        poison(&world.tasks);
        world.start().await;
        let (_, _, status) = run_all(world, Lanes::default(), pending()).await;
        let Status::Failed { detail, .. } = status else { panic!("{status:?}") };
        let told = detail.cause.unwrap();
        assert!(told.contains(cause), "{told}");
    };
    let never = "a cue failed 25 times: the call could not be prepared: no credentials yet";
    check(|tasks| tasks.unready(u32::MAX), never).await;
    check(Scripted::crash_early, "a cue crashed 3 times").await;
}

#[tokio::test(start_paused = true)]
async fn told_to_stop_it_waits_for_calls_no_longer_than_its_grace() {
    let world = World::new(only("Hang", task(json!({})))).await;
    world.tasks.hang("Hang");
    world.start().await;
    let tasks = world.tasks.clone();
    let called = async move {
        while tasks.calls().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    let (_, _, status) = run_all(world, Lanes::default(), called).await;
    assert_eq!(status, Status::Running);
}
