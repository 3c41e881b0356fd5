//! Cues on their way: the message in a queue, and the row of a timer.
//!
//! | key | member | absent when |
//! |---|---|---|
//! | `x` | execution | |
//! | `s` | scope | top |
//! | `q` | sequence | |
//! | `g` | signal: `"proceed"`, `{"spawn":100}` … | |
//! | `t` | when it is due | as soon as possible |

use super::value::{Time, scope, scope_form};
use super::{Kept, Unreadable, sealed};
use crate::{ExecutionArn, Outgoing};
use baton_engine::{Cue, Due, MapSignal, Sequence, Signal};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

#[derive(Debug, Serialize, Deserialize)]
#[doc(hidden)]
pub struct CueForm<'a> {
    #[serde(borrow)]
    x: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    s: Option<String>,
    q: u32,
    g: SignalForm,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    t: Option<Time>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum SignalForm {
    Proceed,
    Perform,
    Timeout,
    Heartbeat,
    Spawn(u32),
    Joined,
    ChildFailed(u32),
    ExecutionTimeout,
    Poll,
    Told(bool),
    Cancel,
    MapBegin,
    MapRead(u32),
    MapFill(u32),
    /// Group, chunk, place.
    MapEnded(u32, u32, u32),
    MapCollect(u32),
    MapRun(u32),
}

impl sealed::Sealed for Outgoing {}

impl Kept for Outgoing {
    const WHAT: &'static str = "cue";
    type Form<'a> = CueForm<'a>;

    fn form<'a>(&'a self, _: &mut sealed::TableOf<'a>) -> CueForm<'a> {
        CueForm {
            x: Cow::Borrowed(self.execution.as_str()),
            s: scope_form(&self.cue.scope),
            q: self.cue.sequence.0,
            g: self.cue.signal.into(),
            t: match self.due {
                Due::Now => None,
                Due::At(at) => Some(Time(at)),
            },
        }
    }

    fn from_form(form: CueForm<'_>, _: &sealed::PayloadsOf) -> Result<Self, Unreadable> {
        // A queue may be written to by others than Baton.
        let execution =
            ExecutionArn::parse(&form.x).map_err(|_| Unreadable::Value("execution ARN"))?;
        let cue = Cue {
            scope: scope(form.s.as_deref())?,
            sequence: Sequence(form.q),
            signal: form.g.into(),
        };
        Ok(Outgoing { execution, cue, due: form.t.map_or(Due::Now, |time| Due::At(time.0)) })
    }
}

impl From<Signal> for SignalForm {
    fn from(signal: Signal) -> Self {
        match signal {
            Signal::Proceed => SignalForm::Proceed,
            Signal::Perform => SignalForm::Perform,
            Signal::Timeout => SignalForm::Timeout,
            Signal::Heartbeat => SignalForm::Heartbeat,
            Signal::Spawn { from } => SignalForm::Spawn(from),
            Signal::Joined => SignalForm::Joined,
            Signal::ChildFailed { child } => SignalForm::ChildFailed(child),
            Signal::ExecutionTimeout => SignalForm::ExecutionTimeout,
            Signal::Poll => SignalForm::Poll,
            Signal::Told { is_last } => SignalForm::Told(is_last),
            Signal::Cancel => SignalForm::Cancel,
            Signal::Map(MapSignal::Begin) => SignalForm::MapBegin,
            Signal::Map(MapSignal::Read { chunk }) => SignalForm::MapRead(chunk),
            Signal::Map(MapSignal::Fill { group }) => SignalForm::MapFill(group),
            Signal::Map(MapSignal::Ended { group, chunk, place }) => {
                SignalForm::MapEnded(group, chunk, place)
            }
            Signal::Map(MapSignal::Collect { chunk }) => SignalForm::MapCollect(chunk),
            Signal::Map(MapSignal::Run { group }) => SignalForm::MapRun(group),
        }
    }
}

impl From<SignalForm> for Signal {
    fn from(form: SignalForm) -> Self {
        match form {
            SignalForm::Proceed => Signal::Proceed,
            SignalForm::Perform => Signal::Perform,
            SignalForm::Timeout => Signal::Timeout,
            SignalForm::Heartbeat => Signal::Heartbeat,
            SignalForm::Spawn(from) => Signal::Spawn { from },
            SignalForm::Joined => Signal::Joined,
            SignalForm::ChildFailed(child) => Signal::ChildFailed { child },
            SignalForm::ExecutionTimeout => Signal::ExecutionTimeout,
            SignalForm::Poll => Signal::Poll,
            SignalForm::Told(is_last) => Signal::Told { is_last },
            SignalForm::Cancel => Signal::Cancel,
            SignalForm::MapBegin => Signal::Map(MapSignal::Begin),
            SignalForm::MapRead(chunk) => Signal::Map(MapSignal::Read { chunk }),
            SignalForm::MapFill(group) => Signal::Map(MapSignal::Fill { group }),
            SignalForm::MapEnded(group, chunk, place) => {
                Signal::Map(MapSignal::Ended { group, chunk, place })
            }
            SignalForm::MapCollect(chunk) => Signal::Map(MapSignal::Collect { chunk }),
            SignalForm::MapRun(group) => Signal::Map(MapSignal::Run { group }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::now;
    use super::super::{decode_whole, encode};
    use super::*;

    #[test]
    fn every_cue_reads_back() {
        let execution =
            ExecutionArn::parse("arn:aws:states:us-east-1:123456789012:execution:m:n").unwrap();
        let signals = [
            Signal::Proceed,
            Signal::Perform,
            Signal::Timeout,
            Signal::Heartbeat,
            Signal::Spawn { from: 100 },
            Signal::Joined,
            Signal::ChildFailed { child: 3 },
            Signal::ExecutionTimeout,
            Signal::Poll,
            Signal::Told { is_last: true },
            Signal::Cancel,
            Signal::Map(MapSignal::Begin),
            Signal::Map(MapSignal::Read { chunk: 2 }),
            Signal::Map(MapSignal::Fill { group: 7 }),
            Signal::Map(MapSignal::Ended { group: 7, chunk: 2, place: 99 }),
            Signal::Map(MapSignal::Collect { chunk: 2 }),
            Signal::Map(MapSignal::Run { group: 7 }),
        ];
        for signal in signals {
            for (scope, due) in [("top", Due::Now), ("3.0/7.2", Due::At(now()))] {
                let cue = Cue { scope: scope.parse().unwrap(), sequence: Sequence(9), signal };
                let cue = Outgoing { execution: execution.clone(), cue, due };
                assert_eq!(decode_whole::<Outgoing>(&encode(&cue).bytes).unwrap(), cue);
            }
        }
    }

    #[test]
    fn the_oldest_form_reads_still() {
        let oldest = br#"{"v":1,"d":{"x":"arn:aws:states:r:1:execution:m:n","s":"3.0","q":2,"g":{"spawn":100},"t":1763640000123}}"#;
        assert_eq!(encode(&decode_whole::<Outgoing>(oldest).unwrap()).bytes, oldest);
    }

    #[test]
    fn a_message_of_somebody_else_is_refused() {
        for text in ["", "{}", r#"{"v":1,"d":{"x":"arn","q":2,"g":"proceed"}}"#] {
            assert!(decode_whole::<Outgoing>(text.as_bytes()).is_err(), "{text}");
        }
    }
}
