//! What happens in an execution, line by line, for people.

use crate::paint::{Paint, plain, span};
use baton_engine::{
    Call, Callback, End, ErrorDetail, EventDetail, Fork, ForkId, Pending, Record, ScopePath,
};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Of a wider Parallel or Map only failures are shown, not every child's every state.
const WIDTH_SHOWN_MAX: u32 = 20;
/// How much of a cause or a name is shown.
const CHARS_SHOWN_MAX: usize = 300;

/// Gives the command that answers a task, for the record that waits for it.
type HowToAnswer = Box<dyn Fn(&Record, &Callback) -> Option<String> + Send>;

/// Turns records into lines.
pub(crate) struct Progress {
    paint: Paint,
    how_to_answer: HowToAnswer,
    started: Option<i64>,
    open: BTreeMap<ScopePath, Open>,
    wide: BTreeSet<ForkId>,
}

/// The state that a scope is in.
#[derive(Debug)]
struct Open {
    name: String,
    entered: i64,
    attempts: u32,
    failure: Option<String>,
}

impl Progress {
    pub(crate) fn new(
        paint: Paint,
        how_to_answer: impl Fn(&Record, &Callback) -> Option<String> + Send + 'static,
    ) -> Self {
        Progress {
            paint,
            how_to_answer: Box::new(how_to_answer),
            started: None,
            open: BTreeMap::new(),
            wide: BTreeSet::new(),
        }
    }

    /// The lines that a record is worth.
    pub(crate) fn lines(&mut self, record: &Record) -> Vec<String> {
        let mut shown = Vec::new();
        for event in &record.events {
            shown.extend(self.event(record, &event.detail));
        }
        shown.extend(self.pending(record));
        if matches!(record.pending, Pending::Ended(_)) {
            self.open.remove(&record.scope);
        }
        let is_hidden = record.scope.forks().any(|fork| self.wide.contains(&fork));
        let (head, hint) = (self.head(record), " ".repeat(12));
        shown
            .into_iter()
            .filter(|line| !is_hidden || line.is_failure)
            .flat_map(|line| {
                let hint = line.hint.map(|text| format!("{hint}{text}"));
                [Some(format!("{head}{}", line.text)), hint].into_iter().flatten()
            })
            .collect()
    }

    /// The time since the start, and where: the indexes of the branches and iterations.
    fn head(&mut self, record: &Record) -> String {
        let now = record.moment.millis;
        let elapsed = now.saturating_sub(*self.started.get_or_insert(now)).max(0);
        let (secs, millis) = (elapsed / 1_000, elapsed % 1_000);
        let mut head = self.paint.dim(format!("{secs:>5}.{millis:03}  "));
        let hops = record.scope.hops();
        if !hops.is_empty() {
            let mut place = "  ".repeat(hops.len());
            for hop in hops {
                // Writing to a String cannot fail.
                let _ = write!(place, "[{}]", hop.child);
            }
            place.push(' ');
            head.push_str(&self.paint.dim(place));
        }
        head
    }

    fn event(&mut self, record: &Record, event: &EventDetail) -> Option<Line> {
        let now = record.moment.millis;
        let paint = self.paint;
        match event {
            EventDetail::StateEntered { name, .. } => {
                let name = plain(name, CHARS_SHOWN_MAX);
                let open = Open { name, entered: now, attempts: 0, failure: None };
                self.open.insert(record.scope.clone(), open);
                None
            }
            EventDetail::StateExited { name, .. } => {
                let open = self.open.remove(&record.scope)?;
                let lasted = span(now.saturating_sub(open.entered));
                let (mark, after) = match open.failure {
                    None => (paint.good("✓"), lasted),
                    Some(failure) => (paint.odd("↷"), format!("{lasted}, caught {failure}")),
                };
                let name = plain(name, CHARS_SHOWN_MAX);
                Some(Line::plain(format!("{mark} {}  {}", paint.strong(name), paint.dim(after))))
            }
            EventDetail::TaskScheduled { .. } => {
                let open = self.open.get_mut(&record.scope)?;
                open.attempts = open.attempts.saturating_add(1);
                open.failure = None;
                None
            }
            EventDetail::TaskFailed { detail, .. }
            | EventDetail::TaskTimedOut { detail, .. }
            | EventDetail::EvaluationFailed { detail, .. } => self.note(record, failure(detail)),
            EventDetail::ParallelStateFailed => self.note(record, "the failure of a branch".into()),
            EventDetail::MapStateFailed => self.note(record, "the failure of an item".into()),
            EventDetail::ExecutionStarted
            | EventDetail::ExecutionSucceeded { .. }
            | EventDetail::ExecutionFailed(_)
            | EventDetail::ExecutionAborted(_)
            | EventDetail::ExecutionTimedOut(_)
            | EventDetail::ExecutionRedriven { .. }
            | EventDetail::StateAborted { .. }
            | EventDetail::TaskStarted { .. }
            | EventDetail::TaskSubmitted { .. }
            | EventDetail::TaskSucceeded { .. }
            | EventDetail::ParallelStateStarted
            | EventDetail::ParallelStateSucceeded
            | EventDetail::MapStateStarted { .. }
            | EventDetail::MapStateSucceeded
            | EventDetail::MapIterationStarted { .. }
            | EventDetail::MapIterationSucceeded { .. }
            | EventDetail::MapIterationFailed { .. }
            | EventDetail::MapIterationAborted { .. }
            | EventDetail::MapRunStarted { .. }
            | EventDetail::MapRunSucceeded
            | EventDetail::MapRunFailed(_)
            | EventDetail::MapRunAborted
            | EventDetail::MapRunRedriven { .. } => None,
        }
    }

    fn note(&mut self, record: &Record, failure: String) -> Option<Line> {
        self.open.get_mut(&record.scope)?.failure = Some(failure);
        None
    }

    /// What the record waits for, if that may take a while; or how its scope failed.
    fn pending(&mut self, record: &Record) -> Option<Line> {
        let now = record.moment.millis;
        let paint = self.paint;
        let open = self.open.get(&record.scope);
        let name = open.map_or_else(|| record.state.as_str(), |open| &open.name);
        let name = paint.strong(plain(name, CHARS_SHOWN_MAX));
        let waits = |what: String| Line::plain(format!("{} {name}  {what}", paint.dim("→")));
        match &record.pending {
            Pending::Continue | Pending::Failing(_) => None,
            Pending::Until(at) => Some(waits(until(*at, now))),
            Pending::Retry { at, .. } => {
                let why = open.and_then(|open| open.failure.clone()).unwrap_or_default();
                let delay = span(at.as_millisecond().saturating_sub(now));
                let text = format!("{} {name}  {why}; again in {delay}", paint.odd("↻"));
                Some(Line { text, is_failure: true, hint: None })
            }
            Pending::Call(call) => {
                let attempt = open.map_or(1, |open| open.attempts);
                let again =
                    if attempt > 1 { format!(" (attempt {attempt})") } else { String::new() };
                Some(waits(format!("calls {}{again}", callee(call))))
            }
            Pending::Callback(callback) => {
                let hint = (self.how_to_answer)(record, callback);
                Some(Line { hint, ..waits("waits for an answer to its task token".to_owned()) })
            }
            Pending::Fork(fork) => {
                let is_map =
                    |detail: &EventDetail| matches!(detail, EventDetail::MapStateStarted { .. });
                let is_map = record.events.iter().any(|event| is_map(&event.detail));
                let line = waits(children(fork, is_map));
                if fork.width > WIDTH_SHOWN_MAX {
                    let (scope, fork) = (record.scope.clone(), record.sequence);
                    self.wide.insert(ForkId { scope, fork });
                }
                Some(line)
            }
            Pending::MapRun(_) => {
                Some(waits("works on its items in executions of their own".to_owned()))
            }
            Pending::Ended(End::Failed { failure: found, .. }) => {
                let why = failure(&ErrorDetail::from(found));
                let text = format!("{} {name}  {why}", paint.bad("✗"));
                Some(Line { text, is_failure: true, hint: None })
            }
            Pending::Ended(End::Succeeded(_) | End::Aborted(_) | End::TimedOut) => None,
        }
    }
}

struct Line {
    text: String,
    is_failure: bool,
    hint: Option<String>,
}

impl Line {
    fn plain(text: String) -> Self {
        Line { text, is_failure: false, hint: None }
    }
}

/// An error and its cause, in one line.
pub(crate) fn failure(detail: &ErrorDetail) -> String {
    let error =
        plain(detail.error.as_deref().unwrap_or("an error without a name"), CHARS_SHOWN_MAX);
    match detail.cause.as_deref().filter(|cause| !cause.is_empty()) {
        Some(cause) => format!("{error}: {}", plain(cause, CHARS_SHOWN_MAX)),
        None => error,
    }
}

fn until(at: Timestamp, now: i64) -> String {
    let left = span(at.as_millisecond().saturating_sub(now));
    format!("waits {left}, until {at:.0}")
}

/// What is called: a function by its name, anything else by its resource.
fn callee(call: &Call) -> String {
    let short = |arn: &str| {
        let tail = arn.rsplit(":function:").next().unwrap_or(arn);
        plain(tail.strip_prefix("arn:aws:states:::").unwrap_or(tail), CHARS_SHOWN_MAX)
    };
    let function = call.arguments.value().get("FunctionName").and_then(|name| name.as_str());
    short(function.unwrap_or_else(|| call.resource.arn()))
}

fn children(fork: &Fork, is_map: bool) -> String {
    let Fork { width, concurrency, .. } = fork;
    let what = match (is_map, width) {
        (true, 1) => "item",
        (true, _) => "items",
        (false, 1) => "branch",
        (false, _) => "branches",
    };
    let mut text = format!("{width} {what}");
    if concurrency < width {
        // Writing to a String cannot fail.
        let _ = write!(text, ", {concurrency} at a time");
    }
    if *width > WIDTH_SHOWN_MAX {
        text.push_str("; only failures among them are shown");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use baton_asl::{Options, parse};
    use baton_engine::{
        Execution, Failure, Hop, Ids, Marked, Marks, Nonce, Outcome, Payload, Sequence, advance,
        begin, begin_child,
    };
    use expect_test::{Expect, expect};
    use std::sync::Arc;

    struct NoChance;

    impl Ids for NoChance {
        fn task_token(&mut self, _: &ScopePath, _: Sequence) -> (Arc<str>, Nonce) {
            ("token".into(), Nonce(1))
        }
        fn uuid(&mut self) -> String {
            String::new()
        }
        fn unit(&mut self) -> f64 {
            0.0
        }
    }

    /// One scope, driven by hand.
    struct Play {
        definition: baton_asl::Definition,
        execution: Execution,
        progress: Progress,
        newest: Arc<Record>,
        now: i64,
        shown: String,
    }

    impl Play {
        fn new(definition: serde_json::Value) -> Self {
            let text = definition.to_string();
            let definition = parse(&text, &Options::default()).definition.unwrap();
            let execution = Execution {
                arn: "arn:aws:states:us-east-1:123456789012:execution:m:e".into(),
                name: "e".into(),
                role_arn: "arn:aws:iam::123456789012:role/r".into(),
                started: Timestamp::UNIX_EPOCH,
                input: Payload::parse("{}").unwrap(),
                machine_arn: "arn:aws:states:us-east-1:123456789012:stateMachine:m".into(),
                machine_name: "m".into(),
                start: baton_asl::BlockId::TOP,
                region: "us-east-1".into(),
                redrives: baton_engine::Redrives::default(),
                payload_bytes_max: None,
            };
            let first =
                begin(&definition, &execution, Timestamp::UNIX_EPOCH, &mut NoChance).unwrap();
            let progress = Progress::new(Paint { is_on: false }, |_, callback| {
                Some(format!("answer it ({:?})", callback.call.nonce))
            });
            let newest = Arc::new(first);
            let mut play =
                Play { definition, execution, progress, newest, now: 0, shown: String::new() };
            play.show(&play.newest.clone());
            play
        }

        fn show(&mut self, record: &Record) {
            for line in self.progress.lines(record) {
                // Without the bar the expected texts would lose their indentation.
                self.shown.push('|');
                self.shown.push_str(&line);
                self.shown.push('\n');
            }
        }

        fn after(mut self, millis: i64, outcome: Outcome) -> Self {
            self.now += millis;
            let now = Timestamp::from_millisecond(self.now).unwrap();
            let marked = Marked { record: self.newest.clone(), marks: Marks::default() };
            let record =
                advance(&self.definition, &self.execution, &marked, outcome, now, &mut NoChance);
            self.newest = Arc::new(record.unwrap());
            self.show(&self.newest.clone());
            self
        }

        fn child(&self, index: u32) -> Record {
            let now = Timestamp::from_millisecond(self.now).unwrap();
            let (definition, execution) = (&self.definition, &self.execution);
            begin_child(definition, execution, &self.newest, index, None, now, &mut NoChance)
                .unwrap()
        }

        fn check(&self, expected: &Expect) {
            expected.assert_eq(&self.shown);
        }
    }

    fn succeeded(output: &str) -> Outcome {
        Outcome::Succeeded { output: Payload::parse(output).unwrap() }
    }

    fn failed(error: &str) -> Outcome {
        Outcome::Failed(Failure::new(error, "no\nluck"))
    }

    #[test]
    fn a_state_is_shown_when_it_waits_and_when_it_ends() {
        Play::new(serde_json::json!({"StartAt": "Prepare", "States": {
            "Prepare": {"Type": "Pass", "Next": "Pay"},
            "Pay": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Next": "Rest",
                "Parameters": {"FunctionName": "arn:aws:lambda:us-east-1:123456789012:function:pay"}},
            "Rest": {"Type": "Wait", "Seconds": 60, "Next": "Done"},
            "Done": {"Type": "Succeed"},
        }}))
        .after(5, Outcome::Proceed)
        .after(20, succeeded("1"))
        .after(60_000, Outcome::Proceed)
        .after(1, Outcome::Proceed)
        .check(&expect![[r#"
            |    0.005  ✓ Prepare  5 ms
            |    0.005  → Pay  calls pay
            |    0.025  ✓ Pay  20 ms
            |    0.025  → Rest  waits 1 min 0 s, until 1970-01-01T00:01:00Z
            |   60.025  ✓ Rest  1 min 0 s
            |   60.026  ✓ Done  1 ms
        "#]]);
    }

    #[test]
    fn failures_show_what_becomes_of_them() {
        let task = "arn:aws:lambda:us-east-1:123456789012:function:f";
        Play::new(serde_json::json!({"StartAt": "Try", "States": {
            "Try": {"Type": "Task", "Resource": task, "Next": "Lose",
                "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 2}],
                "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Lose"}]},
            "Lose": {"Type": "Fail", "Error": "Lost", "Cause": "for good"},
        }}))
        .after(10, failed("Busy"))
        .after(2_000, Outcome::Proceed)
        .after(10, failed("Broken"))
        .after(0, Outcome::Proceed)
        .check(&expect![[r#"
            |    0.000  → Try  calls f
            |    0.010  ↻ Try  Busy: no luck; again in 2.0 s
            |    2.010  → Try  calls f (attempt 2)
            |    2.020  ↷ Try  2.0 s, caught Broken: no luck
            |    2.020  ✗ Lose  Lost: for good
        "#]]);
    }

    #[test]
    fn a_callback_says_how_it_is_answered() {
        Play::new(serde_json::json!({"StartAt": "Ask", "States": {
            "Ask": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
                "Parameters": {"QueueUrl": "q", "MessageBody": "b"}, "End": true},
        }}))
        .after(10, Outcome::Submitted { output: Payload::parse("{}").unwrap() })
        .after(90_000, succeeded("{}"))
        .check(&expect![[r#"
            |    0.000  → Ask  calls sqs:sendMessage.waitForTaskToken
            |    0.010  → Ask  waits for an answer to its task token
            |            answer it (Some(Nonce(1)))
            |   90.010  ✓ Ask  1 min 30 s
        "#]]);
    }

    fn map(items: u32) -> Play {
        let items: Vec<u32> = (0..items).collect();
        let look = serde_json::json!({"Type": "Wait", "Seconds": 1, "End": true});
        Play::new(serde_json::json!({"StartAt": "Items", "States": {
            "Items": {"Type": "Pass", "Result": items, "Next": "Each"},
            "Each": {"Type": "Map", "MaxConcurrency": 2, "End": true,
                "ItemProcessor": {"StartAt": "Look", "States": {"Look": look}}},
        }}))
        .after(1, Outcome::Proceed)
    }

    #[test]
    fn children_show_where_they_are() {
        let mut play = map(3);
        let child = play.child(1);
        assert_eq!(child.scope.hops(), [Hop { fork: Sequence(1), child: 1 }]);
        play.show(&child);
        play.check(&expect![[r#"
            |    0.001  ✓ Items  1 ms
            |    0.001  → Each  3 items, 2 at a time
            |    0.001    [1] → Look  waits 1.0 s, until 1970-01-01T00:00:01Z
        "#]]);
    }

    #[test]
    fn of_a_wide_map_only_failures_are_shown() {
        let mut play = map(50);
        let child = play.child(1);
        play.show(&child);
        let end = End::Failed {
            failure: Failure::new("Broken", ""),
            state_type: baton_engine::StateType::Wait,
        };
        play.show(&Record { events: Vec::new(), pending: Pending::Ended(end), ..child });
        play.check(&expect![[r#"
            |    0.001  ✓ Items  1 ms
            |    0.001  → Each  50 items, 2 at a time; only failures among them are shown
            |    0.001    [1] ✗ Look  Broken
        "#]]);
    }
}
