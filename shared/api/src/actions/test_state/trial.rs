//! One try of the state under test, from its input to its end.
//!
//! A Wait is not waited for, and a Retry is not made: both are told.

use super::Input;
use super::context;
use super::mock::Mocked;
use super::target::{SHOWN_NAME, Target};
use crate::{Api, ApiError, limits};
use baton_asl::StateKind;
use baton_driver::{CallAnswer, TaskCall, Tasks};
use baton_engine::inspect::{self, Inspection};
use baton_engine::{
    Call, End, Execution, Failure, FailureKind, Fork, Ids, Misfit, Nonce, Outcome, Payload,
    Pending, Record, ScopePath, Sequence, StateType, Variables,
};
use baton_store::{Backend, ExecutionArn, MachineArn};
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// A state under test, and the execution that it seems to be in.
#[derive(Debug)]
pub(super) struct Trial<'a, B, T> {
    api: &'a Api<B, T>,
    target: &'a Target,
    execution: Execution,
    variables: Variables,
    retries: u32,
    failed_iterations: Option<u32>,
    /// Whether the items of a Map are known, which a reader would otherwise read.
    knows_items: bool,
    pub(super) inspection: Inspection,
}

impl<'a, B: Backend, T: Tasks> Trial<'a, B, T> {
    pub(super) fn new(
        api: &'a Api<B, T>,
        input: &Input,
        target: &'a Target,
        payload: Payload,
        variables: BTreeMap<Arc<str>, Payload>,
    ) -> Result<Self, ApiError> {
        let execution = execution(api, payload, input.role_arn.as_deref());
        let retries = input.configuration.retrier_retry_count;
        let mut made_up = made_up_context(&execution, target, retries);
        if let Some(role_arn) = input.role_arn.as_deref() {
            put(&mut made_up, "/Execution/RoleArn", role_arn.into());
        }
        if target.has_token() {
            put(&mut made_up, "/Task", json!({ "Token": api.uuid() }));
        }
        if let Some(given) = &input.context {
            context::merge(given, &mut made_up, target.has_token())?;
        }
        let read = read_items(input.configuration.map_item_reader_data.as_deref());
        let inspection = Inspection {
            state_name: SHOWN_NAME.into(),
            context: made_up,
            items: has_item_reader(target).then(|| read.clone().unwrap_or_else(no_items)),
            ..Inspection::default()
        };
        Ok(Trial {
            api,
            target,
            execution,
            variables: Arc::new(variables),
            retries,
            failed_iterations: input.configuration.map_iteration_failure_count,
            knows_items: !has_item_reader(target) || read.is_some(),
            inspection,
        })
    }

    /// Tries the state.
    pub(super) async fn run(&mut self, mocked: Option<Mocked>) -> Result<Record, ApiError> {
        let mut record =
            self.step(|trial, inspection, now, ids| trial.begin(inspection, now, ids))?;
        let limit = self.api.now().saturating_add(TRIAL_LIMIT).unwrap_or(jiff::Timestamp::MAX);
        loop {
            record = match &record.pending {
                Pending::Continue | Pending::Failing(_) => {
                    self.advance(record, Outcome::Proceed)?
                }
                Pending::Until(until) if *until > limit => return Ok(out_of_time(record)),
                Pending::Until(_) => self.advance(record, Outcome::Proceed)?,
                Pending::Call(call) => {
                    let result = match &mocked {
                        Some(mocked) => mocked.clone(),
                        None => self.perform(&record, call).await?,
                    };
                    self.conclude(record, result)?
                }
                Pending::Fork(fork) => {
                    let result = self.joined(fork, mocked.as_ref())?;
                    self.conclude(record, result)?
                }
                Pending::Ended(_)
                | Pending::Retry { .. }
                | Pending::Callback(_)
                | Pending::MapRun(_) => {
                    return Ok(record);
                }
            };
        }
    }

    fn step(
        &mut self,
        step: impl FnOnce(
            &inspect::Trial<'_>,
            &mut Inspection,
            jiff::Timestamp,
            &mut dyn Ids,
        ) -> Result<Record, Misfit>,
    ) -> Result<Record, ApiError> {
        let trial = inspect::Trial {
            definition: &self.target.definition,
            block: self.target.block,
            state: &self.target.name,
            execution: &self.execution,
            variables: &self.variables,
            retries: self.retries,
        };
        let (now, mut ids) = (self.api.now(), Drawn(self.api));
        step(&trial, &mut self.inspection, now, &mut ids)
            .map_err(|misfit| ApiError::internal(&misfit))
    }

    fn advance(&mut self, record: Record, outcome: Outcome) -> Result<Record, ApiError> {
        self.step(|trial, inspection, now, ids| {
            trial.advance(inspection, record, outcome, now, ids)
        })
    }

    fn conclude(&mut self, record: Record, result: Mocked) -> Result<Record, ApiError> {
        self.step(|trial, inspection, now, ids| {
            trial.conclude(inspection, record, result, now, ids)
        })
    }

    /// What became of a Map's or Parallel's children: the mock, unless too many iterations are said to have failed.
    fn joined(&self, fork: &Fork, mocked: Option<&Mocked>) -> Result<Mocked, ApiError> {
        let failed = self.failed_iterations.unwrap_or_default();
        let iterations = self.knows_items.then_some(fork.width);
        if matches!(self.target.kind(), Some(StateKind::Map(_)))
            && iterations.is_some_and(|iterations| failed > iterations)
        {
            return Err(ApiError::validation(
                "Map iteration failure count must be less than or equal to the number of Map iterations",
            ));
        }
        match mocked {
            Some(Ok(_)) if self.is_over_threshold(failed, iterations) => {
                Ok(Err(Failure::new(THRESHOLD_ERROR, THRESHOLD_CAUSE)))
            }
            Some(mocked) => Ok(mocked.clone()),
            None => Ok(Err(Failure::runtime("The state has no result."))),
        }
    }

    fn is_over_threshold(&self, failed: u32, iterations: Option<u32>) -> bool {
        let Inspection { tolerated_failure_count, tolerated_failure_percentage, .. } =
            &self.inspection;
        let percentage =
            iterations.map(|iterations| 100.0 * f64::from(failed) / f64::from(iterations.max(1)));
        tolerated_failure_count.is_some_and(|tolerated| i64::from(failed) > tolerated)
            || percentage
                .zip(*tolerated_failure_percentage)
                .is_some_and(|(percentage, tolerated)| percentage > tolerated)
    }

    /// Makes a Task's call.
    async fn perform(&self, record: &Record, call: &Call) -> Result<Mocked, ApiError> {
        let timeout = call
            .timeout_secs
            .map_or(TRIAL_LIMIT, |secs| SignedDuration::from_secs(secs.into()).min(TRIAL_LIMIT));
        let time_limit: Duration = timeout.unsigned_abs();
        let task = TaskCall {
            execution: &ExecutionArn::trusted(self.execution.arn.clone()),
            machine: &MachineArn::trusted(self.execution.machine_arn.clone()),
            scope: &record.scope,
            sequence: record.sequence,
            state: &record.state,
            attempt: record.visit.retry_count(),
            role_arn: &self.execution.role_arn,
            credentials_role_arn: call.credentials_role_arn.as_deref(),
            resource: &call.resource,
            arguments: &call.arguments,
            token: None,
            trace_header: None,
            depth: 0,
            time_limit,
        };
        let tasks = self.api.driver.tasks();
        tasks.prepare(&task).await.map_err(|error| ApiError::unavailable(&*error))?;
        match tokio::time::timeout(time_limit, tasks.call(&task)).await {
            Ok(CallAnswer::Succeeded(output)) => Ok(Ok(output)),
            Ok(CallAnswer::Failed(failure)) => Ok(Err(failure)),
            Err(_) => Ok(Err(Failure::timeout(FailureKind::Timeout))),
        }
    }
}

/// The end of a Wait that is longer than a trial may take.
fn out_of_time(record: Record) -> Record {
    let failure = Failure::timeout(FailureKind::Timeout);
    let end = End::Failed { failure, state_type: StateType::Wait };
    Record { pending: Pending::Ended(end), ..record }
}

/// How long a trial may take (API-TestState).
const TRIAL_LIMIT: SignedDuration = SignedDuration::from_secs(limits::TEST_STATE_SECS_MAX);

const THRESHOLD_ERROR: &str = "States.ExceedToleratedFailureThreshold";
const THRESHOLD_CAUSE: &str = "The specified tolerated failure threshold was exceeded";

/// The execution that the state seems to be in: one of an Express state machine, both named at random.
fn execution<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    input: Payload,
    role_arn: Option<&str>,
) -> Execution {
    let (machine_name, name) = (api.uuid(), api.uuid());
    let machine_arn = api.settings.machine_arn(&machine_name);
    let arn = machine_arn.as_str().replacen(":stateMachine:", ":express:", 1);
    Execution {
        arn: format!("{arn}:{name}").into(),
        name: name.into(),
        role_arn: role_arn.unwrap_or_default().into(),
        started: api.now(),
        input,
        machine_arn: machine_arn.as_str().into(),
        machine_name: machine_name.into(),
        start: baton_asl::BlockId::TOP,
        region: api.settings.region.clone(),
        redrives: baton_engine::Redrives::default(),
        payload_bytes_max: api.settings.payload_bytes_max,
    }
}

fn made_up_context(execution: &Execution, target: &Target, retries: u32) -> Value {
    let started = execution.started.to_string();
    let mut context = json!({
        "Execution": {
            "Id": &*execution.arn,
            "Input": execution.input.value(),
            "Name": &*execution.name,
            "RoleArn": null,
            "StartTime": started,
        },
        "StateMachine": { "Id": &*execution.machine_arn, "Name": &*execution.machine_name },
        "State": { "Name": SHOWN_NAME, "EnteredTime": started },
    });
    let is_retriable = matches!(
        target.kind(),
        Some(StateKind::Task(_) | StateKind::Parallel(_) | StateKind::Map(_))
    );
    if is_retriable {
        put(&mut context, "/State/RetryCount", retries.into());
    }
    context
}

/// Sets a member of an object, by the way to it.
fn put(object: &mut Value, pointer: &str, value: Value) {
    let (parent, name) = pointer.rsplit_once('/').unwrap_or(("", pointer));
    if let Some(Value::Object(members)) = object.pointer_mut(parent) {
        members.insert(name.to_owned(), value);
    }
}

fn has_item_reader(target: &Target) -> bool {
    matches!(target.kind(), Some(StateKind::Map(map)) if map.distributed.as_ref().is_some_and(|it| it.reader.is_some()))
}

/// The items that a Map's `ItemReader` would read, as far as the data given is an array.
fn read_items(data: Option<&str>) -> Option<Payload> {
    Payload::parse(data?).ok().filter(|read| read.value().is_array())
}

fn no_items() -> Payload {
    Payload::new(Value::Array(Vec::new()))
}

/// Names and chance for one trial. No API takes its task tokens.
struct Drawn<'a, B, T>(&'a Api<B, T>);

impl<B: Backend, T: Tasks> Ids for Drawn<'_, B, T> {
    fn task_token(&mut self, _: &ScopePath, _: Sequence) -> (Arc<str>, Nonce) {
        (self.0.uuid().into(), Nonce(0))
    }

    fn uuid(&mut self) -> String {
        self.0.uuid()
    }

    fn unit(&mut self) -> f64 {
        let [a, b, c, d, ..] = self.0.backend().bits().to_be_bytes();
        f64::from(u32::from_be_bytes([a, b, c, d])) / 4_294_967_296.0
    }
}
