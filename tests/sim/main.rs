//! The simulator: the real engine and driver over a backend in memory, in bad weather.
//!
//! Every run follows from its seed: which cues come twice, late or out of order, which requests are refused or lose their
//! answers, where processes die, how far their clocks differ. What must hold is checked at every commit, claim, call and
//! answer (`witness.rs`) and when nothing is left to happen (`rest.rs`). The history is compared with that of a run in
//! fair weather (`picture.rs`), which is told what only the weather could decide (`fate.rs`). The same machinery finds
//! drivers and backends that are broken on purpose (`mutant.rs`).
//!
//! `SIM_SEEDS` says how many seeds are run for generated workflows (a fraction of it for the cases); `SIM_SEED` runs
//! a single one, as a failure names it.

mod backend;
mod calls;
mod cases;
mod dice;
mod fate;
mod generate;
mod mutant;
mod outside;
mod picture;
mod recorded;
mod rest;
mod shared;
mod storm;
mod weather;
mod witness;
mod workflow;
mod world;

use mutant::Mutant;
use std::ops::Range;
use weather::Weather;
use world::Conditions;

/// Seeds of a plain run.
const SEEDS: u64 = 600;

/// The seeds to run: one in `share` of those asked for. Each place of several has seeds of its own.
fn seeds(place: u64, share: u64) -> Range<u64> {
    let number = |name| std::env::var_os(name)?.to_str()?.parse::<u64>().ok();
    if let Some(seed) = number("SIM_SEED") {
        return seed..seed + 1;
    }
    let count = (number("SIM_SEEDS").unwrap_or(SEEDS) / share.max(1)).max(1);
    let first = number("SIM_FIRST_SEED").unwrap_or(0) + place * count;
    first..first + count
}

#[test]
fn generated_workflows_end_as_in_fair_weather() {
    let mut summary = storm::Summary::default();
    for seed in seeds(0, 1) {
        let subject = storm::Subject::new(generate::workflow(seed));
        storm::check(&subject, seed, &mut summary);
    }
    println!("{summary}");
}

#[test]
fn one_seed_gives_the_same_bytes_twice() {
    for seed in seeds(0, 20) {
        let workflow = generate::workflow(seed);
        let run = || {
            let weather = Weather::of(seed);
            world::run(&workflow, Conditions { weather, ..Conditions::fair(seed) }).trace
        };
        assert_eq!(run(), run(), "seed {seed}");
    }
}

#[test]
fn every_mutant_is_found() {
    let mut survivors = Vec::new();
    for mutant in Mutant::ALL {
        match storm::find(mutant) {
            Some((seed, violation)) => println!("{mutant:?}: seed {seed}: {violation}"),
            None => survivors.push(mutant),
        }
    }
    assert!(survivors.is_empty(), "not found: {survivors:?}");
}

#[test]
fn cases_end_as_in_fair_weather() {
    let mut summary = storm::Summary::default();
    let subjects = cases::subjects();
    let count = subjects.len() as u64;
    for (index, subject) in (0..).zip(&subjects) {
        for seed in seeds(index, count) {
            storm::check(subject, seed, &mut summary);
        }
    }
    println!("{} cases, {summary}", subjects.len());
}
