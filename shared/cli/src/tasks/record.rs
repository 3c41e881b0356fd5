//! `--record FILE` and `--replay FILE`: what tasks answered, a line each, by state and attempt.
//!
//! ```json
//! {"state":"Pay","attempt":0,"arguments":"5d41…","result":{"paid":true}}
//! {"state":"Pay","attempt":1,"arguments":"5d41…","error":"Busy","cause":"later"}
//! {"state":"Copy","attempt":0,"arguments":"77f0…","job":{"JobRunState":"SUCCEEDED"}}
//! ```
//!
//! `arguments` is a digest by which the iterations of a Map are told apart; `job` is the end of a job. What looks like a secret
//! is not written: members whose names say so, and the task's own token wherever it stands.

use crate::complaint::Complaint;
use crate::files;
use crate::limits::DIGEST_CHARS;
use baton_driver::{CallAnswer, TaskCall};
use baton_engine::{Failure, Payload};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// What stands where a secret was.
const LEFT_OUT: &str = "(left out)";
/// What the names of secrets have in them, in lower case and without `-` and `_`.
const SECRET: &[&str] = &[
    "authorization",
    "password",
    "passwd",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "cookie",
    "credential",
    "privatekey",
    "signature",
];

/// Writes what tasks answer.
#[derive(Debug)]
pub(crate) struct Recorder {
    file: Mutex<File>,
    left_out: Vec<String>,
}

/// Gives what was recorded.
#[derive(Debug)]
pub(crate) struct Replay(Mutex<Vec<Line>>);

#[derive(Debug)]
struct Line {
    state: String,
    attempt: u64,
    arguments: String,
    answer: Recorded,
}

/// A recorded answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Recorded {
    /// What the call answered.
    Call(CallAnswer),
    /// How the job ended.
    Job(CallAnswer),
}

impl Recorder {
    pub(crate) fn create(path: &Path, left_out: Vec<String>) -> Result<Self, Complaint> {
        let file = File::create(path);
        let file = file.map_err(|error| {
            Complaint::of(&format!("cannot write `{}`", path.display()), &error)
        })?;
        let left_out = left_out.iter().map(|name| plain(name)).collect();
        Ok(Recorder { file: Mutex::new(file), left_out })
    }

    /// Writes an answer down. A recording that cannot be written does not stop the execution.
    pub(crate) fn record(&self, call: &TaskCall<'_>, recorded: &Recorded) {
        let mut line = Map::new();
        line.insert("state".to_owned(), call.state.as_str().into());
        line.insert("attempt".to_owned(), call.attempt.into());
        line.insert("arguments".to_owned(), digest(call).into());
        let (member, answer) = match recorded {
            Recorded::Call(answer) => ("result", answer),
            Recorded::Job(answer) => ("job", answer),
        };
        match answer {
            CallAnswer::Succeeded(result) => {
                line.insert(member.to_owned(), self.shown(call, result.value()));
            }
            CallAnswer::Failed(failure) => {
                let (error, cause) = (failure.error.as_deref(), failure.cause.as_deref());
                line.insert("error".to_owned(), error.into());
                line.insert("cause".to_owned(), self.shown(call, &json!(cause)));
                if member == "job" {
                    line.insert("job".to_owned(), Value::Null);
                }
            }
        }
        let text = format!("{}\n", Value::Object(line));
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = file.write_all(text.as_bytes()) {
            tracing::warn!(%error, "an answer could not be recorded");
        }
    }

    fn shown(&self, call: &TaskCall<'_>, value: &Value) -> Value {
        match value {
            Value::Object(members) => {
                let shown = members.iter().map(|(name, value)| {
                    let is_secret = self.is_secret(name);
                    (
                        name.clone(),
                        if is_secret { LEFT_OUT.into() } else { self.shown(call, value) },
                    )
                });
                shown.collect()
            }
            Value::Array(items) => items.iter().map(|item| self.shown(call, item)).collect(),
            Value::String(text) => self.shown_text(call, text).into(),
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }

    /// A text without the task's token; one that is itself JSON without the secrets in it.
    fn shown_text(&self, call: &TaskCall<'_>, text: &str) -> String {
        if let Some(token) = call.token.filter(|token| text.contains(token)) {
            return text.replace(token, LEFT_OUT);
        }
        match serde_json::from_str::<Value>(text) {
            Ok(inner @ (Value::Object(_) | Value::Array(_))) => {
                let shown = self.shown(call, &inner);
                if shown == inner { text.to_owned() } else { shown.to_string() }
            }
            Ok(_) | Err(_) => text.to_owned(),
        }
    }

    fn is_secret(&self, name: &str) -> bool {
        let name = plain(name);
        SECRET.iter().any(|mark| name.contains(mark)) || self.left_out.contains(&name)
    }
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '-' | '_')).flat_map(char::to_lowercase).collect()
}

/// A digest of the arguments without the token, which each run draws anew.
fn digest(call: &TaskCall<'_>) -> String {
    let text = call.arguments.text();
    let text = call.token.map_or_else(|| text.to_owned(), |token| text.replace(token, ""));
    let mut digest = String::new();
    for byte in Sha256::digest(text.as_bytes()) {
        // Writing to a String cannot fail.
        let _ = write!(digest, "{byte:02x}");
    }
    digest.truncate(DIGEST_CHARS);
    digest
}

impl Replay {
    pub(crate) fn open(path: &Path) -> Result<Self, Complaint> {
        let text = files::read(path)?;
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let lines = lines.map(|(index, text)| {
            let number = index.saturating_add(1);
            Line::parse(text).ok_or_else(|| {
                Complaint(format!("{}: line {number} is no recorded answer", path.display()))
            })
        });
        Ok(Replay(Mutex::new(lines.collect::<Result<_, _>>()?)))
    }

    /// The answer to this call: the first that was recorded of its state and attempt with the same arguments, else with any.
    pub(crate) fn take(&self, call: &TaskCall<'_>) -> Option<Recorded> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let digest = digest(call);
        let is_this = |line: &Line| {
            line.state == call.state.as_str() && line.attempt == u64::from(call.attempt)
        };
        let has_these = |line: &Line| is_this(line) && line.arguments == digest;
        let index = lines.iter().position(has_these).or_else(|| lines.iter().position(is_this))?;
        Some(lines.remove(index).answer)
    }
}

impl Line {
    fn parse(text: &str) -> Option<Self> {
        let line: Map<String, Value> = serde_json::from_str(text).ok()?;
        let text = |name: &str| line.get(name)?.as_str();
        let job = line.get("job");
        let answer = match (text("error"), line.get("result").or(job.filter(|job| !job.is_null())))
        {
            (Some(error), _) => {
                CallAnswer::Failed(Failure::new(error, text("cause").unwrap_or_default()))
            }
            (None, Some(result)) => CallAnswer::Succeeded(Payload::new(result.clone())),
            (None, None) => return None,
        };
        Some(Line {
            state: text("state")?.to_owned(),
            attempt: line.get("attempt")?.as_u64()?,
            arguments: text("arguments").unwrap_or_default().to_owned(),
            answer: if job.is_some() { Recorded::Job(answer) } else { Recorded::Call(answer) },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use baton_asl::{Resource, StateName};
    use baton_engine::{ScopePath, Sequence};
    use baton_store::{ExecutionArn, MachineArn};
    use std::time::Duration;

    fn with_call<R>(
        state: &str,
        attempt: u32,
        arguments: Value,
        work: impl FnOnce(&TaskCall<'_>) -> R,
    ) -> R {
        let machine =
            MachineArn::parse("arn:aws:states:us-east-1:123456789012:stateMachine:m").unwrap();
        let call = TaskCall {
            execution: &ExecutionArn::of(&machine, "e"),
            machine: &machine,
            scope: &ScopePath::top(),
            sequence: Sequence(0),
            state: &StateName::parse(state).unwrap(),
            attempt,
            role_arn: "",
            depth: 0,
            credentials_role_arn: None,
            resource: &Resource::parse("arn:aws:states:::sqs:sendMessage").unwrap(),
            arguments: &Payload::new(arguments),
            token: Some("the-token"),
            trace_header: None,
            time_limit: Duration::from_secs(1),
        };
        work(&call)
    }

    #[test]
    fn what_was_recorded_comes_back_without_its_secrets() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.jsonl");
        let recorder = Recorder::create(&path, vec!["iban".to_owned()]).unwrap();
        let answer = CallAnswer::Succeeded(Payload::new(json!({
            "ok": 1, "Headers": {"Authorization": "Bearer x", "x-amz-security-token": "y"},
            "IBAN": "DE", "text": "see the-token", "body": "{\"api_key\":\"z\",\"a\":1}",
        })));
        with_call("A", 0, json!({"n": 1, "t": "the-token"}), |call| {
            recorder.record(call, &Recorded::Call(answer));
        });
        let busy = CallAnswer::Failed(Failure::new("Busy", "later"));
        with_call("A", 1, json!({"n": 2}), |call| {
            recorder.record(call, &Recorded::Job(busy.clone()))
        });
        let text = std::fs::read_to_string(&path).unwrap();
        for secret in ["Bearer", "\"y\"", "DE\"", "the-token", "z\\\""] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
        let replay = Replay::open(&path).unwrap();
        let taken = with_call("A", 0, json!({"n": 9}), |call| replay.take(call)).unwrap();
        let Recorded::Call(CallAnswer::Succeeded(result)) = taken else { panic!("{taken:?}") };
        assert_eq!(result.value()["ok"], 1);
        assert_eq!(result.value()["body"], "{\"api_key\":\"(left out)\",\"a\":1}");
        assert_eq!(with_call("A", 0, json!({}), |call| replay.take(call)), None);
        let taken = with_call("A", 1, json!({"n": 2}), |call| replay.take(call));
        assert_eq!(taken, Some(Recorded::Job(busy)));
    }

    #[test]
    fn iterations_are_told_apart_by_their_arguments() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.jsonl");
        let recorder = Recorder::create(&path, Vec::new()).unwrap();
        for n in [1, 2] {
            let answer = Recorded::Call(CallAnswer::Succeeded(Payload::new(json!(n))));
            with_call("A", 0, json!({"n": n}), |call| recorder.record(call, &answer));
        }
        let replay = Replay::open(&path).unwrap();
        for n in [2, 1] {
            let taken = with_call("A", 0, json!({"n": n}), |call| replay.take(call));
            let expected = Recorded::Call(CallAnswer::Succeeded(Payload::new(json!(n))));
            assert_eq!(taken, Some(expected));
        }
        std::fs::write(&path, "{}").unwrap();
        assert!(Replay::open(&path).is_err());
    }
}
