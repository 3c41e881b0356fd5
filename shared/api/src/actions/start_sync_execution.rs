//! StartSyncExecution: runs an Express execution while the caller waits, at most once.

use super::describe_execution::{Data, DataDetails};
use super::is_all_data;
use super::start_execution::{Start, new_header};
use crate::api::Caller;
use crate::time::Epoch;
use crate::{Api, ApiError, limits};
use baton_driver::{Expressed, Tasks};
use baton_engine::ErrorDetail;
use baton_store::{Backend, Header, MachineKind, Status};
use serde::Serialize;
use std::sync::Arc;

/// How an execution ended. That it failed is no error of the call.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Output {
    execution_arn: Arc<str>,
    state_machine_arn: Arc<str>,
    name: Arc<str>,
    start_date: Epoch,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_date: Option<Epoch>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<Data>,
    input_details: DataDetails,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<Data>,
    output_details: DataDetails,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_header: Option<Arc<str>>,
    billing_details: BillingDetails,
}

/// What AWS would count: time in steps of 100 ms, memory in steps of 64 MB.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct BillingDetails {
    #[serde(rename = "billedMemoryUsedInMB")]
    billed_memory_used_in_mb: u64,
    billed_duration_in_milliseconds: u64,
}

pub(super) async fn call<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    body: &[u8],
    caller: Caller<'_>,
) -> Result<Output, ApiError> {
    let (start, is_all) = Start::read(api, body, caller.trace_header, is_all_data)?;
    let resolved = start.resolve(api).await?;
    if resolved.machine.kind != MachineKind::Express {
        return Err(ApiError::machine_type_not_supported());
    }
    let definition_bytes = resolved.machine.revision.definition.len();
    let header = Arc::new(new_header(api, &resolved, start, None));
    let expressed = api.driver.run_express(header.clone()).await;
    let expressed = expressed.map_err(|error| ApiError::unavailable(&error))?;
    Ok(output(&header, expressed, definition_bytes, is_all))
}

fn output(header: &Header, expressed: Expressed, definition_bytes: usize, is_all: bool) -> Output {
    let billing_details = BillingDetails::of(&expressed, definition_bytes);
    let stopped = expressed.status.stopped();
    let status = expressed.status.name().as_str();
    let (result, detail) = match expressed.status {
        Status::Succeeded { output, .. } => (Some(output), ErrorDetail::default()),
        Status::Failed { detail, .. } | Status::Aborted { detail, .. } => (None, detail),
        Status::Running | Status::TimedOut { .. } => {
            (None, ErrorDetail { error: Some("States.Timeout".into()), cause: None })
        }
    };
    let ErrorDetail { error, cause } = if is_all { detail } else { ErrorDetail::default() };
    let execution = &header.execution;
    Output {
        execution_arn: execution.arn.clone(),
        state_machine_arn: header.machine.as_str().into(),
        name: execution.name.clone(),
        start_date: execution.started.into(),
        stop_date: stopped.map(Epoch::from),
        status,
        error,
        cause,
        input: is_all.then(|| Data(execution.input.clone())),
        input_details: DataDetails { included: is_all },
        output: result.filter(|_| is_all).map(Data),
        output_details: DataDetails { included: is_all },
        trace_header: header.trace_header.clone(),
        billing_details,
    }
}

impl BillingDetails {
    /// AWS counts the definition and the data that an execution holds at a time, each begun step as a whole.
    fn of(expressed: &Expressed, definition_bytes: usize) -> Self {
        let bytes = expressed.bytes_max.saturating_add(definition_bytes) as u64;
        let steps = bytes.div_ceil(limits::BILLED_BYTES_STEP).max(1);
        let millis = u64::try_from(expressed.duration.as_millis()).unwrap_or(u64::MAX);
        let step = limits::BILLED_MILLIS_STEP;
        BillingDetails {
            billed_memory_used_in_mb: steps.saturating_mul(limits::BILLED_MEGABYTES_STEP),
            billed_duration_in_milliseconds: millis.div_ceil(step).max(1).saturating_mul(step),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use std::time::Duration;

    #[test]
    fn begun_steps_are_counted_whole() {
        let mebibyte = 1024 * 1024;
        for (millis, bytes_max, definition_bytes, memory, duration) in [
            (0, 0, 100, 64, 100),
            (100, 64 * mebibyte - 100, 100, 64, 100),
            (101, 64 * mebibyte, 100, 128, 200),
            (7_532, 0, 0, 64, 7_600),
        ] {
            let status = Status::TimedOut { stopped: Timestamp::UNIX_EPOCH };
            let duration_taken = Duration::from_millis(millis);
            let expressed = Expressed { status, duration: duration_taken, bytes_max };
            let expected = BillingDetails {
                billed_memory_used_in_mb: memory,
                billed_duration_in_milliseconds: duration,
            };
            assert_eq!(BillingDetails::of(&expressed, definition_bytes), expected);
        }
    }
}
