//! Which service integrations there are, as far as is known for certain: a definition that names one AWS does
//! not have is refused at creation.
//!
//! # Invariants
//!
//! * What AWS accepts is accepted: an action of `aws-sdk:` may be any where the table of services is not built in.

use crate::optimised;
use Pattern::{RequestResponse, RunJob, RunJobParsed, WaitForCallback};
use baton_asl::{Pattern, Resource, ServiceResource};
use baton_services::Unknown;

/// The actions and patterns of one service.
type Actions = &'static [(&'static [&'static str], &'static [Pattern])];

const CALLBACK: &[Pattern] = &[RequestResponse, WaitForCallback];

/// The services whose actions are all known.
const SERVICES: &[(&str, Actions)] = &[
    ("apigateway", &[(&["invoke"], CALLBACK)]),
    ("dynamodb", &[(&["getItem", "putItem", "updateItem", "deleteItem"], &[RequestResponse])]),
    ("eks", &[(&["runJob"], &[RequestResponse, RunJob]), (&["call"], &[RequestResponse])]),
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
    if optimised::is_known(resource) == Some(true) {
        return true;
    }
    let own = SERVICES.iter().find(|(service, _)| *service == resource.service);
    own.is_some_and(|(_, actions)| {
        actions.iter().any(|(names, patterns)| {
            names.contains(&resource.action.as_str()) && patterns.contains(&resource.pattern)
        })
    })
}

/// Every optimised integration, as `service:action`.
fn names() -> impl Iterator<Item = String> {
    let own = SERVICES.iter().flat_map(|(service, actions)| {
        let names = actions.iter().flat_map(|(names, _)| names.iter());
        names.map(move |name| format!("{service}:{name}"))
    });
    own.chain(optimised::names())
}

/// Every optimised integration with each of its patterns, as resources have them: `sqs:sendMessage.waitForTaskToken`.
#[must_use]
pub fn optimised_integrations() -> Vec<String> {
    let patterns = [RequestResponse, RunJob, RunJobParsed, WaitForCallback];
    let resources = names()
        .flat_map(|name| patterns.map(|pattern| format!("{name}{}", pattern.suffix())).into_iter());
    let is_there = |resource: &String| {
        let parsed = Resource::parse(&format!("arn:aws:states:::{resource}"));
        matches!(parsed, Ok(Resource::Service(service)) if is_known(&service))
    };
    let mut all: Vec<String> = resources.filter(is_there).collect();
    all.sort();
    all.dedup();
    all
}

/// What to say to people of a service integration that does not exist.
#[must_use]
pub fn nearest(resource: &ServiceResource) -> Option<String> {
    let Some(service) = resource.service.strip_prefix("aws-sdk:") else {
        return nearest_optimised(resource);
    };
    match baton_services::action(service, &resource.action) {
        Ok(_) | Err(Unknown::NoTable) => None,
        Err(unknown @ (Unknown::Service { .. } | Unknown::Action { .. })) => {
            Some(unknown.to_string())
        }
    }
}

/// The integration whose name comes nearest, or the patterns that are wrong for this one.
fn nearest_optimised(resource: &ServiceResource) -> Option<String> {
    if is_known(resource) {
        return None;
    }
    let name = format!("{}:{}", resource.service, resource.action);
    let nearest = names().map(|known| (distance(&name, &known), known)).min()?;
    Some(match nearest {
        (0, _) => format!("`{name}` does not have the pattern `{}`", resource.pattern.suffix()),
        (steps, known) if steps <= name.len() / 3 => {
            format!("there is no integration `{name}`: did you mean `{known}`?")
        }
        _ => format!(
            "there is no integration `{name}`; every action of AWS is there as `aws-sdk:SERVICE:ACTION`"
        ),
    })
}

/// How many letters have to be changed, added or left out to make one name of the other.
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (index, letter) in from.chars().enumerate() {
        let mut last = index;
        let mut next = vec![index.saturating_add(1)];
        for (above, other) in row.iter().skip(1).zip(to.chars()) {
            let change = last.saturating_add(usize::from(letter != other));
            let left = next.last().copied().unwrap_or_default();
            next.push(change.min(left.saturating_add(1)).min(above.saturating_add(1)));
            last = *above;
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

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
        check("aws-sdk:quantum:entangle.waitForTaskToken", baton_services::table().is_none());
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
    fn jobs_are_known_and_what_nobody_has_is_not() {
        check("glue:startJobRun.sync", true);
        check("glue:startJobRun.waitForTaskToken", false);
        check("quantum:entangle.sync:2", false);
        check("ecs:runTask.waitForTaskToken", true);
        check("bedrock:invokeModel.waitForTaskToken", true);
        check("athena:getQueryResults.sync", false);
        check("elasticmapreduce:modifyInstanceGroupByName", true);
        check("eks:call", true);
        check("eks:call.sync", false);
        check("eks:runJob.sync", true);
        check("aws-sdk:kms:encrypt", true);
        check("aws-sdk:glue:startJobRun.sync", false);
    }

    #[test]
    fn a_mistaken_name_is_told_the_nearest() {
        let told = |resource: &str| {
            let arn = format!("arn:aws:states:::{resource}");
            let Ok(Resource::Service(service)) = Resource::parse(&arn) else { panic!("{arn}") };
            nearest(&service)
        };
        assert_eq!(told("glue:startJobRun.sync"), None);
        let text = "there is no integration `glue:startJob`: did you mean `glue:startJobRun`?";
        assert_eq!(told("glue:startJob.sync").as_deref(), Some(text));
        let text = "`lambda:invoke` does not have the pattern `.sync`";
        assert_eq!(told("lambda:invoke.sync").as_deref(), Some(text));
        assert!(told("quantum:entangle").unwrap().contains("aws-sdk:SERVICE:ACTION"));
    }

    fn check(resource: &str, expected: bool) {
        let arn = format!("arn:aws:states:::{resource}");
        let Ok(Resource::Service(service)) = Resource::parse(&arn) else { panic!("{arn}") };
        assert_eq!(is_known(&service), expected, "{resource}");
    }
}
