//! The optimised integrations beyond those with modules of their own, a row an action: whose action it is, and for a job how
//! it is asked for its end, which answers end it, and how it is stopped.

use super::lookup::Lookup;
use super::shape;
use serde_json::{Map, Value};

/// A service, by the names that it goes by.
#[derive(Debug)]
pub(super) struct Named {
    /// In resources.
    pub(super) name: &'static str,
    /// What the error names of its tasks begin with.
    pub(super) prefix: &'static str,
    /// Its name in causes.
    pub(super) cause: &'static str,
    /// The error that stands for every code which has no error of its own.
    pub(super) base_error: &'static str,
    /// Whether its answers show lists that are not there as empty ones.
    pub(super) has_empty_lists: bool,
    /// Its actions.
    pub(super) actions: &'static [Row],
}

/// One action.
#[derive(Debug)]
pub(crate) struct Row {
    /// In resources.
    pub(super) action: &'static str,
    /// The service and the action by the API models, where they go by other names there.
    pub(super) sdk: (&'static str, &'static str),
    /// What the action's arguments become there.
    pub(super) shape: fn(Map<String, Value>) -> Map<String, Value>,
    /// Whether it may be a callback.
    pub(super) has_callback: bool,
    /// The job that it begins, if it is one.
    pub(super) job: Option<Job>,
    /// What is looked up first, if anything is.
    pub(super) lookup: Option<Lookup>,
}

/// How a job is followed.
#[derive(Debug)]
pub(super) struct Job {
    /// The action that describes it, with its arguments.
    pub(super) describe: (&'static str, &'static [Given]),
    /// Where the description says how it stands.
    pub(super) status: &'static str,
    /// What stands there when it has ended well.
    pub(super) good: &'static [&'static str],
    /// What stands there when it has ended badly.
    pub(super) bad: &'static [&'static str],
    /// Which part of the description is the result, and the member that it is put in.
    pub(super) result: (&'static str, &'static str),
    /// The action that stops it, with its arguments.
    pub(super) stop: Option<(&'static str, &'static [Given])>,
    /// What else decides.
    pub(super) verdict: Verdict,
    /// Whether the service tells a repeated start by its token.
    pub(super) is_repeatable: bool,
    /// What a start says that the definition leaves out.
    pub(super) defaults: &'static [(&'static str, &'static str)],
}

/// What else than the status decides how a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing.
    Status,
    /// The exit codes of an ECS task's containers.
    ExitCodes,
    /// It has ended well when it is not there any more.
    Gone,
}

/// A member of a request, and where its value comes from.
#[derive(Debug)]
pub(super) struct Given(pub(super) &'static str, pub(super) Source);

/// Where a value comes from.
#[derive(Debug)]
pub(super) enum Source {
    /// The task's arguments.
    Argument(&'static str),
    /// What the service answered when it accepted the job.
    Answer(&'static str),
    /// The same as the only item of an array.
    AnswerList(&'static str),
    /// Always this.
    Text(&'static str),
}

use Source::{Answer, AnswerList, Argument, Text};

const STOPPED: &str = "Stopped by the execution that waited for it";

const JOB: Job = Job {
    describe: ("", &[]),
    status: "",
    good: &[],
    bad: &[],
    result: ("", ""),
    stop: None,
    verdict: Verdict::Status,
    is_repeatable: false,
    defaults: &[],
};

const fn plain(action: &'static str, service: &'static str) -> Row {
    Row {
        action,
        sdk: (service, action),
        shape: shape::same,
        has_callback: false,
        job: None,
        lookup: None,
    }
}

const fn job(action: &'static str, service: &'static str, job: Job) -> Row {
    Row { job: Some(job), ..plain(action, service) }
}

pub(super) const SERVICES: &[Named] = &[
    Named {
        name: "ecs",
        prefix: "ECS",
        cause: "AmazonECS",
        base_error: "AmazonECSException",
        has_empty_lists: true,
        actions: ECS,
    },
    Named {
        name: "batch",
        prefix: "Batch",
        cause: "AWSBatch",
        base_error: "AWSBatchException",
        has_empty_lists: false,
        actions: BATCH,
    },
    Named {
        name: "glue",
        prefix: "Glue",
        cause: "AWSGlue",
        base_error: "AWSGlueException",
        has_empty_lists: false,
        actions: GLUE,
    },
    Named {
        name: "databrew",
        prefix: "DataBrew",
        cause: "AWSGlueDataBrew",
        base_error: "AWSGlueDataBrewException",
        has_empty_lists: false,
        actions: DATABREW,
    },
    Named {
        name: "athena",
        prefix: "Athena",
        cause: "AmazonAthena",
        base_error: "AmazonAthenaException",
        has_empty_lists: false,
        actions: ATHENA,
    },
    Named {
        name: "codebuild",
        prefix: "CodeBuild",
        cause: "AWSCodeBuild",
        base_error: "AWSCodeBuildException",
        has_empty_lists: false,
        actions: CODEBUILD,
    },
    Named {
        name: "sagemaker",
        prefix: "SageMaker",
        cause: "AmazonSageMaker",
        base_error: "AmazonSageMakerException",
        has_empty_lists: false,
        actions: SAGEMAKER,
    },
    Named {
        name: "elasticmapreduce",
        prefix: "ElasticMapReduce",
        cause: "AmazonElasticMapReduce",
        base_error: "AmazonElasticMapReduceException",
        has_empty_lists: false,
        actions: EMR,
    },
    Named {
        name: "emr-containers",
        prefix: "EMRContainers",
        cause: "AmazonEMRContainers",
        base_error: "AmazonEMRContainersException",
        has_empty_lists: false,
        actions: EMR_CONTAINERS,
    },
    Named {
        name: "emr-serverless",
        prefix: "EMRServerless",
        cause: "AWSEMRServerless",
        base_error: "AWSEMRServerlessException",
        has_empty_lists: false,
        actions: EMR_SERVERLESS,
    },
    Named {
        name: "eks",
        prefix: "EKS",
        cause: "AmazonEKS",
        base_error: "AmazonEKSException",
        has_empty_lists: false,
        actions: EKS,
    },
    Named {
        name: "bedrock",
        prefix: "Bedrock",
        cause: "AmazonBedrock",
        base_error: "AmazonBedrockException",
        has_empty_lists: false,
        actions: BEDROCK,
    },
    Named {
        name: "mediaconvert",
        prefix: "MediaConvert",
        cause: "AWSMediaConvert",
        base_error: "AWSMediaConvertException",
        has_empty_lists: false,
        actions: MEDIACONVERT,
    },
];

const ECS: &[Row] = &[Row {
    has_callback: true,
    ..job(
        "runTask",
        "ecs",
        Job {
            describe: (
                "describeTasks",
                &[
                    Given("Cluster", Argument("/Cluster")),
                    Given("Tasks", AnswerList("/Tasks/0/TaskArn")),
                ],
            ),
            status: "/Tasks/0/LastStatus",
            good: &["STOPPED"],
            result: ("/Tasks/0", ""),
            stop: Some((
                "stopTask",
                &[
                    Given("Cluster", Argument("/Cluster")),
                    Given("Task", Answer("/Tasks/0/TaskArn")),
                    Given("Reason", Text(STOPPED)),
                ],
            )),
            verdict: Verdict::ExitCodes,
            is_repeatable: true,
            defaults: &[("StartedBy", "AWS Step Functions")],
            ..JOB
        },
    )
}];

const BATCH: &[Row] = &[job(
    "submitJob",
    "batch",
    Job {
        describe: ("describeJobs", &[Given("Jobs", AnswerList("/JobId"))]),
        status: "/Jobs/0/Status",
        good: &["SUCCEEDED"],
        bad: &["FAILED"],
        result: ("/Jobs/0", ""),
        stop: Some((
            "terminateJob",
            &[Given("JobId", Answer("/JobId")), Given("Reason", Text(STOPPED))],
        )),
        ..JOB
    },
)];

const GLUE: &[Row] = &[job(
    "startJobRun",
    "glue",
    Job {
        describe: (
            "getJobRun",
            &[Given("JobName", Argument("/JobName")), Given("RunId", Answer("/JobRunId"))],
        ),
        status: "/JobRun/JobRunState",
        good: &["SUCCEEDED"],
        bad: &["FAILED", "STOPPED", "TIMEOUT", "ERROR", "EXPIRED"],
        result: ("/JobRun", ""),
        stop: Some((
            "batchStopJobRun",
            &[Given("JobName", Argument("/JobName")), Given("JobRunIds", AnswerList("/JobRunId"))],
        )),
        ..JOB
    },
)];

const DATABREW: &[Row] = &[job(
    "startJobRun",
    "databrew",
    Job {
        describe: (
            "describeJobRun",
            &[Given("Name", Argument("/Name")), Given("RunId", Answer("/RunId"))],
        ),
        status: "/State",
        good: &["SUCCEEDED"],
        bad: &["FAILED", "STOPPED", "TIMEOUT"],
        stop: Some((
            "stopJobRun",
            &[Given("Name", Argument("/Name")), Given("RunId", Answer("/RunId"))],
        )),
        ..JOB
    },
)];

const ATHENA: &[Row] = &[
    job(
        "startQueryExecution",
        "athena",
        Job {
            describe: (
                "getQueryExecution",
                &[Given("QueryExecutionId", Answer("/QueryExecutionId"))],
            ),
            status: "/QueryExecution/Status/State",
            good: &["SUCCEEDED"],
            bad: &["FAILED", "CANCELLED"],
            stop: Some((
                "stopQueryExecution",
                &[Given("QueryExecutionId", Answer("/QueryExecutionId"))],
            )),
            is_repeatable: true,
            ..JOB
        },
    ),
    plain("stopQueryExecution", "athena"),
    plain("getQueryExecution", "athena"),
    plain("getQueryResults", "athena"),
];

const BUILD: Job = Job {
    describe: ("batchGetBuilds", &[Given("Ids", AnswerList("/Build/Id"))]),
    status: "/Builds/0/BuildStatus",
    good: &["SUCCEEDED"],
    bad: &["FAILED", "FAULT", "TIMED_OUT", "STOPPED"],
    result: ("/Builds/0", "Build"),
    stop: Some(("stopBuild", &[Given("Id", Answer("/Build/Id"))])),
    ..JOB
};

const BUILD_BATCH: Job = Job {
    describe: ("batchGetBuildBatches", &[Given("Ids", AnswerList("/BuildBatch/Id"))]),
    status: "/BuildBatches/0/BuildBatchStatus",
    good: &["SUCCEEDED"],
    bad: &["FAILED", "FAULT", "TIMED_OUT", "STOPPED"],
    result: ("/BuildBatches/0", "BuildBatch"),
    stop: Some(("stopBuildBatch", &[Given("Id", Answer("/BuildBatch/Id"))])),
    ..JOB
};

const CODEBUILD: &[Row] = &[
    job("startBuild", "codebuild", BUILD),
    plain("stopBuild", "codebuild"),
    plain("batchDeleteBuilds", "codebuild"),
    plain("batchGetReports", "codebuild"),
    job("startBuildBatch", "codebuild", BUILD_BATCH),
    plain("stopBuildBatch", "codebuild"),
    job("retryBuildBatch", "codebuild", BUILD_BATCH),
    plain("deleteBuildBatch", "codebuild"),
];

/// A job of SageMaker: each kind has actions and members of its own names.
macro_rules! sagemaker_job {
    ($create:literal, $describe:literal, $stop:literal, $name:literal, $status:literal) => {
        job(
            $create,
            "sagemaker",
            Job {
                describe: ($describe, &[Given($name, Argument(concat!("/", $name)))]),
                status: concat!("/", $status),
                good: &["Completed"],
                bad: &["Failed", "Stopped"],
                stop: Some(($stop, &[Given($name, Argument(concat!("/", $name)))])),
                ..JOB
            },
        )
    };
}

const SAGEMAKER: &[Row] = &[
    plain("createEndpoint", "sagemaker"),
    plain("createEndpointConfig", "sagemaker"),
    plain("createModel", "sagemaker"),
    plain("updateEndpoint", "sagemaker"),
    sagemaker_job!(
        "createHyperParameterTuningJob",
        "describeHyperParameterTuningJob",
        "stopHyperParameterTuningJob",
        "HyperParameterTuningJobName",
        "HyperParameterTuningJobStatus"
    ),
    sagemaker_job!(
        "createLabelingJob",
        "describeLabelingJob",
        "stopLabelingJob",
        "LabelingJobName",
        "LabelingJobStatus"
    ),
    sagemaker_job!(
        "createProcessingJob",
        "describeProcessingJob",
        "stopProcessingJob",
        "ProcessingJobName",
        "ProcessingJobStatus"
    ),
    sagemaker_job!(
        "createTrainingJob",
        "describeTrainingJob",
        "stopTrainingJob",
        "TrainingJobName",
        "TrainingJobStatus"
    ),
    sagemaker_job!(
        "createTransformJob",
        "describeTransformJob",
        "stopTransformJob",
        "TransformJobName",
        "TransformJobStatus"
    ),
];

const EMR: &[Row] = &[
    Row {
        sdk: ("emr", "runJobFlow"),
        ..job(
            "createCluster",
            "emr",
            Job {
                describe: ("describeCluster", &[Given("ClusterId", Answer("/ClusterId"))]),
                status: "/Cluster/Status/State",
                good: &["WAITING", "TERMINATED"],
                bad: &["TERMINATED_WITH_ERRORS"],
                result: ("/Cluster", ""),
                stop: Some(("terminateJobFlows", &[Given("JobFlowIds", AnswerList("/ClusterId"))])),
                ..JOB
            },
        )
    },
    Row {
        sdk: ("emr", "setTerminationProtection"),
        shape: shape::cluster_to_flows,
        ..plain("setClusterTerminationProtection", "emr")
    },
    Row {
        sdk: ("emr", "terminateJobFlows"),
        shape: shape::cluster_to_flows,
        ..job(
            "terminateCluster",
            "emr",
            Job {
                describe: ("describeCluster", &[Given("ClusterId", Argument("/ClusterId"))]),
                status: "/Cluster/Status/State",
                good: &["TERMINATED", "TERMINATED_WITH_ERRORS"],
                result: ("/Cluster", ""),
                is_repeatable: true,
                ..JOB
            },
        )
    },
    Row {
        sdk: ("emr", "addJobFlowSteps"),
        shape: shape::step_of_flow,
        ..job(
            "addStep",
            "emr",
            Job {
                describe: (
                    "describeStep",
                    &[
                        Given("ClusterId", Argument("/ClusterId")),
                        Given("StepId", Answer("/StepId")),
                    ],
                ),
                status: "/Step/Status/State",
                good: &["COMPLETED"],
                bad: &["FAILED", "CANCELLED", "INTERRUPTED"],
                stop: Some((
                    "cancelSteps",
                    &[
                        Given("ClusterId", Argument("/ClusterId")),
                        Given("StepIds", AnswerList("/StepId")),
                    ],
                )),
                ..JOB
            },
        )
    },
    Row { sdk: ("emr", "cancelSteps"), shape: shape::step_to_steps, ..plain("cancelStep", "emr") },
    Row {
        sdk: ("emr", "modifyInstanceFleet"),
        lookup: Some(Lookup {
            member: "InstanceFleet",
            list: "listInstanceFleets",
            scope: "ClusterId",
        }),
        ..plain("modifyInstanceFleetByName", "emr")
    },
    Row {
        sdk: ("emr", "modifyInstanceGroups"),
        shape: shape::group_to_groups,
        lookup: Some(Lookup {
            member: "InstanceGroup",
            list: "listInstanceGroups",
            scope: "ClusterId",
        }),
        ..plain("modifyInstanceGroupByName", "emr")
    },
];

const EMR_CONTAINERS: &[Row] = &[
    plain("createVirtualCluster", "emrcontainers"),
    job(
        "deleteVirtualCluster",
        "emrcontainers",
        Job {
            describe: ("describeVirtualCluster", &[Given("Id", Argument("/Id"))]),
            status: "/VirtualCluster/State",
            good: &["TERMINATED"],
            bad: &["ARRESTED"],
            verdict: Verdict::Gone,
            is_repeatable: true,
            ..JOB
        },
    ),
    job(
        "startJobRun",
        "emrcontainers",
        Job {
            describe: (
                "describeJobRun",
                &[
                    Given("VirtualClusterId", Argument("/VirtualClusterId")),
                    Given("Id", Answer("/Id")),
                ],
            ),
            status: "/JobRun/State",
            good: &["COMPLETED"],
            bad: &["FAILED", "CANCELLED"],
            result: ("/JobRun", ""),
            stop: Some((
                "cancelJobRun",
                &[
                    Given("VirtualClusterId", Argument("/VirtualClusterId")),
                    Given("Id", Answer("/Id")),
                ],
            )),
            is_repeatable: true,
            ..JOB
        },
    ),
];

const APPLICATION: Job = Job {
    describe: ("getApplication", &[Given("ApplicationId", Argument("/ApplicationId"))]),
    status: "/Application/State",
    is_repeatable: true,
    ..JOB
};

const EMR_SERVERLESS: &[Row] = &[
    job(
        "createApplication",
        "emrserverless",
        Job {
            describe: ("getApplication", &[Given("ApplicationId", Answer("/ApplicationId"))]),
            good: &["CREATED", "STARTED", "STOPPED"],
            bad: &["TERMINATED"],
            ..APPLICATION
        },
    ),
    job(
        "startApplication",
        "emrserverless",
        Job { good: &["STARTED"], bad: &["STOPPED", "TERMINATED"], ..APPLICATION },
    ),
    job(
        "stopApplication",
        "emrserverless",
        Job { good: &["STOPPED", "CREATED"], bad: &["TERMINATED"], ..APPLICATION },
    ),
    job(
        "deleteApplication",
        "emrserverless",
        Job { good: &["TERMINATED"], verdict: Verdict::Gone, ..APPLICATION },
    ),
    job(
        "startJobRun",
        "emrserverless",
        Job {
            describe: (
                "getJobRun",
                &[
                    Given("ApplicationId", Argument("/ApplicationId")),
                    Given("JobRunId", Answer("/JobRunId")),
                ],
            ),
            status: "/JobRun/State",
            good: &["SUCCESS"],
            bad: &["FAILED", "CANCELLED"],
            stop: Some((
                "cancelJobRun",
                &[
                    Given("ApplicationId", Argument("/ApplicationId")),
                    Given("JobRunId", Answer("/JobRunId")),
                ],
            )),
            is_repeatable: true,
            ..JOB
        },
    ),
    job(
        "cancelJobRun",
        "emrserverless",
        Job {
            describe: (
                "getJobRun",
                &[
                    Given("ApplicationId", Argument("/ApplicationId")),
                    Given("JobRunId", Argument("/JobRunId")),
                ],
            ),
            status: "/JobRun/State",
            good: &["CANCELLED", "SUCCESS", "FAILED"],
            is_repeatable: true,
            ..JOB
        },
    ),
];

const CLUSTER: Job = Job {
    describe: ("describeCluster", &[Given("Name", Argument("/Name"))]),
    status: "/Cluster/Status",
    ..JOB
};

const NODEGROUP: Job = Job {
    describe: (
        "describeNodegroup",
        &[
            Given("ClusterName", Argument("/ClusterName")),
            Given("NodegroupName", Argument("/NodegroupName")),
        ],
    ),
    status: "/Nodegroup/Status",
    ..JOB
};

const FARGATE: Job = Job {
    describe: (
        "describeFargateProfile",
        &[
            Given("ClusterName", Argument("/ClusterName")),
            Given("FargateProfileName", Argument("/FargateProfileName")),
        ],
    ),
    status: "/FargateProfile/Status",
    ..JOB
};

const EKS: &[Row] = &[
    job(
        "createCluster",
        "eks",
        Job { good: &["ACTIVE"], bad: &["FAILED"], is_repeatable: true, ..CLUSTER },
    ),
    job("deleteCluster", "eks", Job { bad: &["FAILED"], verdict: Verdict::Gone, ..CLUSTER }),
    job(
        "createFargateProfile",
        "eks",
        Job { good: &["ACTIVE"], bad: &["CREATE_FAILED"], is_repeatable: true, ..FARGATE },
    ),
    job(
        "deleteFargateProfile",
        "eks",
        Job { bad: &["DELETE_FAILED"], verdict: Verdict::Gone, ..FARGATE },
    ),
    job(
        "createNodegroup",
        "eks",
        Job {
            good: &["ACTIVE"],
            bad: &["CREATE_FAILED", "DEGRADED"],
            is_repeatable: true,
            ..NODEGROUP
        },
    ),
    job(
        "deleteNodegroup",
        "eks",
        Job { bad: &["DELETE_FAILED"], verdict: Verdict::Gone, ..NODEGROUP },
    ),
];

const BEDROCK: &[Row] = &[
    Row { has_callback: true, shape: shape::model_body, ..plain("invokeModel", "bedrockruntime") },
    job(
        "createModelCustomizationJob",
        "bedrock",
        Job {
            describe: ("getModelCustomizationJob", &[Given("JobIdentifier", Answer("/JobArn"))]),
            status: "/Status",
            good: &["Completed"],
            bad: &["Failed", "Stopped"],
            stop: Some(("stopModelCustomizationJob", &[Given("JobIdentifier", Answer("/JobArn"))])),
            is_repeatable: true,
            ..JOB
        },
    ),
];

const MEDIACONVERT: &[Row] = &[job(
    "createJob",
    "mediaconvert",
    Job {
        describe: ("getJob", &[Given("Id", Answer("/Job/Id"))]),
        status: "/Job/Status",
        good: &["COMPLETE"],
        bad: &["ERROR", "CANCELED"],
        stop: Some(("cancelJob", &[Given("Id", Answer("/Job/Id"))])),
        is_repeatable: true,
        ..JOB
    },
)];
