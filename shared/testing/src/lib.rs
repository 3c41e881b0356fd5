//! Tests of state machines: an execution in memory, its tasks answered by closures, in virtual time.
//!
//! ```
//! use baton_testing::{Answer, Workflow};
//! use serde_json::json;
//! use std::time::Duration;
//!
//! let definition = r#"{"StartAt": "Wait", "States": {
//!     "Wait": {"Type": "Wait", "Seconds": 2592000, "Next": "Greet"},
//!     "Greet": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:greet", "End": true}}}"#;
//! let end = Workflow::new(definition)?
//!     .function("greet", |call| Answer::of(json!({"hello": call.arguments["name"]})))
//!     .run(&json!({"name": "world"}))?;
//! assert_eq!(end.status, "SUCCEEDED");
//! assert_eq!(end.output, Some(json!({"hello": "world"})));
//! assert!(end.lasted() >= Duration::from_secs(30 * 24 * 3_600));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The same interpreter, driver and API run as everywhere, over the backend in memory. When nothing is left to do, the clock
//! moves on to whatever comes next, so that a month takes milliseconds and every timestamp is the one that AWS would have
//! recorded.
//!
//! # Invariants
//!
//! * Nothing leaves the process, and nothing depends on the machine: equal tests give equal ends, chance included.
//! * A test ends: an execution that stands still, or runs longer than [`limits::DAYS_MAX`], is an error.
//!
//! # What it deliberately lacks
//!
//! More than one state machine, and services: a state that calls one is answered by [`Workflow::state`].

mod answer;
pub mod limits;
mod outside;
mod run;

pub use answer::{Answer, Call};
pub use run::{Ended, Unfinished};

use baton_asl::{Options, Severity};
use jiff::Timestamp;
use outside::Outside;
use serde_json::Value;
use std::fmt;
use std::sync::Arc;

/// A definition that AWS would refuse, with what is wrong with it.
#[derive(Debug, thiserror::Error)]
#[error("the definition is refused:\n{0}")]
pub struct InvalidDefinition(String);

/// A state machine with what answers its tasks.
pub struct Workflow {
    definition: String,
    outside: Arc<Outside>,
    started: Timestamp,
    seed: u64,
}

impl Workflow {
    /// The state machine of a definition in JSON, whose execution will start at midnight of 1 January 2026.
    ///
    /// # Errors
    ///
    /// [`InvalidDefinition`], if AWS would refuse it.
    pub fn new(definition: &str) -> Result<Self, InvalidDefinition> {
        let parsed = baton_asl::parse(definition, &Options::default());
        if parsed.is_refused() {
            let is_error = |found: &&baton_asl::Diagnostic| found.severity == Severity::Error;
            let findings: Vec<String> = (parsed.diagnostics.iter().filter(is_error))
                .map(|found| found.render(definition, "definition"))
                .collect();
            return Err(InvalidDefinition(findings.join("\n")));
        }
        Ok(Workflow {
            definition: definition.to_owned(),
            outside: Arc::default(),
            started: limits::STARTED,
            seed: 0,
        })
    }

    /// The same of a definition in YAML.
    ///
    /// # Errors
    ///
    /// [`InvalidDefinition`], if it is no YAML or AWS would refuse it.
    pub fn from_yaml(definition: &str) -> Result<Self, InvalidDefinition> {
        let shown = |found: Box<baton_asl::Diagnostic>| {
            InvalidDefinition(found.render(definition, "definition"))
        };
        let source = baton_yaml::read(definition).map_err(shown)?;
        Workflow::new(&source.json)
    }

    /// Answers the invocations of a Lambda function, by its name: called with its payload, in whatever way it is invoked.
    #[must_use]
    pub fn function(
        mut self,
        name: &str,
        answer: impl Fn(&Call<'_>) -> Answer + Send + Sync + 'static,
    ) -> Self {
        self.outside().functions.insert(name.to_owned(), Arc::new(answer));
        self
    }

    /// Answers the calls of one Task state, by its name: called with its arguments, the answer is the service's as
    /// `ResultSelector` sees it. It goes before the functions.
    #[must_use]
    pub fn state(
        mut self,
        name: &str,
        answer: impl Fn(&Call<'_>) -> Answer + Send + Sync + 'static,
    ) -> Self {
        self.outside().states.insert(name.to_owned(), Arc::new(answer));
        self
    }

    /// Answers the task token of a `.waitForTaskToken` state, by its name, counted from the acceptance of its call.
    #[must_use]
    pub fn callback(
        mut self,
        state: &str,
        answer: impl Fn(&Call<'_>) -> Answer + Send + Sync + 'static,
    ) -> Self {
        self.outside().callbacks.insert(state.to_owned(), Arc::new(answer));
        self
    }

    /// Starts the execution at this time.
    #[must_use]
    pub fn starting_at(mut self, started: Timestamp) -> Self {
        self.started = started;
        self
    }

    /// Draws chance (UUIDs, random numbers, jitter) from another seed.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    fn outside(&mut self) -> &mut Outside {
        // No run is under way while it is being described.
        Arc::make_mut(&mut self.outside)
    }

    /// Runs one execution to its end. May be called again: every run is one of its own.
    ///
    /// # Errors
    ///
    /// [`Unfinished`], if the execution does not end, or could not be started.
    pub fn run(&self, input: &Value) -> Result<Ended, Unfinished> {
        run::run(self, input)
    }
}

impl fmt::Debug for Workflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workflow").field("started", &self.started).finish_non_exhaustive()
    }
}
