//! How far a Map Run is: counts, rate, time left.
//!
//! # Invariants
//!
//! * The rate is that of the last seconds, not of the whole: what a person sees is what happens.
//! * What is remembered is bounded.

use crate::paint::span;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;
use std::collections::VecDeque;
use std::fmt;

/// The rate is that of at most so long.
const WINDOW_MILLIS: i64 = 15_000;
/// And of at most so many looks.
const LOOKS_MAX: usize = 64;
/// Where there is no bar, a Map Run is told of each time that so many more percents are done.
const PERCENTS_STEP: u64 = 10;
/// What is shown of it as a bar.
const BAR: &str = "{prefix} {bar:24} {msg}";

/// Follows one Map Run by what DescribeMapRun answers.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    /// When so many items had ended.
    looks: VecDeque<(i64, u64)>,
}

/// A Map Run as it is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reading {
    pub(crate) total: u64,
    pub(crate) ended: u64,
    failed: u64,
    running: u64,
    /// Items a second.
    rate: Option<f64>,
    left_millis: Option<i64>,
    pub(crate) is_running: bool,
}

impl Meter {
    /// Takes an answer of DescribeMapRun, and the time it came at.
    pub(crate) fn read(&mut self, description: &Value, now_millis: i64) -> Reading {
        let counts = description.get("itemCounts");
        let count = |name: &str| counts.and_then(|it| it.get(name)?.as_u64()).unwrap_or_default();
        let failed = ["failed", "timedOut", "aborted"].map(count).iter().sum::<u64>();
        let (total, ended) = (count("total"), count("succeeded").saturating_add(failed));
        let is_running = description.get("status").and_then(Value::as_str) == Some("RUNNING");
        let rate = self.rate(now_millis, ended);
        let left = total.saturating_sub(ended);
        #[expect(clippy::cast_precision_loss, reason = "it is shown with two digits")]
        #[expect(clippy::cast_possible_truncation, reason = "`as` saturates")]
        let left_millis = rate.map(|rate| (left as f64 / rate * 1e3) as i64);
        let left_millis = left_millis.filter(|_| is_running && left > 0);
        Reading { total, ended, failed, running: count("running"), rate, left_millis, is_running }
    }

    fn rate(&mut self, now_millis: i64, ended: u64) -> Option<f64> {
        let is_old = |(millis, _): &(i64, u64)| now_millis.saturating_sub(*millis) > WINDOW_MILLIS;
        while self.looks.len() >= LOOKS_MAX || self.looks.front().is_some_and(is_old) {
            self.looks.pop_front();
        }
        self.looks.push_back((now_millis, ended));
        let (since, before) = self.looks.front().copied()?;
        let millis = now_millis.saturating_sub(since);
        let count = ended.checked_sub(before)?;
        #[expect(clippy::cast_precision_loss, reason = "it is shown with two digits")]
        let rate = count as f64 * 1e3 / millis as f64;
        (millis > 0 && count > 0).then_some(rate)
    }
}

impl Reading {
    /// The whole percents that are done.
    pub(crate) fn percents(&self) -> u64 {
        self.ended.saturating_mul(100).checked_div(self.total).unwrap_or_default()
    }

    /// How far it is in steps: with each it is worth a line.
    pub(crate) fn step(&self) -> u64 {
        self.percents() / PERCENTS_STEP
    }
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_running && self.total == 0 {
            return f.write_str("reads its items");
        }
        write!(f, "{} of {} items", self.ended, self.total)?;
        match self.rate.filter(|_| self.is_running) {
            Some(rate) if rate >= 10.0 => write!(f, ", {rate:.0}/s")?,
            Some(rate) => write!(f, ", {rate:.1}/s")?,
            None => {}
        }
        if let Some(left) = self.left_millis {
            write!(f, ", {} left", span(left))?;
        }
        if self.is_running && self.running > 0 {
            write!(f, ", {} running", self.running)?;
        }
        if self.failed > 0 {
            write!(f, ", {} failed", self.failed)?;
        }
        Ok(())
    }
}

/// A bar on this target, which is shown once it was set.
pub(crate) fn bar(name: String, target: ProgressDrawTarget) -> ProgressBar {
    // The template is a constant: what cannot be read of it would not be shown.
    let style = ProgressStyle::with_template(BAR).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::with_draw_target(Some(0), target);
    bar.set_style(style.progress_chars("━╸ "));
    bar.set_prefix(name);
    bar
}

/// Shows a reading on a bar.
pub(crate) fn set(bar: &ProgressBar, reading: &Reading) {
    bar.set_length(reading.total);
    bar.set_message(reading.to_string());
    bar.set_position(reading.ended);
}

/// The state that a Map Run belongs to: `arn:…:mapRun:MACHINE/LABEL:UUID`.
pub(crate) fn label(map_run: &str) -> &str {
    let name = map_run.rsplit_once(':').map_or(map_run, |(head, _)| head);
    name.rsplit('/').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn running(total: u64, succeeded: u64, failed: u64, running: u64) -> Value {
        json!({"status": "RUNNING", "itemCounts": {"total": total, "succeeded": succeeded,
            "failed": failed, "timedOut": 0, "aborted": 0, "running": running}})
    }

    fn check(meter: &mut Meter, description: &Value, now_millis: i64, expected: &str) {
        assert_eq!(meter.read(description, now_millis).to_string(), expected);
    }

    #[test]
    fn the_rate_is_that_of_the_last_seconds() {
        let meter = &mut Meter::default();
        check(meter, &running(0, 0, 0, 0), 0, "reads its items");
        check(meter, &running(1_000, 0, 0, 40), 1_000, "0 of 1000 items, 40 running");
        let expected = "200 of 1000 items, 100/s, 8.0 s left, 40 running, 2 failed";
        check(meter, &running(1_000, 198, 2, 40), 2_000, expected);
        // Nothing moved for long.
        check(meter, &running(1_000, 198, 2, 1), 60_000, "200 of 1000 items, 1 running, 2 failed");
        let expected = "201 of 1000 items, 1.0/s, 13 min 19 s left, 1 running, 2 failed";
        check(meter, &running(1_000, 199, 2, 1), 61_000, expected);
    }

    #[test]
    fn an_end_has_neither_rate_nor_time_left() {
        let meter = &mut Meter::default();
        meter.read(&running(10, 0, 0, 5), 0);
        let mut ended = running(10, 9, 1, 0);
        ended["status"] = "FAILED".into();
        let reading = meter.read(&ended, 1_000);
        assert_eq!(reading.to_string(), "10 of 10 items, 1 failed");
        assert_eq!((reading.percents(), reading.is_running), (100, false));
    }

    #[test]
    fn a_redriven_run_counts_on_from_less() {
        let meter = &mut Meter::default();
        meter.read(&running(10, 5, 5, 0), 0);
        check(meter, &running(10, 5, 0, 5), 1_000, "5 of 10 items, 5 running");
    }

    #[test]
    fn a_map_run_is_named_after_its_state() {
        assert_eq!(label("arn:aws:states:us-east-1:1:mapRun:order/Each:uuid"), "Each");
        assert_eq!(label("x"), "x");
    }
}
