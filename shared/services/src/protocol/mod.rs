//! The wire protocols: what a request looks like, and what an answer says.

mod cbor;
mod json;
mod query;
mod rest;
mod xml;

use crate::arguments::Fault;
use crate::datum::Field;
use crate::error::Refusal;
use crate::model::{Metadata, Model, Operation, Protocol};
use crate::{Method, Response};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// A request without its destination.
#[derive(Debug, Default)]
pub(crate) struct Message {
    /// The path, encoded.
    pub(crate) path: String,
    /// The path without its first label, where that is a bucket.
    pub(crate) path_without_bucket: Option<String>,
    /// The query behind the path, encoded, with the `?` in front of it.
    pub(crate) query: String,
    pub(crate) headers: Vec<(Cow<'static, str>, String)>,
    pub(crate) body: Vec<u8>,
}

/// An answer that is not what the protocol and the model say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Malformed(pub(crate) String);

/// Writes a request.
pub(crate) fn write(
    model: Model<'static>,
    operation: &Operation<'static>,
    fields: &[Field<'_>],
) -> Result<Message, Fault> {
    let metadata = model.metadata();
    Ok(match metadata.protocol {
        Protocol::Json => json::message(&metadata, operation, fields),
        Protocol::Query => query::message(&metadata, operation, fields, query::Flavour::Query),
        Protocol::Ec2 => query::message(&metadata, operation, fields, query::Flavour::Ec2),
        Protocol::Cbor => cbor::message(&metadata, model, operation, fields),
        Protocol::RestJson | Protocol::RestXml => {
            rest::message(&metadata, model, operation, fields)?
        }
    })
}

/// Reads the members of an answer.
pub(crate) fn read(
    model: Model<'static>,
    operation: &Operation<'static>,
    response: &Response,
) -> Result<Map<String, Value>, Malformed> {
    match model.metadata().protocol {
        Protocol::Json => json::answer(model, operation, response),
        Protocol::Query | Protocol::Ec2 => query::answer(model, operation, response),
        Protocol::Cbor => cbor::answer(model, operation, response),
        Protocol::RestJson | Protocol::RestXml => rest::answer(model, operation, response),
    }
}

/// Reads a refusal. What is no refusal of the protocol says nothing.
pub(crate) fn refusal(metadata: &Metadata<'_>, response: &Response) -> Refusal {
    match metadata.protocol {
        Protocol::Json | Protocol::RestJson => json::refusal(response),
        Protocol::Cbor => cbor::refusal(response),
        Protocol::Query | Protocol::Ec2 | Protocol::RestXml => xml::refusal(response),
    }
}

/// Whether an answer of status 200 says that the action failed nevertheless, as S3's long ones may.
pub(crate) fn is_late_refusal(metadata: &Metadata<'_>, response: &Response) -> bool {
    metadata.protocol == Protocol::RestXml && xml::is_refusal(response)
}

/// The method of an operation's requests.
pub(crate) fn method(metadata: &Metadata<'_>, operation: &Operation<'_>) -> Method {
    if metadata.protocol == Protocol::Cbor {
        Method::Post
    } else {
        Method::parse(operation.method).unwrap_or(Method::Post)
    }
}

/// Encodes for paths and queries: letters, digits and `-_.~` stand for themselves, and what else is let through.
pub(crate) fn encoded(text: &str, through: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        let letter = char::from(byte);
        if letter.is_ascii_alphanumeric() || "-_.~".contains(letter) || through.contains(letter) {
            out.push(letter);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
