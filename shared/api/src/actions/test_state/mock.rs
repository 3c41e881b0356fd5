//! `mock`: what stands in for the call or the children of the state under test.

use super::target::Target;
use crate::members::{Members, Text};
use crate::{ApiError, limits};
use baton_asl::{Resource, StateKind};
use baton_engine::{Failure, FailureKind, Payload};
use baton_integrations::{Strictness, check_result};
use serde_json::Value;

/// The mock as given.
#[derive(Debug)]
pub(super) struct Mock {
    result: Option<String>,
    error_output: Option<ErrorOutput>,
    strictness: Option<Strictness>,
}

#[derive(Debug)]
struct ErrorOutput {
    error: Option<String>,
    cause: Option<String>,
}

/// The mock that has been checked.
pub(super) type Mocked = Result<Payload, Failure>;

impl Mock {
    pub(super) fn read(members: &mut Members, payload: Text) -> Result<Self, ApiError> {
        Ok(Mock {
            result: members.text("result", payload)?,
            error_output: members.structure("errorOutput", |members| {
                Ok(ErrorOutput {
                    error: members
                        .text("error", Text::up_to(limits::ERROR_CHARS_MAX).sensitive())?,
                    cause: members
                        .text("cause", Text::up_to(limits::CAUSE_CHARS_MAX).sensitive())?,
                })
            })?,
            strictness: match members
                .choice("fieldValidationMode", &["STRICT", "PRESENT", "NONE"])?
            {
                Some("NONE") => None,
                Some("PRESENT") => Some(Strictness::Present),
                Some(_) | None => Some(Strictness::Strict),
            },
        })
    }

    /// What the state is to see.
    pub(super) fn check(&self, target: &Target) -> Result<Mocked, ApiError> {
        match (&self.result, &self.error_output) {
            (Some(result), None) => self.check_result(result, target).map(Ok),
            (None, Some(ErrorOutput { error: Some(error), cause })) => Ok(Err(Failure {
                error: Some(error.as_str().into()),
                cause: cause.as_deref().map(Into::into),
                kind: kind_of(error),
            })),
            (None, Some(ErrorOutput { error: None, .. })) => {
                Err(ApiError::validation("A mocked errorOutput must have the field 'error'."))
            }
            (Some(_), Some(_)) | (None, None) => Err(ApiError::validation(
                "A test mock should have only one of the following fields: [result, errorOutput].",
            )),
        }
    }

    fn check_result(&self, text: &str, target: &Target) -> Result<Payload, ApiError> {
        let result = Payload::parse(text)
            .map_err(|_| ApiError::validation("Mocked result must be valid JSON"))?;
        if let Some(kind) = target.kind() {
            self.check_form(kind, result.value())?;
        }
        Ok(result)
    }

    fn check_form(&self, kind: &StateKind, result: &Value) -> Result<(), ApiError> {
        match (kind, result) {
            (StateKind::Map(map), Value::Object(_)) if is_exported(map) => Ok(()),
            (StateKind::Map(map), _) if is_exported(map) => {
                Err(ApiError::validation("Mocked result must be a JSON object."))
            }
            (StateKind::Map(_), Value::Array(_)) => Ok(()),
            (StateKind::Parallel(parallel), Value::Array(items)) => {
                if items.len() == parallel.branches.len() {
                    return Ok(());
                }
                Err(ApiError::validation(
                    "Mocked result must contain the same number of items as number of Parallel branches.",
                ))
            }
            (StateKind::Map(_) | StateKind::Parallel(_), _) => {
                Err(ApiError::validation("Mocked result must be an array."))
            }
            (StateKind::Task(task), _) => self.check_answer(&task.resource, result),
            (
                StateKind::Pass(_)
                | StateKind::Choice(_)
                | StateKind::Wait(_)
                | StateKind::Succeed(_)
                | StateKind::Fail(_),
                _,
            ) => Ok(()),
        }
    }

    /// Holds a service's answer to its API model.
    fn check_answer(&self, resource: &Resource, result: &Value) -> Result<(), ApiError> {
        let (Resource::Service(service), Some(strictness)) = (resource, self.strictness) else {
            return Ok(());
        };
        check_result(service, result, strictness).map_err(|mismatch| {
            ApiError::validation(format!("Mock result schema validation error: {mismatch}"))
        })
    }
}

/// A mocked error is treated as its name says.
fn kind_of(error: &str) -> FailureKind {
    match error {
        Failure::RUNTIME => FailureKind::Terminal,
        Failure::TIMEOUT => FailureKind::Timeout,
        _ => FailureKind::Ordinary,
    }
}

/// Whether the state's result says where its results are.
fn is_exported(map: &baton_asl::states::Map) -> bool {
    map.distributed.as_ref().is_some_and(|it| it.writer.as_ref().is_some_and(|it| it.is_exported))
}
