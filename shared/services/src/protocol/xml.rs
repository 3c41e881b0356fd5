//! XML: the bodies of REST XML, and the answers of the Query protocols.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "what is matched by no name is written and read alike: it has no parts"
)]

use super::{Malformed, json};
use crate::datum::{Datum, Field};
use crate::error::Refusal;
use crate::limits::{DEPTH_MAX, XML_NODES_MAX};
use crate::model::{Model, Reference, Shape, Structure, TimestampFormat};
use crate::{Response, naming, time};
use roxmltree::{Document, Node, ParsingOptions};
use serde_json::{Map, Value};

/// Writes an element of this name with these members.
pub(super) fn written(name: &str, reference: &Reference<'static>, fields: &[Field<'_>]) -> String {
    let mut text = String::new();
    write_structure(&mut text, name, reference, fields);
    text
}

fn write(text: &mut String, name: &str, reference: &Reference<'static>, datum: &Datum<'_>) {
    match datum {
        Datum::Null => {}
        Datum::Structure(fields) => write_structure(text, name, reference, fields),
        Datum::List(item, items) if reference.is_flattened() => {
            items.iter().for_each(|datum| write(text, name, item, datum));
        }
        Datum::List(item, items) => {
            open(text, name, reference, &[]);
            let item_name = item.given.unwrap_or("member");
            items.iter().for_each(|datum| write(text, item_name, item, datum));
            close(text, name);
        }
        Datum::Map(spelled, entries) => write_map(text, name, reference, spelled, entries),
        Datum::Boolean(_)
        | Datum::Number(_)
        | Datum::Text(_)
        | Datum::Bytes(_)
        | Datum::Time(_)
        | Datum::Document(_) => {
            open(text, name, reference, &[]);
            let format = reference.timestamp_format.unwrap_or(TimestampFormat::Iso8601);
            escape(text, &datum.scalar(format));
            close(text, name);
        }
    }
}

fn write_structure(
    text: &mut String,
    name: &str,
    reference: &Reference<'static>,
    fields: &[Field<'_>],
) {
    let is_attribute = |field: &&Field<'_>| field.reference.is_xml_attribute();
    let attributes: Vec<&Field<'_>> = fields.iter().filter(is_attribute).collect();
    open(text, name, reference, &attributes);
    for field in fields.iter().filter(|field| !is_attribute(field)) {
        write(text, field.reference.wire(), &field.reference, &field.datum);
    }
    close(text, name);
}

fn write_map(
    text: &mut String,
    name: &str,
    reference: &Reference<'static>,
    [key, value]: &[Reference<'static>; 2],
    entries: &[(&str, Datum<'_>)],
) {
    let is_flattened = reference.is_flattened();
    let entry_name = if is_flattened { name } else { "entry" };
    if !is_flattened {
        open(text, name, reference, &[]);
    }
    for (entry, datum) in entries {
        open(text, entry_name, &Reference::UNNAMED, &[]);
        write(text, key.given.unwrap_or("key"), key, &Datum::Text((*entry).into()));
        write(text, value.given.unwrap_or("value"), value, datum);
        close(text, entry_name);
    }
    if !is_flattened {
        close(text, name);
    }
}

fn open(text: &mut String, name: &str, reference: &Reference<'_>, attributes: &[&Field<'_>]) {
    text.push('<');
    text.push_str(name);
    if let Some((address, prefix)) = reference.namespace {
        let name = prefix.map_or("xmlns".to_owned(), |prefix| format!("xmlns:{prefix}"));
        attribute(text, &name, address);
    }
    for field in attributes {
        attribute(text, field.reference.wire(), &field.datum.scalar(TimestampFormat::Iso8601));
    }
    text.push('>');
}

fn attribute(text: &mut String, name: &str, value: &str) {
    text.push(' ');
    text.push_str(name);
    text.push_str("=\"");
    escape(text, value);
    text.push('"');
}

fn close(text: &mut String, name: &str) {
    text.push_str("</");
    text.push_str(name);
    text.push('>');
}

fn escape(text: &mut String, raw: &str) {
    for letter in raw.chars() {
        match letter {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '"' => text.push_str("&quot;"),
            // Parsers make other white space of these.
            '\r' => text.push_str("&#13;"),
            '\n' => text.push_str("&#10;"),
            letter => text.push(letter),
        }
    }
}

/// Reads a document, without a document type: entities of its own are refused.
pub(super) fn parsed(text: &str) -> Result<Document<'_>, Malformed> {
    let options = ParsingOptions {
        allow_dtd: false,
        nodes_limit: XML_NODES_MAX,
        ..ParsingOptions::default()
    };
    Document::parse_with_options(text, options)
        .map_err(|error| Malformed(format!("the body is not XML: {error}")))
}

pub(super) fn child<'d>(node: Node<'d, 'd>, name: &str) -> Option<Node<'d, 'd>> {
    children(node, name).next()
}

fn children<'d, 'n>(
    node: Node<'d, 'd>,
    name: &'n str,
) -> impl Iterator<Item = Node<'d, 'd>> + use<'d, 'n> {
    node.children().filter(move |child| child.is_element() && child.tag_name().name() == name)
}

/// The members of a structure that do not come from elsewhere.
pub(super) fn structure(
    model: Model<'static>,
    structure: &Structure<'static>,
    node: Node<'_, '_>,
    depth: usize,
) -> Result<Map<String, Value>, Malformed> {
    let mut found = Map::new();
    for reference in structure.members.iter().filter(|member| member.is_in_body()) {
        if let Some(value) = member(model, reference, node, depth)? {
            found.insert(naming::member(reference.name), value);
        }
    }
    found.sort_keys();
    Ok(found)
}

fn member(
    model: Model<'static>,
    reference: &Reference<'static>,
    node: Node<'_, '_>,
    depth: usize,
) -> Result<Option<Value>, Malformed> {
    if reference.is_xml_attribute() {
        let local = reference.wire().rsplit(':').next().unwrap_or_default();
        let found = node.attributes().find(|attribute| attribute.name() == local);
        return Ok(found.map(|attribute| attribute.value().into()));
    }
    match model.shape(reference) {
        Shape::List(item) if reference.is_flattened() => {
            let name = item.given.unwrap_or(reference.wire());
            let items = children(node, name).map(|node| shown(model, &item, node, depth));
            let items = items.collect::<Result<Vec<_>, _>>()?;
            Ok(Some(items).filter(|items| !items.is_empty()).map(Value::Array))
        }
        Shape::Map(key, value) if reference.is_flattened() => {
            let entries = entries(model, &key, &value, children(node, reference.wire()), depth)?;
            Ok(Some(entries).filter(|entries| !entries.is_empty()).map(Value::Object))
        }
        _ => match child(node, reference.wire()) {
            Some(node) => shown(model, reference, node, depth).map(Some),
            None => Ok(None),
        },
    }
}

/// An element as Step Functions shows it.
pub(super) fn shown(
    model: Model<'static>,
    reference: &Reference<'static>,
    node: Node<'_, '_>,
    depth: usize,
) -> Result<Value, Malformed> {
    let depth = depth.saturating_add(1);
    if depth > DEPTH_MAX {
        return Err(Malformed(format!("the body has more than {DEPTH_MAX} levels")));
    }
    let elements = || node.children().filter(Node::is_element);
    Ok(match model.shape(reference) {
        Shape::Structure(shape) => Value::Object(structure(model, &shape, node, depth)?),
        Shape::List(item) => {
            let items = elements().map(|node| shown(model, &item, node, depth));
            Value::Array(items.collect::<Result<_, _>>()?)
        }
        Shape::Map(key, value) => Value::Object(entries(model, &key, &value, elements(), depth)?),
        shape => scalar(&shape, reference, node.text().unwrap_or_default())?,
    })
}

fn entries<'d>(
    model: Model<'static>,
    key: &Reference<'static>,
    value: &Reference<'static>,
    nodes: impl Iterator<Item = Node<'d, 'd>>,
    depth: usize,
) -> Result<Map<String, Value>, Malformed> {
    let mut found = Map::new();
    for node in nodes {
        let name = child(node, key.given.unwrap_or("key")).and_then(|node| node.text());
        if let Some(node) = child(node, value.given.unwrap_or("value")) {
            found.insert(name.unwrap_or_default().to_owned(), shown(model, value, node, depth)?);
        }
    }
    Ok(found)
}

/// A text, of an element or of a header, by its shape.
pub(super) fn scalar(
    shape: &Shape<'_>,
    reference: &Reference<'static>,
    text: &str,
) -> Result<Value, Malformed> {
    let number = || text.trim().parse().map(Value::Number).map_err(|_| json::unexpected(reference));
    match shape {
        Shape::Text => Ok(text.into()),
        Shape::Boolean => Ok((text.trim().eq_ignore_ascii_case("true")).into()),
        Shape::Integer => number(),
        Shape::Float | Shape::Double => match text.trim() {
            text @ ("NaN" | "Infinity" | "-Infinity") => Ok(text.into()),
            _ => number(),
        },
        Shape::Timestamp => match time::read_text(text.trim()) {
            Some(time) => Ok(time::shown(time).into()),
            None => Err(json::unexpected(reference)),
        },
        Shape::Blob => json::bytes_of(text.trim()),
        Shape::Structure(_) | Shape::List(_) | Shape::Map(..) => Err(json::unexpected(reference)),
    }
}

/// Reads a refusal: a code and a message somewhere in an `Error`, and an id around it.
pub(super) fn refusal(response: &Response) -> Refusal {
    let text = response.text();
    let Ok(document) = parsed(&text) else { return Refusal::default() };
    let named = |names: &'static [&str]| {
        let is_named = move |node: &Node<'_, '_>| names.contains(&node.tag_name().name());
        let found = document.descendants().find(is_named)?;
        Some(found.text().unwrap_or_default().to_owned())
    };
    Refusal {
        code: named(&["Code"]).unwrap_or_default(),
        message: named(&["Message"]),
        request_id: named(&["RequestId", "RequestID"]),
    }
}

pub(super) fn is_refusal(response: &Response) -> bool {
    // Long answers are objects, and not looked through for this.
    if !response.body.starts_with(b"<") || response.body.len() > 16_384 {
        return false;
    }
    let text = response.text();
    parsed(&text).is_ok_and(|document| document.root_element().tag_name().name() == "Error")
}
