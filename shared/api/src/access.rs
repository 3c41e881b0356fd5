//! What may be asked for through a way in that does not lead to the whole API.
//!
//! IAM decides who may use which way. In AWS each is an alias of the api function, with a function URL of its own.

use crate::operation::Operation;
use crate::{Answer, Api, ApiError};
use baton_driver::Tasks;
use baton_store::Backend;

/// How much of the API is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// What changes nothing.
    Read,
    /// That, and to start, stop and redrive executions, and to do their tasks.
    Run,
    /// Everything.
    Whole,
}

impl Access {
    /// The access that a qualified function's ARN gives: `…:function:NAME:read`. Without a qualifier it is all.
    #[must_use]
    pub fn of_function(arn: &str) -> Self {
        match arn.split(':').nth(7) {
            Some("read") => Access::Read,
            Some("run") => Access::Run,
            Some(_) | None => Access::Whole,
        }
    }

    /// What an operation needs.
    fn needed(operation: &str) -> Self {
        let is_any = |prefixes: &[&str]| prefixes.iter().any(|it| operation.starts_with(it));
        if is_any(&["Describe", "List", "GetExecutionHistory", "Validate"]) {
            Access::Read
        } else if is_any(&[
            "Start",
            "Stop",
            "Redrive",
            "SendTask",
            "GetActivityTask",
            "UpdateMapRun",
        ]) {
            Access::Run
        } else {
            Access::Whole
        }
    }
}

impl<B: Backend, T: Tasks> Api<B, T> {
    /// The refusal of a request that goes beyond this access; nothing if it does not.
    pub fn refusal_of(&self, access: Access, target: &str) -> Option<Answer> {
        let name = Operation::name(target);
        (Access::needed(name) > access).then(|| self.refuse(&ApiError::access_denied(name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_opens_what_it_says() {
        let arn =
            |end: &str| format!("arn:aws:lambda:us-east-1:123456789012:function:baton-api{end}");
        assert_eq!(Access::of_function(&arn("")), Access::Whole);
        assert_eq!(Access::of_function(&arn(":read")), Access::Read);
        assert_eq!(Access::of_function(&arn(":run")), Access::Run);
        assert_eq!(Access::of_function(&arn(":$LATEST")), Access::Whole);
    }

    #[test]
    fn what_goes_beyond_it_is_refused() {
        let api = crate::tests::World::new().api;
        let refused = |access, operation| {
            let refusal = api.refusal_of(access, &format!("AWSStepFunctions.{operation}"))?;
            Some((refusal.status, String::from_utf8(refusal.body.to_vec()).unwrap()))
        };
        let (status, body) = refused(Access::Read, "StartExecution").unwrap();
        assert_eq!(status, 400);
        assert!(body.contains("AccessDeniedException"), "{body}");
        assert!(body.contains("not authorized to perform: states:StartExecution"), "{body}");
        assert!(refused(Access::Read, "ListExecutions").is_none());
        assert!(refused(Access::Run, "StartExecution").is_none());
        assert!(refused(Access::Run, "CreateStateMachine").is_some());
        assert!(refused(Access::Whole, "CreateStateMachine").is_none());
    }

    #[test]
    fn every_operation_needs_what_it_does() {
        for (name, _) in Operation::ALL {
            let reads = name.starts_with("Describe")
                || name.starts_with("List")
                || ["GetExecutionHistory", "ValidateStateMachineDefinition"].contains(name);
            assert_eq!(Access::needed(name) == Access::Read, reads, "{name}");
        }
        for name in [
            "StartExecution",
            "StartSyncExecution",
            "StopExecution",
            "RedriveExecution",
            "SendTaskSuccess",
            "GetActivityTask",
        ] {
            assert_eq!(Access::needed(name), Access::Run, "{name}");
        }
        for name in
            ["CreateStateMachine", "DeleteStateMachine", "TestState", "TagResource", "Unheard"]
        {
            assert_eq!(Access::needed(name), Access::Whole, "{name}");
        }
    }
}
