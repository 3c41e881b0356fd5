//! How long an invocation lasts: what no count tells, so it is stated here and used everywhere.
//!
//! An invocation of n cues takes the requests of one cue one after the other, those of the others at the same time beside
//! it, and some processor time for each cue. A call that is waited for is added as it is.

/// Memory of the functions, in GB: the template's `MemorySize`.
pub const MEMORY_GB: f64 = 0.25;
/// A request to DynamoDB, SQS or S3 within the region, on a warm connection.
pub const REQUEST_SECS: f64 = 0.006;
/// Processor time of one cue with the seventh of a core that 256 MB come with.
pub const CUE_SECS: f64 = 0.002;
/// Processor time of an Express child of a map run, of two states and with its share of the run, with that seventh of a core: some
/// 40 µs of a whole one (`cargo bench -p baton-tests --bench map_run`).
pub const EXPRESS_CHILD_SECS: f64 = 0.0003;
/// What an invocation takes before and after its work.
pub const INVOCATION_SECS: f64 = 0.001;
/// The GB-seconds of an invocation that took `cues` cues, made `requests` requests and waited `wait_secs` for calls.
#[must_use]
pub fn gb_seconds(cues: f64, requests: f64, wait_secs: f64) -> f64 {
    let in_a_row = (requests / cues.max(1.0)).ceil();
    MEMORY_GB * (INVOCATION_SECS + cues * CUE_SECS + in_a_row * REQUEST_SECS + wait_secs)
}

/// The GB-seconds of the processor time of so many transitions beyond one a cue. Their requests are counted with the others.
#[must_use]
pub fn further_gb_seconds(transitions: f64) -> f64 {
    MEMORY_GB * transitions * CUE_SECS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cues_of_one_invocation_share_its_waiting() {
        let (one, ten) = (gb_seconds(1.0, 3.0, 10.0), gb_seconds(10.0, 21.0, 10.0));
        assert!(ten < one * 1.01, "{one} {ten}");
    }
}
