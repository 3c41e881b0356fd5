//! Optimised integrations as a [table]: requests and answers by the services' API models, names and causes as the AWS
//! SDK for Java 1 forms them, jobs followed to their ends.

mod events;
mod lookup;
mod shape;
mod table;

pub use events::{Event, JobKey, events};
use lookup::{Found, Search};
pub(crate) use table::Row;
use table::{Given, Job, Named, SERVICES, Source, Verdict};

use crate::arguments::{Arguments, unfit};
use crate::jobs::JobState;
use crate::limits::CAUSE_CHARS_MAX;
use crate::metadata::with_plain_metadata;
use crate::sdk::token;
use crate::{Origin, Request, Response};
use baton_asl::{Pattern, ServiceResource};
use baton_engine::{Failure, Payload};
use baton_services::{Action, Context, ServiceError, Unknown};
use serde_json::{Map, Value};

/// A call of a row.
#[derive(Debug, Clone)]
pub(crate) struct TableCall {
    service: &'static Named,
    row: &'static Row,
    is_job: bool,
    action: Action,
    request: Request,
    /// What has to be found before the request can be said.
    search: Option<(Search, Payload, String)>,
}

/// A job of a row, accepted.
#[derive(Debug, Clone)]
pub(crate) struct TableJob {
    service: &'static Named,
    job: &'static Job,
    describe: (Action, Request),
    stop: Option<Request>,
    key: Option<JobKey>,
}

/// Whether the table has this action with this pattern; nothing if it has not even the service.
pub(crate) fn is_known(resource: &ServiceResource) -> Option<bool> {
    let service = SERVICES.iter().find(|service| service.name == resource.service)?;
    let row = service.actions.iter().find(|row| row.action == resource.action);
    Some(row.is_some_and(|row| match resource.pattern {
        Pattern::RequestResponse => true,
        Pattern::RunJob => row.job.is_some(),
        Pattern::RunJobParsed => false,
        Pattern::WaitForCallback => row.has_callback,
    }))
}

/// Every integration of the table, as `service:action`.
pub(crate) fn names() -> impl Iterator<Item = String> {
    SERVICES.iter().flat_map(|service| {
        service.actions.iter().map(|row| format!("{}:{}", service.name, row.action))
    })
}

/// Whether the service takes a repeated start of this job for the same.
pub(crate) fn is_repeatable(resource: &ServiceResource) -> bool {
    find(resource).is_some_and(|(_, row)| row.job.as_ref().is_some_and(|job| job.is_repeatable))
}

fn find(resource: &ServiceResource) -> Option<(&'static Named, &'static Row)> {
    let service = SERVICES.iter().find(|service| service.name == resource.service)?;
    let row = service.actions.iter().find(|row| row.action == resource.action)?;
    Some((service, row))
}

impl TableCall {
    /// The call of a resource that the table has.
    pub(crate) fn new(
        resource: &ServiceResource,
        arguments: &Payload,
        origin: &Origin<'_>,
    ) -> Option<Result<Self, Failure>> {
        let (service, row) = find(resource)?;
        Some(Self::of(service, row, resource, arguments, origin))
    }

    fn of(
        service: &'static Named,
        row: &'static Row,
        resource: &ServiceResource,
        arguments: &Payload,
        origin: &Origin<'_>,
    ) -> Result<Self, Failure> {
        let (sdk_service, sdk_action) = row.sdk;
        let action = baton_services::action(sdk_service, sdk_action)
            .map_err(|error| unknown(resource, &error))?;
        let token = token(origin.attempt);
        let context = Context { region: origin.region(), token: &token };
        // Wrong arguments are told before anything is looked up.
        let is_job = resource.pattern.is_job();
        let request = request(row, &action, arguments, is_job, "id", &context)?;
        let search = match &row.lookup {
            Some(lookup) => Search::new(row, lookup, arguments, origin)?,
            None => None,
        };
        let search = search.map(|search| (search, arguments.clone(), origin.region().to_owned()));
        Ok(TableCall { service, row, is_job, action, request, search })
    }

    /// The next request: a question, or the call itself.
    pub(crate) fn request(&self) -> &Request {
        self.search.as_ref().map_or(&self.request, |(search, ..)| search.question())
    }

    /// Whose result it is.
    pub(crate) fn whose(&self) -> &str {
        self.service.name
    }

    /// Whether the next request is only a question.
    pub(crate) fn is_question(&self) -> bool {
        self.search.is_some()
    }

    /// Takes the answer to a question.
    pub(crate) fn answer(&mut self, response: &Response) -> Result<(), Failure> {
        let Some((search, arguments, region)) = &mut self.search else { return Ok(()) };
        match search.answer(response) {
            Found::Next => Ok(()),
            Found::Nothing(failure) => Err(failure),
            Found::Refused(error) => Err(self.service.failure(&error)),
            Found::Id(id) => {
                let context = Context { region, token: "" };
                let (row, action, is_job) = (self.row, &self.action, self.is_job);
                self.request = request(row, action, arguments, is_job, &id, &context)?;
                self.search = None;
                Ok(())
            }
        }
    }

    /// The answer with its metadata. An ECS task that could not be placed is no job.
    pub(crate) fn result(&self, response: &Response) -> Result<Payload, Failure> {
        let outcome = self.action.java_outcome(response, self.service.has_empty_lists);
        let answer = match outcome {
            Ok(Value::Object(members)) => shape::answer(self.row.action, members),
            Ok(_) => Map::new(),
            Err(error) => return Err(self.service.failure(&error)),
        };
        let failures = answer.get("Failures").and_then(Value::as_array);
        if self.is_job && failures.is_some_and(|failures| !failures.is_empty()) {
            let cause: String =
                Value::Object(answer).to_string().chars().take(CAUSE_CHARS_MAX).collect();
            return Err(Failure::new(Failure::TASK_FAILED, &cause));
        }
        Ok(Payload::new(with_plain_metadata(answer, response)))
    }

    pub(crate) fn unreachable(&self, detail: &str) -> Failure {
        self.service.failure(&self.action.unreachable(detail))
    }
}

/// The request of a row for these arguments. What was looked up goes by its id.
fn request(
    row: &Row,
    action: &Action,
    arguments: &Payload,
    is_job: bool,
    id: &str,
    context: &Context<'_>,
) -> Result<Request, Failure> {
    let read = Arguments::new(arguments)?;
    let mut members = read.members().clone();
    let job = row.job.as_ref().filter(|_| is_job);
    for (name, value) in job.map_or(&[][..], |job| job.defaults) {
        members.entry(*name).or_insert_with(|| (*value).into());
    }
    if let Some(lookup) = &row.lookup {
        members = lookup.with_id(members, id, &read)?;
    }
    let request = action.request(&(row.shape)(members), context);
    request.map_err(|faults| unfit(arguments, &faults.to_string()))
}

impl Named {
    fn failure(&self, error: &ServiceError) -> Failure {
        let Named { prefix, cause, base_error, .. } = self;
        let Some(answer) = &error.answer else {
            return Failure::new(&format!("{prefix}.{}", error.exception), &error.message);
        };
        let is_base = error.exception == format!("{}Exception", error.client);
        let name = if is_base { base_error } else { error.exception.as_str() };
        let id = answer.request_id.as_deref().unwrap_or("null");
        let text = format!(
            "{} (Service: {cause}; Status Code: {}; Error Code: {}; Request ID: {id}; Proxy: null)",
            error.message, answer.status, error.code
        );
        let text: String = text.chars().take(CAUSE_CHARS_MAX).collect();
        Failure::new(&format!("{prefix}.{name}"), &text)
    }
}

/// The failure of a task whose action is not known, because the table of services is not built in.
fn unknown(resource: &ServiceResource, error: &Unknown) -> Failure {
    let cause = format!("Baton cannot call `{}`: {error}.", resource.arn);
    Failure::new("Baton.UnsupportedResource", &cause)
}

impl TableJob {
    /// The job that this call began, by what the service answered.
    pub(crate) fn new(
        resource: &ServiceResource,
        arguments: &Payload,
        submitted: &Payload,
        origin: &Origin<'_>,
    ) -> Option<Self> {
        let (service, row) = find(resource)?;
        let job = row.job.as_ref()?;
        let request = |(name, given): (&str, &[Given])| {
            let action = baton_services::action(row.sdk.0, name).ok()?;
            let members = given.iter().filter_map(|Given(name, from)| {
                Some(((*name).to_owned(), from.value(arguments.value(), submitted.value())?))
            });
            let context = Context { region: origin.region(), token: "" };
            let request = action.request(&members.collect(), &context).ok()?;
            Some((action, request))
        };
        let describe = request(job.describe)?;
        let stop = job.stop.and_then(request).map(|(_, request)| request);
        let key = JobKey::of_job(resource, arguments.value(), submitted.value());
        Some(TableJob { service, job, describe, stop, key })
    }

    pub(crate) fn describe(&self) -> &Request {
        &self.describe.1
    }

    pub(crate) fn stop(&self) -> Option<&Request> {
        self.stop.as_ref()
    }

    pub(crate) fn key(&self) -> Option<&JobKey> {
        self.key.as_ref()
    }

    /// What the description means.
    pub(crate) fn state(&self, response: &Response) -> JobState {
        let job = self.job;
        let outcome = self.describe.0.java_outcome(response, self.service.has_empty_lists);
        let description = match outcome {
            Ok(description) => description,
            Err(error) if job.verdict == Verdict::Gone && is_gone(&error) => {
                return JobState::Succeeded(Payload::new(Value::Object(Map::new())));
            }
            Err(error) => return JobState::refused(response, self.service.failure(&error)),
        };
        let status = description.pointer(job.status).and_then(Value::as_str).unwrap_or_default();
        let (is_good, is_bad) = (job.good.contains(&status), job.bad.contains(&status));
        if !is_good && !is_bad {
            return JobState::Running;
        }
        let (pointer, member) = job.result;
        let shown = description.pointer(pointer).cloned().unwrap_or_default();
        let shown = match member {
            "" => shown,
            member => Value::Object(Map::from_iter([(member.to_owned(), shown)])),
        };
        let is_good = is_good && (job.verdict != Verdict::ExitCodes || has_exited_well(&shown));
        if is_good { JobState::Succeeded(Payload::new(shown)) } else { JobState::failed(&shown) }
    }
}

impl Source {
    fn value(&self, arguments: &Value, answer: &Value) -> Option<Value> {
        match self {
            Source::Argument(pointer) => arguments.pointer(pointer).cloned(),
            Source::Answer(pointer) => answer.pointer(pointer).cloned(),
            Source::AnswerList(pointer) => {
                Some(Value::Array(vec![answer.pointer(pointer)?.clone()]))
            }
            Source::Text(text) => Some((*text).into()),
        }
    }
}

fn is_gone(error: &ServiceError) -> bool {
    error.answer.as_ref().is_some_and(|answer| answer.status == 404)
        || error.code.contains("NotFound")
}

/// Whether every container of a stopped ECS task exited with 0. One that never ran has no exit code.
fn has_exited_well(task: &Value) -> bool {
    let containers = task.get("Containers").and_then(Value::as_array);
    let has_failed_to_start =
        task.get("StopCode").and_then(Value::as_str) == Some("TaskFailedToStart");
    let is_well = |container: &Value| container.get("ExitCode").and_then(Value::as_i64) == Some(0);
    !has_failed_to_start && containers.is_some_and(|containers| containers.iter().all(is_well))
}

#[cfg(test)]
mod tests;
