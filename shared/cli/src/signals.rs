//! SIGINT and SIGTERM: both ask to stop.

use crate::complaint::Complaint;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that ask to stop.
#[derive(Debug)]
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Takes the signals over: from then on they no longer end the process.
    pub(crate) fn listen() -> Result<Self, Complaint> {
        let take =
            |kind| signal(kind).map_err(|error| Complaint::of("cannot listen for signals", &error));
        Ok(Signals {
            interrupt: take(SignalKind::interrupt())?,
            terminate: take(SignalKind::terminate())?,
        })
    }

    /// The next one. May be given up without losing any.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
