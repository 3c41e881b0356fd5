//! `baton cost`: what an execution of a definition would cost in AWS, beside what AWS Step Functions charges.
//!
//! The execution runs here, in memory and in virtual time: its tasks are not called but answered, with what `--result` says or with their own
//! arguments. What the functions would ask of AWS for each of its records is counted and priced.

use crate::arguments::{DefinitionOptions, parse_answer};
use crate::complaint::Complaint;
use crate::{definition, files};
use baton_api::{Api, Settings as ApiSettings};
use baton_cost::execution::{self, Terms};
use baton_cost::{Usage, rivals};
use baton_driver::{CallAnswer, Driver, Settings, TaskCall, Tasks};
use baton_engine::{Payload, Record};
use baton_store::memory::Memory;
use baton_store::{Clock as _, ExecutionArn, Header, Journal as _, KeyId, TokenKeys};
use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

/// More cues than these, and the price of one execution is no longer the question.
const CUES_MAX: u32 = 1_000_000;
/// An Express execution lasts no longer.
const EXPRESS_SECS_MAX: f64 = 300.0;

#[derive(Debug, Args)]
pub(crate) struct Cost {
    /// The definition: Amazon States Language in JSON or YAML
    file: PathBuf,
    #[command(flatten)]
    definition: DefinitionOptions,
    /// The input: JSON, @FILE, or @- for stdin [default: {}]
    #[arg(short, long, value_name = "JSON|@FILE")]
    input: Option<String>,
    /// What a state's task answers, instead of its own arguments; repeatable
    #[arg(long = "result", value_name = "STATE=JSON", value_parser = parse_answer)]
    results: Vec<(String, Payload)>,
    /// How long each call takes
    #[arg(long, value_name = "SECONDS", default_value_t = 0.1)]
    call_secs: f64,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the execution and prints its price.
pub(crate) async fn cost(arguments: Cost) -> Result<ExitCode, Complaint> {
    let text = definition::read(&arguments.file, &arguments.definition)?;
    let input = match &arguments.input {
        Some(input) => files::argument(input)?,
        None => "{}".to_owned(),
    };
    let world = World::new(arguments.results);
    let (header, records) = world.run(&text, &input).await?;
    let price = |batch: f64| {
        let definition_bytes = text.len();
        let terms = Terms { batch, call_secs: arguments.call_secs, definition_bytes };
        execution::usage(&header, &records, &terms)
    };
    let calls = world.driver.tasks().count();
    let report = Report {
        transitions: execution::transitions(&records),
        lasts_secs: lasts_secs(&header) + f64::from(calls) * arguments.call_secs,
        status: header.status.name().as_str(),
        alone: price(1.0),
        busy: price(10.0),
    };
    report.print(arguments.json);
    Ok(ExitCode::SUCCESS)
}

fn lasts_secs(header: &Header) -> f64 {
    let stopped = header.status.stopped().unwrap_or(header.execution.started);
    stopped.duration_since(header.execution.started).as_secs_f64()
}

struct Report {
    transitions: u32,
    lasts_secs: f64,
    status: &'static str,
    alone: Usage,
    busy: Usage,
}

impl Report {
    /// The price of a million Express executions; nothing if they last too long.
    fn express(&self) -> Option<f64> {
        (self.lasts_secs <= EXPRESS_SECS_MAX).then(|| rivals::express(self.lasts_secs, 64.0))
    }

    fn standard(&self) -> f64 {
        rivals::standard(f64::from(self.transitions))
    }

    fn print(&self, is_json: bool) {
        let text = if is_json { self.json().to_string() } else { self.text() };
        // Without a stdout nobody is there to be told.
        let _ = writeln!(std::io::stdout(), "{text}");
    }

    fn json(&self) -> Value {
        let usage = |usage: &Usage| {
            let lines = usage.lines().map(|line| json!({"unit": line.name, "count": line.count, "dollarsPerMillion": line.dollars * 1e6}));
            json!({"dollarsPerMillion": usage.dollars() * 1e6, "units": lines})
        };
        json!({
            "status": self.status,
            "transitions": self.transitions,
            "alone": usage(&self.alone),
            "busy": usage(&self.busy),
            "standardDollarsPerMillion": self.standard(),
            "expressDollarsPerMillion": self.express(),
        })
    }

    fn text(&self) -> String {
        let mut lines = vec![
            format!(
                "One execution: {} transitions, {:.1} s, {}. A million of them, in dollars (us-east-1, no free tier):",
                self.transitions, self.lasts_secs, self.status
            ),
            String::new(),
            format!("{:<28} {:>12} {:>12}", "", "one at a time", "ten at a time"),
        ];
        for (alone, busy) in self.alone.lines().into_iter().zip(self.busy.lines()) {
            if alone.count > 0.0 || busy.count > 0.0 {
                let name = format!("  {} ({:.1})", alone.name, alone.count);
                lines.push(format!(
                    "{name:<28} {:>12.2} {:>12.2}",
                    alone.dollars * 1e6,
                    busy.dollars * 1e6
                ));
            }
        }
        let (alone, busy) = (self.alone.dollars() * 1e6, self.busy.dollars() * 1e6);
        lines.push(format!("{:<28} {alone:>12.2} {busy:>12.2}", "Baton"));
        lines.push(format!("{:<28} {:>12.2}", "AWS Standard", self.standard()));
        lines.push(match self.express() {
            Some(price) => format!("{:<28} {price:>12.2}", "AWS Express (64 MB)"),
            None => format!("{:<28} {:>12}", "AWS Express", "too long"),
        });
        lines.push(String::new());
        lines.push(
            "Keeping histories is not in it: 0.45 dollars for a GB and month. infra/README.md says what is counted."
                .to_owned(),
        );
        lines.join("\n")
    }
}

/// The execution's whole world.
struct World {
    backend: Arc<Memory>,
    driver: Arc<Driver<Memory, Answers>>,
    api: Api<Memory, Answers>,
}

impl World {
    fn new(results: Vec<(String, Payload)>) -> Self {
        let backend = Arc::new(Memory::new(Timestamp::UNIX_EPOCH, 1));
        let keys = Arc::new(TokenKeys::new(KeyId(1), &[1; 32]));
        let answers = Answers { results: results.into_iter().collect(), made: Mutex::default() };
        let driver =
            Arc::new(Driver::new(Arc::clone(&backend), answers, keys, Settings::new("cost")));
        let api = Api::new(Arc::clone(&driver), ApiSettings::default());
        World { backend, driver, api }
    }

    async fn ask(&self, action: &str, body: &Value) -> Result<Value, Complaint> {
        let target = format!("AWSStepFunctions.{action}");
        let answer = self.api.handle(&target, body.to_string().as_bytes()).await;
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
        if answer.status == 200 {
            return Ok(body);
        }
        Err(Complaint(format!("{}: {}", text("__type"), text("message"))))
    }

    async fn run(
        &self,
        definition: &str,
        input: &str,
    ) -> Result<(Arc<Header>, Vec<Arc<Record>>), Complaint> {
        let machine = json!({"name": "cost", "definition": definition, "roleArn": "arn:aws:iam::123456789012:role/any"});
        let machine = self.ask("CreateStateMachine", &machine).await?;
        // A name as long as those that AWS gives.
        let name = "6f1c0f2e-8f5b-4b8e-9a55-0c6a4f6b7d21";
        let start = json!({"stateMachineArn": machine.get("stateMachineArn"), "name": name, "input": input});
        let started = self.ask("StartExecution", &start).await?;
        let arn = started.get("executionArn").and_then(Value::as_str).unwrap_or_default();
        let arn = ExecutionArn::parse(arn).map_err(|error| Complaint::of("", &error))?;
        for _ in 0..CUES_MAX {
            if let Some(outgoing) = self.backend.take_cue() {
                let taken = self.driver.take(&outgoing.execution, &outgoing.cue).await;
                taken.map_err(|error| Complaint::of("the execution cannot go on", &error))?;
            } else if let Some(token) = self.driver.tasks().token() {
                // Whether anybody still waits for it is no matter.
                let _ = self.driver.send_task_success(&token.0, token.1).await;
            } else if let Some(due) = self.backend.next_due() {
                self.backend.set_now(due.max(self.backend.now()));
            } else {
                break;
            }
        }
        self.kept(&arn).await
    }

    async fn kept(&self, arn: &ExecutionArn) -> Result<(Arc<Header>, Vec<Arc<Record>>), Complaint> {
        let failed = |error| Complaint::of("", &error);
        let header = self.backend.header(arn).await.map_err(failed)?;
        let header = header.ok_or_else(|| Complaint("the execution is gone".to_owned()))?;
        if !header.status.is_ended() {
            let why = "the execution does not end here: it waits for an activity, a job or a person, or never stops";
            return Err(Complaint(why.to_owned()));
        }
        let (mut records, mut from) = (Vec::new(), None::<String>);
        loop {
            let page = self.backend.records(arn, from.as_deref()).await.map_err(failed)?;
            records.extend(page.items.into_iter().map(|marked| marked.record));
            from = page.next;
            if from.is_none() {
                return Ok((header, records));
            }
        }
    }
}

/// Answers every task at once.
struct Answers {
    results: BTreeMap<String, Payload>,
    made: Mutex<Made>,
}

#[derive(Default)]
struct Made {
    calls: u32,
    tokens: Vec<(String, Payload)>,
}

impl Answers {
    fn made<R>(&self, work: impl FnOnce(&mut Made) -> R) -> R {
        work(&mut self.made.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many calls were made.
    fn count(&self) -> u32 {
        self.made(|made| made.calls)
    }

    /// A token that was handed out, and its answer.
    fn token(&self) -> Option<(String, Payload)> {
        self.made(|made| made.tokens.pop())
    }
}

impl Tasks for Answers {
    async fn call(&self, call: &TaskCall<'_>) -> CallAnswer {
        let result = self.results.get(call.state.as_str()).unwrap_or(call.arguments).clone();
        self.made(|made| {
            made.calls = made.calls.saturating_add(1);
            made.tokens.extend(call.token.map(|token| (token.to_owned(), result.clone())));
        });
        CallAnswer::Succeeded(result)
    }
}
