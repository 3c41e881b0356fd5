//! DescribeStateMachine.

use super::{ARN, is_all_data, variable_references};
use crate::configuration::Configuration;
use crate::members::Members;
use crate::names::NamedMachine;
use crate::time::Epoch;
use crate::{Api, ApiError};
use baton_driver::Tasks;
use baton_store::{Backend, Machine};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Output {
    state_machine_arn: String,
    name: String,
    status: &'static str,
    definition: String,
    role_arn: String,
    #[serde(rename = "type")]
    kind: &'static str,
    creation_date: Epoch,
    logging_configuration: Value,
    tracing_configuration: Value,
    encryption_configuration: Value,
    /// AWS shows none before the first update.
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
    let arn = members.required_text("stateMachineArn", ARN)?;
    let is_all = is_all_data(&mut members)?;
    members.finish()?;
    match NamedMachine::parse(&arn)? {
        NamedMachine::Plain(arn) => Ok(output(&api.machine(&arn).await?, is_all)),
        NamedMachine::Qualified(text) => Err(ApiError::no_such_machine(&text)),
    }
}

fn output(machine: &Machine, is_all: bool) -> Output {
    let Configuration { logging, tracing, encryption } = Configuration::of(machine);
    let definition = &machine.revision.definition;
    Output {
        state_machine_arn: machine.arn.to_string(),
        name: machine.arn.name().to_owned(),
        status: if machine.is_deleting { "DELETING" } else { "ACTIVE" },
        definition: if is_all { definition.to_string() } else { "{}".to_owned() },
        role_arn: machine.revision.role_arn.to_string(),
        kind: machine.kind.as_str(),
        creation_date: machine.created.into(),
        logging_configuration: logging,
        tracing_configuration: tracing,
        encryption_configuration: encryption,
        revision_id: machine.updated.map(|_| machine.revision.id.0.to_string()),
        variable_references: is_all
            .then(|| variable_references(definition, machine.kind))
            .flatten(),
    }
}
