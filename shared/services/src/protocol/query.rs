//! The Query protocol and EC2's own form of it: members as a form, answers as XML.

use super::{Malformed, Message, encoded, xml};
use crate::Response;
use crate::datum::{Datum, Field};
use crate::model::{Metadata, Model, Operation, Protocol, Reference, TimestampFormat};
use serde_json::{Map, Value};

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flavour {
    Query,
    Ec2,
}

pub(super) fn message(
    metadata: &Metadata<'static>,
    operation: &Operation<'static>,
    fields: &[Field<'_>],
    flavour: Flavour,
) -> Message {
    let mut form = Form { flavour, text: String::new() };
    form.push("Action", operation.name);
    form.push("Version", metadata.api_version);
    form.fields("", fields);
    let content_type = "application/x-www-form-urlencoded; charset=utf-8";
    Message {
        path: "/".to_owned(),
        headers: vec![("content-type".into(), content_type.to_owned())],
        body: form.text.into_bytes(),
        ..Message::default()
    }
}

struct Form {
    flavour: Flavour,
    text: String,
}

impl Form {
    fn push(&mut self, name: &str, value: &str) {
        if !self.text.is_empty() {
            self.text.push('&');
        }
        self.text.push_str(&encoded(name, ""));
        self.text.push('=');
        self.text.push_str(&encoded(value, ""));
    }

    fn fields(&mut self, prefix: &str, fields: &[Field<'_>]) {
        for field in fields {
            let name = self.name(&field.reference);
            let name = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
            self.datum(&name, &field.reference, &field.datum);
        }
    }

    fn name(&self, reference: &Reference<'_>) -> String {
        match (self.flavour, reference.query_name, reference.given) {
            (Flavour::Ec2, Some(name), _) => name.to_owned(),
            (Flavour::Ec2, None, Some(name)) => {
                let mut letters = name.chars();
                let first = letters.next().map(|first| first.to_ascii_uppercase());
                first.into_iter().chain(letters).collect()
            }
            _ => reference.wire().to_owned(),
        }
    }

    fn datum(&mut self, name: &str, reference: &Reference<'static>, datum: &Datum<'_>) {
        match datum {
            Datum::Null => {}
            Datum::List(item, items) => self.list(name, reference, item, items),
            Datum::Map(spelled, entries) => self.map(name, reference, spelled, entries),
            Datum::Structure(fields) => self.fields(name, fields),
            Datum::Boolean(_)
            | Datum::Number(_)
            | Datum::Text(_)
            | Datum::Bytes(_)
            | Datum::Time(_)
            | Datum::Document(_) => {
                let format = reference.timestamp_format.unwrap_or(TimestampFormat::Iso8601);
                self.push(name, &datum.scalar(format));
            }
        }
    }
}

impl Form {
    fn list(
        &mut self,
        name: &str,
        reference: &Reference<'static>,
        item: &Reference<'static>,
        items: &[Datum<'_>],
    ) {
        if items.is_empty() && self.flavour == Flavour::Query {
            self.push(name, "");
        }
        let prefix = match (self.flavour, reference.is_flattened(), item.given) {
            (Flavour::Ec2, _, _) | (Flavour::Query, true, None) => name.to_owned(),
            // The items' name stands in the place of the list's.
            (Flavour::Query, true, Some(given)) => match name.rsplit_once('.') {
                Some((parent, _)) => format!("{parent}.{given}"),
                None => given.to_owned(),
            },
            (Flavour::Query, false, given) => format!("{name}.{}", given.unwrap_or("member")),
        };
        for (number, datum) in (1..).zip(items) {
            self.datum(&format!("{prefix}.{number}"), item, datum);
        }
    }

    fn map(
        &mut self,
        name: &str,
        reference: &Reference<'static>,
        [key, value]: &[Reference<'static>; 2],
        entries: &[(&str, Datum<'_>)],
    ) {
        let entry = if reference.is_flattened() { "" } else { ".entry" };
        let (key_name, value_name) = (key.given.unwrap_or("key"), value.given.unwrap_or("value"));
        for (number, (text, datum)) in (1..).zip(entries) {
            let prefix = format!("{name}{entry}.{number}");
            self.push(&format!("{prefix}.{key_name}"), text);
            self.datum(&format!("{prefix}.{value_name}"), value, datum);
        }
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
    if structure.members.is_empty() {
        return Ok(Map::new());
    }
    let text = response.text();
    let document = xml::parsed(&text)?;
    let mut root = document.root_element();
    if model.metadata().protocol == Protocol::Query && !operation.result_wrapper.is_empty() {
        root = xml::child(root, operation.result_wrapper).ok_or_else(|| {
            Malformed(format!("the body has no element `{}`", operation.result_wrapper))
        })?;
    }
    xml::structure(model, &structure, root, 0)
}
