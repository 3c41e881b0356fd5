//! What may go wrong in a run, and how often. Each seed has a weather of its own: some only lose processes, some only
//! shuffle, some do everything at once, for faults that come alone find other mistakes than faults that come together.

use crate::dice::Stream;

/// Once in so many occasions each; 0 is never.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Weather {
    /// The process dies before or after a write or a call.
    pub kill: u64,
    /// A request is refused and has no effect.
    pub throttle: u64,
    /// A write happens, and its answer is lost.
    pub lost_answer: u64,
    /// A request is answered late.
    pub late: u64,
    /// A cue is delivered twice.
    pub double: u64,
    /// A cue is not delivered for a while.
    pub delay: u64,
    /// A cue that was taken long ago is delivered again.
    pub replay: u64,
    /// Something else happens than what is next.
    pub shuffle: u64,
    /// By how much each process's clock is ahead, in milliseconds.
    pub skews: [i64; 2],
    /// One process over one file, which loses its queue and whatever was not yet durable when it dies. Else two
    /// processes over a store and a queue that outlive them.
    pub is_alone: bool,
    /// A client stops the execution this long after its start.
    pub stop_after: Option<i64>,
}

/// The clocks differ by at most twice this.
const SKEW_MILLIS_MAX: u64 = 30_000;

impl Weather {
    pub const FAIR: Weather = Weather {
        kill: 0,
        throttle: 0,
        lost_answer: 0,
        late: 0,
        double: 0,
        delay: 0,
        replay: 0,
        shuffle: 0,
        skews: [0, 0],
        is_alone: true,
        stop_after: None,
    };

    /// The weather of a seed.
    pub fn of(seed: u64) -> Self {
        let mut stream = Stream::new(seed ^ 0x5eed);
        let mut rate = |rates: &[u64]| if stream.one_in(2) { 0 } else { *stream.any_of(rates) };
        let mut weather = Weather {
            kill: rate(&[15, 40, 100, 200]),
            throttle: rate(&[8, 30, 100]),
            lost_answer: rate(&[8, 30, 100]),
            late: rate(&[3, 10, 50]),
            double: rate(&[2, 5, 20]),
            delay: rate(&[2, 5, 20]),
            replay: rate(&[3, 10, 40]),
            shuffle: rate(&[1, 2, 5]),
            ..Weather::FAIR
        };
        weather.is_alone = stream.one_in(3);
        if stream.one_in(2) && !weather.is_alone {
            weather.skews = [(); 2]
                .map(|()| stream.below(2 * SKEW_MILLIS_MAX + 1) as i64 - SKEW_MILLIS_MAX as i64);
        }
        if stream.one_in(8) {
            weather.stop_after = Some(stream.below(60_000) as i64);
        }
        weather
    }
}
