//! The world outside: what calls are answered, and what clients do.
//!
//! An answer is a function of the attempt alone, so that the same attempt is told the same thing in any weather. Only how
//! an attempt ended (answered, lost with its worker, timed out) is the weather's to decide; see `fate.rs`.

use crate::dice::{Stream, mixed};
use baton_driver::CallAnswer;
use baton_engine::{ErrorDetail, Failure, Payload, ScopePath, Sequence};
use serde_json::json;

/// Which attempt: its scope and the record whose call it is.
pub type Attempt = (ScopePath, Sequence);

/// One attempt as the outside sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    pub attempt: Attempt,
    pub state: String,
    pub retry_count: u32,
    pub arguments: String,
    pub has_token: bool,
}

/// What becomes of a call, and when.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// How long the call takes.
    pub takes_millis: i64,
    /// The call's answer; none: it is never answered.
    pub answer: Option<CallAnswer>,
    /// What a client sends for the call's token, and how long after the call began.
    pub callback: Option<(i64, Callback)>,
}

/// What a client sends for a token.
#[derive(Debug, Clone, PartialEq)]
pub enum Callback {
    Succeeded(Payload),
    Failed(ErrorDetail),
}

/// How a workflow's calls are answered.
#[derive(Debug, Clone)]
pub enum Answers {
    /// By chance that depends on the attempt.
    Drawn(u64),
    /// As they were once answered, in fair weather.
    Heard(Vec<Heard>),
}

/// A call and its answer.
#[derive(Debug, Clone)]
pub struct Heard {
    pub asked: Asked,
    pub plan: Plan,
}

impl Answers {
    pub fn plan(&self, asked: &Asked) -> Plan {
        match self {
            Answers::Drawn(seed) => drawn(*seed, asked),
            Answers::Heard(heard) => recalled(heard, asked),
        }
    }
}

/// The answer to this very attempt; else to the same call of the same state, the same attempt first, then the latest
/// before it.
fn recalled(heard: &[Heard], asked: &Asked) -> Plan {
    let likeness = |heard: &Heard| {
        let other = &heard.asked;
        let is_same_call = other.arguments == asked.arguments;
        let distance = i64::from(other.retry_count) - i64::from(asked.retry_count);
        (is_same_call, other.attempt == asked.attempt, -distance.abs())
    };
    let of_state = heard.iter().filter(|heard| heard.asked.state == asked.state);
    let found = of_state.max_by_key(|heard| likeness(heard));
    found.map_or(Plan { takes_millis: 0, answer: None, callback: None }, |heard| heard.plan.clone())
}

/// Retries fail ever less often, so that every workflow ends.
fn drawn(seed: u64, asked: &Asked) -> Plan {
    let text = format!("{} {} {}", asked.state, asked.attempt.0, asked.retry_count);
    let mut stream =
        Stream::new(text.bytes().fold(seed, |state, byte| mixed(state ^ u64::from(byte))));
    let takes_millis = match stream.below(3) {
        0 => 0,
        1 => stream.below(500) as i64,
        _ => stream.below(20_000) as i64,
    };
    let fails = stream.below(3 + u64::from(asked.retry_count)) == 0;
    let is_silent = stream.below(6) == 0;
    let error = *stream.any_of(&["Busy", "Broken", "Odd"]);
    let result =
        json!({ "by": asked.state, "attempt": asked.retry_count, "draw": stream.below(1_000) });
    let answer = if fails {
        CallAnswer::Failed(Failure::new(error, "by chance"))
    } else {
        CallAnswer::Succeeded(Payload::new(result.clone()))
    };
    if !asked.has_token {
        return Plan { takes_millis, answer: Some(answer), callback: None };
    }
    let callback = if fails {
        Callback::Failed(ErrorDetail { error: Some(error.into()), cause: None })
    } else {
        Callback::Succeeded(Payload::new(result))
    };
    // A silent one answers when its time, if it has a limit, should be over.
    let after =
        if is_silent { 170_000 } else { stream.below(2 * takes_millis.unsigned_abs() + 2) as i64 };
    let accepted = CallAnswer::Succeeded(Payload::new(json!({ "MessageId": "1" })));
    Plan { takes_millis, answer: Some(accepted), callback: Some((after, callback)) }
}
