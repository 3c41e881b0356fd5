//! CreateStateMachineAlias, UpdateStateMachineAlias, DescribeStateMachineAlias, DeleteStateMachineAlias,
//! ListStateMachineAliases.

use super::{ARN, Empty, NAME, items_max};
use crate::members::{Members, Text};
use crate::names::{NamedMachine, QualifiedArn, Qualifier};
use crate::publication::DESCRIPTION;
use crate::time::Epoch;
use crate::token::Listing;
use crate::{Api, ApiError, limits};
use baton_driver::Tasks;
use baton_store::documents::{self, Alias, Held, Route};
use baton_store::{Backend, MachineArn};
use serde::Serialize;

const PATTERN: &str = r"^(?=.*[a-zA-Z_\-\.])[a-zA-Z0-9_\-\.]+$";
const ROUTING: &str = "routingConfiguration";

/// A route as requests give it.
#[derive(Debug)]
struct GivenRoute {
    version_arn: String,
    weight: i64,
}

/// `routingConfiguration`, checked as far as each route by itself.
fn read_routes(members: &mut Members) -> Result<Option<Vec<GivenRoute>>, ApiError> {
    let routes = members.structures(ROUTING, |route| {
        let version_arn = route.required_text("stateMachineVersionArn", ARN)?;
        let weight = route.integer("weight", 0..=limits::WEIGHT_SUM)?;
        if weight.is_none() {
            route.missing("weight");
        }
        Ok(GivenRoute { version_arn, weight: weight.unwrap_or_default() })
    })?;
    if let Some(routes) = &routes {
        let shown: Vec<String> = routes.iter().map(GivenRoute::shown).collect();
        let shown = format!("[{}]", shown.join(", "));
        members.check_length(ROUTING, routes.len(), 1..=limits::ROUTES_MAX, &shown);
    }
    Ok(routes)
}

impl GivenRoute {
    /// As AWS prints one.
    fn shown(&self) -> String {
        let GivenRoute { version_arn, weight } = self;
        format!(
            "RoutingConfigurationListItem(stateMachineVersionArn={version_arn}, weight={weight})"
        )
    }
}

/// Where routes lead: versions of one machine.
#[derive(Debug)]
struct Routing {
    machine: MachineArn,
    routes: Vec<Route>,
}

impl Routing {
    /// Checks the routes together.
    fn of(given: &[GivenRoute]) -> Result<Self, ApiError> {
        let arns: Vec<&str> = given.iter().map(|route| route.version_arn.as_str()).collect();
        let received = |what: &str| {
            let arns = arns.join(", ");
            ApiError::validation(format!(
                "Routing configuration must contain {what}. Received: [{arns}]"
            ))
        };
        let mut routes = Vec::new();
        let mut machines = Vec::new();
        for route in given {
            let named = NamedMachine::parse(&route.version_arn)?;
            let NamedMachine::Qualified(QualifiedArn {
                machine,
                qualifier: Qualifier::Version(version),
            }) = named
            else {
                return Err(received("state machine version ARNs"));
            };
            machines.push(machine);
            routes.push(Route { version, weight: u8::try_from(route.weight).unwrap_or(u8::MAX) });
        }
        let [machine, others @ ..] = machines.as_slice() else {
            return Err(received("state machine version ARNs"));
        };
        if others.iter().any(|other| other != machine) {
            return Err(received("versions of the same state machine"));
        }
        let distinct =
            |route: &Route| routes.iter().filter(|it| it.version == route.version).count() == 1;
        if !routes.iter().all(distinct) {
            return Err(received("distinct state machine version ARNs"));
        }
        if given.iter().map(|route| route.weight).sum::<i64>() != limits::WEIGHT_SUM {
            let weights: Vec<String> = given.iter().map(|route| route.weight.to_string()).collect();
            return Err(ApiError::validation(format!(
                "Sum of routing configuration weights must equal {}. Received: [{}]",
                limits::WEIGHT_SUM,
                weights.join(", ")
            )));
        }
        Ok(Routing { machine: machine.clone(), routes })
    }
}

/// Looks whether each route's version exists.
async fn check_versions<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    routing: &Routing,
) -> Result<(), ApiError> {
    for route in &routing.routes {
        let version = api.find_version(&routing.machine, route.version).await?;
        version.ok_or_else(ApiError::dangling)?;
    }
    Ok(())
}

async fn check_active<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    machine: &MachineArn,
) -> Result<(), ApiError> {
    match api.backend().machine(machine).await? {
        Some(there) if there.is_deleting => Err(ApiError::machine_is_deleting(machine.as_str())),
        Some(_) => Ok(()),
        None => Err(ApiError::dangling()),
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Item {
    creation_date: Epoch,
    state_machine_alias_arn: String,
}

impl Item {
    fn of(machine: &MachineArn, name: &str, alias: &Alias) -> Self {
        Item {
            creation_date: Epoch(alias.created_millis),
            state_machine_alias_arn: QualifiedArn::alias(machine, name).to_string(),
        }
    }
}

pub(super) async fn create<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    body: &[u8],
) -> Result<Item, ApiError> {
    let mut members = Members::parse(body)?;
    let description = members.text("description", DESCRIPTION)?;
    let name = members.required_text("name", NAME)?;
    if !name.is_empty() && name.len() <= limits::NAME_CHARS_MAX && !is_alias_name(&name) {
        members.mismatch("name", &name, PATTERN);
    }
    let given = read_routes(&mut members)?;
    if given.is_none() {
        members.missing(ROUTING);
    }
    members.finish()?;
    let routing = Routing::of(&given.unwrap_or_default())?;
    check_active(api, &routing.machine).await?;
    check_versions(api, &routing).await?;
    let now = api.now().as_millisecond();
    let Routing { machine, routes } = routing;
    let alias = Alias { created_millis: now, updated_millis: now, description, routes };
    put_new(api, &machine, &name, &alias).await
}

/// Letters, digits, `-`, `_` and `.`, not digits alone: those are versions.
fn is_alias_name(name: &str) -> bool {
    let is_mark = |c: char| matches!(c, '_' | '-' | '.');
    name.chars().all(|c| c.is_ascii_alphanumeric() || is_mark(c))
        && name.chars().any(|c| c.is_ascii_alphabetic() || is_mark(c))
}

async fn put_new<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    machine: &MachineArn,
    name: &str,
    alias: &Alias,
) -> Result<Item, ApiError> {
    let there = match api.find_alias(machine, name).await? {
        Some(there) => Some(there),
        None => {
            if api.aliases(machine).await?.len() >= limits::ALIASES_MAX as usize {
                let max = limits::ALIASES_MAX;
                let message = format!("The state machine has {max} aliases, which is the most.");
                return Err(ApiError::quota_exceeded(message));
            }
            let (backend, group) = (api.backend(), machine.as_str());
            if documents::swap(backend, group, name, None, Some(alias)).await? {
                return Ok(Item::of(machine, name, alias));
            }
            api.find_alias(machine, name).await?
        }
    };
    let is_same = |it: &Alias| it.description == alias.description && it.routes == alias.routes;
    match there {
        Some(there) if is_same(&there.value) => Ok(Item::of(machine, name, &there.value)),
        Some(_) => Err(ApiError::conflict(
            "Failed to create alias because an alias with the same name and a different routing configuration already exists.",
        )),
        None => Err(ApiError::contended(machine.as_str())),
    }
}

/// The alias that an ARN names.
async fn named<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    arn: &str,
) -> Result<(MachineArn, String, Option<Held<Alias>>), ApiError> {
    let QualifiedArn { machine, qualifier } = QualifiedArn::parse(arn)?;
    let Qualifier::Alias(name) = qualifier else {
        return Err(ApiError::invalid_arn(&format!("Invalid ARN format: {arn}")));
    };
    let held = api.find_alias(&machine, &name).await?;
    Ok((machine, name, held))
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Updated {
    update_date: Epoch,
}

pub(super) async fn update<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    body: &[u8],
) -> Result<Updated, ApiError> {
    let mut members = Members::parse(body)?;
    let arn = members.required_text("stateMachineAliasArn", ARN)?;
    let description = members.text("description", DESCRIPTION)?;
    let given = read_routes(&mut members)?;
    members.finish()?;
    if description.is_none() && given.is_none() {
        return Err(ApiError::validation(
            "Either the description or the routing configuration must be specified",
        ));
    }
    let routing = given.map(|given| Routing::of(&given)).transpose()?;
    for _ in 0..limits::UPDATE_RACES_MAX {
        let (machine, name, held) = named(api, &arn).await?;
        let held = held.ok_or_else(ApiError::dangling)?;
        check_active(api, &machine).await?;
        let mut alias = held.value.clone();
        alias.updated_millis = api.now().as_millisecond();
        if let Some(description) = &description {
            alias.description = Some(description.clone());
        }
        if let Some(routing) = &routing {
            check_same_machine(routing, &machine)?;
            check_versions(api, routing).await?;
            alias.routes.clone_from(&routing.routes);
        }
        let (backend, group) = (api.backend(), machine.as_str());
        if documents::swap(backend, group, &name, Some(&held), Some(&alias)).await? {
            return Ok(Updated { update_date: Epoch(alias.updated_millis) });
        }
    }
    Err(ApiError::contended(&arn))
}

fn check_same_machine(routing: &Routing, machine: &MachineArn) -> Result<(), ApiError> {
    if routing.machine == *machine {
        return Ok(());
    }
    let version =
        |route: &Route| QualifiedArn::version(&routing.machine, route.version).to_string();
    let received: Vec<String> = routing.routes.iter().map(version).collect();
    Err(ApiError::validation(format!(
        "Routing configuration must contain versions of the same state machine. Received: [{}]",
        received.join(", ")
    )))
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Described {
    state_machine_alias_arn: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    routing_configuration: Vec<ShownRoute>,
    creation_date: Epoch,
    update_date: Epoch,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownRoute {
    state_machine_version_arn: String,
    weight: u8,
}

pub(super) async fn describe<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    body: &[u8],
) -> Result<Described, ApiError> {
    let mut members = Members::parse(body)?;
    let arn = members.required_text("stateMachineAliasArn", ARN)?;
    members.finish()?;
    let (machine, name, held) = named(api, &arn).await?;
    let alias = held.ok_or_else(ApiError::dangling)?.value;
    let shown = |route: &Route| ShownRoute {
        state_machine_version_arn: QualifiedArn::version(&machine, route.version).to_string(),
        weight: route.weight,
    };
    Ok(Described {
        state_machine_alias_arn: arn,
        name,
        description: alias.description,
        routing_configuration: alias.routes.iter().map(shown).collect(),
        creation_date: Epoch(alias.created_millis),
        update_date: Epoch(alias.updated_millis),
    })
}

/// Deleting what is not there is a success, too.
pub(super) async fn delete<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    body: &[u8],
) -> Result<Empty, ApiError> {
    let mut members = Members::parse(body)?;
    let arn = members.required_text("stateMachineAliasArn", ARN)?;
    members.finish()?;
    for _ in 0..limits::UPDATE_RACES_MAX {
        let (machine, name, held) = named(api, &arn).await?;
        let Some(held) = held else { return Ok(Empty {}) };
        let (backend, group) = (api.backend(), machine.as_str());
        if documents::swap(backend, group, &name, Some(&held), None).await? {
            return Ok(Empty {});
        }
    }
    Err(ApiError::contended(&arn))
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listed {
    state_machine_aliases: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

/// Newest first. There are so few that all are read for each page.
pub(super) async fn list<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    body: &[u8],
) -> Result<Listed, ApiError> {
    let mut members = Members::parse(body)?;
    let arn = members.required_text("stateMachineArn", ARN)?;
    let token = members.text("nextToken", Text::non_empty(limits::PAGE_TOKEN_CHARS_MAX))?;
    let items_max = items_max(&mut members)?;
    members.finish()?;
    let (machine, version) = match NamedMachine::parse(&arn)? {
        NamedMachine::Plain(machine) => (machine, None),
        NamedMachine::Qualified(QualifiedArn {
            machine,
            qualifier: Qualifier::Version(version),
        }) => (machine, Some(version)),
        NamedMachine::Qualified(_) => return Err(ApiError::no_such_machine(&arn)),
    };
    let arguments = ["ListStateMachineAliases", arn.as_str()];
    let listing = Listing(&arguments);
    let from = token.map(|token| listing.open(api.now(), &token)).transpose()?;
    api.machine(&machine).await?;
    if let Some(version) = version {
        let version = api.find_version(&machine, version).await?;
        version.ok_or_else(|| ApiError::no_such_machine(&arn))?;
    }
    let mut aliases = api.aliases(&machine).await?;
    aliases.retain(|(_, alias)| {
        version.is_none_or(|version| alias.routes.iter().any(|it| it.version == version))
    });
    aliases.sort_by_cached_key(|(name, alias)| place(name, alias));
    let rest = aliases.iter().filter(|(name, alias)| from.as_ref() < Some(&place(name, alias)));
    let mut rest = rest.peekable();
    let page: Vec<_> = rest.by_ref().take(items_max as usize).collect();
    let next = rest.peek().and(page.last()).map(|(name, alias)| place(name, alias));
    Ok(Listed {
        state_machine_aliases: page.iter().map(|(name, it)| Item::of(&machine, name, it)).collect(),
        next_token: next.map(|place| listing.seal(api.now(), &place)),
    })
}

/// What a list of aliases is in the order of.
fn place(name: &str, alias: &Alias) -> String {
    format!("{:020} {name}", i64::MAX.saturating_sub(alias.created_millis))
}
