//! A Kubernetes job, followed to its end, and its logs.

use super::{Destination, jobs_path, request, with_query};
use crate::arguments::{Arguments, as_text};
use crate::jobs::JobState;
use crate::lambda::encoded;
use crate::limits::{JOB_LOGS_MAX, RESULT_BYTES_MAX};
use crate::{Method, Origin, Request, Response};
use baton_engine::{Failure, Payload};
use serde_json::{Map, Value, json};

/// A job that a cluster has accepted.
#[derive(Debug, Clone)]
pub(crate) struct KubernetesJob {
    destination: Destination,
    namespace: String,
    name: String,
    logs: Option<LogOptions>,
    stage: Stage,
}

/// How the logs are wanted.
#[derive(Debug, Clone)]
struct LogOptions {
    is_raw: bool,
    parameters: Vec<(String, Vec<String>)>,
}

/// What was asked last.
#[derive(Debug, Clone)]
enum Stage {
    /// How the job stands.
    Job,
    /// Which pods it had.
    Pods(Ended),
    /// A container's log.
    Log { ended: Ended, asked: Container, left: Vec<Container>, read: Vec<(Container, Value)> },
}

/// A job's last description, and whether it ended well.
#[derive(Debug, Clone)]
struct Ended {
    description: Map<String, Value>,
    is_good: bool,
}

#[derive(Debug, Clone)]
struct Container {
    pod: String,
    name: String,
}

impl KubernetesJob {
    /// The job that a call began, by what the cluster answered.
    pub(crate) fn new(
        arguments: &Payload,
        submitted: &Payload,
        origin: &Origin<'_>,
    ) -> Option<Self> {
        let name = submitted.value().pointer("/ResponseBody/metadata/name")?.as_str()?;
        let read = Arguments::new(arguments).ok()?;
        Some(KubernetesJob {
            destination: super::destination(&read, origin.region()).ok()?,
            namespace: read.text("Namespace").ok()?.unwrap_or("default").to_owned(),
            name: name.to_owned(),
            logs: log_options(read.get("LogOptions")),
            stage: Stage::Job,
        })
    }

    pub(crate) fn describe(&self) -> Request {
        self.get(self.path())
    }

    pub(crate) fn stop(&self) -> Request {
        let path = format!("{}?propagationPolicy=Background", self.path());
        request(self.destination.clone(), Method::Delete, path, String::new())
    }

    /// What the answer to the last question means.
    pub(crate) fn state(&mut self, response: &Response) -> JobState {
        match std::mem::replace(&mut self.stage, Stage::Job) {
            Stage::Job => self.job_answered(response),
            Stage::Pods(ended) => self.pods_answered(ended, response),
            Stage::Log { ended, asked, left, mut read } => {
                let log = self.log(response);
                read.push((asked, log));
                self.next_log(ended, left, read)
            }
        }
    }

    /// The last question has no answer. Logs are read as well as that can be done.
    pub(crate) fn unanswered(&mut self, detail: &str) -> JobState {
        match std::mem::replace(&mut self.stage, Stage::Job) {
            Stage::Job => JobState::Running,
            Stage::Pods(ended) => ended.with_logs(unread("EKS.SdkClientException", detail)),
            Stage::Log { ended, asked, left, mut read } => {
                read.push((asked, unread("EKS.SdkClientException", detail)));
                self.next_log(ended, left, read)
            }
        }
    }

    fn job_answered(&mut self, response: &Response) -> JobState {
        if !response.is_success() {
            let failure = match super::KubernetesCall::result(response) {
                Err(failure) => failure,
                Ok(_) => Failure::new(Failure::TASK_FAILED, "the cluster did not describe the job"),
            };
            return JobState::refused(response, failure);
        }
        let Ok(Value::Object(description)) = serde_json::from_slice(&response.body) else {
            return JobState::Running;
        };
        let Some(is_good) = has_ended_well(&description) else { return JobState::Running };
        let ended = Ended { description, is_good };
        if self.logs.is_none() {
            return ended.state();
        }
        let selector = encoded(&format!("job-name={}", self.name));
        let path = format!("/api/v1/namespaces/{}/pods", encoded(&self.namespace));
        self.stage = Stage::Pods(ended);
        JobState::Asking(Box::new(self.get(format!("{path}?labelSelector={selector}"))))
    }

    fn pods_answered(&mut self, ended: Ended, response: &Response) -> JobState {
        let pods = serde_json::from_slice::<Value>(&response.body).unwrap_or_default();
        if !response.is_success() {
            return ended.with_logs(unread(&format!("EKS.{}", response.status), &response.text()));
        }
        let mut containers: Vec<Container> = pods
            .get("items")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .flat_map(containers)
            .take(JOB_LOGS_MAX)
            .collect();
        containers.reverse();
        self.next_log(ended, containers, Vec::new())
    }

    /// Asks for the next log, as long as a result has room for it.
    fn next_log(
        &mut self,
        ended: Ended,
        mut left: Vec<Container>,
        read: Vec<(Container, Value)>,
    ) -> JobState {
        let bytes: usize = read.iter().map(|(_, log)| log.to_string().len()).sum();
        let next = if bytes > RESULT_BYTES_MAX { None } else { left.pop() };
        let Some(asked) = next else { return ended.with_logs(by_pod(read)) };
        let options = self.logs.iter().flat_map(|options| &options.parameters);
        let container = ("container".to_owned(), vec![asked.name.clone()]);
        let parameters: Vec<_> = std::iter::once(&container)
            .chain(options)
            .map(|(name, values)| (name, values.clone()))
            .collect();
        let (namespace, pod) = (encoded(&self.namespace), encoded(&asked.pod));
        let path = format!("/api/v1/namespaces/{namespace}/pods/{pod}/log");
        let path = with_query(&path, &parameters);
        self.stage = Stage::Log { ended, asked, left, read };
        JobState::Asking(Box::new(self.get(path)))
    }

    fn log(&self, response: &Response) -> Value {
        let text = response.text();
        if !response.is_success() {
            return unread(&format!("EKS.{}", response.status), &text);
        }
        let is_raw = self.logs.as_ref().is_some_and(|options| options.is_raw);
        let parsed = if is_raw { None } else { Payload::parse(&text).ok() };
        json!({ "log": parsed.map_or_else(|| Value::from(text.as_ref()), Payload::into_value) })
    }

    fn path(&self) -> String {
        format!("{}/{}", jobs_path(&self.namespace), encoded(&self.name))
    }

    fn get(&self, path: String) -> Request {
        request(self.destination.clone(), Method::Get, path, String::new())
    }
}

impl Ended {
    fn state(self) -> JobState {
        let description = Value::Object(self.description);
        if self.is_good {
            JobState::Succeeded(Payload::new(description))
        } else {
            JobState::failed(&description)
        }
    }

    fn with_logs(mut self, logs: Value) -> JobState {
        self.description.insert("logs".to_owned(), logs);
        self.state()
    }
}

/// How a job ended, by its conditions; nothing while it goes on.
fn has_ended_well(job: &Map<String, Value>) -> Option<bool> {
    let conditions = job.get("status")?.get("conditions")?.as_array()?;
    let holds = |kind: &str| {
        conditions.iter().any(|condition| {
            condition.get("type").and_then(Value::as_str) == Some(kind)
                && condition.get("status").and_then(Value::as_str) == Some("True")
        })
    };
    match (holds("Complete"), holds("Failed")) {
        (true, _) => Some(true),
        (false, true) => Some(false),
        (false, false) => None,
    }
}

fn log_options(given: Option<&Value>) -> Option<LogOptions> {
    let is_true = |name: &str| given?.get(name)?.as_bool();
    if is_true("RetrieveLogs") != Some(true) {
        return None;
    }
    let parameters = given?.get("LogParameters").and_then(Value::as_object);
    let list = |value: &Value| value.as_array().map(|all| all.iter().map(as_text).collect());
    let parameters = parameters.into_iter().flatten();
    let parameters =
        parameters.map(|(name, value)| (name.clone(), list(value).unwrap_or_default()));
    Some(LogOptions { is_raw: is_true("RawLogs") == Some(true), parameters: parameters.collect() })
}

fn containers(pod: &Value) -> Vec<Container> {
    let text = |value: &Value, pointer: &str| {
        value.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
    };
    let Some(name) = text(pod, "/metadata/name") else { return Vec::new() };
    let containers = pod.pointer("/spec/containers").and_then(Value::as_array);
    let containers = containers.into_iter().flatten();
    containers
        .filter_map(|container| {
            Some(Container { pod: name.clone(), name: text(container, "/name")? })
        })
        .collect()
}

fn by_pod(read: Vec<(Container, Value)>) -> Value {
    let mut pods = Map::new();
    for (container, log) in read {
        let pod = pods.entry(container.pod).or_insert_with(|| json!({ "containers": {} }));
        if let Some(containers) = pod.get_mut("containers").and_then(Value::as_object_mut) {
            containers.insert(container.name, log);
        }
    }
    json!({ "pods": pods })
}

fn unread(error: &str, cause: &str) -> Value {
    json!({ "error": error, "cause": cause.chars().take(1024).collect::<String>() })
}
