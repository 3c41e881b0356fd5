//! `Retry` and `Catch`.

use crate::{AnyTemplate, ResultPath, StateName};

/// `Retry` and `Catch` of a Task, Parallel or Map state.
#[derive(Debug, Default)]
pub struct Handlers {
    /// Scanned in order before the catchers; each keeps its own count for a visit of the state.
    pub retriers: Vec<Retrier>,
    /// Scanned in order when no retrier matches or the matching one is exhausted.
    pub catchers: Vec<Catcher>,
}

/// `ErrorEquals`: a non-empty list of names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorNames(pub Vec<String>);

/// One element of `Retry`.
#[derive(Debug)]
pub struct Retrier {
    /// Which errors it retries.
    pub errors: ErrorNames,
    /// `IntervalSeconds`, 1 by default.
    pub interval_secs: u32,
    /// `MaxAttempts`, 3 by default; 0 never retries.
    pub attempts_max: u32,
    /// `BackoffRate`, 2.0 by default, at least 1.0.
    pub backoff_rate: f64,
    /// `MaxDelaySeconds`.
    pub delay_max_secs: Option<u32>,
    /// `JitterStrategy`.
    pub jitter: Jitter,
}

/// `JitterStrategy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Jitter {
    /// `NONE`: the delay as computed.
    #[default]
    None,
    /// `FULL`: uniform between zero and the delay.
    Full,
}

/// One element of `Catch`.
#[derive(Debug)]
pub struct Catcher {
    /// Which errors it catches.
    pub errors: ErrorNames,
    /// Where the execution goes on, in the same block.
    pub next: StateName,
    /// Where `{Error, Cause}` goes in the raw input, in a JSONPath state.
    pub result_path: ResultPath,
    /// The catcher's own `Output`, in a JSONata state.
    pub output: Option<baton_jsonata::Template>,
    /// The catcher's own `Assign`.
    pub assign: Option<AnyTemplate>,
}
