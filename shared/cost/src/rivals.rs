//! What AWS Step Functions charges for the same workflow.

use crate::prices::{
    EXPRESS_GB_SECONDS_MILLION, EXPRESS_REQUESTS_MILLION, STANDARD_TRANSITIONS_MILLION,
};

/// Memory is billed in chunks of so many MB.
const CHUNK_MB: f64 = 64.0;
/// Time is billed in tenths of a second.
const TICK_SECS: f64 = 0.1;

/// The price of a million executions of Standard with so many transitions each. A transition is a state that is entered,
/// once more for every retry.
#[must_use]
pub fn standard(transitions: f64) -> f64 {
    transitions * STANDARD_TRANSITIONS_MILLION
}

/// The price of a million executions of Express, each lasting so long with so much memory.
#[must_use]
pub fn express(secs: f64, memory_mb: f64) -> f64 {
    let billed_secs = (secs / TICK_SECS).ceil().max(1.0) * TICK_SECS;
    let billed_gb = (memory_mb / CHUNK_MB).ceil().max(1.0) * CHUNK_MB / 1024.0;
    EXPRESS_REQUESTS_MILLION + billed_secs * billed_gb * EXPRESS_GB_SECONDS_MILLION
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_those_of_the_pricing_page_s_examples() {
        assert!((standard(4.0) - 100.0).abs() < 1e-9);
        assert!((express(0.04, 50.0) - 1.104).abs() < 0.001);
        assert!((express(1.0, 64.0) - 2.042).abs() < 0.001);
    }
}
