//! The command line.

use crate::client;
use crate::connect::Connect;
use crate::cost::Cost;
use crate::doctor::Doctor;
use crate::tasks::{Store, Target};
use baton_asl::MachineType;
use baton_engine::Payload;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// AWS Step Functions on one machine, and in your own AWS account.
#[derive(Debug, Parser)]
#[command(name = "baton", version, about, long_about = None, max_term_width = 100)]
#[command(after_help = "Exit codes: 0 it went well; 1 the execution failed; 2 it cannot be run \
                        (definition, arguments, files); 130 interrupted.")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Log more to stderr; twice for everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run one execution of a definition to its end, and print its output
    Run(Run),
    /// Serve the Step Functions API on a loopback port
    Serve(Serve),
    /// Answer a task that waits for its token
    Answer(Answer),
    /// Check definitions, and say what is wrong with them
    Validate(Validate),
    #[command(flatten)]
    Client(client::Command),
    /// Serve a stack in AWS on a loopback port, for clients that cannot sign for it
    Connect(Connect),
    /// Say what an execution would cost in AWS, beside what AWS Step Functions charges
    Cost(Cost),
    /// Say what is wrong with a data file or a stack, and mend what can be mended
    Doctor(Doctor),
    /// Print a shell's completions: `source <(baton completions bash)`
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// How definitions find their tasks, for people.
const TASKS_HELP: &str = "\
Tasks:
  A Lambda function is served by the first --task whose NAME fits its name or ARN (* and ? stand for
  letters). A command gets the payload on stdin and prints the result, both JSON; {name} in it stands
  for the function's name. If it exits other than with 0, the function failed: with the error in a
  JSON object {\"errorType\": …, \"errorMessage\": …} on stdout or on the last line of stderr, else with
  Runtime.ExitError. An address gets the payload in a POST.
  Everything else goes to AWS_ENDPOINT_URL_LAMBDA (…_SQS and so on) or AWS_ENDPOINT_URL, or to AWS
  with your credentials (AWS_ACCESS_KEY_ID …, or AWS_PROFILE).
  Commands find this API's address in AWS_ENDPOINT_URL_SFN.";

/// How callbacks are answered, for people.
const ANSWERS_HELP: &str = "\
Callbacks:
  A state that waits for a task token is shown with the command that answers it. Any AWS SDK and the
  AWS CLI can answer as well: the API is served while the execution runs.
  With --answer 'STATE=JSON' it is answered as soon as its call was accepted.

Time:
  With --skip-waits the execution's time jumps to whatever comes next as soon as nothing runs: a month of
  waiting takes no time, and is there in every timestamp. While a command or a call runs, time goes on as
  usual. A callback that nobody has answered by then times out at once, so answer it with --answer; one
  without a timeout is waited for.";

#[derive(Debug, Args)]
#[command(after_long_help = format!("{TASKS_HELP}\n\n{ANSWERS_HELP}"))]
pub(crate) struct Run {
    /// The definition: Amazon States Language in JSON, or in YAML if its name ends so
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) definition: DefinitionOptions,
    /// The input: JSON, @FILE, or @- for stdin [default: {}]
    #[arg(short, long, value_name = "JSON|@FILE")]
    pub(crate) input: Option<String>,
    /// The execution's name; with --data, that of an earlier one goes on with it
    #[arg(short, long)]
    pub(crate) name: Option<String>,
    /// Answer a state's callback with this output; repeatable
    #[arg(long = "answer", value_name = "STATE=JSON", value_parser = parse_answer)]
    pub(crate) answers: Vec<(String, Payload)>,
    /// Skip the time in which nothing would happen: waits, retries' delays, timeouts
    #[arg(long)]
    pub(crate) skip_waits: bool,
    /// The port for callbacks [default: any free one]
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    pub(crate) port: u16,
    /// Print one JSON object with all that is known of the execution's end
    #[arg(long)]
    pub(crate) json: bool,
    /// Show no progress
    #[arg(short, long)]
    pub(crate) quiet: bool,
    #[command(flatten)]
    pub(crate) host: Host,
}

#[derive(Debug, Args)]
#[command(after_long_help = TASKS_HELP)]
pub(crate) struct Serve {
    /// The port
    #[arg(short, long, default_value_t = 8083)]
    pub(crate) port: u16,
    #[command(flatten)]
    pub(crate) host: Host,
}

#[derive(Debug, Args)]
pub(crate) struct Answer {
    /// The task token
    pub(crate) token: String,
    /// The task's output: JSON, @FILE, or @- for stdin
    #[arg(value_name = "JSON|@FILE", default_value = "{}", conflicts_with = "error")]
    pub(crate) output: String,
    /// The task failed, with this error
    #[arg(long)]
    pub(crate) error: Option<String>,
    /// The error's cause
    #[arg(long, requires = "error")]
    pub(crate) cause: Option<String>,
    /// Where the API is served
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8083")]
    pub(crate) endpoint: String,
}

#[derive(Debug, Args)]
pub(crate) struct Validate {
    /// The definitions: Amazon States Language in JSON, or in YAML if their names end so
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// The state machines' type
    #[arg(long = "type", value_name = "TYPE", default_value = "standard")]
    pub(crate) machine_type: MachineKind,
    /// Print what was found as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) definition: DefinitionOptions,
}

/// How definitions are read.
#[derive(Debug, Args)]
pub(crate) struct DefinitionOptions {
    /// Put a value in the place of ${NAME}, as SAM's DefinitionSubstitutions do; repeatable
    #[arg(long = "substitute", value_name = "NAME=VALUE", value_parser = parse_substitution)]
    pub(crate) substitutions: Vec<(String, String)>,
}

/// `type` of CreateStateMachine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MachineKind {
    Standard,
    Express,
}

impl From<MachineKind> for MachineType {
    fn from(kind: MachineKind) -> Self {
        match kind {
            MachineKind::Standard => MachineType::Standard,
            MachineKind::Express => MachineType::Express,
        }
    }
}

/// What both kinds of running have in common.
#[derive(Debug, Args)]
pub(crate) struct Host {
    /// Keep everything in this file; without it nothing is kept
    #[arg(short, long, value_name = "FILE")]
    pub(crate) data: Option<PathBuf>,
    /// Serve a Lambda function by a command or an HTTP address; repeatable
    #[arg(short, long = "task", value_name = "NAME=COMMAND|URL", value_parser = Target::parse)]
    pub(crate) tasks: Vec<Target>,
    /// Answer for states from a mock file of Step Functions Local
    #[arg(long, value_name = "FILE[#CASE]")]
    pub(crate) mocks: Option<String>,
    /// S3's address, or a folder in its place: `DIR/BUCKET/KEY` [default: AWS_ENDPOINT_URL_S3, or AWS]
    #[arg(long, value_name = "DIR|URL", value_parser = Store::parse)]
    pub(crate) s3: Option<Store>,
    /// How tasks are served, by patterns [default: baton.toml beside the definition, or here]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Write what tasks answer to this file, secrets left out
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,
    /// Answer for tasks what was recorded in this file
    #[arg(long, value_name = "FILE", conflicts_with = "record")]
    pub(crate) replay: Option<PathBuf>,
    /// The account in ARNs
    #[arg(long, default_value = "123456789012", value_parser = parse_account)]
    pub(crate) account: String,
    /// The region in ARNs and of calls [default: AWS_REGION, or us-east-1]
    #[arg(long, value_parser = parse_region)]
    pub(crate) region: Option<String>,
    /// Apply AWS's quotas: 25,000 history events, and requests a second
    #[arg(long)]
    pub(crate) strict: bool,
}

pub(crate) fn parse_answer(text: &str) -> Result<(String, Payload), String> {
    let (state, output) = text
        .split_once('=')
        .ok_or_else(|| "it should be like 'Wait for approval={\"approved\": true}'".to_owned())?;
    let output =
        Payload::parse(output).map_err(|error| format!("the output is not JSON: {error}"))?;
    Ok((state.to_owned(), output))
}

fn parse_substitution(text: &str) -> Result<(String, String), String> {
    let (name, value) =
        text.split_once('=').ok_or_else(|| "it should be like 'table=orders'".to_owned())?;
    Ok((name.to_owned(), value.to_owned()))
}

fn parse_account(text: &str) -> Result<String, String> {
    let is_account = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    is_account.then(|| text.to_owned()).ok_or_else(|| "an account has 12 digits".to_owned())
}

fn parse_region(text: &str) -> Result<String, String> {
    let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_region = (1..=32).contains(&text.len()) && text.bytes().all(is_part);
    is_region.then(|| text.to_owned()).ok_or_else(|| "a region is like us-east-1".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn values_are_checked_where_they_are_read() {
        for (arguments, expected) in [
            (vec!["--task", "f"], "it should be like 'order-*=./order-task {name}'"),
            (vec!["--account", "1"], "an account has 12 digits"),
            (vec!["--substitute", "a"], "it should be like 'table=orders'"),
            (vec!["--region", "EU"], "a region is like us-east-1"),
            (vec!["--answer", "a"], "it should be like 'Wait for approval="),
            (vec!["--answer", "a={"], "the output is not JSON"),
        ] {
            let arguments = ["baton", "run", "file"].into_iter().chain(arguments);
            let error = Arguments::try_parse_from(arguments).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
            assert_eq!(error.exit_code(), 2);
        }
    }
}
