//! CreateStateMachine: idempotent where nothing but the role and the tags differs.

use super::{ARN, DEFINITION, NAME, Publishing, parse_definition, refuse_publishing};
use crate::configuration::{Configuration, Given};
use crate::members::{Members, Text};
use crate::names::check_name;
use crate::time::Epoch;
use crate::{Api, ApiError, limits, revision};
use baton_driver::Tasks;
use baton_store::{Backend, Machine, MachineKind, Revision};
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Debug)]
struct Input {
    name: String,
    definition: String,
    role_arn: String,
    kind: MachineKind,
    given: Given,
    tags: Vec<(String, String)>,
    publishing: Publishing,
}

impl Input {
    fn read(body: &[u8]) -> Result<Self, ApiError> {
        let mut members = Members::parse(body)?;
        let input = Input {
            name: members.required_text("name", NAME)?,
            definition: members.required_text("definition", DEFINITION)?,
            role_arn: members.required_text("roleArn", ARN)?,
            kind: match members.choice("type", &["STANDARD", "EXPRESS"])? {
                Some("EXPRESS") => MachineKind::Express,
                Some(_) | None => MachineKind::Standard,
            },
            given: Given::read(&mut members)?,
            tags: members.structures("tags", read_tag)?.unwrap_or_default(),
            publishing: refuse_publishing(&mut members)?,
        };
        members.finish()?;
        Ok(input)
    }
}

fn read_tag(tag: &mut Members) -> Result<(String, String), ApiError> {
    let key = tag.text("key", Text::non_empty(limits::TAG_KEY_CHARS_MAX))?;
    let value = tag.text("value", Text::up_to(limits::TAG_VALUE_CHARS_MAX))?;
    Ok((key.unwrap_or_default(), value.unwrap_or_default()))
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Output {
    state_machine_arn: String,
    creation_date: Epoch,
}

pub(super) async fn call<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    body: &[u8],
) -> Result<Output, ApiError> {
    let input = Input::read(body)?;
    let machine = new_machine(api, input)?;
    match api.backend().create_machine(&machine).await? {
        None => Ok(output(&machine)),
        Some(existing) if existing.is_deleting => {
            Err(ApiError::machine_is_deleting(existing.arn.as_str()))
        }
        Some(existing) if is_same(&existing, &machine) => Ok(output(&existing)),
        Some(existing) => Err(ApiError::machine_exists(existing.arn.as_str())),
    }
}

fn new_machine<B: Backend, T: Tasks>(api: &Api<B, T>, input: Input) -> Result<Machine, ApiError> {
    check_name(&input.name)?;
    input.publishing.check()?;
    let arn = api.settings.machine_arn(&input.name);
    if input.tags.len() > limits::TAGS_MAX {
        return Err(ApiError::too_many_tags(arn.as_str()));
    }
    parse_definition(&input.definition, input.kind)?;
    input.given.check()?;
    let now = api.now();
    let revision = Revision {
        id: revision::revision_id(now, None, api.backend().bits()),
        definition: input.definition.into(),
        role_arn: input.role_arn.into(),
    };
    Ok(Machine {
        arn,
        kind: input.kind,
        created: now,
        updated: None,
        is_deleting: false,
        revision,
        settings: input.given.over(Configuration::default()).settings(),
        tags: BTreeMap::from_iter(input.tags),
    })
}

/// Whether creating the one again gives the other: any difference in the definition's text counts.
fn is_same(existing: &Machine, asked: &Machine) -> bool {
    existing.kind == asked.kind
        && existing.revision.definition == asked.revision.definition
        && Configuration::of(existing) == Configuration::of(asked)
}

fn output(machine: &Machine) -> Output {
    Output { state_machine_arn: machine.arn.to_string(), creation_date: machine.created.into() }
}
