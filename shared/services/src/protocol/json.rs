//! AWS JSON 1.0 and 1.1, and the bodies of REST JSON.

use super::{Malformed, Message};
use crate::datum::{Datum, Field, base64};
use crate::error::Refusal;
use crate::limits::DEPTH_MAX;
use crate::model::{Metadata, Model, Operation, Reference, Shape, Structure, TimestampFormat};
use crate::{Response, naming, time};
use serde_json::{Map, Value};

pub(super) fn message(
    metadata: &Metadata<'static>,
    operation: &Operation<'static>,
    fields: &[Field<'_>],
) -> Message {
    let version = metadata.json_version;
    let mut headers = vec![
        ("content-type".into(), format!("application/x-amz-json-{version}")),
        ("x-amz-target".into(), format!("{}.{}", metadata.target_prefix, operation.name)),
    ];
    if metadata.is_query_compatible {
        headers.push(("x-amzn-query-mode".into(), "true".to_owned()));
    }
    Message { path: "/".to_owned(), headers, body: body(fields), ..Message::default() }
}

pub(super) fn body(fields: &[Field<'_>]) -> Vec<u8> {
    serde_json::to_vec(&members(fields)).unwrap_or_default()
}

/// A value as a body of its own.
pub(super) fn payload(field: &Field<'_>) -> Vec<u8> {
    serde_json::to_vec(&value(&field.reference, &field.datum)).unwrap_or_default()
}

fn members(fields: &[Field<'_>]) -> Value {
    let member = |field: &Field<'_>| {
        (field.reference.wire().to_owned(), value(&field.reference, &field.datum))
    };
    Value::Object(fields.iter().map(member).collect())
}

fn value(reference: &Reference<'_>, datum: &Datum<'_>) -> Value {
    match datum {
        Datum::Null => Value::Null,
        Datum::Boolean(is_true) => (*is_true).into(),
        Datum::Number(number) => Value::Number(number.as_ref().clone()),
        Datum::Text(text) => text.as_ref().into(),
        Datum::Bytes(bytes) => base64(bytes.as_bytes()).into(),
        Datum::Time(moment) => match reference.timestamp_format {
            None | Some(TimestampFormat::Unix) => Value::Number(time::seconds(*moment)),
            Some(format) => time::text(*moment, format).into(),
        },
        Datum::List(item, items) => items.iter().map(|datum| value(item, datum)).collect(),
        Datum::Map([_, item], entries) => {
            let entry = |(key, datum): &(&str, Datum<'_>)| ((*key).to_owned(), value(item, datum));
            Value::Object(entries.iter().map(entry).collect())
        }
        Datum::Structure(fields) => members(fields),
        Datum::Document(document) => (*document).clone(),
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
    let body = parsed(&response.body)?;
    object(model, &structure, &body, 0)
}

/// A body's JSON; an empty one is an empty object.
pub(super) fn parsed(body: &[u8]) -> Result<Value, Malformed> {
    if body.trim_ascii().is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    serde_json::from_slice(body)
        .map_err(|error| Malformed(format!("the body is not JSON: {error}")))
}

/// The members of a structure that do not come from elsewhere.
pub(super) fn object(
    model: Model<'static>,
    structure: &Structure<'static>,
    value: &Value,
    depth: usize,
) -> Result<Map<String, Value>, Malformed> {
    let Value::Object(members) = value else {
        return Err(Malformed("the body has no object where the model has one".to_owned()));
    };
    let mut found = Map::new();
    for reference in structure.members.iter().filter(|member| member.is_in_body()) {
        if let Some(value) = members.get(reference.wire()).filter(|value| !value.is_null()) {
            found.insert(naming::member(reference.name), shown(model, reference, value, depth)?);
        }
    }
    found.sort_keys();
    Ok(found)
}

/// A value of an answer as Step Functions shows it.
pub(super) fn shown(
    model: Model<'static>,
    reference: &Reference<'static>,
    value: &Value,
    depth: usize,
) -> Result<Value, Malformed> {
    let depth = depth.saturating_add(1);
    if depth > DEPTH_MAX {
        return Err(Malformed(format!("the body has more than {DEPTH_MAX} levels")));
    }
    Ok(match (model.shape(reference), value) {
        (_, Value::Null) => Value::Null,
        (Shape::Structure(structure), value) if structure.is_document() => value.clone(),
        (Shape::Structure(structure), value) => {
            Value::Object(object(model, &structure, value, depth)?)
        }
        (Shape::List(item), Value::Array(items)) => {
            let items = items.iter().map(|value| shown(model, &item, value, depth));
            Value::Array(items.collect::<Result<_, _>>()?)
        }
        (Shape::Map(_, item), Value::Object(members)) => {
            let entry = |(key, value): (&String, &Value)| {
                Ok((key.clone(), shown(model, &item, value, depth)?))
            };
            Value::Object(members.iter().map(entry).collect::<Result<_, Malformed>>()?)
        }
        (Shape::Blob, Value::String(text)) => bytes_of(text)?,
        (Shape::Timestamp, value) => moment(value)?,
        (Shape::Text, value @ Value::String(_))
        | (Shape::Boolean, value @ Value::Bool(_))
        | (Shape::Integer, value @ Value::Number(_))
        | (Shape::Float | Shape::Double, value @ (Value::Number(_) | Value::String(_))) => {
            value.clone()
        }
        _ => return Err(unexpected(reference)),
    })
}

fn moment(value: &Value) -> Result<Value, Malformed> {
    let time = time::read(value).ok_or_else(|| Malformed(format!("`{value}` is no timestamp")))?;
    Ok(time::shown(time).into())
}

/// Bytes that are text are shown as that text, others in Base64.
pub(super) fn bytes_of(base64_text: &str) -> Result<Value, Malformed> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(base64_text);
    let bytes = bytes.map_err(|error| Malformed(format!("a blob is not Base64: {error}")))?;
    Ok(String::from_utf8(bytes).map_or_else(|_| base64_text.into(), Value::from))
}

pub(super) fn unexpected(reference: &Reference<'_>) -> Malformed {
    Malformed(format!("`{}` has another form than in the model", reference.name))
}

/// Reads a refusal. A code may have a namespace before it and an address behind it.
pub(super) fn refusal(response: &Response) -> Refusal {
    let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let header = response.header("x-amzn-errortype").map(str::to_owned);
    of_members(&body, header)
}

pub(super) fn of_members(body: &Value, code: Option<String>) -> Refusal {
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    let code = code.or_else(|| text("__type")).or_else(|| text("code")).or_else(|| text("Code"));
    let code = code.unwrap_or_default();
    let bare = code.split(':').next().unwrap_or_default();
    Refusal {
        code: bare.rsplit('#').next().unwrap_or_default().to_owned(),
        message: text("message").or_else(|| text("Message")).or_else(|| text("errorMessage")),
        request_id: None,
    }
}
