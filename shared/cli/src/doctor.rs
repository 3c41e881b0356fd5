//! `baton doctor`: what is wrong with a data file or a stack, and what can be mended.
//!
//! A stack is looked at by its api function, which reads the journals; queues and functions are looked at from here, with the caller's
//! own credentials.

use crate::complaint::Complaint;
use crate::environment::Environment;
use crate::function;
use baton_calls::{Caller, HttpClient, LocalCredentials, Terms};
use baton_driver::{CallAnswer, Driver, Settings, TaskCall, Tasks};
use baton_embedded::Embedded;
use baton_engine::Failure;
use baton_integrations::{Method, Request, Service};
use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// How long one answer may take: the api function's timeout, and some.
const TIME_MAX: Duration = Duration::from_secs(90);
/// How many parts of a check-up there are at most.
const PARTS_MAX: usize = 100_000;
/// Something is wrong, and not mended.
const SICK: u8 = 1;

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// The data file of a server that is not running
    #[arg(short, long, value_name = "FILE", required_unless_present = "function")]
    data: Option<PathBuf>,
    /// The name or ARN of a stack's api function (its output ApiFunctionName)
    #[arg(short, long, conflicts_with = "data")]
    function: Option<String>,
    /// The stack's region [default: AWS_REGION, or us-east-1]
    #[arg(long)]
    region: Option<String>,
    /// Send the cues of executions that stand still again
    #[arg(long)]
    repair: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Looks, and says what it found. Exits with 1 if something is wrong.
pub(crate) async fn doctor(
    arguments: Doctor,
    environment: Environment,
) -> Result<ExitCode, Complaint> {
    let found = match (&arguments.data, &arguments.function) {
        (Some(data), _) => examine_file(data, arguments.repair).await?,
        (None, Some(function)) => {
            let region = arguments.region.clone().or_else(|| environment.region.clone());
            let region = region.unwrap_or_else(|| "us-east-1".to_owned());
            Stack::new(function.clone(), region, environment).examine(arguments.repair).await?
        }
        (None, None) => return Err(Complaint("name a data file or a function".to_owned())),
    };
    let text = if arguments.json { found.to_string() } else { words(&found) };
    // Without a stdout nobody is there to be told.
    let _ = writeln!(std::io::stdout(), "{text}");
    Ok(if is_well(&found) { ExitCode::SUCCESS } else { ExitCode::from(SICK) })
}

/// Calls are nobody's business while a file is looked at.
struct NoTasks;

impl Tasks for NoTasks {
    async fn call(&self, _: &TaskCall<'_>) -> CallAnswer {
        CallAnswer::Failed(Failure::new("Baton.WorkerLost", "no call is made here"))
    }
}

/// A data file. To open it is to derive all its cues: nothing is lost there, and nothing to be sent again.
async fn examine_file(path: &Path, repairs: bool) -> Result<Value, Complaint> {
    if !path.exists() {
        return Err(Complaint(format!("there is no file {}", path.display())));
    }
    let backend = Embedded::open(path).map_err(|error| Complaint::of("", &error))?;
    let cues = backend.cues_waiting();
    let keys = Arc::new(backend.token_keys().clone());
    let driver = Driver::new(Arc::new(backend), NoTasks, keys, Settings::new("doctor"));
    let (mut running, mut late, mut unreadable) = (0, Vec::new(), Vec::new());
    let mut from = None::<String>;
    for _ in 0..PARTS_MAX {
        let part = driver.check_up(from.as_deref(), false).await;
        let part = part.map_err(|error| Complaint::of("", &error))?;
        running += part.running;
        late.extend(part.stuck.iter().map(|it| json!({"execution": it.execution.as_str(), "lateSince": it.late_since.map(|at| at.to_string())})));
        unreadable.extend(
            part.unreadable
                .iter()
                .map(|(arn, why)| json!({"execution": arn.as_str(), "error": why})),
        );
        from = part.next;
        if from.is_none() {
            break;
        }
    }
    Ok(json!({
        "running": running,
        "goOnWhenServed": late,
        "unreadable": unreadable,
        "cuesDerived": cues,
        "repaired": repairs,
    }))
}

/// A stack in AWS.
struct Stack {
    function: String,
    region: String,
    caller: Caller<LocalCredentials>,
}

impl Stack {
    fn new(function: String, region: String, environment: Environment) -> Self {
        let client = Arc::new(HttpClient::default());
        let caller = Caller::new(client, environment.endpoints, environment.credentials);
        Stack { function, region, caller }
    }

    async fn examine(&self, repairs: bool) -> Result<Value, Complaint> {
        let (mut running, mut cues_sent) = (0, 0);
        let (mut stuck, mut unreadable) = (Vec::new(), Vec::new());
        let (mut from, mut examined) = (Value::Null, Value::Null);
        for _ in 0..PARTS_MAX {
            let part = self.invoke(&json!({"doctor": {"repair": repairs, "from": from}})).await?;
            running += number(&part, "running");
            cues_sent += number(&part, "cuesSent");
            stuck.extend(list(&part, "stuck").cloned());
            unreadable.extend(list(&part, "unreadable").cloned());
            examined = part.get("examined").cloned().unwrap_or_default();
            from = part.get("next").cloned().unwrap_or_default();
            if from.is_null() {
                break;
            }
        }
        Ok(json!({
            "running": running,
            "stuck": stuck,
            "unreadable": unreadable,
            "cuesSent": cues_sent,
            "queues": self.queues(&examined).await,
            "functionsWithoutRecursion": self.functions(&examined).await,
        }))
    }

    /// The queues of dead letters that hold any.
    async fn queues(&self, examined: &Value) -> Vec<Value> {
        let mut holding = Vec::new();
        let urls = texts(examined, "deadLetterQueueUrls");
        for url in urls.into_iter().chain(examined.get("keptQueueUrl").and_then(Value::as_str)) {
            let body = json!({"QueueUrl": url, "AttributeNames": ["ApproximateNumberOfMessages"]});
            let headers = vec![
                ("content-type", "application/x-amz-json-1.0".to_owned()),
                ("x-amz-target", "AmazonSQS.GetQueueAttributes".to_owned()),
            ];
            let answer = self.ask(Service::Sqs, Method::Post, "/".to_owned(), headers, &body).await;
            match answer {
                Ok(answer) => {
                    let count = answer.pointer("/Attributes/ApproximateNumberOfMessages");
                    let count = count.and_then(Value::as_str).unwrap_or("?").to_owned();
                    if count != "0" {
                        holding.push(json!({"queue": url, "messages": count}));
                    }
                }
                Err(error) => holding.push(json!({"queue": url, "error": error.0})),
            }
        }
        holding
    }

    /// The functions that Lambda would stop after some rounds.
    async fn functions(&self, examined: &Value) -> Vec<Value> {
        let mut guarded = Vec::new();
        for name in texts(examined, "functions") {
            let path = format!("/2024-08-31/functions/{name}/recursion-config");
            match self.ask(Service::Lambda, Method::Get, path, Vec::new(), &Value::Null).await {
                Ok(answer) if answer.get("RecursiveLoop") == Some(&json!("Allow")) => {}
                Ok(answer) => guarded
                    .push(json!({"function": name, "recursiveLoop": answer.get("RecursiveLoop")})),
                Err(error) => guarded.push(json!({"function": name, "error": error.0})),
            }
        }
        guarded
    }

    async fn invoke(&self, event: &Value) -> Result<Value, Complaint> {
        let path = function::invocation_path(&self.function);
        let headers = vec![("content-type", "application/json".to_owned())];
        let answer = self.send(Service::Lambda, Method::Post, path, headers, event).await?;
        function::answer(&answer)
            .map_err(|error| Complaint(format!("the stack cannot be looked at: {error}")))
    }

    /// The JSON that a service answers.
    async fn ask(
        &self,
        service: Service,
        method: Method,
        path: String,
        headers: Vec<(&'static str, String)>,
        body: &Value,
    ) -> Result<Value, Complaint> {
        let answer = self.send(service, method, path, headers, body).await?;
        serde_json::from_slice(&answer)
            .map_err(|error| Complaint::of("the answer is no JSON", &error))
    }

    async fn send(
        &self,
        service: Service,
        method: Method,
        path: String,
        headers: Vec<(&'static str, String)>,
        body: &Value,
    ) -> Result<Vec<u8>, Complaint> {
        let terms = Terms {
            role_arn: "",
            trace_header: None,
            time_limit: TIME_MAX,
            now: SystemTime::from(Timestamp::now()),
        };
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let destination = service.destination(&self.region);
        let headers = headers.into_iter().map(|(name, value)| (name.into(), value)).collect();
        let request = Request { destination, method, path, headers, body };
        let answer = self.caller.call(&request, &terms).await;
        let answer = answer.map_err(|error| Complaint(error.chain()))?;
        if answer.status >= 300 {
            let text = String::from_utf8_lossy(&answer.body);
            return Err(Complaint(format!("{}: {text}", answer.status)));
        }
        Ok(answer.body.clone())
    }
}

fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn texts<'a>(value: &'a Value, name: &str) -> Vec<&'a str> {
    list(value, name).filter_map(Value::as_str).collect()
}

fn number(value: &Value, name: &str) -> u64 {
    value.get(name).and_then(Value::as_u64).unwrap_or_default()
}

fn length(value: &Value, name: &str) -> usize {
    list(value, name).count()
}

/// Whether nothing was found that is wrong, or all of it was mended.
fn is_well(found: &Value) -> bool {
    let is_mended = number(found, "cuesSent") > 0 || length(found, "stuck") == 0;
    let names = ["unreadable", "queues", "functionsWithoutRecursion"];
    is_mended && names.iter().all(|name| length(found, name) == 0)
}

fn words(found: &Value) -> String {
    let mut lines = vec![format!("{} executions are running.", number(found, "running"))];
    let mut tell = |name: &str, what: &str| {
        for one in list(found, name) {
            lines.push(format!("{what}: {one}"));
        }
    };
    tell("stuck", "stands still");
    tell("unreadable", "cannot be read");
    tell("queues", "dead letters");
    tell(
        "functionsWithoutRecursion",
        "Lambda would stop its chain (RecursiveLoop should be Allow)",
    );
    tell("goOnWhenServed", "goes on when the file is served");
    if let Some(cues) = found.get("cuesDerived").and_then(Value::as_u64) {
        lines.push(format!(
            "{cues} cues follow from the journals: none is lost, and none has to be sent again."
        ));
    }
    if number(found, "cuesSent") > 0 {
        lines.push(format!("{} cues were sent again.", number(found, "cuesSent")));
    } else if length(found, "stuck") > 0 {
        lines.push("Send their cues again with --repair.".to_owned());
    }
    if is_well(found) {
        lines.push("All is well.".to_owned());
    }
    lines.join("\n")
}
