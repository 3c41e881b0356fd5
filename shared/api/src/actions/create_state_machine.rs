//! CreateStateMachine: idempotent where nothing but the role and the tags differs.

use super::{ARN, DEFINITION, NAME, parse_definition, read_tags};
use crate::configuration::{Configuration, Given};
use crate::members::Members;
use crate::names::{QualifiedArn, check_name};
use crate::publication::Publishing;
use crate::time::Epoch;
use crate::{Api, ApiError, limits, revision};
use baton_driver::Tasks;
use baton_store::{Backend, Machine, MachineKind, Revision};
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;

/// What a machine's settings keep of a version that it was created with.
const PUBLISHED: &str = "published";

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
            tags: read_tags(&mut members)?.unwrap_or_default(),
            publishing: Publishing::read(&mut members)?,
        };
        members.finish()?;
        Ok(input)
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Output {
    state_machine_arn: String,
    creation_date: Epoch,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_machine_version_arn: Option<String>,
}

pub(super) async fn call<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    body: &[u8],
) -> Result<Output, ApiError> {
    let input = Input::read(body)?;
    let publishing = new_publishing(&input);
    let machine = new_machine(api, input)?;
    api.check_logging(&machine).await?;
    let mut there = api.backend().create_machine(&machine).await?;
    if let Some(deleted) = there.as_ref().filter(|there| there.is_deleting)
        && api.go_on_deleting(deleted).await?
    {
        there = api.backend().create_machine(&machine).await?;
    }
    let machine = match there {
        None => machine,
        Some(there) if there.is_deleting => {
            return Err(ApiError::machine_is_deleting(there.arn.as_str()));
        }
        Some(there) if is_same(&there, &machine) => there,
        Some(there) => return Err(ApiError::machine_exists(there.arn.as_str())),
    };
    let version = match publishing {
        Some(description) => Some(api.publish(&machine, description).await?.0),
        None => None,
    };
    Ok(Output {
        state_machine_arn: machine.arn.to_string(),
        creation_date: machine.created.into(),
        state_machine_version_arn: version
            .map(|number| QualifiedArn::version(&machine.arn, number).to_string()),
    })
}

/// The description of the version that is asked for, if one is.
fn new_publishing(input: &Input) -> Option<Option<String>> {
    let Publishing { is_published, description } = &input.publishing;
    is_published.then(|| description.clone())
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
    let publishing = new_publishing(&input);
    let revision = Revision {
        id: revision::revision_id(now, None, api.backend().bits()),
        definition: input.definition.into(),
        role_arn: input.role_arn.into(),
    };
    let mut settings = input.given.over(Configuration::default()).settings();
    if let Some(description) = publishing {
        settings.insert(PUBLISHED.to_owned(), json!({ "description": description }));
    }
    Ok(Machine {
        arn,
        kind: input.kind,
        created: now,
        updated: None,
        is_deleting: false,
        revision,
        settings,
        tags: BTreeMap::from_iter(input.tags),
    })
}

/// Whether creating the one again gives the other: any difference in the definition's text counts, and of the role and the
/// tags none.
fn is_same(existing: &Machine, asked: &Machine) -> bool {
    existing.kind == asked.kind
        && existing.revision.definition == asked.revision.definition
        && Configuration::of(existing).is_same(&Configuration::of(asked))
        && existing.settings.get(PUBLISHED) == asked.settings.get(PUBLISHED)
}
