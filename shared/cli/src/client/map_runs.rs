//! `baton map-runs`: the Map Runs of executions, their progress, and the executions of their items.

use super::arguments::{Executions, MapRunUpdate, MapRuns, MapRunsAction};
use super::{Client, Reach, executions, set, show, text};
use crate::complaint::Complaint;
use crate::environment::Environment;
use crate::meter::{self, Meter, Reading};
use crate::signals::Signals;
use indicatif::{ProgressBar, ProgressDrawTarget};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::process::ExitCode;
use std::time::Duration;

/// How often a Map Run is looked at: soon at first, then every second.
const LOOK_FIRST: Duration = Duration::from_millis(100);
const LOOK_MAX: Duration = Duration::from_secs(1);
/// Stopped by a signal, as shells have it. The Map Run goes on.
const INTERRUPTED: u8 = 130;

/// Does what was asked for.
pub(crate) async fn map_runs(
    arguments: MapRuns,
    environment: &Environment,
) -> Result<ExitCode, Complaint> {
    match arguments.action {
        MapRunsAction::List { execution, limit, reach } => {
            let client = Client::new(&reach, environment)?;
            list(&client, &client.execution_arn(&execution).await?, limit, &reach).await?;
        }
        MapRunsAction::Describe { named, watch } => {
            let client = Client::new(&named.reach, environment)?;
            let arn = client.map_run_arn(&named.name).await?;
            if watch {
                return follow(&client, &arn, &named.reach).await;
            }
            show::answer(&client.describe_map_run(&arn).await?, &named.reach);
        }
        MapRunsAction::Update(arguments) => update(arguments, environment).await?,
        MapRunsAction::Executions { map_run, status, limit, reach } => {
            let arguments = Executions { of: None, map_run: Some(map_run), status, limit, reach };
            executions::executions(arguments, environment).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

impl Client {
    /// The ARN of a Map Run, from its ARN or from the execution that has no other.
    pub(super) async fn map_run_arn(&self, name: &str) -> Result<String, Complaint> {
        if name.contains(":mapRun:") {
            return Ok(name.to_owned());
        }
        let body = json!({ "executionArn": self.execution_arn(name).await? });
        let (runs, _) = self.list("ListMapRuns", &body, "mapRuns", 100).await?;
        match runs.as_slice() {
            [only] => Ok(text(only, "mapRunArn").to_owned()),
            [] => Err(Complaint(format!("`{name}` has no Map Run"))),
            several => {
                let arns: Vec<&str> = several.iter().map(|run| text(run, "mapRunArn")).collect();
                let arns = arns.join("\n  ");
                Err(Complaint(format!("`{name}` has several Map Runs; name one:\n  {arns}")))
            }
        }
    }

    pub(super) async fn describe_map_run(&self, arn: &str) -> Result<Value, Complaint> {
        Ok(self.call("DescribeMapRun", &json!({ "mapRunArn": arn })).await?)
    }
}

async fn list(client: &Client, arn: &str, limit: usize, reach: &Reach) -> Result<(), Complaint> {
    let body = json!({ "executionArn": arn });
    let (runs, is_more) = client.list("ListMapRuns", &body, "mapRuns", limit).await?;
    if reach.json {
        show::json(&json!({ "mapRuns": runs }));
        return Ok(());
    }
    let mut rows = Vec::with_capacity(runs.len());
    for run in &runs {
        let arn = text(run, "mapRunArn");
        let description = client.describe_map_run(arn).await?;
        let reading = Meter::default().read(&description, 0);
        let started = run.get("startDate").map(show::time).unwrap_or_default();
        rows.push(vec![
            meter::label(arn).to_owned(),
            show::cell(&description, "status"),
            started,
            show::lasted(run),
            reading.to_string(),
            arn.to_owned(),
        ]);
    }
    show::table(&["State", "Status", "Started", "Lasted", "Progress", "ARN"], rows);
    show::more(is_more);
    Ok(())
}

async fn update(arguments: MapRunUpdate, environment: &Environment) -> Result<(), Complaint> {
    let client = Client::new(&arguments.reach, environment)?;
    let mut body = json!({ "mapRunArn": client.map_run_arn(&arguments.name).await? });
    let changes = [
        ("maxConcurrency", arguments.concurrency.map(|it| json!(it))),
        ("toleratedFailureCount", arguments.tolerated_count.map(|it| json!(it))),
        ("toleratedFailurePercentage", arguments.tolerated_percentage.map(|it| json!(it))),
    ];
    for (name, value) in changes {
        if let Some(value) = value {
            set(&mut body, name, value);
        }
    }
    show::answer(&client.call("UpdateMapRun", &body).await?, &arguments.reach);
    Ok(())
}

/// Follows a Map Run to its end; exits with 1 if it does not succeed.
async fn follow(client: &Client, arn: &str, reach: &Reach) -> Result<ExitCode, Complaint> {
    show::say(arn);
    let mut signals = Signals::listen()?;
    let mut watching = Watching::new(meter::label(arn));
    let mut pause = LOOK_FIRST;
    loop {
        let description = client.describe_map_run(arn).await?;
        let is_running = watching.show(&description);
        if !is_running {
            watching.bar.finish_and_clear();
            show::answer(&description, reach);
            let is_success = text(&description, "status") == "SUCCEEDED";
            return Ok(if is_success { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "a person watches; no execution waits for it"
        )]
        let paused = tokio::time::sleep(pause);
        tokio::select! {
            () = paused => pause = (pause * 2).min(LOOK_MAX),
            () = signals.next() => {
                watching.bar.abandon();
                return Ok(ExitCode::from(INTERRUPTED));
            }
        }
    }
}

/// A Map Run on a terminal, as a bar; elsewhere, line by line.
struct Watching {
    meter: Meter,
    bar: ProgressBar,
    told: Option<u64>,
}

impl Watching {
    fn new(label: &str) -> Self {
        let bar = meter::bar(crate::paint::plain(label, 40), ProgressDrawTarget::stderr());
        Watching { meter: Meter::default(), bar, told: None }
    }

    /// Shows it as it is; whether it runs.
    fn show(&mut self, description: &Value) -> bool {
        let reading: Reading = self.meter.read(description, Timestamp::now().as_millisecond());
        meter::set(&self.bar, &reading);
        let step = reading.step();
        if self.bar.is_hidden() && self.told != Some(step) {
            show::say(&reading.to_string());
            self.told = Some(step);
        }
        reading.is_running
    }
}
