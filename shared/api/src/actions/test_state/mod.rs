//! TestState: one state, tried by itself, with a mocked result or for real.

mod answer;
mod context;
mod mock;
mod target;
mod trial;

use super::start_execution::parse_input;
use super::{ARN, DEFINITION, payload_text};
use crate::members::{Members, Text};
use crate::{Api, ApiError, limits};
use answer::Output;
use baton_driver::Tasks;
use baton_engine::Payload;
use baton_store::Backend;
use mock::{Mock, Mocked};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use target::Target;

#[derive(Debug)]
struct Input {
    definition: String,
    role_arn: Option<String>,
    input: Option<String>,
    is_inspected: bool,
    reveals_secrets: bool,
    variables: Option<String>,
    state_name: Option<String>,
    mock: Option<Mock>,
    context: Option<String>,
    configuration: Configuration,
}

/// `stateConfiguration`.
#[derive(Debug, Default)]
struct Configuration {
    retrier_retry_count: u32,
    error_caused_by_state: Option<String>,
    map_iteration_failure_count: Option<u32>,
    map_item_reader_data: Option<String>,
}

impl Input {
    fn read(body: &[u8], payload_bytes_max: Option<usize>) -> Result<Self, ApiError> {
        let payload = payload_text(payload_bytes_max);
        let mut members = Members::parse(body)?;
        let input = Input {
            definition: members.required_text("definition", DEFINITION)?,
            role_arn: members.text("roleArn", ARN)?,
            input: members.text("input", payload)?,
            is_inspected: matches!(
                members.choice("inspectionLevel", &["INFO", "DEBUG", "TRACE"])?,
                Some("DEBUG" | "TRACE")
            ),
            reveals_secrets: members.flag("revealSecrets")?.unwrap_or_default(),
            variables: members.text("variables", payload)?,
            state_name: members.text("stateName", STATE_NAME)?,
            mock: members.structure("mock", |mock| Mock::read(mock, payload))?,
            context: members.text("context", payload)?,
            configuration: members
                .structure("stateConfiguration", |configuration| {
                    Configuration::read(configuration, payload)
                })?
                .unwrap_or_default(),
        };
        members.finish()?;
        Ok(input)
    }
}

const STATE_NAME: Text = Text::non_empty(limits::NAME_CHARS_MAX).sensitive();

impl Configuration {
    fn read(members: &mut Members, payload: Text) -> Result<Self, ApiError> {
        let mut count = |name: &str| -> Result<Option<u32>, ApiError> {
            let count = members.integer(name, 0..=i64::from(i32::MAX))?;
            Ok(count.and_then(|count| u32::try_from(count).ok()))
        };
        Ok(Configuration {
            retrier_retry_count: count("retrierRetryCount")?.unwrap_or_default(),
            map_iteration_failure_count: count("mapIterationFailureCount")?,
            error_caused_by_state: members.text("errorCausedByState", STATE_NAME)?,
            map_item_reader_data: members.text("mapItemReaderData", payload)?,
        })
    }
}

pub(super) async fn call<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    body: &[u8],
) -> Result<Output, ApiError> {
    let bytes_max = api.settings.payload_bytes_max;
    let input = Input::read(body, bytes_max)?;
    let payload = parse_input(input.input.as_deref(), bytes_max)?;
    let target = Target::find(&input.definition, input.state_name.as_deref())?;
    let mocked = check_mock(&input, &target)?;
    let variables = variables(input.variables.as_deref())?;
    let mut trial = trial::Trial::new(api, &input, &target, payload, variables)?;
    let record = trial.run(mocked).await?;
    Ok(answer::output(record, trial.inspection, input.is_inspected))
}

/// What may and must be mocked.
fn check_mock(input: &Input, target: &Target) -> Result<Option<Mocked>, ApiError> {
    if let Some(name) = &input.configuration.error_caused_by_state {
        target.check_inner(name)?;
    }
    let Some(mock) = &input.mock else {
        let not_without = |what: &str| {
            let message =
                format!("TestState does not support {what} when a mock is not specified.");
            Err(ApiError::validation(message))
        };
        if input.configuration.map_iteration_failure_count.is_some() {
            return not_without("MapIterationFailureCount");
        }
        if input.context.is_some() {
            return not_without("Context");
        }
        target.check_callable(input.role_arn.is_some())?;
        return Ok(None);
    };
    target.check_mockable()?;
    if input.reveals_secrets {
        let message = "TestState does not support RevealSecrets when a mock is specified.";
        return Err(ApiError::validation(message));
    }
    mock.check(target).map(Some)
}

/// `variables`: an object whose members are the variables.
fn variables(text: Option<&str>) -> Result<BTreeMap<Arc<str>, Payload>, ApiError> {
    let Some(text) = text else { return Ok(BTreeMap::new()) };
    match serde_json::from_str(text) {
        Ok(Value::Object(members)) => Ok(members
            .into_iter()
            .map(|(name, value)| (Arc::from(name), Payload::new(value)))
            .collect()),
        Ok(_) | Err(_) => Err(ApiError::validation("Variables must be a JSON object.")),
    }
}
