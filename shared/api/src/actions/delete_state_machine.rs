//! DeleteStateMachine. Deleting what is not there is a success, too.

use super::{ARN, Empty};
use crate::members::Members;
use crate::names::NamedMachine;
use crate::{Api, ApiError};
use baton_driver::Tasks;
use baton_store::Backend;

pub(super) async fn call<B: Backend, T: Tasks>(
    api: &Api<B, T>,
    body: &[u8],
) -> Result<Empty, ApiError> {
    let mut members = Members::parse(body)?;
    let arn = members.required_text("stateMachineArn", ARN)?;
    members.finish()?;
    match NamedMachine::parse(&arn)? {
        NamedMachine::Plain(arn) => api.delete(&arn).await?,
        // A version or an alias is deleted by an operation of its own.
        NamedMachine::Qualified(_) => {}
    }
    Ok(Empty {})
}
