//! How sizes become billed units.

/// Bytes of a write request unit.
const WRITE_UNIT_BYTES: usize = 1024;
/// Bytes of a read request unit.
const READ_UNIT_BYTES: usize = 4096;
/// Bytes of an SQS request.
const SQS_REQUEST_BYTES: usize = 64 * 1024;

/// The write units of an item: one a KB, and one at least.
#[must_use]
pub fn write_units(item_bytes: usize) -> f64 {
    whole(item_bytes.div_ceil(WRITE_UNIT_BYTES).max(1))
}

/// The read units of an item, or of a query's items together: half of it where a read need not be consistent.
#[must_use]
pub fn read_units(bytes: usize, is_consistent: bool) -> f64 {
    let units = whole(bytes.div_ceil(READ_UNIT_BYTES).max(1));
    if is_consistent { units } else { units / 2.0 }
}

/// The requests that a batch of messages counts as.
#[must_use]
pub fn sqs_requests(bytes: usize) -> f64 {
    whole(bytes.div_ceil(SQS_REQUEST_BYTES).max(1))
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below what a float counts exactly")]
fn whole(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_rounded_up_as_aws_does() {
        assert_eq!([0, 1, 1024, 1025, 409_600].map(write_units), [1.0, 1.0, 1.0, 2.0, 400.0]);
        assert_eq!([0, 4096, 4097].map(|bytes| read_units(bytes, true)), [1.0, 1.0, 2.0]);
        assert_eq!([0, 4096, 4097].map(|bytes| read_units(bytes, false)), [0.5, 0.5, 1.0]);
        assert_eq!([0, 65_536, 65_537].map(sqs_requests), [1.0, 1.0, 2.0]);
    }
}
