//! A task's arguments, read by the shapes of an action's model.
//!
//! What AWS leaves open or Baton takes more widely:
//!
//! * A member may also go by the model's name with a capital first: `DBInstanceIdentifier` for `DbInstanceIdentifier`.
//! * Required members are the service's to ask for, but for those without which there is no address.

use crate::datum::{Datum, Field};
use crate::limits::DEPTH_MAX;
use crate::model::{Location, Model, Reference, Shape, Structure};
use crate::{naming, time};
use serde_json::{Map, Value};
use std::fmt;

/// Arguments that do not fit the action: the task cannot be started with them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Unfit {
    /// What does not fit, in the order of the arguments.
    pub faults: Vec<Fault>,
}

/// One thing that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The action has no such member.
    Unknown(String),
    /// The action cannot be addressed without this member.
    Missing(String),
    /// The member's value has another form.
    Invalid(String),
    /// The action cannot be called in this way, for the reason given.
    Unsupported(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Unknown(name) => {
                write!(f, "The field \"{name}\" is not supported by Step Functions")
            }
            Fault::Missing(name) => write!(f, "The field \"{name}\" is required but was missing"),
            Fault::Invalid(name) => {
                write!(f, "The value of the field '{name}' has an invalid format")
            }
            Fault::Unsupported(reason) => f.write_str(reason),
        }
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{fault}")?;
        }
        Ok(())
    }
}

/// Reads the arguments of an action. The token goes where the model wants one and the arguments have none.
pub(crate) fn read<'a>(
    model: Model<'static>,
    input: Option<&Reference<'static>>,
    arguments: &'a Map<String, Value>,
    token: &'a str,
) -> Result<Vec<Field<'a>>, Unfit> {
    let mut reading = Reading { model, faults: Vec::new() };
    let structure = match input.map(|input| model.shape(input)) {
        Some(Shape::Structure(structure)) => structure,
        _ => Structure::default(),
    };
    let mut fields = reading.fields(&structure, arguments, 0);
    for member in &structure.members {
        let is_given = fields.iter().any(|field| field.reference.name == member.name);
        let is_address = member.location == Location::Uri || member.is_host_label();
        if member.is_idempotency_token() && !is_given {
            fields.push(Field { reference: *member, datum: Datum::Text(token.into()) });
        } else if is_address && !is_given {
            reading.faults.push(Fault::Missing(naming::member(member.name)));
        }
    }
    match reading.faults.is_empty() {
        true => Ok(fields),
        false => Err(Unfit { faults: reading.faults }),
    }
}

struct Reading {
    model: Model<'static>,
    faults: Vec<Fault>,
}

impl Reading {
    fn fields<'a>(
        &mut self,
        structure: &Structure<'static>,
        members: &'a Map<String, Value>,
        depth: usize,
    ) -> Vec<Field<'a>> {
        let mut fields = Vec::with_capacity(members.len());
        for (name, value) in members.iter().filter(|(_, value)| !value.is_null()) {
            match find(&structure.members, name) {
                None => self.faults.push(Fault::Unknown(name.clone())),
                Some(reference) => match self.datum(reference, value, depth) {
                    Some(datum) => fields.push(Field { reference: *reference, datum }),
                    None => self.faults.push(Fault::Invalid(name.clone())),
                },
            }
        }
        fields
    }

    /// A value by its shape; nothing if it has another form.
    fn datum<'a>(
        &mut self,
        reference: &Reference<'static>,
        value: &'a Value,
        depth: usize,
    ) -> Option<Datum<'a>> {
        let depth = depth.checked_add(1).filter(|depth| *depth <= DEPTH_MAX)?;
        match (self.model.shape(reference), value) {
            (Shape::Structure(structure), value) if structure.is_document() => {
                Some(Datum::Document(value))
            }
            (_, Value::Null) => Some(Datum::Null),
            (Shape::Structure(structure), Value::Object(members)) => {
                Some(Datum::Structure(self.fields(&structure, members, depth)))
            }
            (Shape::List(item), Value::Array(items)) => {
                let items = items.iter().map(|value| self.datum(&item, value, depth));
                Some(Datum::List(item, items.collect::<Option<_>>()?))
            }
            (Shape::Map(key, item), Value::Object(members)) => {
                let entry = |(name, value): (&'a String, &'a Value)| {
                    Some((name.as_str(), self.datum(&item, value, depth)?))
                };
                let entries = members.iter().map(entry).collect::<Option<_>>()?;
                Some(Datum::Map([key, item], entries))
            }
            (shape, value) => scalar(&shape, value),
        }
    }
}

fn scalar<'a>(shape: &Shape<'_>, value: &'a Value) -> Option<Datum<'a>> {
    match (shape, value) {
        (Shape::Text, Value::String(text)) => Some(Datum::Text(text.into())),
        // What is no text is given as JSON, as Step Functions does.
        (Shape::Text, value) => Some(Datum::Text(value.to_string().into())),
        (Shape::Blob, Value::String(text)) => Some(Datum::Bytes(text.into())),
        (Shape::Blob, value) => Some(Datum::Bytes(value.to_string().into())),
        (Shape::Boolean, Value::Bool(is_true)) => Some(Datum::Boolean(*is_true)),
        (Shape::Integer, Value::Number(number)) => whole(number).map(Datum::Number),
        (Shape::Float | Shape::Double, Value::Number(number)) => {
            Some(Datum::Number(std::borrow::Cow::Borrowed(number)))
        }
        (Shape::Float | Shape::Double, Value::String(text))
            if ["NaN", "Infinity", "-Infinity"].contains(&text.as_str()) =>
        {
            Some(Datum::Text(text.into()))
        }
        (Shape::Timestamp, value) => time::read(value).map(Datum::Time),
        _ => None,
    }
}

/// A number without a fraction: `5`, and `5.0` as well.
#[expect(clippy::cast_possible_truncation, reason = "the float is whole and in range")]
fn whole(number: &serde_json::Number) -> Option<std::borrow::Cow<'_, serde_json::Number>> {
    use std::borrow::Cow;
    if number.is_i64() || number.is_u64() {
        return Some(Cow::Borrowed(number));
    }
    let float = number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < 1e15)?;
    Some(Cow::Owned((float as i64).into()))
}

/// The member that goes by this name: exactly, else but for the case of letters behind the first.
fn find<'r>(members: &'r [Reference<'static>], name: &str) -> Option<&'r Reference<'static>> {
    if !name.starts_with(|first: char| first.is_ascii_uppercase()) {
        return None;
    }
    let is_alike = |member: &&Reference<'_>| member.name.eq_ignore_ascii_case(name);
    let exact = members.iter().filter(is_alike).find(|member| naming::member(member.name) == name);
    let renamed = || members.iter().find(|member| naming::member(member.name) == name);
    exact.or_else(renamed).or_else(|| members.iter().find(is_alike))
}
