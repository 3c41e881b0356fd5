//! One of everything, for the round trips.

use crate::{Header, MachineArn, RevisionId, Status};
use baton_asl::{BlockId, Resource, StateName};
use baton_engine::{
    Batch, Call, Callback, Claim, End, ErrorDetail, Event, EventDetail, Execution, Failure,
    FailureKind, Fork, ForkId, Hop, ItemSource, Link, MapItem, MapRun, Moment, Nonce, Payload,
    Pending, Record, ScopePath, Sequence, StateType, TaskResource, Visit,
};
use jiff::Timestamp;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(crate) const NOW: i64 = 1_763_640_000_123;

pub(crate) fn now() -> Timestamp {
    Timestamp::from_millisecond(NOW).unwrap()
}

/// What a Pass state with 100 bytes of data leaves.
pub(crate) fn small() -> Record {
    let data = Payload::new(json!({
        "order": "0123456789", "customer": "0123456789", "lines": [1, 2, 3], "note": "0123456789012345678",
    }));
    let exited = EventDetail::StateExited {
        state_type: StateType::Pass,
        name: "Check the order".into(),
        output: data.clone(),
        assigned: Vec::new(),
    };
    let entered = EventDetail::StateEntered {
        state_type: StateType::Pass,
        name: "Price the order".into(),
        input: data.clone(),
    };
    Record {
        scope: ScopePath::top(),
        sequence: Sequence(17),
        moment: Moment { millis: NOW, tick: 0 },
        events: [exited, entered].map(|detail| Event { link: Link::Previous, detail }).into(),
        event_count: 35,
        events_before: 0,
        block: BlockId(0),
        state: StateName::parse("Price the order").unwrap(),
        visit: Visit { input: data, entered: now(), entered_event: 35, retries: Vec::new() },
        variables: Arc::default(),
        item: None,
        pending: Pending::Continue,
    }
}

/// A record with every member.
pub(crate) fn full() -> Record {
    let data = Payload::parse(" { \"a\": 1.0,\n \"é\": \"\\u00e9\" }\n").unwrap();
    let variables = [("x", data.clone()), ("quote\"d", Payload::new(json!(null)))];
    Record {
        scope: "3.0/7.12".parse().unwrap(),
        sequence: Sequence(u32::MAX),
        moment: Moment { millis: NOW, tick: 3 },
        events: events(&data),
        event_count: u64::MAX,
        events_before: 6,
        block: BlockId(2),
        state: StateName::parse("a \"state\"\n").unwrap(),
        visit: Visit {
            input: data.clone(),
            entered: "2025-11-20T12:00:00.123456789Z".parse().unwrap(),
            entered_event: 8,
            retries: vec![0, 3],
        },
        variables: Arc::new(
            variables
                .into_iter()
                .map(|(name, value)| (name.into(), value))
                .collect::<BTreeMap<_, _>>(),
        ),
        item: Some(Arc::new(MapItem {
            index: 4,
            key: Some("k".into()),
            value: data,
            source: None,
        })),
        pending: Pending::Continue,
    }
}

/// Everything that a record may wait for.
pub(crate) fn pendings() -> Vec<Pending> {
    let call = call("arn:aws:lambda:us-east-1:123456789012:function:f");
    let bare = Call {
        timeout_secs: None,
        heartbeat_secs: None,
        credentials_role_arn: None,
        nonce: None,
        ..call.clone()
    };
    let service = "arn:aws:states:::aws-sdk:dynamodb:putItem.waitForTaskToken";
    let callback = Callback { call: self::call(service), called_by: Sequence(9), started: now() };
    let failures = failures();
    vec![
        Pending::Continue,
        Pending::Failing(failures[0].clone()),
        Pending::Until(Timestamp::MAX),
        Pending::Retry { at: now(), failed: None },
        Pending::Retry { at: now(), failed: Some(Hop { fork: Sequence(2), child: 1 }) },
        Pending::Call(call),
        Pending::Call(bare),
        Pending::Callback(callback),
        Pending::Fork(Fork {
            width: 150,
            concurrency: 40,
            input: Payload::new(json!([1])),
            resumes: None,
        }),
        Pending::Fork(Fork {
            width: 2,
            concurrency: 1,
            input: Payload::new(json!([1])),
            resumes: Some(ForkId { scope: ScopePath::top(), fork: Sequence(4) }),
        }),
        Pending::MapRun(Box::new(map_run())),
        Pending::MapRun(Box::new(MapRun {
            source: ItemSource::Read {
                arguments: Payload::new(json!({"Bucket": "b"})),
                config: Payload::new(json!({"InputType": "CSV"})),
                items_max: Some(-1),
            },
            tolerated_count: Some(3),
            tolerated_percentage: Some(12.5),
            batch: Some(Batch {
                items_max: Some(10),
                bytes_max: None,
                input: Some(Payload::new(json!("in"))),
            }),
            export: Some(Payload::new(json!({"Bucket": "r"}))),
            redrives: 2,
            ..map_run()
        })),
        Pending::Ended(End::Succeeded(Payload::new(json!("out")))),
        Pending::Ended(End::Failed { failure: failures[1].clone(), state_type: StateType::Map }),
        Pending::Ended(End::Aborted(ErrorDetail { error: Some("E".into()), cause: None })),
        Pending::Ended(End::TimedOut),
    ]
}

fn map_run() -> MapRun {
    MapRun {
        arn: "arn:aws:states:r:1:mapRun:m/l:u".into(),
        source: ItemSource::Given(Payload::new(json!([1, 2]))),
        concurrency_max: 0,
        tolerated_count: None,
        tolerated_percentage: None,
        batch: None,
        export: None,
        redrives: 0,
    }
}

pub(crate) fn failures() -> Vec<Failure> {
    [
        FailureKind::Ordinary,
        FailureKind::Terminal,
        FailureKind::Timeout,
        FailureKind::HeartbeatTimeout,
    ]
    .map(|kind| Failure { kind, ..Failure::new("Some.Error", "a \"cause\"") })
    .into()
}

fn call(resource: &str) -> Call {
    Call {
        resource: Resource::parse(resource).unwrap(),
        arguments: Payload::new(json!({"Payload": {}})),
        timeout_secs: Some(60),
        heartbeat_secs: Some(5),
        credentials_role_arn: Some("arn:aws:iam::123456789012:role/r".into()),
        nonce: Some(Nonce(u64::MAX)),
    }
}

fn events(data: &Payload) -> Vec<Event> {
    let links = [
        Link::Previous,
        Link::Root,
        Link::Sibling,
        Link::BeforeEntered,
        Link::LastOfChildren(Sequence(4)),
        Link::InsideChild(Hop { fork: Sequence(4), child: 7 }),
    ];
    let details = [execution_events(data), state_events(data), task_events(data)].concat();
    let linked = links.into_iter().cycle().zip(details);
    linked.map(|(link, detail)| Event { link, detail }).collect()
}

fn execution_events(data: &Payload) -> Vec<EventDetail> {
    let detail = ErrorDetail { error: Some("E".into()), cause: Some("c".into()) };
    vec![
        EventDetail::ExecutionStarted,
        EventDetail::ExecutionSucceeded { output: data.clone() },
        EventDetail::ExecutionFailed(detail.clone()),
        EventDetail::ExecutionAborted(ErrorDetail::default()),
        EventDetail::ExecutionTimedOut(ErrorDetail { error: None, ..detail }),
    ]
}

fn state_events(data: &Payload) -> Vec<EventDetail> {
    let types = [
        StateType::Task,
        StateType::Pass,
        StateType::Choice,
        StateType::Wait,
        StateType::Succeed,
        StateType::Fail,
        StateType::Parallel,
        StateType::Map,
    ];
    let entered = types.map(|state_type| EventDetail::StateEntered {
        state_type,
        name: "s".into(),
        input: Payload::new(json!(7)),
    });
    let name: Arc<str> = "Map".into();
    let others = [
        EventDetail::StateExited {
            state_type: StateType::Map,
            name: name.clone(),
            output: data.clone(),
            assigned: vec![("x".into(), data.clone()), ("y".into(), Payload::new(json!([])))],
        },
        EventDetail::StateAborted { state_type: StateType::Wait },
        EventDetail::EvaluationFailed {
            state: "s".into(),
            detail: ErrorDetail { error: Some("E".into()), cause: Some("c".into()) },
            location: Some("Output".into()),
        },
        EventDetail::ParallelStateStarted,
        EventDetail::ParallelStateSucceeded,
        EventDetail::ParallelStateFailed,
        EventDetail::MapStateStarted { length: 3 },
        EventDetail::MapStateSucceeded,
        EventDetail::MapStateFailed,
        EventDetail::MapIterationStarted { name: name.clone(), index: 0 },
        EventDetail::MapIterationSucceeded { name: name.clone(), index: 1 },
        EventDetail::MapIterationFailed { name: name.clone(), index: 2 },
        EventDetail::MapIterationAborted { name, index: 3 },
    ];
    entered.into_iter().chain(others).collect()
}

fn task_events(data: &Payload) -> Vec<EventDetail> {
    let lambda = TaskResource::Lambda { arn: "arn:aws:lambda:r:a:function:f".into() };
    let activity = TaskResource::Activity { arn: "arn:aws:states:r:a:activity:f".into() };
    let service =
        TaskResource::Service { resource_type: "sqs".into(), resource: "sendMessage".into() };
    let detail = ErrorDetail { error: Some("E".into()), cause: None };
    vec![
        EventDetail::TaskScheduled {
            resource: service.clone(),
            region: "us-east-1".into(),
            parameters: data.clone(),
            timeout_secs: Some(5),
            heartbeat_secs: None,
            credentials_role_arn: Some("arn:aws:iam::a:role/r".into()),
        },
        EventDetail::TaskStarted { resource: activity, worker: Some("w".into()) },
        EventDetail::TaskSubmitted { resource: service.clone(), output: data.clone() },
        EventDetail::TaskSucceeded { resource: lambda, output: data.clone() },
        EventDetail::TaskFailed { resource: service.clone(), detail: detail.clone() },
        EventDetail::TaskTimedOut { resource: service, detail },
    ]
}

pub(crate) fn claim() -> Claim {
    Claim {
        moment: Moment { millis: NOW, tick: 1 },
        worker: "worker \"1\"".into(),
        expires: Timestamp::MAX,
    }
}

pub(crate) fn header() -> Header {
    let arn: Arc<str> = "arn:aws:states:r:1:execution:m:n".into();
    let machine: Arc<str> = "arn:aws:states:r:1:stateMachine:m".into();
    Header {
        execution: Execution {
            arn,
            name: "n".into(),
            role_arn: "arn:aws:iam::1:role/r".into(),
            started: now(),
            input: Payload::parse("{ }").unwrap(),
            machine_arn: machine.clone(),
            machine_name: "m".into(),
            start: BlockId::TOP,
            region: "r".into(),
            redrives: baton_engine::Redrives::default(),
            payload_bytes_max: Some(262_144),
        },
        machine: MachineArn::trusted(machine),
        version_arn: None,
        alias_arn: None,
        revision: RevisionId("7".into()),
        trace_header: None,
        timeout_secs: None,
        depth: 0,
        parent: None,
        redrive_tokens: Vec::new(),
        logging: None,
        status: Status::Running,
        closed: BTreeSet::new(),
    }
}
