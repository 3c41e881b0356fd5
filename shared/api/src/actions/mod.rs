//! One module an action: what it takes, what it does, what it answers.

mod activities;
mod aliases;
mod create_state_machine;
mod delete_state_machine;
mod describe_execution;
mod describe_state_machine;
mod describe_state_machine_for_execution;
mod get_execution_history;
mod list_executions;
mod list_state_machines;
mod map_runs;
mod redrive_execution;
mod send_task;
mod start_execution;
mod start_sync_execution;
mod stop_execution;
mod tags;
mod test_state;
mod update_state_machine;
mod validate_state_machine_definition;
mod versions;

use crate::answer::Answer;
use crate::api::Caller;
use crate::members::{Members, Text};
use crate::operation::Operation;
use crate::{Api, ApiError, limits};
use baton_asl::{Definition, MachineType, Options};
use baton_driver::Tasks;
use baton_engine::ErrorDetail;
use baton_store::{Backend, MachineKind};
use serde::Serialize;
use std::collections::BTreeMap;

/// Carries out an operation.
#[expect(clippy::too_many_lines, reason = "one arm an operation")]
pub(crate) async fn call<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    operation: Operation,
    body: &[u8],
    caller: Caller<'_>,
    request_id: String,
) -> Answer {
    fn answer<O: Serialize>(request_id: String, outcome: Result<O, ApiError>) -> Answer {
        match outcome {
            Ok(output) => Answer::success(request_id, &output),
            Err(error) => Answer::refusal(request_id, &error),
        }
    }
    match operation {
        Operation::CreateActivity => answer(request_id, activities::create(api, body).await),
        Operation::DeleteActivity => answer(request_id, activities::delete(api, body).await),
        Operation::DescribeActivity => answer(request_id, activities::describe(api, body).await),
        Operation::GetActivityTask => answer(request_id, activities::poll(api, body).await),
        Operation::ListActivities => answer(request_id, activities::list(api, body).await),
        Operation::CreateStateMachineAlias => answer(request_id, aliases::create(api, body).await),
        Operation::DeleteStateMachineAlias => answer(request_id, aliases::delete(api, body).await),
        Operation::DeleteStateMachineVersion => {
            answer(request_id, versions::delete(api, body).await)
        }
        Operation::DescribeStateMachineAlias => {
            answer(request_id, aliases::describe(api, body).await)
        }
        Operation::ListStateMachineAliases => answer(request_id, aliases::list(api, body).await),
        Operation::ListStateMachineVersions => answer(request_id, versions::list(api, body).await),
        Operation::ListTagsForResource => answer(request_id, tags::list(api, body).await),
        Operation::PublishStateMachineVersion => {
            answer(request_id, versions::publish(api, body).await)
        }
        Operation::TagResource => answer(request_id, tags::tag(api, body).await),
        Operation::UntagResource => answer(request_id, tags::untag(api, body).await),
        Operation::UpdateStateMachineAlias => answer(request_id, aliases::update(api, body).await),
        Operation::CreateStateMachine => {
            answer(request_id, create_state_machine::call(api, body).await)
        }
        Operation::DeleteStateMachine => {
            answer(request_id, delete_state_machine::call(api, body).await)
        }
        Operation::DescribeExecution => {
            answer(request_id, describe_execution::call(api, body, caller.parent.is_some()).await)
        }
        Operation::DescribeStateMachine => {
            answer(request_id, describe_state_machine::call(api, body).await)
        }
        Operation::DescribeStateMachineForExecution => {
            answer(request_id, describe_state_machine_for_execution::call(api, body).await)
        }
        Operation::GetExecutionHistory => {
            answer(request_id, get_execution_history::call(api, body).await)
        }
        Operation::DescribeMapRun => answer(request_id, map_runs::describe(api, body).await),
        Operation::ListMapRuns => answer(request_id, map_runs::list(api, body).await),
        Operation::UpdateMapRun => answer(request_id, map_runs::update(api, body).await),
        Operation::ListExecutions => answer(request_id, list_executions::call(api, body).await),
        Operation::ListStateMachines => {
            answer(request_id, list_state_machines::call(api, body).await)
        }
        Operation::RedriveExecution => answer(request_id, redrive_execution::call(api, body).await),
        Operation::SendTaskFailure => answer(request_id, send_task::failure(api, body).await),
        Operation::SendTaskHeartbeat => answer(request_id, send_task::heartbeat(api, body).await),
        Operation::SendTaskSuccess => answer(request_id, send_task::success(api, body).await),
        Operation::StartExecution => {
            answer(request_id, start_execution::call(api, body, caller).await)
        }
        Operation::StartSyncExecution => {
            answer(request_id, start_sync_execution::call(api, body, caller).await)
        }
        Operation::StopExecution => answer(request_id, stop_execution::call(api, body).await),
        Operation::TestState => answer(request_id, test_state::call(api, body).await),
        Operation::UpdateStateMachine => {
            answer(request_id, update_state_machine::call(api, body).await)
        }
        Operation::ValidateStateMachineDefinition => {
            answer(request_id, validate_state_machine_definition::call(body))
        }
    }
}

/// An answer without members.
#[derive(Debug, Serialize)]
struct Empty {}

const ARN: Text = Text::non_empty(limits::ARN_CHARS_MAX);
const LONG_ARN: Text = Text::non_empty(limits::LONG_ARN_CHARS_MAX);
const NAME: Text = Text::non_empty(limits::NAME_CHARS_MAX);
const DEFINITION: Text = Text::non_empty(limits::DEFINITION_CHARS_MAX).sensitive();

/// `maxResults`, with what 0 and none stand for.
fn items_max(members: &mut Members) -> Result<u32, ApiError> {
    let range = 0..=i64::from(limits::PAGE_ITEMS_MAX);
    let given = members.integer("maxResults", range)?.and_then(|count| u32::try_from(count).ok());
    Ok(given.filter(|count| *count > 0).unwrap_or(limits::PAGE_ITEMS_DEFAULT))
}

/// `includedData`: whether it is everything.
fn is_all_data(members: &mut Members) -> Result<bool, ApiError> {
    let included = members.choice("includedData", &["ALL_DATA", "METADATA_ONLY"])?;
    Ok(included != Some("METADATA_ONLY"))
}

/// `error` and `cause`.
fn error_detail(members: &mut Members) -> Result<ErrorDetail, ApiError> {
    let error = members.text("error", Text::up_to(limits::ERROR_CHARS_MAX).sensitive())?;
    let cause = members.text("cause", Text::up_to(limits::CAUSE_CHARS_MAX).sensitive())?;
    Ok(ErrorDetail { error: error.map(Into::into), cause: cause.map(Into::into) })
}

/// What is wrong with a payload's text, in AWS's words where they fit.
fn json_fault(text: &str, error: &serde_json::Error) -> String {
    match baton_asl::check_json(text) {
        Err(fault) => fault.message,
        // AWS's reader is satisfied, ours is not: the nesting is too deep, say.
        Ok(()) => error.to_string(),
    }
}

/// A payload's length: the API model counts characters, the service bytes.
fn payload_text(payload_bytes_max: Option<usize>) -> Text {
    Text::up_to(payload_bytes_max.unwrap_or(usize::MAX)).sensitive()
}

/// `tags`.
fn read_tags(members: &mut Members) -> Result<Option<Vec<(String, String)>>, ApiError> {
    members.structures("tags", |tag| {
        let key = tag.text("key", Text::non_empty(limits::TAG_KEY_CHARS_MAX))?;
        let value = tag.text("value", Text::up_to(limits::TAG_VALUE_CHARS_MAX))?;
        Ok((key.unwrap_or_default(), value.unwrap_or_default()))
    })
}

/// What a definition is parsed for at creation.
fn options(kind: MachineKind) -> Options {
    let machine_type = match kind {
        MachineKind::Standard => MachineType::Standard,
        MachineKind::Express => MachineType::Express,
    };
    Options {
        machine_type,
        is_known_resource: baton_integrations::is_known,
        resource_help: baton_integrations::nearest,
    }
}

/// Parses a definition, or says what is wrong with it as AWS does.
fn parse_definition(text: &str, kind: MachineKind) -> Result<Definition, ApiError> {
    let parsed = baton_asl::parse(text, &options(kind));
    let message = || baton_asl::aws_message(&parsed.diagnostics);
    parsed.definition.ok_or_else(|| ApiError::invalid_definition(message()))
}

/// What a machine's description says of its definition beside the text.
#[derive(Debug, Default)]
struct Traits {
    /// `variableReferences`, where there are any.
    variable_references: Option<BTreeMap<String, Vec<String>>>,
    has_variables_or_jsonata: bool,
}

impl Traits {
    fn of(definition: &str, kind: MachineKind) -> Self {
        let Ok(definition) = parse_definition(definition, kind) else { return Traits::default() };
        let references = definition.variable_references();
        Traits {
            variable_references: (!references.is_empty()).then_some(references),
            has_variables_or_jsonata: definition.has_variables_or_jsonata(),
        }
    }
}
