//! Running a workflow in fair and in bad weather, comparing the two, and shrinking what fails.

use crate::dice::Fired;
use crate::fate::Fates;
use crate::generate;
use crate::mutant::Mutant;
use crate::weather::Weather;
use crate::workflow::Workflow;
use crate::world::{self, Conditions, Ran};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A workflow and what it does in fair weather.
#[derive(Debug)]
pub struct Subject {
    pub workflow: Workflow,
    fair: Ran,
    /// It does the same whatever chance says.
    is_stable: bool,
}

impl Subject {
    pub fn new(workflow: Workflow) -> Self {
        let fair = world::run(&workflow, Conditions::fair(1));
        let other = world::run(&workflow, Conditions::fair(2));
        let draws =
            ["Random", "random", "shuffle"].iter().any(|it| workflow.definition.contains(it));
        let is_stable = fair.picture == other.picture && !draws;
        Subject { workflow, fair, is_stable }
    }

    /// What fair weather itself shows to be wrong.
    pub fn violation(&self) -> Option<&str> {
        self.fair.violation.as_deref()
    }

    /// What is wrong with a run, if anything is.
    fn fault(&self, ran: &Ran) -> Option<String> {
        if let Some(violation) = &ran.violation {
            return Some(violation.clone());
        }
        let is_out_of_time = |ran: &Ran| ran.picture.status == "TIMED_OUT";
        let is_unlimited = self.workflow.timeout_secs.is_none();
        if is_unlimited && is_out_of_time(ran) && !is_out_of_time(&self.fair) {
            return Some("it stood still until the year of an execution was over".to_owned());
        }
        if !self.is_stable {
            return None;
        }
        let is_as_in_fair_weather = ran.fates == self.fair.fates && !ran.fates.is_cut;
        if is_as_in_fair_weather {
            return ran.picture.difference(&self.fair.picture, false);
        }
        let told = self.told(&ran.fates);
        let difference = ran.picture.difference(&told.picture, ran.fates.is_cut)?;
        Some(format!("{difference}\n--- fair weather, told {:?}\n{}---", ran.fates, told.trace))
    }

    /// The run in fair weather that is told what the weather decided in another.
    fn told(&self, fates: &Fates) -> Ran {
        let fates = Some(fates.clone());
        let workflow = Workflow { timeout_secs: None, ..self.workflow.clone() };
        world::run(&workflow, Conditions { fates, ..Conditions::fair(1) })
    }

    fn run(&self, seed: u64, mutant: Option<Mutant>, allowed: Option<BTreeSet<u64>>) -> Ran {
        let weather = Weather::of(seed);
        let conditions = Conditions { weather, allowed, mutant, ..Conditions::fair(seed) };
        world::run(&self.workflow, conditions)
    }
}

/// What was run, and what went wrong in it.
#[derive(Debug, Default)]
pub struct Summary {
    runs: u64,
    faults: BTreeMap<&'static str, u64>,
    steps: u64,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} runs, {} things that happened, faults: {:?}",
            self.runs, self.steps, self.faults
        )
    }
}

/// Runs one seed; panics with what is left of it when shrunk, if it fails.
pub fn check(subject: &Subject, seed: u64, summary: &mut Summary) {
    let name = &subject.workflow.name;
    if let Some(violation) = subject.violation() {
        panic!(
            "{name}: in fair weather: {violation}\n{}\n{}",
            subject.workflow.definition, subject.fair.trace
        );
    }
    let ran = subject.run(seed, None, None);
    summary.runs += 1;
    summary.steps += ran.trace.lines().count() as u64;
    for fired in &ran.fired {
        *summary.faults.entry(fired.what).or_default() += 1;
    }
    let Some(fault) = subject.fault(&ran) else { return };
    let (few, smallest) = shrink(subject, seed, &ran);
    let last = subject.fault(&smallest).unwrap_or_default();
    let faults: Vec<String> = few.iter().map(|it| format!("{} {}", it.number, it.what)).collect();
    panic!(
        "{name}: seed {seed}: {fault}\n{:?}\nshrunk to {faults:?}: {last}\n{}\n{}",
        Weather::of(seed),
        subject.workflow.definition,
        smallest.trace
    );
}

/// Takes away faults as long as the run still fails: whole halves first, then ever smaller parts.
fn shrink(subject: &Subject, seed: u64, ran: &Ran) -> (Vec<Fired>, Ran) {
    let rerun = |numbers: &[u64]| {
        let ran = subject.run(seed, None, Some(numbers.iter().copied().collect()));
        subject.fault(&ran).is_some().then_some(ran)
    };
    let mut numbers: Vec<u64> = ran.fired.iter().map(|fired| fired.number).collect();
    let Some(mut smallest) = rerun(&numbers) else {
        return (ran.fired.clone(), subject.run(seed, None, None));
    };
    let mut part = numbers.len().div_ceil(2);
    while part > 0 {
        let mut start = 0;
        while start < numbers.len() {
            let mut fewer = numbers.clone();
            fewer.drain(start..(start + part).min(numbers.len()));
            match rerun(&fewer) {
                Some(ran) => {
                    let fired: BTreeSet<u64> = ran.fired.iter().map(|it| it.number).collect();
                    numbers = fewer.into_iter().filter(|number| fired.contains(number)).collect();
                    smallest = ran;
                }
                None => start += part,
            }
        }
        part = if part == 1 { 0 } else { part.div_ceil(2) };
    }
    (smallest.fired.clone(), smallest)
}

/// How many seeds a mutant may survive.
const MUTANT_SEEDS: u64 = 2_000;

/// The first seed that shows a mutant, and how.
pub fn find(mutant: Mutant) -> Option<(u64, String)> {
    (0..MUTANT_SEEDS).find_map(|seed| {
        let subject = Subject::new(generate::workflow(seed));
        let ran = subject.run(seed, Some(mutant), None);
        let fault = subject.fault(&ran)?;
        Some((seed, fault.lines().next().unwrap_or_default().to_owned()))
    })
}
