//! GetExecutionHistory.

use super::{ARN, items_max};
use crate::history::{self, HistoryEvent, HistoryPage, Wanted};
use crate::members::{Members, Text};
use crate::names::execution_arn;
use crate::token::Listing;
use crate::{Api, ApiError, limits};
use baton_driver::Tasks;
use baton_engine::Numbered;
use baton_store::{Backend, Header};
use serde::{Serialize, Serializer};
use std::sync::Arc;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Output {
    events: Events,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Debug)]
struct Events {
    events: Vec<Numbered>,
    header: Arc<Header>,
    has_data: bool,
}

impl Serialize for Events {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Events { events, header, has_data } = self;
        let shown = |event| HistoryEvent { event, header, has_data: *has_data };
        serializer.collect_seq(events.iter().map(shown))
    }
}

pub(super) async fn call<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    body: &[u8],
) -> Result<Output, ApiError> {
    let mut members = Members::parse(body)?;
    let arn = members.required_text("executionArn", ARN)?;
    let items_max = items_max(&mut members)?;
    let is_reversed = members.flag("reverseOrder")?.unwrap_or_default();
    let token = members.text("nextToken", Text::non_empty(limits::PAGE_TOKEN_CHARS_MAX))?;
    let has_data = members.flag("includeExecutionData")?.unwrap_or(true);
    members.finish()?;
    let arn = execution_arn(&arn)?;
    let header = api.header(&arn).await?;
    let direction = if is_reversed { "backwards" } else { "forwards" };
    let arguments = ["GetExecutionHistory", arn.as_str(), direction];
    let listing = Listing(&arguments);
    let place = token.map(|token| listing.open(api.now(), &token)).transpose()?;
    let wanted = Wanted { execution: &arn, items_max, is_reversed };
    let HistoryPage { events, next } =
        history::page(api.backend(), wanted, place.as_deref()).await?;
    Ok(Output {
        events: Events { events, header, has_data },
        next_token: next.map(|place| listing.seal(api.now(), &place)),
    })
}
