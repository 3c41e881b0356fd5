//! UpdateStateMachine: a new revision, unless nothing changes. Running executions keep theirs.

use super::{ARN, DEFINITION, parse_definition};
use crate::configuration::{Configuration, Given};
use crate::members::Members;
use crate::names::{NamedMachine, QualifiedArn};
use crate::publication::Publishing;
use crate::time::Epoch;
use crate::{Api, ApiError, limits, revision};
use baton_driver::Tasks;
use baton_store::{Backend, Machine, MachineArn, Revision};
use serde::Serialize;

#[derive(Debug)]
struct Input {
    state_machine_arn: String,
    definition: Option<String>,
    role_arn: Option<String>,
    given: Given,
    publishing: Publishing,
}

impl Input {
    fn read(body: &[u8]) -> Result<Self, ApiError> {
        let mut members = Members::parse(body)?;
        let input = Input {
            state_machine_arn: members.required_text("stateMachineArn", ARN)?,
            definition: members.text("definition", DEFINITION)?,
            role_arn: members.text("roleArn", ARN)?,
            given: Given::read(&mut members)?,
            publishing: Publishing::read(&mut members)?,
        };
        members.finish()?;
        Ok(input)
    }

    /// The machine after the update, its revision's id apart.
    fn applied_to(&self, machine: &Machine) -> Machine {
        let Revision { id, definition, role_arn } = machine.revision.clone();
        let revision = Revision {
            id,
            definition: self.definition.as_deref().map_or(definition, Into::into),
            role_arn: self.role_arn.as_deref().map_or(role_arn, Into::into),
        };
        let configuration = self.given.clone().over(Configuration::of(machine));
        let mut settings = machine.settings.clone();
        settings.extend(configuration.settings());
        Machine { revision, settings, ..machine.clone() }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Output {
    update_date: Epoch,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_machine_version_arn: Option<String>,
}

pub(super) async fn call<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    body: &[u8],
) -> Result<Output, ApiError> {
    let input = Input::read(body)?;
    let arn = NamedMachine::parse_plain(&input.state_machine_arn)?;
    let Given { logging, tracing, .. } = &input.given;
    let has_configuration = logging.is_some() || tracing.is_some();
    if input.definition.is_none() && input.role_arn.is_none() && !has_configuration {
        return Err(ApiError::nothing_to_update());
    }
    input.publishing.check()?;
    for _ in 0..limits::UPDATE_RACES_MAX {
        if let Some((machine, mut output)) = try_update(api, &input, &arn).await? {
            if input.publishing.is_published {
                let description = input.publishing.description.clone();
                let (number, _) = api.publish(&machine, description).await?;
                let version = QualifiedArn::version(&machine.arn, number);
                output.state_machine_version_arn = Some(version.to_string());
            }
            return Ok(output);
        }
    }
    Err(ApiError::contended(arn.as_str()))
}

/// The machine after the update; nothing if another update was faster.
async fn try_update<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    input: &Input,
    arn: &MachineArn,
) -> Result<Option<(Machine, Output)>, ApiError> {
    let machine = api.machine(arn).await?;
    if machine.is_deleting {
        return Err(ApiError::machine_is_deleting(arn.as_str()));
    }
    if let Some(definition) = &input.definition {
        parse_definition(definition, machine.kind)?;
    }
    input.given.check()?;
    let now = api.now();
    let output = |revision_id| Output {
        update_date: now.into(),
        revision_id,
        state_machine_version_arn: None,
    };
    let mut next = input.applied_to(&machine);
    if input.given.logging.is_some() {
        api.check_logging(&next).await?;
    }
    if next == machine {
        return Ok(Some((machine, output(None))));
    }
    let before = &machine.revision.id;
    next.updated = Some(now);
    next.revision.id = revision::revision_id(now, Some(before), api.backend().bits());
    let is_updated = api.backend().update_machine(&next, before).await?;
    let revision_id = Some(next.revision.id.0.to_string());
    Ok(is_updated.then(|| (next, output(revision_id))))
}
