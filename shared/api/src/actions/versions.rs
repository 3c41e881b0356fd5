//! PublishStateMachineVersion, ListStateMachineVersions, DeleteStateMachineVersion.

use super::{ARN, Empty, LONG_ARN, items_max};
use crate::members::{Members, Text};
use crate::names::{NamedMachine, QualifiedArn, Qualifier};
use crate::publication::DESCRIPTION;
use crate::time::Epoch;
use crate::token::Listing;
use crate::{Api, ApiError, limits};
use baton_driver::Tasks;
use baton_store::documents::{self, Version};
use baton_store::{Backend, Machine, MachineArn};
use serde::Serialize;

/// What AWS calls the revision that a machine is created with.
const INITIAL: &str = "INITIAL";

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Item {
    creation_date: Epoch,
    state_machine_version_arn: String,
}

impl Item {
    fn of(machine: &MachineArn, number: u32, version: &Version) -> Self {
        Item {
            creation_date: Epoch(version.created_millis),
            state_machine_version_arn: QualifiedArn::version(machine, number).to_string(),
        }
    }
}

pub(super) async fn publish<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    body: &[u8],
) -> Result<Item, ApiError> {
    let mut members = Members::parse(body)?;
    let arn = members.required_text("stateMachineArn", ARN)?;
    let revision_id = Text::non_empty(limits::REVISION_ID_CHARS_MAX);
    let revision_id = members.text("revisionId", revision_id)?;
    let description = members.text("description", DESCRIPTION)?;
    members.finish()?;
    let machine = api.machine(&NamedMachine::parse_plain(&arn)?).await?;
    if machine.is_deleting {
        return Err(ApiError::machine_is_deleting(&arn));
    }
    check_revision(&machine, revision_id.as_deref())?;
    let (number, version) = api.publish(&machine, description).await?;
    Ok(Item::of(&machine.arn, number, &version))
}

fn check_revision(machine: &Machine, given: Option<&str>) -> Result<(), ApiError> {
    let current = machine.updated.map_or(INITIAL, |_| &machine.revision.id.0);
    match given {
        Some(given) if given != current => Err(ApiError::conflict(format!(
            "Failed to publish the State Machine version for revision {given}. The current State Machine revision is {current}."
        ))),
        Some(_) | None => Ok(()),
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listed {
    state_machine_versions: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

/// Newest first: the order of the documents' keys.
pub(super) async fn list<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    body: &[u8],
) -> Result<Listed, ApiError> {
    let mut members = Members::parse(body)?;
    let arn = members.required_text("stateMachineArn", ARN)?;
    let token = members.text("nextToken", Text::non_empty(limits::PAGE_TOKEN_CHARS_MAX))?;
    let items_max = items_max(&mut members)?;
    members.finish()?;
    let machine = api.machine(&NamedMachine::parse_plain(&arn)?).await?.arn;
    let arguments = ["ListStateMachineVersions", machine.as_str()];
    let listing = Listing(&arguments);
    let from = token.map(|token| listing.open(api.now(), &token)).transpose()?;
    let page =
        documents::list::<Version>(api.backend(), machine.as_str(), items_max, from.as_deref())
            .await?;
    let item = |(key, held): &(String, documents::Held<Version>)| {
        Some(Item::of(&machine, Version::number(key)?, &held.value))
    };
    Ok(Listed {
        state_machine_versions: page.items.iter().filter_map(item).collect(),
        next_token: page.next.map(|place| listing.seal(api.now(), &place)),
    })
}

pub(super) async fn delete<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    body: &[u8],
) -> Result<Empty, ApiError> {
    let mut members = Members::parse(body)?;
    let arn = members.required_text("stateMachineVersionArn", LONG_ARN)?;
    members.finish()?;
    let QualifiedArn { machine, qualifier } = QualifiedArn::parse(&arn)?;
    let Qualifier::Version(number) = qualifier else {
        return Err(ApiError::invalid_arn(&format!("Invalid ARN format: {arn}")));
    };
    let is_used = |alias: &documents::Alias| alias.routes.iter().any(|it| it.version == number);
    let aliases = api.aliases(&machine).await?;
    let users: Vec<String> =
        aliases.into_iter().filter(|(_, alias)| is_used(alias)).map(|(name, _)| name).collect();
    if !users.is_empty() {
        let users = users.join(", ");
        return Err(ApiError::conflict(format!(
            "Version to be deleted must not be referenced by an alias. Current list of aliases referencing this version: [{users}]"
        )));
    }
    api.unpublish(&machine, number).await?;
    Ok(Empty {})
}
