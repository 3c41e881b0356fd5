//! Decisions drawn from a seed.
//!
//! Each decision depends on the seed and on how many were drawn before it, and on nothing else. A decision that differs
//! from fair weather is noted by its number; a run may be repeated with only some of them, which is how a failure shrinks.

use std::collections::BTreeSet;

/// Steele and others' SplitMix64.
pub fn mixed(state: u64) -> u64 {
    let mut mixed = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A plain stream of numbers, for what is made before anything runs.
#[derive(Debug, Clone)]
pub struct Stream(u64);

impl Stream {
    pub fn new(seed: u64) -> Self {
        Stream(mixed(seed))
    }

    /// A number from 0 to one below `sides`.
    pub fn below(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed(self.0) % sides.max(1)
    }

    pub fn one_in(&mut self, sides: u64) -> bool {
        self.below(sides) == 0
    }

    pub fn any_of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len() as u64) as usize]
    }
}

/// How many decisions a storm lasts. After them nothing goes wrong any more, so that every run comes to rest.
const STORM_DECISIONS: u64 = 3_000;

/// The decisions of one run.
#[derive(Debug)]
pub struct Dice {
    seed: u64,
    drawn: u64,
    /// Only these may differ from fair weather.
    allowed: Option<BTreeSet<u64>>,
    fired: Vec<Fired>,
}

/// A decision that differs from fair weather.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fired {
    pub number: u64,
    pub what: &'static str,
}

impl Dice {
    pub fn new(seed: u64, allowed: Option<BTreeSet<u64>>) -> Self {
        Dice { seed, drawn: 0, allowed, fired: Vec::new() }
    }

    /// Whether something goes wrong that does so once in `one_in` times; never, if that is 0.
    pub fn strikes(&mut self, what: &'static str, one_in: u64) -> bool {
        if one_in == 0 || self.is_over() {
            return false;
        }
        let (number, value) = self.draw();
        value % one_in == 0 && self.fire(number, what)
    }

    /// One of `count`: the first in fair weather.
    pub fn pick(&mut self, what: &'static str, count: usize, one_in: u64) -> usize {
        if count < 2 || !self.strikes(what, one_in) {
            return 0;
        }
        usize::try_from(mixed(self.seed ^ self.drawn) % count as u64).unwrap_or(0)
    }

    /// How much of something that went wrong, from 0 to `max`.
    pub fn amount(&self, max: u64) -> i64 {
        i64::try_from(mixed(self.seed.rotate_left(17) ^ self.drawn) % (max + 1)).unwrap_or(0)
    }

    pub fn fired(&self) -> &[Fired] {
        &self.fired
    }

    fn is_over(&self) -> bool {
        self.drawn >= STORM_DECISIONS
    }

    fn draw(&mut self) -> (u64, u64) {
        let number = self.drawn;
        self.drawn += 1;
        (number, mixed(self.seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ mixed(number)))
    }

    fn fire(&mut self, number: u64, what: &'static str) -> bool {
        let may = self.allowed.as_ref().is_none_or(|allowed| allowed.contains(&number));
        if may {
            self.fired.push(Fired { number, what });
        }
        may
    }
}
