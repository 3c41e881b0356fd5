//! Headers and records to keep.

use baton_asl::{BlockId, StateName};
use baton_engine::{
    Claim, End, Event, EventDetail, Execution, Fork, ForkId, Link, Moment, Payload, Pending,
    Record, ScopePath, Sequence, StateType, Visit,
};
use baton_store::{
    ExecutionArn, Header, Machine, MachineArn, MachineKind, Revision, RevisionId, Status,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub fn start() -> Timestamp {
    Timestamp::from_millisecond(1_763_640_000_123).unwrap()
}

pub fn machine_arn(name: &str) -> MachineArn {
    MachineArn::parse(&format!("arn:aws:states:us-east-1:123456789012:stateMachine:{name}"))
        .unwrap()
}

pub fn machine(name: &str, revision: &str) -> Machine {
    Machine {
        arn: machine_arn(name),
        kind: MachineKind::Standard,
        created: start(),
        updated: None,
        is_deleting: false,
        revision: Revision {
            id: RevisionId(revision.into()),
            definition: format!("{{ \"Comment\": \"{revision}\" }}\n").into(),
            role_arn: "arn:aws:iam::123456789012:role/r".into(),
        },
        settings: BTreeMap::from([("tracingConfiguration".to_owned(), json!({"enabled": false}))]),
        tags: BTreeMap::new(),
    }
}

pub fn header(name: &str) -> Header {
    header_of("m", name, 0)
}

/// A header of an execution that started some milliseconds after the first.
pub fn header_of(machine: &str, name: &str, after_millis: i64) -> Header {
    let machine = machine_arn(machine);
    let execution = Execution {
        arn: ExecutionArn::of(&machine, name).as_str().into(),
        name: name.into(),
        role_arn: "arn:aws:iam::123456789012:role/r".into(),
        started: start() + SignedDuration::from_millis(after_millis),
        input: Payload::parse("{ \"order\": 7 }").unwrap(),
        machine_arn: machine.as_str().into(),
        machine_name: "m".into(),
        start: baton_asl::BlockId::TOP,
        region: "us-east-1".into(),
        redrives: baton_engine::Redrives::default(),
        payload_bytes_max: Some(262_144),
    };
    Header {
        execution,
        machine,
        version_arn: None,
        alias_arn: None,
        revision: RevisionId("r1".into()),
        trace_header: None,
        timeout_secs: None,
        redrive_tokens: Vec::new(),
        logging: None,
        depth: 0,
        parent: None,
        status: Status::Running,
        closed: BTreeSet::new(),
    }
}

pub fn scope(text: &str) -> ScopePath {
    text.parse().unwrap()
}

/// A fork by its text: its scope, a colon, its number.
pub fn fork(text: &str) -> ForkId {
    let (scope, fork) = text.split_once(':').unwrap();
    ForkId { scope: scope.parse().unwrap(), fork: Sequence(fork.parse().unwrap()) }
}

/// What a Pass state leaves.
pub fn record(scope: &str, sequence: u32) -> Arc<Record> {
    Arc::new(plain(scope, sequence))
}

pub fn record_with(scope: &str, sequence: u32, pending: Pending) -> Arc<Record> {
    Arc::new(Record { pending, ..plain(scope, sequence) })
}

pub fn record_of(scope: &str, sequence: u32, input: &Payload) -> Arc<Record> {
    let mut record = plain(scope, sequence);
    record.visit.input = input.clone();
    Arc::new(record)
}

fn plain(scope: &str, sequence: u32) -> Record {
    let input = Payload::new(json!({ "scope": scope, "sequence": sequence }));
    let entered = EventDetail::StateEntered {
        state_type: StateType::Pass,
        name: "A".into(),
        input: input.clone(),
    };
    Record {
        scope: scope.parse().unwrap(),
        sequence: Sequence(sequence),
        moment: Moment { millis: start().as_millisecond(), tick: sequence },
        events: vec![Event { link: Link::Previous, detail: entered }],
        event_count: u64::from(sequence) + 1,
        events_before: 0,
        block: BlockId(0),
        state: StateName::parse("A").unwrap(),
        visit: Visit { input, entered: start(), entered_event: 1, retries: Vec::new() },
        variables: Arc::default(),
        item: None,
        pending: Pending::Continue,
    }
}

pub fn forked(width: u32, concurrency: u32) -> Pending {
    Pending::Fork(Fork { width, concurrency, input: Payload::new(json!([])), resumes: None })
}

pub fn ended() -> Pending {
    Pending::Ended(End::Succeeded(Payload::new(json!("done"))))
}

pub fn claim(worker: &str) -> Claim {
    Claim {
        moment: Moment { millis: start().as_millisecond(), tick: 9 },
        worker: worker.into(),
        expires: start() + SignedDuration::from_secs(900),
    }
}

/// Text that does not compress.
pub fn noise(length: usize) -> Payload {
    let mut state = length as u64 + 1;
    let text = (0..length).map(|_| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from_digit((state >> 40) as u32 % 36, 36).unwrap()
    });
    Payload::new(json!(text.collect::<String>()))
}
