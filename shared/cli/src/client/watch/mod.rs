//! `baton watch`: follows a running execution live, as a tree of its states.
//!
//! On a terminal the tree is drawn in place; elsewhere each change of a state is a line. Events are read from the newest
//! back to the last one seen, so that a look at a long execution costs what is new in it.

mod draw;
mod tree;

use super::{Client, Named, show, start, text};
use crate::complaint::Complaint;
use crate::environment::Environment;
use crate::meter::Meter;
use crate::paint::Paint;
use crate::signals::Signals;
use console::Term;
use draw::Drawing;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;
use tree::{Index, Tree};

/// How often an execution is looked at: soon at first, then every second.
const LOOK_FIRST: Duration = Duration::from_millis(100);
const LOOK_MAX: Duration = Duration::from_secs(1);
/// The most events that are read at a time.
const EVENTS_MAX: usize = 1_000;
/// The most pages of events of one look: what one machine keeps without a limit of its own.
const PAGES_MAX: usize = 10_000;
/// Of so many Map Runs at a time the progress is shown.
const MAP_RUNS_MAX: usize = 10;
/// Stopped by a signal, as shells have it. The execution goes on.
const INTERRUPTED: u8 = 130;

/// Follows an execution to its end.
pub(crate) async fn watch(named: Named, environment: &Environment) -> Result<ExitCode, Complaint> {
    let client = Client::new(&named.reach, environment)?;
    let arn = client.execution_arn(&named.name).await?;
    follow(&client, &arn, named.reach.json, environment).await
}

/// Follows an execution to its end; prints its output, exits with 1 if it fails.
pub(crate) async fn follow(
    client: &Client,
    arn: &str,
    as_json: bool,
    environment: &Environment,
) -> Result<ExitCode, Complaint> {
    let terminal = Term::stderr();
    let paint = Paint { is_on: terminal.is_term() && environment.may_colour };
    show::say(&paint.dim(arn));
    let mut signals = Signals::listen()?;
    let mut drawing = Drawing::new(terminal, paint);
    let mut tree = Tree::default();
    let mut meters = BTreeMap::new();
    let mut pause = LOOK_FIRST;
    loop {
        let body = json!({ "executionArn": arn });
        let description = client.call("DescribeExecution", &body).await?;
        let is_new = read_new(client, arn, &mut tree).await?;
        measure(client, &mut tree, &mut meters).await;
        let is_running = text(&description, "status") == "RUNNING";
        drawing.show(&tree, is_running);
        if !is_running {
            return Ok(start::end(&description, as_json));
        }
        pause = if is_new { LOOK_FIRST } else { (pause * 2).min(LOOK_MAX) };
        #[expect(
            clippy::disallowed_methods,
            reason = "a person watches; no execution waits for it"
        )]
        let paused = tokio::time::sleep(pause);
        tokio::select! {
            () = paused => {}
            () = signals.next() => {
                show::say("The execution goes on; watch it again with: baton watch ARN");
                return Ok(ExitCode::from(INTERRUPTED));
            }
        }
    }
}

/// Reads how far the Map Runs are that are waited for. That one cannot be read spoils nothing: its state is shown without.
async fn measure(client: &Client, tree: &mut Tree, meters: &mut BTreeMap<Index, Meter>) {
    for (index, arn) in tree.map_runs().into_iter().take(MAP_RUNS_MAX) {
        if let Ok(description) = client.describe_map_run(&arn).await {
            let now = Timestamp::now().as_millisecond();
            let reading = meters.entry(index).or_default().read(&description, now);
            tree.set_progress(index, reading);
        }
    }
}

/// Reads what the tree has not seen; answers whether there was anything.
async fn read_new(client: &Client, arn: &str, tree: &mut Tree) -> Result<bool, Complaint> {
    let mut new: Vec<Value> = Vec::new();
    let mut body = json!({
        "executionArn": arn,
        "reverseOrder": true,
        "includeExecutionData": true,
        // The first look may need all; later ones are short.
        "maxResults": if tree.last() == 0 { EVENTS_MAX } else { 100 },
    });
    for _ in 0..PAGES_MAX {
        let mut page = client.call("GetExecutionHistory", &body).await?;
        let events = page.get_mut("events").map(Value::take);
        let Some(Value::Array(events)) = events else { break };
        let count = events.len();
        let unseen = events.into_iter().take_while(|event| tree::id(event) > tree.last());
        let before = new.len();
        new.extend(unseen);
        let next = page.get("nextToken").filter(|token| token.is_string()).cloned();
        match next {
            Some(token) if new.len().saturating_sub(before) == count => {
                super::set(&mut body, "nextToken", token);
            }
            Some(_) | None => break,
        }
    }
    for event in new.iter().rev() {
        tree.take(event);
    }
    Ok(!new.is_empty())
}
