//! State machines and revisions.
//!
//! A machine is kept under its ARN and replaced as a whole; it holds its current revision, so that one read gives all. A revision
//! is kept under its machine's ARN and its id as well, and never changed.
//!
//! | key | member of the machine | | key | member of the revision |
//! |---|---|---|---|---|
//! | `x` | ARN | | `i` | id |
//! | `k` | `STANDARD`, `EXPRESS` | | `d` | definition, as a string |
//! | `c`, `u` | created, updated | | `r` | role |
//! | `z` | whether it is being deleted | | | |
//! | `r` | revision | | | |
//! | `s`, `t` | settings, tags | | | |

use super::value::{Time, is_default};
use super::{Kept, Unreadable, sealed};
use crate::{Machine, MachineArn, MachineKind, Revision, RevisionId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;

#[derive(Debug, Serialize, Deserialize)]
#[doc(hidden)]
pub struct MachineForm<'a> {
    #[serde(borrow)]
    x: Cow<'a, str>,
    k: KindForm,
    c: Time,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    u: Option<Time>,
    #[serde(default, skip_serializing_if = "is_default")]
    z: bool,
    #[serde(borrow)]
    r: RevisionForm<'a>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    s: Cow<'a, BTreeMap<String, Value>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    t: Cow<'a, BTreeMap<String, String>>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum KindForm {
    Standard,
    Express,
}

#[derive(Debug, Serialize, Deserialize)]
#[doc(hidden)]
pub struct RevisionForm<'a> {
    #[serde(borrow)]
    i: Cow<'a, str>,
    d: Cow<'a, str>,
    r: Cow<'a, str>,
}

impl sealed::Sealed for Machine {}

impl Kept for Machine {
    const WHAT: &'static str = "state machine";
    type Form<'a> = MachineForm<'a>;

    fn form<'a>(&'a self, payloads: &mut sealed::TableOf<'a>) -> MachineForm<'a> {
        MachineForm {
            x: Cow::Borrowed(self.arn.as_str()),
            k: match self.kind {
                MachineKind::Standard => KindForm::Standard,
                MachineKind::Express => KindForm::Express,
            },
            c: Time(self.created),
            u: self.updated.map(Time),
            z: self.is_deleting,
            r: self.revision.form(payloads),
            s: Cow::Borrowed(&self.settings),
            t: Cow::Borrowed(&self.tags),
        }
    }

    fn from_form(form: MachineForm<'_>, payloads: &sealed::PayloadsOf) -> Result<Self, Unreadable> {
        Ok(Machine {
            arn: MachineArn::trusted(form.x.into()),
            kind: match form.k {
                KindForm::Standard => MachineKind::Standard,
                KindForm::Express => MachineKind::Express,
            },
            created: form.c.0,
            updated: form.u.map(|time| time.0),
            is_deleting: form.z,
            revision: Revision::from_form(form.r, payloads)?,
            settings: form.s.into_owned(),
            tags: form.t.into_owned(),
        })
    }
}

impl sealed::Sealed for Revision {}

impl Kept for Revision {
    const WHAT: &'static str = "revision";
    type Form<'a> = RevisionForm<'a>;

    fn form<'a>(&'a self, _: &mut sealed::TableOf<'a>) -> RevisionForm<'a> {
        RevisionForm {
            i: Cow::Borrowed(&self.id.0),
            d: Cow::Borrowed(&self.definition),
            r: Cow::Borrowed(&self.role_arn),
        }
    }

    fn from_form(form: RevisionForm<'_>, _: &sealed::PayloadsOf) -> Result<Self, Unreadable> {
        Ok(Revision {
            id: RevisionId(form.i.into()),
            definition: form.d.into(),
            role_arn: form.r.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::now;
    use super::super::{Decoded, decode, decode_whole, encode};
    use super::*;
    use serde_json::json;

    #[test]
    fn every_machine_reads_back() {
        for kind in [MachineKind::Standard, MachineKind::Express] {
            for updated in [None, Some(now())] {
                let machine = Machine { kind, updated, ..machine("{ \"StartAt\": \"é\" }\n") };
                assert_eq!(decode_whole::<Machine>(&encode(&machine).bytes).unwrap(), machine);
                let revision = machine.revision;
                assert_eq!(decode_whole::<Revision>(&encode(&revision).bytes).unwrap(), revision);
            }
        }
    }

    #[test]
    fn a_machine_of_any_size_reads_back() {
        let noise: String = (0..1_u64 << 17).map(|n| format!("{:x}", n * n * 40_503)).collect();
        let machine = machine(&noise);
        let encoded = encode(&machine);
        assert!(encoded.bytes.len() < 200);
        let Decoded::Lacks(lacking) = decode::<Machine>(&encoded.bytes).unwrap() else {
            panic!("lacks nothing");
        };
        let payload = encoded.blobs[0].payload.clone();
        let Decoded::Whole(read) = lacking.resolve(|_| Some(payload.clone())).unwrap() else {
            panic!("lacks more");
        };
        assert_eq!(read, machine);
    }

    #[test]
    fn the_oldest_form_reads_still() {
        let oldest = br#"{"v":1,"d":{"x":"arn:aws:states:r:1:stateMachine:m","k":"EXPRESS","c":1,"u":2,"z":true,"r":{"i":"1","d":"{}","r":"arn:aws:iam::1:role/r"},"s":{"tracingConfiguration":{"enabled":true}},"t":{"a":"b"}}}"#;
        assert_eq!(encode(&decode_whole::<Machine>(oldest).unwrap()).bytes, oldest);
    }

    fn machine(definition: &str) -> Machine {
        Machine {
            arn: MachineArn::parse("arn:aws:states:r:1:stateMachine:m").unwrap(),
            kind: MachineKind::Standard,
            created: now(),
            updated: None,
            is_deleting: false,
            revision: Revision {
                id: RevisionId("7".into()),
                definition: definition.into(),
                role_arn: "arn:aws:iam::1:role/r".into(),
            },
            settings: BTreeMap::from([("logging".to_owned(), json!({"level": "ALL"}))]),
            tags: BTreeMap::from([("team".to_owned(), "a".to_owned())]),
        }
    }
}
