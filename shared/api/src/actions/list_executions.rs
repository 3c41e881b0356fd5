//! ListExecutions: newest first.

use super::map_runs::{self, Wanted};
use super::{ARN, items_max};
use crate::members::{Members, Text};
use crate::names::NamedMachine;
use crate::resolve::Resolved;
use crate::time::Epoch;
use crate::token::Listing;
use crate::{Api, ApiError, limits, revision};
use baton_driver::Tasks;
use baton_store::{Backend, ExecutionQuery, Header, MachineKind, Page, StatusName};
use serde::Serialize;
use std::sync::Arc;

/// As AWS lists them in its message.
const STATUSES: [&str; 6] =
    ["SUCCEEDED", "TIMED_OUT", "PENDING_REDRIVE", "ABORTED", "FAILED", "RUNNING"];

#[derive(Debug)]
struct Input {
    machine_arn: Option<String>,
    map_run_arn: Option<String>,
    status: Option<StatusName>,
    /// `redriveFilter`: whether those are wanted that were redriven, or the others.
    is_redriven: Option<bool>,
    items_max: u32,
    token: Option<String>,
}

impl Input {
    fn read(body: &[u8]) -> Result<Self, ApiError> {
        let mut members = Members::parse(body)?;
        let map_run_arn = Text::non_empty(limits::LONG_ARN_CHARS_MAX);
        let token = Text::non_empty(limits::EXECUTIONS_PAGE_TOKEN_CHARS_MAX);
        let redrive_filters = ["REDRIVEN", "NOT_REDRIVEN"];
        let input = Input {
            machine_arn: members.text("stateMachineArn", ARN)?,
            map_run_arn: members.text("mapRunArn", map_run_arn)?,
            status: members.choice("statusFilter", &STATUSES)?.and_then(StatusName::parse),
            is_redriven: members
                .choice("redriveFilter", &redrive_filters)?
                .map(|filter| filter == "REDRIVEN"),
            items_max: items_max(&mut members)?,
            token: members.text("nextToken", token)?,
        };
        members.finish()?;
        Ok(input)
    }

    /// The machine, version or alias whose executions are wanted.
    fn named(&self) -> Result<NamedMachine, ApiError> {
        match (&self.machine_arn, &self.map_run_arn) {
            (None, None) => {
                Err(ApiError::validation("Must provide a State Machine ARN or Map Run ARN"))
            }
            (Some(_), Some(_)) => Err(ApiError::validation(
                "Must provide either a State Machine ARN or a Map Run ARN, not both",
            )),
            (None, Some(map_run)) => Err(ApiError::no_such_resource(map_run)),
            (Some(_), None) if self.is_redriven.is_some() => {
                Err(ApiError::validation("The redrive filter can only be used with a Map Run ARN"))
            }
            (Some(_), None) if self.status == Some(StatusName::PendingRedrive) => {
                Err(ApiError::validation(
                    "The status PENDING_REDRIVE can only be used with a Map Run ARN",
                ))
            }
            (Some(machine), None) => NamedMachine::parse(machine),
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Output {
    executions: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    execution_arn: String,
    state_machine_arn: String,
    name: String,
    status: &'static str,
    start_date: Epoch,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_date: Option<Epoch>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_machine_version_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_machine_alias_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    map_run_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    item_count: Option<u32>,
    redrive_count: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    redrive_date: Option<Epoch>,
}

pub(super) async fn call<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    body: &[u8],
) -> Result<Output, ApiError> {
    let input = Input::read(body)?;
    if let (None, Some(map_run)) = (&input.machine_arn, &input.map_run_arn) {
        return of_map_run(api, &input, map_run).await;
    }
    let named = input.named()?;
    let is_qualified = matches!(named, NamedMachine::Qualified(_));
    let resolved = api.resolve(named).await?;
    if resolved.machine.kind == MachineKind::Express {
        return Err(ApiError::machine_type_not_supported());
    }
    let named_arn = resolved.named_arn();
    let status = input.status.map_or("", StatusName::as_str);
    let arguments = ["ListExecutions", &*named_arn, status];
    let listing = Listing(&arguments);
    let from = input.token.as_ref().map(|token| listing.open(api.now(), token)).transpose()?;
    let query = ExecutionQuery {
        machine: resolved.machine.arn.clone(),
        status: input.status,
        items_max: if is_qualified { limits::SCAN_PAGE_ITEMS } else { input.items_max },
    };
    let mut page = if is_qualified {
        let is_wanted = |header: &Header| is_through(header, &resolved);
        scan(api, &query, from.as_deref(), input.items_max as usize, is_wanted).await?
    } else {
        api.backend().executions(&query, from.as_deref()).await?
    };
    // Executions of a deleted machine of the same name come last.
    let is_own = |header: &Header| revision::is_of(&resolved.machine, header);
    let next = page.next.filter(|_| page.items.last().is_none_or(|last| is_own(last)));
    page.items.retain(|header| is_own(header));
    Ok(Output {
        executions: page.items.iter().map(|header| item(header)).collect(),
        next_token: next.map(|place| listing.seal(api.now(), &place)),
    })
}

/// The children of a map run, in the order of their items.
async fn of_map_run<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    input: &Input,
    map_run: &str,
) -> Result<Output, ApiError> {
    let status = input.status.map_or("", StatusName::as_str);
    let redriven = input.is_redriven.map_or("", |it| if it { "REDRIVEN" } else { "NOT_REDRIVEN" });
    let arguments = ["ListExecutions", map_run, status, redriven];
    let listing = Listing(&arguments);
    let from = input.token.as_ref().map(|token| listing.open(api.now(), token)).transpose()?;
    let wanted =
        Wanted { status: input.status, is_redriven: input.is_redriven, items_max: input.items_max };
    let (children, next) = map_runs::children(api, map_run, wanted, from.as_deref()).await?;
    let mut executions = Vec::with_capacity(children.len());
    for (header, status) in children {
        let mut listed = Item { status: status.as_str(), ..item(&header) };
        if let Some(child) = header.map_run() {
            listed.map_run_arn = Some(child.map_run_arn.to_string());
            listed.item_count = map_runs::item_count(api, child).await?;
        }
        executions.push(listed);
    }
    let next_token = next.map(|place| listing.seal(api.now(), &place));
    Ok(Output { executions, next_token })
}

/// Whether an execution was started through the alias, or runs the version, that was named.
fn is_through(header: &Header, named: &Resolved) -> bool {
    match named.alias_arn() {
        Some(alias) => header.alias_arn.as_ref() == Some(&alias),
        None => header.version_arn == named.version_arn(),
    }
}

/// The executions that are wanted, page by page of all there are. A place is the page's and how many on it were passed. What is
/// read is bounded: where few are wanted a page may be a short one.
async fn scan<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    query: &ExecutionQuery,
    from: Option<&str>,
    items_max: usize,
    is_wanted: impl Fn(&Header) -> bool,
) -> Result<Page<Arc<Header>>, ApiError> {
    let (mut passed, mut from) = match from {
        None => (0, None),
        Some(place) => {
            let (passed, from) = place.split_once(' ').ok_or_else(ApiError::invalid_token)?;
            let passed = passed.parse().map_err(|_| ApiError::invalid_token())?;
            (passed, Some(from.to_owned()).filter(|from| !from.is_empty()))
        }
    };
    let mut items = Vec::new();
    for _ in 0..limits::SCAN_PAGES_MAX {
        let page = api.backend().executions(query, from.as_deref()).await?;
        for (at, header) in page.items.iter().enumerate().skip(passed) {
            if !is_wanted(header) {
                continue;
            }
            if items.len() == items_max {
                let place = format!("{at} {}", from.as_deref().unwrap_or_default());
                return Ok(Page { items, next: Some(place) });
            }
            items.push(Arc::clone(header));
        }
        passed = 0;
        from = page.next;
        if from.is_none() {
            return Ok(Page { items, next: None });
        }
    }
    let place = from.map(|from| format!("0 {from}"));
    Ok(Page { items, next: place })
}

fn item(header: &Header) -> Item {
    let text = |arn: &Arc<str>| arn.to_string();
    Item {
        execution_arn: header.execution.arn.to_string(),
        state_machine_arn: header.machine.to_string(),
        name: header.execution.name.to_string(),
        status: header.status.name().as_str(),
        start_date: header.execution.started.into(),
        stop_date: header.status.stopped().map(Epoch::from),
        state_machine_version_arn: header.version_arn.as_ref().map(text),
        state_machine_alias_arn: header.alias_arn.as_ref().map(text),
        map_run_arn: None,
        item_count: None,
        redrive_count: header.execution.redrives.count,
        redrive_date: header.execution.redrives.latest.map(Epoch::from),
    }
}
