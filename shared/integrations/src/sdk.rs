//! `aws-sdk:*`: every action of every service, by the API models.

use crate::arguments::{Arguments, unfit};
use crate::{Origin, Request, Response};
use baton_asl::ServiceResource;
use baton_engine::{Failure, Payload};
use baton_services::{Action, Context, ServiceError, Unknown, action};

/// A call of an action that the models know.
#[derive(Debug, Clone)]
pub(crate) struct SdkCall {
    action: Action,
    request: Request,
    attempts: u32,
    whose: String,
}

impl SdkCall {
    pub(crate) fn new(
        service: &str,
        resource: &ServiceResource,
        arguments: &Payload,
        origin: &Origin<'_>,
    ) -> Result<Self, Failure> {
        let action =
            action(service, &resource.action).map_err(|error| unknown(resource, &error))?;
        let members = Arguments::new(arguments)?.members();
        let token = token(origin.attempt);
        let context = Context { region: origin.region(), token: &token };
        let request = action.request(members, &context);
        let request = request.map_err(|faults| unfit(arguments, &faults.to_string()))?;
        Ok(SdkCall { action, request, attempts: 1, whose: resource.service.clone() })
    }

    pub(crate) fn request(&self) -> &Request {
        &self.request
    }

    /// Whose result it is.
    pub(crate) fn whose(&self) -> &str {
        &self.whose
    }

    /// Says how often the call was made.
    pub(crate) fn attempted(&mut self, count: u32) {
        self.attempts = count;
    }

    /// The answer's members, without metadata as recorded (INT-PAT-05).
    pub(crate) fn result(&self, response: &Response) -> Result<Payload, Failure> {
        match self.action.outcome(response) {
            Ok(result) => Ok(Payload::new(result)),
            Err(error) => Err(self.failure(*error)),
        }
    }

    pub(crate) fn unreachable(&self, detail: &str) -> Failure {
        self.failure(self.action.unreachable(detail))
    }

    fn failure(&self, error: ServiceError) -> Failure {
        let error = ServiceError { attempts: self.attempts, ..error };
        Failure::new(&error.error(), &error.cause())
    }
}

/// The failure of a task whose action is not known: where the table is built in, its definition would not have been taken.
fn unknown(resource: &ServiceResource, error: &Unknown) -> Failure {
    let cause = format!("Baton cannot call `{}`: {error}.", resource.arn);
    Failure::new("Baton.UnsupportedResource", &cause)
}

/// The idempotency token of an attempt, in the form that SDKs give theirs: a UUID.
pub(crate) fn token(attempt: u128) -> String {
    const VERSION: u128 = 0xF << 76;
    const VARIANT: u128 = 0b11 << 62;
    let digits = format!("{:032x}", attempt & !VERSION & !VARIANT | 4 << 76 | 0b10 << 62);
    let part = |range| digits.get(range).unwrap_or_default();
    let (a, b, c, d, e) = (part(0..8), part(8..12), part(12..16), part(16..20), part(20..32));
    format!("{a}-{b}-{c}-{d}-{e}")
}
