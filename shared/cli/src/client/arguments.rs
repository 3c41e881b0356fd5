//! The arguments of the commands that speak to an API.

use crate::arguments::DefinitionOptions;
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List, describe, create, update, delete and publish state machines
    #[command(visible_alias = "machine")]
    Machines(Machines),
    /// List a state machine's executions
    #[command(visible_alias = "execution")]
    Executions(Executions),
    /// List, describe, watch and update the Map Runs of executions
    #[command(visible_alias = "map-run")]
    MapRuns(MapRuns),
    /// Start an execution
    Start(Start),
    /// Follow an execution to its end, as a tree of its states
    Watch(Named),
    /// Describe an execution, a state machine, an activity or a Map Run
    Describe(Named),
    /// List an execution's events
    History(History),
    /// Stop an execution
    Stop(Stop),
    /// Let an execution that failed go on from where it failed
    Redrive(Named),
    /// Print what state machines logged, from the log that `baton serve` keeps
    Logs(Logs),
    /// Answer a task token: success, failure, or a heartbeat
    Send(Send),
    /// List, create, delete and poll activities
    #[command(visible_alias = "activity")]
    Activities(Activities),
    /// Call any action of the API
    Api(ApiCall),
}

/// The statuses of executions.
const STATUSES: [&str; 6] =
    ["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE"];

/// Which API a command speaks to, and how it answers.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "API")]
pub(crate) struct Reach {
    /// The API's address, or `aws` for AWS's own [default: AWS_ENDPOINT_URL_SFN, AWS_ENDPOINT_URL, or http://127.0.0.1:8083]
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<String>,
    /// The region that requests are signed for [default: the endpoint's, AWS_REGION, or us-east-1]
    #[arg(long)]
    pub(crate) region: Option<String>,
    /// Print JSON, as the API answers it
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Machines {
    #[command(subcommand)]
    pub(crate) action: Option<MachinesAction>,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

#[derive(Debug, Subcommand)]
pub(crate) enum MachinesAction {
    /// List the state machines
    List {
        /// How many at most
        #[arg(long, default_value_t = 100)]
        limit: usize,
        #[command(flatten)]
        reach: Reach,
    },
    /// Show a state machine, and its definition
    Describe(Named),
    /// Create a state machine from a definition
    Create(Definition),
    /// Give a state machine another definition
    Update(Definition),
    /// Delete a state machine, its versions and its aliases
    Delete(Named),
    /// Publish the state machine as it is as its next version
    Publish(Named),
    /// List a state machine's versions, the newest first
    Versions(Named),
    /// List a state machine's aliases
    Aliases(Named),
}

#[derive(Debug, Args)]
pub(crate) struct Definition {
    /// The state machine's name (or, to update one, its ARN)
    pub(crate) name: String,
    /// The definition: a file of Amazon States Language
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) options: DefinitionOptions,
    /// The role that it runs with [default, to create one: any role of the account 123456789012]
    #[arg(long, value_name = "ARN")]
    pub(crate) role: Option<String>,
    /// Create an Express state machine
    #[arg(long)]
    pub(crate) express: bool,
    /// Publish it as a version too
    #[arg(long)]
    pub(crate) publish: bool,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

/// A command about one thing.
#[derive(Debug, Args)]
pub(crate) struct Named {
    /// Its ARN; or its name: STATE-MACHINE, or STATE-MACHINE:EXECUTION
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

#[derive(Debug, Args)]
pub(crate) struct Executions {
    /// The state machine, a version or an alias of it, or a Map Run: its name or ARN
    #[arg(required_unless_present = "map_run")]
    pub(crate) of: Option<String>,
    /// Those of a Map Run: its ARN, or STATE-MACHINE:EXECUTION that has one
    #[arg(long, value_name = "MAP-RUN", conflicts_with = "of")]
    pub(crate) map_run: Option<String>,
    /// Only those of this status
    #[arg(long, value_parser = STATUSES, ignore_case = true)]
    pub(crate) status: Option<String>,
    /// How many at most, the newest first
    #[arg(long, default_value_t = 50)]
    pub(crate) limit: usize,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

#[derive(Debug, Args)]
pub(crate) struct MapRuns {
    #[command(subcommand)]
    pub(crate) action: MapRunsAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum MapRunsAction {
    /// List an execution's Map Runs, and how far they are
    List {
        /// The execution: its ARN, or STATE-MACHINE:EXECUTION
        execution: String,
        /// How many at most
        #[arg(long, default_value_t = 50)]
        limit: usize,
        #[command(flatten)]
        reach: Reach,
    },
    /// Show a Map Run: its ARN, or STATE-MACHINE:EXECUTION that has one
    Describe {
        #[command(flatten)]
        named: Named,
        /// Follow it to its end; exit with 1 if it fails
        #[arg(short, long)]
        watch: bool,
    },
    /// Change how many executions a running Map Run has at a time, and how many may fail
    Update(MapRunUpdate),
    /// List the executions of a Map Run's items
    Executions {
        /// The Map Run: its ARN, or STATE-MACHINE:EXECUTION that has one
        map_run: String,
        /// Only those of this status
        #[arg(long, value_parser = STATUSES, ignore_case = true)]
        status: Option<String>,
        /// How many at most
        #[arg(long, default_value_t = 50)]
        limit: usize,
        #[command(flatten)]
        reach: Reach,
    },
}

#[derive(Debug, Args)]
#[group(skip)]
#[command(group = clap::ArgGroup::new("change").required(true).multiple(true))]
pub(crate) struct MapRunUpdate {
    /// The Map Run: its ARN, or STATE-MACHINE:EXECUTION that has one
    pub(crate) name: String,
    /// So many executions at a time at most; 0 for as many as there can be
    #[arg(long, value_name = "COUNT", group = "change")]
    pub(crate) concurrency: Option<u32>,
    /// So many items may fail
    #[arg(long, value_name = "COUNT", group = "change")]
    pub(crate) tolerated_count: Option<u64>,
    /// So many percent of the items may fail
    #[arg(long, value_name = "PERCENT", group = "change")]
    pub(crate) tolerated_percentage: Option<f64>,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

#[derive(Debug, Args)]
pub(crate) struct Start {
    /// The state machine, a version or an alias of it: its name or ARN
    pub(crate) machine: String,
    /// The input: JSON, @FILE, or @- for stdin [default: {}]
    #[arg(short, long, value_name = "JSON|@FILE")]
    pub(crate) input: Option<String>,
    /// The execution's name [default: one is made]
    #[arg(short, long)]
    pub(crate) name: Option<String>,
    /// Follow it to its end; exit with 1 if it fails
    #[arg(short, long, conflicts_with = "sync")]
    pub(crate) watch: bool,
    /// Run an Express state machine and print its output; exit with 1 if it fails
    #[arg(long)]
    pub(crate) sync: bool,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

#[derive(Debug, Args)]
pub(crate) struct History {
    /// The execution: its ARN, or STATE-MACHINE:EXECUTION
    pub(crate) name: String,
    /// The newest first
    #[arg(long)]
    pub(crate) reverse: bool,
    /// How many events at most
    #[arg(long, default_value_t = 1_000)]
    pub(crate) limit: usize,
    /// Show inputs, outputs and parameters in full
    #[arg(long)]
    pub(crate) data: bool,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

#[derive(Debug, Args)]
pub(crate) struct Stop {
    /// The execution: its ARN, or STATE-MACHINE:EXECUTION
    pub(crate) name: String,
    /// The error that it ends with
    #[arg(long)]
    pub(crate) error: Option<String>,
    /// The error's cause
    #[arg(long)]
    pub(crate) cause: Option<String>,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

#[derive(Debug, Args)]
pub(crate) struct Logs {
    /// Only this state machine: its name or ARN
    pub(crate) machine: Option<String>,
    /// Only this log group
    #[arg(long)]
    pub(crate) log_group: Option<String>,
    /// Go on with what is logged from now on
    #[arg(short, long)]
    pub(crate) follow: bool,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

#[derive(Debug, Args)]
pub(crate) struct Send {
    #[command(subcommand)]
    pub(crate) what: SendWhat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SendWhat {
    /// The task succeeded
    Success {
        /// The task token
        token: String,
        /// The task's output: JSON, @FILE, or @- for stdin
        #[arg(value_name = "JSON|@FILE", default_value = "{}")]
        output: String,
        #[command(flatten)]
        reach: Reach,
    },
    /// The task failed
    Failure {
        /// The task token
        token: String,
        /// The error's name
        #[arg(long)]
        error: Option<String>,
        /// Its cause
        #[arg(long)]
        cause: Option<String>,
        #[command(flatten)]
        reach: Reach,
    },
    /// The task is being worked on
    Heartbeat {
        /// The task token
        token: String,
        #[command(flatten)]
        reach: Reach,
    },
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Activities {
    #[command(subcommand)]
    pub(crate) action: Option<ActivitiesAction>,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ActivitiesAction {
    /// List the activities
    List {
        /// How many at most
        #[arg(long, default_value_t = 100)]
        limit: usize,
        #[command(flatten)]
        reach: Reach,
    },
    /// Create an activity
    Create(Named),
    /// Delete an activity
    Delete(Named),
    /// Wait for an activity's next task, and print its token and input
    Poll {
        /// The activity's ARN
        name: String,
        /// The worker's name
        #[arg(long)]
        worker: Option<String>,
        #[command(flatten)]
        reach: Reach,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ApiCall {
    /// The action: any of the Step Functions API, like DescribeStateMachine
    pub(crate) action: String,
    /// Its parameters: JSON, @FILE, or @- for stdin
    #[arg(value_name = "JSON|@FILE", default_value = "{}")]
    pub(crate) parameters: String,
    #[command(flatten)]
    pub(crate) reach: Reach,
}
