//! Times on the wire: seconds since 1970 with a fraction of milliseconds, as a JSON number in the notation that AWS uses. The
//! length of an answer is part of what a task sees of it (`SdkHttpMetadata`).

use jiff::Timestamp;
use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// From here on a number is written with an exponent.
const DECIMAL_BELOW: f64 = 1e7;

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
        let secs = self.0 as f64 / 1000.0;
        if secs < DECIMAL_BELOW {
            return serializer.serialize_f64(secs);
        }
        let text = RawValue::from_string(format!("{secs:E}")).map_err(S::Error::custom)?;
        text.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_are_a_fraction() {
        for (millis, text) in [
            (1_763_648_113_123, "1.763648113123E9"),
            (1_763_648_113_000, "1.763648113E9"),
            (1, "0.001"),
        ] {
            assert_eq!(serde_json::to_string(&Epoch(millis)).unwrap(), text);
        }
    }
}
