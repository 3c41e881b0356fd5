//! Smithy RPC v2 with CBOR. An answer is made the JSON that the JSON protocols would have for it, and read as that.

use super::{Malformed, Message, json};
use crate::Response;
use crate::datum::{Datum, Field, base64};
use crate::error::Refusal;
use crate::limits::DEPTH_MAX;
use crate::model::{Metadata, Model, Operation, Reference, Shape};
use crate::time;
use serde_json::{Map, Number, Value};

pub(super) fn message(
    metadata: &Metadata<'static>,
    model: Model<'static>,
    operation: &Operation<'static>,
    fields: &[Field<'_>],
) -> Message {
    let mut headers = vec![
        ("smithy-protocol".into(), "rpc-v2-cbor".to_owned()),
        ("accept".into(), "application/cbor".to_owned()),
    ];
    let mut body = Vec::new();
    if operation.input.is_some() {
        headers.push(("content-type".into(), "application/cbor".to_owned()));
        write_fields(&mut body, model, fields);
    }
    let path = format!("/service/{}/operation/{}", metadata.target_prefix, operation.name);
    Message { path, headers, body, ..Message::default() }
}

const UNSIGNED: u8 = 0;
const NEGATIVE: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const LIST: u8 = 4;
const MAP: u8 = 5;
const TAG: u8 = 6;
const SIMPLE: u8 = 7;

fn write_fields(body: &mut Vec<u8>, model: Model<'static>, fields: &[Field<'_>]) {
    head(body, MAP, length(fields.len()));
    for field in fields {
        text(body, field.reference.wire());
        write(body, model, &field.reference, &field.datum);
    }
}

fn write(
    body: &mut Vec<u8>,
    model: Model<'static>,
    reference: &Reference<'static>,
    datum: &Datum<'_>,
) {
    match datum {
        Datum::Null => body.push(SIMPLE << 5 | 22),
        Datum::Boolean(is_true) => body.push(SIMPLE << 5 | if *is_true { 21 } else { 20 }),
        Datum::Number(number) => write_number(body, &model.shape(reference), number),
        Datum::Text(value) if matches!(model.shape(reference), Shape::Float | Shape::Double) => {
            float(body, &model.shape(reference), value.parse().unwrap_or(f64::NAN));
        }
        Datum::Text(value) => text(body, value),
        Datum::Bytes(bytes) => {
            head(body, BYTES, length(bytes.len()));
            body.extend_from_slice(bytes.as_bytes());
        }
        Datum::Time(moment) => {
            head(body, TAG, 1);
            write_number(body, &Shape::Timestamp, &time::seconds(*moment));
        }
        Datum::List(item, items) => {
            head(body, LIST, length(items.len()));
            items.iter().for_each(|datum| write(body, model, item, datum));
        }
        Datum::Map([_, value], entries) => {
            head(body, MAP, length(entries.len()));
            for (key, datum) in entries {
                text(body, key);
                write(body, model, value, datum);
            }
        }
        Datum::Structure(fields) => write_fields(body, model, fields),
        // The protocol has no documents.
        Datum::Document(document) => text(body, &document.to_string()),
    }
}

fn write_number(body: &mut Vec<u8>, shape: &Shape<'_>, number: &Number) {
    let is_float = matches!(shape, Shape::Float | Shape::Double);
    match (number.as_u64(), number.as_i64()) {
        (Some(positive), _) if !is_float => head(body, UNSIGNED, positive),
        (None, Some(negative)) if !is_float => head(body, NEGATIVE, !negative.cast_unsigned()),
        _ => float(body, shape, number.as_f64().unwrap_or(f64::NAN)),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the shape has no more digits")]
fn float(body: &mut Vec<u8>, shape: &Shape<'_>, value: f64) {
    if matches!(shape, Shape::Float) {
        body.push(SIMPLE << 5 | 26);
        body.extend_from_slice(&(value as f32).to_be_bytes());
    } else {
        body.push(SIMPLE << 5 | 27);
        body.extend_from_slice(&value.to_be_bytes());
    }
}

fn text(body: &mut Vec<u8>, value: &str) {
    head(body, TEXT, length(value.len()));
    body.extend_from_slice(value.as_bytes());
}

/// A type with the number that belongs to it, in as few bytes as hold it.
fn head(body: &mut Vec<u8>, kind: u8, number: u64) {
    let [.., last] = number.to_be_bytes();
    let bytes = number.to_be_bytes();
    let (detail, count) = match number {
        0..=23 => return body.push(kind << 5 | last),
        24..=0xFF => (24, 1),
        0x100..=0xFFFF => (25, 2),
        0x1_0000..=0xFFFF_FFFF => (26, 4),
        _ => (27, 8),
    };
    body.push(kind << 5 | detail);
    body.extend_from_slice(bytes.get(8 - count..).unwrap_or_default());
}

fn length(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

pub(super) fn answer(
    model: Model<'static>,
    operation: &Operation<'static>,
    response: &Response,
) -> Result<Map<String, Value>, Malformed> {
    let Some(structure) = model.structure_of(operation.output.as_ref()) else {
        return Ok(Map::new());
    };
    let value = match response.body.is_empty() {
        true => Value::Object(Map::new()),
        false => parsed(&response.body)?,
    };
    json::object(model, &structure, &value, 0)
}

pub(super) fn refusal(response: &Response) -> Refusal {
    json::of_members(&parsed(&response.body).unwrap_or_default(), None)
}

/// A body as the JSON that stands for it: bytes in Base64, times in seconds.
fn parsed(body: &[u8]) -> Result<Value, Malformed> {
    let mut input = Input(body);
    let value = input.item(0)?.ok_or_else(|| malformed("ends where nothing began"))?;
    match input.0 {
        [] => Ok(value),
        _ => Err(malformed("goes on behind its end")),
    }
}

fn malformed(how: &str) -> Malformed {
    Malformed(format!("the body is not CBOR: it {how}"))
}

struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    /// The next item; none where a break stands.
    fn item(&mut self, depth: usize) -> Result<Option<Value>, Malformed> {
        let depth = depth.saturating_add(1);
        if depth > DEPTH_MAX {
            return Err(malformed(&format!("has more than {DEPTH_MAX} levels")));
        }
        let [first] = *self.take(1)? else { return Err(malformed("ends too early")) };
        let (kind, detail) = (first >> 5, first & 31);
        if first == 0xFF {
            return Ok(None);
        }
        let value = match kind {
            UNSIGNED => self.number(detail)?.into(),
            NEGATIVE => negative(self.number(detail)?),
            BYTES => base64(&self.string(BYTES, detail)?).into(),
            TEXT => match String::from_utf8(self.string(TEXT, detail)?) {
                Ok(text) => text.into(),
                Err(_) => return Err(malformed("has a text that is none")),
            },
            LIST => self.list(detail, depth)?,
            MAP => self.map(detail, depth)?,
            TAG => {
                let _tag = self.number(detail)?;
                return self.item(depth);
            }
            _ => self.simple(detail)?,
        };
        Ok(Some(value))
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) =
            self.0.split_at_checked(count).ok_or_else(|| malformed("ends too early"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn number(&mut self, detail: u8) -> Result<u64, Malformed> {
        let count = match detail {
            0..=23 => return Ok(detail.into()),
            24 => 1,
            25 => 2,
            26 => 4,
            27 => 8,
            _ => return Err(malformed("has a length of no known form")),
        };
        let bytes = self.take(count)?.iter();
        Ok(bytes.fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn count(&mut self, detail: u8) -> Result<Option<usize>, Malformed> {
        if detail == 31 {
            return Ok(None);
        }
        let count = self.number(detail)?;
        usize::try_from(count).map(Some).map_err(|_| malformed("has a length beyond its end"))
    }

    fn string(&mut self, kind: u8, detail: u8) -> Result<Vec<u8>, Malformed> {
        if let Some(count) = self.count(detail)? {
            return self.take(count).map(<[u8]>::to_vec);
        }
        let mut whole = Vec::new();
        loop {
            let [first] = *self.take(1)? else { return Err(malformed("ends too early")) };
            match (first, self.count_of_chunk(kind, first)?) {
                (0xFF, _) => return Ok(whole),
                (_, Some(count)) => whole.extend_from_slice(self.take(count)?),
                (_, None) => return Err(malformed("has a string in a string")),
            }
        }
    }

    fn count_of_chunk(&mut self, kind: u8, first: u8) -> Result<Option<usize>, Malformed> {
        if first >> 5 == kind { self.count(first & 31) } else { Ok(None) }
    }

    fn list(&mut self, detail: u8, depth: usize) -> Result<Value, Malformed> {
        let count = self.count(detail)?;
        let mut items = Vec::new();
        while count.is_none_or(|count| items.len() < count) {
            match self.item(depth)? {
                Some(item) => items.push(item),
                None if count.is_none() => break,
                None => return Err(malformed("breaks off inside a list")),
            }
        }
        Ok(Value::Array(items))
    }

    fn map(&mut self, detail: u8, depth: usize) -> Result<Value, Malformed> {
        let count = self.count(detail)?;
        let (mut members, mut read) = (Map::new(), 0_usize);
        while count.is_none_or(|count| read < count) {
            let (key, value) = match self.item(depth)? {
                Some(Value::String(key)) => (key, self.item(depth)?),
                None if count.is_none() => break,
                _ => return Err(malformed("has a key that is no text")),
            };
            let value = value.ok_or_else(|| malformed("breaks off inside a map"))?;
            members.insert(key, value);
            read = read.saturating_add(1);
        }
        Ok(Value::Object(members))
    }

    fn simple(&mut self, detail: u8) -> Result<Value, Malformed> {
        let float = match detail {
            20 | 21 => return Ok((detail == 21).into()),
            22 | 23 => return Ok(Value::Null),
            25 => half(self.number(detail)?),
            26 => {
                let bits = u32::try_from(self.number(detail)?).unwrap_or_default();
                f32::from_bits(bits).into()
            }
            27 => f64::from_bits(self.number(detail)?),
            _ => return Err(malformed("has a value of no known kind")),
        };
        Ok(Number::from_f64(float).map_or_else(|| special(float).into(), Value::Number))
    }
}

fn negative(number: u64) -> Value {
    match i64::try_from(number) {
        Ok(number) => (!number).into(),
        Err(_) => i64::MIN.into(),
    }
}

fn special(float: f64) -> &'static str {
    match float {
        f64::INFINITY => "Infinity",
        f64::NEG_INFINITY => "-Infinity",
        _ => "NaN",
    }
}

/// A float of sixteen bits: a sign, five bits of exponent, ten of fraction.
fn half(bits: u64) -> f64 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let exponent = i32::try_from(bits >> 10 & 31).unwrap_or_default();
    let fraction = f64::from(u32::try_from(bits & 0x3FF).unwrap_or_default());
    sign * match exponent {
        0 => fraction * 2_f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1024.0 + fraction) * 2_f64.powi(exponent - 25),
    }
}
