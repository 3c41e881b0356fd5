//! Logging what happens to Standard executions: best effort, after the commit, by whoever made it.
//!
//! Nothing waits for a line or fails by it. A process that dies between the commit and the line loses the line; no line comes
//! twice. The numbers are those of the history wherever an execution's scopes run one after another
//! ([`baton_engine::estimate`]).

use crate::driver::Driver;
use baton_engine::{Marked, Numbered, Record, estimate, estimate_started};
use baton_store::{Backend, Header, Logging, log_line};

impl<B: Backend, T> Driver<B, T> {
    /// Logs the events of a record that was just committed; `before` is the one that it follows in its scope.
    pub(crate) fn log_record(&self, header: &Header, before: Option<&Record>, record: &Record) {
        if let Some(logging) = &header.logging {
            self.log_events(header, logging, &estimate(record, before));
        }
    }

    /// Logs the start of a record's call, which was just claimed.
    pub(crate) fn log_claim(&self, header: &Header, marked: &Marked) {
        if let Some(logging) = &header.logging {
            self.log_events(header, logging, estimate_started(marked).as_slice());
        }
    }

    pub(crate) fn log_events(&self, header: &Header, logging: &Logging, events: &[Numbered]) {
        let lines: Vec<_> =
            events.iter().filter_map(|event| log_line(header, logging, event)).collect();
        if !lines.is_empty() {
            self.backend.log(lines);
        }
    }
}
