//! Map: its beginning and its items. What a Distributed Map does is told in `map_run`.

use crate::event::{EventDetail, Link};
use crate::fault::Fault;
use crate::record::{Fork, MapItem, Pending};
use crate::states::map_run;
use crate::step::{Step, Visited};
use crate::{Payload, flow, limits};
use baton_asl::NumberField;
use baton_asl::states::Map;
use serde_json::{Value, json};

pub(crate) fn begin(
    step: &mut Step<'_>,
    at: Visited<'_>,
    map: &Map,
    link: Link,
) -> Result<Pending, Fault> {
    if step.inspection.is_none()
        && let Some(distributed) = &map.distributed
    {
        return map_run::begin(step, at, map, distributed, link);
    }
    begin_inline(step, at, map, link)
}

fn begin_inline(
    step: &mut Step<'_>,
    at: Visited<'_>,
    map: &Map,
    link: Link,
) -> Result<Pending, Fault> {
    let read = step.inspection.as_deref().and_then(|inspection| inspection.items.clone());
    let items = match read {
        Some(items) => items,
        None => flow::items(step, at, map)?,
    };
    let concurrency = concurrency(step, at, map)?;
    let length = length(items.value());
    step.push_linked(link, EventDetail::MapStateStarted { length });
    check_tolerated(step, at, map)?;
    step.note_item_inputs(at, map, &items)?;
    let concurrency = concurrency.min(length);
    for index in 0..concurrency {
        let link = if index == 0 { Link::Previous } else { Link::Sibling };
        let name = at.state.name.as_str().into();
        step.push_linked(link, EventDetail::MapIterationStarted { name, index });
    }
    Ok(Pending::Fork(Fork { width: length, concurrency, input: items, resumes: None }))
}

pub(super) fn length(items: &Value) -> u32 {
    let length = match items {
        Value::Array(items) => items.len(),
        Value::Object(members) => members.len(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    };
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// One item: an element, or a member as key and value. An object's member costs a walk to it.
pub(crate) fn item(items: &Payload, index: u32) -> Option<MapItem> {
    let position = index as usize;
    match items.value() {
        Value::Array(items) => Some(MapItem {
            index,
            key: None,
            value: Payload::new(items.get(position)?.clone()),
            source: None,
        }),
        Value::Object(members) => {
            let (key, value) = members.iter().nth(position)?;
            Some(MapItem {
                index,
                key: Some(key.as_str().into()),
                value: Payload::new(value.clone()),
                source: None,
            })
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// What an iteration starts with: `ItemSelector` over the item in the step, or the item itself.
pub(crate) fn iteration_input(
    step: &mut Step<'_>,
    at: Visited<'_>,
    map: &Map,
) -> Result<Payload, Fault> {
    match &map.item_selector {
        Some(selector) => flow::selected_item(step, at, selector),
        None => Ok(step.item.as_deref().map_or_else(|| Payload::new(Value::Null), whole)),
    }
}

/// An item by itself: an element, or an object's member as a pair.
fn whole(item: &MapItem) -> Payload {
    match &item.key {
        None => item.value.clone(),
        Some(key) => Payload::new(json!({ "Key": &**key, "Value": item.value.value() })),
    }
}

/// How many iterations run at a time: 0 stands for as many as possible (ASL-MAP-05).
fn concurrency(step: &mut Step<'_>, at: Visited<'_>, map: &Map) -> Result<u32, Fault> {
    Ok(match wanted_concurrency(step, at, map)? {
        0 => limits::INLINE_CONCURRENCY_MAX,
        wanted => wanted.min(limits::INLINE_CONCURRENCY_MAX),
    })
}

/// `MaxConcurrency` as it is set, 0 by default.
pub(super) fn wanted_concurrency(
    step: &mut Step<'_>,
    at: Visited<'_>,
    map: &Map,
) -> Result<u32, Fault> {
    let wanted = match &map.concurrency_max {
        Some(field) => integer(step, at, field, "MaxConcurrency")?,
        None => 0,
    };
    if let Some(inspection) = step.inspection.as_deref_mut() {
        inspection.concurrency_max = Some(wanted);
    }
    match u32::try_from(wanted) {
        Ok(wanted) => Ok(wanted),
        Err(_) if wanted < 0 => Err(Fault::runtime("MaxConcurrency cannot be negative.")),
        Err(_) => Ok(u32::MAX),
    }
}

/// The thresholds have no effect inline, but their values are checked all the same (recorded).
fn check_tolerated(step: &mut Step<'_>, at: Visited<'_>, map: &Map) -> Result<(), Fault> {
    tolerated_count(step, at, map)?;
    tolerated_percentage(step, at, map)?;
    Ok(())
}

/// `ToleratedFailureCount`.
pub(super) fn tolerated_count(
    step: &mut Step<'_>,
    at: Visited<'_>,
    map: &Map,
) -> Result<Option<u64>, Fault> {
    let Some(count) = &map.tolerated_failure_count else { return Ok(None) };
    let count = integer(step, at, count, "ToleratedFailureCount")?;
    let Ok(tolerated) = u64::try_from(count) else {
        return Err(Fault::runtime("ToleratedFailureCount cannot be negative."));
    };
    if let Some(inspection) = step.inspection.as_deref_mut() {
        inspection.tolerated_failure_count = Some(count);
    }
    Ok(Some(tolerated))
}

/// `ToleratedFailurePercentage`.
pub(super) fn tolerated_percentage(
    step: &mut Step<'_>,
    at: Visited<'_>,
    map: &Map,
) -> Result<Option<f64>, Fault> {
    let Some(percentage) = &map.tolerated_failure_percentage else { return Ok(None) };
    let name = "ToleratedFailurePercentage";
    let value = flow::number_value(step, at, percentage, name)?;
    let number = value.as_f64().or_else(|| digits(percentage, &value));
    let percentage = number.ok_or_else(|| not_a(percentage, name, "float", &value))?;
    if !(0.0..=100.0).contains(&percentage) {
        return Err(Fault::runtime("ToleratedFailurePercentage must be between 0 and 100."));
    }
    if let Some(inspection) = step.inspection.as_deref_mut() {
        inspection.tolerated_failure_percentage = Some(percentage);
    }
    Ok(Some(percentage))
}

pub(super) fn integer(
    step: &mut Step<'_>,
    at: Visited<'_>,
    field: &NumberField,
    name: &str,
) -> Result<i64, Fault> {
    let value = flow::number_value(step, at, field, name)?;
    let integer = value.as_i64().or_else(|| digits(field, &value));
    integer.ok_or_else(|| not_a(field, name, "integer", &value))
}

/// A path may lead to a text that spells a number (recorded for `MaxConcurrencyPath`).
fn digits<T: std::str::FromStr>(field: &NumberField, value: &Value) -> Option<T> {
    value.as_str().filter(|_| matches!(field, NumberField::Path(_)))?.parse().ok()
}

fn not_a(field: &NumberField, name: &str, wanted: &str, value: &Value) -> Fault {
    match field {
        NumberField::Path(path) => Fault::runtime(format!(
            "The {name}Path field refers to value \"{}\" which is not a valid {wanted}: {}",
            flow::shown(value),
            path.text()
        )),
        NumberField::Expression(expression) => {
            flow::unexpected_type(expression, name, wanted, value)
        }
        NumberField::Literal(_) => Fault::runtime(format!("{name} must be a valid {wanted}.")),
    }
}
