//! Whatever definition is accepted, whatever its input and its tasks' answers: every step makes a record or fails the
//! execution, and nothing panics.

use crate::{
    ChildFailure, End, Execution, Failure, FailureKind, Ids, Marked, Marks, Nonce, Outcome,
    Payload, Pending, Record, ScopePath, Sequence, StateType, advance, begin, begin_child,
};
use baton_asl::{Definition, Options, parse};
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::Arc;

/// How many records one run makes at most: a definition may loop.
const RECORDS_MAX: usize = 120;
/// How many children of a fork are run.
const CHILDREN_MAX: u32 = 3;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn what_is_accepted_can_be_run(
        is_jsonata in any::<bool>(),
        which in 0..1_000_usize,
        with in field(),
        input in payload(),
        answers in prop::collection::vec(outcome(), 1..6),
    ) {
        let mut tree = if is_jsonata { jsonata() } else { jsonpath() };
        let mut left = which % count(&tree);
        exchange(&mut tree, &mut left, &with);
        if let Some(definition) = parse(&tree.to_string(), &Options::default()).definition {
            Run::new(&definition, &input, &answers).run();
        }
    }
}

#[test]
fn the_definitions_that_are_changed_are_accepted_and_run() {
    for tree in [jsonpath(), jsonata()] {
        let parsed = parse(&tree.to_string(), &Options::default());
        let definition = parsed.definition.unwrap_or_else(|| panic!("{:?}", parsed.diagnostics));
        let answers = [Outcome::Succeeded { output: json!({"n": 1}).into() }];
        let input = json!({"n": 1, "items": [1, 2], "s": "a"});
        let end = Run::new(&definition, &input, &answers).run();
        assert!(matches!(end, Some(End::Succeeded(_))), "{end:?}");
    }
}

/// One execution, its children included.
struct Run<'a> {
    definition: &'a Definition,
    execution: Execution,
    answers: std::iter::Cycle<std::slice::Iter<'a, Outcome>>,
    records_left: usize,
}

impl<'a> Run<'a> {
    fn new(definition: &'a Definition, input: &Value, answers: &'a [Outcome]) -> Self {
        let execution = Execution {
            arn: "arn:aws:states:us-east-1:123456789012:execution:m:e".into(),
            name: "e".into(),
            role_arn: "arn:aws:iam::123456789012:role/r".into(),
            started: Timestamp::UNIX_EPOCH,
            input: input.clone().into(),
            machine_arn: "arn:aws:states:us-east-1:123456789012:stateMachine:m".into(),
            machine_name: "m".into(),
            region: "us-east-1".into(),
            payload_bytes_max: Some(262_144),
            redrives: Default::default(),
            start: baton_asl::BlockId::TOP,
        };
        Run { definition, execution, answers: answers.iter().cycle(), records_left: RECORDS_MAX }
    }

    fn run(mut self) -> Option<End> {
        let first = begin(self.definition, &self.execution, Timestamp::UNIX_EPOCH, &mut Fixed);
        let last = self.finish(first.expect("a first record"))?;
        end(&last)
    }

    /// Goes on to the scope's last record; nothing if there are too many.
    fn finish(&mut self, mut record: Record) -> Option<Record> {
        loop {
            self.records_left = self.records_left.checked_sub(1)?;
            let _ = record.effects();
            let outcome = match &record.pending {
                Pending::Ended(_) => return Some(record),
                Pending::Continue
                | Pending::Failing(_)
                | Pending::Until(_)
                | Pending::Retry { .. } => Outcome::Proceed,
                Pending::Call(call) => {
                    let answer = self.answers.next()?.clone();
                    match (&answer, call.nonce) {
                        (Outcome::Succeeded { output }, Some(_)) => {
                            Outcome::Submitted { output: output.clone() }
                        }
                        (_, _) => answer,
                    }
                }
                Pending::Callback(_) => self.answers.next()?.clone(),
                Pending::Fork(fork) => self.join(&record, fork.width)?,
                // Its items and its end are the driver's.
                Pending::MapRun(_) => return None,
            };
            let marked = Marked { record: Arc::new(record), marks: Marks::default() };
            let (now, ids) = (Timestamp::UNIX_EPOCH, &mut Fixed);
            record = advance(self.definition, &self.execution, &marked, outcome, now, ids)
                .expect("the record waits for that");
        }
    }

    fn join(&mut self, fork: &Record, width: u32) -> Option<Outcome> {
        let mut outputs = Vec::new();
        for child in 0..width {
            if child >= CHILDREN_MAX {
                return None;
            }
            let now = Timestamp::UNIX_EPOCH;
            let (definition, execution) = (self.definition, self.execution.clone());
            let first = begin_child(definition, &execution, fork, child, None, now, &mut Fixed);
            let last = self.finish(first.expect("a child's first record"))?;
            match end(&last)? {
                End::Succeeded(output) => outputs.push(output),
                End::Failed { failure, state_type } => {
                    return Some(Outcome::ChildFailed(failed(
                        fork, &last, child, failure, state_type,
                    )));
                }
                End::Aborted(_) | End::TimedOut => return None,
            }
        }
        Some(Outcome::Joined { outputs, moment: fork.moment, event_count: 0 })
    }
}

fn failed(
    fork: &Record,
    last: &Record,
    child: u32,
    failure: Failure,
    state_type: StateType,
) -> ChildFailure {
    let hop = crate::Hop { fork: fork.sequence, child };
    let (moment, event_count) = (last.moment, last.event_count);
    ChildFailure { hop, failure, state_type, moment, event_count, open: Vec::new() }
}

fn end(record: &Record) -> Option<End> {
    if let Pending::Ended(end) = &record.pending { Some(end.clone()) } else { None }
}

struct Fixed;

impl Ids for Fixed {
    fn task_token(&mut self, _: &ScopePath, _: Sequence) -> (Arc<str>, Nonce) {
        ("token".into(), Nonce(1))
    }

    fn uuid(&mut self) -> String {
        "00000000-0000-4000-8000-000000000000".to_owned()
    }

    fn unit(&mut self) -> f64 {
        0.5
    }
}

/// What a field may be exchanged for.
fn field() -> impl Strategy<Value = Value> {
    let texts = prop::sample::select(vec![
        "$",
        "$.n",
        "$.items",
        "$.items[*].n",
        "$..n",
        "$$.Map.Item.Value",
        "$$.Execution.Input.n",
        "$v",
        "$v.a[-1]",
        "States.Array($.n, $v)",
        "States.MathAdd($.n, 2147483647)",
        "States.ArrayRange(0, $.n, 1)",
        "{% $states.input.n %}",
        "{% $states.input %}",
        "{% $v + 1 %}",
        "{% $states.context.Execution.Input.n %}",
        "{% [1..$states.input.n] %}",
        "{% $states.errorOutput %}",
        "{% $sum %}",
        "E",
        "States.ALL",
        "End",
        "Map",
        "",
        "2026-01-01T00:00:00Z",
    ]);
    prop_oneof![texts.prop_map(Value::from), payload()]
}

fn payload() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        prop_oneof![Just(0), Just(-1), Just(1), Just(3), Just(i64::MAX)].prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop_oneof![
            Just(""),
            Just("a"),
            Just("1"),
            Just("2026-01-01T00:00:00Z"),
            Just("\u{1f600}")
        ]
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let names = prop::sample::select(vec!["n", "items", "s", "v", "a"]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map(names, inner, 0..4).prop_map(|members| {
                Value::Object(members.into_iter().map(|(name, it)| (name.to_owned(), it)).collect())
            }),
        ]
    })
}

/// How a task's call ends.
fn outcome() -> impl Strategy<Value = Outcome> {
    let failure = |kind| {
        move |name: &str| Outcome::Failed(Failure { kind, ..Failure::new(name, "{\"a\": 1}") })
    };
    prop_oneof![
        4 => payload().prop_map(|output| Outcome::Succeeded { output: Payload::new(output) }),
        1 => prop::sample::select(vec!["E", "States.TaskFailed"]).prop_map(failure(FailureKind::Ordinary)),
        1 => Just("States.Runtime").prop_map(failure(FailureKind::Terminal)),
        1 => Just(Outcome::TimedOut),
        1 => Just(Outcome::HeartbeatTimedOut),
    ]
}

fn count(value: &Value) -> usize {
    let members = value.as_object().into_iter().flatten().map(|(_, member)| member);
    1 + members.chain(value.as_array().into_iter().flatten()).map(count).sum::<usize>()
}

/// Puts a value in the place of the one of this number.
fn exchange(value: &mut Value, left: &mut usize, with: &Value) {
    if *left == 0 {
        *value = with.clone();
        *left = usize::MAX;
        return;
    }
    *left = left.saturating_sub(1);
    if let Some(object) = value.as_object_mut() {
        object.values_mut().for_each(|member| exchange(member, left, with));
    } else if let Some(items) = value.as_array_mut() {
        items.iter_mut().for_each(|item| exchange(item, left, with));
    }
}

fn jsonpath() -> Value {
    json!({"StartAt": "Pass", "States": {
        "Pass": {"Type": "Pass", "InputPath": "$", "Parameters": {
            "n.$": "$.n", "items.$": "$.items", "x.$": "States.Format('{}', $$.State.Name)"},
            "ResultPath": "$", "OutputPath": "$", "Assign": {"v.$": "$.n"}, "Next": "Choice"},
        "Choice": {"Type": "Choice", "Default": "Wait", "Choices": [
            {"Variable": "$.n", "NumericGreaterThanPath": "$v", "Next": "Task"},
            {"And": [{"Variable": "$.x", "StringMatches": "a*"}, {"Not": {"Variable": "$.y", "IsPresent": true}}],
             "Assign": {"v": 2}, "Next": "Task"}]},
        "Wait": {"Type": "Wait", "SecondsPath": "$.n", "Next": "Task"},
        "Task": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f",
            "Parameters": {"a.$": "$.n"}, "TimeoutSecondsPath": "$.n", "ResultSelector": {"n.$": "$.n"},
            "ResultPath": "$.r", "Assign": {"v.$": "$.n"},
            "Retry": [{"ErrorEquals": ["E"], "IntervalSeconds": 1, "MaxAttempts": 2, "BackoffRate": 2}],
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.e", "Assign": {"v.$": "$.Cause"}, "Next": "Map"}],
            "Next": "Map"},
        "Map": {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 2,
            "ItemSelector": {"i.$": "$$.Map.Item.Index", "v.$": "$v"},
            "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Pass", "OutputPath": "$.i", "End": true}}},
            "ResultPath": "$.m", "Next": "Parallel"},
        "Parallel": {"Type": "Parallel", "Branches": [
            {"StartAt": "B", "States": {"B": {"Type": "Succeed"}}},
            {"StartAt": "C", "States": {"C": {"Type": "Choice", "Default": "D", "Choices": [
                {"Variable": "$.none", "IsPresent": true, "Next": "F"}]},
                "D": {"Type": "Pass", "End": true}, "F": {"Type": "Fail", "ErrorPath": "$.s", "Cause": "c"}}}],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "End"}], "Next": "End"},
        "End": {"Type": "Succeed", "OutputPath": "$"},
    }})
}

fn jsonata() -> Value {
    json!({"StartAt": "Pass", "QueryLanguage": "JSONata", "States": {
        "Pass": {"Type": "Pass", "Output": {"n": "{% $states.input.n %}", "items": "{% $states.input.items %}"},
            "Assign": {"v": "{% $states.input.n %}"}, "Next": "Choice"},
        "Choice": {"Type": "Choice", "Default": "Wait", "Output": "{% $states.input %}", "Choices": [
            {"Condition": "{% $states.input.n > $v %}", "Assign": {"v": 1}, "Next": "Task"}]},
        "Wait": {"Type": "Wait", "Seconds": "{% $states.input.n %}", "Next": "Task"},
        "Task": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Arguments": {"QueueUrl": "q", "MessageBody": "{% $states.context.Task.Token %}"},
            "TimeoutSeconds": "{% 10 %}", "HeartbeatSeconds": 5, "Output": {"n": 1, "items": "{% $states.input.items %}", "r": "{% $states.result %}"},
            "Retry": [{"ErrorEquals": ["States.TaskFailed"], "MaxAttempts": 1}],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Output": "{% $states.errorOutput %}", "Next": "Map"}],
            "Next": "Map"},
        "Map": {"Type": "Map", "Items": "{% $exists($states.input.items) ? $states.input.items : [] %}", "MaxConcurrency": "{% $v %}",
            "ItemSelector": {"i": "{% $states.context.Map.Item.Index %}"},
            "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Pass", "Output": "{% $states.input.i %}", "End": true}}},
            "Next": "Parallel"},
        "Parallel": {"Type": "Parallel", "Arguments": "{% $states.input %}", "Branches": [
            {"StartAt": "B", "States": {"B": {"Type": "Succeed", "Output": "{% $v %}"}}},
            {"StartAt": "C", "States": {"C": {"Type": "Choice", "Default": "D", "Choices": [
                {"Condition": "{% false %}", "Next": "F"}]},
                "D": {"Type": "Pass", "End": true}, "F": {"Type": "Fail", "Error": "{% 'E' %}", "Cause": "c"}}}],
            "Assign": {"w": "{% $states.result[0] %}"}, "Next": "End"},
        "End": {"Type": "Succeed"},
    }})
}
