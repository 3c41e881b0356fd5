//! Times on the wire: seconds since 1970 with a fraction of milliseconds, as a JSON number.

use jiff::Timestamp;
use serde::{Serialize, Serializer};

/// A time in an answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Epoch(pub(crate) i64);

impl From<Timestamp> for Epoch {
    fn from(time: Timestamp) -> Self {
        Epoch(time.as_millisecond())
    }
}

impl Serialize for Epoch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[expect(
            clippy::cast_precision_loss,
            reason = "milliseconds are exact in an f64 for 285,000 years"
        )]
        serializer.serialize_f64(self.0 as f64 / 1000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_are_a_fraction() {
        for (millis, text) in [
            (1_763_648_113_123, "1763648113.123"),
            (1_763_648_113_000, "1763648113.0"),
            (1, "0.001"),
        ] {
            assert_eq!(serde_json::to_string(&Epoch(millis)).unwrap(), text);
        }
    }
}
