//! One run: processes over one store, a queue and clients, moved by a scheduler of a single thread in virtual time.
//!
//! At each step one thing happens: a piece of work is polled up to its next request, a cue is delivered, a client acts, a
//! dead process is replaced. What it is, the dice say; in fair weather it is whatever has waited longest.

use crate::backend::{Stormy, millis_until};
use crate::calls::{Calls, keys};
use crate::dice::{Dice, Fired};
use crate::fate::{Fates, Journals};
use crate::mutant::Mutant;
use crate::outside::{Callback, Heard};
use crate::picture::Picture;
use crate::recorded::Outside;
use crate::rest;
use crate::shared::{Client, Current, Does, Flight, Run, Shared};
use crate::weather::Weather;
use crate::witness::{Activity, Witness};
use crate::workflow::Workflow;
use baton_driver::{AnswerError, Driver, Settings, StopError, TakeError, Taken};
use baton_engine::{Due, ErrorDetail, Marked, Signal};
use baton_store::memory::Memory;
use baton_store::{ExecutionArn, Header, Journal, Machine, Machines, Outgoing, Status, StoreError};
use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

type SimDriver = Driver<Stormy, Calls>;

/// What a run is made under.
#[derive(Debug, Clone)]
pub struct Conditions {
    pub seed: u64,
    pub weather: Weather,
    /// The decisions that may differ from fair weather; all, unless said.
    pub allowed: Option<BTreeSet<u64>>,
    pub mutant: Option<Mutant>,
    /// What is to become of each attempt, whatever the outside had planned.
    pub fates: Option<Fates>,
    /// What answers the calls, if their answers are to be written down.
    pub live: Option<Arc<Outside>>,
}

impl Conditions {
    /// Fair weather.
    pub fn fair(seed: u64) -> Self {
        let (weather, allowed) = (Weather::FAIR, None);
        Conditions { seed, weather, allowed, mutant: None, fates: None, live: None }
    }
}

/// What came of a run.
#[derive(Debug)]
pub struct Ran {
    pub picture: Picture,
    pub fates: Fates,
    pub violation: Option<String>,
    pub fired: Vec<Fired>,
    pub heard: Vec<Heard>,
    pub trace: String,
}

/// Runs a workflow until nothing is left to happen.
pub fn run(workflow: &Workflow, conditions: Conditions) -> Ran {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(World::new(workflow, conditions).run())
}

/// More steps than this, and the run goes round in circles.
const STEPS_MAX: u32 = 200_000;
/// How long a cue that is being taken is hidden; longer than any call for one that makes a call.
const VISIBILITY_MILLIS: i64 = 60_000;
const CALL_VISIBILITY_MILLIS: i64 = 1_200_000;
/// How soon a request is tried again.
const AGAIN_MILLIS: i64 = 1_000;

struct World {
    run: Run,
    memory: Arc<Memory>,
    machine: Machine,
    header: Header,
    execution: ExecutionArn,
    processes: Vec<Process>,
    tasks: Vec<Task>,
    live: Option<Arc<Outside>>,
}

/// A place where a process runs, and the process.
struct Process {
    driver: Option<Arc<SimDriver>>,
    starts: u32,
    back_millis: i64,
}

/// A piece of work of a process.
struct Task {
    number: u64,
    wakes_millis: i64,
    polls_in_vain: u32,
    current: Current,
    does: Option<Does>,
    future: Pin<Box<dyn Future<Output = Done>>>,
}

enum Done {
    Took(Result<Taken, TakeError>),
    Started(Result<(), StoreError>),
    Stopped(Result<Status, StopError>),
    Answered(Result<(), AnswerError>),
}

/// What may happen next.
#[derive(Clone, Copy)]
enum Next {
    Task(u64),
    Flight(u64),
    Client(u64),
    Restart(usize),
}

impl World {
    fn new(workflow: &Workflow, conditions: Conditions) -> Self {
        let Conditions { seed, weather, allowed, mutant, fates, live } = conditions;
        let started = "2026-01-01T00:00:00.123Z".parse().expect("a timestamp");
        let memory = Arc::new(Memory::new(started, seed));
        let current = Current {
            process: 0,
            activity: Activity::Start,
            flight: None,
            wakes_millis: None,
            is_killed: false,
            has_sent: false,
        };
        let shared = Shared {
            started,
            now_millis: 0,
            weather,
            dice: Dice::new(seed, allowed),
            mutant,
            answers: workflow.answers.clone(),
            fates,
            witness: Witness::default(),
            current,
            queue: Vec::new(),
            clients: Vec::new(),
            heard: Vec::new(),
            numbers: 0,
            trace: String::new(),
        };
        let machine = workflow.machine(started);
        let header = workflow.header(&machine, started);
        let places = if weather.is_alone { 1 } else { 2 };
        World {
            run: Run(Arc::new(Mutex::new(shared))),
            memory,
            execution: header.arn(),
            machine,
            header,
            processes: (0..places)
                .map(|_| Process { driver: None, starts: 0, back_millis: 0 })
                .collect(),
            tasks: Vec::new(),
            live,
        }
    }

    async fn run(mut self) -> Ran {
        self.memory.create_machine(&self.machine).await.expect("memory");
        (0..self.processes.len()).for_each(|place| self.boot(place));
        self.run.lock().client(0, Does::Start);
        let mut is_at_rest = false;
        for _ in 0..STEPS_MAX {
            if self.run.lock().witness.violation().is_some() {
                break;
            }
            let Some(next) = self.next().await else {
                is_at_rest = true;
                break;
            };
            self.step(next).await;
        }
        let records = self.records().await;
        let header = self.memory.header(&self.execution).await.expect("memory");
        let mut shared = self.run.lock();
        if is_at_rest {
            let stuck = rest::violation(header.as_deref(), &records);
            stuck.into_iter().for_each(|stuck| shared.witness.note(stuck));
            shared.witness.check_accepted();
        } else if shared.witness.violation().is_none() {
            shared.witness.note("it never comes to rest".to_owned());
        }
        let journals = journals(&records);
        let status = header.map_or(Status::Running, |header| header.status.clone());
        Ran {
            picture: Picture::of(&status, &journals),
            fates: Fates::of(&journals),
            violation: shared.witness.violation().map(str::to_owned),
            fired: shared.dice.fired().to_vec(),
            heard: std::mem::take(&mut shared.heard),
            trace: std::mem::take(&mut shared.trace),
        }
    }

    /// What happens next, once it is time for it; nothing if nothing is left.
    async fn next(&self) -> Option<Next> {
        let mut all = self.all_next();
        all.sort_by_key(|(at, number, _)| (*at, *number));
        let (first, ..) = *all.first()?;
        let now = self.run.lock().now_millis;
        if first > now {
            let ahead = u64::try_from(first - now).unwrap_or_default();
            tokio::time::advance(Duration::from_millis(ahead)).await;
            self.run.lock().now_millis = first;
        }
        let ready = all.iter().filter(|(at, ..)| *at <= first.max(now)).count();
        let mut shared = self.run.lock();
        let rate = shared.weather.shuffle;
        let index = shared.dice.pick("out of order", ready, rate);
        Some(all[index].2)
    }

    fn all_next(&self) -> Vec<(i64, u64, Next)> {
        let shared = self.run.lock();
        let tasks =
            self.tasks.iter().map(|task| (task.wakes_millis, task.number, Next::Task(task.number)));
        let is_up = self.processes.iter().any(|process| process.driver.is_some());
        let flights =
            shared.queue.iter().filter(|flight| is_up && flight.visible_millis < i64::MAX);
        let flights = flights
            .map(|flight| (flight.visible_millis, flight.number, Next::Flight(flight.number)));
        let clients = shared.clients.iter().filter(|_| is_up);
        let clients =
            clients.map(|client| (client.at_millis, client.number, Next::Client(client.number)));
        let dead = self.processes.iter().enumerate().filter(|(_, it)| it.driver.is_none());
        let restarts = dead.map(|(place, it)| (it.back_millis, 0, Next::Restart(place)));
        tasks.chain(flights).chain(clients).chain(restarts).collect()
    }

    async fn step(&mut self, next: Next) {
        match next {
            Next::Task(number) => self.poll(number).await,
            Next::Flight(number) => self.deliver(number).await,
            Next::Client(number) => self.act(number),
            Next::Restart(place) => self.restart(place).await,
        }
    }

    /// A new process takes a place. It shares nothing with the one before but what is kept.
    fn boot(&mut self, place: usize) {
        let process = &mut self.processes[place];
        process.starts += 1;
        let worker = format!("worker-{place}-{}", process.starts);
        let is_alone = self.run.lock().weather.is_alone;
        // One machine sends a cue for every transition, the functions in AWS go on without.
        let stretch = if is_alone { 1 } else { 8 };
        let settings = Settings { is_alone, stretch, ..Settings::new(worker) };
        let backend = Stormy {
            memory: self.memory.clone(),
            run: self.run.clone(),
            process: place,
            counted: Mutex::default(),
        };
        let calls =
            Calls { run: self.run.clone(), memory: self.memory.clone(), live: self.live.clone() };
        let driver = Driver::new(Arc::new(backend), calls, Arc::new(keys()), settings);
        process.driver = Some(Arc::new(driver));
    }

    async fn restart(&mut self, place: usize) {
        self.boot(place);
        let cues = self.derived_cues().await;
        let mut shared = self.run.lock();
        shared.current.process = place;
        shared.say(format_args!("a process starts"));
        if !shared.weather.is_alone {
            return;
        }
        for outgoing in cues {
            let visible_millis = match outgoing.due {
                Due::Now => shared.now_millis,
                Due::At(at) => millis_until(at, shared.started),
            };
            let number = shared.number();
            shared.queue.push(Flight { number, outgoing, visible_millis, is_acked: false });
        }
    }

    /// The cues that the journals say are pending: how a single process finds its queue again.
    async fn derived_cues(&self) -> Vec<Outgoing> {
        let header = self.memory.header(&self.execution).await.expect("memory");
        let records = self.records().await;
        header.map(|header| rest::pending_cues(&header, &records)).unwrap_or_default()
    }

    /// Hands a cue to a process.
    async fn deliver(&mut self, number: u64) {
        let newest = self.newest_of(number).await;
        let (place, outgoing) = {
            let mut shared = self.run.lock();
            let now = shared.now_millis;
            let Some(index) = shared.queue.iter().position(|it| it.number == number) else {
                return;
            };
            let outgoing = shared.queue[index].outgoing.clone();
            if is_to_wait(&shared, &outgoing, newest) {
                // Ever later, and never at last: the failure that is to come first may not come at all.
                shared.queue[index].visible_millis =
                    now.saturating_mul(2).saturating_add(AGAIN_MILLIS);
                return;
            }
            let weather = shared.weather;
            if shared.dice.strikes("a cue is held back", weather.delay) {
                shared.queue[index].visible_millis = now + shared.dice.amount(90_000);
                return;
            }
            let hidden = if shared.dice.strikes("a cue comes twice", weather.double) {
                now + shared.dice.amount(2_000)
            } else if weather.is_alone {
                i64::MAX
            } else if outgoing.cue.signal == Signal::Perform {
                now + CALL_VISIBILITY_MILLIS
            } else {
                now + VISIBILITY_MILLIS
            };
            shared.queue[index].visible_millis = hidden;
            (self.any_process(&mut shared), outgoing)
        };
        let driver = self.driver(place);
        let Outgoing { execution, cue, .. } = outgoing;
        let future = async move { Done::Took(driver.take(&execution, &cue).await) };
        self.begin(place, Activity::Take, Some(number), None, Box::pin(future));
    }

    /// The number of the newest record of a cue's scope.
    async fn newest_of(&self, flight: u64) -> Option<u32> {
        let scope = {
            let shared = self.run.lock();
            shared.fates.as_ref()?;
            let flight = shared.queue.iter().find(|it| it.number == flight)?;
            flight.outgoing.cue.scope.clone()
        };
        let newest = self.memory.newest(&self.execution, &scope).await.expect("memory")?;
        Some(newest.record.sequence.0)
    }

    fn any_process(&self, shared: &mut Shared) -> usize {
        let alive: Vec<usize> = (0..self.processes.len())
            .filter(|place| self.processes[*place].driver.is_some())
            .collect();
        let rate = shared.weather.shuffle;
        alive[shared.dice.pick("another process", alive.len(), rate)]
    }

    fn driver(&self, place: usize) -> Arc<SimDriver> {
        self.processes[place].driver.clone().expect("only living processes are given work")
    }

    /// Lets a client make its request.
    fn act(&mut self, number: u64) {
        let (place, does) = {
            let mut shared = self.run.lock();
            let Some(index) = shared.clients.iter().position(|it| it.number == number) else {
                return;
            };
            let Client { does, .. } = shared.clients.remove(index);
            (self.any_process(&mut shared), does)
        };
        let driver = self.driver(place);
        let (header, execution) = (self.header.clone(), self.execution.clone());
        let asked = does.clone();
        let activity = match &does {
            Does::Start => Activity::Start,
            Does::Stop => Activity::Stop,
            Does::Answer { claims, .. } => Activity::Answer(claims.clone()),
            Does::Heartbeat { .. } => Activity::Heartbeat,
        };
        let future = async move {
            match does {
                Does::Start => Done::Started(driver.start(&header).await.map(drop)),
                Does::Stop => Done::Stopped(driver.stop(&execution, ErrorDetail::default()).await),
                Does::Answer { token, callback: Callback::Succeeded(output), .. } => {
                    Done::Answered(driver.send_task_success(&token, output).await)
                }
                Does::Answer { token, callback: Callback::Failed(detail), .. } => {
                    Done::Answered(driver.send_task_failure(&token, detail).await)
                }
                Does::Heartbeat { token, .. } => {
                    Done::Answered(driver.send_task_heartbeat(&token).await)
                }
            }
        };
        self.begin(place, activity, None, Some(asked), Box::pin(future));
    }

    fn begin(
        &mut self,
        process: usize,
        activity: Activity,
        flight: Option<u64>,
        does: Option<Does>,
        future: Pin<Box<dyn Future<Output = Done>>>,
    ) {
        let mut shared = self.run.lock();
        let current = Current {
            process,
            activity,
            flight,
            wakes_millis: None,
            is_killed: false,
            has_sent: false,
        };
        let (number, wakes_millis) = (shared.number(), shared.now_millis);
        self.tasks.push(Task { number, wakes_millis, polls_in_vain: 0, current, does, future });
    }

    async fn poll(&mut self, number: u64) {
        let Some(index) = self.tasks.iter().position(|task| task.number == number) else { return };
        let mut task = self.tasks.remove(index);
        task.current.wakes_millis = None;
        self.run.lock().current = task.current.clone();
        let mut context = Context::from_waker(Waker::noop());
        // The scheduler here is the only one; tokio's budget would let timers starve.
        let mut polled = tokio::task::coop::unconstrained(task.future.as_mut());
        let polled = Pin::new(&mut polled).poll(&mut context);
        let current = self.run.lock().current.clone();
        match polled {
            Poll::Ready(done) => self.finish(&task, done),
            Poll::Pending if current.is_killed => self.kill(current.process, task.does).await,
            Poll::Pending => {
                let mut shared = self.run.lock();
                // Who waits for something else than a turn is asked ever more rarely.
                let patience = 1_i64 << task.polls_in_vain.min(16);
                task.polls_in_vain += u32::from(current.wakes_millis.is_none());
                task.wakes_millis = current.wakes_millis.unwrap_or(shared.now_millis + patience);
                task.number = shared.number();
                task.current = current;
                drop(shared);
                self.tasks.push(task);
            }
        }
    }

    fn finish(&self, task: &Task, done: Done) {
        let mut shared = self.run.lock();
        let now = shared.now_millis;
        match done {
            Done::Took(taken) => self.finish_taking(&mut shared, task, taken),
            Done::Started(Ok(())) => {
                if let Some(after) = shared.weather.stop_after {
                    shared.client(now + after, Does::Stop);
                }
            }
            Done::Stopped(Ok(status)) => {
                if !status.is_ended() {
                    shared.witness.note("stopped, and still running".to_owned());
                }
            }
            Done::Answered(Ok(())) => match &task.does {
                Some(Does::Answer { claims, .. }) => {
                    let claims = claims.clone();
                    shared.say(format_args!("accepted {}:{}", claims.scope, claims.sequence));
                    shared.witness.accepted(&claims);
                }
                Some(Does::Heartbeat { token, every_millis, left }) if *left > 1 => {
                    let (token, every_millis) = (token.clone(), *every_millis);
                    let left = left - 1;
                    shared
                        .client(now + every_millis, Does::Heartbeat { token, every_millis, left });
                }
                _ => {}
            },
            Done::Answered(Err(AnswerError::TimedOut)) => {}
            Done::Answered(Err(
                error @ (AnswerError::InvalidToken | AnswerError::DoesNotExist),
            )) => shared.witness.note(format!("a token that was given out: {error}")),
            Done::Started(Err(_)) | Done::Stopped(Err(_)) | Done::Answered(Err(_)) => {
                let does = task.does.clone().expect("a client");
                shared.client(now + AGAIN_MILLIS, does);
            }
        }
    }

    fn finish_taking(&self, shared: &mut Shared, task: &Task, taken: Result<Taken, TakeError>) {
        let number = task.current.flight.expect("a cue");
        match taken {
            Ok(taken) => {
                shared.say(format_args!("taken {taken:?}"));
                if taken == Taken::Condemned {
                    shared.witness.note("the execution was condemned".to_owned());
                }
                shared.ack(number);
            }
            Err(error) => {
                shared.say(format_args!("not taken: {error}"));
                let now = shared.now_millis;
                if let Some(flight) = shared.queue.iter_mut().find(|it| it.number == number) {
                    flight.visible_millis = flight.visible_millis.min(now + AGAIN_MILLIS);
                }
            }
        }
    }

    /// The process is gone with all its work; what it was asked by clients, they ask again.
    async fn kill(&mut self, place: usize, does: Option<Does>) {
        let (dead, alive): (Vec<Task>, Vec<Task>) =
            std::mem::take(&mut self.tasks).into_iter().partition(|it| it.current.process == place);
        self.tasks = alive;
        self.processes[place].driver = None;
        let is_alone = {
            let mut shared = self.run.lock();
            let now = shared.now_millis;
            self.processes[place].back_millis = now + shared.dice.amount(90_000);
            for does in dead.iter().filter_map(|task| task.does.clone()).chain(does) {
                shared.client(now + AGAIN_MILLIS, does);
            }
            shared.weather.is_alone
        };
        drop(dead);
        if is_alone {
            self.memory.lose_unsynced();
            let records = self.records().await;
            let mut shared = self.run.lock();
            shared.queue.clear();
            shared.witness.crashed(&records);
        }
    }

    async fn records(&self) -> Vec<Marked> {
        let mut records = Vec::new();
        let mut page = None;
        loop {
            let Ok(read) = self.memory.records(&self.execution, page.as_deref()).await else {
                return records;
            };
            records.extend(read.items);
            page = read.next;
            if page.is_none() {
                return records;
            }
        }
    }
}

/// Whether this failure of a child is to come after another's, for the run is told which one was handled.
fn is_to_wait(shared: &Shared, outgoing: &Outgoing, newest: Option<u32>) -> bool {
    let Signal::ChildFailed { child } = outgoing.cue.signal else { return false };
    let Some(fates) = &shared.fates else { return false };
    let (scope, fork) = (outgoing.cue.scope.clone(), outgoing.cue.sequence);
    let chosen = fates.failures.get(&baton_engine::ForkId { scope, fork });
    newest == Some(fork.0) && chosen.is_some_and(|chosen| *chosen != child)
}

fn journals(records: &[Marked]) -> Journals {
    let mut journals = Journals::default();
    for marked in records {
        let record = &marked.record;
        journals.entry(record.scope.clone()).or_default().push(record.clone());
    }
    journals
}
