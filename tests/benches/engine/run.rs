//! One execution, record after record, as the driver asks for them.

use baton_asl::{Definition, Options, parse};
use baton_engine::{
    Execution, Ids, Marked, Marks, Nonce, Outcome, Payload, Pending, Record, ScopePath, Sequence,
};
use jiff::Timestamp;
use serde_json::Value;
use std::hint::black_box;
use std::sync::Arc;

pub struct Fixed;

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

/// A definition and the facts of an execution of it.
pub struct Machine {
    definition: Definition,
    execution: Execution,
}

impl Machine {
    pub fn new(definition: &Value, input: Payload) -> Self {
        let parsed = parse(&definition.to_string(), &Options::default());
        let definition = parsed.definition.unwrap_or_else(|| panic!("{:?}", parsed.diagnostics));
        let execution = Execution {
            arn: "arn:aws:states:us-east-1:123456789012:execution:m:e".into(),
            name: "e".into(),
            role_arn: "arn:aws:iam::123456789012:role/r".into(),
            started: Timestamp::UNIX_EPOCH,
            input,
            machine_arn: "arn:aws:states:us-east-1:123456789012:stateMachine:m".into(),
            machine_name: "m".into(),
            region: "us-east-1".into(),
            payload_bytes_max: Some(262_144),
            redrives: Default::default(),
            start: baton_asl::BlockId::TOP,
        };
        Machine { definition, execution }
    }

    pub fn begin(&self) -> Marked {
        let record = baton_engine::begin(
            &self.definition,
            &self.execution,
            Timestamp::UNIX_EPOCH,
            &mut Fixed,
        );
        marked(record.expect("it begins"))
    }

    pub fn advance(&self, marked_record: &Marked) -> Marked {
        let record = baton_engine::advance(
            &self.definition,
            &self.execution,
            marked_record,
            Outcome::Proceed,
            Timestamp::UNIX_EPOCH,
            &mut Fixed,
        );
        marked(record.expect("it goes on"))
    }

    /// Makes so many transitions, beginning anew where the execution ends.
    pub fn run(&self, transitions: u32) {
        let mut newest = self.begin();
        for _ in 0..transitions {
            newest = match newest.record.pending {
                Pending::Ended(_) => self.begin(),
                _ => self.advance(&newest),
            };
            black_box(newest.record.effects());
        }
    }
}

fn marked(record: Record) -> Marked {
    Marked { record: Arc::new(record), marks: Marks::default() }
}
