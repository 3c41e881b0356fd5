//! `baton run`: one execution, from its start or from where it was left, to its end.

mod bars;
mod end;
mod progress;
mod watch;

use crate::arguments::Run;
use crate::complaint::Complaint;
use crate::environment::Environment;
use crate::home::{Extras, Home, Machinery};
use crate::limits::SEEN_MAX;
use crate::paint::Paint;
use crate::refusal::Refusal;
use crate::signals::Signals;
use crate::{definition, files};
use bars::Bars;
use baton_embedded::Embedded;
use baton_engine::{Callback, Marked, Payload, Record};
use baton_store::{ExecutionArn, Journal, MachineArn, TokenClaims, TokenKeys};
use end::End;
use progress::Progress;
use serde_json::{Value, json};
use std::io::{IsTerminal, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::sync::mpsc;
use watch::{Seen, Watched};

/// Stopped by a signal, as shells have it.
const INTERRUPTED: u8 = 130;

type Watching = Machinery<Watched<Embedded>>;

/// Runs one execution and prints how it ended.
pub(crate) async fn run(arguments: Run, environment: Environment) -> Result<ExitCode, Complaint> {
    let definition = definition::read(&arguments.file, &arguments.definition)?;
    let input = arguments.input.as_deref().map(input).transpose()?;
    let mut signals = Signals::listen()?;
    let paint = Paint { is_on: std::io::stderr().is_terminal() && environment.may_colour };
    let extras = Extras {
        port: arguments.port,
        answers: arguments.answers.into_iter().collect(),
        folder: arguments.file.parent().unwrap_or(Path::new("")).to_owned(),
        is_one_machine: true,
    };
    let data = arguments.host.data.clone();
    let home = Home::open(arguments.host, environment, extras).await?;
    if arguments.skip_waits {
        home.backend.skip_waits();
    }
    let name = arguments.name.unwrap_or_else(|| home.fresh_name());
    let (seen, seeing) = mpsc::channel(SEEN_MAX);
    let watched = Arc::new(Watched::new(Arc::clone(&home.backend), seen));
    let how_to_answer = Answering::new(&home);
    let machinery = home.build(Arc::clone(&watched));

    let machine = ensure_machine(&machinery, &machine_name(&arguments.file), &definition).await?;
    let arn = ExecutionArn::of(&machine, &name);
    watched.watch(arn.clone());
    let answering = how_to_answer.clone();
    let arn_of_tokens = arn.clone();
    let progress = Progress::new(paint, move |record, callback| {
        answering.command(&arn_of_tokens, record, callback)
    });
    let bars = Bars::new(paint);
    let mut view = View { progress, bars, is_quiet: arguments.quiet };
    let watch = Watch { machinery, seeing, arn, machine };
    let outcome = watch.finish(&mut view, input, &mut signals).await?;
    match outcome {
        Some(end) => Ok(end.print(arguments.json, paint)),
        None => {
            say(&match data {
                Some(data) => format!(
                    "Interrupted. Go on with: baton run {} --data {} --name {name}",
                    arguments.file.display(),
                    data.display()
                ),
                None => "Interrupted. Nothing was kept; --data FILE keeps it.".to_owned(),
            });
            Ok(ExitCode::from(INTERRUPTED))
        }
    }
}

/// An execution that is being watched.
struct Watch {
    machinery: Watching,
    seeing: mpsc::Receiver<Seen>,
    arn: ExecutionArn,
    machine: MachineArn,
}

impl Watch {
    /// Starts the execution or goes on with it. Answers how it ended; nothing if a signal came first.
    async fn finish(
        mut self,
        view: &mut View,
        input: Option<String>,
        signals: &mut Signals,
    ) -> Result<Option<End>, Complaint> {
        let is_running = self.begin(view, input).await?;
        let mut is_interrupted = false;
        if is_running {
            self.machinery.start();
            let mut seen = Vec::new();
            loop {
                tokio::select! {
                    count = self.seeing.recv_many(&mut seen, SEEN_MAX) => {
                        // What is shown is kept: people act on it.
                        self.machinery.flush().await?;
                        let is_ended = view.show_all(&mut seen);
                        if is_ended || count == 0 {
                            break;
                        }
                    }
                    () = view.bars.next_look() => view.measure(&self.machinery).await,
                    () = signals.next() => {
                        is_interrupted = true;
                        break;
                    }
                }
            }
            view.bars.clear();
        }
        let description = json!({ "executionArn": self.arn.as_str() });
        let end = request(&self.machinery, "DescribeExecution", &description).await;
        // Nobody sees the rest; what is still under way must not wait for that.
        drop(self.seeing);
        tokio::select! {
            closed = self.machinery.close() => closed?,
            () = signals.next() => is_interrupted = true,
        }
        if is_interrupted { Ok(None) } else { Ok(Some(End::read(&end?))) }
    }

    /// Whether there is something to wait for.
    async fn begin(&mut self, view: &mut View, input: Option<String>) -> Result<bool, Complaint> {
        let description = json!({ "executionArn": self.arn.as_str() });
        match request(&self.machinery, "DescribeExecution", &description).await {
            Ok(known) => {
                for record in self.history().await? {
                    view.show(&record);
                }
                let is_running = known.get("status") == Some(&json!("RUNNING"));
                say(&match is_running {
                    true => format!("Going on with {}.", self.arn),
                    false => format!("{} had ended before.", self.arn),
                });
                if is_running && let Some(input) = input {
                    // Refused if it is another input.
                    self.start(&input).await?;
                }
                Ok(is_running)
            }
            Err(refusal) if refusal.code == "ExecutionDoesNotExist" => {
                view.announce(&self.arn);
                self.start(input.as_deref().unwrap_or("{}")).await?;
                Ok(true)
            }
            Err(refusal) => Err(refusal.into()),
        }
    }

    async fn start(&self, input: &str) -> Result<(), Complaint> {
        let (machine, name) = (self.machine.as_str(), self.arn.name());
        let body = json!({ "stateMachineArn": machine, "name": name, "input": input });
        request(&self.machinery, "StartExecution", &body).await?;
        Ok(())
    }

    /// What has happened so far, in order.
    async fn history(&self) -> Result<Vec<Arc<Record>>, Complaint> {
        let backend = self.machinery.backend();
        let (mut records, mut from) = (Vec::new(), None::<String>);
        loop {
            let page = backend.records(&self.arn, from.as_deref()).await;
            let page = page.map_err(|error| Complaint::of("", &error))?;
            records.extend(page.items.into_iter().map(|Marked { record, .. }| record));
            from = page.next;
            if from.is_none() {
                break;
            }
        }
        records.sort_by_key(|record| record.moment);
        Ok(records)
    }
}

/// What people see of an execution.
struct View {
    progress: Progress,
    bars: Bars,
    is_quiet: bool,
}

impl View {
    fn announce(&self, arn: &ExecutionArn) {
        if !self.is_quiet {
            say(arn.as_str());
        }
    }

    /// Shows what was seen; answers whether the execution's end was.
    fn show_all(&mut self, seen: &mut Vec<Seen>) -> bool {
        let mut is_ended = false;
        for seen in seen.drain(..) {
            match seen {
                Seen::Record(record) => self.show(&record),
                Seen::Ended => is_ended = true,
            }
        }
        is_ended
    }

    fn show(&mut self, record: &Record) {
        let lines = self.progress.lines(record);
        if self.is_quiet {
            return;
        }
        for line in lines {
            self.bars.say(&line);
        }
        self.bars.take(record);
    }

    /// Looks how far Map Runs are.
    async fn measure(&mut self, machinery: &Watching) {
        for arn in self.bars.map_runs() {
            let body = json!({ "mapRunArn": &*arn });
            // One that cannot be read is shown without.
            if let Ok(description) = request(machinery, "DescribeMapRun", &body).await {
                self.bars.set(&arn, &description);
            }
        }
    }
}

/// How a callback is answered.
#[derive(Debug, Clone)]
struct Answering {
    keys: TokenKeys,
    endpoint: String,
}

impl Answering {
    fn new(home: &Home) -> Self {
        Answering { keys: home.backend.token_keys().clone(), endpoint: home.endpoint.clone() }
    }

    fn command(
        &self,
        execution: &ExecutionArn,
        record: &Record,
        callback: &Callback,
    ) -> Option<String> {
        let token = self.keys.sign(&TokenClaims {
            execution: execution.clone(),
            scope: record.scope.clone(),
            sequence: callback.called_by,
            nonce: callback.call.nonce?,
        });
        Some(format!("baton answer --endpoint {} {token} '{{}}'", self.endpoint))
    }
}

/// Asks the API as any client would, without the way over the network.
async fn request(machinery: &Watching, action: &str, body: &Value) -> Result<Value, Refusal> {
    let target = format!("AWSStepFunctions.{action}");
    let answer = machinery.api.handle(&target, body.to_string().as_bytes()).await;
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    match answer.status {
        200 => Ok(body),
        status => Err(Refusal::read(status, &body, &answer.body)),
    }
}

/// The state machine of this name, with this definition from now on.
async fn ensure_machine(
    machinery: &Watching,
    name: &str,
    definition: &str,
) -> Result<MachineArn, Complaint> {
    let role_arn = machinery.place.role_arn();
    let body = json!({ "name": name, "definition": definition, "roleArn": role_arn });
    let arn = match request(machinery, "CreateStateMachine", &body).await {
        Ok(created) => created.get("stateMachineArn").and_then(Value::as_str).map(str::to_owned),
        Err(refusal) if refusal.code == "StateMachineAlreadyExists" => {
            let arn = machinery.place.machine_arn(name);
            let body =
                json!({ "stateMachineArn": arn, "definition": definition, "roleArn": role_arn });
            request(machinery, "UpdateStateMachine", &body).await?;
            Some(arn)
        }
        Err(refusal) => return Err(refusal.into()),
    };
    MachineArn::parse(&arn.unwrap_or_default()).map_err(|error| Complaint::of("", &error))
}

/// A name for the definition's state machine: its file's, up to the first dot.
fn machine_name(file: &Path) -> String {
    let stem = file.file_name().unwrap_or_default().to_string_lossy();
    let stem = stem.split('.').next().unwrap_or_default();
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    let name: String =
        stem.chars().take(80).map(|letter| if is_plain(letter) { letter } else { '-' }).collect();
    if name.is_empty() { "state-machine".to_owned() } else { name }
}

fn input(argument: &str) -> Result<String, Complaint> {
    let text = files::argument(argument)?;
    match Payload::parse(&text) {
        Ok(_) => Ok(text),
        Err(error) => Err(Complaint(format!(
            "the input is not JSON: {error} (a file is named with @: --input @FILE)"
        ))),
    }
}

fn say(text: &str) {
    // Without a stderr nobody is there to be told.
    let _ = writeln!(std::io::stderr(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_machine_is_named_after_its_file() {
        for (file, expected) in [
            ("infra/order.asl.json", "order"),
            ("my file.json", "my-file"),
            (".json", "state-machine"),
            ("..", "state-machine"),
            ("größe.json", "gr--e"),
        ] {
            assert_eq!(machine_name(Path::new(file)), expected);
        }
    }

    #[test]
    fn an_input_that_is_no_json_says_where() {
        let complaint = input("{\"a\": }").unwrap_err().0;
        assert!(complaint.starts_with("the input is not JSON: expected value at line 1 column 7"));
        assert!(input("@/nonexistent").unwrap_err().0.starts_with("cannot open `/nonexistent`"));
    }
}
