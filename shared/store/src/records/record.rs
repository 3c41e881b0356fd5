//! Records.
//!
//! Key: execution, scope, sequence; written if it is free. The key's scope and sequence are in the document too, so that a
//! record found elsewhere still says where it belongs.
//!
//! | key | member | absent when |
//! |---|---|---|
//! | `s` | scope | top |
//! | `q` | sequence | |
//! | `m` | moment | |
//! | `e` | events | none |
//! | `n`, `o` | event count, events before | 0 |
//! | `k` | block | 0, the top |
//! | `a` | state | |
//! | `i` | the visit's input | |
//! | `t` | when the state was entered | at the record's own moment |
//! | `u` | number of the `…StateEntered` event | 0 |
//! | `r` | retries | none |
//! | `w` | variables | none |
//! | `g` | Map item | not in an iteration |
//! | `p` | what it waits for | |

use super::event::{EventForm, event, event_form};
use super::pending::{PendingForm, pending, pending_form};
use super::table::{Payloads, Table};
use super::value::{
    MomentForm, Time, borrowed, is_default, moment, moment_form, scope, scope_form,
};
use super::{Kept, Unreadable, sealed};
use baton_asl::{BlockId, StateName};
use baton_engine::{MapItem, Record, Sequence, Variables, Visit};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Debug, Serialize, Deserialize)]
#[doc(hidden)]
pub struct RecordForm<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    s: Option<String>,
    q: u32,
    m: MomentForm,
    #[serde(default, borrow, skip_serializing_if = "Vec::is_empty")]
    e: Vec<EventForm<'a>>,
    #[serde(default, skip_serializing_if = "is_default")]
    n: u64,
    #[serde(default, skip_serializing_if = "is_default")]
    o: u64,
    #[serde(default, skip_serializing_if = "is_default")]
    k: u32,
    #[serde(borrow)]
    a: Cow<'a, str>,
    i: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    t: Option<Time>,
    #[serde(default, skip_serializing_if = "is_default")]
    u: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    r: Vec<u32>,
    #[serde(default, borrow, skip_serializing_if = "BTreeMap::is_empty")]
    w: BTreeMap<Cow<'a, str>, u32>,
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    g: Option<ItemForm<'a>>,
    #[serde(borrow)]
    p: PendingForm<'a>,
}

#[derive(Debug, Serialize, Deserialize)]
struct ItemForm<'a> {
    i: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    k: Option<Cow<'a, str>>,
    v: u32,
}

impl sealed::Sealed for Record {}

impl Kept for Record {
    const WHAT: &'static str = "record";
    type Form<'a> = RecordForm<'a>;

    fn form<'a>(&'a self, payloads: &mut sealed::TableOf<'a>) -> RecordForm<'a> {
        let table = &mut payloads.0;
        let is_entered_now = self.visit.entered == self.time();
        RecordForm {
            s: scope_form(&self.scope),
            q: self.sequence.0,
            m: moment_form(self.moment),
            e: self.events.iter().map(|event| event_form(event, table)).collect(),
            n: self.event_count,
            o: self.events_before,
            k: self.block.0,
            a: Cow::Borrowed(self.state.as_str()),
            i: table.put(&self.visit.input),
            t: (!is_entered_now).then_some(Time(self.visit.entered)),
            u: self.visit.entered_event,
            r: self.visit.retries.clone(),
            w: variables_form(&self.variables, table),
            g: self.item.as_ref().map(|item| item_form(item, table)),
            p: pending_form(&self.pending, table),
        }
    }

    fn from_form(form: RecordForm<'_>, payloads: &sealed::PayloadsOf) -> Result<Self, Unreadable> {
        let table = &payloads.0;
        let moment = moment(form.m);
        Ok(Record {
            scope: scope(form.s.as_deref())?,
            sequence: Sequence(form.q),
            moment,
            events: form.e.into_iter().map(|form| event(form, table)).collect::<Result<_, _>>()?,
            event_count: form.n,
            events_before: form.o,
            block: BlockId(form.k),
            state: StateName::parse(&form.a).map_err(|_| Unreadable::Value("state name"))?,
            visit: Visit {
                input: table.get(form.i)?,
                entered: match form.t {
                    Some(time) => time.0,
                    None => time_of(moment.millis)?,
                },
                entered_event: form.u,
                retries: form.r,
            },
            variables: variables(form.w, table)?,
            item: form.g.map(|form| item(form, table)).transpose()?,
            pending: pending(form.p, table)?,
        })
    }
}

fn time_of(millis: i64) -> Result<Timestamp, Unreadable> {
    Timestamp::from_millisecond(millis).map_err(|_| Unreadable::Value("moment"))
}

fn variables_form<'a>(
    variables: &'a Variables,
    table: &mut Table<'a>,
) -> BTreeMap<Cow<'a, str>, u32> {
    variables.iter().map(|(name, value)| (Cow::Borrowed(&**name), table.put(value))).collect()
}

fn variables(form: BTreeMap<Cow<'_, str>, u32>, table: &Payloads) -> Result<Variables, Unreadable> {
    let read = form.into_iter().map(|(name, value)| Ok((Arc::from(name), table.get(value)?)));
    read.collect::<Result<BTreeMap<_, _>, Unreadable>>().map(Arc::new)
}

fn item_form<'a>(item: &'a MapItem, table: &mut Table<'a>) -> ItemForm<'a> {
    ItemForm { i: item.index, k: borrowed(item.key.as_ref()), v: table.put(&item.value) }
}

fn item(form: ItemForm<'_>, table: &Payloads) -> Result<Arc<MapItem>, Unreadable> {
    Ok(Arc::new(MapItem {
        index: form.i,
        key: form.k.map(Arc::from),
        value: table.get(form.v)?,
        source: None,
    }))
}

#[cfg(test)]
mod tests {
    use super::super::samples::{full, pendings, small};
    use super::super::{BlobHash, Decoded, Encoded, Unreadable, decode, encode, unpack};
    use super::*;
    use baton_engine::{End, Payload, Pending};
    use expect_test::{Expect, expect};
    use serde_json::json;

    #[test]
    fn every_record_reads_back() {
        check(&small());
        for pending in pendings() {
            check(&Record { pending, ..full() });
        }
    }

    #[test]
    fn texts_from_outside_stay_as_they_came() {
        let read = check(&full());
        assert_eq!(read.visit.input.text(), full().visit.input.text());
    }

    #[test]
    fn payloads_that_were_the_same_are_the_same_again() {
        let read = check(&small());
        let Some(baton_engine::EventDetail::StateEntered { input, .. }) =
            read.events.last().map(|event| &event.detail)
        else {
            panic!("{read:?}");
        };
        assert!(input.is_same(&read.visit.input));
    }

    #[test]
    fn a_small_transition_takes_well_below_a_kibibyte() {
        let bytes = encode(&small()).bytes;
        assert!(bytes.len() < 512, "{} bytes", bytes.len());
    }

    #[test]
    fn large_payloads_are_kept_apart_once() {
        let large = noise(20_000);
        let mut record = small();
        record.visit.input = large.clone();
        record.pending = Pending::Ended(End::Succeeded(large.clone()));
        let encoded = encode(&record);
        assert_eq!(encoded.blobs.len(), 1);
        assert_eq!(encoded.blobs[0].hash, BlobHash::of(large.text()));
        assert!(encoded.bytes.len() < 1024, "{} bytes", encoded.bytes.len());
        check(&record);
    }

    #[test]
    fn large_payloads_that_compress_well_stay() {
        let mut record = small();
        record.visit.input = Payload::new(json!(vec!["the same again"; 2_000]));
        let encoded = encode(&record);
        assert!(encoded.blobs.is_empty());
        assert!(encoded.bytes.len() < 4096, "{} bytes", encoded.bytes.len());
        check(&record);
    }

    #[test]
    fn they_are_kept_apart_where_that_is_asked_for() {
        let mut record = small();
        record.visit.input = Payload::new(json!(vec!["the same again"; 2_000]));
        let packing = super::super::Packing { packed_inline_bytes_max: 0, ..Default::default() };
        assert_eq!(packing.encode(&record).blobs.len(), 1);
    }

    #[test]
    fn a_record_of_any_size_reads_back() {
        let mut record = small();
        record.variables =
            Arc::new((0..40_000).map(|n| (format!("v{n}").into(), noise(n % 50))).collect());
        let encoded = encode(&record);
        assert!(encoded.bytes.len() <= crate::limits::DOCUMENT_BYTES_MAX);
        check(&record);
        record.variables =
            Arc::new((0..100).map(|n| (format!("v{n}").into(), noise(7_000 + n))).collect());
        assert!(encode(&record).bytes.len() <= 72 * 1024);
        check(&record);
    }

    #[test]
    fn known_blobs_are_not_written_again() {
        let cache = super::super::BlobCache::new(1 << 20);
        let mut record = small();
        record.visit.input = noise(20_000);
        let packing = super::super::Packing { known: Some(&cache), ..Default::default() };
        let first = packing.encode(&record);
        assert_eq!(first.blobs.len(), 1);
        cache.put(first.blobs[0].hash, &first.blobs[0].payload);
        let second = packing.encode(&record);
        assert!(second.blobs.is_empty());
        assert_eq!(second.bytes, first.bytes);
    }

    #[test]
    fn a_missing_blob_is_named() {
        let mut record = small();
        record.visit.input = noise(20_000);
        let encoded = encode(&record);
        let Decoded::Lacks(lacking) = decode::<Record>(&encoded.bytes).unwrap() else {
            panic!("lacks nothing");
        };
        assert_eq!(lacking.hashes(), [encoded.blobs[0].hash]);
        let error = lacking.resolve(|_| None).unwrap_err();
        assert!(matches!(error, Unreadable::Blob(_)), "{error}");
    }

    #[test]
    fn the_oldest_form_reads_still() {
        let oldest = r#"{"v":1,"d":{"s":"3.0","q":5,"m":[1763640000123,2],"e":[["",{"exited":["Pass","A",0,[["x",1]]]}],["i4.7",{"entered":["Task","B",0]}],["b",{"scheduled":{"r":{"service":["sqs","sendMessage"]},"g":"us-east-1","p":1,"t":5}}]],"n":12,"o":3,"k":1,"a":"B","i":0,"t":1763640000000,"u":11,"r":[0,1],"w":{"x":1},"g":{"i":2,"k":"key","v":2},"p":{"call":{"r":"arn:aws:states:::sqs:sendMessage","a":1,"t":5,"n":77}}},"t":[[2," 7 "]],"p":[{"a": 1},[],null]}"#;
        let record: Record = super::super::decode_whole(oldest.as_bytes()).unwrap();
        assert_eq!(encode(&record).bytes, oldest.as_bytes());
        assert_eq!(record.item.unwrap().value.text(), " 7 ");
    }

    #[test]
    fn a_small_record_looks_like_this() {
        expect![[r#"{"v":1,"d":{"q":17,"m":[1763640000123,0],"e":[["",{"exited":["Pass","Check the order",0,[]]}],["",{"entered":["Pass","Price the order",0]}]],"n":35,"a":"Price the order","i":0,"u":35,"p":"continue"},"p":[{"order":"0123456789","customer":"0123456789","lines":[1,2,3],"note":"0123456789012345678"}]}"#]]
            .assert_eq(&unpack(&encode(&small()).bytes).unwrap());
    }

    #[test]
    fn what_cannot_be_read_is_an_error() {
        refused("", expect!["it does not begin as a document does"]);
        refused("[]", expect!["it does not begin as a document does"]);
        refused(
            r#"{"v":2,"x":0}"#,
            expect!["it has version 2, of which this program knows nothing"],
        );
        refused(r#"{"v":1}"#, expect!["it does not begin as a document does"]);
        refused(r#"{"v":1,"d":{"q":0}}"#, expect!["it does not have its form"]);
        let text = String::from_utf8(encode(&small()).bytes).unwrap();
        refused(&text.replace("\"i\":0", "\"i\":9"), expect!["its payload number cannot be"]);
        refused(&text.replace("\"q\"", "\"s\":\"x\",\"q\""), expect!["its scope cannot be"]);
        refused(&text.replace("[[\"\"", "[[\"?\""), expect!["its link cannot be"]);
        refused(
            &format!("{}{}", &text[..9], "[".repeat(100_000)),
            expect!["it does not have its form"],
        );
        for length in 0..text.len() {
            assert!(decode::<Record>(&text.as_bytes()[..length]).is_err(), "{length}");
        }
    }

    /// Asserts that a record reads back, through its blobs, and gives it.
    fn check(record: &Record) -> Record {
        let Encoded { bytes, blobs } = encode(record);
        let find = |hash: &BlobHash| {
            let blob = blobs.iter().find(|blob| blob.hash == *hash)?;
            Payload::kept(&*unpack(&blob.bytes).unwrap()).ok()
        };
        let mut decoded = decode::<Record>(&bytes).unwrap();
        loop {
            match decoded {
                Decoded::Whole(read) => {
                    assert_eq!(&read, record);
                    return read;
                }
                Decoded::Lacks(lacking) => decoded = lacking.resolve(find).unwrap(),
            }
        }
    }

    fn refused(text: &str, error: Expect) {
        error.assert_eq(&decode::<Record>(text.as_bytes()).unwrap_err().to_string());
    }

    /// Text that does not compress.
    fn noise(length: usize) -> Payload {
        let mut state = 1_u64;
        let text = (0..length).map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            char::from_digit((state >> 40) as u32 % 36, 36).unwrap()
        });
        Payload::new(json!(text.collect::<String>()))
    }
}
