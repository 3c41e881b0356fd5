//! How far an execution's Map Runs are: bars under the lines on a terminal, lines elsewhere.

use super::say;
use crate::meter::{self, Meter};
use crate::paint::{Paint, plain};
use baton_engine::{EventDetail, Record};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How often Map Runs are looked at.
const LOOK: Duration = Duration::from_millis(250);
/// Of so many Map Runs at a time the progress is shown.
const BARS_MAX: usize = 10;
/// How much of a state's name is shown.
const STATE_CHARS_MAX: usize = 40;

/// The bars of the Map Runs under way.
pub(super) struct Bars {
    all: MultiProgress,
    paint: Paint,
    open: BTreeMap<Arc<str>, Open>,
}

struct Open {
    meter: Meter,
    bar: ProgressBar,
    told: u64,
}

impl Bars {
    pub(super) fn new(paint: Paint) -> Self {
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        Bars { all, paint, open: BTreeMap::new() }
    }

    /// Prints a line above the bars.
    pub(super) fn say(&self, line: &str) {
        self.all.suspend(|| say(line));
    }

    /// Opens a bar for each Map Run that a record says begins.
    pub(super) fn take(&mut self, record: &Record) {
        for event in &record.events {
            if let EventDetail::MapRunStarted { arn } | EventDetail::MapRunRedriven { arn, .. } =
                &event.detail
            {
                self.begin(arn, record.state.as_str());
            }
        }
    }

    fn begin(&mut self, arn: &Arc<str>, state: &str) {
        if self.open.len() < BARS_MAX && !self.open.contains_key(arn) {
            let state = plain(state, STATE_CHARS_MAX);
            let bar = self.all.add(meter::bar(state, ProgressDrawTarget::hidden()));
            let open = Open { meter: Meter::default(), bar, told: 0 };
            self.open.insert(Arc::clone(arn), open);
        }
    }

    /// Waits until it is time to look again; for ever where there is nothing to look at.
    pub(super) async fn next_look(&self) {
        if self.open.is_empty() {
            return std::future::pending().await;
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "a person watches; no execution waits for it"
        )]
        tokio::time::sleep(LOOK).await;
    }

    /// The Map Runs to look at.
    pub(super) fn map_runs(&self) -> Vec<Arc<str>> {
        self.open.keys().cloned().collect()
    }

    /// Shows a Map Run as DescribeMapRun has it.
    pub(super) fn set(&mut self, arn: &Arc<str>, description: &Value) {
        let Some(open) = self.open.get_mut(arn) else { return };
        let reading = open.meter.read(description, Timestamp::now().as_millisecond());
        meter::set(&open.bar, &reading);
        let step = reading.step();
        if self.all.is_hidden() && step > open.told {
            open.told = step;
            let state = self.paint.strong(open.bar.prefix());
            say(&format!("{} {state}  {reading}", self.paint.dim("→")));
        }
        if !reading.is_running
            && let Some(open) = self.open.remove(arn)
        {
            open.bar.finish_and_clear();
        }
    }

    /// Takes all bars away.
    pub(super) fn clear(&mut self) {
        for open in std::mem::take(&mut self.open).into_values() {
            open.bar.finish_and_clear();
        }
    }
}
