//! One call of a task, whatever the service.

use crate::gateway::GatewayCall;
use crate::kubernetes::{KubernetesCall, is_kubernetes};
use crate::lambda::{self, Invocation};
use crate::optimised::{self, TableCall};
use crate::sdk::SdkCall;
use crate::{Destination, Request, Response, Service, dynamodb, events, refusal, sns, sqs, states};
use baton_asl::{Resource, ServiceResource};
use baton_engine::{Failure, Payload};

/// Whose call it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin<'a> {
    /// The execution's ARN.
    pub execution_arn: &'a str,
    /// The state machine's ARN, in whose region services are called.
    pub machine_arn: &'a str,
    /// A number that names the attempt: the same for every delivery of its cue, another for every other attempt.
    pub attempt: u128,
}

impl<'a> Origin<'a> {
    pub(crate) fn region(&self) -> &'a str {
        self.machine_arn.split(':').nth(3).unwrap_or_default()
    }
}

/// What a task calls, read and checked.
#[derive(Debug, Clone)]
pub struct Task(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Invocation { invocation: Invocation, region: String },
    Action(Action),
    Sdk(Box<SdkCall>),
    Table(Box<TableCall>),
    Gateway(Box<GatewayCall>),
    Kubernetes(Box<KubernetesCall>),
}

/// A request of a service whose answers are read alike, whatever was asked.
#[derive(Debug, Clone)]
pub(crate) struct Action {
    pub(crate) service: Service,
    pub(crate) request: Request,
    pub(crate) result: fn(&Response) -> Result<Payload, Failure>,
}

/// The resources that have an integration, for people.
const SUPPORTED: &str = "Lambda functions, aws-sdk:*, lambda:invoke, dynamodb:*, events:putEvents, sns:publish, sqs:sendMessage, states:startExecution, apigateway:invoke, http:invoke, and those of ECS, Batch, Glue, DataBrew, Athena, CodeBuild, SageMaker, EMR, EKS, Bedrock and MediaConvert";

impl Task {
    /// Reads a task's resource and arguments.
    ///
    /// # Errors
    ///
    /// The task fails: its arguments do not fit, or there is no integration for its resource.
    pub fn new(
        resource: &Resource,
        arguments: &Payload,
        origin: &Origin<'_>,
    ) -> Result<Self, Failure> {
        let region = origin.region().to_owned();
        let kind = match resource {
            Resource::Lambda { arn } => {
                Kind::Invocation { invocation: Invocation::by_arn(arn, arguments), region }
            }
            Resource::Service(service) => match is_answered(service) {
                true => service_kind(service, arguments, origin)?,
                false => return Err(unsupported(resource)),
            },
            Resource::Activity { .. } => return Err(unsupported(resource)),
        };
        Ok(Task(kind))
    }

    /// Whom it calls.
    #[must_use]
    pub fn destination(&self) -> Destination {
        self.request().destination
    }

    /// The invocation, if it is one of a Lambda function: something else may serve it.
    #[must_use]
    pub fn invocation(&self) -> Option<&Invocation> {
        match &self.0 {
            Kind::Invocation { invocation, .. } => Some(invocation),
            Kind::Action(_)
            | Kind::Sdk(_)
            | Kind::Table(_)
            | Kind::Gateway(_)
            | Kind::Kubernetes(_) => None,
        }
    }

    /// A question that has to be asked first, its answer given to [`Task::answer`]. There may be another after it.
    #[must_use]
    pub fn question(&self) -> Option<Request> {
        match &self.0 {
            Kind::Table(call) if call.is_question() => Some(call.request().clone()),
            Kind::Table(_)
            | Kind::Invocation { .. }
            | Kind::Action(_)
            | Kind::Sdk(_)
            | Kind::Gateway(_)
            | Kind::Kubernetes(_) => None,
        }
    }

    /// Takes the answer to a question.
    ///
    /// # Errors
    ///
    /// The task fails.
    pub fn answer(&mut self, response: &Response) -> Result<(), Failure> {
        match &mut self.0 {
            Kind::Table(call) => call.answer(response),
            Kind::Invocation { .. }
            | Kind::Action(_)
            | Kind::Sdk(_)
            | Kind::Gateway(_)
            | Kind::Kubernetes(_) => Ok(()),
        }
    }

    /// Whether AWS makes the call by an SDK, which makes it again by itself where nothing was carried out.
    #[must_use]
    pub fn is_by_sdk(&self) -> bool {
        match &self.0 {
            Kind::Invocation { .. } | Kind::Action(_) | Kind::Sdk(_) | Kind::Table(_) => true,
            Kind::Gateway(_) | Kind::Kubernetes(_) => false,
        }
    }

    /// Says how often the call was made, for its failure.
    pub fn attempted(&mut self, count: u32) {
        if let Kind::Sdk(call) = &mut self.0 {
            call.attempted(count);
        }
    }

    /// What to send.
    #[must_use]
    pub fn request(&self) -> Request {
        match &self.0 {
            Kind::Invocation { invocation, region } => invocation.request(region),
            Kind::Action(action) => action.request.clone(),
            Kind::Sdk(call) => call.request().clone(),
            Kind::Table(call) => call.request().clone(),
            Kind::Gateway(call) => call.request().clone(),
            Kind::Kubernetes(call) => call.request().clone(),
        }
    }

    /// What the response means. For a callback a result says that the request was accepted.
    ///
    /// # Errors
    ///
    /// The task fails.
    pub fn result(&self, response: &Response) -> Result<Payload, Failure> {
        match &self.0 {
            Kind::Invocation { invocation, .. } => invocation.result(response),
            Kind::Action(action) => (action.result)(response),
            Kind::Sdk(call) => call.result(response),
            Kind::Table(call) => call.result(response),
            Kind::Gateway(call) => call.result(response),
            Kind::Kubernetes(_) => KubernetesCall::result(response),
        }
    }

    /// The failure of a call whose response is larger than anything can be made of.
    #[must_use]
    pub fn oversized(&self) -> Failure {
        Failure::too_large(match &self.0 {
            Kind::Invocation { invocation, .. } => invocation.whose(),
            Kind::Action(action) => action.service.endpoint_prefix(),
            Kind::Sdk(call) => call.whose(),
            Kind::Table(call) => call.whose(),
            Kind::Gateway(_) => "apigateway",
            Kind::Kubernetes(_) => "eks",
        })
    }

    /// The failure of a call that got no response. The detail says what is known of it.
    #[must_use]
    pub fn unreachable(&self, detail: &str) -> Failure {
        match &self.0 {
            Kind::Invocation { .. } => refusal::unreachable(Service::Lambda, detail),
            Kind::Action(action) => refusal::unreachable(action.service, detail),
            Kind::Sdk(call) => call.unreachable(detail),
            Kind::Table(call) => call.unreachable(detail),
            Kind::Gateway(call) => call.unreachable(detail),
            Kind::Kubernetes(_) => KubernetesCall::unreachable(detail),
        }
    }
}

/// Whether the service's answer is all that a call has to wait for, or a job that can be asked for its end.
fn is_answered(resource: &ServiceResource) -> bool {
    !resource.pattern.is_job()
        || is_kubernetes(resource)
        || (resource.service == "states" && resource.action == "startExecution")
        || optimised::is_known(resource) == Some(true)
}

fn service_kind(
    resource: &ServiceResource,
    arguments: &Payload,
    origin: &Origin<'_>,
) -> Result<Kind, Failure> {
    if let Some(service) = resource.service.strip_prefix("aws-sdk:") {
        let call = SdkCall::new(service, resource, arguments, origin)?;
        return Ok(Kind::Sdk(Box::new(call)));
    }
    if is_kubernetes(resource) {
        let call = KubernetesCall::new(&resource.action, arguments, origin)?;
        return Ok(Kind::Kubernetes(Box::new(call)));
    }
    if let Some(call) = TableCall::new(resource, arguments, origin) {
        return Ok(Kind::Table(Box::new(call?)));
    }
    if (resource.service.as_str(), resource.action.as_str()) == ("apigateway", "invoke") {
        return Ok(Kind::Gateway(Box::new(GatewayCall::new(arguments)?)));
    }
    let action = match (resource.service.as_str(), resource.action.as_str()) {
        ("lambda", "invoke") => {
            let (invocation, region) = (lambda::invoke(arguments)?, origin.region().to_owned());
            return Ok(Kind::Invocation { invocation, region });
        }
        ("dynamodb", action @ ("getItem" | "putItem" | "updateItem" | "deleteItem")) => {
            dynamodb::action(action, arguments, origin)?
        }
        ("events", "putEvents") => events::put_events(arguments, origin)?,
        ("sns", "publish") => sns::publish(arguments, origin)?,
        ("sqs", "sendMessage") => sqs::send_message(arguments, origin)?,
        ("states", "startExecution") => states::start_execution(arguments, origin)?,
        _ => return Err(unsupported(&Resource::Service(resource.clone()))),
    };
    Ok(Kind::Action(action))
}

/// The failure of a task whose resource has no integration here.
fn unsupported(resource: &Resource) -> Failure {
    let cause = format!("Baton cannot call `{resource}`. It calls these: {SUPPORTED}.");
    Failure::new("Baton.UnsupportedResource", &cause)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lambda::tests::response;
    use serde_json::json;

    fn task(resource: &str) -> Result<Task, Failure> {
        let origin = Origin {
            execution_arn: "arn:aws:states:eu-west-1:111111111111:execution:m:e",
            machine_arn: "arn:aws:states:eu-west-1:111111111111:stateMachine:m",
            attempt: 0,
        };
        let resource = Resource::parse(resource).unwrap();
        Task::new(&resource, &json!({"FunctionName": "f"}).into(), &origin)
    }

    #[test]
    fn a_callback_sends_the_same_request() {
        let plain = task("arn:aws:states:::lambda:invoke").unwrap().request();
        let callback = task("arn:aws:states:::lambda:invoke.waitForTaskToken").unwrap();
        assert_eq!(callback.request(), plain);
        assert_eq!(plain.destination.signing.region, "eu-west-1");
        assert!(callback.result(&response(200, &[], "null")).is_ok());
    }

    #[test]
    fn a_resource_without_an_integration_fails_and_says_what_has_one() {
        for resource in [
            "arn:aws:states:::quantum:entangle",
            "arn:aws:states:us-east-1:111111111111:activity:a",
        ] {
            let failure = task(resource).unwrap_err();
            assert_eq!(failure.error.as_deref(), Some("Baton.UnsupportedResource"));
            let cause = failure.cause.unwrap();
            assert!(cause.contains(resource) && cause.contains("lambda:invoke"), "{cause}");
        }
    }
}
