//! Arguments by the model's shapes: what the protocols write.

use crate::model::Reference;
use jiff::Timestamp;
use serde_json::{Number, Value};
use std::borrow::Cow;

/// A value that has the form of its shape.
#[derive(Debug, Clone)]
pub(crate) enum Datum<'a> {
    Null,
    Boolean(bool),
    Number(Cow<'a, Number>),
    Text(Cow<'a, str>),
    /// Bytes, given as text.
    Bytes(Cow<'a, str>),
    Time(Timestamp),
    /// Items, and how each is spelled.
    List(Reference<'static>, Vec<Datum<'a>>),
    /// Entries, and how keys and values are spelled.
    Map([Reference<'static>; 2], Vec<(&'a str, Datum<'a>)>),
    Structure(Vec<Field<'a>>),
    /// Any JSON.
    Document(&'a Value),
}

/// A member of a structure.
#[derive(Debug, Clone)]
pub(crate) struct Field<'a> {
    pub(crate) reference: Reference<'static>,
    pub(crate) datum: Datum<'a>,
}

impl Datum<'_> {
    /// A value of no parts as text, with times in this format.
    pub(crate) fn scalar(&self, format: crate::model::TimestampFormat) -> Cow<'_, str> {
        match self {
            Datum::Boolean(is_true) => (if *is_true { "true" } else { "false" }).into(),
            Datum::Number(number) => number.to_string().into(),
            Datum::Text(text) => text.as_ref().into(),
            Datum::Bytes(bytes) => base64(bytes.as_bytes()).into(),
            Datum::Time(time) => crate::time::text(*time, format).into(),
            Datum::Document(value) => value.to_string().into(),
            Datum::Null | Datum::List(..) | Datum::Map(..) | Datum::Structure(_) => "".into(),
        }
    }
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
