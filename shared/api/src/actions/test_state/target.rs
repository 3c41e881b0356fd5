//! The state under test.

use crate::ApiError;
use crate::actions::options;
use baton_asl::{BlockId, Definition, Pattern, Resource, State, StateKind, StateName, aws_message};
use baton_store::MachineKind;

/// The name that a state under test goes by, whatever its own is.
pub(super) const SHOWN_NAME: &str = "StateName";

/// A state, and the definition that it is in.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) definition: Definition,
    pub(super) block: BlockId,
    pub(super) name: StateName,
}

impl Target {
    /// Finds the state of this name in a state machine's definition; without a name the definition is the state's own.
    pub(super) fn find(text: &str, name: Option<&str>) -> Result<Self, ApiError> {
        let options = options(MachineKind::Standard);
        let not_found = || ApiError::validation("State not found in definition");
        let parsed_name = StateName::parse(name.unwrap_or(SHOWN_NAME)).map_err(|_| not_found())?;
        let parsed = match name {
            None => baton_asl::parse_state(text, &parsed_name, &options),
            Some(_) => baton_asl::parse(text, &options),
        };
        let message = || aws_message(&parsed.diagnostics);
        let definition =
            parsed.definition.ok_or_else(|| ApiError::invalid_definition(message()))?;
        let mut blocks = (0..).zip(&definition.blocks);
        let found = blocks.find(|(_, block)| block.states.contains_key(&parsed_name));
        let block = BlockId(found.ok_or_else(not_found)?.0);
        Ok(Target { definition, block, name: parsed_name })
    }

    /// The state itself.
    pub(super) fn state(&self) -> Option<&State> {
        self.definition.block(self.block)?.states.get(&self.name)
    }

    pub(super) fn kind(&self) -> Option<&StateKind> {
        self.state().map(|state| &state.kind)
    }

    /// The resource of a Task.
    pub(super) fn resource(&self) -> Option<&Resource> {
        match self.kind()? {
            StateKind::Task(task) => Some(&task.resource),
            StateKind::Pass(_)
            | StateKind::Choice(_)
            | StateKind::Wait(_)
            | StateKind::Succeed(_)
            | StateKind::Fail(_)
            | StateKind::Parallel(_)
            | StateKind::Map(_) => None,
        }
    }

    /// Whether the Task waits for a job or a callback, for which it has a task token.
    pub(super) fn has_token(&self) -> bool {
        match self.resource() {
            Some(Resource::Service(service)) => service.pattern != Pattern::RequestResponse,
            Some(Resource::Lambda { .. } | Resource::Activity { .. }) | None => false,
        }
    }

    /// Only states that call something can be mocked.
    pub(super) fn check_mockable(&self) -> Result<(), ApiError> {
        let name = match self.kind() {
            Some(StateKind::Task(_) | StateKind::Parallel(_) | StateKind::Map(_)) | None => {
                return Ok(());
            }
            Some(StateKind::Pass(_)) => "Pass",
            Some(StateKind::Choice(_)) => "Choice",
            Some(StateKind::Wait(_)) => "Wait",
            Some(StateKind::Succeed(_)) => "Succeed",
            Some(StateKind::Fail(_)) => "Fail",
        };
        Err(ApiError::validation(format!(
            "State type '{name}' is not supported when a mock is specified"
        )))
    }

    /// Whether the state can be tried without a mock.
    pub(super) fn check_callable(&self, has_role: bool) -> Result<(), ApiError> {
        match self.kind() {
            Some(StateKind::Parallel(_) | StateKind::Map(_)) => {
                return Err(ApiError::invalid_definition(
                    "TestState API does not support Map or Parallel states. Supported state types include: [Task, Wait, Pass, Succeed, Fail, Choice]"
                        .to_owned(),
                ));
            }
            Some(StateKind::Task(_)) if !has_role => {
                let message = "RoleArn must be specified when testing a Task state";
                return Err(ApiError::validation(message));
            }
            Some(_) | None => {}
        }
        let what = match self.resource() {
            Some(Resource::Activity { .. }) => "Activity tasks",
            Some(Resource::Service(_)) if self.has_token() => {
                "'.sync' and '.waitForTaskToken' service integrations"
            }
            Some(Resource::Lambda { .. } | Resource::Service(_)) | None => return Ok(()),
        };
        let message =
            format!("TestState API does not support {what} when a mock is not specified.");
        Err(ApiError::invalid_definition(message))
    }

    /// Whether a state is within the one under test, however deep.
    pub(super) fn check_inner(&self, name: &str) -> Result<(), ApiError> {
        let mut blocks: Vec<BlockId> = self.kind().map(inner_blocks).unwrap_or_default();
        // A block is read before the blocks in it, so the list cannot go in circles.
        while let Some(block) = blocks.pop() {
            for state in self.definition.block(block).iter().flat_map(|block| block.states.values())
            {
                if state.name.as_str() == name {
                    return Ok(());
                }
                blocks.extend(inner_blocks(&state.kind));
            }
        }
        Err(ApiError::validation("State not found in definition"))
    }
}

fn inner_blocks(kind: &StateKind) -> Vec<BlockId> {
    match kind {
        StateKind::Parallel(parallel) => parallel.branches.clone(),
        StateKind::Map(map) => vec![map.processor],
        StateKind::Task(_)
        | StateKind::Pass(_)
        | StateKind::Choice(_)
        | StateKind::Wait(_)
        | StateKind::Succeed(_)
        | StateKind::Fail(_) => Vec::new(),
    }
}
