//! Recorded histories from hand-made records.
//!
//! A record is written `scope sequence @moment [claim@moment] | link EventType | link EventType …`, a moment
//! `millis` or `millis.tick`, a link as in `link` below, an event of an iteration with its index as in `MapIterationStarted:2`.

use super::*;
use crate::Payload;
use crate::event::{ErrorDetail, StateType};
use crate::record::{Call, Fork, Marks, Visit};
use baton_asl::{BlockId, Resource, StateName};
use expect_test::{Expect, expect};
use proptest::prelude::*;

#[test]
fn the_first_state_has_no_cause() {
    check(
        "top 0 @0 | root ExecutionStarted | root PassStateEntered
         top 1 @1 | previous PassStateExited | previous ExecutionSucceeded",
        expect![
            "1<0 ExecutionStarted 2<0 PassStateEntered 3<2 PassStateExited 4<3 ExecutionSucceeded"
        ],
    );
}

#[test]
fn a_claim_is_the_start_of_its_task() {
    check(
        "top 0 @0 | root ExecutionStarted | root TaskStateEntered
         top 1 @1 claim@2 | previous TaskScheduled
         top 2 @3 | previous TaskFailed
         top 3 @4 claim@5 | previous TaskScheduled
         top 4 @6 | previous TaskSucceeded | previous TaskStateExited | previous ExecutionSucceeded",
        expect!["1<0 ExecutionStarted 2<0 TaskStateEntered 3<2 TaskScheduled 4<3 TaskStarted 5<4 TaskFailed 6<5 TaskScheduled 7<6 TaskStarted 8<7 TaskSucceeded 9<8 TaskStateExited 10<9 ExecutionSucceeded"],
    );
}

#[test]
fn a_claim_has_its_resource_and_its_own_time() {
    let records = records("top 0 @5 claim@7 | root ExecutionStarted | root ActivityScheduled");
    let events = history(&records);
    assert_eq!(events[2].millis, 7);
    let EventDetail::TaskStarted { resource: TaskResource::Activity { .. }, worker } =
        &events[2].event.detail
    else {
        panic!("{events:?}")
    };
    assert_eq!(worker.as_deref(), Some("worker"));
}

#[test]
fn a_callback_is_submitted_once_started() {
    check(
        "top 0 @0 | root ExecutionStarted | root TaskStateEntered
         top 1 @1 claim@1.1 | previous TaskScheduled
         top 2 @2 | previous TaskSubmitted
         top 3 @3 | previous TaskTimedOut | previous ExecutionFailed",
        expect![
            "1<0 ExecutionStarted 2<0 TaskStateEntered 3<2 TaskScheduled 4<3 TaskStarted 5<4 TaskSubmitted 6<5 TaskTimedOut 7<6 ExecutionFailed"
        ],
    );
}

#[test]
fn a_claim_that_comes_too_late_stays_before_the_next_record() {
    check(
        "top 0 @0 claim@9 | root ExecutionStarted | root LambdaFunctionScheduled
         top 1 @3 | previous LambdaFunctionTimedOut",
        expect![
            "1<0 ExecutionStarted 2<0 LambdaFunctionScheduled 3<2 LambdaFunctionStarted 4<3 LambdaFunctionTimedOut"
        ],
    );
}

#[test]
fn a_failed_evaluation_links_to_the_cause_of_its_state() {
    check(
        "top 0 @0 | root ExecutionStarted | root PassStateEntered
         top 1 @1 | previous PassStateExited | previous PassStateEntered
         top 2 @2 | entered EvaluationFailed | previous ExecutionFailed",
        expect![
            "1<0 ExecutionStarted 2<0 PassStateEntered 3<2 PassStateExited 4<3 PassStateEntered 5<3 EvaluationFailed 6<5 ExecutionFailed"
        ],
    );
}

#[test]
fn an_abort_has_no_cause() {
    check(
        "top 0 @0 | root ExecutionStarted | root WaitStateEntered
         top 1 @1 | root ExecutionAborted",
        expect!["1<0 ExecutionStarted 2<0 WaitStateEntered 3<0 ExecutionAborted"],
    );
}

#[test]
fn branches_are_merged_by_time_and_joined_at_the_last() {
    check(
        "top 0 @0 | root ExecutionStarted | root ParallelStateEntered
         top 1 @1 fork | previous ParallelStateStarted
         top 2 @9 | children(1) ParallelStateSucceeded | sibling ParallelStateExited | previous ExecutionSucceeded
         1.1 0 @2 | previous PassStateEntered
         1.1 1 @3 | previous PassStateExited
         1.0 0 @2 | previous WaitStateEntered
         1.0 1 @5 | previous WaitStateExited",
        expect!["1<0 ExecutionStarted 2<0 ParallelStateEntered 3<2 ParallelStateStarted 4<3 WaitStateEntered 5<3 PassStateEntered 6<5 PassStateExited 7<4 WaitStateExited 8<7 ParallelStateSucceeded 9<7 ParallelStateExited 10<9 ExecutionSucceeded"],
    );
}

#[test]
fn a_branch_that_fails_is_the_cause_of_what_its_parent_does() {
    check(
        "top 0 @0 | root ExecutionStarted | root ParallelStateEntered
         top 1 @1 fork | previous ParallelStateStarted
         top 2 @3 fork | inside(1.0) ParallelStateStarted
         top 3 @5 | inside(2.0) ParallelStateFailed | previous ExecutionFailed
         1.0 0 @2 | previous FailStateEntered
         2.0 0 @4 | previous FailStateEntered",
        expect![
            "1<0 ExecutionStarted 2<0 ParallelStateEntered 3<2 ParallelStateStarted 4<3 FailStateEntered 5<4 ParallelStateStarted 6<5 FailStateEntered 7<6 ParallelStateFailed 8<7 ExecutionFailed"
        ],
    );
}

#[test]
fn a_task_that_fails_in_a_branch_is_aborted_too() {
    check(
        "top 0 @0 | root ExecutionStarted | root ParallelStateEntered
         top 1 @1 fork | previous ParallelStateStarted
         top 2 @9 | inside(1.0) TaskStateAborted | inside(1.0) ParallelStateFailed | previous ParallelStateExited
         1.0 0 @2 | previous TaskStateEntered
         1.0 1 @3 claim@4 | previous TaskScheduled
         1.0 2 @5 | previous TaskFailed",
        expect!["1<0 ExecutionStarted 2<0 ParallelStateEntered 3<2 ParallelStateStarted 4<3 TaskStateEntered 5<4 TaskScheduled 6<5 TaskStarted 7<6 TaskFailed 8<7 TaskStateAborted 9<7 ParallelStateFailed 10<9 ParallelStateExited"],
    );
}

/// `MaxConcurrency` 1, three items, one Pass inside.
const MAP_ONE_AT_A_TIME: &str = "
    top 0 @0 | root ExecutionStarted | root MapStateEntered
    top 1 @1 fork | previous MapStateStarted | previous MapIterationStarted
    1.0 0 @2 | previous PassStateEntered
    1.0 1 @3 | previous PassStateExited | previous MapIterationSucceeded
    1.1 0 @4 | inside(1.0) MapIterationStarted | previous PassStateEntered
    1.1 1 @5 | previous PassStateExited | previous MapIterationSucceeded
    1.2 0 @6 | inside(1.1) MapIterationStarted | previous PassStateEntered
    1.2 1 @7 | previous PassStateExited | previous MapIterationSucceeded
    top 2 @8 | children(1) MapStateSucceeded | sibling MapStateExited | previous ExecutionSucceeded";

#[test]
fn iterations_held_back_follow_from_what_was_inside_the_one_before() {
    check(
        MAP_ONE_AT_A_TIME,
        expect![
            "1<0 ExecutionStarted 2<0 MapStateEntered 3<2 MapStateStarted 4<3 MapIterationStarted 5<4 PassStateEntered 6<5 PassStateExited 7<6 MapIterationSucceeded 8<6 MapIterationStarted 9<8 PassStateEntered 10<9 PassStateExited 11<10 MapIterationSucceeded 12<10 MapIterationStarted 13<12 PassStateEntered 14<13 PassStateExited 15<14 MapIterationSucceeded 16<15 MapStateSucceeded 17<15 MapStateExited 18<17 ExecutionSucceeded"
        ],
    );
}

#[test]
fn iterations_at_the_same_time_start_together_and_are_aborted_together() {
    check(
        "top 0 @0 | root ExecutionStarted | root MapStateEntered
         top 1 @1 fork | previous MapStateStarted | previous MapIterationStarted | sibling MapIterationStarted:1
         1.0 0 @3 claim@4 | previous TaskStateEntered | previous TaskScheduled
         1.0 1 @5.2 | previous TaskTimedOut | previous MapIterationFailed
         1.1 0 @3 claim@4 | previous TaskStateEntered | previous TaskScheduled
         1.1 1 @5.1 | previous TaskTimedOut
         top 2 @6 | inside(1.0) TaskStateAborted | inside(1.0) MapIterationAborted | inside(1.0) TaskStateAborted | inside(1.0) MapStateFailed | previous ExecutionFailed",
        expect!["1<0 ExecutionStarted 2<0 MapStateEntered 3<2 MapStateStarted 4<3 MapIterationStarted 5<3 MapIterationStarted 6<4 TaskStateEntered 7<6 TaskScheduled 8<5 TaskStateEntered 9<8 TaskScheduled 10<7 TaskStarted 11<9 TaskStarted 12<11 TaskTimedOut 13<10 TaskTimedOut 14<13 MapIterationFailed 15<13 TaskStateAborted 16<13 MapIterationAborted 17<13 TaskStateAborted 18<13 MapStateFailed 19<18 ExecutionFailed"],
    );
}

#[test]
fn an_iteration_s_failure_is_not_inside_it() {
    check(
        "top 0 @0 | root ExecutionStarted | root MapStateEntered
         top 1 @1 fork | previous MapStateStarted | previous MapIterationStarted
         1.0 0 @2 | previous FailStateEntered | previous MapIterationFailed
         top 2 @3 fork | inside(1.0) MapStateStarted | previous MapIterationStarted
         2.0 0 @4 | previous FailStateEntered | previous MapIterationFailed
         top 3 @5 | inside(2.0) MapStateFailed | previous MapStateExited",
        expect![
            "1<0 ExecutionStarted 2<0 MapStateEntered 3<2 MapStateStarted 4<3 MapIterationStarted 5<4 FailStateEntered 6<5 MapIterationFailed 7<5 MapStateStarted 8<7 MapIterationStarted 9<8 FailStateEntered 10<9 MapIterationFailed 11<9 MapStateFailed 12<11 MapStateExited"
        ],
    );
}

#[test]
fn a_map_without_items_follows_from_its_start() {
    check(
        "top 0 @0 | root ExecutionStarted | root MapStateEntered
         top 1 @1 fork | previous MapStateStarted
         top 2 @2 | children(1) MapStateSucceeded | sibling MapStateExited",
        expect![
            "1<0 ExecutionStarted 2<0 MapStateEntered 3<2 MapStateStarted 4<3 MapStateSucceeded 5<3 MapStateExited"
        ],
    );
}

#[test]
fn nested_maps_apply_the_same_rules() {
    check(
        "top 0 @0 | root ExecutionStarted | root MapStateEntered
         top 1 @1 fork | previous MapStateStarted | previous MapIterationStarted
         1.0 0 @2 fork | previous MapStateEntered | previous MapStateStarted | previous MapIterationStarted
         1.0/0.0 0 @3 | previous PassStateEntered
         1.0/0.0 1 @4 | previous PassStateExited | previous MapIterationSucceeded
         1.0 1 @5 | children(0) MapStateSucceeded | sibling MapStateExited | previous MapIterationSucceeded
         1.1 0 @6 | inside(1.0) MapIterationStarted",
        expect!["1<0 ExecutionStarted 2<0 MapStateEntered 3<2 MapStateStarted 4<3 MapIterationStarted 5<4 MapStateEntered 6<5 MapStateStarted 7<6 MapIterationStarted 8<7 PassStateEntered 9<8 PassStateExited 10<9 MapIterationSucceeded 11<10 MapStateSucceeded 12<10 MapStateExited 13<12 MapIterationSucceeded 14<12 MapIterationStarted"],
    );
}

#[test]
fn what_dead_branches_say_is_not_heard() {
    check(
        "top 0 @0 | root ExecutionStarted | root ParallelStateEntered
         top 1 @1 fork | previous ParallelStateStarted
         top 2 @5 | inside(1.0) ParallelStateFailed | previous ExecutionFailed
         1.0 0 @2 | previous FailStateEntered
         1.1 0 @3 claim@6 | previous TaskScheduled
         1.1 1 @7 fork | previous ParallelStateStarted
         1.1/1.0 0 @4 | previous PassStateEntered
         1.1/1.0 1 @8 | previous PassStateExited",
        expect![
            "1<0 ExecutionStarted 2<0 ParallelStateEntered 3<2 ParallelStateStarted 4<3 FailStateEntered 5<3 TaskScheduled 6<5 PassStateEntered 7<4 ParallelStateFailed 8<7 ExecutionFailed"
        ],
    );
}

#[test]
fn children_are_ordered_by_index_not_by_text() {
    let mut text = "top 0 @0 fork | root ExecutionStarted\n".to_owned();
    for index in (0..12).rev() {
        text += &format!("0.{index} 0 @1 | previous MapIterationStarted\n");
    }
    let records = records(&text);
    let events = history(&records);
    let indexes: Vec<u32> = events.iter().filter_map(|event| iteration(&event.event)).collect();
    assert_eq!(indexes, (0..12).collect::<Vec<_>>());
}

#[test]
fn a_record_knows_its_range() {
    let records = records(
        "top 0 @0 claim@1 | root ExecutionStarted | root TaskScheduled
         top 1 @2 |
         1.0 0 @9 | previous PassStateEntered",
    );
    let mut outline = Outline::default();
    records[..2].iter().for_each(|marked| outline.add(marked));
    let numbering = outline.number();
    let ranges: Vec<_> = records.iter().map(|marked| numbering.range(&marked.record)).collect();
    assert_eq!(ranges, [Some((1, 3)), None, None]);
    assert_eq!(numbering.len(), 3);
    assert!(numbering.events(&records[2]).is_empty());
}

#[test]
fn a_trail_stops_at_children() {
    let records = records(MAP_ONE_AT_A_TIME);
    let mut trail = Trail::default();
    let numbered: Vec<Option<usize>> =
        records.iter().map(|marked| trail.number(marked).map(|events| events.len())).collect();
    assert_eq!(numbered[..3], [Some(2), Some(2), None]);
    assert_eq!(numbered.last(), Some(&None));
    assert_eq!(trail.numbers(), None);
}

#[test]
fn a_trail_does_not_pass_over_children() {
    let records = records(
        "top 0 @0 | root ExecutionStarted | root ParallelStateEntered
         top 1 @1 fork | previous ParallelStateStarted
         top 2 @2 | root ExecutionAborted",
    );
    let mut trail = Trail::default();
    let is_numbered: Vec<bool> =
        records.iter().map(|marked| trail.number(marked).is_some()).collect();
    assert_eq!(is_numbered, [true, true, false]);
}

proptest! {
    #[test]
    fn numbers_have_no_gaps_and_causes_come_first(text in any_journal()) {
        let records = records(&text);
        let events = history(&records);
        for (index, event) in events.iter().enumerate() {
            prop_assert_eq!(event.id, index as u64 + 1);
            prop_assert!(event.previous < event.id);
        }
    }

    #[test]
    fn a_trail_agrees_with_an_outline_wherever_it_stops(text in any_plain_journal(), stop in 0_usize..9) {
        let records = records(&text);
        let mut trail = Trail::default();
        let mut events = Vec::new();
        for (index, marked) in records.iter().enumerate() {
            if index == stop {
                trail = Trail::resume(trail.numbers().unwrap());
            }
            events.extend(trail.number(marked).unwrap());
        }
        prop_assert_eq!(events, history(&records));
    }
}

/// Journals of any shape, senseless ones included.
fn any_journal() -> impl Strategy<Value = String> {
    let scope = prop::sample::select(vec!["top", "0.0", "0.1", "1.0", "0.0/1.0", "9.9/3.3/4.4"]);
    let link = prop::sample::select(vec![
        "root",
        "previous",
        "sibling",
        "entered",
        "children(0)",
        "children(7)",
        "inside(0.1)",
        "inside(8.8)",
    ]);
    let event =
        prop::sample::select(vec!["PassStateEntered", "MapIterationFailed", "TaskScheduled"]);
    let events = prop::collection::vec((link, event), 0..4);
    let record = (scope, 0_u32..4, 0_i64..6, 0_i64..6, events);
    prop::collection::vec(record, 0..20).prop_map(|records| {
        let mut keys = std::collections::BTreeSet::new();
        let unique = records.into_iter().filter(|record| keys.insert((record.0, record.1)));
        unique
            .map(|(scope, sequence, at, claim, events)| {
                let events: String =
                    events.iter().map(|(link, event)| format!(" | {link} {event}")).collect();
                format!("{scope} {sequence} @{at} claim@{claim}{events}\n")
            })
            .collect()
    })
}

/// Journals of the top scope alone.
fn any_plain_journal() -> impl Strategy<Value = String> {
    let link = prop::sample::select(vec!["root", "previous", "sibling", "entered"]);
    let event = prop::sample::select(vec!["PassStateEntered", "TaskFailed", "TaskScheduled"]);
    let events = prop::collection::vec((link, event), 0..4);
    prop::collection::vec((events, 0_i64..20), 1..8).prop_map(|records| {
        let lines = records.iter().enumerate().map(|(sequence, (events, claim))| {
            let events: String =
                events.iter().map(|(link, event)| format!(" | {link} {event}")).collect();
            format!("top {sequence} @{} claim@{claim}{events}\n", sequence * 2)
        });
        lines.collect()
    })
}

fn check(text: &str, expected: Expect) {
    let records = records(text);
    let mut reversed = records.clone();
    reversed.reverse();
    let events = history(&records);
    assert_eq!(history(&reversed), events, "the order of reading does not matter");
    assert_eq!(rolled(&records), events, "a roll numbers them alike");
    let line: Vec<String> = events
        .iter()
        .map(|event| format!("{}<{} {}", event.id, event.previous, event.event.detail.type_name()))
        .collect();
    expected.assert_eq(&line.join(" "));
}

/// What a roll makes of records that come in the order of their moments, as long as their parents wait for them.
fn rolled(records: &[Marked]) -> Vec<Numbered> {
    let newest_before = |scope: &ScopePath, moment: Moment| {
        let of_scope = records.iter().filter(|other| other.record.scope == *scope);
        of_scope.filter(|other| other.record.moment < moment).map(|it| it.record.sequence).max()
    };
    let mut items: Vec<(Moment, ScopePath, Sequence, bool, &Marked)> = Vec::new();
    for marked in records {
        let Record { scope, sequence, moment, .. } = &*marked.record;
        items.push((*moment, scope.clone(), *sequence, false, marked));
        if let Some(claim) = &marked.marks.claim {
            let next = records.iter().find(|other| {
                other.record.scope == *scope && other.record.sequence == sequence.next()
            });
            let at = next.map_or(claim.moment, |next| claim.moment.min(next.record.moment));
            items.push((at, scope.clone(), *sequence, true, marked));
        }
    }
    items.sort_by(|a, b| (a.0, &a.1, a.2, a.3).cmp(&(b.0, &b.1, b.2, b.3)));
    let mut roll = Roll::default();
    let mut events = Vec::new();
    for (moment, scope, _, is_claim, marked) in items {
        let is_waited_for =
            scope.forks().all(|fork| newest_before(&fork.scope, moment) <= Some(fork.fork));
        if is_waited_for && is_claim {
            events.extend(roll.started(marked));
        } else if is_waited_for {
            events.extend(roll.record(&marked.record));
        }
    }
    events
}

#[test]
fn a_roll_holds_only_what_can_still_be_linked_to() {
    let mut roll = Roll::default();
    for marked in records(MAP_ONE_AT_A_TIME) {
        roll.record(&marked.record);
        assert!(roll.scopes() <= 2, "{}", roll.scopes());
    }
    assert_eq!(roll.scopes(), 1);
}

fn records(text: &str) -> Vec<Marked> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(record).collect()
}

fn record(line: &str) -> Marked {
    let mut parts = line.split('|').map(str::trim);
    let head: Vec<&str> = parts.next().unwrap().split(' ').collect();
    let scope: ScopePath = head[0].parse().unwrap();
    let index = scope.hops().last().map_or(0, |hop| hop.child);
    let claim = head.iter().find_map(|word| word.strip_prefix("claim@")).map(|at| Claim {
        moment: moment(at),
        worker: "worker".into(),
        expires: jiff::Timestamp::MAX,
    });
    let fork = Fork {
        width: 1,
        concurrency: 1,
        input: Payload::new(serde_json::json!([])),
        resumes: None,
    };
    let pending = match (&claim, head.contains(&"fork")) {
        (Some(_), _) => Pending::Call(call()),
        (None, true) => Pending::Fork(fork),
        (None, false) => Pending::Continue,
    };
    let record = Record {
        scope,
        sequence: Sequence(head[1].parse().unwrap()),
        moment: moment(head[2].strip_prefix('@').unwrap()),
        events: parts.filter(|part| !part.is_empty()).map(|part| event(part, index)).collect(),
        event_count: 0,
        events_before: 0,
        block: BlockId::TOP,
        state: StateName::parse("S").unwrap(),
        visit: Visit {
            input: Payload::new(serde_json::json!({})),
            entered: jiff::Timestamp::UNIX_EPOCH,
            entered_event: 0,
            retries: vec![],
        },
        variables: Arc::default(),
        item: None,
        pending,
    };
    Marked { record: Arc::new(record), marks: Marks { claim, heartbeat: None } }
}

fn call() -> Call {
    Call {
        resource: Resource::parse("arn:aws:states:::lambda:invoke").unwrap(),
        arguments: Payload::new(serde_json::json!({})),
        timeout_secs: None,
        heartbeat_secs: None,
        credentials_role_arn: None,
        nonce: None,
    }
}

fn moment(text: &str) -> Moment {
    let (millis, tick) = text.split_once('.').unwrap_or((text, "0"));
    Moment { millis: millis.parse().unwrap(), tick: tick.parse().unwrap() }
}

fn event(text: &str, index: u32) -> Event {
    let (link, name) = text.split_once(' ').unwrap();
    let (name, index) = match name.split_once(':') {
        Some((name, index)) => (name, index.parse().unwrap()),
        None => (name, index),
    };
    let detail = detail(name, index);
    assert_eq!(detail.type_name().to_string(), name);
    Event { link: self::link(link), detail }
}

fn link(text: &str) -> Link {
    let argument = || text.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).unwrap();
    match text {
        "root" => Link::Root,
        "previous" => Link::Previous,
        "sibling" => Link::Sibling,
        "entered" => Link::BeforeEntered,
        _ if text.starts_with("children") => {
            Link::LastOfChildren(Sequence(argument().parse().unwrap()))
        }
        _ => Link::InsideChild(argument().parse::<ScopePath>().unwrap().hops()[0]),
    }
}

fn detail(name: &str, index: u32) -> EventDetail {
    let text = || Arc::from("S");
    let data = || Payload::new(serde_json::json!({}));
    let state_types = [
        StateType::Task,
        StateType::Pass,
        StateType::Choice,
        StateType::Wait,
        StateType::Succeed,
        StateType::Fail,
        StateType::Parallel,
        StateType::Map,
    ];
    let of = |suffix: &str| {
        let prefix = name.strip_suffix(suffix)?;
        state_types.into_iter().find(|state_type| state_type.as_str() == prefix)
    };
    if let Some(state_type) = of("StateEntered") {
        return EventDetail::StateEntered { state_type, name: text(), input: data() };
    }
    if let Some(state_type) = of("StateExited") {
        return EventDetail::StateExited {
            state_type,
            name: text(),
            output: data(),
            assigned: vec![],
        };
    }
    if let Some(state_type) = of("StateAborted") {
        return EventDetail::StateAborted { state_type };
    }
    let resource = if name.starts_with("Lambda") {
        TaskResource::Lambda { arn: text() }
    } else if name.starts_with("Activity") {
        TaskResource::Activity { arn: text() }
    } else {
        TaskResource::Service { resource_type: text(), resource: text() }
    };
    let none = ErrorDetail::default;
    match name {
        "ExecutionStarted" => EventDetail::ExecutionStarted,
        "ExecutionSucceeded" => EventDetail::ExecutionSucceeded { output: data() },
        "ExecutionFailed" => EventDetail::ExecutionFailed(none()),
        "ExecutionAborted" => EventDetail::ExecutionAborted(none()),
        "EvaluationFailed" => {
            EventDetail::EvaluationFailed { state: text(), detail: none(), location: None }
        }
        "ParallelStateStarted" => EventDetail::ParallelStateStarted,
        "ParallelStateSucceeded" => EventDetail::ParallelStateSucceeded,
        "ParallelStateFailed" => EventDetail::ParallelStateFailed,
        "MapStateStarted" => EventDetail::MapStateStarted { length: 1 },
        "MapStateSucceeded" => EventDetail::MapStateSucceeded,
        "MapStateFailed" => EventDetail::MapStateFailed,
        "MapIterationStarted" => EventDetail::MapIterationStarted { name: text(), index },
        "MapIterationSucceeded" => EventDetail::MapIterationSucceeded { name: text(), index },
        "MapIterationFailed" => EventDetail::MapIterationFailed { name: text(), index },
        "MapIterationAborted" => EventDetail::MapIterationAborted { name: text(), index },
        _ if name.ends_with("Scheduled") => EventDetail::TaskScheduled {
            resource,
            region: text(),
            parameters: data(),
            timeout_secs: None,
            heartbeat_secs: None,
            credentials_role_arn: None,
        },
        _ if name.ends_with("Submitted") => EventDetail::TaskSubmitted { resource, output: data() },
        _ if name.ends_with("Succeeded") => EventDetail::TaskSucceeded { resource, output: data() },
        _ if name.ends_with("TimedOut") => EventDetail::TaskTimedOut { resource, detail: none() },
        _ => EventDetail::TaskFailed { resource, detail: none() },
    }
}

fn iteration(event: &Event) -> Option<u32> {
    if let EventDetail::MapIterationStarted { index, .. } = event.detail {
        Some(index)
    } else {
        None
    }
}
