//! What the processes of a run share, and the scheduler sees: time, the weather, the queue, the clients, the witness.

use crate::dice::Dice;
use crate::fate::Fates;
use crate::mutant::Mutant;
use crate::outside::{Answers, Callback, Heard};
use crate::weather::Weather;
use crate::witness::{Activity, Witness};
use baton_store::{Outgoing, TokenClaims};
use jiff::{SignedDuration, Timestamp};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard};

/// One run's state.
#[derive(Debug)]
pub struct Shared {
    pub started: Timestamp,
    /// True time since the start. Each process's clock is this, ahead or behind by its skew.
    pub now_millis: i64,
    pub weather: Weather,
    pub dice: Dice,
    pub mutant: Option<Mutant>,
    pub answers: Arc<Answers>,
    pub fates: Option<Fates>,
    pub witness: Witness,
    pub current: Current,
    pub queue: Vec<Flight>,
    pub clients: Vec<Client>,
    /// Calls as they were answered, where that is being recorded.
    pub heard: Vec<Heard>,
    /// Counts whatever is to have a place in the order.
    pub numbers: u64,
    pub trace: String,
}

/// The piece of work that is being polled.
#[derive(Debug, Clone)]
pub struct Current {
    pub process: usize,
    pub activity: Activity,
    /// The cue it is about.
    pub flight: Option<u64>,
    /// When it wants to be polled again, if it is not done: soon, unless it says so.
    pub wakes_millis: Option<i64>,
    /// Its process has died.
    pub is_killed: bool,
    /// It has sent its spare cue.
    pub has_sent: bool,
}

/// A cue on its way.
#[derive(Debug, Clone)]
pub struct Flight {
    pub number: u64,
    pub outgoing: Outgoing,
    pub visible_millis: i64,
    /// It was taken, and is kept only to be delivered once more by mistake.
    pub is_acked: bool,
}

/// Something that a client does.
#[derive(Debug, Clone)]
pub struct Client {
    pub number: u64,
    pub at_millis: i64,
    pub does: Does,
}

#[derive(Debug, Clone)]
pub enum Does {
    Start,
    Stop,
    Answer { claims: TokenClaims, token: String, callback: Callback },
    Heartbeat { token: String, every_millis: i64, left: u32 },
}

/// A handle on the run's state.
#[derive(Debug, Clone)]
pub struct Run(pub Arc<Mutex<Shared>>);

impl Run {
    pub fn lock(&self) -> MutexGuard<'_, Shared> {
        self.0.lock().expect("no panic while it is held")
    }
}

impl Shared {
    pub fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    /// What this process's clock shows.
    pub fn clock(&self, process: usize) -> Timestamp {
        let skew = self.weather.skews.get(process).copied().unwrap_or_default();
        self.started + SignedDuration::from_millis(self.now_millis + skew)
    }

    pub fn is(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }

    /// A line of what happened: the same for the same seed.
    pub fn say(&mut self, what: std::fmt::Arguments<'_>) {
        let (now, process) = (self.now_millis, self.current.process);
        writeln!(self.trace, "{now:>9} p{process} {what}").expect("a String takes all");
    }

    pub fn client(&mut self, at_millis: i64, does: Does) {
        let number = self.number();
        self.clients.push(Client { number, at_millis, does });
    }

    /// Takes a cue off the queue, or leaves it there to be delivered again by mistake.
    pub fn ack(&mut self, number: u64) {
        let rate = self.weather.replay;
        let is_replayed = self.dice.strikes("an old cue comes again", rate);
        let again = self.now_millis + self.dice.amount(40_000);
        if let Some(index) = self.queue.iter().position(|flight| flight.number == number) {
            let flight = &mut self.queue[index];
            if is_replayed && !flight.is_acked {
                flight.is_acked = true;
                flight.visible_millis = again;
            } else {
                self.queue.remove(index);
            }
        }
    }
}
