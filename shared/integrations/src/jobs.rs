//! Jobs (`.sync`): how they are asked for their ends and stopped, and what the answers mean.

use crate::kubernetes::KubernetesJob;
use crate::limits::CAUSE_CHARS_MAX;
use crate::optimised::{self, JobKey, TableJob};
use crate::states::Nested;
use crate::{Origin, Request, Response};
use baton_asl::{Pattern, Resource};
use baton_engine::{Failure, Payload};
use serde_json::Value;

/// A job that a service has accepted.
#[derive(Debug, Clone)]
pub struct Job(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Nested(Nested),
    Table(Box<TableJob>),
    Kubernetes(Box<KubernetesJob>),
}

/// How a job stands.
#[derive(Debug, Clone, PartialEq)]
pub enum JobState {
    /// It goes on, as far as is known.
    Running,
    /// It has ended; this has to be asked, too, and its answer given to the job, before its result can be said.
    Asking(Box<Request>),
    /// It ended well, with this result.
    Succeeded(Payload),
    /// It ended badly.
    Failed(Failure),
}

/// Whether a job's start may be repeated when nobody knows whether it was made: the start carries a name or a token of the
/// attempt's own, by which the service tells a repeat.
#[must_use]
pub fn is_repeatable(resource: &Resource) -> bool {
    let Resource::Service(service) = resource else { return false };
    service.pattern.is_job() && (service.service == "states" || optimised::is_repeatable(service))
}

impl JobState {
    /// The failure whose cause is the job's description.
    pub(crate) fn failed(description: &Value) -> Self {
        let cause: String = description.to_string().chars().take(CAUSE_CHARS_MAX).collect();
        JobState::Failed(Failure::new(Failure::TASK_FAILED, &cause))
    }

    /// The service did not say. What passes is asked again; what stays fails the task.
    pub(crate) fn refused(response: &Response, failure: Failure) -> Self {
        let error = failure.error.as_deref().unwrap_or_default();
        let passes = response.status >= 500
            || response.status == 429
            || ["Throttl", "TooManyRequests", "RequestLimit", "Unavailable"]
                .iter()
                .any(|mark| error.contains(mark) || response.text().contains(mark));
        if passes { JobState::Running } else { JobState::Failed(failure) }
    }
}

impl Job {
    /// The job that this resource and these arguments began, by what the service answered then. Nothing if it is none.
    #[must_use]
    pub fn new(
        resource: &Resource,
        arguments: &Payload,
        submitted: &Payload,
        origin: &Origin<'_>,
    ) -> Option<Self> {
        let Resource::Service(service) = resource else { return None };
        let is_parsed = service.pattern == Pattern::RunJobParsed;
        match (service.service.as_str(), service.action.as_str()) {
            ("states", "startExecution") => {
                Some(Job(Kind::Nested(Nested::new(submitted, is_parsed, origin)?)))
            }
            ("eks", "runJob") => {
                let job = KubernetesJob::new(arguments, submitted, origin)?;
                Some(Job(Kind::Kubernetes(Box::new(job))))
            }
            _ => {
                let job = TableJob::new(service, arguments, submitted, origin)?;
                Some(Job(Kind::Table(Box::new(job))))
            }
        }
    }

    /// What to ask it by.
    #[must_use]
    pub fn describe(&self) -> Request {
        match &self.0 {
            Kind::Nested(nested) => nested.describe(),
            Kind::Table(job) => job.describe().clone(),
            Kind::Kubernetes(job) => job.describe(),
        }
    }

    /// What the answer means. `is_own` says that it came from the home that the parent runs in.
    #[must_use]
    pub fn state(&mut self, response: &Response, is_own: bool) -> JobState {
        match &mut self.0 {
            Kind::Nested(nested) => nested.state(response, is_own),
            Kind::Table(job) => job.state(response),
            Kind::Kubernetes(job) => job.state(response),
        }
    }

    /// What it means that a further question, [`JobState::Asking`], has no answer.
    #[must_use]
    pub fn unanswered(&mut self, detail: &str) -> JobState {
        match &mut self.0 {
            Kind::Nested(_) | Kind::Table(_) => JobState::Running,
            Kind::Kubernetes(job) => job.unanswered(detail),
        }
    }

    /// What its service's events call it; nothing if there are none of its end.
    #[must_use]
    pub fn key(&self) -> Option<&JobKey> {
        match &self.0 {
            Kind::Nested(_) | Kind::Kubernetes(_) => None,
            Kind::Table(job) => job.key(),
        }
    }

    /// What to stop it by.
    #[must_use]
    pub fn stop(&self) -> Option<Request> {
        match &self.0 {
            Kind::Nested(nested) => Some(nested.stop()),
            Kind::Table(job) => job.stop().cloned(),
            Kind::Kubernetes(job) => Some(job.stop()),
        }
    }
}
