//! REST JSON and REST XML: members in the path, the query, headers and the body.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "what is matched by no name is written and read alike: it has no parts"
)]

use super::{Malformed, Message, encoded, json, xml};
use crate::Response;
use crate::arguments::Fault;
use crate::datum::{Datum, Field, base64};
use crate::model::{
    Location, Metadata, Model, Operation, Protocol, Reference, Shape, Structure, TimestampFormat,
};
use crate::naming;
use serde_json::{Map, Value};
use std::borrow::Cow;

pub(super) fn message(
    metadata: &Metadata<'static>,
    model: Model<'static>,
    operation: &Operation<'static>,
    fields: &[Field<'_>],
) -> Result<Message, Fault> {
    let mut message = Message { path: path(operation.uri, fields)?, ..Message::default() };
    if let Some(rest) = operation.uri.strip_prefix("/{Bucket}") {
        let rest = path(rest, fields)?;
        message.path_without_bucket =
            Some(if rest.starts_with('/') { rest } else { format!("/{rest}") });
    }
    message.query = query(operation.uri, fields);
    message.headers = headers(fields);
    let content_type = body(metadata, model, operation, fields, &mut message.body);
    let has_content_type = message.headers.iter().any(|(name, _)| name == "content-type");
    if let Some(content_type) =
        content_type.filter(|_| !has_content_type && !message.body.is_empty())
    {
        message.headers.push(("content-type".into(), content_type.to_owned()));
    }
    Ok(message)
}

/// The path of a template, without the query it may have.
fn path(template: &str, fields: &[Field<'_>]) -> Result<String, Fault> {
    let template = template.split('?').next().unwrap_or_default();
    let (mut path, mut rest) = (String::new(), template);
    while let Some((before, label, after)) = next_label(rest) {
        path.push_str(before);
        let (name, through) = match label.strip_suffix('+') {
            Some(name) => (name, "/"),
            None => (label, ""),
        };
        let is_label = |field: &&Field<'_>| {
            field.reference.location == Location::Uri && field.reference.wire() == name
        };
        let field = fields.iter().find(is_label);
        let text =
            field.map(|field| scalar(&field.reference, &field.datum, TimestampFormat::Iso8601));
        match text {
            Some(text) if !text.is_empty() => path.push_str(&encoded(&text, through)),
            _ => return Err(Fault::Missing(naming::member(name))),
        }
        rest = after;
    }
    path.push_str(rest);
    Ok(path)
}

/// What stands before the next label, the label, and what stands behind it.
fn next_label(template: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = template.split_once('{')?;
    let (label, after) = rest.split_once('}')?;
    Some((before, label, after))
}

fn query(template: &str, fields: &[Field<'_>]) -> String {
    let mut pairs: Vec<String> = Vec::new();
    if let Some((_, fixed)) = template.split_once('?') {
        pairs.extend(fixed.split('&').filter(|pair| !pair.is_empty()).map(str::to_owned));
    }
    let mut push = |name: &str, value: &str| {
        pairs.push(format!("{}={}", encoded(name, ""), encoded(value, "")))
    };
    for field in fields.iter().filter(|field| field.reference.location == Location::Query) {
        let name = field.reference.wire();
        match &field.datum {
            Datum::Map([_, value], entries) => {
                for (key, datum) in entries {
                    match datum {
                        Datum::List(item, items) => {
                            items
                                .iter()
                                .for_each(|datum| push(key, &scalar(item, datum, QUERY_TIMES)));
                        }
                        datum => push(key, &scalar(value, datum, QUERY_TIMES)),
                    }
                }
            }
            Datum::List(item, items) => {
                items.iter().for_each(|datum| push(name, &scalar(item, datum, QUERY_TIMES)));
            }
            datum => push(name, &scalar(&field.reference, datum, QUERY_TIMES)),
        }
    }
    if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
}

/// How times are written in queries and in headers.
const QUERY_TIMES: TimestampFormat = TimestampFormat::Iso8601;
const HEADER_TIMES: TimestampFormat = TimestampFormat::Rfc822;

fn scalar<'d>(
    reference: &Reference<'_>,
    datum: &'d Datum<'_>,
    times: TimestampFormat,
) -> Cow<'d, str> {
    datum.scalar(reference.timestamp_format.unwrap_or(times))
}

fn headers(fields: &[Field<'_>]) -> Vec<(Cow<'static, str>, String)> {
    let mut headers = Vec::new();
    for field in fields {
        let (reference, name) = (&field.reference, field.reference.wire().to_ascii_lowercase());
        match (reference.location, &field.datum) {
            // Whoever sends the body says how long it is.
            (Location::Header, _) if name == "content-length" => {}
            (Location::Header, Datum::List(_, items)) if items.is_empty() => {}
            (Location::Header, Datum::List(item, items)) => {
                let items: Vec<String> =
                    items.iter().map(|datum| header_item(item, datum)).collect();
                headers.push((name.into(), items.join(",")));
            }
            (Location::Header, datum) => {
                let text = scalar(reference, datum, HEADER_TIMES);
                let text = if reference.is_json_value() {
                    base64(text.as_bytes())
                } else {
                    text.into_owned()
                };
                headers.push((name.into(), text));
            }
            (Location::Headers, Datum::Map([_, value], entries)) => {
                for (key, datum) in entries {
                    let name = format!("{name}{}", key.to_ascii_lowercase());
                    headers.push((name.into(), scalar(value, datum, HEADER_TIMES).into_owned()));
                }
            }
            _ => {}
        }
    }
    headers
}

/// An item of a header's list: quoted where a comma would divide it.
fn header_item(reference: &Reference<'_>, datum: &Datum<'_>) -> String {
    let text = scalar(reference, datum, HEADER_TIMES);
    match matches!(datum, Datum::Text(_)) && text.contains([',', '"']) {
        true => format!("\"{}\"", text.replace('"', "\\\"")),
        false => text.into_owned(),
    }
}

/// Writes the body, and says what it is.
fn body(
    metadata: &Metadata<'static>,
    model: Model<'static>,
    operation: &Operation<'static>,
    fields: &[Field<'_>],
    body: &mut Vec<u8>,
) -> Option<&'static str> {
    let input = operation.input?;
    let Shape::Structure(structure) = model.shape(&input) else { return None };
    let is_json = metadata.protocol == Protocol::RestJson;
    let content_type = if is_json { "application/json" } else { "application/xml" };
    let given: Vec<Field<'_>> =
        fields.iter().filter(|field| field.reference.is_in_body()).cloned().collect();
    let has_body = structure.members.iter().any(Reference::is_in_body);
    *body = match structure.payload() {
        Some(payload) => {
            let field = given.iter().find(|field| field.reference.name == payload.name);
            match field.map(|field| &field.datum) {
                Some(Datum::Bytes(text) | Datum::Text(text)) => {
                    *body = text.as_bytes().to_vec();
                    return None;
                }
                None if matches!(model.shape(payload), Shape::Blob | Shape::Text) => return None,
                _ => field.map_or_else(|| empty(is_json), |field| whole(is_json, field)),
            }
        }
        None if is_json && has_body => json::body(&given),
        None if !given.is_empty() => xml::written(input.wire(), &input, &given).into_bytes(),
        None => Vec::new(),
    };
    Some(content_type)
}

fn empty(is_json: bool) -> Vec<u8> {
    if is_json { b"{}".to_vec() } else { Vec::new() }
}

/// A member that is the whole body.
fn whole(is_json: bool, field: &Field<'_>) -> Vec<u8> {
    match &field.datum {
        _ if is_json => json::payload(field),
        Datum::Structure(fields) => {
            xml::written(field.reference.wire(), &field.reference, fields).into_bytes()
        }
        _ => Vec::new(),
    }
}

pub(super) fn answer(
    model: Model<'static>,
    operation: &Operation<'static>,
    response: &Response,
) -> Result<Map<String, Value>, Malformed> {
    let Some(structure) = model.structure_of(operation.output.as_ref()) else {
        return Ok(Map::new());
    };
    let mut found = body_members(model, &structure, response)?;
    for reference in &structure.members {
        if let Some(value) = header_member(model, reference, response)? {
            found.insert(naming::member(reference.name), value);
        }
    }
    found.sort_keys();
    Ok(found)
}

fn body_members(
    model: Model<'static>,
    structure: &Structure<'static>,
    response: &Response,
) -> Result<Map<String, Value>, Malformed> {
    let is_json = model.metadata().protocol == Protocol::RestJson;
    let mut found = Map::new();
    let is_empty = response.body.trim_ascii().is_empty();
    match structure.payload() {
        Some(payload) => {
            let value = match model.shape(payload) {
                Shape::Blob | Shape::Text => response.text().into(),
                _ if is_empty => return Ok(found),
                _ if is_json => json::shown(model, payload, &json::parsed(&response.body)?, 0)?,
                _ => xml::shown(model, payload, xml::parsed(&response.text())?.root_element(), 0)?,
            };
            found.insert(naming::member(payload.name), value);
            Ok(found)
        }
        None if is_empty || !structure.members.iter().any(Reference::is_in_body) => Ok(found),
        None if is_json => json::object(model, structure, &json::parsed(&response.body)?, 0),
        None => {
            let text = response.text();
            let document = xml::parsed(&text)?;
            let root = document.root_element();
            match structure.members.as_slice() {
                // S3 answers with the location itself where the model has a structure around it.
                [only]
                    if only.wire() == root.tag_name().name()
                        && xml::child(root, only.wire()).is_none() =>
                {
                    if root.text().is_some() {
                        found.insert(naming::member(only.name), xml::shown(model, only, root, 0)?);
                    }
                    Ok(found)
                }
                _ => xml::structure(model, structure, root, 0),
            }
        }
    }
}

/// A member that comes with the header.
fn header_member(
    model: Model<'static>,
    reference: &Reference<'static>,
    response: &Response,
) -> Result<Option<Value>, Malformed> {
    match reference.location {
        Location::Status => Ok(Some(response.status.into())),
        Location::Headers => {
            let prefix = reference.wire().to_ascii_lowercase();
            let headers = response.headers.iter().filter_map(|(name, value)| {
                let name = name.to_ascii_lowercase();
                Some((name.strip_prefix(&prefix)?.to_owned(), value.as_str().into()))
            });
            Ok(Some(Value::Object(headers.collect())))
        }
        Location::Header => match response.header(reference.wire()) {
            Some(text) => header_value(model, reference, text).map(Some),
            None => Ok(None),
        },
        Location::Body | Location::Uri | Location::Query => Ok(None),
    }
}

fn header_value(
    model: Model<'static>,
    reference: &Reference<'static>,
    text: &str,
) -> Result<Value, Malformed> {
    match model.shape(reference) {
        Shape::List(item) => {
            let items =
                text.split(',').map(|text| xml::scalar(&model.shape(&item), &item, text.trim()));
            Ok(Value::Array(items.collect::<Result<_, _>>()?))
        }
        Shape::Text if reference.is_json_value() => json::bytes_of(text),
        // A header that says no time, as some of `Expires`, is shown as it is.
        Shape::Timestamp => {
            Ok(xml::scalar(&Shape::Timestamp, reference, text).unwrap_or_else(|_| text.into()))
        }
        shape => xml::scalar(&shape, reference, text),
    }
}
