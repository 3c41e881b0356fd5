//! ListStateMachines.

use super::items_max;
use crate::members::{Members, Text};
use crate::time::Epoch;
use crate::token::Listing;
use crate::{Api, ApiError, limits};
use baton_driver::Tasks;
use baton_store::{Backend, Machine};
use serde::Serialize;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Output {
    state_machines: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    state_machine_arn: String,
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    creation_date: Epoch,
}

pub(super) async fn call<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    body: &[u8],
) -> Result<Output, ApiError> {
    let mut members = Members::parse(body)?;
    let items_max = items_max(&mut members)?;
    let token = members.text("nextToken", Text::non_empty(limits::PAGE_TOKEN_CHARS_MAX))?;
    members.finish()?;
    let any = api.settings.machine_arn("");
    let place = any.as_str();
    let arguments = ["ListStateMachines", place];
    let listing = Listing(&arguments);
    let from = token.map(|token| listing.open(api.now(), &token)).transpose()?;
    let page = api.backend().machines(place, items_max, from.as_deref()).await?;
    Ok(Output {
        state_machines: page.items.iter().map(item).collect(),
        next_token: page.next.map(|place| listing.seal(api.now(), &place)),
    })
}

fn item(machine: &Machine) -> Item {
    Item {
        state_machine_arn: machine.arn.to_string(),
        name: machine.arn.name().to_owned(),
        kind: machine.kind.as_str(),
        creation_date: machine.created.into(),
    }
}
