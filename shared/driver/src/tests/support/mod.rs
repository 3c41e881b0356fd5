//! A small world for the driver: a backend in memory that can crash, scripted tasks, and a queue that a test turns.

mod faulty;
mod scripted;

pub(super) use faulty::Faulty;
pub(super) use scripted::{Scripted, Seen, answer, failure};

use crate::{Driver, Settings, TakeError, Taken};
use baton_engine::{Cue, Execution, Marked, Payload, Pending, Record, ScopePath, Sequence, Signal};
use baton_store::memory::Memory;
use baton_store::{
    Clock, Created, ExecutionArn, Header, Journal, KeyId, Machine, MachineArn, MachineKind,
    Machines, Outgoing, Revision, RevisionId, Status, StatusName, TokenKeys, open_scopes,
    pending_cues,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// More cues than this, and a test is going round in circles.
const CUES_MAX: usize = 5_000;

pub(super) struct World {
    pub(super) backend: Arc<Faulty>,
    pub(super) tasks: Scripted,
    pub(super) driver: Driver<Faulty, Scripted>,
    pub(super) header: Header,
    starts: u32,
}

impl World {
    /// A machine with these states, and the execution that is about to be started.
    pub(super) async fn new(definition: Value) -> Self {
        World::with_timeout(definition, None).await
    }

    pub(super) async fn with_timeout(definition: Value, timeout_secs: Option<u32>) -> Self {
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        let backend = Arc::new(Faulty::new(Memory::new(now, 7)));
        let machine = machine(&definition, now);
        backend.memory.create_machine(&machine).await.unwrap();
        let tasks = Scripted::default();
        let driver = driver(&backend, &tasks, 0);
        let header = header(&machine, now, json!({"n": 1}), timeout_secs);
        World { backend, tasks, driver, header, starts: 0 }
    }

    pub(super) fn memory(&self) -> &Memory {
        &self.backend.memory
    }

    pub(super) fn arn(&self) -> ExecutionArn {
        self.header.arn()
    }

    pub(super) async fn start(&self) {
        let created = self.driver.start(&self.header).await.unwrap();
        assert!(matches!(created, Created::New));
    }

    /// Another process takes over: it shares nothing with the one before but what is kept.
    pub(super) fn restart(&mut self) {
        self.starts += 1;
        self.driver = driver(&self.backend, &self.tasks, self.starts);
    }

    /// From here on there may be other processes.
    pub(super) fn among_others(&mut self) {
        self.driver = self.another();
    }

    /// Another process beside this one.
    pub(super) fn another(&self) -> Driver<Faulty, Scripted> {
        let settings = Settings::new("one-more");
        Driver::new(self.backend.clone(), self.tasks.clone(), Arc::new(keys()), settings)
    }

    pub(super) async fn take(&self, cue: &Outgoing) -> Result<Taken, TakeError> {
        self.driver.take(&cue.execution, &cue.cue).await
    }

    /// Takes a cue made by hand.
    pub(super) async fn signal(&self, scope: &str, sequence: u32, signal: Signal) -> Taken {
        let cue = Cue { scope: scope.parse().unwrap(), sequence: Sequence(sequence), signal };
        self.driver.take(&self.arn(), &cue).await.unwrap()
    }

    /// Takes what is due until nothing is.
    pub(super) async fn drain(&self) -> Vec<Taken> {
        let mut taken = Vec::new();
        while let Some(cue) = self.memory().take_cue() {
            taken.push(self.take(&cue).await.unwrap());
            assert!(taken.len() < CUES_MAX, "the cues never end");
        }
        taken
    }

    /// Goes on to when the next cue is due; false if there is none.
    pub(super) fn skip(&self) -> bool {
        let due = self.memory().next_due();
        due.inspect(|due| self.memory().set_now(*due)).is_some()
    }

    /// Takes in what was sent, a third of it twice.
    pub(super) fn take_in(
        &self,
        waiting: &mut Vec<Outgoing>,
        drawn: &mut impl FnMut(usize) -> usize,
    ) {
        while let Some(cue) = self.memory().take_cue() {
            if drawn(3) == 0 {
                waiting.push(cue.clone());
            }
            waiting.push(cue);
        }
    }

    /// Takes everything, moving the clock to whatever is due next.
    pub(super) async fn run_dry(&self) {
        for _ in 0..CUES_MAX {
            self.drain().await;
            if !self.skip() {
                return;
            }
        }
        panic!("the cues never end");
    }

    pub(super) fn pass(&self, secs: i64) {
        self.memory().advance(SignedDuration::from_secs(secs));
    }

    /// Cues that are derived from the journals alone, as after the loss of the queue.
    pub(super) async fn derived_cues(&self) -> Vec<Outgoing> {
        let header = self.memory().header(&self.arn()).await.unwrap().unwrap();
        let records = self.records().await;
        let numbers: BTreeMap<ScopePath, Sequence> = records
            .iter()
            .map(|marked| (marked.record.scope.clone(), marked.record.sequence))
            .collect();
        let is_wanted = |record: &Record| {
            open_scopes(&numbers, &header.closed)
                .any(|(scope, sequence)| *scope == record.scope && sequence == record.sequence)
        };
        let newest =
            records.iter().map(|marked| &*marked.record).filter(|record| is_wanted(record));
        pending_cues(&header, newest)
    }

    pub(super) async fn records(&self) -> Vec<Marked> {
        let mut records = Vec::new();
        let mut page = None;
        loop {
            let read = self.memory().records(&self.arn(), page.as_deref()).await.unwrap();
            records.extend(read.items);
            page = read.next;
            if page.is_none() {
                return records;
            }
        }
    }

    pub(super) async fn newest(&self, scope: &str) -> Marked {
        let scope = scope.parse().unwrap();
        self.memory().newest(&self.arn(), &scope).await.unwrap().unwrap()
    }

    pub(super) async fn status(&self) -> Status {
        self.memory().header(&self.arn()).await.unwrap().unwrap().status.clone()
    }

    /// How the execution ended, in a line.
    pub(super) async fn ended(&self) -> String {
        match self.status().await {
            Status::Succeeded { output, .. } => format!("SUCCEEDED {}", output.text()),
            Status::Failed { detail, .. } | Status::Aborted { detail, .. } => {
                let name = self.status().await.name().as_str();
                format!("{name} {}", detail.error.as_deref().unwrap_or("-"))
            }
            status @ (Status::Running | Status::TimedOut { .. }) => {
                status.name().as_str().to_owned()
            }
        }
    }

    /// What a scope's journal says, a record a line: the state, and what it waits for.
    pub(super) async fn journal(&self, scope: &str) -> Vec<String> {
        let scope: ScopePath = scope.parse().unwrap();
        let records = self.records().await;
        records
            .iter()
            .filter(|marked| marked.record.scope == scope)
            .map(|marked| format!("{} {}", marked.record.state, waits_for(&marked.record.pending)))
            .collect()
    }

    /// The whole execution, in an order that the weather does not change.
    pub(super) async fn picture(&self) -> (String, BTreeMap<String, Vec<String>>) {
        let records = self.records().await;
        let scopes: BTreeSet<String> =
            records.iter().map(|marked| marked.record.scope.to_string()).collect();
        let mut journals = BTreeMap::new();
        for scope in scopes {
            let journal = self.journal(&scope).await;
            journals.insert(scope, journal);
        }
        (self.ended().await, journals)
    }

    pub(super) async fn is_running(&self) -> bool {
        self.status().await.name() == StatusName::Running
    }

    /// The token of the call or callback that the top scope waits for.
    pub(super) async fn token(&self) -> String {
        self.tasks.calls().last().and_then(|call| call.token.clone()).unwrap()
    }

    pub(super) fn now(&self) -> Timestamp {
        self.memory().now()
    }
}

pub(super) fn payload(value: Value) -> Payload {
    Payload::new(value)
}

fn waits_for(pending: &Pending) -> &'static str {
    match pending {
        Pending::Continue => "continues",
        Pending::Failing(_) => "is failing",
        Pending::Until(_) => "waits",
        Pending::Retry { .. } => "will retry",
        Pending::Call(_) => "calls",
        Pending::Callback(_) => "awaits",
        Pending::Fork(_) => "forked",
        Pending::MapRun(_) => "waits for a map run",
        Pending::Ended(end) if end.is_success() => "ended well",
        Pending::Ended(_) => "ended badly",
    }
}

fn driver(backend: &Arc<Faulty>, tasks: &Scripted, starts: u32) -> Driver<Faulty, Scripted> {
    let settings = Settings { is_alone: true, ..Settings::new(format!("worker-{starts}")) };
    Driver::new(backend.clone(), tasks.clone(), Arc::new(keys()), settings)
}

pub(super) fn keys() -> TokenKeys {
    TokenKeys::new(KeyId(1), b"a secret of just thirty-two byte")
}

fn machine(definition: &Value, now: Timestamp) -> Machine {
    Machine {
        arn: MachineArn::parse("arn:aws:states:us-east-1:111111111111:stateMachine:m").unwrap(),
        kind: MachineKind::Standard,
        created: now,
        updated: None,
        is_deleting: false,
        revision: Revision {
            id: RevisionId("rev-1".into()),
            definition: definition.to_string().into(),
            role_arn: "arn:aws:iam::111111111111:role/r".into(),
        },
        settings: BTreeMap::new(),
        tags: BTreeMap::new(),
    }
}

fn header(machine: &Machine, now: Timestamp, input: Value, timeout_secs: Option<u32>) -> Header {
    let arn = ExecutionArn::of(&machine.arn, "x");
    Header {
        execution: Execution {
            arn: arn.as_str().into(),
            name: "x".into(),
            role_arn: machine.revision.role_arn.clone(),
            started: now,
            input: Payload::new(input),
            machine_arn: machine.arn.as_str().into(),
            machine_name: "m".into(),
            start: baton_asl::BlockId::TOP,
            region: "us-east-1".into(),
            redrives: baton_engine::Redrives::default(),
            payload_bytes_max: Some(262_144),
        },
        machine: machine.arn.clone(),
        version_arn: None,
        alias_arn: None,
        revision: machine.revision.id.clone(),
        trace_header: None,
        timeout_secs,
        redrive_tokens: Vec::new(),
        logging: None,
        depth: 0,
        parent: None,
        status: Status::Running,
        closed: BTreeSet::new(),
    }
}

/// Numbers below a bound, the same ones for the same seed.
pub(super) fn dice(mut seed: u64) -> impl FnMut(usize) -> usize {
    move |below| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % below.max(1)
    }
}
