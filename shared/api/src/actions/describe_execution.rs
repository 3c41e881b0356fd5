//! DescribeExecution: one read of the header, and of the state machine where the execution might be redriven.

use super::{ARN, is_all_data};
use crate::members::Members;
use crate::names::execution_arn;
use crate::time::Epoch;
use crate::{Api, ApiError};
use baton_driver::Tasks;
use baton_engine::{ErrorDetail, Payload};
use baton_store::{Backend, ExecutionArn, Header, Status};
use serde::{Serialize, Serializer};
use std::sync::Arc;

/// The answer: borrows nothing, copies no payload.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Output {
    execution_arn: Arc<str>,
    state_machine_arn: Arc<str>,
    name: Arc<str>,
    status: &'static str,
    start_date: Epoch,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_date: Option<Epoch>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<Data>,
    input_details: DataDetails,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<Data>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_details: Option<DataDetails>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_header: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_machine_version_arn: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_machine_alias_arn: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    map_run_arn: Option<Arc<str>>,
    redrive_count: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    redrive_date: Option<Epoch>,
    redrive_status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    redrive_status_reason: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct DataDetails {
    pub(super) included: bool,
}

/// A payload as its text.
#[derive(Debug)]
pub(super) struct Data(pub(super) Payload);

impl Serialize for Data {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.text())
    }
}

pub(super) async fn call<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    body: &[u8],
    is_job_s: bool,
) -> Result<Output, ApiError> {
    let mut members = Members::parse(body)?;
    let arn = members.required_text("executionArn", ARN)?;
    let is_all = is_all_data(&mut members)?;
    members.finish()?;
    let header = match express_child(api, &arn, is_job_s).await? {
        Some(child) => child,
        None => api.header(&execution_arn(&arn)?).await?,
    };
    let reason = super::redrive_execution::reason_against(api, &header).await?;
    let status = super::map_runs::child_status(api, &header).await?.as_str();
    Ok(Output { status, ..output(&header, is_all, reason) })
}

/// An Express execution has no header; one of a map run is described all the same, once it has ended (DMAP-37), and one that a
/// task waits for to that task.
async fn express_child<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    arn: &str,
    is_job_s: bool,
) -> Result<Option<Arc<Header>>, ApiError> {
    let Some(arn) = ExecutionArn::parse(arn).ok().filter(ExecutionArn::is_express) else {
        return Ok(None);
    };
    let found = match arn.machine().label() {
        Some(_) => api.driver.ended_express_child(&arn).await,
        None if is_job_s => api.driver.awaited_express(&arn).await.map_err(Into::into),
        None => return Ok(None),
    };
    let found = found.map_err(|error| ApiError::unavailable(&error))?;
    found.map(Some).ok_or_else(|| ApiError::no_such_execution(arn.as_str()))
}

fn output(header: &Header, is_all: bool, not_redrivable: Option<String>) -> Output {
    let execution = &header.execution;
    let (result, detail) = match &header.status {
        Status::Succeeded { output, .. } => (Some(output.clone()), ErrorDetail::default()),
        Status::Failed { detail, .. } | Status::Aborted { detail, .. } => (None, detail.clone()),
        Status::Running | Status::TimedOut { .. } => (None, ErrorDetail::default()),
    };
    let ErrorDetail { error, cause } = if is_all { detail } else { ErrorDetail::default() };
    Output {
        execution_arn: execution.arn.clone(),
        state_machine_arn: header.machine.as_str().into(),
        name: execution.name.clone(),
        status: header.status.name().as_str(),
        start_date: execution.started.into(),
        stop_date: header.status.stopped().map(Epoch::from),
        input: is_all.then(|| Data(execution.input.clone())),
        input_details: DataDetails { included: is_all },
        output_details: result.as_ref().map(|_| DataDetails { included: is_all }),
        output: result.filter(|_| is_all).map(Data),
        trace_header: header.trace_header.clone(),
        error,
        cause,
        state_machine_version_arn: header.version_arn.clone(),
        state_machine_alias_arn: header.alias_arn.clone(),
        map_run_arn: header.map_run().map(|child| child.map_run_arn.clone()),
        redrive_count: execution.redrives.count,
        redrive_date: execution.redrives.latest.map(Epoch::from),
        redrive_status: if not_redrivable.is_some() { "NOT_REDRIVABLE" } else { "REDRIVABLE" },
        redrive_status_reason: not_redrivable,
    }
}
