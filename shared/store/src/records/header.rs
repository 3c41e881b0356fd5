//! Execution headers.
//!
//! Key: the execution's ARN; written if it is free. The document holds the facts alone, which never change. How the execution
//! stands is kept beside it, each part where the backend can change it by itself: the status as a document of its own
//! ([`Status`]), the closed forks as texts ([`fork_text`]), redrives as another ([`redrives_text`]). A header that is decoded is running and has no closed fork.
//!
//! | key | member of the header | | key | member of the status |
//! |---|---|---|---|---|
//! | `x`, `n` | ARN, name | | `"running"` | |
//! | `r`, `g` | role, region | | `"succeeded"` | stopped, output |
//! | `t`, `i` | started, input | | `"failed"` | stopped, error |
//! | `m`, `b` | `StateMachine.Id`, `.Name` | | `"aborted"` | stopped, error |
//! | `u`, `w`, `l` | machine, version, alias | | `"timed-out"` | stopped |
//! | `v` | revision | | | |
//! | `h`, `o`, `z` | trace header, time limit, payload limit | | | |
//! | `j` | logging: level, data, log group | | | |
//! | `p`, `s` | who waits for its end, the block it starts in | | | |

use super::value::{ErrorForm, Time, borrowed, is_default, scope, scope_form};
use super::{Kept, Unreadable, sealed};
use crate::{
    ExecutionArn, Header, Logging, MachineArn, MapRunChild, Parent, RedriveToken, RevisionId,
    Status,
};
use baton_asl::BlockId;
use baton_engine::{Execution, ForkId, Redrives, Sequence};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

#[derive(Debug, Serialize, Deserialize)]
#[doc(hidden)]
pub struct HeaderForm<'a> {
    #[serde(borrow)]
    x: Cow<'a, str>,
    n: Cow<'a, str>,
    r: Cow<'a, str>,
    g: Cow<'a, str>,
    t: Time,
    i: u32,
    m: Cow<'a, str>,
    b: Cow<'a, str>,
    u: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    w: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    l: Option<Cow<'a, str>>,
    v: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    h: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    o: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    z: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    j: Option<Logging>,
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    p: Option<ParentForm<'a>>,
    #[serde(default, skip_serializing_if = "is_default")]
    d: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    s: Option<u32>,
}

/// Who waits for the end.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ParentForm<'a> {
    /// Execution, scope unless it is the top, sequence.
    Job(#[serde(borrow)] Cow<'a, str>, Option<String>, u32),
    /// Execution, scope unless it is the top, sequence, run, group, chunk, place.
    MapRun(#[serde(borrow)] Cow<'a, str>, Option<String>, u32, Cow<'a, str>, u32, u32, u32),
}

fn parent_form(parent: &Parent) -> ParentForm<'_> {
    match parent {
        Parent::Job { execution, scope, sequence } => {
            ParentForm::Job(Cow::Borrowed(execution.as_str()), scope_form(scope), sequence.0)
        }
        Parent::MapRun(it) => ParentForm::MapRun(
            Cow::Borrowed(it.execution.as_str()),
            scope_form(&it.scope),
            it.sequence.0,
            Cow::Borrowed(&it.map_run_arn),
            it.group,
            it.chunk,
            it.place,
        ),
    }
}

fn parent(form: ParentForm<'_>) -> Result<Parent, Unreadable> {
    Ok(match form {
        ParentForm::Job(execution, scope_text, sequence) => Parent::Job {
            execution: ExecutionArn::trusted(execution.into()),
            scope: scope(scope_text.as_deref())?,
            sequence: Sequence(sequence),
        },
        ParentForm::MapRun(execution, of, sequence, arn, group, chunk, place) => {
            Parent::MapRun(MapRunChild {
                execution: ExecutionArn::trusted(execution.into()),
                scope: scope(of.as_deref())?,
                sequence: Sequence(sequence),
                map_run_arn: arn.into(),
                group,
                chunk,
                place,
            })
        }
    })
}

impl sealed::Sealed for Header {}

impl Kept for Header {
    const WHAT: &'static str = "execution";
    type Form<'a> = HeaderForm<'a>;

    fn form<'a>(&'a self, payloads: &mut sealed::TableOf<'a>) -> HeaderForm<'a> {
        let execution = &self.execution;
        HeaderForm {
            x: Cow::Borrowed(&execution.arn),
            n: Cow::Borrowed(&execution.name),
            r: Cow::Borrowed(&execution.role_arn),
            g: Cow::Borrowed(&execution.region),
            t: Time(execution.started),
            i: payloads.0.put(&execution.input),
            m: Cow::Borrowed(&execution.machine_arn),
            b: Cow::Borrowed(&execution.machine_name),
            u: Cow::Borrowed(self.machine.as_str()),
            w: borrowed(self.version_arn.as_ref()),
            l: borrowed(self.alias_arn.as_ref()),
            v: Cow::Borrowed(&self.revision.0),
            h: borrowed(self.trace_header.as_ref()),
            o: self.timeout_secs,
            z: execution.payload_bytes_max.map(|bytes| bytes as u64),
            p: self.parent.as_ref().map(parent_form),
            d: self.depth,
            s: (execution.start != BlockId::TOP).then_some(execution.start.0),
            j: self.logging.clone(),
        }
    }

    fn from_form(form: HeaderForm<'_>, payloads: &sealed::PayloadsOf) -> Result<Self, Unreadable> {
        let execution = Execution {
            arn: form.x.into(),
            name: form.n.into(),
            role_arn: form.r.into(),
            started: form.t.0,
            input: payloads.0.get(form.i)?,
            machine_arn: form.m.into(),
            machine_name: form.b.into(),
            start: form.s.map_or(BlockId::TOP, BlockId),
            region: form.g.into(),
            redrives: Redrives::default(),
            payload_bytes_max: form.z.map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX)),
        };
        Ok(Header {
            execution,
            machine: MachineArn::trusted(form.u.into()),
            version_arn: form.w.map(Arc::from),
            alias_arn: form.l.map(Arc::from),
            revision: RevisionId(form.v.into()),
            trace_header: form.h.map(Arc::from),
            timeout_secs: form.o,
            depth: form.d,
            parent: form.p.map(parent).transpose()?,
            redrive_tokens: Vec::new(),
            logging: form.j,
            status: Status::Running,
            closed: BTreeSet::new(),
        })
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
#[doc(hidden)]
pub struct StatusForm<'a>(#[serde(borrow)] Standing<'a>);

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Standing<'a> {
    Running,
    Succeeded(Time, u32),
    Failed(Time, ErrorForm<'a>),
    Aborted(Time, ErrorForm<'a>),
    TimedOut(Time),
}

impl sealed::Sealed for Status {}

impl Kept for Status {
    const WHAT: &'static str = "status";
    type Form<'a> = StatusForm<'a>;

    fn form<'a>(&'a self, payloads: &mut sealed::TableOf<'a>) -> StatusForm<'a> {
        StatusForm(match self {
            Status::Running => Standing::Running,
            Status::Succeeded { stopped, output } => {
                Standing::Succeeded(Time(*stopped), payloads.0.put(output))
            }
            Status::Failed { stopped, detail } => Standing::Failed(Time(*stopped), detail.into()),
            Status::Aborted { stopped, detail } => Standing::Aborted(Time(*stopped), detail.into()),
            Status::TimedOut { stopped } => Standing::TimedOut(Time(*stopped)),
        })
    }

    fn from_form(form: StatusForm<'_>, payloads: &sealed::PayloadsOf) -> Result<Self, Unreadable> {
        Ok(match form.0 {
            Standing::Running => Status::Running,
            Standing::Succeeded(at, output) => {
                Status::Succeeded { stopped: at.0, output: payloads.0.get(output)? }
            }
            Standing::Failed(at, error) => Status::Failed { stopped: at.0, detail: error.into() },
            Standing::Aborted(at, error) => Status::Aborted { stopped: at.0, detail: error.into() },
            Standing::TimedOut(at) => Status::TimedOut { stopped: at.0 },
        })
    }
}

/// What redrives have changed in a header, as text; nothing where there was none.
#[must_use]
pub fn redrives_text(header: &Header) -> Option<String> {
    let Redrives { count, latest } = header.execution.redrives;
    let tokens = &header.redrive_tokens;
    let tokens = tokens.iter().map(|known| (&*known.token, known.at.as_millisecond())).collect();
    let form = RedrivesForm { v: 1, n: count, t: latest?.as_millisecond(), k: tokens };
    serde_json::to_string(&form).ok()
}

/// Takes in what [`redrives_text`] wrote.
///
/// # Errors
///
/// [`Unreadable`] if the text is not of this form or of a version that this program does not know.
pub fn take_redrives(header: &mut Header, text: &str) -> Result<(), Unreadable> {
    let form: RedrivesForm<Cow<'_, str>> = serde_json::from_str(text).map_err(Unreadable::Form)?;
    if form.v != 1 {
        return Err(Unreadable::Version(form.v));
    }
    let time = |millis| {
        Timestamp::from_millisecond(millis).map_err(|_| Unreadable::Value("time of a redrive"))
    };
    header.execution.redrives = Redrives { count: form.n, latest: Some(time(form.t)?) };
    let token = |(token, millis): (Cow<'_, str>, i64)| {
        Ok(RedriveToken { token: token.into(), at: time(millis)? })
    };
    header.redrive_tokens = form.k.into_iter().map(token).collect::<Result<_, Unreadable>>()?;
    Ok(())
}

/// Version, count, time of the latest, tokens with their times.
#[derive(Debug, Serialize, Deserialize)]
struct RedrivesForm<T> {
    v: u32,
    n: u32,
    t: i64,
    k: Vec<(T, i64)>,
}

/// A fork as text: its scope, a colon, its sequence.
#[must_use]
pub fn fork_text(fork: &ForkId) -> String {
    fork.to_string()
}

/// Reads what [`fork_text`] wrote.
///
/// # Errors
///
/// [`Unreadable::Value`] if the text is not a fork.
pub fn fork_from_text(text: &str) -> Result<ForkId, Unreadable> {
    let read = |(scope, fork): (&str, &str)| {
        Some(ForkId { scope: scope.parse().ok()?, fork: Sequence(fork.parse().ok()?) })
    };
    text.split_once(':').and_then(read).ok_or(Unreadable::Value("fork"))
}

#[cfg(test)]
mod tests {
    use super::super::samples::{header, now};
    use super::super::{decode_whole, encode};
    use super::*;
    use crate::LogLevel;
    use baton_engine::{ErrorDetail, Payload};
    use serde_json::json;

    #[test]
    fn every_header_reads_back() {
        let bare = header();
        let full = Header {
            version_arn: Some("arn:aws:states:r:1:stateMachine:m:3".into()),
            alias_arn: Some("arn:aws:states:r:1:stateMachine:m:live".into()),
            trace_header: Some("Root=1".into()),
            timeout_secs: Some(60),
            depth: 3,
            logging: Some(Logging {
                level: LogLevel::Error,
                has_data: true,
                group_arn: "g".into(),
            }),
            parent: Some(Parent::MapRun(MapRunChild {
                execution: ExecutionArn::trusted("arn:aws:states:r:1:execution:p:q".into()),
                scope: "3.0".parse().unwrap(),
                sequence: Sequence(4),
                map_run_arn: "arn:aws:states:r:1:mapRun:m/l:u".into(),
                group: 1,
                chunk: 2,
                place: 3,
            })),
            ..header()
        };
        let mut unlimited = header();
        unlimited.execution.payload_bytes_max = None;
        for header in [bare, full, unlimited] {
            assert_eq!(decode_whole::<Header>(&encode(&header).bytes).unwrap(), header);
        }
    }

    #[test]
    fn every_status_reads_back() {
        let stopped = now();
        let detail = ErrorDetail { error: Some("E".into()), cause: None };
        for status in [
            Status::Running,
            Status::Succeeded { stopped, output: Payload::new(json!({})) },
            Status::Failed { stopped, detail: detail.clone() },
            Status::Aborted { stopped, detail },
            Status::TimedOut { stopped },
        ] {
            assert_eq!(decode_whole::<Status>(&encode(&status).bytes).unwrap(), status);
        }
    }

    #[test]
    fn every_fork_reads_back() {
        for text in ["top:3", "3.0/7.2:0"] {
            assert_eq!(fork_text(&fork_from_text(text).unwrap()), text);
        }
        for text in ["", "top", "top:", "x:1", "top:-1"] {
            assert!(fork_from_text(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_oldest_form_reads_still() {
        let oldest = br#"{"v":1,"d":{"x":"arn:aws:states:r:1:execution:m:n","n":"n","r":"arn:aws:iam::1:role/r","g":"r","t":1763640000123,"i":0,"m":"arn:aws:states:r:1:stateMachine:m","b":"m","u":"arn:aws:states:r:1:stateMachine:m","v":"7","h":"Root=1","o":60,"z":262144},"p":[{}]}"#;
        assert_eq!(encode(&decode_whole::<Header>(oldest).unwrap()).bytes, oldest);
        let oldest = br#"{"v":1,"d":{"failed":[1763640000123,{"e":"E","c":"c"}]}}"#;
        assert_eq!(encode(&decode_whole::<Status>(oldest).unwrap()).bytes, oldest);
        let oldest = br#"{"v":1,"d":{"succeeded":[1763640000123,0]},"p":[7]}"#;
        assert_eq!(encode(&decode_whole::<Status>(oldest).unwrap()).bytes, oldest);
    }
}
