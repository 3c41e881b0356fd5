//! Which service integrations there are, as far as is known for certain: a definition that names one AWS does
//! not have is refused at creation.
//!
//! # Invariants
//!
//! * What AWS accepts is accepted: a service that is not listed here may have any action and pattern, and so may those
//!   of `aws-sdk:` where the table of services is not built in.

use Pattern::{RequestResponse, RunJob, RunJobParsed, WaitForCallback};
use baton_asl::{Pattern, ServiceResource};
use baton_services::Unknown;

/// The actions and patterns of one service.
type Actions = &'static [(&'static [&'static str], &'static [Pattern])];

const CALLBACK: &[Pattern] = &[RequestResponse, WaitForCallback];

/// The services whose actions are all known.
const SERVICES: &[(&str, Actions)] = &[
    ("apigateway", &[(&["invoke"], CALLBACK)]),
    ("dynamodb", &[(&["getItem", "putItem", "updateItem", "deleteItem"], &[RequestResponse])]),
    ("ecs", &[(&["runTask"], &[RequestResponse, RunJob, WaitForCallback])]),
    ("events", &[(&["putEvents"], CALLBACK)]),
    ("http", &[(&["invoke"], &[RequestResponse])]),
    ("lambda", &[(&["invoke"], CALLBACK)]),
    ("sns", &[(&["publish"], CALLBACK)]),
    ("sqs", &[(&["sendMessage"], CALLBACK)]),
    ("states", &[(&["startExecution"], &[RequestResponse, RunJob, RunJobParsed, WaitForCallback])]),
];

/// Whether a service integration may exist.
#[must_use]
pub fn is_known(resource: &ServiceResource) -> bool {
    if let Some(service) = resource.service.strip_prefix("aws-sdk:") {
        let is_there = match baton_services::action(service, &resource.action) {
            Ok(action) => action.is_callable(),
            Err(Unknown::NoTable) => true,
            Err(Unknown::Service { .. } | Unknown::Action { .. }) => false,
        };
        return is_there && CALLBACK.contains(&resource.pattern);
    }
    match SERVICES.iter().find(|(service, _)| *service == resource.service) {
        None => true,
        Some((_, actions)) => actions.iter().any(|(names, patterns)| {
            names.contains(&resource.action.as_str()) && patterns.contains(&resource.pattern)
        }),
    }
}

/// What to say to people of a service integration that does not exist.
#[must_use]
pub fn nearest(resource: &ServiceResource) -> Option<String> {
    let service = resource.service.strip_prefix("aws-sdk:")?;
    match baton_services::action(service, &resource.action) {
        Ok(_) | Err(Unknown::NoTable) => None,
        Err(unknown @ (Unknown::Service { .. } | Unknown::Action { .. })) => {
            Some(unknown.to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use baton_asl::Resource;

    #[cfg(feature = "aws-sdk")]
    #[test]
    fn actions_of_services_are_those_of_their_models() {
        check("aws-sdk:dynamodb:putItem", true);
        check("aws-sdk:sfn:startExecution.waitForTaskToken", true);
        check("aws-sdk:dynamodb:PutItem", false);
        check("aws-sdk:stepfunctions:startExecution", false);
        check("aws-sdk:kinesis:subscribeToShard", false);
        let help = |resource: &str| {
            let arn = format!("arn:aws:states:::{resource}");
            let Ok(Resource::Service(service)) = Resource::parse(&arn) else { panic!("{arn}") };
            nearest(&service)
        };
        assert_eq!(help("aws-sdk:dynamodb:putItem"), None);
        assert_eq!(
            help("aws-sdk:dynamodb:putItems").as_deref(),
            Some("the service `dynamodb` has no action `putItems`: did you mean `putItem`?")
        );
        assert_eq!(
            help("aws-sdk:dynamdb:putItem").as_deref(),
            Some("there is no service `dynamdb`: did you mean `dynamodb`?")
        );
    }

    #[cfg(not(feature = "aws-sdk"))]
    #[test]
    fn without_the_table_any_action_may_be() {
        check("aws-sdk:quantum:entangle.waitForTaskToken", true);
        check("aws-sdk:glue:startJobRun.sync", false);
    }

    #[test]
    fn what_a_service_does_not_have_is_unknown() {
        check("lambda:invoke", true);
        check("lambda:invoke.waitForTaskToken", true);
        check("lambda:invoke.sync", false);
        check("lambda:invoke.sync:2", false);
        check("lambda:Invoke", false);
        check("lambda:createFunction", false);
        check("dynamodb:updateItem", true);
        check("dynamodb:query", false);
        check("dynamodb:getItem.waitForTaskToken", false);
        check("sqs:sendMessage.waitForTaskToken", true);
        check("states:startExecution.sync:2", true);
        check("ecs:runTask.sync", true);
        check("ecs:runTask.sync:2", false);
        check("http:invoke", true);
        check("http:invoke.waitForTaskToken", false);
    }

    #[test]
    fn a_service_that_is_not_listed_may_have_anything() {
        check("glue:startJobRun.sync", true);
        check("quantum:entangle.sync:2", true);
        check("aws-sdk:kms:encrypt", true);
        check("aws-sdk:glue:startJobRun.sync", false);
    }

    fn check(resource: &str, expected: bool) {
        let arn = format!("arn:aws:states:::{resource}");
        let Ok(Resource::Service(service)) = Resource::parse(&arn) else { panic!("{arn}") };
        assert_eq!(is_known(&service), expected, "{resource}");
    }
}
