//! The operations by name.

use crate::ApiError;

/// What goes before an operation's name in `X-Amz-Target`.
const TARGET_PREFIX: &str = "AWSStepFunctions.";

/// An operation that Baton has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Operation {
    CreateActivity,
    CreateStateMachine,
    DeleteActivity,
    DescribeActivity,
    GetActivityTask,
    ListActivities,
    DeleteStateMachine,
    DescribeExecution,
    DescribeMapRun,
    ListMapRuns,
    UpdateMapRun,
    DescribeStateMachine,
    DescribeStateMachineForExecution,
    GetExecutionHistory,
    ListExecutions,
    ListStateMachines,
    SendTaskFailure,
    SendTaskHeartbeat,
    SendTaskSuccess,
    StartExecution,
    StartSyncExecution,
    StopExecution,
    TestState,
    UpdateStateMachine,
    CreateStateMachineAlias,
    DeleteStateMachineAlias,
    DeleteStateMachineVersion,
    DescribeStateMachineAlias,
    ListStateMachineAliases,
    ListStateMachineVersions,
    ListTagsForResource,
    PublishStateMachineVersion,
    RedriveExecution,
    TagResource,
    UntagResource,
    UpdateStateMachineAlias,
    ValidateStateMachineDefinition,
}

impl Operation {
    /// Every operation by its name.
    pub(crate) const ALL: &'static [(&'static str, Operation)] = &[
        ("CreateActivity", Operation::CreateActivity),
        ("DeleteActivity", Operation::DeleteActivity),
        ("DescribeActivity", Operation::DescribeActivity),
        ("GetActivityTask", Operation::GetActivityTask),
        ("ListActivities", Operation::ListActivities),
        ("CreateStateMachine", Operation::CreateStateMachine),
        ("DeleteStateMachine", Operation::DeleteStateMachine),
        ("DescribeExecution", Operation::DescribeExecution),
        ("DescribeMapRun", Operation::DescribeMapRun),
        ("ListMapRuns", Operation::ListMapRuns),
        ("UpdateMapRun", Operation::UpdateMapRun),
        ("DescribeStateMachine", Operation::DescribeStateMachine),
        ("DescribeStateMachineForExecution", Operation::DescribeStateMachineForExecution),
        ("GetExecutionHistory", Operation::GetExecutionHistory),
        ("ListExecutions", Operation::ListExecutions),
        ("ListStateMachines", Operation::ListStateMachines),
        ("SendTaskFailure", Operation::SendTaskFailure),
        ("SendTaskHeartbeat", Operation::SendTaskHeartbeat),
        ("SendTaskSuccess", Operation::SendTaskSuccess),
        ("StartExecution", Operation::StartExecution),
        ("StartSyncExecution", Operation::StartSyncExecution),
        ("StopExecution", Operation::StopExecution),
        ("TestState", Operation::TestState),
        ("UpdateStateMachine", Operation::UpdateStateMachine),
        ("CreateStateMachineAlias", Operation::CreateStateMachineAlias),
        ("DeleteStateMachineAlias", Operation::DeleteStateMachineAlias),
        ("DeleteStateMachineVersion", Operation::DeleteStateMachineVersion),
        ("DescribeStateMachineAlias", Operation::DescribeStateMachineAlias),
        ("ListStateMachineAliases", Operation::ListStateMachineAliases),
        ("ListStateMachineVersions", Operation::ListStateMachineVersions),
        ("ListTagsForResource", Operation::ListTagsForResource),
        ("PublishStateMachineVersion", Operation::PublishStateMachineVersion),
        ("RedriveExecution", Operation::RedriveExecution),
        ("TagResource", Operation::TagResource),
        ("UntagResource", Operation::UntagResource),
        ("UpdateStateMachineAlias", Operation::UpdateStateMachineAlias),
        ("ValidateStateMachineDefinition", Operation::ValidateStateMachineDefinition),
    ];

    /// The operation's name in an `X-Amz-Target`; empty if it is of another service.
    pub(crate) fn name(target: &str) -> &str {
        target.strip_prefix(TARGET_PREFIX).unwrap_or_default()
    }

    /// Reads an `X-Amz-Target`.
    pub(crate) fn parse(target: &str) -> Result<Self, ApiError> {
        let wanted = Self::name(target);
        match Self::ALL.iter().find(|(name, _)| *name == wanted) {
            Some((_, operation)) => Ok(*operation),
            None => Err(ApiError::unknown_operation(target)),
        }
    }
}
