//! RedriveExecution.

use super::ARN;
use crate::members::{Members, Text};
use crate::names::execution_arn;
use crate::time::Epoch;
use crate::{Api, ApiError, limits, revision};
use baton_driver::{NotRedrivable, RedriveError, Tasks};
use baton_store::{Backend, Header};
use serde::Serialize;

/// What a client token is made of: printable ASCII.
const PATTERN: &str = "[!-~]+";
const DELETING: &str = "State machine is in DELETING status";

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Output {
    redrive_date: Epoch,
}

pub(super) async fn call<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    body: &[u8],
) -> Result<Output, ApiError> {
    let mut members = Members::parse(body)?;
    let arn = members.required_text("executionArn", ARN)?;
    let token = members.text("clientToken", Text::non_empty(limits::CLIENT_TOKEN_CHARS_MAX))?;
    if let Some(token) =
        token.as_ref().filter(|token| !token.bytes().all(|it| it.is_ascii_graphic()))
    {
        members.mismatch("clientToken", token, PATTERN);
    }
    members.finish()?;
    let arn = execution_arn(&arn)?;
    let header = api.header(&arn).await?;
    if let Some(child) = header.map_run() {
        let parent = &child.execution;
        let reason = format!(
            "Child workflow executions of a Map Run are redriven by redriving their parent execution: '{parent}'"
        );
        return Err(ApiError::not_redrivable(reason));
    }
    let is_repeat = token.as_ref().is_some_and(|it| header.redriven_by(it, api.now()).is_some());
    if !is_repeat && let Some(reason) = reason_against(api, &header).await? {
        return Err(ApiError::not_redrivable(reason));
    }
    match api.driver.redrive(&arn, token.as_deref()).await {
        Ok(at) => Ok(Output { redrive_date: at.into() }),
        Err(RedriveError::NoSuchExecution) => Err(ApiError::no_such_execution(arn.as_str())),
        Err(RedriveError::NotRedrivable(why)) => Err(ApiError::not_redrivable(why.to_string())),
        Err(RedriveError::Later(error)) => Err(ApiError::unavailable(&error)),
    }
}

/// Why an execution cannot be redriven, if it cannot.
pub(super) async fn reason_against<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    header: &Header,
) -> Result<Option<String>, ApiError> {
    if let Some(why) = NotRedrivable::of(header, api.now()) {
        return Ok(Some(why.to_string()));
    }
    let machine = api.backend().machine(&header.machine.unlabelled()).await?;
    let is_there =
        machine.is_some_and(|machine| !machine.is_deleting && revision::is_of(&machine, header));
    Ok((!is_there).then(|| DELETING.to_owned()))
}
