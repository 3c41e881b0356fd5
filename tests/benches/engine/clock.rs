//! The time that this thread spends on a core, so that a busy machine does not make it look slow.

use crate::measure::Stopwatch;

/// Time on a core where the system tells it, else real time.
pub struct CoreTime {
    begun: Option<u64>,
    watch: Stopwatch,
}

impl CoreTime {
    pub fn start() -> Self {
        CoreTime { begun: nanos(), watch: Stopwatch::start() }
    }

    pub fn secs(&self) -> f64 {
        match (self.begun, nanos()) {
            (Some(begun), Some(ended)) => (ended - begun) as f64 / 1e9,
            _ => self.watch.elapsed().as_secs_f64(),
        }
    }
}

/// What Linux counts for this thread.
fn nanos() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok()
}
