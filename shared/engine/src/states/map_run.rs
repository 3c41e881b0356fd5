//! Map, distributed: what its state makes of the data before the first child, and of the map run's end.

use super::map;
use crate::event::{EventDetail, Link};
use crate::fault::Fault;
use crate::record::{Batch, ItemSource, MapRun, Pending, Record};
use crate::step::{Step, Visited};
use crate::{ErrorDetail, Failure, Misfit, Payload, flow, handlers, states};
use baton_asl::StateKind;
use baton_asl::states::{Distributed, ItemBatcher, ItemReader, Map};
use serde_json::json;

pub(super) fn begin(
    step: &mut Step<'_>,
    at: Visited<'_>,
    map: &Map,
    distributed: &Distributed,
    link: Link,
) -> Result<Pending, Fault> {
    let given = match &distributed.reader {
        Some(_) => None,
        None => Some(flow::items(step, at, map)?),
    };
    let concurrency_max = map::wanted_concurrency(step, at, map)?;
    let length = given.as_ref().map_or(0, |items| map::length(items.value()));
    step.push_linked(link, EventDetail::MapStateStarted { length });
    let tolerated_count = map::tolerated_count(step, at, map)?;
    let tolerated_percentage = map::tolerated_percentage(step, at, map)?;
    let source = match (given, &distributed.reader) {
        (Some(items), _) => ItemSource::Given(items),
        (None, Some(reader)) => source(step, at, reader)?,
        (None, None) => ItemSource::Given(Payload::new(json!([]))),
    };
    let batch = distributed.batcher.as_ref().map(|batcher| batch(step, at, batcher)).transpose()?;
    let written = distributed.writer.as_ref().filter(|writer| writer.is_exported);
    let export = match written.map(|writer| &writer.arguments) {
        Some(Some(arguments)) => {
            Some(flow::map_template(step, at, arguments, "ResultWriter/Arguments")?)
        }
        Some(None) => Some(Payload::new(json!({}))),
        None => None,
    };
    let arn = map_run_arn(&step.execution.arn, &distributed.label, &step.ids.uuid());
    step.push(EventDetail::MapRunStarted { arn: arn.as_str().into() });
    Ok(Pending::MapRun(Box::new(MapRun {
        arn: arn.into(),
        source,
        concurrency_max,
        tolerated_count,
        tolerated_percentage,
        batch,
        export,
        redrives: 0,
    })))
}

fn source(step: &mut Step<'_>, at: Visited<'_>, reader: &ItemReader) -> Result<ItemSource, Fault> {
    let mut template = |template: Option<&_>, name| match template {
        Some(template) => flow::map_template(step, at, template, name),
        None => Ok(Payload::new(json!({}))),
    };
    let arguments = template(reader.arguments.as_ref(), "ItemReader/Arguments")?;
    let config = template(reader.config.as_ref(), "ItemReader/ReaderConfig")?;
    let items_max = match &reader.items_max {
        Some(field) => Some(map::integer(step, at, field, "MaxItems")?),
        None => None,
    };
    Ok(ItemSource::Read { arguments, config, items_max })
}

fn batch(step: &mut Step<'_>, at: Visited<'_>, batcher: &ItemBatcher) -> Result<Batch, Fault> {
    let mut limit = |field: &Option<_>, name: &str| match field {
        Some(field) => match u64::try_from(map::integer(step, at, field, name)?) {
            Ok(limit) if limit > 0 => Ok(Some(limit)),
            Ok(_) | Err(_) => Err(Fault::runtime(format!("{name} must be positive."))),
        },
        None => Ok(None),
    };
    let items_max = limit(&batcher.items_max, "MaxItemsPerBatch")?;
    let bytes_max = limit(&batcher.bytes_max, "MaxInputBytesPerBatch")?;
    let input = match &batcher.input {
        Some(template) => Some(flow::map_template(step, at, template, "ItemBatcher/BatchInput")?),
        None => None,
    };
    Ok(Batch { items_max, bytes_max, input })
}

/// `arn:…:mapRun:<state machine>/<label>:<id>`. A child's own map runs leave its label out.
fn map_run_arn(execution: &str, label: &str, id: &str) -> String {
    let mut parts = execution.split(':');
    let head: Vec<&str> = parts.by_ref().take(5).collect();
    let machine = parts.nth(1).unwrap_or_default();
    let machine = machine.split('/').next().unwrap_or_default();
    format!("{}:mapRun:{machine}/{label}:{id}", head.join(":"))
}

pub(crate) fn succeeded<'a>(
    mut step: Step<'a>,
    at: Visited<'a>,
    output: Payload,
) -> Result<Record, Misfit> {
    let StateKind::Map(map) = &at.state.kind else {
        return Err(step.misfit("the success of its map run"));
    };
    // The state's exit links to the start of the run, not to its end (L4).
    let started = Link::Previous;
    step.push_linked(started, EventDetail::MapRunSucceeded);
    step.push(EventDetail::MapStateSucceeded);
    states::finish(step, at, output, &map.transition, Link::MapRunStarted)
}

pub(crate) fn failed<'a>(
    mut step: Step<'a>,
    at: Visited<'a>,
    failure: Failure,
) -> Result<Record, Misfit> {
    step.push(EventDetail::MapRunFailed(ErrorDetail::from(&failure)));
    handlers::handle(step, at, failure, None)
}
