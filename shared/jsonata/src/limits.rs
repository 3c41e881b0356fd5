//! The bounds of an evaluation. AWS names one number, the second; the others are this crate's own,
//! wide enough for any payload that Step Functions accepts (256 KiB).

use std::time::Duration;

/// The longest expression, in bytes: as long as a whole definition may be.
pub const EXPRESSION_BYTES_MAX: usize = 1_048_576;

/// How deeply a value or a template may be nested, which is also what a JSON parser accepts.
pub const VALUE_DEPTH_MAX: usize = 128;

/// The most elements that `$range` makes.
pub const RANGE_ELEMENTS_MAX: usize = 1_000;

/// The longest text that `$hash` takes, in characters.
pub const HASH_CHARACTERS_MAX: usize = 10_000;

/// The most numbers and ids that one evaluation may draw from [`Chance`](crate::Chance).
pub const DRAWS_MAX: usize = 65_536;

/// What one evaluation may use.
#[derive(Clone, Debug)]
pub struct Limits {
    /// How long it may take.
    pub time: Duration,
    /// How deeply calls may be nested. A call of a recursive function costs about three levels.
    pub stack_depth: usize,
    /// The longest sequence that a query or a range may build.
    pub sequence_length: usize,
    /// The longest text, and the most parts of a value, that an intermediate result may have.
    pub intermediate_size: usize,
    /// How many bytes of texts and arrays functions and steps may make altogether. Objects and functions
    /// written out in a loop are not counted, only the time that they take.
    pub total_bytes: usize,
    /// The size of the result, which is about that of its JSON text, in bytes.
    pub output_bytes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            time: Duration::from_secs(1),
            stack_depth: 5_000,
            sequence_length: 250_000,
            intermediate_size: 4_194_304,
            total_bytes: 67_108_864,
            output_bytes: 8_388_608,
        }
    }
}
