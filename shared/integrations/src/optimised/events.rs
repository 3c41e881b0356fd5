//! The events of EventBridge by which services tell that jobs have ended, beside the [table](super::table) of jobs.
//!
//! An event only says which job should be asked how it stands: what it says of the end itself is not believed. Services deliver
//! events by their best effort, so that nothing may depend on one; a job whose service sends none is asked from time to time.

use super::table::Source;
use Source::{Answer, Argument};
use baton_asl::ServiceResource;
use serde_json::Value;
use std::fmt;

/// The most bytes of a key: what is longer is no id that a service gives.
const KEY_BYTES_MAX: usize = 1024;

/// What a job is called by the events of its service.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct JobKey(String);

/// A kind of event that tells ends of jobs.
#[derive(Debug)]
pub struct Event {
    /// Its `source`.
    pub source: &'static str,
    /// Its `detail-type`.
    pub detail_type: &'static str,
    /// The member of its `detail` that says how the job stands.
    pub status: &'static str,
    /// What stands there at an end.
    pub ends: &'static [&'static str],
    /// The member that names the job.
    id: &'static str,
    /// Whose ends it tells: service, action, and where the job's name is in the task's arguments or in the service's answer.
    jobs: &'static [(&'static str, &'static str, Source)],
}

/// Every kind of event that tells ends of jobs.
#[must_use]
pub fn events() -> &'static [Event] {
    EVENTS
}

impl JobKey {
    /// The job that this call began, by what the service answered. Nothing if no event tells its end.
    pub(crate) fn of_job(
        resource: &ServiceResource,
        arguments: &Value,
        submitted: &Value,
    ) -> Option<Self> {
        EVENTS.iter().find_map(|event| {
            let is_it = |(service, action, _): &&(&str, &str, Source)| {
                resource.service == *service && resource.action == *action
            };
            let (_, _, from) = event.jobs.iter().find(is_it)?;
            JobKey::new(event, from.value(arguments, submitted)?.as_str()?)
        })
    }

    /// The job whose end an event tells. Nothing if it is another event.
    #[must_use]
    pub fn of_event(event: &Value) -> Option<Self> {
        let text = |name: &str| event.get(name).and_then(Value::as_str);
        let (source, detail_type) = (text("source")?, text("detail-type")?);
        let kind =
            EVENTS.iter().find(|kind| kind.source == source && kind.detail_type == detail_type)?;
        let detail = |name: &str| event.get("detail")?.get(name)?.as_str();
        let is_end = kind.ends.contains(&detail(kind.status)?);
        is_end.then(|| JobKey::new(kind, detail(kind.id)?)).flatten()
    }

    fn new(event: &Event, id: &str) -> Option<Self> {
        let key = format!("{} {id}", event.detail_type);
        (!id.is_empty() && key.len() <= KEY_BYTES_MAX).then_some(JobKey(key))
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for JobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An event of SageMaker's: each kind of job has members of its own names, and is named by its ARN.
macro_rules! sagemaker {
    ($detail_type:literal, $kind:literal, $action:literal) => {
        Event {
            source: "aws.sagemaker",
            detail_type: $detail_type,
            status: concat!($kind, "Status"),
            ends: &["Completed", "Failed", "Stopped"],
            id: concat!($kind, "Arn"),
            jobs: &[("sagemaker", $action, Answer(concat!("/", $kind, "Arn")))],
        }
    };
}

const EVENTS: &[Event] = &[
    Event {
        source: "aws.athena",
        detail_type: "Athena Query State Change",
        status: "currentState",
        ends: &["SUCCEEDED", "FAILED", "CANCELLED"],
        id: "queryExecutionId",
        jobs: &[("athena", "startQueryExecution", Answer("/QueryExecutionId"))],
    },
    Event {
        source: "aws.batch",
        detail_type: "Batch Job State Change",
        status: "status",
        ends: &["SUCCEEDED", "FAILED"],
        id: "jobId",
        jobs: &[("batch", "submitJob", Answer("/JobId"))],
    },
    Event {
        source: "aws.bedrock",
        detail_type: "Model Customization Job State Change",
        status: "jobStatus",
        ends: &["Completed", "Failed", "Stopped"],
        id: "jobArn",
        jobs: &[("bedrock", "createModelCustomizationJob", Answer("/JobArn"))],
    },
    // Batches of builds have no event.
    Event {
        source: "aws.codebuild",
        detail_type: "CodeBuild Build State Change",
        status: "build-status",
        ends: &["SUCCEEDED", "FAILED", "FAULT", "TIMED_OUT", "STOPPED"],
        // Its value is the build's ARN.
        id: "build-id",
        jobs: &[("codebuild", "startBuild", Answer("/Build/Arn"))],
    },
    Event {
        source: "aws.databrew",
        detail_type: "DataBrew Job State Change",
        status: "state",
        ends: &["SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT"],
        id: "jobRunId",
        jobs: &[("databrew", "startJobRun", Answer("/RunId"))],
    },
    Event {
        source: "aws.ecs",
        detail_type: "ECS Task State Change",
        status: "lastStatus",
        ends: &["STOPPED"],
        id: "taskArn",
        jobs: &[("ecs", "runTask", Answer("/Tasks/0/TaskArn"))],
    },
    Event {
        source: "aws.emr",
        detail_type: "EMR Cluster State Change",
        status: "state",
        ends: &["WAITING", "TERMINATED", "TERMINATED_WITH_ERRORS"],
        id: "clusterId",
        jobs: &[
            ("elasticmapreduce", "createCluster", Answer("/ClusterId")),
            ("elasticmapreduce", "terminateCluster", Argument("/ClusterId")),
        ],
    },
    Event {
        source: "aws.emr",
        detail_type: "EMR Step Status Change",
        status: "state",
        ends: &["COMPLETED", "FAILED", "CANCELLED", "INTERRUPTED"],
        id: "stepId",
        jobs: &[("elasticmapreduce", "addStep", Answer("/StepId"))],
    },
    Event {
        source: "aws.emr-containers",
        detail_type: "EMR Job Run State Change",
        status: "state",
        ends: &["COMPLETED", "FAILED", "CANCELLED"],
        id: "id",
        jobs: &[("emr-containers", "startJobRun", Answer("/Id"))],
    },
    Event {
        source: "aws.emr-serverless",
        detail_type: "EMR Serverless Application State Change",
        status: "state",
        ends: &["CREATED", "STARTED", "STOPPED", "TERMINATED"],
        id: "applicationId",
        jobs: &[
            ("emr-serverless", "createApplication", Answer("/ApplicationId")),
            ("emr-serverless", "startApplication", Argument("/ApplicationId")),
            ("emr-serverless", "stopApplication", Argument("/ApplicationId")),
            ("emr-serverless", "deleteApplication", Argument("/ApplicationId")),
        ],
    },
    Event {
        source: "aws.emr-serverless",
        detail_type: "EMR Serverless Job Run State Change",
        status: "state",
        ends: &["SUCCESS", "FAILED", "CANCELLED"],
        id: "jobRunId",
        jobs: &[
            ("emr-serverless", "startJobRun", Answer("/JobRunId")),
            ("emr-serverless", "cancelJobRun", Argument("/JobRunId")),
        ],
    },
    Event {
        source: "aws.glue",
        detail_type: "Glue Job State Change",
        status: "state",
        ends: &["SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT", "ERROR", "EXPIRED"],
        id: "jobRunId",
        jobs: &[("glue", "startJobRun", Answer("/JobRunId"))],
    },
    Event {
        source: "aws.mediaconvert",
        detail_type: "MediaConvert Job State Change",
        status: "status",
        ends: &["COMPLETE", "ERROR", "CANCELED"],
        id: "jobId",
        jobs: &[("mediaconvert", "createJob", Answer("/Job/Id"))],
    },
    sagemaker!(
        "SageMaker HyperParameter Tuning Job State Change",
        "HyperParameterTuningJob",
        "createHyperParameterTuningJob"
    ),
    sagemaker!("SageMaker Processing Job State Change", "ProcessingJob", "createProcessingJob"),
    sagemaker!("SageMaker Training Job State Change", "TrainingJob", "createTrainingJob"),
    sagemaker!("SageMaker Transform Job State Change", "TransformJob", "createTransformJob"),
];

#[cfg(test)]
mod tests {
    use super::super::table::SERVICES;
    use super::*;
    use baton_asl::Resource;
    use serde_json::json;
    use std::collections::BTreeSet;

    /// The jobs of whose ends no event tells: they are asked.
    const ASKED: &[(&str, &str)] = &[
        ("codebuild", "startBuildBatch"),
        ("codebuild", "retryBuildBatch"),
        ("sagemaker", "createLabelingJob"),
        ("emr-containers", "deleteVirtualCluster"),
        ("eks", "createCluster"),
        ("eks", "deleteCluster"),
        ("eks", "createFargateProfile"),
        ("eks", "deleteFargateProfile"),
        ("eks", "createNodegroup"),
        ("eks", "deleteNodegroup"),
    ];

    fn key_of_job(resource: &str, arguments: &Value, submitted: &Value) -> Option<String> {
        let Ok(Resource::Service(service)) =
            Resource::parse(&format!("arn:aws:states:::{resource}.sync"))
        else {
            panic!("{resource}")
        };
        JobKey::of_job(&service, arguments, submitted).map(|key| key.to_string())
    }

    fn key_of_event(event: &Value) -> Option<String> {
        JobKey::of_event(event).map(|key| key.to_string())
    }

    #[test]
    fn every_job_has_an_event_or_is_asked() {
        let jobs = SERVICES.iter().flat_map(|service| {
            let rows = service.actions.iter().filter(|row| row.job.is_some());
            rows.map(|row| (service.name, row.action))
        });
        let told = EVENTS.iter().flat_map(|event| event.jobs);
        let told = told.map(|(service, action, _)| (*service, *action));
        let known: Vec<_> = told.chain(ASKED.iter().copied()).collect();
        let distinct: BTreeSet<_> = known.iter().copied().collect();
        assert_eq!(known.len(), distinct.len(), "one job has two events");
        assert_eq!(jobs.collect::<BTreeSet<_>>(), distinct);
    }

    /// Whatever ends the wait for a job is an end to its event, as far as both say it alike.
    #[test]
    fn an_end_by_the_description_is_one_by_the_event() {
        for event in EVENTS {
            for (service, action, _) in event.jobs {
                let service = SERVICES.iter().find(|row| row.name == *service).unwrap();
                let row = service.actions.iter().find(|row| row.action == *action).unwrap();
                let job = row.job.as_ref().unwrap();
                for end in job.good.iter().chain(job.bad) {
                    assert!(event.ends.contains(end), "{action}: {end}");
                }
            }
        }
    }

    #[test]
    fn an_event_finds_the_job_that_it_is_about() {
        let arn = "arn:aws:ecs:us-east-1:123456789012:task/c/1";
        let event = |status: &str| {
            json!({
                "version": "0", "id": "e", "source": "aws.ecs", "detail-type": "ECS Task State Change",
                "detail": {"taskArn": arn, "lastStatus": status, "desiredStatus": "STOPPED"},
            })
        };
        let job = key_of_job("ecs:runTask", &json!({}), &json!({"Tasks": [{"TaskArn": arn}]}));
        assert_eq!(job.as_deref(), Some(&*format!("ECS Task State Change {arn}")));
        assert_eq!(key_of_event(&event("STOPPED")), job);
        assert_eq!(key_of_event(&event("RUNNING")), None);
        let cluster = key_of_job(
            "elasticmapreduce:terminateCluster",
            &json!({"ClusterId": "j-1"}),
            &json!({}),
        );
        let event = json!({
            "source": "aws.emr", "detail-type": "EMR Cluster State Change",
            "detail": {"clusterId": "j-1", "state": "TERMINATED"},
        });
        assert_eq!(key_of_event(&event), cluster);
    }

    #[test]
    fn a_malformed_event_finds_nothing() {
        let long = "x".repeat(KEY_BYTES_MAX);
        for event in [
            json!(null),
            json!({"source": "aws.ecs", "detail-type": "ECS Task State Change"}),
            json!({"source": "aws.ecs", "detail-type": "ECS Task State Change", "detail": [1]}),
            json!({"source": "shop", "detail-type": "ECS Task State Change",
                "detail": {"taskArn": "t", "lastStatus": "STOPPED"}}),
            json!({"source": "aws.ecs", "detail-type": "ECS Task State Change",
                "detail": {"taskArn": "", "lastStatus": "STOPPED"}}),
            json!({"source": "aws.ecs", "detail-type": "ECS Task State Change",
                "detail": {"taskArn": long, "lastStatus": "STOPPED"}}),
            json!({"source": "aws.ecs", "detail-type": "ECS Task State Change",
                "detail": {"taskArn": 7, "lastStatus": "STOPPED"}}),
        ] {
            assert_eq!(key_of_event(&event), None, "{event}");
        }
    }
}
