//! Workflows made from a seed: states of all kinds in a row, some of them in branches and iterations, some loops; calls
//! that fail, hang, or are answered by a client; retriers and catchers.

use crate::dice::Stream;
use crate::outside::Answers;
use crate::workflow::Workflow;
use serde_json::{Map, Value, json};
use std::sync::Arc;

const FUNCTION: &str = "arn:aws:lambda:us-east-1:111111111111:function:f";
const CALLBACK: &str = "arn:aws:states:::sqs:sendMessage.waitForTaskToken";
/// How deep branches and iterations nest.
const DEPTH_MAX: u32 = 2;

/// The workflow of a seed.
pub fn workflow(seed: u64) -> Workflow {
    let stream = Stream::new(seed ^ 0x000f_f1ce);
    let mut maker = Maker { stream, names: 0 };
    let definition = maker.block(0);
    let parsed = baton_asl::parse(&definition.to_string(), &baton_asl::Options::default());
    let diagnostics = baton_asl::aws_message(&parsed.diagnostics);
    assert!(parsed.definition.is_some(), "seed {seed} gives a bad definition: {diagnostics}");
    let timeout_secs = maker.stream.one_in(10).then(|| 20 + maker.stream.below(300) as u32);
    Workflow {
        name: format!("generated {seed}"),
        definition: definition.to_string().into(),
        input: json!({ "items": [1, 2, 3], "n": 0 }),
        timeout_secs,
        answers: Arc::new(Answers::Drawn(seed)),
    }
}

struct Maker {
    stream: Stream,
    names: u32,
}

impl Maker {
    fn name(&mut self, kind: &str) -> String {
        self.names += 1;
        format!("{kind}{}", self.names)
    }

    /// States in a row.
    fn block(&mut self, depth: u32) -> Value {
        let length = 1 + self.stream.below(if depth == 0 { 5 } else { 3 });
        let mut states = Map::new();
        let last = self.name("End");
        states.insert(last.clone(), json!({ "Type": "Succeed" }));
        let mut next = last.clone();
        for _ in 0..length {
            next = self.state(&mut states, depth, &next, &last);
        }
        json!({ "StartAt": next, "States": states })
    }

    /// Adds a state, or a few that belong together, before `next`; answers the first one's name.
    fn state(
        &mut self,
        states: &mut Map<String, Value>,
        depth: u32,
        next: &str,
        last: &str,
    ) -> String {
        let kind = self.stream.below(if depth < DEPTH_MAX { 12 } else { 8 });
        match kind {
            0 => self.add(states, "Pass", json!({ "Type": "Pass", "Next": next })),
            1 => {
                let secs = *self.stream.any_of(&[1, 7, 60, 4_000]);
                self.add(states, "Wait", json!({ "Type": "Wait", "Seconds": secs, "Next": next }))
            }
            2 => self.looped(states, next),
            3 if self.stream.one_in(4) => {
                let fail = json!({ "Type": "Fail", "Error": "Broken", "Cause": "by design" });
                let fail = self.add(states, "Fail", fail);
                let least = self.stream.below(3);
                let rule =
                    json!({ "Variable": "$.n", "NumericGreaterThanEquals": least, "Next": fail });
                let choice = json!({ "Type": "Choice", "Default": next, "Choices": [rule] });
                self.add(states, "Gate", choice)
            }
            3..=5 => {
                let task = self.task(next);
                let task = self.handled(task, last);
                self.add(states, "Call", task)
            }
            6 | 7 => {
                let task = self.callback(next);
                let task = self.handled(task, last);
                self.add(states, "Ask", task)
            }
            8 | 9 => {
                let branches: Vec<Value> =
                    (0..=self.stream.below(3)).map(|_| self.block(depth + 1)).collect();
                let parallel = json!({ "Type": "Parallel", "Branches": branches, "ResultPath": "$.all", "Next": next });
                let parallel = self.handled(parallel, last);
                self.add(states, "Fork", parallel)
            }
            _ => {
                let concurrency = self.stream.below(4);
                let items: Vec<u64> = (0..self.stream.below(6)).collect();
                let map = json!({
                    "Type": "Map", "MaxConcurrency": concurrency, "ItemProcessor": self.block(depth + 1),
                    "ItemSelector": { "items": items, "n": 0, "value.$": "$$.Map.Item.Value" },
                    "ItemsPath": "$.items", "ResultPath": "$.each", "Next": next,
                });
                let map = self.handled(map, last);
                self.add(states, "Each", map)
            }
        }
    }

    fn add(&mut self, states: &mut Map<String, Value>, kind: &str, state: Value) -> String {
        let name = self.name(kind);
        states.insert(name.clone(), state);
        name
    }

    /// A loop that is gone round a few times.
    fn looped(&mut self, states: &mut Map<String, Value>, next: &str) -> String {
        let [choice, count, set, begin] =
            ["Again", "Count", "Set", "Loop"].map(|kind| self.name(kind));
        let rounds = 1 + self.stream.below(3);
        states.insert(
            choice.clone(),
            json!({ "Type": "Choice", "Default": next,
                "Choices": [{ "Variable": "$.n", "NumericLessThan": rounds, "Next": count }] }),
        );
        states.insert(
            count,
            json!({ "Type": "Pass", "Parameters": { "next.$": "States.MathAdd($.n, 1)" },
                "ResultPath": "$.counted", "Next": set }),
        );
        states.insert(
            set,
            json!({ "Type": "Pass", "InputPath": "$.counted.next", "ResultPath": "$.n", "Next": choice }),
        );
        states.insert(
            begin.clone(),
            json!({ "Type": "Pass", "Result": 0, "ResultPath": "$.n", "Next": choice }),
        );
        begin
    }

    fn task(&mut self, next: &str) -> Value {
        let mut task =
            json!({ "Type": "Task", "Resource": FUNCTION, "ResultPath": "$.result", "Next": next });
        if self.stream.one_in(3) {
            task["TimeoutSeconds"] = json!(*self.stream.any_of(&[3, 10, 100]));
        }
        task
    }

    fn callback(&mut self, next: &str) -> Value {
        let mut task = json!({
            "Type": "Task", "Resource": CALLBACK, "ResultPath": "$.result", "Next": next,
            "Parameters": { "QueueUrl": "q", "MessageBody": { "token.$": "$$.Task.Token" } },
        });
        if self.stream.one_in(2) {
            task["TimeoutSeconds"] = json!(*self.stream.any_of(&[12, 40, 100]));
            if self.stream.one_in(2) {
                task["HeartbeatSeconds"] = json!(6);
            }
        }
        task
    }

    /// Gives a state that may fail retriers and catchers.
    fn handled(&mut self, mut state: Value, last: &str) -> Value {
        let names = ["States.ALL", "Busy", "States.Timeout", "States.TaskFailed"];
        if self.stream.one_in(2) {
            let name = *self.stream.any_of(&names);
            let attempts = 1 + self.stream.below(3);
            let interval = *self.stream.any_of(&[1, 5, 30]);
            state["Retry"] = json!([{ "ErrorEquals": [name], "MaxAttempts": attempts, "IntervalSeconds": interval }]);
        }
        if self.stream.one_in(2) {
            let name = *self.stream.any_of(&names);
            state["Catch"] =
                json!([{ "ErrorEquals": [name], "ResultPath": "$.error", "Next": last }]);
        }
        state
    }
}
