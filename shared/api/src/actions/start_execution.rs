//! StartExecution: idempotent by name and input while a Standard execution runs; each call starts another Express one.

use super::{ARN, NAME, payload_text};
use crate::api::Caller;
use crate::configuration::logging_of;
use crate::members::{Members, Text};
use crate::names::{NamedMachine, check_name};
use crate::own::job_id;
use crate::resolve::Resolved;
use crate::throttle::Counted;
use crate::time::Epoch;
use crate::{Api, ApiError, limits};
use baton_driver::Tasks;
use baton_engine::{Execution, Payload};
use baton_store::{Backend, Created, ExecutionArn, Header, MachineKind, Parent, Status};
use serde::Serialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// What both kinds of start ask for, checked as far as it can be without looking anything up.
#[derive(Debug)]
pub(super) struct Start {
    /// As it was given.
    arn: String,
    named: NamedMachine,
    name: Option<String>,
    input: Payload,
    trace_header: Option<String>,
}

impl Start {
    /// Reads a request, with what else it may say.
    pub(super) fn read<B: Backend, T: Tasks, R>(
        api: &Api<B, T>,
        body: &[u8],
        trace_header: Option<&str>,
        rest: impl FnOnce(&mut Members) -> Result<R, ApiError>,
    ) -> Result<(Self, R), ApiError> {
        let bytes_max = api.settings.payload_bytes_max;
        let mut members = Members::parse(body)?;
        let arn = members.required_text("stateMachineArn", ARN)?;
        let name = members.text("name", NAME)?;
        let input = members.text("input", payload_text(bytes_max))?;
        let own =
            members.text("traceHeader", Text::up_to(limits::TRACE_HEADER_CHARS_MAX).ascii())?;
        let rest = rest(&mut members)?;
        members.finish()?;
        let named = NamedMachine::parse(&arn)?;
        if let Some(name) = &name {
            check_name(name)?;
        }
        let input = parse_input(input.as_deref(), bytes_max)?;
        let trace_header = trace_header.map(|header| truncated(header).to_owned()).or(own);
        Ok((Start { arn, named, name, input, trace_header }, rest))
    }

    /// The state machine that is to run.
    pub(super) async fn resolve<B: Backend, T: Tasks>(
        &self,
        api: &Api<B, T>,
    ) -> Result<Resolved, ApiError> {
        let resolved = api.resolve(self.named.clone()).await?;
        if resolved.machine.is_deleting {
            return Err(ApiError::machine_is_deleting(&self.arn));
        }
        Ok(resolved)
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Output {
    execution_arn: String,
    start_date: Epoch,
}

pub(super) async fn call<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    body: &[u8],
    caller: Caller<'_>,
) -> Result<Output, ApiError> {
    let (start, ()) = Start::read(api, body, caller.trace_header, |_| Ok(()))?;
    let resolved = start.resolve(api).await?;
    api.admit(Counted::Start(resolved.machine.kind))?;
    if caller.depth > limits::NESTING_MAX {
        return Err(ApiError::nested_too_deep(limits::NESTING_MAX));
    }
    let mut header = new_header(api, &resolved, start, caller.parent);
    header.depth = caller.depth;
    if resolved.machine.kind == MachineKind::Express {
        api.driver.start_express(&header).await?;
        return Ok(output(&header));
    }
    match api.driver.start(&header).await? {
        Created::New => Ok(output(&header)),
        Created::Exists(existing) if is_same(&existing, &header) => Ok(output(&existing)),
        Created::Exists(existing) => Err(ApiError::execution_exists(&existing.execution.arn)),
    }
}

/// An input as given; `{}` where none is.
pub(super) fn parse_input(
    text: Option<&str>,
    bytes_max: Option<usize>,
) -> Result<Payload, ApiError> {
    let text = text.unwrap_or("{}");
    if text.is_empty() {
        return Err(ApiError::invalid_input("Invalid execution input."));
    }
    if let Some(bytes_max) = bytes_max.filter(|bytes_max| text.len() > *bytes_max) {
        let detail = format!("Input is larger than the maximum of {bytes_max} bytes.");
        return Err(ApiError::invalid_input(&detail));
    }
    Payload::parse(text).map_err(|error| ApiError::invalid_input(&super::json_fault(text, &error)))
}

/// What fits of a header that AWS's own services made.
fn truncated(header: &str) -> &str {
    header.get(..limits::TRACE_HEADER_CHARS_MAX).unwrap_or(header)
}

/// The execution as it begins.
pub(super) fn new_header<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    resolved: &Resolved,
    start: Start,
    parent: Option<Parent>,
) -> Header {
    let machine = &resolved.machine;
    let name = start.name.unwrap_or_else(|| api.uuid());
    let (arn, timeout_secs) = match machine.kind {
        MachineKind::Standard => {
            (ExecutionArn::of(&machine.arn, &name), timeout_secs(&machine.revision.definition))
        }
        // It goes by its compiled definition: nobody else looks at its time.
        MachineKind::Express => {
            // A job's start that is made again is the same start.
            let id = parent.as_ref().and_then(job_id).unwrap_or_else(|| api.uuid());
            (ExecutionArn::express(&machine.arn, &name, &id), None)
        }
    };
    let execution = Execution {
        arn: arn.as_str().into(),
        name: name.into(),
        role_arn: machine.revision.role_arn.clone(),
        started: api.now(),
        input: start.input,
        machine_arn: resolved.named_arn(),
        machine_name: machine.arn.name().into(),
        start: baton_asl::BlockId::TOP,
        region: api.settings.region.clone(),
        redrives: baton_engine::Redrives::default(),
        payload_bytes_max: api.settings.payload_bytes_max,
    };
    Header {
        execution,
        machine: machine.arn.clone(),
        version_arn: resolved.version_arn(),
        alias_arn: resolved.alias_arn(),
        revision: machine.revision.id.clone(),
        trace_header: start.trace_header.map(Into::into),
        timeout_secs,
        logging: logging_of(machine),
        depth: 0,
        parent,
        redrive_tokens: Vec::new(),
        status: Status::Running,
        closed: BTreeSet::new(),
    }
}

/// The definition's own `TimeoutSeconds`, at the price of one scan: the rest was checked when it was accepted.
fn timeout_secs(definition: &str) -> Option<u32> {
    let fields: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_str(definition).ok()?;
    serde_json::from_str(fields.get("TimeoutSeconds")?.get()).ok()
}

/// Whether starting the one again gives the other. A job is the same for the attempt that started it, even when it has ended.
fn is_same(existing: &Header, asked: &Header) -> bool {
    let is_own = asked.parent.is_some() && existing.parent == asked.parent;
    is_own
        || existing.status == Status::Running
            && existing.execution.input.text() == asked.execution.input.text()
}

fn output(header: &Header) -> Output {
    Output {
        execution_arn: header.execution.arn.to_string(),
        start_date: header.execution.started.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_timeout_of_the_machine_counts_and_no_states() {
        for (definition, expected) in [
            (r#"{"States": {"A": {"TimeoutSeconds": 5}}}"#, None),
            (r#"{"TimeoutSeconds": 7, "States": {"A": {"TimeoutSeconds": 5}}}"#, Some(7)),
            (r#"{"TimeoutSeconds": 7, "Timeout\u0053econds": 8}"#, Some(8)),
            ("not JSON", None),
        ] {
            assert_eq!(timeout_secs(definition), expected, "{definition}");
        }
    }
}
