//! Express children of map runs: what they answered, and their names.
//!
//! | kind | group | key | written |
//! |---|---|---|---|
//! | results | the map run's ARN and the number of a chunk | the redrive and the number of the piece, the newest first | once |
//!
//! An Express child has no header. Its ARN says where its input and its result are: the name holds the map run, the id the place
//! in the manifest, each hidden in what looks like a UUID, so that no child's ARN gives away another's.

use super::map_run::{is_one, one};
use super::{Document, DocumentKind};
use crate::records::is_default;
use crate::{ExecutionArn, MachineArn, StatusName};
use baton_engine::ErrorDetail;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// How Express children of one chunk ended: those whose ends one write committed.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct MapResults {
    /// The children.
    #[serde(rename = "c")]
    pub children: Vec<MapResult>,
}

/// How an Express child ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MapResult {
    /// Its place in the chunk.
    #[serde(rename = "p")]
    pub place: u32,
    /// How many items it had.
    #[serde(rename = "n", default = "one", skip_serializing_if = "is_one")]
    pub items: u32,
    /// When it began, and how many milliseconds it took.
    #[serde(rename = "t")]
    pub millis: (i64, u32),
    /// Its output.
    #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Box<RawValue>>,
    /// Why it failed.
    #[serde(rename = "f", default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Reason>,
    /// Whether its time was over.
    #[serde(rename = "x", default, skip_serializing_if = "is_default")]
    pub is_timed_out: bool,
    /// Whether it was given up with its run.
    #[serde(rename = "a", default, skip_serializing_if = "is_default")]
    pub is_aborted: bool,
}

/// `error` and `cause`.
type Reason = (Option<Arc<str>>, Option<Arc<str>>);

impl Document for MapResults {
    const KIND: DocumentKind = DocumentKind::MapResults;
}

impl MapResults {
    /// Where the results of a chunk are.
    #[must_use]
    pub fn group(map_run_arn: &str, chunk: u32) -> String {
        format!("{map_run_arn} {chunk:010}")
    }

    /// The key of a piece: the newest comes first, so that the first result that is found for a place is the one that counts.
    #[must_use]
    pub fn key(redrives: u32, piece: u32) -> String {
        format!("{:010} {:010}", u32::MAX.abs_diff(redrives), u32::MAX.abs_diff(piece))
    }
}

impl MapResult {
    /// How it ended.
    #[must_use]
    pub fn status(&self) -> StatusName {
        match (&self.output, self.is_timed_out, self.is_aborted) {
            (Some(_), _, _) => StatusName::Succeeded,
            (None, true, _) => StatusName::TimedOut,
            (None, false, true) => StatusName::Aborted,
            (None, false, false) => StatusName::Failed,
        }
    }

    /// `error` and `cause`.
    #[must_use]
    pub fn detail(&self) -> ErrorDetail {
        let (error, cause) = self.failure.clone().unwrap_or_default();
        ErrorDetail { error, cause }
    }
}

/// Which child of its map run an Express execution is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExpressPlace {
    /// The chunk of the manifest that its input is in.
    pub chunk: u32,
    /// Its place there.
    pub place: u32,
    /// The redrive of the run that it belongs to.
    pub redrives: u32,
}

/// The places of a chunk and the redrives of a run that an id has room for.
const SMALL_BITS: u32 = 12;
/// The bits of a UUID that say its version and variant.
const FIXED: u128 = (0xf << 76) | (0x3 << 62);
/// Version 8, of one's own making, as RFC 9562 says.
const VERSION_8: u128 = (0x8 << 76) | (0x2 << 62);
/// The bits of an id below its place: they prove that it belongs to the run.
const CHECKED: u128 = (1 << 62) - 1;

/// The ARN of a map run's Express child.
#[must_use]
pub fn express_child_arn(
    machine: &MachineArn,
    map_run_arn: &str,
    place: ExpressPlace,
) -> ExecutionArn {
    let id = id_of(map_run_arn, place);
    let run = map_run_arn.rsplit(':').next().and_then(bits).unwrap_or_default();
    ExecutionArn::express(machine, &text(run ^ veil(id)), &text(id))
}

/// Which child of which map run has this ARN, if any has: the ARN alone says so.
#[must_use]
pub fn express_child_place(arn: &ExecutionArn) -> Option<(String, ExpressPlace)> {
    let machine = arn.machine();
    let label = machine.label()?;
    let id = bits(arn.as_str().rsplit(':').next()?)?;
    let run = text(bits(arn.name())? ^ veil(id));
    let unlabelled = machine.unlabelled();
    let (head, name) = unlabelled.as_str().split_once(":stateMachine:")?;
    let map_run_arn = format!("{head}:mapRun:{name}/{label}:{run}");
    let open = id ^ digest(&["place", &map_run_arn]);
    let low = (1_u128 << SMALL_BITS) - 1;
    let place = ExpressPlace {
        chunk: u32::try_from(open >> 96).ok()?,
        place: u32::try_from((open >> 84) & low).ok()?,
        redrives: u32::try_from((open >> 64) & low).ok()?,
    };
    let is_it = express_child_arn(&machine, &map_run_arn, place) == *arn;
    is_it.then_some((map_run_arn, place))
}

/// The place, hidden, above the check, with the version in between.
fn id_of(map_run_arn: &str, place: ExpressPlace) -> u128 {
    let ExpressPlace { chunk, place, redrives } = place;
    let small = |number: u32| u128::from(number) & ((1 << SMALL_BITS) - 1);
    let open = (u128::from(chunk) << 96) | (small(place) << 84) | (small(redrives) << 64);
    let check = digest(&["check", map_run_arn, &open.to_string()]) & CHECKED;
    let high = (open ^ digest(&["place", map_run_arn])) & !CHECKED;
    ((high | check) & !FIXED) | VERSION_8
}

/// What hides a run behind a child's id: all bits but the version's.
fn veil(id: u128) -> u128 {
    digest(&["run", &text(id)]) & !FIXED
}

fn digest(parts: &[&str]) -> u128 {
    let digest = Sha256::digest(parts.join(" "));
    digest.iter().take(16).fold(0, |bits, byte| (bits << 8) | u128::from(*byte))
}

fn text(bits: u128) -> String {
    let hex = format!("{bits:032x}");
    let parts = [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)];
    parts.map(|(from, to)| hex.get(from..to).unwrap_or_default()).join("-")
}

fn bits(text: &str) -> Option<u128> {
    let hex: String = text.split('-').collect();
    if hex.len() != 32 { None } else { u128::from_str_radix(&hex, 16).ok() }
}

#[cfg(test)]
mod tests {
    use super::super::{held, text_of};
    use super::*;

    const RUN: &str =
        "arn:aws:states:us-east-1:123456789012:mapRun:m/l:0f8fad5b-d9cb-469f-a165-70867728950e";

    fn machine() -> MachineArn {
        MachineArn::parse("arn:aws:states:us-east-1:123456789012:stateMachine:m/l").unwrap()
    }

    #[test]
    fn an_arn_tells_its_place_and_no_other_arn_does() {
        for (chunk, place, redrives) in [(0, 0, 0), (7, 999, 3), (u32::MAX, 4095, 1000)] {
            let place = ExpressPlace { chunk, place, redrives };
            let arn = express_child_arn(&machine(), RUN, place);
            assert!(arn.as_str().contains(":express:m/l:"), "{arn}");
            assert_eq!(ExecutionArn::parse(arn.as_str()), Ok(arn.clone()));
            assert_eq!(express_child_place(&arn), Some((RUN.to_owned(), place)));
            let mut forged = arn.as_str().to_owned();
            let last = forged.pop().unwrap();
            forged.push(if last == '0' { '1' } else { '0' });
            assert_eq!(express_child_place(&ExecutionArn::parse(&forged).unwrap()), None);
        }
        for other in ["m/l:n:u", "m:n:u", "m/l:0f8fad5b-d9cb-469f-a165-70867728950e:é"] {
            let arn = format!("arn:aws:states:us-east-1:123456789012:express:{other}");
            assert_eq!(express_child_place(&ExecutionArn::parse(&arn).unwrap()), None, "{arn}");
        }
    }

    #[test]
    fn names_look_unlike_one_another() {
        let arn = |place| {
            let place = ExpressPlace { chunk: 0, place, redrives: 0 };
            express_child_arn(&machine(), RUN, place)
        };
        assert_ne!(arn(0).name(), arn(1).name());
        assert_eq!(arn(0).name().len(), 36);
    }

    #[test]
    fn results_read_back_and_the_newest_come_first() {
        let oldest = r#"{"v":1,"d":{"c":[{"p":3,"t":[1,2],"o":{"a":1}},{"p":4,"n":5,"t":[1,2],"f":["E",null]},{"p":5,"t":[1,2],"x":true}]}}"#;
        let read = held::<MapResults>(oldest.to_owned(), "g", "k").unwrap().value;
        assert_eq!(text_of(&read, "g", "k").unwrap(), oldest);
        let statuses: Vec<_> = read.children.iter().map(MapResult::status).collect();
        assert_eq!(statuses, [StatusName::Succeeded, StatusName::Failed, StatusName::TimedOut]);
        assert_eq!(read.children[1].detail().error.as_deref(), Some("E"));
        let keys = [(1, 0), (0, 11), (0, 10), (0, 0)].map(|(a, b)| MapResults::key(a, b));
        assert!(keys.is_sorted(), "{keys:?}");
    }
}
