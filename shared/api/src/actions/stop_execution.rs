//! StopExecution.

use super::{ARN, error_detail};
use crate::members::Members;
use crate::names::execution_arn;
use crate::time::Epoch;
use crate::{Api, ApiError};
use baton_driver::{StopError, Tasks};
use baton_store::Backend;
use serde::Serialize;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Output {
    stop_date: Epoch,
}

pub(super) async fn call<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    body: &[u8],
) -> Result<Output, ApiError> {
    let mut members = Members::parse(body)?;
    let arn = members.required_text("executionArn", ARN)?;
    let detail = error_detail(&mut members)?;
    members.finish()?;
    let arn = execution_arn(&arn)?;
    match api.driver.stop(&arn, detail).await {
        // An execution that had ended before keeps its own time.
        Ok(status) => {
            Ok(Output { stop_date: status.stopped().unwrap_or_else(|| api.now()).into() })
        }
        Err(StopError::NoSuchExecution) => Err(ApiError::no_such_execution(arn.as_str())),
        Err(StopError::Later(error)) => Err(ApiError::unavailable(&error)),
    }
}
