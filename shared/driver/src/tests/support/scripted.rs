//! Tasks that answer by script.

use crate::objects::{ObjectAnswer, ObjectCall, ObjectError, ObjectRequest, ObjectSummary};
use crate::{CallAnswer, Job, TaskCall, Tasks};
use baton_engine::{Failure, Payload};
use baton_store::BoxError;
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Answers each state's calls in the order they were scripted, and with the arguments when nothing is left.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scripted(Arc<Mutex<Script>>);

#[derive(Debug, Default)]
struct Script {
    answers: BTreeMap<String, VecDeque<Option<CallAnswer>>>,
    ends: BTreeMap<String, CallAnswer>,
    calls: Vec<Seen>,
    unready: u32,
    crashes: bool,
    crashes_early: bool,
    /// By bucket and key: an object's parts, and whether the last is there.
    objects: BTreeMap<String, (Vec<Vec<u8>>, bool)>,
    time_left: Option<Duration>,
}

/// A call that was made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Seen {
    pub(crate) scope: String,
    pub(crate) sequence: u32,
    pub(crate) state: String,
    pub(crate) attempt: u32,
    pub(crate) token: Option<String>,
}

pub(crate) fn answer(value: Value) -> CallAnswer {
    CallAnswer::Succeeded(Payload::new(value))
}

pub(crate) fn failure(error: &str) -> CallAnswer {
    CallAnswer::Failed(Failure::new(error, "scripted"))
}

impl Scripted {
    /// The next answer of a state that has no answer before it.
    pub(crate) fn script(&self, state: &str, answer: CallAnswer) {
        self.with(|script| script.answers.entry(state.into()).or_default().push_back(Some(answer)));
    }

    /// From here on the jobs of a state have ended.
    pub(crate) fn end_job(&self, state: &str, end: CallAnswer) {
        self.with(|script| script.ends.insert(state.into(), end));
    }

    /// The next call of a state is never answered.
    pub(crate) fn hang(&self, state: &str) {
        self.with(|script| script.answers.entry(state.into()).or_default().push_back(None));
    }

    /// The next so many calls cannot be prepared.
    pub(crate) fn unready(&self, times: u32) {
        self.with(|script| script.unready = times);
    }

    /// Every call crashes.
    pub(crate) fn crash(&self) {
        self.with(|script| script.crashes = true);
    }

    /// Every preparation of a call crashes.
    pub(crate) fn crash_early(&self) {
        self.with(|script| script.crashes_early = true);
    }

    /// Puts an object.
    pub(crate) fn put(&self, path: &str, bytes: &[u8]) {
        self.with(|script| script.objects.insert(path.to_owned(), (vec![bytes.to_vec()], true)));
    }

    /// An object that is complete.
    pub(crate) fn object(&self, path: &str) -> Option<Vec<u8>> {
        self.with(|script| {
            let (parts, _) = script.objects.get(path).filter(|(_, is_whole)| *is_whole)?;
            Some(parts.concat())
        })
    }

    /// The objects that are complete.
    pub(crate) fn keys(&self) -> Vec<String> {
        let whole = |script: &Script| {
            let whole = script.objects.iter().filter(|(_, (_, is_whole))| *is_whole);
            whole.map(|(path, _)| path.clone()).collect()
        };
        self.with(|script| whole(script))
    }

    /// The process has so much time left.
    pub(crate) fn leave(&self, time_left: Duration) {
        self.with(|script| script.time_left = Some(time_left));
    }

    /// What was called so far.
    pub(crate) fn calls(&self) -> Vec<Seen> {
        self.with(|script| script.calls.clone())
    }

    fn with<R>(&self, work: impl FnOnce(&mut Script) -> R) -> R {
        work(&mut self.0.lock().unwrap())
    }
}

impl Tasks for Scripted {
    async fn prepare(&self, _call: &TaskCall<'_>) -> Result<(), BoxError> {
        assert!(!self.with(|script| script.crashes_early), "scripted to crash");
        self.with(|script| match script.unready.checked_sub(1) {
            Some(left) => {
                script.unready = left;
                Err("no credentials yet".into())
            }
            None => Ok(()),
        })
    }

    fn time_left(&self) -> Option<Duration> {
        self.with(|script| script.time_left)
    }

    async fn objects(&self, call: &ObjectCall<'_>) -> Result<ObjectAnswer, ObjectError> {
        self.with(|script| script.answer(call.request))
    }

    async fn job_end(&self, job: &Job<'_>) -> Result<Option<CallAnswer>, BoxError> {
        Ok(self.with(|script| script.ends.get(job.call.state.as_str()).cloned()))
    }

    async fn call(&self, call: &TaskCall<'_>) -> CallAnswer {
        assert!(!self.with(|script| script.crashes), "scripted to crash");
        let seen = Seen {
            scope: call.scope.to_string(),
            sequence: call.sequence.0,
            state: call.state.as_str().to_owned(),
            attempt: call.attempt,
            token: call.token.map(str::to_owned),
        };
        let answer = self.with(|script| {
            let answer = script.answers.get_mut(&seen.state).and_then(VecDeque::pop_front);
            script.calls.push(seen);
            answer
        });
        match answer {
            Some(Some(answer)) => answer,
            Some(None) => std::future::pending().await,
            None => CallAnswer::Succeeded(call.arguments.clone()),
        }
    }
}

impl Script {
    fn answer(&mut self, request: ObjectRequest<'_>) -> Result<ObjectAnswer, ObjectError> {
        match request {
            ObjectRequest::Read { bucket, key, from, bytes_max, .. } => {
                let object = self.objects.get(&format!("{bucket}/{key}"));
                let missing = || ObjectError::refused("The specified key does not exist.");
                let bytes = object.ok_or_else(missing)?.0.concat();
                let from = usize::try_from(from).unwrap().min(bytes.len());
                let to = bytes.len().min(from + bytes_max as usize);
                let (etag, size) = (etag(&bytes), bytes.len() as u64);
                Ok(ObjectAnswer::Bytes { bytes: bytes[from..to].to_vec(), size, etag })
            }
            ObjectRequest::List { bucket, prefix, .. } => {
                let found = self.objects.iter().filter_map(|(path, (parts, _))| {
                    let key = path.strip_prefix(&format!("{bucket}/"))?;
                    let bytes = parts.concat();
                    key.starts_with(prefix).then(|| ObjectSummary {
                        key: key.to_owned(),
                        etag: etag(&bytes),
                        modified_secs: 0,
                        size: bytes.len() as u64,
                        storage_class: "STANDARD".to_owned(),
                    })
                });
                Ok(ObjectAnswer::Page { objects: found.collect(), next: None })
            }
            request if request.bucket() == "forbidden" => {
                Err(ObjectError::refused("Access Denied"))
            }
            ObjectRequest::Put { bucket, key, bytes } => {
                self.objects.insert(format!("{bucket}/{key}"), (vec![bytes.to_vec()], true));
                Ok(ObjectAnswer::Done)
            }
            ObjectRequest::BeginUpload { bucket, key } => {
                self.objects.insert(format!("{bucket}/{key}"), (Vec::new(), false));
                Ok(ObjectAnswer::Begun("u".to_owned()))
            }
            ObjectRequest::WritePart { bucket, key, part, bytes, .. } => {
                let object = self.objects.get_mut(&format!("{bucket}/{key}")).expect("begun");
                object.0.truncate(part as usize - 1);
                assert_eq!(object.0.len() + 1, part as usize, "parts come in order");
                object.0.push(bytes.to_vec());
                Ok(ObjectAnswer::Part(part.to_string()))
            }
            ObjectRequest::EndUpload { bucket, key, .. } => {
                self.objects.get_mut(&format!("{bucket}/{key}")).expect("begun").1 = true;
                Ok(ObjectAnswer::Done)
            }
            ObjectRequest::AbortUpload { bucket, key, .. } => {
                self.objects.remove(&format!("{bucket}/{key}"));
                Ok(ObjectAnswer::Done)
            }
        }
    }
}

/// Equal bytes have equal ones, and no others in a test.
fn etag(bytes: &[u8]) -> String {
    let sum =
        bytes.iter().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add((*byte).into()));
    format!("\"{sum:x}\"")
}
