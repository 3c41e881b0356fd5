//! Chance and time, as an expression sees them.

use std::cell::{Cell, RefCell};

/// Where random numbers, ids and the time come from.
pub trait Chance {
    /// A version 4 UUID, for `$uuid`.
    fn uuid(&mut self) -> String;
    /// A number from 0 up to but without 1, for `$random` and `$shuffle`.
    fn unit(&mut self) -> f64;
    /// Milliseconds since 1970, for `$now` and `$millis`; asked once an evaluation.
    fn now_millis(&mut self) -> i64;
}

/// What has been drawn for one evaluation.
///
/// The library's functions cannot borrow a [`Chance`], so they take from this stock. When it runs dry
/// the evaluation stops, more is drawn, and the evaluation starts over with the same draws in front:
/// as evaluation is a pure function of its draws, that gives what a single run would have given.
#[derive(Debug, Default)]
pub(crate) struct Stock {
    now_millis: Cell<i64>,
    uuids: RefCell<Vec<String>>,
    units: RefCell<Vec<f64>>,
    uuids_taken: Cell<usize>,
    units_taken: Cell<usize>,
}

impl Stock {
    /// The time of this evaluation.
    pub(crate) fn now_millis(&self) -> i64 {
        self.now_millis.get()
    }

    /// Sets the time of this evaluation.
    pub(crate) fn set_now(&self, chance: &mut dyn Chance) {
        self.now_millis.set(chance.now_millis());
    }

    /// The next id, or none if the stock is dry.
    pub(crate) fn uuid(&self) -> Option<String> {
        let next = self.uuids_taken.get();
        self.uuids_taken.set(next + 1);
        self.uuids.borrow().get(next).cloned()
    }

    /// The next number, or none if the stock is dry.
    pub(crate) fn unit(&self) -> Option<f64> {
        let next = self.units_taken.get();
        self.units_taken.set(next + 1);
        self.units.borrow().get(next).copied()
    }

    /// Whether more has been asked for than there was.
    pub(crate) fn is_dry(&self) -> bool {
        self.uuids_taken.get() > self.uuids.borrow().len()
            || self.units_taken.get() > self.units.borrow().len()
    }

    /// Draws what was asked for in vain, many times over, and puts everything back in front; false if
    /// that would be more than `max` of a kind.
    pub(crate) fn refill(&self, chance: &mut dyn Chance, max: usize) -> bool {
        let uuids = wanted(self.uuids_taken.replace(0), self.uuids.borrow().len());
        let units = wanted(self.units_taken.replace(0), self.units.borrow().len());
        if uuids > max || units > max {
            return false;
        }
        self.uuids.borrow_mut().resize_with(uuids, || chance.uuid());
        self.units.borrow_mut().resize_with(units, || chance.unit());
        true
    }
}

/// One for the first that asks, as most expressions ask once; then sixteen times as many each time,
/// so that an expression is run six times at most before it has all that it may draw.
fn wanted(taken: usize, held: usize) -> usize {
    match held {
        _ if taken <= held => held,
        0 => 1,
        _ => held.saturating_mul(16),
    }
}
