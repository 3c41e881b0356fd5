//! The one entry: a target and a body in, an answer out.

use crate::answer::Answer;
use crate::operation::Operation;
use crate::place::{Place, check_own};
use crate::throttle::{Counted, Throttle};
use crate::{ApiError, actions, limits, logs};
use baton_driver::{Driver, Tasks};
use baton_store::{Backend, ExecutionArn, Header, Machine, MachineArn, Parent};
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use uuid::Builder;

/// Where the API stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The account that resources are made in.
    pub account: Arc<str>,
    /// The region that resources are made in.
    pub region: Arc<str>,
    /// The largest input, output or result; `None` lifts AWS's limit.
    pub payload_bytes_max: Option<usize>,
    /// How long GetActivityTask waits for a task.
    pub poll_patience: Duration,
    /// Whether AWS's rate quotas hold. What executions ask of their own home is not counted.
    pub has_rate_quotas: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            account: "123456789012".into(),
            region: "us-east-1".into(),
            payload_bytes_max: Some(limits::PAYLOAD_BYTES_MAX),
            poll_patience: limits::POLL_PATIENCE,
            has_rate_quotas: false,
        }
    }
}

impl Settings {
    /// The partition that the region belongs to.
    fn partition(&self) -> &'static str {
        if self.region.starts_with("cn-") {
            "aws-cn"
        } else if self.region.starts_with("us-gov-") {
            "aws-us-gov"
        } else {
            "aws"
        }
    }

    pub(crate) fn machine_arn(&self, name: &str) -> MachineArn {
        MachineArn::trusted(self.arn("stateMachine", name).into())
    }

    pub(crate) fn activity_arn(&self, name: &str) -> String {
        self.arn("activity", name)
    }

    /// The settings of another account and region.
    fn at(&self, place: &Place) -> Self {
        let account = place.account.as_deref().map_or_else(|| self.account.clone(), Arc::from);
        Settings { account, region: place.region.as_str().into(), ..self.clone() }
    }

    fn arn(&self, kind: &str, name: &str) -> String {
        let Settings { account, region, .. } = self;
        let partition = self.partition();
        format!("arn:{partition}:states:{region}:{account}:{kind}:{name}")
    }
}

/// The Step Functions API over a driver and its backend. One serves a whole process.
#[derive(Debug)]
pub struct Api<B, T> {
    pub(crate) driver: Arc<Driver<B, T>>,
    pub(crate) settings: Settings,
    throttle: Option<Arc<Throttle>>,
}

/// What is known of whoever asks, beside what they ask.
#[derive(Debug, Clone)]
pub(crate) struct Caller<'a> {
    /// The request's trace.
    pub(crate) trace_header: Option<&'a str>,
    /// The task that waits for the end of what it starts.
    pub(crate) parent: Option<Parent>,
    /// How deep what it starts lies under an execution that nobody else's execution started.
    pub(crate) depth: u32,
    /// The account and region that the request is about, where it says so.
    pub(crate) place: Option<Place>,
}

impl<B: Backend, T: Tasks> Api<B, T> {
    /// The API of one account and region.
    #[must_use]
    pub fn new(driver: Arc<Driver<B, T>>, settings: Settings) -> Self {
        let throttle = settings.has_rate_quotas.then(Arc::default);
        Api { driver, settings, throttle }
    }

    /// Answers one request: `target` is its `X-Amz-Target`, `body` its body.
    pub async fn handle(&self, target: &str, body: &[u8]) -> Answer {
        self.handle_traced(target, body, None).await
    }

    /// As [`Api::handle`]. `trace_header` is the request's `X-Amzn-Trace-Id`, which goes before the body's `traceHeader`.
    pub async fn handle_traced(
        &self,
        target: &str,
        body: &[u8],
        trace_header: Option<&str>,
    ) -> Answer {
        self.handle_for(target, body, Caller { trace_header, parent: None, depth: 0, place: None })
            .await
    }

    pub(crate) async fn handle_for(&self, target: &str, body: &[u8], caller: Caller<'_>) -> Answer {
        let request_id = self.uuid();
        tracing::debug!(target, request_id, bytes = body.len(), "request");
        if target == logs::TARGET && body.len() <= limits::REQUEST_BYTES_MAX {
            return logs::answer(self, body, request_id).await;
        }
        let operation = match Operation::parse(target) {
            Ok(_) if body.len() > limits::REQUEST_BYTES_MAX => {
                let error = ApiError::request_too_large(limits::REQUEST_BYTES_MAX);
                return Answer::refusal(request_id, &error);
            }
            Ok(operation) => operation,
            Err(error) => return Answer::refusal(request_id, &error),
        };
        let Some(place) = &caller.place else {
            return match self.admit(Counted::Operation(operation)) {
                Ok(()) => actions::call(self, operation, body, caller, request_id).await,
                Err(error) => Answer::refusal(request_id, &error),
            };
        };
        let (driver, throttle) = (Arc::clone(&self.driver), self.throttle.clone());
        let api = Api { driver, settings: self.settings.at(place), throttle };
        let Settings { account, region, .. } = &api.settings;
        let checked = api
            .admit(Counted::Operation(operation))
            .and_then(|()| check_own(operation, body, account, region));
        match checked {
            Ok(()) => actions::call(&api, operation, body, caller, request_id).await,
            Err(error) => Answer::refusal(request_id, &error),
        }
    }

    /// Refuses what is more than the rate quotas let through, where they hold.
    pub(crate) fn admit(&self, counted: Counted) -> Result<(), ApiError> {
        let Settings { account, region, .. } = &self.settings;
        let is_admitted = |throttle: &Arc<Throttle>| {
            throttle.admit(account, region, counted, self.backend().now())
        };
        match self.throttle.as_ref().is_none_or(is_admitted) {
            true => Ok(()),
            false => Err(ApiError::throttled()),
        }
    }

    /// As [`Api::handle_traced`]. `authorization` is the request's header of that name: its signature, which nobody checks, says which
    /// account and region the request is about.
    pub async fn handle_signed(
        &self,
        target: &str,
        body: &[u8],
        trace_header: Option<&str>,
        authorization: Option<&str>,
    ) -> Answer {
        let place = authorization.and_then(Place::signed);
        self.handle_for(target, body, Caller { trace_header, parent: None, depth: 0, place }).await
    }

    /// Whether a request of this target does nothing but wait, so that it ends with its client.
    #[must_use]
    pub fn is_wait(target: &str) -> bool {
        matches!(Operation::parse(target), Ok(Operation::GetActivityTask))
    }

    /// Ends all waiting: the process is about to end.
    pub fn dismiss(&self) {
        self.driver.dismiss_pollers();
    }

    /// The answer to a request that never became one: its body did not arrive, or its handling went wrong.
    #[must_use]
    pub fn refuse(&self, error: &ApiError) -> Answer {
        Answer::refusal(self.uuid(), error)
    }

    pub(crate) fn backend(&self) -> &B {
        self.driver.backend()
    }

    pub(crate) fn now(&self) -> Timestamp {
        // What is kept has milliseconds, so what is answered must not have more.
        let now = self.backend().now();
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }

    /// A version 4 UUID.
    pub(crate) fn uuid(&self) -> String {
        Builder::from_random_bytes(self.backend().bits().to_be_bytes()).into_uuid().to_string()
    }

    pub(crate) async fn machine(&self, arn: &MachineArn) -> Result<Machine, ApiError> {
        let machine = self.backend().machine(arn).await?;
        machine.ok_or_else(|| ApiError::no_such_machine(arn.as_str()))
    }

    pub(crate) async fn header(&self, arn: &ExecutionArn) -> Result<Arc<Header>, ApiError> {
        let mut header = self.backend().header(arn).await?;
        let is_over =
            |header: &Arc<Header>| !header.status.is_ended() && header.latest_end() <= self.now();
        if header.as_ref().is_some_and(is_over) {
            let ended = self.driver.end_if_over(arn).await;
            ended.map_err(|error| ApiError::unavailable(&error))?;
            header = self.backend().header(arn).await?;
        }
        header.ok_or_else(|| ApiError::no_such_execution(arn.as_str()))
    }
}
