//! DescribeStateMachine.

use super::{ARN, Traits, is_all_data};
use crate::configuration::Configuration;
use crate::members::Members;
use crate::names::{NamedMachine, QualifiedArn, Qualifier};
use crate::resolve::Resolved;
use crate::time::Epoch;
use crate::{Api, ApiError};
use baton_driver::Tasks;
use baton_store::Backend;
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
    #[serde(skip_serializing_if = "Option::is_none")]
    encryption_configuration: Option<Value>,
    /// AWS shows none before the first update.
    #[serde(skip_serializing_if = "Option::is_none")]
    revision_id: Option<String>,
    /// Of a version.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
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
    let named = NamedMachine::parse(&arn)?;
    if let NamedMachine::Qualified(QualifiedArn { qualifier: Qualifier::Alias(_), .. }) = named {
        return Err(ApiError::no_such_machine(&arn));
    }
    let resolved = api.resolve(named).await?;
    if resolved.machine.is_deleting && api.go_on_deleting(&resolved.machine).await? {
        return Err(ApiError::no_such_machine(&arn));
    }
    Ok(output(resolved, is_all))
}

fn output(resolved: Resolved, is_all: bool) -> Output {
    let named_arn = resolved.named_arn();
    let Resolved { machine, version, .. } = resolved;
    let version = version.map(|(_, version)| version);
    let configuration = Configuration::of(&machine);
    let definition = &machine.revision.definition;
    let traits = Traits::of(definition, machine.kind);
    let encryption_configuration = configuration.shown_encryption(traits.has_variables_or_jsonata);
    let is_first = version.as_ref().map_or(machine.updated.is_none(), |version| version.is_first);
    let created =
        version.as_ref().map_or(machine.created.into(), |version| Epoch(version.created_millis));
    Output {
        state_machine_arn: named_arn.to_string(),
        name: machine.arn.name().to_owned(),
        status: if machine.is_deleting { "DELETING" } else { "ACTIVE" },
        definition: if is_all { definition.to_string() } else { "{}".to_owned() },
        role_arn: machine.revision.role_arn.to_string(),
        kind: machine.kind.as_str(),
        creation_date: created,
        logging_configuration: configuration.logging,
        tracing_configuration: configuration.tracing,
        encryption_configuration,
        revision_id: (!is_first).then(|| machine.revision.id.0.to_string()),
        description: version.and_then(|version| version.description),
        variable_references: traits.variable_references.filter(|_| is_all),
    }
}
