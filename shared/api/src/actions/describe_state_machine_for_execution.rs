//! DescribeStateMachineForExecution: the revision that an execution runs, whatever became of the machine.

use super::{ARN, Traits, is_all_data};
use crate::configuration::Configuration;
use crate::members::Members;
use crate::names::execution_arn;
use crate::time::Epoch;
use crate::{Api, ApiError, revision};
use baton_driver::Tasks;
use baton_store::{Backend, Header, Machine, MachineKind};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Output {
    state_machine_arn: String,
    name: String,
    definition: String,
    role_arn: String,
    update_date: Epoch,
    logging_configuration: Value,
    tracing_configuration: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    encryption_configuration: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    map_run_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variable_references: Option<BTreeMap<String, Vec<String>>>,
}

pub(super) async fn call<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    body: &[u8],
) -> Result<Output, ApiError> {
    let mut members = Members::parse(body)?;
    let arn = members.required_text("executionArn", ARN)?;
    let is_all = is_all_data(&mut members)?;
    members.finish()?;
    let header = api.header(&execution_arn(&arn)?).await?;
    let revision = api.backend().revision(&header.machine.unlabelled(), &header.revision).await?;
    let revision = revision.ok_or_else(|| ApiError::no_such_machine(header.machine.as_str()))?;
    // Only its configuration is asked for, which is AWS's default where the machine is gone.
    let machine = api.backend().machine(&header.machine.unlabelled()).await?;
    let machine = machine.filter(|machine| revision::is_of(machine, &header));
    let configuration = machine.as_ref().map(Configuration::of).unwrap_or_default();
    let traits = Traits::of(&revision.definition, MachineKind::Standard);
    Ok(Output {
        state_machine_arn: header.machine.to_string(),
        name: header.machine.name().to_owned(),
        definition: if is_all { revision.definition.to_string() } else { "{}".to_owned() },
        role_arn: revision.role_arn.to_string(),
        update_date: revised(&header).into(),
        encryption_configuration: configuration.shown_encryption(traits.has_variables_or_jsonata),
        logging_configuration: configuration.logging,
        tracing_configuration: configuration.tracing,
        map_run_arn: header.map_run().map(|child| child.map_run_arn.to_string()),
        label: header.machine.label().map(str::to_owned),
        revision_id: shown_revision(&header, machine.as_ref()),
        variable_references: traits.variable_references.filter(|_| is_all),
    })
}

/// When the revision was made.
fn revised(header: &Header) -> Timestamp {
    revision::made_at(&header.revision).unwrap_or(header.execution.started)
}

/// The revision's id, unless it is the machine's first.
fn shown_revision(header: &Header, machine: Option<&Machine>) -> Option<String> {
    let is_first = machine.is_some_and(|machine| revised(header) == machine.created);
    (!is_first).then(|| header.revision.0.to_string())
}
