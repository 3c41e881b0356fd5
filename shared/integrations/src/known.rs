//! Which service integrations there are, as far as is known for certain: a definition that names one AWS does
//! not have is refused at creation.
//!
//! # Invariants
//!
//! * What AWS accepts is accepted: a service that is not listed here may have any action and pattern.

use Pattern::{RequestResponse, RunJob, RunJobParsed, WaitForCallback};
use baton_asl::{Pattern, ServiceResource};

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
    if resource.service.starts_with("aws-sdk:") {
        return CALLBACK.contains(&resource.pattern);
    }
    match SERVICES.iter().find(|(service, _)| *service == resource.service) {
        None => true,
        Some((_, actions)) => actions.iter().any(|(names, patterns)| {
            names.contains(&resource.action.as_str()) && patterns.contains(&resource.pattern)
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use baton_asl::Resource;

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
        check("aws-sdk:quantum:entangle.waitForTaskToken", true);
        check("aws-sdk:glue:startJobRun.sync", false);
    }

    fn check(resource: &str, expected: bool) {
        let arn = format!("arn:aws:states:::{resource}");
        let Ok(Resource::Service(service)) = Resource::parse(&arn) else { panic!("{arn}") };
        assert_eq!(is_known(&service), expected, "{resource}");
    }
}
