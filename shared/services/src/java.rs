//! Answers as the AWS SDK for Java 1 has them, by which Step Functions shows those of its optimised integrations: timestamps are
//! milliseconds since 1970, and where a service's classes make lists by themselves, one that is not there is an empty one.

use crate::model::{Model, Reference, Shape, Structure};
use crate::{naming, time};
use serde_json::{Map, Value};

/// The members of a structure, changed where they are.
pub(crate) fn change(
    model: Model<'static>,
    structure: &Structure<'static>,
    members: &mut Map<String, Value>,
    has_empty_lists: bool,
) {
    for reference in &structure.members {
        let name = naming::member(reference.name);
        match members.get_mut(&name) {
            Some(value) => change_value(model, reference, value, has_empty_lists),
            None if has_empty_lists && matches!(model.shape(reference), Shape::List(_)) => {
                members.insert(name, Value::Array(Vec::new()));
            }
            None => {}
        }
    }
    members.sort_keys();
}

fn change_value(
    model: Model<'static>,
    reference: &Reference<'static>,
    value: &mut Value,
    has_empty_lists: bool,
) {
    match (model.shape(reference), value) {
        (Shape::Structure(structure), Value::Object(members)) if !structure.is_document() => {
            change(model, &structure, members, has_empty_lists);
        }
        (Shape::List(item), Value::Array(items)) => {
            for value in items {
                change_value(model, &item, value, has_empty_lists);
            }
        }
        (Shape::Map(_, item), Value::Object(members)) => {
            for value in members.values_mut() {
                change_value(model, &item, value, has_empty_lists);
            }
        }
        (Shape::Timestamp, value) => {
            if let Some(moment) = time::read(value) {
                *value = moment.as_millisecond().into();
            }
        }
        _ => {}
    }
}
