//! The `baton` binary: AWS Step Functions on one machine.
//!
//! # Invariants
//!
//! * Exit codes mean the same in every command: 0 it went well, 1 the execution failed, 2 it cannot be run, 130 interrupted.
//! * stdout has nothing but a command's result; everything for people goes to stderr.
//! * The environment is read in one place ([`environment`]) and handed on.

mod answer;
mod arguments;
mod client;
mod complaint;
mod config;
mod connect;
mod cost;
mod definition;
mod doctor;
mod environment;
mod files;
mod function;
mod home;
mod limits;
mod meter;
mod paint;
mod refusal;
mod run;
mod serve;
mod signals;
mod tasks;

use arguments::{Arguments, Command};
use clap::{CommandFactory as _, Parser};
use complaint::Complaint;
use environment::Environment;
use std::io::Write as _;
use std::process::ExitCode;

/// It cannot be run: the definition, the arguments or a file is at fault.
const CANNOT: u8 = 2;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    start_logging(arguments.verbose);
    match perform(arguments.command) {
        Ok(code) => code,
        Err(complaint) => {
            // Without a stderr nobody is there to be told.
            let _ = writeln!(std::io::stderr(), "error: {complaint}");
            ExitCode::from(CANNOT)
        }
    }
}

fn perform(command: Command) -> Result<ExitCode, Complaint> {
    let environment = Environment::read().map_err(|error| Complaint::of("", &error))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Complaint::of("cannot start threads", &error))?;
    match command {
        Command::Run(arguments) => runtime.block_on(run::run(arguments, environment)),
        Command::Serve(arguments) => {
            runtime.block_on(serve::serve(arguments, environment)).map(|()| ExitCode::SUCCESS)
        }
        Command::Answer(arguments) => runtime.block_on(answer::answer(arguments)),
        Command::Validate(arguments) => validate(&arguments),
        Command::Connect(arguments) => {
            runtime.block_on(connect::connect(arguments, environment)).map(|()| ExitCode::SUCCESS)
        }
        Command::Cost(arguments) => runtime.block_on(cost::cost(arguments)),
        Command::Doctor(arguments) => runtime.block_on(doctor::doctor(arguments, environment)),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "baton", &mut script);
            // Whoever reads may have left.
            let _ = std::io::stdout().write_all(&script);
            Ok(ExitCode::SUCCESS)
        }
        Command::Client(command) => runtime.block_on(client::perform(command, &environment)),
    }
}

fn validate(arguments: &arguments::Validate) -> Result<ExitCode, Complaint> {
    let (mut complaints, mut reports) = (Vec::new(), Vec::new());
    for file in &arguments.files {
        let machine_type = arguments.machine_type.into();
        match definition::check(file, &arguments.definition, machine_type) {
            Ok(checked) => {
                if arguments.json {
                    reports.push(checked.report());
                } else {
                    checked.show();
                }
                complaints.extend(checked.verdict().err());
            }
            Err(complaint) => complaints.push(complaint),
        }
    }
    if arguments.json {
        // Without a stdout nobody is there to be told.
        let _ = writeln!(std::io::stdout(), "{}", serde_json::Value::Array(reports));
    }
    if complaints.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    let texts: Vec<&str> = complaints.iter().map(|complaint| complaint.0.as_str()).collect();
    Err(Complaint(texts.join("; ")))
}

fn start_logging(verbose: u8) {
    let level = match verbose {
        0 => tracing::Level::ERROR,
        1 => tracing::Level::INFO,
        _ => tracing::Level::DEBUG,
    };
    tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr).init();
}
