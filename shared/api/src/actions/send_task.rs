//! SendTaskSuccess, SendTaskFailure, SendTaskHeartbeat: the answers to a task token.

use super::{Empty, error_detail, json_fault, payload_text};
use crate::members::{Members, Text};
use crate::{Api, ApiError, limits};
use baton_driver::{AnswerError, Tasks};
use baton_engine::Payload;
use baton_store::Backend;

const TOKEN: Text = Text::non_empty(limits::TASK_TOKEN_CHARS_MAX);

pub(super) async fn success<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    body: &[u8],
) -> Result<Empty, ApiError> {
    let mut members = Members::parse(body)?;
    let token = members.required_text("taskToken", TOKEN)?;
    let bytes_max = api.settings.payload_bytes_max;
    let output = members.required_text("output", payload_text(bytes_max))?;
    members.finish()?;
    if let Some(bytes_max) = bytes_max.filter(|bytes_max| output.len() > *bytes_max) {
        let detail = format!("Output is larger than the maximum of {bytes_max} bytes.");
        return Err(ApiError::invalid_output(&detail));
    }
    let output = Payload::parse(&output)
        .map_err(|error| ApiError::invalid_output(&json_fault(&output, &error)))?;
    Ok(api.driver.send_task_success(&token, output).await.map(|()| Empty {})?)
}

pub(super) async fn failure<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    body: &[u8],
) -> Result<Empty, ApiError> {
    let mut members = Members::parse(body)?;
    let token = members.required_text("taskToken", TOKEN)?;
    let detail = error_detail(&mut members)?;
    members.finish()?;
    Ok(api.driver.send_task_failure(&token, detail).await.map(|()| Empty {})?)
}

pub(super) async fn heartbeat<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    body: &[u8],
) -> Result<Empty, ApiError> {
    let mut members = Members::parse(body)?;
    let token = members.required_text("taskToken", TOKEN)?;
    members.finish()?;
    Ok(api.driver.send_task_heartbeat(&token).await.map(|()| Empty {})?)
}

impl From<AnswerError> for ApiError {
    fn from(error: AnswerError) -> Self {
        match error {
            AnswerError::InvalidToken => ApiError::invalid_token(),
            AnswerError::DoesNotExist => ApiError::no_such_task(),
            AnswerError::TimedOut => ApiError::task_is_over(),
            AnswerError::Later(error) => ApiError::unavailable(&error),
        }
    }
}
